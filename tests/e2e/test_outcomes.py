"""Outcomes that Redshift tells late, in part, twice or not at all: each file comes to its one end."""

import contextlib
import unittest
import uuid

from e2e.journey import StatementTest, lines, s3_record
from e2e.system import FILE_PROCESS
from emulator.deployment import BUCKET

ROWS = lines(4)
NO_ROWS = "select 1 where 1 = 0"


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


if __name__ == "__main__":
    unittest.main()
