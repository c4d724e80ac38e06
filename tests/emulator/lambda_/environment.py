"""One execution environment: a process started from `bootstrap`, its Runtime API and its log.

The process gets Lambda's environment and nothing of ours. It runs one invocation at a time; a crash
or a timeout ends it, and the next invocation starts a new one, as an environment is reset in the
cloud.
"""

import dataclasses
import datetime
import json
import pathlib
import signal
import threading
import time
import typing
import uuid

from .function_process import FunctionProcess
from .invocation import Invocation, error_payload
from .log import LogLine, LogPipe
from .runtime_api import RuntimeApi

INIT_SECONDS = 10.0
# In the cloud a process has 2 s to end. Here, on a machine that may be busy with much else, whoever
# ends at all shall not be called stubborn.
SHUTDOWN_SECONDS = 10.0


@dataclasses.dataclass
class FunctionSettings:
    """How a function is started. `environment` is what its owner configured."""

    task_root: pathlib.Path  # the folder that holds `bootstrap`
    root: pathlib.Path | None = None  # above it: all that the process sees of this machine's files
    name: str = "function"
    handler: str = "bootstrap"
    timeout: float = 3.0  # seconds
    memory_mb: int = 128
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    region: str = "eu-west-1"
    arn: str = ""
    version: str = "$LATEST"
    log_group: str = ""
    log_format: str = "Text"
    log_level: str = ""
    # Called for each environment that starts: AWS_ACCESS_KEY_ID and its companions.
    credentials: typing.Callable[[], dict[str, str]] = dict
    bootstrap: str = "bootstrap"
    arguments: tuple[str, ...] = ()
    init_seconds: float = INIT_SECONDS
    shutdown_seconds: float = SHUTDOWN_SECONDS  # between SIGTERM and SIGKILL
    send_invocation_id: bool = True
    freeze: bool = False  # SIGSTOP between invocations
    kill_on_timeout: bool = (
        True  # False: the process runs on and answers too late, as the cloud permits
    )
    sigterm: bool = True  # shut down as if an extension were registered: SIGTERM, then SIGKILL

    def __post_init__(self):
        self.task_root = pathlib.Path(self.task_root)
        self.root = self.root and pathlib.Path(self.root).resolve()
        self.arn = self.arn or f"arn:aws:lambda:{self.region}:111122223333:function:{self.name}"
        self.log_group = self.log_group or f"/aws/lambda/{self.name}"

    @property
    def task_root_inside(self) -> pathlib.Path:
        """The task root as the process sees it."""
        if self.root is None:
            return self.task_root
        return "/" / self.task_root.relative_to(self.root)

    def command(self) -> list[str]:
        enter = [] if self.root is None else ["/usr/sbin/chroot", str(self.root)]
        return [*enter, str(self.task_root_inside / self.bootstrap), *self.arguments]

    def process_environment(self, runtime_api: str, log_stream: str) -> dict[str, str]:
        values = {
            "_HANDLER": self.handler,
            "LAMBDA_TASK_ROOT": str(self.task_root_inside),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "AWS_LAMBDA_LOG_FORMAT": self.log_format,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "TZ": ":UTC",
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
            "LD_LIBRARY_PATH": (
                "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
            ),
        }
        if self.log_level:
            values["AWS_LAMBDA_LOG_LEVEL"] = self.log_level
        values.update(self.environment)
        values.update(self.credentials())
        values["AWS_LAMBDA_RUNTIME_API"] = runtime_api  # reserved: no configuration changes it
        return values


@dataclasses.dataclass
class Result:
    """What the caller of a function learns."""

    request_id: str
    payload: bytes
    function_error: str = ""  # X-Amz-Function-Error: "Unhandled" when the function failed
    error_type: str = ""
    duration_ms: float = 0.0
    cold: bool = False
    log: list[str] = dataclasses.field(default_factory=list)
    max_memory_kb: int = 0

    def json(self) -> typing.Any:
        return json.loads(self.payload)


class Environment:
    """Use from one thread at a time; `invoke` blocks until the invocation is over."""

    def __init__(
        self,
        settings: FunctionSettings,
        log_file: pathlib.Path | None = None,
        on_line: typing.Callable[[LogLine], None] | None = None,
    ):
        self.settings = settings
        day = time.strftime("%Y/%m/%d", time.gmtime())
        self.log_stream = f"{day}/[{settings.version}]{uuid.uuid4().hex}"
        self.violations: list[str] = []  # of all processes that ran here
        self._late_before = 0  # of processes that are gone
        self._on_line = on_line
        self._log = LogPipe(log_file, self._take_line)
        self._api: RuntimeApi | None = None
        self._process: FunctionProcess | None = None
        self._started = threading.Event()  # `_process` is the one that asks for events
        self._frozen = False

    def _take_line(self, text: str) -> None:
        if self._on_line:
            settings = self.settings
            self._on_line(LogLine(settings.name, settings.log_group, self.log_stream, text))

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def late_answers(self) -> int:
        """Answers that came after their timeout and were refused with 410."""
        return self._late_before + (self._api.late_answers if self._api else 0)

    # --- life of the process ---

    def _start(self) -> None:
        settings = self.settings
        api = RuntimeApi(
            settings.arn,
            send_invocation_id=settings.send_invocation_id,
            on_idle=self._freeze if settings.freeze else None,
            on_busy=self._thaw if settings.freeze else None,
        )
        api.violations = self.violations
        self._frozen = False
        self._started.clear()
        try:
            self._process = FunctionProcess(
                settings.command(),
                settings.process_environment(api.address, self.log_stream),
                settings.task_root,
                self._log.write_end,
                api.process_ended,
            )
        except OSError as error:
            api.close()
            raise InvalidEntrypoint(
                f"Couldn't start the bootstrap {settings.bootstrap}: {error.strerror}"
            ) from None
        self._api = api
        self._started.set()

    def _freeze(self) -> None:
        self._started.wait()  # it may ask before we know of it
        self._process.signal_group(signal.SIGSTOP)
        self._frozen = True

    def _thaw(self) -> None:
        if self._frozen:
            self._process.signal_group(signal.SIGCONT)
            self._frozen = False

    def _kill(self) -> int | None:
        """Ends the process at once, and its Runtime API; the exit status."""
        if self._process is None:
            return None
        self._process.signal_group(signal.SIGKILL)
        status = self._process.wait()
        self._late_before += self._api.late_answers
        self._api.close()
        self._log.drain()
        self._api = self._process = None
        return status

    def abort(self) -> None:
        """Ends what runs now, from any thread; its invocation ends as a crash."""
        self.signal(signal.SIGKILL)

    def kill(self) -> None:
        """Ends an idle process and waits for it; the next invocation starts another."""
        process = self._process
        if process is not None:
            process.signal_group(signal.SIGKILL)
            process.wait()

    def signal(self, number: int) -> None:
        """To the process, if one lives; from any thread."""
        process = self._process
        if process is not None:
            process.signal_group(number)

    def shut_down(self) -> int | None:
        """Ends an environment that is no longer needed; the exit status, if any."""
        if self._process is not None and self.settings.sigterm:
            self._thaw()
            self._process.signal_group(signal.SIGTERM)
            seconds = self.settings.shutdown_seconds
            if self._process.wait(seconds) is None:
                self._api.violation(f"the process did not end within {seconds:g} s of SIGTERM")
        status = self._kill()
        self._log.close()
        return status

    # --- invocations ---

    def invoke(self, invocation: Invocation) -> Result:
        """Runs one event to its end: answered and back in /next, timed out, or crashed."""
        self._log.drain()
        cold = self._api is None or not self._api.is_alive()
        self._log.platform_line(
            f"START RequestId: {invocation.request_id} Version: {self.settings.version}"
        )
        begin = time.monotonic()
        try:
            if cold:
                self._kill()
                begin = self._initialise(invocation)
            self._run(invocation, begin)
        except _Failed as failure:
            invocation.fail(failure.error_type, failure.payload)
        return self._result(invocation, time.monotonic() - begin, cold)

    def _initialise(self, invocation: Invocation) -> float:
        """Starts the process; when the function's own time began to run.

        Init has 10 s of its own. A slower one is run again, within the time of the invocation.
        """
        limit = self.settings.init_seconds
        try:
            self._start()
            begin = None
            if not self._api.wait_initialised(limit):
                self._log.platform_line(
                    f"INIT_REPORT Init Duration: {limit * 1000:.2f} ms\tPhase: init\tStatus:"
                    " timeout"
                )
                self._kill()
                begin = time.monotonic()
                self._start()
                if not self._api.wait_initialised(self.settings.timeout):
                    raise self._timed_out(invocation)
        except InvalidEntrypoint as error:
            raise _failure("Runtime.InvalidEntrypoint", invocation, str(error)) from None
        if self._api.init_error is not None:
            raise self._init_failed()
        if not self._api.is_alive():
            raise self._crashed(invocation)
        return begin or time.monotonic()

    def _init_failed(self) -> "_Failed":
        failure = _Failed(self._api.init_error_type, self._api.init_error)
        status = self._process.wait(self.settings.shutdown_seconds)
        if status is None:
            self._api.violation("the process reported an init error and did not exit")
        elif status == 0:
            self._api.violation("the process reported an init error and exited with status 0")
        self._kill()
        return failure

    def _run(self, invocation: Invocation, begin: float) -> None:
        invocation.deadline = time.time() + begin + self.settings.timeout - time.monotonic()
        self._api.submit(invocation)
        over = self._api.wait_over(invocation, begin + self.settings.timeout - time.monotonic())
        if over == "exited":  # even after an answer: AWS calls such an invocation failed
            raise self._crashed(invocation)
        if over == "timeout":
            raise self._timed_out(invocation)

    def _timed_out(self, invocation: Invocation) -> "_Failed":
        if self.settings.kill_on_timeout:
            self._kill()
        else:
            self._api.give_up(invocation)
        text = f"Task timed out after {self.settings.timeout:.2f} seconds"
        self._log.platform_line(f"{_now()} {invocation.request_id} {text}")
        return _failure("Sandbox.Timeout", invocation, text)

    def _crashed(self, invocation: Invocation) -> "_Failed":
        status = self._kill()
        if status == 0:
            text = "Runtime exited without providing a reason"
        elif status > 0:
            text = f"Runtime exited with error: exit status {status}"
        else:
            text = f"Runtime exited with error: signal: {signal.strsignal(-status).lower()}"
        self._log.platform_line(f"RequestId: {invocation.request_id} Error: {text}")
        return _failure("Runtime.ExitError", invocation, text)

    def _result(self, invocation: Invocation, seconds: float, cold: bool) -> Result:
        self._log.drain()
        memory = self._process.max_memory_kb() if self._process else 0
        self._log.platform_line(f"END RequestId: {invocation.request_id}")
        self._log.platform_line(
            f"REPORT RequestId: {invocation.request_id}\tDuration: {seconds * 1000:.2f} ms\tBilled"
            f" Duration: {int(seconds * 1000) + 1} ms\tMemory Size:"
            f" {self.settings.memory_mb} MB\tMax Memory Used: {memory // 1024} MB"
        )
        return Result(
            invocation.request_id,
            invocation.payload,
            "Unhandled" if invocation.error_type else "",
            invocation.error_type,
            seconds * 1000,
            cold,
            self._log.take_lines(),
            memory,
        )


class InvalidEntrypoint(Exception):
    """The bootstrap is missing, or is nothing that can be executed."""


class _Failed(Exception):
    """The invocation ends here, with this error."""

    def __init__(self, error_type: str, payload: bytes):
        super().__init__(error_type)
        self.error_type, self.payload = error_type, payload


def _failure(error_type: str, invocation: Invocation, text: str) -> _Failed:
    return _Failed(
        error_type, error_payload(error_type, f"RequestId: {invocation.request_id} Error: {text}")
    )


def _now() -> str:
    return (
        datetime.datetime.now(datetime.timezone.utc)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
