"""HTTP/1.1 on a socket, strictly: one request read, one response written. Knows nothing of AWS.

A parser of our own and not http.server's, because the local AWS must notice what a client does
wrong: a lenient parser would repair it. Both the AWS endpoint and the Lambda Runtime API stand on
it.
"""

import contextlib
import dataclasses
import email.utils
import http
import io
import os
import re
import select
import selectors
import socket
import threading
import time
import typing

MAX_HEAD = 64 * 1024
BLOCK = 256 * 1024
ACCEPT_PAUSE = 0.02  # seconds
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_TARGET = re.compile(rb"[!-~]+\Z")
_BODILESS = (204, 304)


class BadRequest(Exception):
    """The bytes on the connection are no well-formed request; it is answered and closed."""

    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status


class Truncated(Exception):
    """The peer closed the connection inside a request."""


@dataclasses.dataclass
class WireRequest:
    method: str
    target: str  # as sent: path and query, percent-encoded
    fields: list[tuple[str, str]]  # header fields in order, names in lower case
    body: "Body"
    close: bool  # the client asked for the connection to be closed afterwards

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def field(self, name: str, default: str | None = None) -> str | None:
        """The first header field of this name (given in lower case)."""
        return next((value for field, value in self.fields if field == name), default)


class Body(io.RawIOBase):
    """The bytes of one request, straight from the connection, chunked framing removed.

    `100 Continue` is sent when the body is first read, an empty one included, so a request refused
    by its header never carries its body.
    """

    def __init__(self, stream: io.BufferedReader, length: int | None, on_first_read=None):
        super().__init__()
        self._stream, self._on_first_read = stream, on_first_read
        self.length = length  # None: chunked, known only at the end
        self._left = length if length is not None else 0
        self._chunked = length is None
        self.finished = length == 0
        self.trailers: list[tuple[str, str]] = []

    def readable(self) -> bool:
        return True

    @property
    def expects_continue(self) -> bool:
        """The client still waits for 100 Continue. It may not forget that after another reply, so
        the connection is of no more use."""
        return self._on_first_read is not None

    def readinto(self, buffer) -> int:
        if self._on_first_read:
            self._on_first_read()
            self._on_first_read = None
        if self.finished or len(buffer) == 0:
            return 0
        if self._chunked and self._left == 0 and not self._next_chunk():
            return 0
        count = self._stream.readinto(memoryview(buffer)[: self._left])
        if not count:
            raise Truncated(f"the connection closed {self._left} bytes before the end of the body")
        self._left -= count
        if self._left == 0:
            self._end_of_part()
        return count

    def _end_of_part(self) -> None:
        if not self._chunked:
            self.finished = True
        elif _line(self._stream) != b"":
            raise BadRequest("a chunk is not followed by CRLF")

    def _next_chunk(self) -> bool:
        size = _line(self._stream).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
            raise BadRequest(f"the chunk size {size!r} is not a hexadecimal number")
        self._left = int(size, 16)
        if self._left:
            return True
        self.trailers = _read_fields(self._stream)
        self.finished = True
        return False

    def drain(self, limit: int) -> bool:
        """Forgets the rest; False if it is over `limit` bytes, or not worth asking for."""
        if self.expects_continue:
            return False
        if self.finished:
            return True
        buffer = bytearray(min(BLOCK, limit + 1))
        while limit >= 0 and (count := self.readinto(buffer)):
            limit -= count
        return self.finished


def _line(stream: io.BufferedReader, limit: int = MAX_HEAD) -> bytes:
    line = stream.readline(limit)
    if not line.endswith(b"\n"):
        if len(line) >= limit:
            raise BadRequest("a line of the request is too long", 431)
        raise Truncated("the connection closed inside a request")
    return line[:-2] if line.endswith(b"\r\n") else line[:-1]


def _read_fields(stream: io.BufferedReader) -> list[tuple[str, str]]:
    fields, size = [], 0
    while line := _line(stream):
        size += len(line)
        if size > MAX_HEAD:
            raise BadRequest("the request header is too large", 431)
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.match(name):
            raise BadRequest(f"{line[:80]!r} is not a header field")
        if re.search(rb"[\0\r]", value):
            raise BadRequest(f"the header field {name[:80]!r} holds a control character")
        # UTF-8 as S3 reads metadata; what is not UTF-8 survives byte for byte.
        fields.append(
            (name.decode("ascii").lower(), value.strip(b" \t").decode("utf-8", "surrogateescape"))
        )
    return fields


def _body_length(fields: list[tuple[str, str]]) -> int | None:
    lengths = [value for name, value in fields if name == "content-length"]
    codings = [value.lower() for name, value in fields if name == "transfer-encoding"]
    if codings:
        if codings != ["chunked"] or lengths:
            raise BadRequest(f"Transfer-Encoding {codings} with Content-Length {lengths}")
        return None
    if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,18}", length) for length in lengths):
        raise BadRequest(f"Content-Length {lengths} is not one number")
    return int(lengths[0]) if lengths else 0


class _Incoming(io.RawIOBase):
    """What the peer sends. The connection ceases to rest before the first byte is taken, so that
    there is no moment at which a request is neither in the socket nor being served."""

    def __init__(self, connection: "Connection"):
        super().__init__()
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        sock = self._connection.sock
        if self._connection.resting:
            sock.recv(1, socket.MSG_PEEK)
            self._connection.resting = False
        return sock.recv_into(buffer)


class Connection:
    """One accepted connection, used by one thread."""

    def __init__(self, sock: socket.socket, idle_seconds: float | None):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(idle_seconds)
        self.sock = sock
        self.resting = False  # between requests, or serving one that is no work
        self._stream = io.BufferedReader(_Incoming(self), BLOCK)

    def read_request(self) -> WireRequest | None:
        """The next request, or None when the peer closed between requests."""
        self.resting = True
        first = self._stream.readline(MAX_HEAD)
        self.resting = False
        if not first:
            return None
        if not first.endswith(b"\r\n"):
            raise BadRequest("the request line is too long or does not end with CRLF", 431)
        parts = first[:-2].split(b" ")
        if len(parts) != 3 or not _TOKEN.match(parts[0]) or not _TARGET.match(parts[1]):
            raise BadRequest(f"{first[:80]!r} is not a request line")
        method, target, version = (part.decode("ascii") for part in parts)
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise BadRequest(f"{version} is not spoken here", 505)
        fields = _read_fields(self._stream)
        hosts = [value for name, value in fields if name == "host"]
        if version == "HTTP/1.1" and len(hosts) != 1:
            raise BadRequest("a request needs exactly one Host field")
        if target.startswith("http://"):  # absolute form, as sent to a proxy
            target = "/" + target[len("http://") :].partition("/")[2]
        options = {
            word.strip()
            for name, value in fields
            if name == "connection"
            for word in value.lower().split(",")
        }
        close = "close" in options or (version == "HTTP/1.0" and "keep-alive" not in options)
        expects = any(
            name == "expect" and value.lower() == "100-continue" for name, value in fields
        )
        body = Body(self._stream, _body_length(fields), self._continue if expects else None)
        return WireRequest(method, target, fields, body, close)

    def _continue(self) -> None:
        self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def send(
        self,
        status: int,
        headers: typing.Mapping[str, str],
        body: bytes | typing.BinaryIO = b"",
        length: int | None = None,
        *,
        head_only: bool = False,
        close: bool = False,
        stop_after: int | None = None,
    ) -> None:
        """Writes a response. `head_only` answers HEAD; `stop_after` cuts the body on purpose."""
        if length is None:
            if not isinstance(body, (bytes, bytearray, memoryview)):
                raise TypeError("a body that is a file needs its length")
            length = len(body)
        head = self._head(status, headers, length, close)
        if head_only or status in _BODILESS:
            self.sock.sendall(head)
            return
        if stop_after is not None:
            length = min(length, stop_after)
        if isinstance(body, (bytes, bytearray, memoryview)):
            self.sock.sendall(head + bytes(memoryview(body)[:length]))
            return
        self.sock.sendall(head, socket.MSG_MORE if length else 0)
        self._send_file(body, length)

    @staticmethod
    def _head(status: int, headers: typing.Mapping[str, str], length: int, close: bool) -> bytes:
        try:
            reason = http.HTTPStatus(status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/1.1 {status} {reason}"]
        lower = {name.lower() for name in headers}
        if "date" not in lower:
            lines.append(f"Date: {email.utils.formatdate(usegmt=True)}")
        for name, value in headers.items():
            if "\r" in str(value) or "\n" in str(value):
                raise ValueError(f"the value of {name} holds a line break")
            if name.lower() != "content-length":
                lines.append(f"{name}: {value}")
        if status not in _BODILESS:
            lines.append(f"Content-Length: {length}")
        if close:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    def _send_file(self, file: typing.BinaryIO, length: int) -> None:
        try:
            source = file.fileno()
            offset = file.tell()
        except (OSError, AttributeError):
            self._copy_file(file, length)
            return
        self._sendfile(source, offset, length)

    def _sendfile(self, source: int, offset: int, length: int) -> None:
        # os.sendfile and not socket.sendfile: the latter would use select with its limit of 1024
        # files.
        timeout = self.sock.gettimeout()
        self.sock.setblocking(True)
        seconds = int(timeout or 0)
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds.to_bytes(8, "little") + bytes(8)
        )
        try:
            while length:
                sent = os.sendfile(self.sock.fileno(), source, offset, min(length, 1 << 30))
                if sent == 0:
                    raise OSError("the file is shorter than announced")
                offset, length = offset + sent, length - sent
        finally:
            self.sock.settimeout(timeout)

    def _copy_file(self, file: typing.BinaryIO, length: int) -> None:
        while length:
            block = file.read(min(BLOCK, length))
            if not block:
                raise OSError("the file is shorter than announced")
            self.sock.sendall(block)
            length -= len(block)

    def close(self, lingering: bool = False) -> None:
        """Closes; `lingering` lets the peer read the reply first although it is still sending."""
        with contextlib.suppress(OSError):
            if lingering:
                self.sock.shutdown(socket.SHUT_WR)
                self.sock.settimeout(1.0)
                for _ in range(64):
                    if not self.sock.recv(BLOCK):
                        break
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            self.sock.close()

    def reset(self) -> None:
        """Drops the connection with RST, as a crashed peer would."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, (1).to_bytes(4, "little") + bytes(4)
            )
        self.close()


class Listener:
    """Accepts on a loopback port; runs `serve(connection)` for each in a thread of its own."""

    def __init__(
        self,
        serve: typing.Callable[[Connection], None],
        host="127.0.0.1",
        port=0,
        idle_seconds: float | None = 120.0,
    ):
        self._serve, self._idle_seconds = serve, idle_seconds
        self._socket = socket.create_server((host, port), backlog=256)
        self._socket.setblocking(False)
        self.host, self.port = self._socket.getsockname()[:2]
        self._lock = threading.Lock()
        self._open: dict[Connection, threading.Thread] = {}
        self._stopping = False
        self._acceptor = threading.Thread(
            target=self._accept, daemon=True, name=f"accept-{self.port}"
        )

    def start(self) -> None:
        self._acceptor.start()

    def _accept(self) -> None:
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        while not self._stopping:
            waiting.poll()
            try:
                self._take()
            except OSError:  # the client went away, or no file descriptor is left: others will come
                time.sleep(ACCEPT_PAUSE)

    def _take(self) -> None:
        """From the backlog into `_open` in one step, as seen by who holds the lock."""
        with self._lock:
            if self._stopping:
                return
            sock, _ = self._socket.accept()
            connection = Connection(sock, self._idle_seconds)
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            self._open[connection] = thread
            thread.start()

    def is_quiet(self) -> bool:
        """No request is being served, and none waits in a socket; who may still send is not asked."""
        with self._lock, selectors.PollSelector() as waiting:
            connections = list(self._open)
            waiting.register(self._socket, selectors.EVENT_READ)
            for connection in connections:
                with contextlib.suppress(OSError, ValueError):  # it has just ended
                    waiting.register(connection.sock, selectors.EVENT_READ)
            if waiting.select(0):
                return False
        # In this order: what left a socket before it was looked at is being served by now.
        return all(connection.resting for connection in connections)

    def _run(self, connection: Connection) -> None:
        try:
            self._serve(connection)
        finally:
            connection.close()
            with self._lock:
                self._open.pop(connection, None)

    def stop(self) -> None:
        """Stops accepting, ends every connection, and waits for their threads."""
        with self._lock:
            self._stopping = True
            connections = dict(self._open)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._acceptor.ident is not None:
            self._acceptor.join(5.0)
        self._socket.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        for thread in connections.values():
            if thread is not threading.current_thread() and thread.ident is not None:
                thread.join(5.0)
