"""What changes, or is done by somebody else, while a file is under way."""

import concurrent.futures
import unittest

from e2e.journey import JourneyTest, SilentTest, StatementTest, lines
from e2e.made_events import s3_record
from e2e.system import FILE_PROCESS_LOGGING
from emulator.aws_cli import AwsCli
from emulator.deployment import BUCKET

ROWS = lines(4)
NO_ROWS = "select 1 where 1 = 0"


class Meanwhile(SilentTest):
    """What changes between two steps of a file."""

    def submitted(self, interface, data=ROWS) -> dict:
        """A file whose load runs in Redshift, and waits there."""
        key = self.put_silently(interface, data)
        self.deliver(s3_record(key, data))
        return self.system.wait_state(key, "SUBMITTED")

    def forget(self, interface, with_interface: bool = True) -> None:
        for table in ("ext_file_config_dtl", "ext_file_config"):
            self.system.config_execute(
                f"delete from rdscnfg.{table} where ext_file_config_sid = %s", interface.id
            )
        if with_interface:
            self.system.config_execute(
                "delete from rdscnfg.ext_interface where ext_interface_cid = %s", interface.id
            )

    def test_a_configuration_deleted_during_the_load(self):
        interface = self.new_interface(query=NO_ROWS)
        with self.paused():
            row = self.submitted(interface)
            self.forget(interface)
        self.system.settle()
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["rows_loaded"]), ("TRANSFORM_FAILED", 4))
        self.assertIn("was deleted", row["reason"])
        self.assert_settled(row, str(interface.id), ROWS)
        self.assertEqual(len(self.system.notices(row["key"])), 1)
        self.assert_nothing_lost()

    def test_a_configuration_deleted_during_a_load_that_fails(self):
        interface = self.new_interface()
        data = b"1|x\n" * 20
        with self.paused():
            row = self.submitted(interface, data)
            self.forget(interface)
        self.system.settle()
        row = self.system.file(row["key"])
        self.assertEqual(row["state"], "REJECTED")
        self.assert_settled(row, "error", data)
        self.assert_nothing_lost()

    def test_a_target_that_changes_during_the_load(self):
        interface, other = self.new_interface(), self.new_interface()
        with self.paused():
            row = self.submitted(interface)
            self.system.set_config(interface.id, tgt_table_name=other.table.split(".")[1])
        self.system.settle()
        self.assert_done(row["key"], interface, 4, ROWS)
        self.assertEqual(self.system.audit(interface.id)[0]["tgt_table_name"], f"t{interface.id}")

    def test_a_target_that_changes_before_the_load_is_handed_over_again(self):
        interface, other = self.new_interface(), self.new_interface()
        self.system.local.faults.add("redshift-data", "*", "drop_after", times=0)
        key = self.put_silently(interface, ROWS)
        record = s3_record(key, ROWS)
        self.deliver(record)
        self.system.set_config(interface.id, tgt_table_name=other.table.split(".")[1])
        self.system.local.faults.clear()
        self.system.settle()
        self.deliver(record)
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def stalled(self, interface, service: str, operation: str, **fault) -> tuple[str, dict]:
        """A file whose first attempt failed."""
        key = self.put_silently(interface, ROWS)
        record = s3_record(key, ROWS)
        self.system.local.faults.add(service, operation, "error", times=0, **fault)
        self.assertEqual(self.deliver(record).function_error, "Unhandled")
        self.system.local.faults.clear()
        return key, record

    def test_an_object_removed_between_two_attempts(self):
        key, record = self.stalled(
            self.new_interface(), "s3", "CopyObject", code="SlowDown", status=503
        )
        self.assertEqual(self.system.file(key)["state"], "RECEIVED")
        self.system.local.s3.delete_key(BUCKET, key)
        self.assertEqual(self.deliver(record).function_error, "")
        row = self.system.file(key)
        self.assertEqual((row["state"], row["lease_owner"]), ("GONE", None))
        self.assertEqual(self.system.notices(key), [])

    def test_an_object_removed_once_its_bytes_lie_ready(self):
        interface = self.new_interface()
        key, record = self.stalled(
            interface, "redshift-data", "BatchExecuteStatement", code="InternalServerException", status=500
        )
        self.assertEqual(self.system.file(key)["state"], "PREPARED")
        self.system.local.s3.delete_key(BUCKET, key)
        self.assertEqual(self.deliver(record).function_error, "")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_configuration_deleted_between_two_attempts(self):
        interface = self.new_interface()
        key, record = self.stalled(interface, "s3", "CopyObject", code="SlowDown", status=503)
        self.forget(interface)
        self.assertEqual(self.deliver(record).function_error, "")
        row = self.system.file(key)
        self.assertEqual(row["state"], "REJECTED")
        self.assertIn(f"configuration {interface.id} was deleted", row["reason"])
        self.assert_settled(row, "error", ROWS)


class Settling(SilentTest):
    """Duties are done by one at a time, and do not wait for each other."""

    def test_events_of_one_outcome_at_once(self):
        interface = self.new_interface()
        self.system.local.redshift.control({"events": "never"})
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        self.system.local.redshift.control({"events": "normal"})
        row = self.system.file(key)
        (statement,) = [
            item
            for item in self.system.statements()
            if item["StatementName"].startswith(str(row["file_id"]))
        ]
        detail = {
            "statementId": statement["Id"],
            "statementName": statement["StatementName"],
            "state": statement["Status"],
        }
        self.system.local.faults.add("sns", "Publish", "slow", seconds=0.3, times=0)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            results = list(
                pool.map(
                    lambda _: self.system.invoke(
                        FILE_PROCESS_LOGGING, {"source": "aws.redshift-data", "detail": detail}
                    ),
                    range(6),
                )
            )
        self.assertEqual({result.function_error for result in results}, {""})
        self.assert_done(key, interface, 4, ROWS)

    def test_a_file_that_cannot_be_archived_is_transformed_and_told(self):
        interface = self.new_interface(query=NO_ROWS)
        with self.paused():
            key = self.put_silently(interface, ROWS)
            self.deliver(s3_record(key, ROWS))
            self.system.local.faults.add(
                "s3", "CopyObject", "error", times=0, code="AccessDenied", status=403
            )
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual(row["state"], "DONE")
        self.assertEqual(len(self.system.notices(key)), 1)
        self.assertIsNone(row["archived_at"])
        self.assertEqual(self.system.get(key), ROWS)
        self.assertIsNone(row["lease_owner"])

    def test_an_object_that_is_removed_before_it_is_archived(self):
        """The notification waits for no archive: it says where the file was to be."""
        interface = self.new_interface()
        key = self.new_key(interface, suffix="bad")
        self.strike(
            "s3", "CopyObject", lambda: self.system.local.s3.delete_key(BUCKET, key), times=1
        )
        self.system.put(key, ROWS)
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual(row["state"], "REJECTED")
        self.assertIsNotNone(row["archived_at"])
        self.assertIsNone(row["archived_key"])
        (notification,) = self.system.notices(key)
        self.assertRegex(notification["archived_key"], "^archive/error/FILE_")
        self.assertIn(f"will be archived as {notification['archived_key']}", notification["email"])


class Suspended(JourneyTest):
    """A bucket that keeps versions no more calls every version "null"."""

    def test_a_key_that_is_put_again(self):
        aws = AwsCli(self.system.local.environment())
        for status in ("Enabled", "Suspended"):
            aws.run(
                "s3api",
                "put-bucket-versioning",
                "--bucket",
                BUCKET,
                "--versioning-configuration",
                f"Status={status}",
            )
        interface = self.new_interface()
        key = self.new_key(interface)
        for number in (1, 2):
            self.system.put(key, lines(4, first=number))
            self.system.settle()
        self.assertEqual([row["state"] for row in self.system.files(key)], ["DONE", "DONE"])
        self.assert_nothing_lost()


class NoZone(StatementTest):
    options = {"settings": {"timezone": "Europe/Atlantis"}}

    def test_no_file_waits_for_a_setting(self):
        interface = self.new_interface(query=NO_ROWS)
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        self.assert_done(key, interface, 4, ROWS)
        self.assertIn("names no zone", self.system.log_text(FILE_PROCESS_LOGGING))

    def test_each_outcome_is_noted_by_an_environment_of_its_own(self):
        """None has learned of the bad setting before."""
        interface = self.new_interface(query=NO_ROWS)
        row = self.unheard(interface)
        for kind in ("load", "transform"):
            self.system.local.lambda_.function(FILE_PROCESS_LOGGING).kill()
            with self.silence():
                self.assertEqual(self.tell(self.event_of(row, kind)), "")
        self.assert_done(row["key"], interface, 4, ROWS)


if __name__ == "__main__":
    unittest.main()
