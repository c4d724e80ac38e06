"""What must hold of a file when nothing is left to do for it, however its journey went."""

import contextlib
import dataclasses
import itertools
import re
import signal
import threading
import time
import typing

from e2e.made_events import s3_event, s3_record, status_event
from e2e.system import (
    FILE_PROCESS,
    FILE_PROCESS_LOGGING,
    LANDING,
    Interface,
    Row,
    SystemTest,
    shared_system,
)
from emulator.deployment import ARCHIVE, BUCKET, PROCESSING
from emulator.core.faults import Fault
from emulator.redshift.statements import Statement

STAMP = r"_\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d(-[0-9a-f]{8})?"
DUTIES = ("archived_at", "noticed_at", "cleaned_at")
SUCCESS, FAILURE = (
    "External File Processing Framework logging --> SUCCESS: ",
    "External File Processing Framework logging --> FAILED: ",
)
REFUSAL = "External File Processing Framework Submission --> FAILED: "
DEADLINE = 60.0  # for what a test waits for


def wait_for(condition: typing.Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {DEADLINE} s")
        time.sleep(0.01)


def file_name(key: str) -> str:
    return key.rpartition("/")[2]


def lines(count: int, first: int = 1) -> bytes:
    """Rows of an interface with the columns a, b, c."""
    return b"".join(b"%d|row %d|%s\n" % (n, n, b"x" * 20) for n in range(first, first + count))


@dataclasses.dataclass
class Strike(Fault):
    """Does something at a call, before the service acts; it must not wait."""

    action: typing.Callable[[], None] = lambda: None

    def strikes(self) -> bool:
        hit = super().strikes()
        if hit:
            self.action()
        return hit


class Queue(threading.Event):
    """Lets every statement run but those that wait for it already."""

    def __init__(self, waiting: typing.Collection[str]):
        super().__init__()
        self._waiting = frozenset(waiting)

    def wait(self, timeout: float | None = None) -> bool:
        return threading.current_thread().name not in self._waiting or super().wait(timeout)


class JourneyTest(SystemTest):
    """Interfaces with numbers of their own, and files that came to their end. The classes whose
    options are the same share one system, which each finds cleared."""

    _numbers = itertools.count(9001)

    @classmethod
    def setUpClass(cls):
        cls.system = shared_system(**cls.options)

    def setUp(self):
        self.system.local.faults.clear()
        self.system.local.lambda_.failures.clear()

    def new_interface(self, **fields: typing.Any) -> Interface:
        """Columns a, b, c of a delimited file, unless said otherwise."""
        number = next(self._numbers)
        return self.system.add_interface(Interface(number, fields.pop("columns", "abc"), **fields))

    def new_key(self, interface: Interface, stem: str = "FILE", suffix: str = "") -> str:
        """A key in the landing folder that matches the interface."""
        return f"{LANDING}{stem}_{interface.file_prefix}{suffix or interface.file_type}"

    # --- orders ---

    @contextlib.contextmanager
    def paused(self):
        """Statements begin in Redshift, and none goes on before the end of the block."""
        self.system.local.redshift.pause()
        try:
            yield
        finally:
            self.system.local.redshift.resume()

    @contextlib.contextmanager
    def queued(self):
        """After `pause`: what has begun stays in Redshift's queue until the end of the block, and
        what comes later runs."""
        redshift = self.system.local.redshift
        waiting = [item.id for item in redshift._store.all() if not item.done.is_set()]
        usual = redshift.knobs.running
        redshift.knobs.running = Queue([f"statement {item}" for item in waiting])
        try:
            yield
        finally:
            redshift.resume()
            usual.set()
            redshift.knobs.running = usual

    @contextlib.contextmanager
    def silence(self):
        """No event comes of the statements that end in this block."""
        self.system.local.redshift.control({"events": "never"})
        try:
            yield
            self.system.settle()
        finally:
            self.system.local.redshift.control({"events": "normal"})

    def strike(self, service: str, operation: str, action, nth: int = 1, **options) -> Strike:
        """At that call something is done, and the call goes on (or not: `kind`)."""
        strike = Strike(service, operation, options.pop("kind", "slow"), nth, **options)
        strike.action = action
        self.system.local.faults.install(strike)
        return strike

    def resume(self, key: str) -> None:
        """What the schedule does an hour later for a file that is not settled: leases have ended by
        then, and pauses are over."""
        unsettled = self.system.config_rows(
            "select from rdscnfg.ext_due due join rdscnfg.ext_file file on file_id = work_id"
            " where key = %s",
            key,
        )
        if unsettled:
            self.system.let_time_pass(3600)
            self.system.sweep()

    def pause_at(self, batch: int) -> None:
        """The nth batch from now on begins in Redshift, where nothing goes on until `cancel`."""
        redshift = self.system.local.redshift
        self.strike("redshift-data", "BatchExecuteStatement", redshift.pause, nth=batch)
        self.addCleanup(redshift.resume)

    def cancel(self, key: str, kind: str, number: int, hours: float = 0) -> None:
        """As an operator does, once that load or transformation has run for so many hours."""
        state = {"load": "SUBMITTED", "transform": "TRANSFORMING"}[kind]

        def runs() -> bool:
            row = (self.system.files(key) or [{}])[-1]
            return (row.get("state"), row.get(f"{kind}_no")) == (state, number)

        wait_for(runs, f"{kind} {number}")
        self.system.let_time_pass(hours * 3600)
        statement_id = self.system.file(key)[f"{kind}_statement_id"]
        self.system.data_api("CancelStatement", {"Id": statement_id})
        self.system.local.redshift.resume()

    # --- ends ---

    def assert_done(
        self, key: str, interface: Interface, rows: int, data: bytes | None = None, notices: int = 1
    ) -> Row:
        """Loaded exactly once, with everything that follows. `notices`: at most so many, since one
        whose acknowledgement was lost is sent again. `data` is what the archive must hold."""
        row = self.system.file(key)
        self.assertEqual(row["state"], "DONE", row["reason"])
        self.assertEqual(row["rows_loaded"], rows)
        self.assertIsNone(row["reason"])
        self.assert_rows(key, interface, rows)
        ledger = [item["kind"] for item in self.ledger_of(row, interface) if not item["is_void"]]
        self.assertEqual(sorted(ledger), ["load", "transform"] if interface.query else ["load"])
        self.assert_audit(interface, [("FINISHED", "Y")], key)
        self.assert_settled(row, str(interface.id), data)
        self.assert_notices(key, "DONE", SUCCESS, notices)
        return row

    def assert_refused(
        self,
        key: str,
        interface: Interface | None,
        reason: str,
        state: str = "REJECTED",
        notices: int = 1,
        data: bytes | None = None,
        subject: str = REFUSAL,
        audit: str = "FAILED",
    ) -> Row:
        """REJECTED or FAILED for that reason (a pattern), with nothing loaded."""
        row = self.system.file(key)
        self.assertEqual(row["state"], state, row["reason"])
        self.assertRegex(row["reason"], reason)
        self.assertIsNone(row["rows_loaded"])
        if interface is not None:
            self.assert_audit(interface, [(audit, "N")], key)
            self.assertRegex(self.system.audit(interface.id)[-1]["error_msg"], reason)
        self.assert_settled(row, "error", data)
        notice = self.assert_notices(key, state, subject, notices)
        self.assertRegex(notice["reason"], reason)
        return row

    def assert_void(self, row: Row, interface: Interface, *numbers: int) -> None:
        """The ledger holds nothing of that file but that these loads can never happen."""
        found = [
            (item["kind"], item["number"], item["is_void"])
            for item in self.ledger_of(row, interface)
        ]
        self.assertEqual(found, [("load", number, True) for number in numbers or (1,)])

    def ledger_of(self, row: Row, interface: Interface) -> list[Row]:
        """The ledger's rows of that file, void ones included."""
        return [
            {"is_void": False, **item}
            for item in self.system.ledger(interface.table)
            if item["file_id"] == str(row["file_id"])
        ]

    def assert_rows(self, key: str, interface: Interface, rows: int) -> None:
        found = self.system.redshift_rows(
            f"select count(*) as n, count(distinct load_id) as loads from {interface.table}"
            " where file_name = %s",
            file_name(key),
        )[0]
        self.assertEqual(found["n"], rows, "rows in the staging table")

    def assert_audit(self, interface: Interface, expected: list, key: str) -> None:
        """Of an interface that had one file: each of its loads that ended has one row."""
        found = [
            (row["file_process_status"], row["file_prcsd_flag"])
            for row in self.system.audit(interface.id)
        ]
        files = self.system.config_rows(
            "select count(*) as n from rdscnfg.ext_file where ext_interface_cid = %s", interface.id
        )[0]["n"]
        self.assertEqual(found[-1:], expected)
        self.assertEqual(len(found), files, "audit rows of the interface's files")
        self.assertIsNotNone(self.system.file(key)["audited_at"])

    def assert_settled(self, row: Row, folder: str, data: bytes | None = None) -> None:
        """No duty is left, one end was reached, one copy is in the archive, nothing else stays."""
        self.assertEqual([name for name in DUTIES if row[name] is None], [], "duties left")
        self.assertIsNone(row["lease_owner"], "a lease that nobody gave up")
        ends = [state for state in self.states_of(row) if state == row["state"]]
        self.assertEqual(len(ends), 1, "times that the end was reached")
        copies = self.copies(row, folder)
        self.assertEqual(copies, [row["archived_key"]])
        if data is not None:
            self.assertEqual(self.system.get(copies[0]), data)
        self.assertNotIn(row["key"], self.system.keys(LANDING))
        self.assert_no_leftovers(row)

    def assert_no_leftovers(self, row: Row) -> None:
        private = f"{PROCESSING}/{row['file_id']}/"
        left = self.system.local.s3.list_versions(BUCKET, private)  # hidden by a marker counts, too
        self.assertEqual(left, [], "private objects that stay")
        self.assertEqual(self.system.uploads(), [], "uploads by parts that were left open")

    def copies(self, row: Row, folder: str) -> list[str]:
        """The archive's objects with that file's name."""
        pattern = re.compile(re.escape(file_name(row["key"])) + STAMP, re.DOTALL)
        prefix = f"{ARCHIVE}/{folder}/"
        return [
            key for key in self.system.keys(prefix) if pattern.fullmatch(key.removeprefix(prefix))
        ]

    def assert_notices(self, key: str, state: str, subject: str, most: int = 1) -> Row:
        notices = self.system.notices(key)
        self.assertTrue(1 <= len(notices) <= most, [notice["state"] for notice in notices])
        for notice in notices:
            self.assertEqual(notice["state"], state)
            self.assertTrue(notice["subject"].startswith(subject), notice["subject"])
        return notices[-1]

    def notified(self, key: str) -> list[str]:
        """The states that the notifications of the file report."""
        return [notice["state"] for notice in self.system.notices(key)]

    def states_of(self, row: Row) -> list[str]:
        return [
            item["state"]
            for item in self.system.config_rows(
                "select state from rdscnfg.ext_file_history where file_id = %s"
                " order by ext_file_history_sid",
                row["file_id"],
            )
        ]

    def assert_nothing_lost(self) -> None:
        """No event was given up by Lambda."""
        self.assertEqual(self.system.local.lambda_.failures, [])


# --- events ---


class SilentTest(JourneyTest):
    """Puts files where the bucket tells nobody, so that a test delivers every event itself."""

    FOLDER = "silent/"

    def put_silently(self, interface: Interface, data: bytes, stem: str = "FILE") -> str:
        key = f"{self.FOLDER}{stem}_{interface.file_prefix}{interface.file_type}"
        self.system.put(key, data)
        return key

    def private_names(self, row: Row) -> list[str]:
        """The private objects of the file, without their folder."""
        folder = f"/{row['file_id']}/"
        found = [key for key in self.system.private_objects() if folder in key]
        return sorted(key.rpartition("/")[2] for key in found)

    def killed_at(self, service: str, operation: str, function: str, event: Row) -> None:
        """The function dies before the call reaches the service."""
        runner = self.system.local.lambda_.function(function)
        kill = lambda: runner.signal(signal.SIGKILL)
        self.strike(service, operation, kill, kind="drop_before", times=0)
        self.assertEqual(runner.invoke(event).error_type, "Runtime.ExitError")
        self.system.local.faults.clear()

    def deliver(self, *records: Row) -> typing.Any:
        """The event, with an answer; raises nothing when the function fails."""
        return self.system.invoke(FILE_PROCESS, s3_event(*records))


class StatementTest(SilentTest):
    """Tells the functions itself how statements ended."""

    def setUp(self):
        super().setUp()
        self.system.settle()
        self.system.local.redshift.knobs.failures.clear()

    def event_of(self, row: dict, kind: str = "load") -> dict:
        """The status event of the file's newest statement of that kind."""
        prefix = f"{row['file_id']}|{kind}|"
        statement = [
            item for item in self.system.statements() if item["StatementName"].startswith(prefix)
        ][-1]
        detail = {
            "statementId": statement["Id"],
            "statementName": statement["StatementName"],
            "state": "FINISHED",
        }
        return {"source": "aws.redshift-data", "detail": detail}

    def submissions(self, row: dict, kind: str = "load") -> list[Statement]:
        """The file's statements of that kind, oldest first, as Redshift knows them."""
        prefix = f"{row['file_id']}|{kind}|"
        found = [
            item
            for item in self.system.local.redshift._store.all()
            if item.name.startswith(prefix)
        ]
        return sorted(found, key=lambda statement: statement.sequence)

    @staticmethod
    def end_of(statement: Statement) -> dict:
        """The status event of that statement, with the status that Redshift reports."""
        return status_event(statement.name, statement.id, statement.status)

    def tell(self, event: dict) -> str:
        return self.system.invoke(FILE_PROCESS_LOGGING, event).function_error

    def tell_forgotten(self, event: dict) -> str:
        """The same, and Redshift does not know the statement when it is asked about it."""
        fault = self.system.local.faults.add(
            "redshift-data", "DescribeStatement", "error",
            code="ResourceNotFoundException", status=400,
        )
        answer = self.tell(event)
        self.assertEqual(fault.struck, 1)
        return answer

    def unheard(self, interface) -> dict:
        """A file that was loaded, of which no event has come."""
        data = lines(4)
        key = self.put_silently(interface, data)
        with self.silence():
            self.deliver(s3_record(key, data))
        return self.system.file(key)
