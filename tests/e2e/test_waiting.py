"""What passes by itself is waited for, and the sweep goes on with whatever was left behind."""

import collections
import signal
import unittest

from e2e.journey import FAILURE, StatementTest, lines
from e2e.made_events import s3_event, s3_record
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING
from emulator.redshift.failures import FAILURES

ROWS = lines(4)
NO_ROWS = "select 1 where 1 = 0"
HOUR = 3600
CONFLICT = "serializable"
CONNECTION_LIMIT = 'connection limit "500" exceeded'


class WaitingTest(StatementTest):
    def fail_at(self, failure: str, kind: str, number: int) -> None:
        """That statement of the next file fails so."""
        self.system.local.redshift.fail_next(failure, name=f"|{kind}|{number}|")

    def tell_last(self, row: dict, kind: str = "load"):
        """The event of the file's newest statement of that kind: what the function answers."""
        event = self.end_of(self.submissions(row, kind)[-1])
        return self.system.invoke(FILE_PROCESS_LOGGING, event)

    def tell_in_silence(self, row: dict, kind: str = "load"):
        """Of the statement that the function submits then no event comes."""
        with self.silence():
            return self.tell_last(row, kind)

    def pause_of(self, row: dict) -> dict:
        (found,) = self.system.config_rows(
            "select f.state, f.waiting_since, f.waiting_reason, f.next_attempt_at > now() as is_ahead, f.lease_owner, o.why"
            " from rdscnfg.ext_file f left join rdscnfg.ext_file_open o using (file_id) where file_id = %s",
            row["file_id"],
        )
        return found

    def assert_waits(self, row: dict, state: str) -> None:
        pause = self.pause_of(row)
        self.assertEqual(pause["state"], state)
        self.assertIsNotNone(pause["waiting_since"])
        self.assertTrue(pause["is_ahead"], "the next attempt is not ahead")
        self.assertIsNone(pause["lease_owner"])
        self.assertTrue(pause["waiting_reason"])
        self.assertIn(pause["waiting_reason"], pause["why"])
        self.assertEqual(self.system.notices(row["key"]), [], "notified of what may still pass")

    def assert_fails_to_wait(self, result) -> None:
        """The event is not lost: Lambda keeps it, or its failure destination."""
        self.assertEqual(result.function_error, "Unhandled")
        self.assertNotIn("_ledger", result.json()["errorMessage"], "the ledger is not to blame")

    def sweep_after(self, hours: float) -> None:
        self.system.let_time_pass(hours * HOUR)
        self.system.sweep()


class PassingFailures(WaitingTest):
    """Failures of a load that pass by themselves."""

    NAMES = (
        "conflict",
        "serialize",
        "deadlock",
        "connection_limit",
        "connection_refused",
        "connection_lost",
        "cancelled",
        "wlm_abort",
        "restart",
        "s3_unavailable",
        "s3_internal",
        "relation_replaced",
    )
    AT_ONCE = ("conflict", "serialize", "deadlock")  # as 1023: tried again without a pause

    def assert_is_loaded_later(self, row: dict, interface) -> None:
        self.assert_fails_to_wait(self.tell_last(row))
        self.assert_waits(row, "PREPARED")
        self.sweep_after(1)
        self.assertEqual(self.assert_done(row["key"], interface, 4, ROWS)["load_no"], 2)

    def test_the_file_waits_and_one_sweep_loads_it(self):
        for name in self.NAMES:
            if name in self.AT_ONCE:
                continue
            with self.subTest(name):
                interface = self.new_interface()
                self.fail_at(name, "load", 1)
                self.assert_is_loaded_later(self.unheard(interface), interface)

    def test_a_connection_limit_at_the_lock_does_not_blame_the_ledger(self):
        interface = self.new_interface()
        text = FAILURES["connection_limit"].error
        self.system.local.redshift.fail_next(text, 1, name="|load|1|")
        self.assert_is_loaded_later(self.unheard(interface), interface)

    def test_a_load_that_an_operator_cancels_is_tried_again(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        with self.silence():
            with self.paused():
                self.deliver(s3_record(key, ROWS))
                row = self.system.wait_state(key, "SUBMITTED")
                self.system.data_api("CancelStatement", {"Id": self.submissions(row)[0].id})
                self.system.settle()
        self.assertEqual(self.submissions(row)[0].status, "ABORTED")
        self.assert_is_loaded_later(row, interface)

    def test_a_conflict_is_tried_again_at_once(self):
        for name in (CONFLICT, *self.AT_ONCE):
            with self.subTest(name):
                interface = self.new_interface()
                self.fail_at(name, "load", 1)
                row = self.unheard(interface)
                self.assertEqual(self.tell_in_silence(row).function_error, "")
                self.assertEqual(self.system.file(row["key"])["state"], "SUBMITTED")
                self.assertEqual(self.tell_last(row).function_error, "")
                self.assertEqual(self.assert_done(row["key"], interface, 4, ROWS)["load_no"], 2)

    def test_a_second_conflict_is_waited_for(self):
        interface = self.new_interface()
        for number in (1, 2):
            self.fail_at(CONFLICT, "load", number)
        row = self.unheard(interface)
        self.tell_in_silence(row)
        self.assert_fails_to_wait(self.tell_last(row))
        self.assert_waits(row, "PREPARED")
        self.sweep_after(1)
        self.assertEqual(self.assert_done(row["key"], interface, 4, ROWS)["load_no"], 3)

    def test_a_submission_that_is_refused_for_now_is_waited_for(self):
        for name in ("no_connection", "too_many_statements"):
            with self.subTest(name):
                interface = self.new_interface()
                key = self.put_silently(interface, ROWS)
                for _ in range(50):  # the client tries more than once
                    self.fail_at(name, "load", 1)
                self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "Unhandled")
                self.system.local.redshift.knobs.failures.clear()
                self.assert_waits(self.system.file(key), "PREPARED")
                self.sweep_after(1)
                self.assertEqual(self.assert_done(key, interface, 4, ROWS)["load_no"], 1)

    def test_pauses_grow(self):
        pauses = []
        row = None
        for number in (1, 2, 3):
            self.fail_at("connection_limit", "load", number)
            if row is None:
                row = self.unheard(self.new_interface())
            else:
                with self.silence():
                    self.sweep_after(1)
            self.assert_fails_to_wait(self.tell_last(row))
            pauses.append(
                self.system.config_rows(
                    "select next_attempt_at - now() as pause from rdscnfg.ext_file"
                    " where file_id = %s",
                    row["file_id"],
                )[0]["pause"]
            )
        self.assertLess(pauses[0], pauses[2])


class LimitTest(WaitingTest):
    TRIED = r"\b\d+ ?(h|hours?|min|minutes)\b"

    def assert_load_fails_after(self, hours: float) -> None:
        interface = self.new_interface()
        for number in (1, 2):
            self.fail_at("connection_limit", "load", number)
        row = self.unheard(interface)
        self.assert_fails_to_wait(self.tell_last(row))
        with self.silence():
            self.sweep_after(hours)
        self.assertEqual(len(self.submissions(row)), 2, "the sweep tries once more")
        self.tell_last(row)
        row = self.assert_refused(
            row["key"], interface, CONNECTION_LIMIT, "FAILED", subject=FAILURE
        )
        self.assertRegex(row["reason"], self.TRIED)
        self.assertNotIn("_ledger", row["reason"])
        self.assert_void(row, interface, 1, 2)


class Limits(LimitTest):
    """By default nothing is tried for more than six hours."""

    def test_a_load_fails_at_the_limit(self):
        self.assert_load_fails_after(7)

    def test_an_attempt_after_the_limit_may_succeed(self):
        interface = self.new_interface()
        self.fail_at("connection_limit", "load", 1)
        row = self.unheard(interface)
        self.tell_last(row)
        self.sweep_after(30)
        self.assertEqual(self.assert_done(row["key"], interface, 4, ROWS)["load_no"], 2)

    def test_a_wait_before_the_load_does_not_count_for_the_load(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.system.local.faults.add(
            "s3", "CopyObject", "error", times=0, code="SlowDown", status=503
        )
        self.assert_fails_to_wait(self.deliver(s3_record(key, ROWS)))
        self.system.local.faults.clear()
        self.assert_waits(self.system.file(key), "RECEIVED")
        self.fail_at(CONFLICT, "load", 1)
        self.sweep_after(7)
        self.assertEqual(self.assert_done(key, interface, 4, ROWS)["load_no"], 2)

    def test_a_transformation_fails_at_the_limit(self):
        interface = self.new_interface(query=NO_ROWS)
        for number in (1, 2):
            self.fail_at("connection_limit", "transform", number)
        row = self.unheard(interface)
        self.tell_in_silence(row)
        self.assert_fails_to_wait(self.tell_last(row, "transform"))
        with self.silence():
            self.sweep_after(7)
        self.tell_last(row, "transform")
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["rows_loaded"]), ("TRANSFORM_FAILED", 4))
        self.assertIn(CONNECTION_LIMIT, row["reason"])
        self.assertRegex(row["reason"], self.TRIED)
        self.assert_settled(row, str(interface.id), ROWS)
        self.assertEqual(self.notified(row["key"]), ["TRANSFORM_FAILED"])


class ShorterLimit(LimitTest):
    options = {"settings": {"retry_hours": "1"}}

    def test_a_load_fails_at_the_limit(self):
        self.assert_load_fails_after(2)


class Transformations(WaitingTest):
    """A transformation is waited for with its rows in staging: the file stays LOADED."""

    def test_the_file_waits_and_one_sweep_transforms_it(self):
        for name in ("connection_limit", "cancelled", "restart"):
            with self.subTest(name):
                interface = self.new_interface(query=NO_ROWS)
                self.fail_at(name, "transform", 1)
                row = self.unheard(interface)
                self.tell_in_silence(row)
                self.assert_fails_to_wait(self.tell_last(row, "transform"))
                self.assert_waits(row, "LOADED")
                self.sweep_after(1)
                row = self.assert_done(row["key"], interface, 4, ROWS)
                self.assertEqual((row["load_no"], row["transform_no"]), (1, 2))

    def test_a_second_conflict_is_waited_for(self):
        interface = self.new_interface(query=NO_ROWS)
        for number in (1, 2):
            self.fail_at(CONFLICT, "transform", number)
        row = self.unheard(interface)
        self.tell_in_silence(row)
        self.assertEqual(self.tell_in_silence(row, "transform").function_error, "")
        self.assert_fails_to_wait(self.tell_last(row, "transform"))
        self.assert_waits(row, "LOADED")
        self.sweep_after(1)
        self.assertEqual(self.assert_done(row["key"], interface, 4, ROWS)["transform_no"], 3)


class Sweeps(WaitingTest):
    """One sweep goes on with each file that was left behind."""

    def left(self, interface, service: str, operation: str) -> str:
        """A file whose file-process was killed at that call."""
        key = self.put_silently(interface, ROWS)
        self.killed_at(service, operation, FILE_PROCESS, s3_event(s3_record(key, ROWS)))
        return key

    def left_received(self, interface) -> str:
        key = self.left(interface, "s3", "CopyObject")
        self.assertEqual(self.system.file(key)["state"], "RECEIVED")
        return key

    def left_prepared(self, interface) -> str:
        key = self.left(interface, "redshift-data", "BatchExecuteStatement")
        self.assertEqual(self.system.file(key)["state"], "PREPARED")
        return key

    def left_submitted(self, interface) -> str:
        return self.unheard(interface)["key"]

    def left_loaded(self, interface) -> str:
        row = self.unheard(interface)
        event = self.end_of(self.submissions(row)[0])
        self.killed_at("redshift-data", "BatchExecuteStatement", FILE_PROCESS_LOGGING, event)
        self.assertEqual(self.system.file(row["key"])["state"], "LOADED")
        return row["key"]

    def left_transforming(self, interface) -> str:
        row = self.unheard(interface)
        self.tell_in_silence(row)
        self.assertEqual(self.system.file(row["key"])["state"], "TRANSFORMING")
        return row["key"]

    def assert_swept(self, leave, query: str | None = None) -> None:
        interface = self.new_interface(query=query)
        key = leave(interface)
        self.sweep_after(1)
        self.assert_done(key, interface, 4, ROWS)

    def test_a_file_that_was_received(self):
        self.assert_swept(self.left_received)

    def test_a_file_that_was_prepared(self):
        self.assert_swept(self.left_prepared)

    def test_a_submitted_file_whose_event_was_lost(self):
        self.assert_swept(self.left_submitted)

    def test_a_loaded_file(self):
        self.assert_swept(self.left_loaded, NO_ROWS)

    def test_a_transformation_whose_event_was_lost(self):
        self.assert_swept(self.left_transforming, NO_ROWS)

    def test_both_events_of_a_file_may_be_lost(self):
        """No event comes at all: one sweep follows the load, and the next the transformation."""
        interface = self.new_interface(query=NO_ROWS)
        key = self.left_submitted(interface)
        with self.silence():
            self.sweep_after(1)
        self.assertEqual(self.system.file(key)["state"], "TRANSFORMING")
        self.sweep_after(1)
        self.assert_done(key, interface, 4, ROWS)

    def test_one_sweep_goes_on_with_all_of_them(self):
        interfaces = [self.new_interface(), self.new_interface(), self.new_interface()]
        ways = (self.left_received, self.left_prepared, self.left_submitted)
        keys = [leave(interface) for leave, interface in zip(ways, interfaces)]
        self.sweep_after(1)
        for key, interface in zip(keys, interfaces):
            self.assert_done(key, interface, 4, ROWS)

    def test_one_bad_file_does_not_stop_the_others(self):
        keys = [self.left_received(self.new_interface()) for _ in range(3)]
        self.system.local.faults.add("s3", "CopyObject", "error", code="AccessDenied", status=403)
        self.sweep_after(1)
        states = collections.Counter(self.system.file(key)["state"] for key in keys)
        self.assertEqual(states["DONE"], 2, states)

    def test_a_file_that_kills_the_function_does_not_stop_the_others(self):
        """Whichever comes first: the next sweep takes the others."""
        keys = [self.left_received(self.new_interface()) for _ in range(3)]
        runner = self.system.local.lambda_.function(FILE_PROCESS)
        kill = lambda: runner.signal(signal.SIGKILL)
        strike = self.strike("s3", "CopyObject", kill, kind="drop_before")
        self.sweep_after(1)
        self.sweep_after(1)
        self.assertEqual(strike.struck, 1)
        states = collections.Counter(self.system.file(key)["state"] for key in keys)
        self.assertEqual(states, {"DONE": 3})

    # --- what is not due ---

    def assert_left_alone(self, key: str) -> None:
        before, begun = self.system.file(key), len(self.submissions(self.system.file(key)))
        self.system.sweep()
        self.assertEqual(self.system.file(key), before)
        self.assertEqual(len(self.submissions(before)), begun)

    def test_a_live_lease_is_respected(self):
        interface = self.new_interface()
        key = self.left_received(interface)
        self.assert_left_alone(key)
        self.sweep_after(1)
        self.assert_done(key, interface, 4, ROWS)

    def test_a_pause_is_respected(self):
        interface = self.new_interface()
        self.fail_at("connection_limit", "load", 1)
        row = self.unheard(interface)
        self.assert_fails_to_wait(self.tell_last(row))
        self.assert_left_alone(row["key"])
        self.sweep_after(1)
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_statement_that_runs_is_waited_for(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        with self.paused():
            self.deliver(s3_record(key, ROWS))
            row = self.system.wait_state(key, "SUBMITTED")
            self.system.let_time_pass(HOUR)
            self.system.fire_schedule()
            self.system.local.lambda_.wait_idle(60)
            after = self.system.file(key)
            self.assertEqual((after["state"], after["load_no"]), ("SUBMITTED", 1))
            self.assertEqual(len(self.submissions(row)), 1)
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_settled_file_stays_as_it_is(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        self.system.let_time_pass(HOUR)
        self.assert_left_alone(key)
        self.assert_done(key, interface, 4, ROWS)


if __name__ == "__main__":
    unittest.main()
