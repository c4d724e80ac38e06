"""What a function process writes: one pipe for stdout and stderr, kept line by line."""

import contextlib
import dataclasses
import logging
import os
import pathlib
import select
import threading
import typing

KEPT_LINES = 100_000

log = logging.getLogger("emulator")


@dataclasses.dataclass(frozen=True)
class LogLine:
    """A line, and where CloudWatch Logs keeps it."""

    function: str
    group: str
    stream: str
    text: str


class LogPipe:
    """Reads in the background; `drain` takes in what was written before it was called."""

    def __init__(self, file: pathlib.Path | None, on_line: typing.Callable[[str], None] | None):
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._wake_read, self._wake_write = os.pipe()
        self._file = open(file, "ab") if file else None
        self._on_line = on_line
        self._lock = threading.RLock()
        self._rest = b""
        self._lines: list[str] = []  # not yet taken
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    def take_lines(self) -> list[str]:
        """The lines since the last call."""
        with self._lock:
            lines, self._lines = self._lines, []
            return lines

    def platform_line(self, text: str) -> None:
        """A line of the platform itself, such as START or REPORT."""
        with self._lock:
            self._keep(text.encode())

    def drain(self) -> None:
        with self._lock, contextlib.suppress(BlockingIOError):
            while data := os.read(self._read_end, 65536):
                self._take(data)

    def _follow(self) -> None:
        poll = select.poll()
        poll.register(self._read_end, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while True:
            ready = poll.poll()
            self.drain()
            if any(descriptor == self._wake_read for descriptor, _ in ready):
                return

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._keep(line)

    def _keep(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        if len(self._lines) < KEPT_LINES:
            self._lines.append(text)
        if self._file:
            self._file.write(line + b"\n")
            self._file.flush()
        if self._on_line:
            try:
                self._on_line(text)
            except Exception:  # whoever looks on must not end the reading
                log.exception("a log line is not shown")

    def close(self) -> None:
        os.write(self._wake_write, b"x")
        self._reader.join()
        with self._lock:
            if self._rest:
                self._keep(self._rest)
                self._rest = b""
            for descriptor in (self._read_end, self.write_end, self._wake_read, self._wake_write):
                os.close(descriptor)
            if self._file:
                self._file.close()
