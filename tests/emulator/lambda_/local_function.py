"""A function with its environments: warm ones are reused, parallel invocations start more.

    with LocalFunction("build/bootstrap", environment={"A": "b"}, timeout=3) as function:
        result = function.invoke({"key": "value"})

This is the platform without AWS's API around it; the Lambda service is made of these, and tests of
a runtime use it alone. Leaving the `with` block raises if a process broke the rules of the Runtime
API.
"""

import json
import pathlib
import threading
import typing

from .environment import Environment, FunctionSettings, Result
from .invocation import Invocation
from .log import KEPT_LINES, LogLine

__all__ = [
    "FunctionSettings",
    "Invocation",
    "LocalFunction",
    "ProtocolViolation",
    "Result",
    "Throttled",
]


ABORT_SECONDS = 10.0


class Throttled(Exception):
    """All environments that the function may have are busy."""


class ProtocolViolation(AssertionError):
    """A process broke the rules of the Runtime API."""


class LocalFunction:
    """`bootstrap` is the executable, its folder the task root. More options: FunctionSettings."""

    def __init__(
        self,
        bootstrap: str | pathlib.Path,
        *,
        concurrency: int = 10,
        log_file: pathlib.Path | None = None,
        on_line: typing.Callable[[LogLine], None] | None = None,
        **settings
    ):
        path = pathlib.Path(bootstrap).resolve()
        self.settings = FunctionSettings(task_root=path.parent, bootstrap=path.name, **settings)
        self.concurrency = concurrency
        self.violations: list[str] = []
        self.logs: list[str] = []  # the lines of every environment, up to KEPT_LINES
        self.exit_statuses: list[int] = []  # of processes that were shut down
        self._log_file, self._on_line = log_file, on_line
        self._free = threading.Condition()
        self._warm: list[Environment] = []
        self._all: list[Environment] = []
        self._closed = False

    def __enter__(self) -> "LocalFunction":
        return self

    def __exit__(self, kind, *_) -> None:
        self.close()
        if kind is None:
            self.check()

    @property
    def environments(self) -> int:
        return len(self._all)

    @property
    def pids(self) -> list[int]:
        """Processes that live now."""
        return [environment.pid for environment in self._all if environment.pid]

    def kill(self) -> None:
        """Ends every process, and waits for it: the next invocation is a cold one."""
        for environment in self._everything():
            environment.kill()

    def signal(self, number: int) -> None:
        """To every process that lives; waits for nothing."""
        for environment in self._everything():
            environment.signal(number)

    def _everything(self) -> list[Environment]:
        with self._free:
            return list(self._all)

    @property
    def late_answers(self) -> int:
        """Answers that came after their timeout, of the environments there are."""
        return sum(environment.late_answers for environment in self._all)

    def invoke(self, event: typing.Any = b"", *, wait: bool = True, **options) -> Result:
        """Runs one event, bytes or else something for JSON. Options: fields of Invocation."""
        data = bytes(event) if isinstance(event, (bytes, bytearray)) else json.dumps(event).encode()
        environment = self._acquire(wait)
        try:
            return environment.invoke(Invocation(data, **options))
        finally:
            self._release(environment)

    def _acquire(self, wait: bool) -> Environment:
        with self._free:
            while not self._closed and not self._warm and len(self._all) >= self.concurrency:
                if not wait:
                    raise Throttled("Rate Exceeded.")
                self._free.wait()
            if self._closed:
                raise Throttled("the function is shut down")
            if self._warm:
                return self._warm.pop()
            environment = Environment(self.settings, self._log_file, self._take_line)
            environment.violations = self.violations
            self._all.append(environment)
            return environment

    def _take_line(self, line: LogLine) -> None:
        if len(self.logs) < KEPT_LINES:
            self.logs.append(line.text)
        if self._on_line:
            self._on_line(line)

    def _release(self, environment: Environment) -> None:
        with self._free:
            if not self._closed:
                self._warm.append(environment)
                self._free.notify()
                return
        self._shut_down(environment)

    def _shut_down(self, environment: Environment) -> None:
        status = environment.shut_down()
        with self._free:
            if status is not None:
                self.exit_statuses.append(status)
            self._all.remove(environment)
            self._free.notify_all()

    def close(self, abort: bool = False) -> None:
        """Shuts down every idle environment; a busy one follows when its invocation ends.

        With `abort` a busy one is killed, and all are gone on return.
        """
        with self._free:
            self._closed = True
            idle, self._warm = self._warm, []
            busy = [environment for environment in self._all if environment not in idle]
            self._free.notify_all()
        if abort:
            for environment in busy:
                environment.abort()
        for environment in idle:
            self._shut_down(environment)
        with self._free:
            self._free.wait_for(lambda: not abort or not self._all, ABORT_SECONDS)

    def check(self) -> None:
        """Raises ProtocolViolation if there was any."""
        if self.violations:
            raise ProtocolViolation("\n".join(self.violations))
