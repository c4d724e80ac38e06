"""Runs statements in threads: SUBMITTED, PICKED, STARTED, and how each ended; tells EventBridge."""

import dataclasses
import datetime
import logging
import threading
import time
import typing
import uuid

import psycopg2

from .copy_files import Objects
from .database import RedshiftDatabase
from .errors import SqlError
from .failures import LAST, WHOLE, Failure, take
from .session import Session
from .statements import RESULT_SECONDS, Statement, SubStatement
from ..core.service import ACCOUNT_ID, Clock

log = logging.getLogger("emulator")

CANCELLED = "Query cancelled on user's request"
AFTER_FAILURE = "Connection or an prior query failed."  # sic, as the service words it
AT_ONCE = 40  # sessions; what comes beyond waits as SUBMITTED
Publish = typing.Callable[[dict], object]


@dataclasses.dataclass
class Knobs:
    """What tests can turn.

    events: normal, early (before Execute answers), twice, never. sight: a statement is seen by its
    whole role, or by the session that submitted it. unknown: so many times DescribeStatement
    answers UNKNOWN about a statement that has ended.
    """

    events: str = "normal"
    sight: str = "role"
    unknown: int = 0
    delay: float = 0.0  # seconds between STARTED and the first SQL, for every statement
    failures: list[Failure] = dataclasses.field(default_factory=list)
    running: threading.Event = dataclasses.field(default_factory=threading.Event)

    def __post_init__(self):
        self.running.set()


class Runner:
    def __init__(
        self,
        database: RedshiftDatabase,
        objects: Objects,
        clock: Clock,
        publish: Publish,
        region: str,
    ):
        self.knobs = Knobs()
        self._database, self._objects, self._clock, self._publish, self._region = (
            database,
            objects,
            clock,
            publish,
            region,
        )
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._threads: set[threading.Thread] = set()

    def start(self, statement: Statement) -> None:
        failure = self.take_failure(statement.name, [sub.sql for sub in statement.subs])
        thread = threading.Thread(
            target=self._run,
            args=(statement, failure),
            name=f"statement {statement.id}",
            daemon=True,
        )
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def take_failure(self, name: str, sqls: list[str], refusal: bool = False) -> Failure | None:
        with self._lock:
            return take(self.knobs.failures, name, sqls, refusal)

    def cancel(self, statement: Statement) -> None:
        statement.cancelled.set()
        with self._lock:
            session = self._sessions.get(statement.id)
        # What is cancelled between two commands of a session would run on: until it ends, again.
        for _ in range(40 if session else 0):
            session.cancel()
            if statement.done.wait(0.05):
                return

    def close(self, statements: list[Statement]) -> None:
        """Ends what still runs."""
        self.knobs.running.set()
        for statement in statements:
            if not statement.done.is_set():
                self.cancel(statement)
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(10)

    # --- one statement ---

    def _run(self, statement: Statement, failure: Failure | None) -> None:
        started = time.monotonic_ns()
        try:
            with self._slots:
                self._advance(statement, "PICKED")
                self._in_session(statement, failure)
        except _Reported as report:
            self._end(statement, report.status, report.text(), started)
        except SqlError as error:
            self._end(statement, _final(statement), error.text(), started)
        except Exception as error:  # a statement must come to an end whatever happens
            log.exception("statement %s", statement.id)
            self._end(
                statement, "FAILED", f"ERROR: internal error of the local AWS: {error}", started
            )
        else:
            self._end(statement, "FINISHED", "", started)
        with self._lock:
            self._threads.discard(threading.current_thread())

    def _in_session(self, statement: Statement, failure: Failure | None) -> None:
        session = self._connect(statement)
        try:
            statement.pid = session.pid
            with self._lock:
                self._sessions[statement.id] = session
            self._advance(statement, "STARTED")
            self._wait_for_knobs(statement)
            self._execute(statement, session, failure)
        finally:
            with self._lock:
                self._sessions.pop(statement.id, None)
            session.rollback()
            session.close()

    def _connect(self, statement: Statement) -> Session:
        identity = statement.identity
        try:
            connection = self._database.connect(identity.user, identity.password, identity.database)
        except psycopg2.OperationalError as error:
            reason = str(error).strip().rpartition("FATAL:")[2].strip()
            raise SqlError(f"FATAL: {reason}", "28000") from None
        return Session(connection, self._objects, self._database, statement.cancelled.is_set)

    def _wait_for_knobs(self, statement: Statement) -> None:
        statement.cancelled.wait(self.knobs.delay) if self.knobs.delay else None
        while not self.knobs.running.wait(0.02):
            if statement.cancelled.is_set():
                break

    def _execute(
        self, statement: Statement, session: Session, failure: Failure | None
    ) -> None:
        transaction = statement.is_batch and statement.in_transaction
        parameters = {item["name"]: item["value"] for item in statement.parameters}
        fails = bool(failure) and not failure.commits
        place = failure.place([sub.sql for sub in statement.subs]) if fails else None
        if fails and failure.part == WHOLE:
            raise _Reported(failure.error, failure.status)
        if transaction:
            session.begin()
        for number, sub in enumerate(statement.subs, 1):
            error = failure.error if number == place else ""
            try:
                self._one(statement, sub, session, parameters, error)
            except SqlError as problem:
                self._abort_rest(statement, number)
                raise _numbered(statement, number, problem) from None
        if place == 0:
            raise SqlError(failure.error)
        session.commit()
        if failure and failure.commits:
            _hide_success(statement, failure)

    def _one(
        self,
        statement: Statement,
        sub: SubStatement,
        session: Session,
        parameters: dict[str, str],
        error: str,
    ) -> None:
        started = time.monotonic_ns()
        sub.status, sub.updated = "STARTED", self._clock.now()
        try:
            if statement.cancelled.is_set():
                raise SqlError(CANCELLED, "57014")
            if error:
                raise SqlError(error)
            sub.outcome = session.run(sub.sql, parameters)
            sub.status = "FINISHED"
        except SqlError as problem:
            sub.status, sub.error = _final(statement), problem.text()
            raise
        finally:
            sub.duration, sub.updated = time.monotonic_ns() - started, self._clock.now()

    def _abort_rest(self, statement: Statement, failed: int) -> None:
        for sub in statement.subs[failed:]:
            sub.status, sub.error, sub.updated = "ABORTED", AFTER_FAILURE, self._clock.now()

    # --- status ---

    def _advance(self, statement: Statement, status: str) -> None:
        statement.status, statement.updated = status, self._clock.now()
        if not statement.is_batch:
            statement.subs[0].status = status

    def _end(self, statement: Statement, status: str, error: str, started: int) -> None:
        statement.error, statement.duration = error, time.monotonic_ns() - started
        for sub in statement.subs:
            if sub.status not in ("FINISHED", "FAILED", "ABORTED"):
                sub.status, sub.error = (
                    (status, error) if not statement.is_batch else ("ABORTED", AFTER_FAILURE)
                )
        self._advance(statement, status)
        statement.done.set()
        times = {"never": 0, "twice": 2}.get(self.knobs.events, 1) if statement.with_event else 0
        for _ in range(times):
            try:
                self._publish(self.event(statement))
            except Exception:  # the statement has ended all the same
                log.exception("status event of %s", statement.id)
        statement.told.set()

    def event(self, statement: Statement) -> dict:
        """The status event of a statement that has ended."""
        moment = datetime.datetime.fromtimestamp(statement.updated, datetime.timezone.utc)
        single = None if statement.is_batch else statement.subs[0]
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Redshift Data Statement Status Change",
            "source": "aws.redshift-data",
            "account": ACCOUNT_ID,
            "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": [self._resource(statement)],
            "detail": {
                "principal": statement.principal.arn,
                "statementName": statement.name,
                "statementId": statement.id,
                "redshiftQueryId": single.query_id if single else -1,
                "state": statement.status,
                "rows": single.result_rows if single else -1,
                "expireAt": int(statement.created + RESULT_SECONDS),
            },
        }

    def _resource(self, statement: Statement) -> str:
        if statement.identity.cluster:
            return (
                f"arn:aws:redshift:{self._region}:{ACCOUNT_ID}:cluster:{statement.identity.cluster}"
            )
        workgroup = statement.identity.workgroup
        return f"arn:aws:redshift-serverless:{self._region}:{ACCOUNT_ID}:workgroup/{workgroup}"


def _final(statement: Statement) -> str:
    return "ABORTED" if statement.cancelled.is_set() else "FAILED"


def _numbered(statement: Statement, number: int, problem: SqlError) -> SqlError:
    """The error of a batch names the query by its number."""
    if not statement.is_batch:
        return problem
    return _Worded(f"Query #{number} failed with {problem.text()}", problem.sqlstate)


def _hide_success(statement: Statement, failure: Failure) -> None:
    """Reports a statement that was committed as one that failed."""
    hidden = {WHOLE: statement.subs, LAST: statement.subs[-1:]}.get(failure.part, [])
    status, error = failure.status, failure.error
    for sub in hidden:
        sub.outcome = None
        sub.status, sub.error = (
            (status, error) if failure.part == LAST else ("ABORTED", AFTER_FAILURE)
        )
    if failure.part == LAST and statement.is_batch:
        error = f"Query #{len(statement.subs)} failed with {error}"
    raise _Reported(error, status)


class _Worded(SqlError):
    """An error whose text is complete."""

    def text(self) -> str:
        return self.message


class _Reported(_Worded):
    """The end of the whole statement, as a failure that was chosen has it."""

    def __init__(self, error: str, status: str):
        super().__init__(error)
        self.status = status
