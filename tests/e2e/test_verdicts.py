"""What the end of a statement means for its file: the ledger has the last word."""

import dataclasses
import json
import unittest
import uuid

from e2e.journey import FAILURE, StatementTest, lines
from e2e.made_events import s3_record, status_event
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING
from emulator.deployment import BUCKET

ROWS = lines(4)
BAD_ROWS = b"1|x\n" * 20
NO_ROWS = "select 1 where 1 = 0"
GUARD = 2  # the statement of a batch that asks the ledger
DENIED = "ERROR: S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid E1,ExtRid x="
TOO_LONG = "ERROR: value too long for type character varying(300)"
TOKEN_LIFE = 8 * 3600 + 60  # the Data API knows a client token for eight hours


class VerdictTest(StatementTest):
    def lose_replies(self) -> None:
        """Redshift takes every batch, and no function learns of it."""
        self.system.local.faults.add(
            "redshift-data", "BatchExecuteStatement", "drop_after", times=0
        )

    def forget_tokens(self) -> None:
        self.system.local.clock.advance(TOKEN_LIFE)
        self.system.let_time_pass(600)  # an attempt that failed is followed by a pause

    def by_hand(self, key: str) -> None:
        self.system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": key})

    def assert_unheard(self, row: dict, event: dict) -> None:
        """The event is answered, and nothing comes of it."""
        before = self.system.file(row["key"])
        self.assertEqual(self.tell(event), "")
        self.assertEqual(self.system.file(row["key"]), before)
        self.assertEqual(self.system.notices(row["key"]), [])


class EarlierSubmissions(VerdictTest):
    """Load 1 was submitted twice: first it failed, then it was committed."""

    def submitted_twice(self, interface, is_noted: bool) -> tuple[dict, dict, dict]:
        """The file, and the events of both submissions. `is_noted`: the second id is known."""
        key = self.put_silently(interface, ROWS)
        self.system.local.redshift.fail_next(DENIED, "COPY")
        with self.silence():
            self.lose_replies()
            self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "Unhandled")
            self.system.settle()
            self.forget_tokens()
            if is_noted:
                self.system.local.faults.clear()
            self.by_hand(key)
            self.system.local.faults.clear()
        row = self.system.file(key)
        found = self.submissions(row)
        self.assertEqual([item.status for item in found], ["FAILED", "FINISHED"])
        first, second = map(self.end_of, found)
        self.assertEqual(first["detail"]["statementName"], second["detail"]["statementName"])
        return row, first, second

    def test_a_late_event_of_an_earlier_submission_ends_nothing(self):
        interface = self.new_interface()
        row, first, second = self.submitted_twice(interface, is_noted=True)
        self.assert_unheard(row, first)
        self.assertEqual(self.tell(second), "")
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_it_corrects_nothing_either(self):
        interface = self.new_interface()
        row, first, second = self.submitted_twice(interface, is_noted=True)
        self.assertEqual(self.tell(second), "")
        self.assertEqual(self.tell(first), "")
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_committed_load_is_found_although_its_reply_was_lost(self):
        for order in ("first, second", "second, first"):
            with self.subTest(order):
                interface = self.new_interface()
                row, first, second = self.submitted_twice(interface, is_noted=False)
                for event in (first, second) if order.startswith("first") else (second, first):
                    self.assertEqual(self.tell(event), "")
                self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_success_under_an_unknown_id_is_found_in_the_ledger(self):
        interface = self.new_interface()
        row = self.unheard(interface)
        event = self.end_of(self.submissions(row)[0])
        event["detail"]["statementId"] = str(uuid.uuid4())
        self.assertEqual(self.tell(event), "")
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_failure_under_an_unknown_id_ends_nothing(self):
        interface = self.new_interface()
        row = self.unheard(interface)
        event = self.end_of(self.submissions(row)[0])
        for state in ("FAILED", "ABORTED"):
            unknown = {**event["detail"], "statementId": str(uuid.uuid4()), "state": state}
            self.assert_unheard(row, {**event, "detail": unknown})
        self.assertEqual(self.tell(event), "")
        self.assert_done(row["key"], interface, 4, ROWS)


class Reports(VerdictTest):
    """A batch has committed, or has not, and the Data API reports a failure."""

    COMMITTED = ("committed_aborted", "committed_failed_last", "committed_failed_top")

    def test_a_committed_load_is_done_whatever_is_reported(self):
        for failure in self.COMMITTED:
            with self.subTest(failure):
                interface = self.new_interface()
                self.system.local.redshift.fail_next(failure, name="|load|")
                row = self.unheard(interface)
                self.assertNotEqual(self.submissions(row)[0].status, "FINISHED")
                self.assertEqual(self.tell(self.end_of(self.submissions(row)[0])), "")
                self.assertEqual(self.assert_done(row["key"], interface, 4, ROWS)["load_no"], 1)

    def test_a_committed_transformation_is_done_whatever_is_reported(self):
        for failure in self.COMMITTED:
            with self.subTest(failure):
                interface = self.new_interface(query=NO_ROWS)
                row = self.unheard(interface)
                self.system.local.redshift.fail_next(failure, name="|transform|")
                with self.silence():
                    self.tell(self.end_of(self.submissions(row)[0]))
                (statement,) = self.submissions(row, "transform")
                self.assertEqual(self.tell(self.end_of(statement)), "")
                row = self.assert_done(row["key"], interface, 4, ROWS)
                self.assertEqual(row["transform_no"], 1)

    def test_a_batch_that_lost_its_connection_at_the_commit_is_waited_for(self):
        self.system.local.redshift.fail_next("connection_lost", 0, name="|load|")
        row = self.unheard(self.new_interface())
        self.assertEqual(self.tell(self.end_of(self.submissions(row)[0])), "Unhandled")
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["rows_loaded"]), ("PREPARED", None))
        self.assertEqual(self.system.notices(row["key"]), [])


class Voided(VerdictTest):
    """A load that failed can never happen any more."""

    def test_a_failed_load_leaves_a_void_row(self):
        for error, part, words in (
            (DENIED, "COPY", "Access Denied"),
            (TOO_LONG, "last", "value too long"),
        ):
            with self.subTest(part=part):
                interface = self.new_interface()
                self.system.local.redshift.fail_next(error, part, name="|load|")
                row = self.unheard(interface)
                self.tell(self.end_of(self.submissions(row)[0]))
                row = self.assert_refused(
                    row["key"], interface, words, "FAILED", subject=FAILURE
                )
                self.assert_void(row, interface)
                self.assertEqual(self.system.rows(interface.table), [])

    def test_a_statement_under_a_void_number_loads_nothing(self):
        """It waited in Redshift's queue for hours; its client token was forgotten meanwhile."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.system.local.redshift.pause()
        self.lose_replies()
        self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "Unhandled")
        self.system.local.faults.clear()
        self.forget_tokens()
        with self.queued():
            self.system.local.redshift.fail_next(DENIED, "COPY", name="|load|")
            self.by_hand(key)
            row = self.system.wait_state(key, "FAILED")
        self.system.settle()
        late, _ = self.submissions(row)
        self.assertEqual(self.system.rows(interface.table), [])
        self.assertEqual((late.status, late.subs[GUARD - 1].status), ("FAILED", "FAILED"))
        self.assertIn("Divide by zero", late.error)
        self.assert_refused(key, interface, "Access Denied", "FAILED", subject=FAILURE)
        self.assert_void(row, interface)

    def test_a_missing_ledger_is_named_and_needs_no_void_row(self):
        interface = self.new_interface()
        self.system.redshift_execute(f"drop table {interface.table}_ledger")
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        self.assert_refused(key, interface, "_ledger", "FAILED", subject=FAILURE)


class Nulls(VerdictTest):
    """The target wants a value where the file has none."""

    def test_a_column_of_the_file_is_named_to_the_sender(self):
        interface = self.new_interface(
            types={"b": "varchar(256) not null"}, options={"copy_options": "EMPTYASNULL"}
        )
        data = ROWS + b"5||%s\n" % (b"x" * 20)
        key = self.put_silently(interface, data)
        self.deliver(s3_record(key, data))
        self.system.settle()
        row = self.assert_refused(key, interface, r"\bcolumn \"?b\b", subject=FAILURE, data=data)
        self.assertEqual(self.system.rows(interface.table), [])
        self.assertNotIn("ext_", row["reason"], "a temporary table says nothing to a sender")

    def test_a_column_that_the_file_lacks_is_ours(self):
        interface = self.new_interface()
        self.system.redshift_execute(
            f"alter table {interface.table} add column region_code varchar(9) not null"
        )
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        row = self.assert_refused(key, interface, "region_code", "FAILED", subject=FAILURE)
        self.assertIn(interface.table, row["reason"])


class OnlyTheSubmitterSees(VerdictTest):
    """The policy lets only the session that submitted a statement describe it."""

    def setUp(self):
        super().setUp()
        self.system.local.redshift.control({"sight": "session"})

    def tearDown(self):
        self.system.local.redshift.control({"sight": "role"})
        super().tearDown()

    def process(self, interface, data: bytes) -> dict:
        key = self.put_silently(interface, data)
        self.deliver(s3_record(key, data))
        self.system.settle()
        return self.system.file(key)

    def test_a_good_load_is_done(self):
        interface = self.new_interface()
        row = self.process(interface, ROWS)
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_good_transformation_is_done(self):
        interface = self.new_interface(query=NO_ROWS)
        row = self.process(interface, ROWS)
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_bad_file_comes_to_its_end(self):
        interface = self.new_interface()
        row = self.process(interface, BAD_ROWS)
        self.assertIn(row["state"], ("REJECTED", "FAILED"))
        self.assert_void(row, interface)
        self.assertEqual(self.system.rows(interface.table), [])
        self.assertEqual(len(self.system.notices(row["key"])), 1)


class Events(VerdictTest):
    """What an event speaks of."""

    def test_the_event_of_a_part_changes_nothing(self):
        interface = self.new_interface()
        row = self.unheard(interface)
        event = self.end_of(self.submissions(row)[0])
        for number in (1, 7):
            for state in ("FINISHED", "FAILED", "ABORTED"):
                statement_id = f"{event['detail']['statementId']}:{number}"
                detail = {**event["detail"], "statementId": statement_id, "state": state}
                self.assert_unheard(row, {**event, "detail": detail})
        self.assertEqual(self.tell(event), "")
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_the_event_of_an_unknown_file_is_not_ours(self):
        file_id, begun = str(uuid.uuid4()), len(self.system.statements())
        before = self.system.files()
        for kind in ("load", "transform"):
            name = f"{file_id}|{kind}|1|527|rdsftetl.t527|external_file_framework"
            event = status_event(name, str(uuid.uuid4()))
            result = self.system.invoke(FILE_PROCESS_LOGGING, event)
            self.assertEqual((result.function_error, result.payload), ("", b"null"))
            self.assertIn(file_id, "\n".join(result.log))
        self.assertEqual(self.system.files(), before)
        self.assertEqual(len(self.system.statements()), begun)

    def test_an_unknown_status_is_no_end(self):
        interface = self.new_interface()
        row = self.unheard(interface)
        event = self.end_of(self.submissions(row)[0])
        self.system.local.redshift.control({"unknown": 1})
        self.assertEqual(self.tell(event), "Unhandled")
        self.assertEqual(self.system.file(row["key"])["state"], "SUBMITTED")
        self.assertEqual(self.tell(event), "")
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_finished_batch_without_all_its_parts_is_no_success(self):
        """What DescribeStatement reports of a batch may be cut short: the ledger is asked."""
        interface = self.new_interface()
        self.system.local.redshift.fail_next(DENIED, "COPY", name="|load|")
        row = self.unheard(interface)
        (statement,) = self.submissions(row)
        parts = [dataclasses.replace(part, status="FINISHED", error="") for part in statement.subs]
        statement.status, statement.error, statement.subs = "FINISHED", "", parts[:3]
        self.tell(self.end_of(statement))
        self.assertNotEqual(self.system.file(row["key"])["state"], "DONE")
        self.assertEqual(self.system.rows(interface.table), [])


class Wording(VerdictTest):
    """COPY reports 0 rows, whatever it loaded."""

    def test_no_notification_says_that_no_row_was_loaded(self):
        trailed = {"trailer_flag": "Y", "trailer_pstn": "2:8"}
        data = ROWS + b"T000004\n"
        good, short = self.new_interface(**trailed), self.new_interface(**trailed)
        for interface in (good, short):
            key = self.put_silently(interface, data)
            with self.paused():
                self.deliver(s3_record(key, data))
                row = self.system.wait_state(key, "SUBMITTED")
                if interface is short:
                    self.system.put(row["private_key"], lines(2))
            self.system.settle()
            told = json.dumps(self.system.notices(key)) + str(self.system.file(key)["reason"])
            self.assertNotRegex(told, "(loaded|Rows:) *0\\b")
        self.assertEqual(self.system.file(key)["state"], "REJECTED")


if __name__ == "__main__":
    unittest.main()
