"""A private Postgres for the local AWS: its own cluster, port and sockets, gone when it stops.

It holds the database that the PG* variables lead to, and the one that plays Redshift. Durability is
switched off: what is kept here is worth as much as the test that made it.

initdb and CREATE DATABASE take a second or two. So the data of the first cluster of its kind is
kept below build/, and the next ones are copies of it.
"""

import contextlib
import ctypes
import dataclasses
import fcntl
import hashlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing

import psycopg2
import psycopg2.extensions
import psycopg2.sql

ROOT = pathlib.Path(__file__).resolve().parents[3]
KEPT = ROOT / os.environ.get("BUILD", "build") / "postgres"
BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
ADMINISTRATOR = "postgres"
CONFIG_DATABASE, CONFIG_USER, CONFIG_PASSWORD = "config", "config_user", "config-password"
START_SECONDS, STOP_SECONDS = 60.0, 20.0
SOCKET_FOLDER_LIMIT = 107 - len("/.s.PGSQL.65535")  # bytes

SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_permissions": "0700",
    "max_connections": "250",
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "jit": "off",
    "password_encryption": "'scram-sha-256'",
    "log_line_prefix": "'%m [%p] %u@%d '",
    "log_statement": "'none'",  # statements may hold what must not reach a log
    "log_min_error_statement": "'panic'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}
ELSEWHERE = "local-aws-postgres-"  # how the name of a folder in /tmp begins
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


INITDB = (
    "initdb",
    f"--username={ADMINISTRATOR}",
    "--encoding=UTF8",
    "--locale=C.UTF-8",  # sorts by bytes, as Redshift does
    "--auth-local=trust",
    "--auth-host=scram-sha-256",
    "--wal-segsize=1",  # megabytes: most clusters write no more in their life
    "--no-sync",
    "--no-instructions",
)


class PostgresError(Exception):
    """The cluster could not be made or started; the text holds what Postgres said."""


@dataclasses.dataclass(frozen=True)
class Content:
    """What a new cluster holds beside the configuration database. A kept cluster serves as long as
    the `sources` of what `install` does stay the same."""

    sources: tuple[pathlib.Path, ...]
    install: typing.Callable[["Postgres"], None]


NOTHING = Content((), lambda postgres: None)


class Postgres:
    """A cluster below `root`. Start it from a thread that lives on: the server stops when that
    thread ends, so that a killed test leaves nothing running."""

    def __init__(self, root: pathlib.Path, content: Content = NOTHING):
        self.host, self.port = "127.0.0.1", 0
        self._content = content
        self._root = pathlib.Path(root)
        self._owner = ADMINISTRATOR if os.geteuid() == 0 else None
        self._home: pathlib.Path | None = None
        self._sockets: pathlib.Path | None = None
        self._lock: typing.TextIO | None = None
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "Postgres":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    # --- life ---

    def start(self) -> None:
        self._home = self._make_home()
        self._sockets = self._make_sockets()
        self._make_data()
        self._serve()

    def stop(self) -> None:
        """Ends all sessions at once and removes the data."""
        self._end_server(signal.SIGQUIT)
        for folder in (self._home, self._sockets):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
        self._home = self._sockets = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def log(self) -> str:
        path = self._home / "log" if self._home else None
        return path.read_text(errors="replace") if path and path.exists() else ""

    # --- use ---

    def connect(
        self, database: str = ADMINISTRATOR, user: str = ADMINISTRATOR, password: str | None = None
    ) -> psycopg2.extensions.connection:
        """A session in autocommit mode: over the private socket without a password, over TCP with
        one."""
        host = str(self._sockets) if password is None else self.host
        connection = psycopg2.connect(
            host=host,
            port=self.port,
            dbname=database,
            user=user,
            password=password or "",
            connect_timeout=60,
        )
        connection.autocommit = True
        return connection

    def environment(self) -> dict[str, str]:
        """The PG* variables that lead to the configuration database."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": CONFIG_USER,
            "PGPASSWORD": CONFIG_PASSWORD,
            "PGDATABASE": CONFIG_DATABASE,
        }

    def create_role(self, name: str, password: str, options: str = "") -> None:
        statement = psycopg2.sql.SQL("CREATE ROLE {} LOGIN " + options + " PASSWORD {}")
        self._administer(
            statement.format(psycopg2.sql.Identifier(name), psycopg2.sql.Literal(password))
        )

    def create_database(self, name: str, owner: str) -> None:
        statement = psycopg2.sql.SQL("CREATE DATABASE {} OWNER {}")
        self._administer(
            statement.format(psycopg2.sql.Identifier(name), psycopg2.sql.Identifier(owner))
        )

    def _administer(self, statement: psycopg2.sql.Composable) -> None:
        connection = self.connect()
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    # --- making it ---

    def _make_home(self) -> pathlib.Path:
        """A fresh folder below root, or in /tmp when user postgres cannot reach root."""
        self._root.mkdir(parents=True, exist_ok=True)
        wanted = self._root / "cluster"
        _end_stale(wanted)
        shutil.rmtree(wanted, ignore_errors=True)
        if self._owner and not self._reachable():
            return self._make_elsewhere(pathlib.Path(tempfile.gettempdir()))
        wanted.mkdir()
        return self._make_folder(wanted)

    def _make_elsewhere(self, place: pathlib.Path) -> pathlib.Path:
        """Marked by a lock that ends with this process, so that a later one can tell what is left
        over."""
        _remove_stale(place, pwd.getpwnam(ADMINISTRATOR).pw_uid)
        home = pathlib.Path(tempfile.mkdtemp(prefix=ELSEWHERE, dir=place))
        self._lock = open(home / "lock", "x")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self._make_folder(home)

    def _make_sockets(self) -> pathlib.Path:
        """Beside the data, so that a run that is killed leaves no folder elsewhere; in /tmp when
        that path is too long for a socket."""
        near = typing.cast(pathlib.Path, self._home) / "sockets"
        if len(os.fsencode(near)) <= SOCKET_FOLDER_LIMIT:
            near.mkdir()
            return self._make_folder(near)
        return self._make_folder(pathlib.Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp")))

    def _reachable(self) -> bool:
        return (
            self._run(["/usr/bin/test", "-x", str(self._root.resolve())], check=False).returncode
            == 0
        )

    def _make_folder(self, folder: pathlib.Path) -> pathlib.Path:
        folder.chmod(0o700)
        if self._owner:
            shutil.chown(folder, self._owner, self._owner)
        return folder

    def _make_data(self) -> None:
        """As kept; the first cluster of its kind is made, and kept."""
        KEPT.mkdir(parents=True, exist_ok=True)
        kept = KEPT / f"{self._kind()}.tar"
        with open(kept.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                self._initialise()
                new = kept.with_suffix(".new")
                _tar("--create", new, self._data.parent, self._data.name)
                new.rename(kept)
                return
        _tar("--extract", kept, self._data.parent)

    def _kind(self) -> str:
        """Differs for all that makes a cluster another one."""
        found = hashlib.sha256(self._run([str(BINARIES / "initdb"), "--version"]).stdout.encode())
        found.update(repr(self._identity()).encode())
        for source in (pathlib.Path(__file__), *self._content.sources):
            found.update(hashlib.sha256(source.read_bytes()).digest())
        return found.hexdigest()[:16]

    def _initialise(self) -> None:
        program, *options = INITDB
        self._run([str(BINARIES / program), "-D", str(self._data), *options])
        self._serve()
        self.create_role(CONFIG_USER, CONFIG_PASSWORD)
        self.create_database(CONFIG_DATABASE, CONFIG_USER)
        self._content.install(self)
        self._end_server(signal.SIGINT)
        self._run([str(BINARIES / "pg_resetwal"), "-D", str(self._data)])  # empties the log

    def _serve(self) -> None:
        for _ in range(5):  # another program may take the port between asking and listening
            self.port = _free_port()
            self._launch()
            if self._wait_ready():
                return
        raise PostgresError(f"Postgres does not start:\n{self.log()[-2000:]}")

    def _end_server(self, number: signal.Signals) -> None:
        """By SIGINT, the fast shutdown, or SIGQUIT, the immediate one, which writes nothing."""
        if self._process is not None:
            _end(self._process, number)
            self._process = None

    def _launch(self) -> None:
        settings = {
            **SETTINGS,
            "port": str(self.port),
            "unix_socket_directories": f"'{self._sockets}'",
        }
        command = [str(BINARIES / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value.strip(chr(39))}"]
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                preexec_fn=_die_with_parent,
                start_new_session=True,
                **self._identity(),
            )

    def _wait_ready(self) -> bool:
        process = typing.cast(subprocess.Popen, self._process)
        until = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < until:
            try:
                self.connect().close()
                return True
            except psycopg2.OperationalError:
                time.sleep(0.02)
        self._end_server(signal.SIGQUIT)
        return False

    @property
    def _data(self) -> pathlib.Path:
        return typing.cast(pathlib.Path, self._home) / "data"

    @property
    def _log_path(self) -> pathlib.Path:
        return typing.cast(pathlib.Path, self._home) / "log"

    def _identity(self) -> dict[str, typing.Any]:
        """Postgres refuses to run as root."""
        return (
            {"user": self._owner, "group": self._owner, "extra_groups": []} if self._owner else {}
        )

    def _run(self, command: list[str], check: bool = True) -> subprocess.CompletedProcess:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
            timeout=120,
            **self._identity(),
        )
        if check and result.returncode != 0:
            raise PostgresError(f"{command[0]}: {result.stdout}{result.stderr}".strip())
        return result


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _tar(action: str, archive: pathlib.Path, folder: pathlib.Path, *members: str) -> None:
    """Owners and rights are kept. A program of its own is faster than Python's module."""
    command = ["/usr/bin/tar", action, f"--file={archive}", f"--directory={folder}", *members]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise PostgresError(f"tar: {result.stderr.strip()}")


def _end(process: subprocess.Popen, number: signal.Signals) -> None:
    for number in (number, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    process.wait()


def _remove_stale(place: pathlib.Path, owner: int) -> None:
    """Folders of runs that were killed: nobody holds their lock any more."""
    for folder in place.glob(ELSEWHERE + "*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != owner:
                continue
            lock = os.open(folder / "lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _end_stale(folder)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _end_stale(home: pathlib.Path) -> None:
    """Ends the server that an earlier run left on this very data folder, and no other."""
    try:
        pid = int((home / "data/postmaster.pid").read_text().split("\n", 1)[0])
        arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return
    if str(home / "data").encode() not in arguments:
        return
    os.kill(pid, signal.SIGINT)
    until = time.monotonic() + STOP_SECONDS
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < until:
        time.sleep(0.05)
