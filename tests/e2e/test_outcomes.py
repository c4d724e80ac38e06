"""Outcomes that Redshift reports late, in part, twice or not at all: each file comes to one end."""

import contextlib
import unittest

from e2e.journey import FAILURE, StatementTest, lines
from e2e.made_events import s3_record
from e2e.system import FILE_PROCESS
from emulator.deployment import BUCKET

ROWS = lines(4)
NO_ROWS = "select 1 where 1 = 0"


class Outcomes(StatementTest):
    """What Redshift reports late, in part or not at all."""

    BALANCE = 5  # the statement of a load that counts its rows
    TOKEN_LIFE = 8 * 3600 + 60  # the Data API knows a client token for eight hours

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
        self.assertEqual(self.tell_forgotten(self.event_of(row)), "")
        self.system.settle()
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_statement_that_is_known_again_corrects_the_failure(self):
        interface = self.new_interface()
        row = self.unheard(interface)
        event = self.event_of(row)
        self.system.redshift_execute(f"delete from {interface.table}_ledger")
        self.assertEqual(self.tell_forgotten(event), "")
        self.assertEqual(self.system.file(row["key"])["state"], "FAILED")
        self.assert_void(row, interface)
        self.assertEqual(self.tell(event), "")
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["rows_loaded"]), ("DONE", 4))
        self.assert_rows(row["key"], interface, 4)
        self.assertEqual(self.notified(row["key"]), ["FAILED", "DONE"])

    def test_a_forgotten_statement_without_effect_fails_the_file(self):
        interface = self.new_interface()
        self.system.local.redshift.fail_next("ERROR: out of disk", 6, name="|load|")
        row = self.unheard(interface)
        self.assertEqual(self.tell_forgotten(self.event_of(row)), "")
        row = self.assert_refused(
            row["key"], interface, "does not know the statement", "FAILED", subject=FAILURE,
            data=ROWS,
        )
        self.assert_void(row, interface)

    def test_a_statement_is_forgotten_after_a_day(self):
        """The sweep asks Redshift, which knows nothing any more, and then the ledger."""
        good, bad = self.new_interface(query=NO_ROWS), self.new_interface()
        loaded = self.unheard(good)
        self.system.local.redshift.fail_next("ERROR: out of disk", 6, name="|load|")
        failed = self.unheard(bad)
        self.system.local.clock.advance(25 * 3600)
        self.system.let_time_pass(25 * 3600)
        self.system.sweep()
        self.assert_done(loaded["key"], good, 4, ROWS)
        failed = self.assert_refused(
            failed["key"], bad, "does not know the statement", "FAILED", subject=FAILURE
        )
        self.assert_void(failed, bad)

    def deny_questions(self) -> None:
        """What is asked in one statement: the ledger, and which rows were bad."""
        self.deny("ExecuteStatement")

    def deny(self, operation: str) -> None:
        self.system.local.faults.add(
            "redshift-data", operation, "error", times=0, code="AccessDeniedException", status=400
        )

    def test_bad_rows_are_the_sender_s_even_if_nobody_may_read_which(self):
        interface = self.new_interface()
        self.deny_questions()
        key = self.put_silently(interface, b"1|x\n" * 20)
        self.deliver(s3_record(key, b"1|x\n" * 20))
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual(row["state"], "REJECTED", row["reason"])
        self.assert_void(row, interface)
        self.assert_nothing_lost()

    def stopped_by_its_guard(self, interface) -> dict:
        """A file that was loaded under an id that nobody learned, and then submitted again."""
        key = self.put_silently(interface, ROWS)
        with self.silence():
            self.system.local.faults.add(
                "redshift-data", "BatchExecuteStatement", "drop_after", times=0
            )
            self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "Unhandled")
            self.system.local.faults.clear()
            self.system.settle()
            self.system.local.clock.advance(self.TOKEN_LIFE)
            self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "")
        row = self.system.file(key)
        self.assertEqual(
            [item.status for item in self.submissions(row)], ["FINISHED", "FAILED"]
        )
        return row

    def test_a_guard_that_says_no_leaves_the_outcome_to_the_ledger(self):
        interface = self.new_interface()
        row = self.stopped_by_its_guard(interface)
        event = self.end_of(self.submissions(row)[-1])
        self.deny("BatchExecuteStatement")
        self.assertEqual(self.tell(event), "Unhandled")
        self.assertEqual(self.system.file(row["key"])["state"], "SUBMITTED")
        self.assertEqual(self.system.notices(row["key"]), [])
        self.system.local.faults.clear()
        self.assertEqual(self.tell(event), "")
        self.assert_done(row["key"], interface, 4, ROWS)

    def fail_at_balance(self, interface, error: str) -> str:
        self.system.local.redshift.fail_next(error, self.BALANCE, name="|load|1|")
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        return key

    def test_a_balance_that_fails_for_another_reason_blames_nobody(self):
        interface = self.new_interface()
        key = self.fail_at_balance(interface, "ERROR: out of memory")
        row = self.assert_refused(
            key, interface, "out of memory", "FAILED", subject=FAILURE, data=ROWS
        )
        self.assert_void(row, interface)

    def test_a_balance_that_was_cancelled_is_tried_again(self):
        """The event fails, and when Lambda tries it again, the next number is submitted."""
        interface = self.new_interface()
        key = self.fail_at_balance(interface, "ERROR: query cancelled on user's request")
        self.assertEqual(self.assert_done(key, interface, 4, ROWS)["load_no"], 2)
        self.assert_nothing_lost()

    @contextlib.contextmanager
    def conflicting(self, interface):
        """A file whose load will meet a conflict: its key."""
        self.system.local.redshift.fail_next(name="|load|")
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
        interface = self.new_interface()
        with self.conflicting(interface) as key:
            self.system.local.faults.add(
                "redshift-data", "BatchExecuteStatement", "error", code="ValidationException",
                status=400,
            )
        row = self.assert_refused(
            key, interface, "cannot be submitted again", "FAILED", data=ROWS, subject=FAILURE
        )
        self.assertEqual(row["load_no"], 2)
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
        """A file whose load Redshift has, although no function knows of it."""
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
        refusal = self.system.local.faults.add(*self.BATCH, "error", **{**self.DENIED, "times": 1})
        self.assertEqual(self.deliver(record).function_error, "")
        self.assertEqual(refusal.struck, 1)
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

    def test_rows_that_came_in_after_all_are_notified(self):
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
