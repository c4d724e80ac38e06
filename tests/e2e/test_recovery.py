"""Whatever breaks, and wherever: delivered again, the file is loaded once, and nothing is left over.

A clean run tells which calls a file's journey makes. Then one call after the other is struck: the
function is killed before the call or after it had its effect, the reply is lost, the service fails.
Lambda's own tries and one run of the schedule, when the lease has ended, are all that fixes it.
"""

import collections
import gzip
import signal
import unittest
import uuid

from e2e.journey import FAILURE, JourneyTest, SilentTest, Strike, lines
from e2e.made_events import s3_event, s3_record, status_event
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING, LANDING
from emulator.core.faults import Fault
from emulator.lambda_.function import LambdaOptions

FUNCTIONS = (FILE_PROCESS, FILE_PROCESS_LOGGING)
TRAILED = {"trailer_flag": "Y", "trailer_pstn": "2:8"}
ROWS = lines(4)
AT_CALLS = ("kill before", "kill after", "drop_after")
KINDS = {"kill before": "drop_before", "kill after": "slow"}
AT_STATEMENTS = ("kill after", "cut before", "cut after")
FAULTS = {
    "drop_before": {},
    "drop_after": {},
    "reset": {},
    "truncate": {"keep_bytes": 3},
    "throttle": {},
    "error": {"status": 500},
}


class NthCall(Strike):
    """The nth call of all, whatever it is."""

    def matches(self, service: str, operation: str) -> bool:
        return True


class EverySecondCall(Fault):
    """The first, third, fifth … call of every operation."""

    def matches(self, service: str, operation: str) -> bool:
        self.current = (service, operation)
        return True

    def strikes(self) -> bool:
        counts = self.__dict__.setdefault("counts", collections.Counter())
        counts[self.current] += 1
        hit = counts[self.current] % 2 == 1
        self.struck += hit
        return hit


class RecoveryTest(JourneyTest):
    versioned = False

    @classmethod
    def setUpClass(cls):
        # One environment a function: were there two, the calls of a journey would not be the same.
        options = LambdaOptions(retry_delays=(0.02, 0.05), concurrency=1)
        cls.options = {"lambda_options": options, "versioned": cls.versioned}
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self._stems = iter(range(10_000))

    def tearDown(self):
        self.system.tap.on_statement = lambda statement: ""
        super().tearDown()

    def kill(self, function: str) -> None:
        self.system.local.lambda_.function(function).signal(signal.SIGKILL)

    def start_cold(self) -> None:
        """Both functions start anew, so that every journey makes the same calls."""
        for function in FUNCTIONS:
            self.system.local.lambda_.function(function).kill()
        self.system.local.faults.clear()
        self.system.clear_counts()
        self.arm()

    def arm(self) -> None:
        """What every journey of the test meets anyway."""

    def run_file(self, interface, data: bytes) -> str:
        key = self.new_key(interface, f"{self._testMethodName}{next(self._stems)}")
        self.system.process(key, data)
        self.resume(key)
        return key

    # --- what a journey does ---

    def calls(self, interface, data: bytes) -> list[tuple[str, str]]:
        """(function, service.operation) of a clean run from a cold start."""
        self.start_cold()
        self.run_file(interface, data)
        return [
            (call.principal.rpartition("/")[2], f"{call.service}.{call.operation}")
            for call in self.system.local.server.calls
        ]

    def statements(self, interface, data: bytes) -> list[str]:
        """The functions that asked Postgres, in order."""
        self.start_cold()
        self.run_file(interface, data)
        return [item.application for item in self.system.tap.statements]

    # --- striking it ---

    def strike_call(self, number: int, function: str, how: str) -> Strike:
        """Arms a strike at that call of the next journey."""
        return self.install(NthCall("", "", KINDS.get(how, how), number), function, how)

    def strike_operation(self, operation: str, number: int, function: str, how: str) -> Strike:
        """The same at the nth call of that service.Operation."""
        service, _, name = operation.partition(".")
        return self.install(Strike(service, name, KINDS.get(how, how), number), function, how)

    def install(self, strike: Strike, function: str, how: str) -> Strike:
        if how.startswith("kill"):
            strike.action = lambda: self.kill(function)
        self.system.local.faults.install(strike)
        return strike

    def strike_statement(self, number: int, how: str) -> list:
        """The same for the nth statement that Postgres is asked; the call to AWS before it."""
        seen, struck = [], []

        def judge(statement) -> str:
            seen.append(statement)
            if len(seen) != number:
                return ""
            struck.append(self.system.local.server.calls[-1])
            if how.startswith("kill"):
                self.kill(statement.application)
            return "" if how == "kill after" else how.split()[1]

        self.system.tap.on_statement = judge
        return struck

    def each_call(self, interface, data: bytes, check) -> None:
        sequence = self.calls(interface, data)
        for number, (function, operation) in enumerate(sequence):
            for how in AT_CALLS:
                with self.subTest(f"{how} {operation}, call {number + 1} of {function}"):
                    self.start_cold()
                    strike = self.strike_call(number + 1, function, how)
                    key = self.run_file(interface, data)
                    self.assertEqual(strike.struck, 1)
                    check(key, 2 if operation == "sns.Publish" else 1)  # its reply may be lost
                    self.assert_nothing_lost()

    def each_call_among_polls(self, interface, data: bytes, check) -> None:
        """Where Redshift is polled, which is more or less often: the nth call of each operation, and
        the first DescribeStatement."""
        counts: collections.Counter = collections.Counter()
        for function, operation in self.calls(interface, data):
            counts[operation] += 1
            if operation == "redshift-data.DescribeStatement" and counts[operation] > 1:
                continue
            for how in AT_CALLS:
                with self.subTest(f"{how} {operation} {counts[operation]} of {function}"):
                    self.start_cold()
                    strike = self.strike_operation(operation, counts[operation], function, how)
                    key = self.run_file(interface, data)
                    self.assertEqual(strike.struck, 1)
                    check(key, 2 if operation == "sns.Publish" else 1)
                    self.assert_nothing_lost()

    def each_statement(self, interface, data: bytes, check, hows=AT_STATEMENTS) -> None:
        for number, function in enumerate(self.statements(interface, data), 1):
            for how in hows:
                with self.subTest(f"{how} statement {number} of {function}"):
                    self.start_cold()
                    struck = self.strike_statement(number, how)
                    key = self.run_file(interface, data)
                    self.system.tap.on_statement = lambda statement: ""
                    self.assertEqual(len(struck), 1)
                    # That a notification was sent may be lost.
                    check(key, 2 if struck[0].operation == "Publish" else 1)
                    self.assert_nothing_lost()

    def each_fault(self, interface, data: bytes, check) -> None:
        for kind, options in FAULTS.items():
            with self.subTest(kind):
                self.start_cold()
                fault = EverySecondCall("", "", kind, **options)
                self.system.local.faults.install(fault)
                key = self.run_file(interface, data)
                self.assertGreater(fault.struck, 5)
                check(key, 2)
                self.assert_nothing_lost()


class Loaded(RecoveryTest):
    """Files that are good: each ends DONE, its rows are there once."""

    def plain(self):
        interface = self.new_interface()
        interface.query = f"delete from {interface.table} where a = 'none'"
        self.system.set_config(interface.id, query=interface.query)
        return interface, ROWS

    def trailed(self):
        interface = self.new_interface(**TRAILED, file_format="gz", file_type="gz")
        return interface, gzip.compress(ROWS + b"T000004\n", 0)

    def each(self, what, file) -> None:
        interface, data = file
        what(
            interface, data, lambda key, notices: self.assert_done(key, interface, 4, data, notices)
        )

    def test_each_call(self):
        self.each(self.each_call, self.plain())

    def test_each_call_with_a_trailer(self):
        self.each(self.each_call, self.trailed())

    def test_each_statement(self):
        self.each(self.each_statement, self.plain())

    def test_every_call_fails_first(self):
        self.each(self.each_fault, self.plain())

    def test_every_call_fails_first_with_a_trailer(self):
        self.each(self.each_fault, self.trailed())


class Conflicting(RecoveryTest):
    """The load and the transformation each meet a conflict, and are submitted again as number 2."""

    def arm(self) -> None:
        redshift = self.system.local.redshift
        redshift.knobs.failures.clear()
        redshift.fail_next(statement=1)
        redshift.fail_next(statement=99)  # the second load meets none
        redshift.fail_next(statement=3)

    def each(self, what, *hows) -> None:
        interface = self.new_interface()
        interface.query = f"delete from {interface.table} where a = 'none'"
        self.system.set_config(interface.id, query=interface.query)

        def check(key: str, notices: int) -> None:
            row = self.assert_done(key, interface, 4, ROWS, notices)
            self.assertEqual((row["load_no"], row["transform_no"]), (2, 2))

        what(interface, ROWS, check, *hows)

    def test_each_call(self):
        self.each(self.each_call)

    def test_each_statement(self):
        self.each(self.each_statement, ("kill after",))


class Refused(RecoveryTest):
    """Files that are bad: file-process itself brings them to their end."""

    def each(self, what) -> None:
        interface, data = self.new_interface(**TRAILED), ROWS + b"T000009\n"
        reason = "promises 9 records, and the file holds 4"
        what(
            interface,
            data,
            lambda key, notices: self.assert_refused(
                key, interface, reason, notices=notices, data=data
            ),
        )

    def test_each_call(self):
        self.each(self.each_call)

    def test_each_statement(self):
        self.each(self.each_statement)

    def test_every_call_fails_first(self):
        self.each(self.each_fault)

    def test_unknown_interface(self):
        """Nothing but the row knows it: no configuration, no audit row."""
        for number in range(1, 7):
            with self.subTest(number=number):
                self.start_cold()
                struck = self.strike_statement(number, "kill after")
                key = f"{LANDING}N{number}_31337.txt"
                self.system.process(key, ROWS)
                self.resume(key)
                self.system.tap.on_statement = lambda statement: ""
                self.assertEqual(len(struck), 1)
                self.assert_refused(key, None, "no active configuration", notices=2, data=ROWS)


class BadRows(RecoveryTest):
    """Files whose rows Redshift refuses: before they end, the number of their load is made void."""

    def each(self, what, *hows) -> None:
        interface, data = self.new_interface(), b"1|x\n" * 20

        def check(key: str, notifications: int) -> None:
            row = self.assert_refused(
                key,
                interface,
                "Redshift could not load the file",
                notices=notifications,
                data=data,
                subject=FAILURE,
            )
            self.assert_void(row, interface)

        what(interface, data, check, *hows)

    def test_each_call(self):
        self.each(self.each_call_among_polls)

    def test_each_statement(self):
        self.each(self.each_statement, ("kill after",))


class Misreported(RecoveryTest):
    """The load committed, and Redshift reports that it was aborted: only the ledger knows."""

    def arm(self) -> None:
        redshift = self.system.local.redshift
        redshift.knobs.failures.clear()
        redshift.fail_next("committed_aborted", name="|load|")

    def test_each_call(self):
        interface = self.new_interface()
        self.each_call_among_polls(
            interface, ROWS, lambda key, notices: self.assert_done(key, interface, 4, ROWS, notices)
        )


class InVersions(RecoveryTest):
    """In a bucket with versions, where what was deleted may be looked at no more."""

    versioned = True

    def test_loaded(self):
        interface = self.new_interface()
        self.each_call(
            interface, ROWS, lambda key, notices: self.assert_done(key, interface, 4, ROWS, notices)
        )

    def test_refused(self):
        interface, data = self.new_interface(**TRAILED), ROWS + b"T000009\n"
        self.each_call(
            interface,
            data,
            lambda key, notices: self.assert_refused(
                key, interface, "9 records", notices=notices, data=data
            ),
        )


class AfterHours(SilentTest):
    """The Data API forgets a client token after eight hours: then only the ledger knows."""

    def kill_at_batch(self, function: str, event, request_id: str) -> None:
        """The batch runs, nobody is told, and the function that sent it does not learn of it."""
        runner = self.system.local.lambda_.function(function)
        self.system.local.redshift.control({"events": "never"})
        kill = lambda: runner.signal(signal.SIGKILL)
        self.strike("redshift-data", "BatchExecuteStatement", kill, seconds=0.2)
        result = runner.invoke(event, request_id=request_id)
        self.assertEqual(result.error_type, "Runtime.ExitError")
        self.system.settle()
        self.system.local.redshift.control({"events": "normal"})
        self.system.local.clock.advance(8 * 3600 + 60)

    def again(self, function: str, event, request_id: str) -> None:
        self.system.let_time_pass(8 * 3600)
        result = self.system.local.lambda_.function(function).invoke(event, request_id=request_id)
        self.assertEqual(result.function_error, "", result.payload)
        self.system.settle()

    def states(self, key: str) -> list[str]:
        file_id = str(self.system.file(key)["file_id"])
        return [
            item["Status"]
            for item in self.system.statements()
            if item["StatementName"].startswith(file_id)
        ]

    def test_load(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        event, request_id = s3_event(s3_record(key, ROWS)), str(uuid.uuid4())
        self.kill_at_batch(FILE_PROCESS, event, request_id)
        self.assertEqual(self.system.file(key)["state"], "PREPARED")
        self.assert_rows(key, interface, 4)
        self.again(FILE_PROCESS, event, request_id)
        self.assertEqual(self.states(key), ["FINISHED", "FAILED"])
        self.assert_done(key, interface, 4, ROWS)

    def test_transformation(self):
        interface = self.new_interface()
        interface.query = f"insert into {interface.table} (a) select b from {interface.table}"
        self.system.set_config(interface.id, query=interface.query)
        key = self.put_silently(interface, ROWS)
        self.system.local.redshift.control({"events": "never"})
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        name = self.system.statements()[-1]["StatementName"]
        event = status_event(name, self.system.file(key)["load_statement_id"])
        request_id = str(uuid.uuid4())
        self.kill_at_batch(FILE_PROCESS_LOGGING, event, request_id)
        self.assertEqual(self.system.file(key)["state"], "LOADED")
        self.again(FILE_PROCESS_LOGGING, event, request_id)
        self.assertEqual(self.states(key), ["FINISHED", "FINISHED", "FAILED"])
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(len(self.system.rows(interface.table)), 8)


if __name__ == "__main__":
    unittest.main()
