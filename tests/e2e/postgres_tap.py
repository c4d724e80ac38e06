"""Stands between the functions and Postgres: passes everything on, counts it, and cuts on order.

    tap.round_trips("file-process")     how often that function waited for Postgres
    tap.refuse = "53300"                new sessions are refused with this SQLSTATE
    tap.cut_at("insert into", "after")  the session dies once Postgres has got that statement
    tap.on_statement = judge            is asked of every statement: "", "before" or "after"
"""

import contextlib
import dataclasses
import socket
import struct
import threading
import time
import typing

_CANCEL, _TLS, _GSS = 80877102, 80877103, 80877104


@dataclasses.dataclass(frozen=True)
class Statement:
    application: str  # application_name of the session
    sql: str
    at: float


class PostgresTap:
    """Listens on a port of its own and forwards to `target`. Plain connections only."""

    def __init__(self, target: tuple[str, int]):
        self.statements: list[Statement] = []
        self.refuse = ""
        self.on_statement: typing.Callable[[Statement], str] = lambda statement: ""
        self._target = target
        self._lock = threading.Lock()
        self._round_trips: dict[str, int] = {}
        self._logins: dict[str, int] = {}
        self._cuts: list[tuple[str, str]] = []
        self._sessions: set["_Session"] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True, name="postgres tap").start()

    # --- what was seen ---

    def round_trips(self, application: str) -> int:
        """Questions that were answered, the login not counted."""
        with self._lock:
            return self._round_trips.get(application, 0)

    def logins(self, application: str) -> int:
        with self._lock:
            return self._logins.get(application, 0)

    def statements_of(self, application: str) -> list[str]:
        with self._lock:
            return [item.sql for item in self.statements if item.application == application]

    def clear(self) -> None:
        with self._lock:
            self.statements.clear()
            self._round_trips.clear()
            self._logins.clear()

    # --- orders ---

    def cut_at(self, text: str, when: str = "before") -> None:
        """The next session that sends a statement with this text is cut: `before` Postgres gets it,
        or `after` Postgres has answered and before the function learns of it."""
        if when not in ("before", "after"):
            raise ValueError("when is before or after")
        with self._lock:
            self._cuts.append((text, when))

    def cut_all(self) -> None:
        """Ends all sessions there are, as a failover does."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    # --- sessions ---

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                session = _Session(self, client, socket.create_connection(self._target, 10))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._sessions.add(session)
            session.start()

    def gone(self, session: "_Session") -> None:
        with self._lock:
            self._sessions.discard(session)

    def login(self, application: str) -> None:
        with self._lock:
            self._logins[application] = self._logins.get(application, 0) + 1

    def answered(self, application: str) -> None:
        with self._lock:
            self._round_trips[application] = self._round_trips.get(application, 0) + 1

    def asked(self, application: str, sql: str) -> str:
        """Notes a statement; when to cut the session, or an empty text."""
        statement = Statement(application, sql, time.time())
        with self._lock:
            self.statements.append(statement)
        if when := self.on_statement(statement):
            return when
        with self._lock:
            found = next((cut for cut in self._cuts if cut[0].lower() in sql.lower()), None)
            if found is None:
                return ""
            self._cuts.remove(found)
            return found[1]


class _Cut(Exception):
    """This session ends here."""


class _Session:
    def __init__(self, tap: PostgresTap, client: socket.socket, server: socket.socket):
        self._tap, self._client, self._server = tap, client, server
        for end in (client, server):
            end.settimeout(None)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._application, self._ready, self._cut_answer = "", False, False
        self._streams = (client.makefile("rb"), server.makefile("rb"))
        self._last = threading.Lock()  # held by nobody until the first pump has ended

    def start(self) -> None:
        for pump in (self._to_server, self._to_client):
            threading.Thread(target=self._run, args=(pump,), daemon=True).start()

    def close(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _run(self, pump: typing.Callable[[], None]) -> None:
        with contextlib.suppress(OSError, _Cut, EOFError):
            pump()
        self.close()
        self._tap.gone(self)
        if not self._last.acquire(blocking=False):  # the other pump has ended before
            for end in (*self._streams, self._client, self._server):
                with contextlib.suppress(OSError):
                    end.close()

    def _to_server(self) -> None:
        stream = self._streams[0]
        while self._start_up(stream):
            pass
        while True:
            head = _exactly(stream, 5)
            body = _exactly(stream, struct.unpack("!i", head[1:])[0] - 4)
            if head[:1] == b"Q":
                self._statement(body.rstrip(b"\0"))
            elif head[:1] == b"P":
                self._statement(body.split(b"\0")[1])
            self._server.sendall(head + body)

    def _start_up(self, stream: typing.BinaryIO) -> bool:
        """One message before the login; True if another one follows."""
        size = _exactly(stream, 4)
        body = _exactly(stream, struct.unpack("!i", size)[0] - 4)
        code = struct.unpack("!i", body[:4])[0]
        if code in (_TLS, _GSS):
            self._client.sendall(b"N")
            return True
        if code != _CANCEL:
            words = body[4:].split(b"\0")
            self._application = (
                dict(zip(words[::2], words[1::2])).get(b"application_name", b"").decode()
            )
            if self._tap.refuse:
                self._client.sendall(_error(self._tap.refuse))
                raise _Cut
        self._server.sendall(size + body)
        return False

    def _statement(self, sql: bytes) -> None:
        when = self._tap.asked(self._application, sql.decode(errors="replace"))
        if when == "before":
            raise _Cut
        self._cut_answer = self._cut_answer or when == "after"

    def _to_client(self) -> None:
        stream = self._streams[1]
        while True:
            head = _exactly(stream, 5)
            body = _exactly(stream, struct.unpack("!i", head[1:])[0] - 4)
            if head[:1] == b"Z" and not self._ready:
                self._ready = True
                self._tap.login(self._application)
            elif head[:1] == b"Z":
                self._tap.answered(self._application)
                if self._cut_answer:
                    raise _Cut
            if not self._cut_answer:
                self._client.sendall(head + body)


def _exactly(stream: typing.BinaryIO, size: int) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise EOFError
    return data


def _error(sqlstate: str) -> bytes:
    fields = (b"SFATAL", b"VFATAL", b"C" + sqlstate.encode(), b"Mrefused on purpose")
    body = b"".join(field + b"\0" for field in fields) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body
