"""What would keep a file from ending, end it wrongly or end it twice: each case was seen once."""

import contextlib
import concurrent.futures
import json
import pathlib
import re
import unittest
import uuid

from e2e.journey import JourneyTest, SilentTest, StatementTest, lines, s3_record
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING, Interface, SystemTest
from emulator.aws_cli import AwsCli
from emulator.deployment import BUCKET

TRAILER = {"trailer_flag": "Y", "trailer_pstn": "4:14"}


class Reasons(SystemTest):
    """A reason may quote what the sender sent: that must not keep it from being written."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.add_interface(Interface(801, ["a", "b"], **TRAILER))

    def rejected(self, key: str, data: bytes) -> str:
        file = self.system.process(key, data)
        self.assertEqual(file["state"], "REJECTED", file["reason"])
        self.assertEqual(len(self.system.notices(key)), 1)
        return file["reason"]

    def test_bytes_of_a_trailer_that_are_not_utf8(self):
        reason = self.rejected("external_input/A_801.txt", b"1|x\n" * 20 + b"TRLz\xe4hler\xff\xc3\n")
        self.assertIn("holds no record count", reason)
        self.assertNotIn("hler", reason)  # a record may stand there: nothing of it is told

    def test_a_suffix_that_is_cut_inside_a_character(self):
        reason = self.rejected("external_input/B_801." + "x" + "é" * 60, b"1|x\n" * 20)
        self.assertIn("suffix", reason)

    def test_a_name_that_is_cut_inside_a_character(self):
        reason = self.rejected("external_input/x" + "é" * 200 + "_777777.txt", b"1|x\n" * 20)
        self.assertIn("no active configuration", reason)


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


class Blame(JourneyTest):
    """Only the file and its configuration get a file rejected."""

    def test_what_is_in_the_way_of_the_copy_is_not_the_object_s_end(self):
        interface = self.new_interface()
        self.system.local.faults.add("s3", "CopyObject", "error", code="InvalidBucketState", status=409)
        self.system.put(key := self.new_key(interface), ROWS)
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual(row["state"], "FAILED")
        self.assertIn("InvalidBucketState", row["reason"])
        self.assert_settled(row, "error", ROWS)

    def test_replies_that_make_no_sense(self):
        interface = self.new_interface()
        self.system.local.faults.add("s3", "CopyObject", "truncate", times=0, keep_bytes=10)
        self.system.put(key := self.new_key(interface), ROWS)
        self.system.settle()
        self.assertEqual(self.system.file(key)["state"], "RECEIVED")  # to be tried again

    def set_secret(self, name: str, value: str) -> None:
        token = {"ClientRequestToken": str(uuid.uuid4())}
        self.system.local.secrets.PutSecretValue(
            {"SecretId": name, "SecretString": value, **token}, None
        )

    def test_a_secret_that_is_none(self):
        interface = self.new_interface()
        secret = self.system.deployment.settings()["secret_redshift"]
        good = self.system.local.secrets.value(secret)
        self.set_secret(secret, json.dumps({"username": "u"}))
        file = self.system.process(self.new_key(interface), ROWS)
        self.set_secret(secret, good)
        self.assertEqual(file["state"], "FAILED")
        self.assertIn("no database", file["reason"])


class Outcomes(StatementTest):
    """What Redshift tells late, in part or not at all."""

    GUARD = 2  # the statement of a batch that asks the ledger

    def test_an_event_before_the_end_is_seen_comes_again(self):
        interface = self.new_interface()
        with self.paused():
            key = self.put_silently(interface, ROWS)
            self.deliver(s3_record(key, ROWS))
            self.assertEqual(self.tell(self.event_of(self.system.file(key))), "Unhandled")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_statement_that_redshift_forgot_is_looked_up_in_the_ledger(self):
        interface = self.new_interface(query=NO_ROWS)
        row = self.unheard(interface)
        event = self.event_of(row)
        event["detail"]["statementId"] = str(uuid.uuid4())
        self.assertEqual(self.tell(event), "")
        self.system.settle()
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_one_that_is_not_forgotten_after_all_corrects_it(self):
        interface = self.new_interface()
        row = self.unheard(interface)
        event = self.event_of(row)
        forgotten = {**event, "detail": {**event["detail"], "statementId": str(uuid.uuid4())}}
        self.system.redshift_execute(f"delete from {interface.table}_ledger")
        self.assertEqual(self.tell(forgotten), "")
        self.assertEqual(self.system.file(row["key"])["state"], "FAILED")
        self.assertEqual(self.tell(event), "")
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["rows_loaded"]), ("DONE", 4))
        states = [notice["state"] for notice in self.system.notices(row["key"])]
        self.assertEqual(states, ["FAILED", "DONE"])

    def test_one_that_did_nothing_too(self):
        interface = self.new_interface()
        self.system.local.redshift.fail_next("ERROR: out of disk", 6)
        row = self.unheard(interface)
        event = self.event_of(row)
        event["detail"]["statementId"] = str(uuid.uuid4())
        self.assertEqual(self.tell(event), "")
        row = self.system.file(row["key"])
        self.assertEqual(row["state"], "FAILED")
        self.assertIn("does not know the statement", row["reason"])

    def test_bad_rows_are_the_sender_s_even_if_nobody_may_read_which(self):
        interface = self.new_interface()
        self.system.local.faults.add(
            "redshift-data", "ExecuteStatement", "error", times=0, code="AccessDeniedException", status=400
        )
        key = self.put_silently(interface, b"1|x\n" * 20)
        self.deliver(s3_record(key, b"1|x\n" * 20))
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual(row["state"], "REJECTED", row["reason"])
        self.assert_nothing_lost()

    def test_a_guard_that_says_no_is_believed(self):
        interface = self.new_interface()
        self.system.local.faults.add(
            "redshift-data", "ExecuteStatement", "error", times=0, code="AccessDeniedException", status=400
        )
        self.system.local.redshift.fail_next("ERROR: Divide by zero", self.GUARD)
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual((row["state"], row["rows_loaded"]), ("DONE", None))
        self.assertEqual(self.system.audit(interface.id)[0]["file_process_status"], "FINISHED")

    def test_a_balance_that_fails_for_another_reason_blames_nobody(self):
        interface = self.new_interface()
        self.system.local.redshift.fail_next("ERROR: query cancelled on user's request", 5)
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual(row["state"], "FAILED")
        self.assertIn("query cancelled", row["reason"])

    @contextlib.contextmanager
    def conflicting(self, interface):
        """A file whose load will meet a conflict: its key."""
        self.system.local.redshift.fail_next()
        with self.paused():
            key = self.put_silently(interface, ROWS)
            self.deliver(s3_record(key, ROWS))
            yield key
        self.system.settle()

    def test_a_load_is_submitted_again_as_it_was_whatever_the_configuration_wants_now(self):
        for changes in ({"header_flag": "Y"}, {"delimiter": ","}, {"file_format": "xml"}, {"oprtnl_flag": "D"}):
            with self.subTest(changes):
                interface = self.new_interface()
                with self.conflicting(interface) as key:
                    self.system.set_config(interface.id, **changes)
                self.assertEqual(self.assert_done(key, interface, 4, ROWS)["load_no"], 2)

    def test_a_load_that_cannot_be_submitted_again_ends(self):
        with self.conflicting(self.new_interface()) as key:
            self.system.local.faults.add(
                "redshift-data", "BatchExecuteStatement", "error", code="ValidationException", status=400
            )
        row = self.system.file(key)
        self.assertEqual(row["state"], "FAILED")
        self.assertIn("cannot be submitted again", row["reason"])
        self.assert_nothing_lost()


class ByHand(StatementTest):
    """A manual event goes on with a file wherever it was left behind."""

    def resume(self, key: str) -> None:
        result = self.system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": key})
        self.assertEqual(result.function_error, "")
        self.system.settle()

    def test_events_that_never_came(self):
        interface = self.new_interface(query=NO_ROWS)
        self.system.local.redshift.control({"events": "never"})
        try:
            key = self.put_silently(interface, ROWS)
            self.deliver(s3_record(key, ROWS))
            self.system.settle()
            self.resume(key)
            self.assertEqual(self.system.file(key)["state"], "TRANSFORMING")
            self.resume(key)
        finally:
            self.system.local.redshift.control({"events": "normal"})
        self.assert_done(key, interface, 4, ROWS)

    def test_statements_that_still_run_are_left_alone(self):
        interface = self.new_interface()
        with self.paused():
            key = self.put_silently(interface, ROWS)
            self.deliver(s3_record(key, ROWS))
            result = self.system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": key})
            self.assertEqual(result.function_error, "")
            row = self.system.file(key)
            self.assertEqual(
                (row["state"], row["lease_owner"], row["attempts"]), ("SUBMITTED", None, 0)
            )
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_duties_that_were_left(self):
        interface = self.new_interface(query=NO_ROWS)
        self.system.local.faults.add("sns", "Publish", "error", times=0, code="NotFound", status=404)
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        self.assertEqual(self.system.file(key)["noticed_at"], None)
        self.system.local.faults.clear()
        self.resume(key)
        self.assert_done(key, interface, 4, ROWS)
        self.resume(key)
        self.assert_done(key, interface, 4, ROWS)


class Submissions(StatementTest):
    """A submission that fails for good may have succeeded before."""

    BATCH = ("redshift-data", "BatchExecuteStatement")
    DENIED = {"code": "AccessDeniedException", "status": 400, "times": 0}

    def lost(self, interface) -> tuple[str, dict]:
        """A file whose load Redshift has, which nobody heard of."""
        key = self.put_silently(interface, ROWS)
        record = s3_record(key, ROWS)
        self.system.local.faults.add(*self.BATCH, "drop_after", times=0)
        self.assertEqual(self.deliver(record).function_error, "Unhandled")
        self.system.local.faults.clear()
        self.assertEqual(self.system.file(key)["state"], "PREPARED")
        return key, record

    def test_a_load_that_was_taken_is_found_when_it_is_refused(self):
        interface = self.new_interface()
        with self.paused():
            key, record = self.lost(interface)
            self.system.local.faults.add(*self.BATCH, "error", **self.DENIED)
            self.assertEqual(self.deliver(record).function_error, "")
            self.assertEqual(self.system.file(key)["state"], "SUBMITTED")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_load_that_redshift_forgot_is_found_in_the_ledger(self):
        interface = self.new_interface(query=NO_ROWS)
        self.system.local.redshift.control({"events": "never"})
        key, record = self.lost(interface)
        self.system.settle()
        self.system.local.redshift.control({"events": "normal"})
        self.system.local.clock.advance(25 * 3600)
        self.system.local.faults.add("s3", "PutObject", "error", code="AccessDenied", status=403, times=0)
        self.assertEqual(self.deliver(record).function_error, "")
        self.system.local.faults.clear()
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_while_nobody_knows_the_file_does_not_end(self):
        interface = self.new_interface()
        with self.paused():
            key, record = self.lost(interface)
            self.system.local.faults.add("redshift-data", "*", "error", **self.DENIED)
            self.assertEqual(self.deliver(record).function_error, "Unhandled")
            row = self.system.file(key)
            self.assertEqual((row["state"], row["lease_owner"]), ("PREPARED", None))
            self.system.local.faults.clear()
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_load_that_was_taken_and_cannot_be_noted_does_not_end(self):
        interface = self.new_interface()
        self.system.config_execute(
            "create function rdscnfg.refuse() returns trigger language plpgsql as"
            " 'begin raise exception ''refused on purpose''; end';"
            "create trigger refuse before update on rdscnfg.ext_file for each row"
            " when (new.state = 'SUBMITTED') execute function rdscnfg.refuse()"
        )
        with self.paused():
            key = self.put_silently(interface, ROWS)
            record = s3_record(key, ROWS)
            try:
                self.assertEqual(self.deliver(record).function_error, "Unhandled")
            finally:
                self.system.config_execute("drop function rdscnfg.refuse cascade")
            self.assertEqual(self.system.file(key)["state"], "PREPARED")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_what_was_never_taken_ends_at_once(self):
        interface = self.new_interface()
        self.system.local.faults.add("redshift-data", "*", "error", **self.DENIED)
        key = self.put_silently(interface, ROWS)
        self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "")
        row = self.system.file(key)
        self.assertEqual(row["state"], "FAILED")
        self.assert_settled(row, "error", ROWS)

    def test_a_transformation_that_was_taken_is_found_when_it_is_refused(self):
        interface = self.new_interface(query=NO_ROWS)
        row = self.unheard(interface)
        event = self.event_of(row)
        with self.paused():
            self.system.local.faults.add(*self.BATCH, "drop_after", times=0)
            self.assertEqual(self.tell(event), "Unhandled")
            self.system.local.faults.clear()
            self.system.local.faults.add(*self.BATCH, "error", **self.DENIED)
            self.assertEqual(self.tell(event), "")
            self.assertEqual(self.system.file(row["key"])["state"], "TRANSFORMING")
        self.system.settle()
        self.assert_done(row["key"], interface, 4, ROWS)

    def give_up(self, row: dict, state: str) -> None:
        self.system.config_execute(
            "update rdscnfg.ext_file set state = %s, reason = 'given up', noticed_at = now(),"
            " cleaned_at = now() where file_id = %s",
            state,
            row["file_id"],
        )

    def test_rows_that_came_in_after_all_are_told_of(self):
        interface = self.new_interface()
        with self.paused():
            key = self.put_silently(interface, ROWS)
            self.deliver(s3_record(key, ROWS))
            self.give_up(self.system.file(key), "FAILED")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_load_that_failed_after_all_changes_nothing(self):
        interface = self.new_interface()
        with self.paused():
            key = self.put_silently(interface, b"1|x\n" * 20)
            self.deliver(s3_record(key, b"1|x\n" * 20))
            self.give_up(self.system.file(key), "FAILED")
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual((row["state"], row["reason"]), ("FAILED", "given up"))


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
        (notice,) = self.system.notices(key)
        self.assertNotIn("archived_key", notice)


class NoZone(JourneyTest):
    options = {"settings": {"timezone": "Europe/Atlantis"}}

    def test_no_file_waits_for_a_setting(self):
        interface = self.new_interface(query=NO_ROWS)
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        self.assert_done(key, interface, 4, ROWS)
        self.assertIn("names no zone", self.system.log_text(FILE_PROCESS_LOGGING))


class Messages(unittest.TestCase):
    """README quotes messages as the code has them."""

    ROOT = pathlib.Path(__file__).resolve().parents[2]

    def sources(self) -> str:
        """All string literals of the C sources, with conversions as "…"."""
        files = sorted(self.ROOT.glob("lib/*/*.c")) + sorted(self.ROOT.glob("functions/**/*.c"))
        text = "\n".join(file.read_text() for file in files)
        text = re.sub(r'"\s*\n\s*"', "", text).replace('\\"', "")
        return re.sub(r"%[-.*0-9]*(ll|z)?[a-z]", "…", text)

    def messages(self) -> list[str]:
        readme = (self.ROOT / "README.md").read_text()
        section = readme.split("## Messages, and what to do")[1].split("\n## ")[0]
        cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
        return [quoted for cell in cells for quoted in re.findall("`([^`]+)`", cell)]

    def test_every_reason_is_in_the_readme(self):
        """What plan, preparation and the building of the load's SQL find wrong."""
        known = [".+".join(map(re.escape, message.split("…"))) for message in self.messages()]
        files = ("steps/plan", "steps/prepare", "stage/trailer", "stage/gunzip", "load/copy_sql")
        text = "\n".join((self.ROOT / f"lib/{file}.c").read_text() for file in files)
        text = re.sub(r'"\s*\n\s*"', "", text).replace('\\"', "")
        text = re.sub(r"%[-.*0-9]*(ll|z)?[a-z]", "…", text)
        faults = re.findall(r'ERROR_(?:INVALID|CONFIGURATION),[^"();]*"([^"]+)"', text)
        faults.remove("trailer_pstn …:… is not start:end with 1 <= start < end")  # plan's comes first
        self.assertGreater(len(faults), 25)
        for fault in faults:
            with self.subTest(fault):
                self.assertTrue(any(re.match(message, fault) for message in known))

    def test_every_message_is_in_the_code(self):
        messages, sources = self.messages(), self.sources()
        self.assertGreater(len(messages), 30)
        for message in messages:
            for piece in message.split("…"):
                with self.subTest(message):
                    self.assertIn(piece.strip(" ,:"), sources)


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


if __name__ == "__main__":
    unittest.main()
