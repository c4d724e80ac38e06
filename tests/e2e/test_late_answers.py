"""What becomes of a file when an answer comes late, in part or never, or its key is used again."""

import time
import unittest

from e2e.journey import DEADLINE, FAILURE, StatementTest, lines
from e2e.made_events import s3_record
from e2e.system import FILE_PROCESS
from emulator.deployment import BUCKET

ROWS, OTHER_ROWS = lines(4), lines(6, first=11)
NO_ROWS = "select 1 where 1 = 0"
LOST = "ERROR: the connection to the cluster was lost"
NOTES_SUBMISSION = "submitted_at = coalesce(s.submitted_at"  # in SQL for Postgres


class Commits(StatementTest):
    """The connection broke at the commit: only the ledger knows what became of the batch."""

    def misreport(self, row: dict, kind: str, status: str) -> None:
        """The statement has committed, and the Data API does not know."""
        prefix = f"{row['file_id']}|{kind}|"
        for statement in self.system.local.redshift._store.all():
            if statement.name.startswith(prefix):
                statement.status, statement.error = status, LOST

    def test_loads_that_were_committed(self):
        for status in ("FAILED", "ABORTED"):
            with self.subTest(status):
                interface = self.new_interface()
                row = self.unheard(interface)
                self.misreport(row, "load", status)
                self.assertEqual(self.tell(self.event_of(row)), "")
                self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_load_that_was_not(self):
        """The file waits, and when the event comes again, the next number is submitted."""
        interface = self.new_interface()
        self.system.local.redshift.fail_next(LOST, 0, name="|load|1|")
        row = self.unheard(interface)
        event = self.end_of(self.submissions(row)[0])
        self.assertEqual(self.tell(event), "Unhandled")
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["rows_loaded"]), ("PREPARED", None))
        self.assertEqual(self.system.notices(row["key"]), [])
        self.assertEqual(self.tell(event), "")
        self.system.settle()
        self.assertEqual(self.assert_done(row["key"], interface, 4, ROWS)["load_no"], 2)

    def test_a_load_that_was_not_for_too_long(self):
        interface = self.new_interface()
        for number in (1, 2):
            self.system.local.redshift.fail_next(LOST, 0, name=f"|load|{number}|")
        row = self.unheard(interface)
        event = self.end_of(self.submissions(row)[0])
        self.assertEqual(self.tell(event), "Unhandled")
        self.system.let_time_pass(7 * 3600)
        with self.silence():
            self.assertEqual(self.tell(event), "")
        self.assertEqual(self.tell(self.end_of(self.submissions(row)[1])), "")
        row = self.assert_refused(
            row["key"],
            interface,
            r"^tried for 6 hours \(retry_hours\): .*the connection to the cluster was lost",
            "FAILED",
            subject=FAILURE,
            data=ROWS,
        )
        self.assert_void(row, interface, 1, 2)

    def test_transformations_that_were_committed(self):
        for status in ("FAILED", "ABORTED"):
            with self.subTest(status):
                interface = self.new_interface(query=NO_ROWS)
                row = self.unheard(interface)
                self.system.local.redshift.control({"events": "never"})
                self.tell(self.event_of(row))
                self.system.settle()
                self.system.local.redshift.control({"events": "normal"})
                self.misreport(row, "transform", status)
                self.assertEqual(self.tell(self.event_of(row, "transform")), "")
                self.assert_done(row["key"], interface, 4, ROWS)


class Forgotten(StatementTest):
    """Redshift knows a statement for 24 hours only."""

    def test_the_time_of_the_load_is_not_guessed_too_late(self):
        interface = self.new_interface(query=NO_ROWS)
        row = self.unheard(interface)
        self.assertEqual(self.tell_forgotten(self.event_of(row)), "")
        self.system.settle()
        row = self.assert_done(row["key"], interface, 4, ROWS)
        (loaded,) = {
            item["target_transaction_timestamp"]
            for item in self.system.redshift_rows(f"select * from {interface.table}")
        }
        self.assertLessEqual(row["load_started_at"].replace(tzinfo=None), loaded)
        self.assertGreaterEqual(row["load_ended_at"].replace(tzinfo=None), loaded)

    def test_a_transformation_that_is_known_again_corrects_the_failure(self):
        interface = self.new_interface(query=NO_ROWS)
        row = self.unheard(interface)
        self.system.local.redshift.control({"events": "never"})
        self.tell(self.event_of(row))
        self.system.settle()
        self.system.local.redshift.control({"events": "normal"})
        event = self.event_of(row, "transform")
        self.system.redshift_execute(
            f"delete from {interface.table}_ledger where kind = 'transform'"
        )
        self.assertEqual(self.tell_forgotten(event), "")
        self.assertEqual(self.system.file(row["key"])["state"], "TRANSFORM_FAILED")
        self.assertEqual(self.tell(event), "")
        self.assertEqual(self.system.file(row["key"])["state"], "DONE")
        self.assertEqual(self.notified(row["key"]), ["TRANSFORM_FAILED", "DONE"])


class Conflicts(StatementTest):
    def test_a_transformation_that_cannot_be_submitted_again_ends(self):
        interface = self.new_interface(query=NO_ROWS)
        row = self.unheard(interface)
        self.system.local.redshift.fail_next(name="|transform|")
        with self.paused():
            self.tell(self.event_of(row))
            self.system.wait_state(row["key"], "TRANSFORMING")
            for table in ("ext_file_config_dtl", "ext_file_config"):
                self.system.config_execute(
                    f"delete from rdscnfg.{table} where ext_file_config_sid = %s", interface.id
                )
        self.system.settle()
        row = self.system.file(row["key"])
        self.assertEqual(row["state"], "TRANSFORM_FAILED")
        self.assertIn("cannot be submitted", row["reason"])
        self.assert_settled(row, str(interface.id), ROWS)
        self.assert_nothing_lost()

    def test_a_load_that_is_over_before_its_submission_is_noted(self):
        """Nothing of it is put again once it is cleaned."""
        interface, cleaned = self.new_interface(), []
        self.system.local.redshift.fail_next(name="|load|")
        row = self.unheard(interface)

        def wait_for_the_end(statement) -> str:
            if statement.application == FILE_PROCESS and NOTES_SUBMISSION in statement.sql:
                end = time.monotonic() + DEADLINE / 2  # the function has as much time as DEADLINE
                while not self.system.file(row["key"])["cleaned_at"] and time.monotonic() < end:
                    time.sleep(0.01)
                cleaned.append(self.system.file(row["key"])["cleaned_at"] is not None)
            return ""

        self.system.tap.on_statement = wait_for_the_end
        try:
            self.system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": row["key"]})
        finally:
            self.system.tap.on_statement = lambda statement: ""
        self.system.settle()
        self.assertEqual(cleaned, [True])
        row = self.assert_done(row["key"], interface, 4, ROWS)
        self.assertEqual(row["load_no"], 2)


class Leases(StatementTest):
    """Whoever numbers a load anew holds no lease, and another one's may be live."""

    BATCH = ("redshift-data", "BatchExecuteStatement", "error")

    def numbered_anew(self, interface) -> tuple[dict, dict]:
        """A file whose first load met a conflict, and whose second was not submitted; with the
        event of the first."""
        self.system.local.redshift.fail_next(name="|load|")
        row = self.unheard(interface)
        event = self.event_of(row)
        self.system.local.faults.add(*self.BATCH, times=0, status=500)
        self.assertEqual(self.tell(event), "Unhandled")
        self.system.local.faults.clear()
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["load_no"]), ("PREPARED", 2))
        return row, event

    def hold(self, row: dict) -> None:
        self.system.config_execute(
            "update rdscnfg.ext_file set lease_owner = 'another one',"
            " lease_until = now() + interval '10 minutes' where file_id = %s",
            row["file_id"],
        )

    def refuse_while_held(self, row: dict, event: dict) -> dict:
        """The event, while another one's lease is live and Redshift takes nothing."""
        self.hold(row)
        self.system.local.faults.add(*self.BATCH, code="ValidationException", status=400)
        self.assertEqual(self.tell(event), "")
        self.assertEqual(len(self.system.notices(row["key"])), 1)
        return self.system.file(row["key"])

    def test_a_load_that_is_refused_for_good_ends_whoever_holds_the_file(self):
        self.system.local.redshift.fail_next(name="|load|")
        row = self.unheard(self.new_interface())
        row = self.refuse_while_held(row, self.event_of(row))
        self.assertEqual((row["state"], row["load_no"]), ("FAILED", 2))
        self.assert_settled(row, "error", ROWS)

    def test_a_load_that_another_one_holds_is_left_to_it(self):
        """When its lease has ended, the sweep goes on with the number that was given."""
        interface = self.new_interface()
        row, event = self.numbered_anew(interface)
        self.hold(row)
        before = self.system.file(row["key"])
        self.assertEqual(self.tell(event), "")
        self.assertEqual(self.system.file(row["key"]), before)
        self.assertEqual(len(self.submissions(row)), 1)
        self.system.let_time_pass(3600)
        self.system.sweep()
        self.assertEqual(self.assert_done(row["key"], interface, 4, ROWS)["load_no"], 2)

    def test_a_transformation_that_is_refused_for_good_ends_whoever_holds_the_file(self):
        interface = self.new_interface(query=NO_ROWS)
        row = self.unheard(interface)
        self.system.local.redshift.control({"events": "never"})
        self.system.local.redshift.fail_next(name="|transform|")
        self.tell(self.event_of(row))
        self.system.settle()
        self.system.local.redshift.control({"events": "normal"})
        row = self.refuse_while_held(row, self.event_of(row, "transform"))
        self.assertEqual((row["state"], row["transform_no"]), ("TRANSFORM_FAILED", 2))
        self.assert_settled(row, str(interface.id), ROWS)

    def test_a_lease_is_released_although_the_load_is_another_one(self):
        """While a submission is noted, its load meets a conflict and is numbered anew."""
        interface, answers = self.new_interface(), []
        key = self.put_silently(interface, ROWS)
        self.system.local.redshift.fail_next(name="|load|")

        def number_anew(statement) -> str:
            is_note = statement.application == FILE_PROCESS and NOTES_SUBMISSION in statement.sql
            if is_note and not answers:
                answers.append("")
                self.system.local.redshift.wait_idle()
                self.system.local.faults.add(*self.BATCH, times=0, status=500)
                answers[0] = self.tell(self.event_of(self.system.file(key)))
                self.system.local.faults.clear()
            return ""

        self.system.tap.on_statement = number_anew
        try:
            with self.silence():
                self.deliver(s3_record(key, ROWS))
        finally:
            self.system.tap.on_statement = lambda statement: ""
        self.assertEqual(answers, ["Unhandled"])
        row = self.system.file(key)
        self.assertEqual((row["state"], row["load_no"]), ("SUBMITTED", 2))
        self.assertIsNone(row["lease_owner"])
        self.assertEqual(self.tell(self.event_of(row)), "")
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(len(self.submissions(row)), 2)


class SameKey(StatementTest):
    """A sender uses a key again before its first file has come to its end."""

    def put_again(self, key: str, data: bytes) -> None:
        time.sleep(1.1)  # S3 reports whole seconds
        self.system.put(key, data)
        self.assertEqual(self.deliver(s3_record(key, data)).function_error, "")

    def test_a_file_that_another_one_of_its_key_has_overtaken(self):
        interface = self.new_interface()
        first = self.unheard(interface)
        self.put_again(first["key"], OTHER_ROWS)
        self.system.settle()
        self.assertEqual(
            [row["state"] for row in self.system.files(first["key"])], ["SUBMITTED", "DONE"]
        )
        self.system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": first["key"]})
        self.system.settle()
        self.assertEqual(
            [row["state"] for row in self.system.files(first["key"])], ["DONE", "DONE"]
        )
        for row in self.system.files(first["key"]):
            self.assertIsNone(row["lease_owner"])
            self.assert_no_leftovers(row)

    def test_an_equal_file_that_came_before_the_archive(self):
        """Its own event comes after the first file was archived."""
        interface = self.new_interface()
        first = self.unheard(interface)
        time.sleep(1.1)
        self.system.put(first["key"], ROWS)
        self.assertEqual(self.tell(self.event_of(first)), "")
        self.assertEqual(self.system.file(first["key"])["state"], "DONE")
        self.assertEqual(self.system.keys(self.FOLDER), [first["key"]])
        self.assertEqual(self.deliver(s3_record(first["key"], ROWS)).function_error, "")
        self.system.settle()
        rows = self.system.files(first["key"])
        self.assertEqual([row["state"] for row in rows], ["DONE", "DONE"])
        self.assertEqual(self.system.keys(self.FOLDER), [])
        self.assertEqual(len({row["archived_key"] for row in rows}), 2)


if __name__ == "__main__":
    unittest.main()
