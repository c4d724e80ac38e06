"""The whole system for end-to-end tests: a local AWS with the shipped zips deployed on it.

    class Paths(SystemTest):
        options = {"versioned": True}

        def test_text_file(self):
            self.system.put("external_input/A_527.txt", data)
            self.system.wait_state("external_input/A_527.txt", "DONE")

Rows of all tables come as dicts, newest last. What is not asked for by name here is reached through
`local` (faults, clock, Redshift's knobs) and `tap` (the functions' sessions with Postgres).
"""

import atexit
import contextlib
import json
import os
import pathlib
import tempfile
import time
import typing
import unittest

import psycopg2.extras

from e2e.interface import Interface
from e2e.postgres_tap import PostgresTap
from emulator import deployment_sql
from emulator.deployment import (
    ARCHIVE,
    BUCKET,
    FILE_PROCESS,
    FILE_PROCESS_LOGGING,
    FUNCTION_ROLE,
    LANDING,
    PACKAGES,
    PROCESSING,
    SCHEDULE_RULE,
    Deployment,
    Options,
)
from emulator.lambda_.environment import Result
from emulator.lambda_.function import LambdaOptions
from emulator.local import LocalAws
from emulator.core.postgres import CONFIG_DATABASE, CONFIG_PASSWORD, CONFIG_USER
from emulator.redshift.database import DATABASE, USER
from emulator.redshift.session import Session
from emulator.core.service import Headers, Request, empty_body

__all__ = ["FILE_PROCESS", "FILE_PROCESS_LOGGING", "Interface", "LANDING", "System", "SystemTest"]

Row = dict[str, typing.Any]
END_STATES = ("DONE", "REJECTED", "FAILED", "TRANSFORM_FAILED", "GONE", "SUPERSEDED", "SPLIT")
WAIT_SECONDS = 120.0
USUAL = {"events": "normal", "sight": "role", "unknown": 0, "delay": 0, "paused": False}  # knobs


class System:
    """`settings` change environment variables of the functions (None takes one away); more options
    are those of emulator.deployment.Options. The schedule is deployed disabled: it only fires by
    fire_schedule(). Start it from a thread that lives as long."""

    def __init__(
        self,
        versioned: bool = False,
        serverless: bool = False,
        settings: typing.Mapping[str, str | None] | None = None,
        packages: pathlib.Path = PACKAGES,
        lambda_options: LambdaOptions | None = None,
        **options,
    ):
        self._options = {
            "versioned": versioned,
            "serverless": serverless,
            "settings": settings or {},
            "packages": packages,
            "schedule_enabled": False,
            **options,
        }
        self._lambda_options = lambda_options
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> "System":
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def _start(self) -> None:
        folder = self._undo.enter_context(tempfile.TemporaryDirectory(prefix="system-"))
        self.local = LocalAws(pathlib.Path(folder) / "root", lambda_options=self._lambda_options)
        self._undo.callback(self.local.stop)
        self.local.start()
        self.tap = PostgresTap((self.local.postgres.host, self.local.postgres.port))
        self._undo.callback(self.tap.stop)
        self.deployment = Deployment(
            self.local, Options(postgres=self.tap.address, **self._options)
        )
        self.deployment.deploy()
        self._config = self._connect(CONFIG_DATABASE, CONFIG_USER, CONFIG_PASSWORD)
        self._redshift = self._connect(DATABASE, USER, None)
        self._operator = self.local.credentials.assume_role(FUNCTION_ROLE, "tests")

    def _connect(self, database: str, user: str, password: str | None):
        connection = self.local.postgres.connect(database, user, password)
        self._undo.callback(connection.close)
        return connection

    def stop(self) -> None:
        self._undo.close()

    def clear(self) -> None:
        """As just deployed, but that tables in Redshift stay, functions are warm, and the clock of
        the local AWS stands where it was moved to."""
        self.local.faults.clear()
        self.local.redshift.knobs.failures.clear()
        self.local.redshift.control(USUAL)
        self.tap.on_statement = lambda statement: ""
        self.settle()
        self.local.lambda_.failures.clear()
        self.local.sns.messages.clear()
        self.clear_counts()
        for function in (FILE_PROCESS, FILE_PROCESS_LOGGING):
            with contextlib.suppress(FileNotFoundError):
                os.truncate(self.local.lambda_.log_file(function), 0)
        self.local.redshift.forget()
        self.local.s3.abort_uploads(BUCKET)
        for key, version_id in self.local.s3.list_versions(BUCKET):
            self.local.s3.delete_key(BUCKET, key, version_id)
        self.config_execute("truncate rdscnfg.ext_interface, rdscnfg.ext_file cascade")
        self.config_execute("truncate rdscnfg.ext_statement")
        self.deployment.sample_configuration()

    # --- objects ---

    def put(self, key: str, data: bytes, bucket: str = BUCKET) -> str:
        """As any sender does; the version id."""
        return self.local.s3.put_object_bytes(bucket, key, data)

    def get(self, key: str, bucket: str = BUCKET) -> bytes:
        with self.local.s3.open_object(bucket, key) as file:
            return file.read()

    def keys(self, prefix: str = "") -> list[str]:
        return self.local.s3.list_keys(BUCKET, prefix)

    def archive(self) -> list[str]:
        return self.keys(ARCHIVE + "/")

    def private_objects(self) -> list[str]:
        return self.keys(PROCESSING + "/")

    def versions(self, key: str) -> list[str]:
        """The ids of all versions of a key, delete markers included."""
        return [
            version_id
            for name, version_id in self.local.s3.list_versions(BUCKET, key)
            if name == key
        ]

    def uploads(self) -> list[str]:
        """The keys of uploads by parts that nobody completed or aborted."""
        return self.local.s3.list_uploads(BUCKET)

    # --- state ---

    def files(self, key: str | None = None) -> list[Row]:
        """The rows of ext_file_status, of all versions of a key or of everything."""
        return self.config_rows(
            "select * from rdscnfg.ext_file_status where %s::text is null or key = %s"
            " order by received_at, file_id",
            key,
            key,
        )

    def file(self, key: str) -> Row:
        """The newest version of that key."""
        rows = self.files(key)
        if not rows:
            raise AssertionError(f"no file {key!r} is known\n{self._troubles()}")
        return rows[-1]

    def history(self, key: str) -> list[Row]:
        return self.config_rows(
            "select history.* from rdscnfg.ext_file_history history"
            " join rdscnfg.ext_file file using (file_id) where key = %s"
            " order by ext_file_history_sid",
            key,
        )

    def states(self, key: str) -> list[str]:
        """The journey by names only."""
        return [row["state"] for row in self.history(key)]

    def audit(self, interface_id: int | None = None) -> list[Row]:
        return self.config_rows(
            "select * from rdscnfg.ext_file_audit where %s::numeric is null or"
            " ext_interface_cid = %s order by ext_file_audit_sid",
            interface_id,
            interface_id,
        )

    def wait_state(
        self, key: str, states: str | typing.Collection[str], timeout: float = WAIT_SECONDS
    ) -> Row:
        """The file once it is in one of these states; another end state fails at once."""
        wanted = {states} if isinstance(states, str) else set(states)
        end = time.monotonic() + timeout
        while True:
            row = (self.files(key) or [None])[-1]
            if row and row["state"] in wanted:
                return row
            if time.monotonic() > end or (row and row["state"] in END_STATES):
                found = f"{' > '.join(self.states(key))}: {row['reason']}" if row else "unknown"
                raise AssertionError(
                    f"{key!r} is not {' or '.join(sorted(wanted))} but {found}\n{self._troubles()}"
                )
            time.sleep(0.01)

    def settle(self, timeout: float = WAIT_SECONDS) -> None:
        """Waits until nothing runs and nothing is queued."""
        if not self.local.wait_idle(timeout):
            raise AssertionError(f"the system is not idle after {timeout} s\n{self._troubles()}")

    def process(self, key: str, data: bytes, timeout: float = WAIT_SECONDS) -> Row:
        """Puts a file and waits until nothing is left to do for it."""
        self.put(key, data)
        self.settle(timeout)
        return self.file(key)

    def config_rows(self, sql: str, *values: typing.Any) -> list[Row]:
        """A query on the configuration database."""
        return _rows(self._config, sql, values)

    def config_execute(self, sql: str, *values: typing.Any) -> int:
        """A change in the configuration database; how many rows it touched."""
        with self._config.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.rowcount

    def let_time_pass(self, seconds: float) -> None:
        """Makes every file that is not settled so much older: leases end, pauses are over. The
        functions use the real clock; that of the local AWS is `local.clock`."""
        self.config_execute(
            "update rdscnfg.ext_file set lease_until = lease_until - age,"
            " next_attempt_at = next_attempt_at - age, waiting_since = waiting_since - age,"
            " state_at = state_at - age from make_interval(secs => %s) age"
            " where archived_at is null or noticed_at is null or cleaned_at is null",
            seconds,
        )

    # --- Redshift ---

    def redshift_rows(self, sql: str, *values: typing.Any) -> list[Row]:
        """A query on Redshift's tables, in Postgres's dialect."""
        return _rows(self._redshift, sql, values)

    def redshift_execute(self, script: str) -> None:
        """Statements in Redshift's dialect, as the owner of the tables."""
        database = self.local.redshift.database
        session = Session(database.connect(USER), self.local.s3, database)
        with contextlib.closing(session):
            deployment_sql.run_script(session, script)

    def rows(self, table: str, order: str = "1") -> list[Row]:
        return self.redshift_rows(f"select * from {table} order by {order}")

    def ledger(self, table: str) -> list[Row]:
        return self.redshift_rows(f"select * from {table}_ledger order by recorded_at")

    def statements(self) -> list[Row]:
        """All that ran through the Data API, oldest first, as DescribeStatement tells it to the
        functions' role; StatementName and Sqls are added."""
        found: list[Row] = []
        token: dict[str, str] = {}
        while True:
            page = self.data_api("ListStatements", {"Status": "ALL", **token})
            found += page["Statements"]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        return [
            {
                **self.data_api("DescribeStatement", {"Id": item["Id"]}),
                "StatementName": item.get("StatementName", ""),
                "Sqls": item.get("QueryStrings") or [item.get("QueryString", "")],
            }
            for item in reversed(found)
        ]

    def data_api(self, operation: str, data: dict) -> dict:
        """A call of the Redshift Data API by the functions' role."""
        request = Request(
            "POST", "/", "", Headers(), empty_body(), self._operator, self.local.region, "tests"
        )
        return getattr(self.local.redshift, operation)(data, request)

    # --- functions ---

    def invoke(self, function: str, event: typing.Any) -> Result:
        """Runs a function with this event and waits for its answer."""
        return self.local.lambda_.function(function).invoke(event)

    def fire_schedule(self) -> None:
        """The schedule rule, which is deployed disabled, once."""
        self.local.events.EnableRule({"Name": SCHEDULE_RULE}, None)
        self.local.events.fire(SCHEDULE_RULE)
        self.local.events.DisableRule({"Name": SCHEDULE_RULE}, None)

    def sweep(self) -> None:
        """What the schedule does, to its end."""
        self.fire_schedule()
        self.settle()

    def log_text(self, function: str) -> str:
        file = self.local.lambda_.log_file(function)
        return file.read_text(errors="replace") if file.exists() else ""

    def logs(self, function: str) -> list[Row]:
        """The function's own lines; those of the platform are in log_text."""
        return [
            json.loads(line)
            for line in self.log_text(function).splitlines()
            if line.startswith("{")
        ]

    def _troubles(self) -> str:
        """What the functions complained of last."""
        lines = [
            f"{name}: {line}"
            for name in (FILE_PROCESS, FILE_PROCESS_LOGGING)
            for line in self.log_text(name).splitlines()
            if '"level":"ERROR"' in line
            or '"level":"WARN"' in line
            or " Error: " in line
            or "timed out" in line
        ]
        return "\n".join(lines[-20:])

    # --- notices ---

    def notices(self, key: str | None = None) -> list[Row]:
        """What was published: the JSON for machines, with subject, email and sms added."""
        found = []
        for message in list(self.local.sns.messages):
            bodies = message["Bodies"]
            notice = {
                **json.loads(bodies["default"]),
                "subject": message["Subject"],
                "email": bodies.get("email", ""),
                "sms": bodies.get("sms", ""),
            }
            if key is None or notice.get("key") == key:
                found.append(notice)
        return found

    # --- counting ---

    def requests(self, function: str) -> list[str]:
        """The HTTP requests that a function sent, in order, as service.Operation."""
        session = f"/{function}"
        return [
            f"{call.service}.{call.operation}"
            for call in list(self.local.server.calls)
            if call.principal.endswith(session)
        ]

    def clear_counts(self) -> None:
        self.local.server.calls.clear()
        self.tap.clear()

    # --- configuration ---

    def add_interface(self, interface: Interface) -> Interface:
        """Makes its configuration, staging table and ledger."""
        interface.configure(self.config_execute)
        self.redshift_execute(interface.tables())
        return interface

    def set_config(self, config_sid: int, **columns: typing.Any) -> None:
        """Changes columns of one row of ext_file_config."""
        changes = ", ".join(f"{name} = %s" for name in columns)
        touched = self.config_execute(
            f"update rdscnfg.ext_file_config set {changes} where ext_file_config_sid = %s",
            *columns.values(),
            config_sid,
        )
        if touched != 1:
            raise AssertionError(f"there is no configuration {config_sid}")


def _rows(connection, sql: str, values: tuple) -> list[Row]:
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(sql, values or None)
        return [dict(row) for row in cursor.fetchall()]


_shared: dict[str, System] = {}


def shared_system(**options) -> System:
    """The system with these options that an earlier class of tests has used in this process, as
    good as new, or a new one. It ends with the process."""
    name = repr(sorted(options.items()))
    if name in _shared:
        _shared[name].clear()
    else:
        system = System(**options).__enter__()
        atexit.register(system.stop)
        _shared[name] = system
    return _shared[name]


class SystemTest(unittest.TestCase):
    """One system for all tests of a class; `options` are System's."""

    options: dict[str, typing.Any] = {}
    system: System

    @classmethod
    def setUpClass(cls):
        cls.system = cls.enterClassContext(System(**cls.options))

    def tearDown(self):
        """No function may ever break the Runtime API's rules or lack a permission."""
        self.system.local.check()
