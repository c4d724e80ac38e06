"""One file, one owner: who meets a live lease does nothing, who lost it changes nothing."""

import concurrent.futures
import contextlib
import dataclasses
import signal
import threading
import unittest
import uuid

from e2e.journey import DEADLINE, SilentTest, lines, wait_for
from e2e.made_events import s3_event, s3_record
from e2e.system import FILE_PROCESS
from emulator.lambda_.local_function import LocalFunction

ROWS = lines(4)
CALLS = ("HeadObject", "CopyObject", "PutObject", "BatchExecuteStatement")
STATEMENTS = 4  # match, claim, number the load, note the submission
TIMEOUT = 8.0  # of an owner that is meant to be given up
HOUR = 3600


class Owner:
    """A file-process of its own, which a test can freeze while it works on a file."""

    def __init__(self, test: "Leases", key: str, timeout: float):
        deployed = test.system.local.lambda_.function(FILE_PROCESS)
        settings = {
            field.name: getattr(deployed.settings, field.name)
            for field in dataclasses.fields(deployed.settings)
            if field.name not in ("task_root", "bootstrap")
        }
        settings.update(timeout=timeout, kill_on_timeout=False)
        path = deployed.settings.task_root / deployed.settings.bootstrap
        self.key, self.frozen = key, threading.Event()
        self.function = test.enterContext(contextlib.closing(LocalFunction(path, **settings)))
        self._pool = test.enterContext(concurrent.futures.ThreadPoolExecutor(1))
        test.addCleanup(self.thaw)  # runs first: the pool waits for the answer

    def begin(self, event, request_id: str = "") -> None:
        options = {"request_id": request_id} if request_id else {}
        self.answer = self._pool.submit(self.function.invoke, event, **options)
        if not self.frozen.wait(DEADLINE):
            raise AssertionError(f"the owner was never frozen: {self.answer.result()}")

    def freeze(self) -> None:
        self.function.signal(signal.SIGSTOP)
        self.frozen.set()

    def thaw(self) -> None:
        self.function.signal(signal.SIGCONT)

    def wait_late_answer(self) -> None:
        wait_for(lambda: self.function.late_answers == 1, "the late answer")


class Leases(SilentTest):
    def setUp(self):
        super().setUp()
        self.system.settle()

    def tearDown(self):
        self.system.tap.on_statement = lambda statement: ""
        super().tearDown()

    # --- freezing ---

    def owner(self, data: bytes = ROWS, timeout: float = 60.0) -> Owner:
        interface = self.new_interface()
        owner = Owner(self, self.put_silently(interface, data), timeout)
        owner.interface = interface
        owner.event = s3_event(s3_record(owner.key, data))
        return owner

    def freeze_at_call(self, owner: Owner, operation: str, request_id: str = "") -> None:
        """The call is answered, but the owner does not learn of it yet."""
        service = "redshift-data" if operation == "BatchExecuteStatement" else "s3"
        self.strike(service, operation, owner.freeze)
        owner.begin(owner.event, request_id)

    def at_statement(self, number: int, action) -> None:
        """Does something when file-process asks Postgres for the nth time."""
        seen = []

        def judge(statement) -> str:
            seen.extend([statement] if statement.application == FILE_PROCESS else [])
            if len(seen) == number and statement is seen[-1]:
                action()
            return ""

        self.system.tap.on_statement = judge

    def freeze_at_statement(self, owner: Owner, number: int) -> None:
        self.at_statement(number, owner.freeze)
        owner.begin(owner.event)
        self.system.tap.on_statement = lambda statement: ""

    def deliver_to_another(self, owner: Owner, **options):
        function = self.system.local.lambda_.function(FILE_PROCESS)
        result = function.invoke(owner.event, **options)
        self.assertEqual(result.function_error, "", result.payload)
        return result

    def assert_unchanged(self, owner: Owner, row: dict, history: list) -> None:
        self.assertEqual(self.system.file(owner.key), row)
        self.assertEqual(self.system.history(owner.key), history)
        self.assert_done(owner.key, owner.interface, 4, ROWS)

    # --- a live lease ---

    def test_busy(self):
        """While the owner lives, others leave the file alone; then it goes on as if nothing was."""
        for operation in CALLS[1:]:
            with self.subTest(operation):
                owner = self.owner()
                self.freeze_at_call(owner, operation)
                if operation == CALLS[-1]:  # Redshift does not wait for us
                    self.system.wait_state(owner.key, "DONE")
                    self.system.settle()
                before = self.system.file(owner.key)
                for _ in range(3):
                    self.deliver_to_another(owner)
                self.assertEqual(self.system.file(owner.key), before)
                if operation != CALLS[-1]:  # else the outcome may have been followed
                    self.assertEqual(before["claim_no"], 1)
                owner.thaw()
                self.assertEqual(owner.answer.result().function_error, "")
                self.system.settle()
                self.assert_done(owner.key, owner.interface, 4, ROWS)

    def test_busy_is_told(self):
        owner = self.owner()
        self.freeze_at_call(owner, "CopyObject")
        result = self.deliver_to_another(owner)
        self.assertIn("another invocation works on the file", "\n".join(result.log))
        owner.thaw()
        owner.answer.result()

    def test_a_lease_lasts_a_minute_and_what_the_size_takes(self):
        """At 20 MB/s, the file may be read in that time."""
        for data, seconds in ((ROWS, 60.0), (ROWS + b"x" * 2_000_000, 60.1)):
            with self.subTest(seconds):
                owner = self.owner(data)
                self.freeze_at_call(owner, "CopyObject")
                row = self.system.file(owner.key)
                length = (row["lease_until"] - row["received_at"]).total_seconds()
                self.assertAlmostEqual(length, seconds, delta=0.002)
                owner.thaw()
                owner.answer.result()
                self.system.settle()

    def test_same_request_waits_for_the_end_of_the_lease(self):
        """That Lambda tries again does not prove that the first try is dead."""
        for operation in CALLS[1:3]:
            with self.subTest(operation):
                owner = self.owner()
                request_id = f"6f1c0f0a-1111-4222-8333-{operation.lower():x>12.12}"
                self.freeze_at_call(owner, operation, request_id)
                before = self.system.file(owner.key)
                self.deliver_to_another(owner, request_id=request_id)
                self.assertEqual(self.system.file(owner.key), before)
                self.assertEqual((before["claim_no"], before["attempts"]), (1, 0))
                self.system.let_time_pass(HOUR)
                self.deliver_to_another(owner, request_id=request_id)
                self.system.settle()
                row = self.assert_done(owner.key, owner.interface, 4, ROWS)
                self.assertEqual(row["claim_no"], 3)  # both, and the outcome
                self.assertEqual(row["attempts"], 1)
                history = self.system.history(owner.key)
                owner.thaw()
                owner.answer.result()
                self.system.settle()
                self.assertEqual(self.system.history(owner.key), history)
                self.assert_rows(owner.key, owner.interface, 4)

    # --- a lost lease ---

    def test_owner_wakes_up_too_late(self):
        """Frozen past its deadline at every step; another one took over and finished."""
        owners = []
        for operation in CALLS:
            owners.append(self.owner(timeout=TIMEOUT))
            self.freeze_at_call(owners[-1], operation)
        for number in range(1, STATEMENTS + 1):
            owners.append(self.owner(timeout=TIMEOUT))
            self.freeze_at_statement(owners[-1], number)
        for owner in owners:
            self.assertEqual(owner.answer.result().error_type, "Sandbox.Timeout")
        self.system.let_time_pass(HOUR)
        for owner in owners:
            self.deliver_to_another(owner)
        self.system.settle()
        ends = [
            (owner, self.system.file(owner.key), self.system.history(owner.key)) for owner in owners
        ]
        for owner in owners:
            self.assert_done(owner.key, owner.interface, 4, ROWS)
            owner.thaw()
        for owner, row, history in ends:
            owner.wait_late_answer()
            self.system.settle()
            self.assert_unchanged(owner, row, history)

    def test_late_statements_change_nothing(self):
        """What the owner sent reaches Postgres only after another one has finished."""
        for number in (3, 4):
            with self.subTest(statement=number):
                owner, release = self.owner(timeout=TIMEOUT), threading.Event()

                def hold() -> None:
                    owner.frozen.set()
                    release.wait(DEADLINE)

                self.at_statement(number, hold)
                owner.begin(owner.event)
                self.assertNotEqual(owner.answer.result().function_error, "")
                self.system.let_time_pass(HOUR)
                self.deliver_to_another(owner)
                self.system.settle()
                row = self.assert_done(owner.key, owner.interface, 4, ROWS)
                history = self.system.history(owner.key)
                self.let_go(release)
                self.assert_unchanged(owner, row, history)

    def test_late_statement_meets_a_newer_claim(self):
        """The one who took over is still where the first one was: only the claim tells them apart."""
        first, release = self.owner(timeout=TIMEOUT), threading.Event()

        def hold() -> None:
            first.frozen.set()
            release.wait(DEADLINE)

        self.at_statement(3, hold)
        first.begin(first.event)
        first.answer.result()
        self.system.let_time_pass(HOUR)
        second = Owner(self, first.key, 60.0)
        second.event = first.event
        self.freeze_at_call(second, "CopyObject")
        row, history = self.system.file(first.key), self.system.history(first.key)
        self.assertEqual((row["state"], row["claim_no"]), ("RECEIVED", 2))
        wait_for(lambda: len(self.private_names(row)) == 3, "bytes of each claim's own")
        self.assertEqual(self.private_names(row), ["data-1", "data-2", "manifest-1"])
        self.let_go(release)
        self.assertEqual(self.system.file(first.key), row)
        self.assertEqual(self.system.history(first.key), history)
        second.thaw()
        self.assertEqual(second.answer.result().function_error, "")
        self.system.settle()
        self.assert_done(first.key, first.interface, 4, ROWS)

    def sessions(self) -> int:
        """How many sessions of file-process Postgres has."""
        return len(
            self.system.config_rows(
                "select 1 from pg_stat_activity where application_name = 'file-process'"
            )
        )

    def let_go(self, release: threading.Event) -> None:
        """The statement that is held reaches Postgres, whose session then ends: its client is gone."""
        before = self.sessions()
        release.set()
        wait_for(lambda: self.sessions() < before, "the late statement's end")

    # --- failures ---

    def assert_waiting(self, key: str) -> None:
        """A failure that may pass was noted: the lease is released, and no attempt counts."""
        row = self.system.file(key)
        self.assertEqual((row["state"], row["attempts"], row["lease_owner"]), ("RECEIVED", 0, None))
        self.assertGreaterEqual(row["waiting_since"], row["received_at"])
        self.assertGreater(row["next_attempt_at"], row["waiting_since"])

    def test_lease_of_a_failed_try_is_released(self):
        """An error is no crash: nobody has to wait for the lease's end."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.system.local.faults.add(
            "s3", "PutObject", "error", code="InternalError", status=500, times=0
        )
        deployed = self.system.local.lambda_.function(FILE_PROCESS)
        owner = Owner(self, key, 10.0)
        result = owner.function.invoke(s3_event(s3_record(key, ROWS)))
        self.assertEqual(result.function_error, "Unhandled")
        self.assert_waiting(key)
        self.system.local.faults.clear()
        self.assertEqual(deployed.invoke(s3_event(s3_record(key, ROWS))).function_error, "")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_lease_of_a_claim_that_cannot_be_used_is_released(self):
        """Nothing matches the file, and that cannot be noted at first."""
        key = f"{self.FOLDER}NOBODY_31337.txt"
        self.system.put(key, ROWS)
        self.system.tap.cut_at("waiting_since = null")  # the file ends
        self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "Unhandled")
        self.assert_waiting(key)
        self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "")
        self.assert_refused(key, None, "no active configuration matches", data=ROWS)

    def test_failures_that_may_pass_have_an_end(self):
        """After `retry_hours`, 6, they are taken for one that does not pass."""
        interface = self.new_interface(trailer_flag="Y", trailer_pstn="2:8")
        data = ROWS + b"T000004\n"
        key = self.put_silently(interface, data)
        record = s3_record(key, data)
        self.system.local.faults.add(
            "s3", "GetObject", "error", code="InternalError", status=500, times=0
        )
        for hours in (0, 5):
            self.system.let_time_pass(hours * HOUR)
            self.assertEqual(self.deliver(record).function_error, "Unhandled")
            row = self.system.file(key)
            self.assertEqual((row["state"], row["attempts"]), ("RECEIVED", 0))
        self.system.let_time_pass(HOUR)
        self.assertEqual(self.deliver(record).function_error, "")
        self.assert_refused(
            key, interface, r"^tried for 6 hours \(retry_hours\): .*InternalError", "FAILED", data=data
        )

    def test_tries_that_are_killed_have_an_end(self):
        """What kills the function tells no error; who takes the lease over counts it."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        event, request_id = s3_event(s3_record(key, ROWS)), str(uuid.uuid4())
        function = self.system.local.lambda_.function(FILE_PROCESS)
        kill = self.strike("s3", "CopyObject", lambda: function.signal(signal.SIGKILL), times=0)
        for attempts in (0, 1, 9):
            if attempts == 9:
                self.system.config_execute(
                    "update rdscnfg.ext_file set attempts = 8 where key = %s", key
                )
            result = function.invoke(event, request_id=request_id)
            self.assertEqual(result.error_type, "Runtime.ExitError")
            row = self.system.file(key)
            self.assertEqual((row["state"], row["attempts"]), ("RECEIVED", attempts))
            self.assertIsNone(row["waiting_since"])
            self.system.let_time_pass(HOUR)
        kill.action = lambda: None
        self.assertEqual(function.invoke(event, request_id=request_id).function_error, "")
        self.assert_refused(key, interface, "10 attempts came to no end", "FAILED", data=ROWS)

    def test_a_file_for_which_the_time_is_too_short_says_what_helps(self):
        interface = self.new_interface(trailer_flag="Y", trailer_pstn="2:8")
        data = ROWS + b"T000004\n"
        key = self.put_silently(interface, data)
        owner = Owner(self, key, 10.0)
        self.system.local.faults.add("s3", "GetObject", "slow", seconds=15.0, times=0)
        advice = "reading the file took longer than .* more memory, .* or a longer timeout: "
        for hours in (0, 6):
            self.system.let_time_pass(hours * HOUR)
            result = owner.function.invoke(s3_event(s3_record(key, data)))
            self.assertEqual(result.function_error, "Unhandled")
            if hours == 0:
                self.assertRegex(result.json()["errorMessage"], advice)
        row = self.system.file(key)
        self.assertEqual(row["state"], "FAILED")
        self.assertRegex(row["reason"], advice)
        self.system.local.faults.clear()
        self.assertEqual(self.deliver(s3_record(key, data)).function_error, "")
        self.assert_refused(key, interface, advice, "FAILED", data=data)


if __name__ == "__main__":
    unittest.main()
