"""The Lambda Runtime API of one function environment, strict enough to test a client of it.

It is a state machine that the process drives with its requests and the platform drives with events:

    INIT --next--> IDLE --event--> RUNNING --response/error--> ANSWERED --next--> IDLE

Whatever AWS would only answer with an error, or would silently bear, and a correct client never
does, is also written into `violations` and the log: a test that passes with violations has not
passed.
"""

import base64
import enum
import json
import logging
import re
import threading
import typing
import urllib.parse

from ..core.http_wire import BadRequest, Connection, Listener, Truncated, WireRequest
from . import error_report
from .invocation import Invocation, error_payload

log = logging.getLogger("emulator.runtime")

VERSION = "/2018-06-01"
MAX_RESPONSE = 6 * 1024 * 1024 + 100
MAX_ERROR_BODY = 1 << 20
_ERROR_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+\Z")


class State(enum.Enum):
    INIT = "before the first /next"
    IDLE = "waiting in /next"
    RUNNING = "an event is out"
    ANSWERED = "answered, before the following /next"
    CLOSED = "shut down"


class RuntimeApi:
    """Serves one process on a port of its own."""

    def __init__(
        self,
        function_arn: str,
        *,
        send_invocation_id: bool = True,
        on_idle: typing.Callable[[], None] | None = None,
        on_busy: typing.Callable[[], None] | None = None,
    ):
        self.function_arn = function_arn
        self.send_invocation_id = send_invocation_id
        self.violations: list[str] = []
        self.init_error: bytes | None = None  # body of /init/error
        self.init_error_type = ""
        self.state = State.INIT
        self.late_answers = 0  # answers refused with 410
        self._on_idle, self._on_busy = on_idle, on_busy
        self._changed = threading.Condition()
        self._current: Invocation | None = None
        self._queued: Invocation | None = None
        self._waiter = (
            0  # number of the latest /next: a client that reconnects leaves an older one behind
        )
        self._given_up: dict[str, Invocation] = (
            {}
        )  # by invocation id: ended by the platform, not by an answer
        self._listener = Listener(self._serve, idle_seconds=None)
        self.address = f"{self._listener.host}:{self._listener.port}"
        self._listener.start()

    # --- the platform's side ---

    def submit(self, invocation: Invocation) -> None:
        """Hands out the event at the next /next; one at a time."""
        with self._changed:
            if self._queued is not None:
                raise RuntimeError("an environment runs one invocation at a time")
            self._queued = invocation
            self._changed.notify_all()

    def give_up(self, invocation: Invocation) -> None:
        """The platform ended this invocation (timeout): an answer that still comes is too late."""
        with self._changed:
            if self._queued is invocation:
                self._queued = None
            self._given_up[invocation.invocation_id] = invocation
            self._changed.notify_all()

    def wait_initialised(self, timeout: float) -> bool:
        """True once the process has asked for its first event or reported an init error."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self.state is not State.INIT or self.init_error is not None, timeout
            )

    def wait_over(self, invocation: Invocation, timeout: float) -> str:
        """How it ended: "ended" (answered, back in /next), "exited" (process gone), "timeout"."""
        with self._changed:
            self._changed.wait_for(
                lambda: invocation.ended.is_set() or self.state is State.CLOSED, max(timeout, 0)
            )
            if invocation.ended.is_set():
                return "ended"
            return "exited" if self.state is State.CLOSED else "timeout"

    def is_alive(self) -> bool:
        return self.state is not State.CLOSED

    def process_ended(self) -> None:
        """Wakes who waits for the process's next step: there will be none."""
        with self._changed:
            self.state = State.CLOSED
            self._changed.notify_all()

    def close(self) -> None:
        self.process_ended()
        self._listener.stop()

    def violation(self, text: str) -> None:
        self.violations.append(text)
        log.error("RUNTIME API VIOLATION (%s): %s", self.function_arn, text)

    # --- the process's side ---

    def _serve(self, connection: Connection) -> None:
        try:
            while True:
                request = connection.read_request()
                if request is None:
                    return
                if not self._answer(connection, request):
                    return
        except BadRequest as error:
            self.violation(f"malformed HTTP: {error}")
            connection.send(400, {}, b"", close=True)
            connection.close(lingering=True)
        except (Truncated, OSError):
            pass

    def _answer(self, connection: Connection, request: WireRequest) -> bool:
        path = request.path.removeprefix(VERSION)
        invocation = re.fullmatch("/runtime/invocation/([^/]+)/(response|error)", path)
        if request.path == path or request.query:
            return self._refuse(
                connection, request, 404, "UnknownPath", f"no such path {request.target}"
            )
        if path == "/runtime/invocation/next":
            return self._routed(connection, request, "GET", self._next)
        if path == "/runtime/init/error":
            return self._routed(connection, request, "POST", self._init_error)
        if invocation:
            request_id, kind = urllib.parse.unquote(invocation[1]), invocation[2]
            handler = self._response if kind == "response" else self._error
            return self._routed(
                connection,
                request,
                "POST",
                lambda connection, request: handler(connection, request, request_id),
            )
        return self._refuse(
            connection, request, 404, "UnknownPath", f"no such path {request.target}"
        )

    def _routed(self, connection, request: WireRequest, method: str, handler) -> bool:
        if request.method != method:
            return self._refuse(
                connection, request, 405, "MethodNotAllowed", f"{request.method} {request.target}"
            )
        return handler(connection, request)

    def _next(self, connection: Connection, request: WireRequest) -> bool:
        if request.body.length != 0:
            return self._refuse(connection, request, 400, "InvalidRequest", "/next carries a body")
        if self.init_error is not None:
            return self._refuse(
                connection, request, 403, "InvalidStateTransition", "/next after /init/error"
            )
        invocation = self._wait_for_event()
        if invocation is None:
            return False
        if self._on_busy:
            self._on_busy()
        try:
            connection.send(200, self._event_headers(invocation), invocation.event)
        except OSError:
            self._take_back(invocation)
            raise
        return True

    def _take_back(self, invocation: Invocation) -> None:
        """The connection was gone: the event waits for the /next of another one."""
        with self._changed:
            if self.state is State.RUNNING and self._current is invocation:
                self.state, self._current, self._queued = State.IDLE, None, invocation
                self._changed.notify_all()

    def _wait_for_event(self) -> Invocation | None:
        with self._changed:
            if self.state is State.RUNNING and self._current.invocation_id not in self._given_up:
                # AWS hands the same event out again; a correct client never asks for it.
                self.violation(f"/next while {self._current.request_id} is not answered")
                self._current.delivered += 1
                return self._current
            if self.state is State.CLOSED:
                return None
            self._finish_current()
            self.state = State.IDLE
            self._changed.notify_all()
            if self._queued is None and self._on_idle:
                self._on_idle()
            self._waiter += 1
            waiter = self._waiter
            self._changed.wait_for(
                lambda: self._queued is not None
                or self.state is State.CLOSED
                or self._waiter != waiter
            )
            if self.state is State.CLOSED or self._waiter != waiter:
                return None
            self._current, self._queued = self._queued, None
            self._current.delivered += 1
            self.state = State.RUNNING
            return self._current

    def _finish_current(self) -> None:
        if self._current is not None:
            self._current.ended.set()
            self._current = None

    def _event_headers(self, invocation: Invocation) -> dict[str, str]:
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
            "Lambda-Runtime-Client-Context": invocation.client_context,
            "Lambda-Runtime-Cognito-Identity": invocation.cognito_identity,
            "Lambda-Runtime-Aws-Tenant-Id": invocation.tenant_id,
            "Lambda-Runtime-Invocation-Id": (
                invocation.invocation_id if self.send_invocation_id else ""
            ),
            "Content-Type": invocation.content_type,
        }
        return {name: value for name, value in headers.items() if value}

    def _response(self, connection: Connection, request: WireRequest, request_id: str) -> bool:
        mode = request.field("lambda-runtime-function-response-mode", "")
        if mode and mode.lower() != "streaming":
            return self._refuse(
                connection, request, 400, "InvalidFunctionResponseMode", f"response mode {mode!r}"
            )
        invocation, refusal = self._take(request, request_id)
        if invocation is None:
            return self._refuse(connection, request, *refusal)
        if "x-www-form-urlencoded" in request.field("content-type", "") or not request.field(
            "content-type"
        ):
            self.violation(f"/response with Content-Type {request.field('content-type')!r}")
        try:
            body = self._read(request, MAX_RESPONSE)
        except Truncated:
            self.violation("/response ended before its Content-Length")
            self._settle(
                invocation,
                "Runtime.TruncatedResponse",
                error_payload("Runtime.TruncatedResponse", "Response from runtime was truncated"),
            )
            raise
        if body is None:
            message = (
                "Response payload size exceeded maximum allowed payload size"
                f" ({MAX_RESPONSE} bytes)."
            )
            self._settle(
                invocation,
                "Function.ResponseSizeTooLarge",
                error_payload("Function.ResponseSizeTooLarge", message),
            )
            return self._send_error(connection, request, 413, "RequestEntityTooLarge", message)
        if mode:
            self._read_stream_error(request, invocation)
        self._settle(
            invocation, invocation.error_type, invocation.payload if invocation.error_type else body
        )
        return self._accepted(connection, request)

    def _read_stream_error(self, request: WireRequest, invocation: Invocation) -> None:
        trailers = dict(request.body.trailers)
        if "lambda-runtime-function-error-type" in trailers:
            invocation.error_type = trailers["lambda-runtime-function-error-type"]
            try:
                invocation.payload = base64.b64decode(
                    trailers.get("lambda-runtime-function-error-body", ""), validate=True
                )
            except ValueError:
                self.violation("the error body of a streamed response is not base64")

    def _error(self, connection: Connection, request: WireRequest, request_id: str) -> bool:
        invocation, refusal = self._take(request, request_id)
        if invocation is None:
            return self._refuse(connection, request, *refusal)
        body, error_type = self._read_error(request)
        self._settle(invocation, error_type, body)
        return self._accepted(connection, request)

    def _init_error(self, connection: Connection, request: WireRequest) -> bool:
        if self.state is not State.INIT or self.init_error is not None:
            return self._refuse(
                connection,
                request,
                403,
                "InvalidStateTransition",
                f"/init/error when {self.state.value}",
            )
        body, error_type = self._read_error(request)
        with self._changed:
            self.init_error, self.init_error_type = body, error_type
            self._changed.notify_all()
        return self._accepted(connection, request)

    # --- checks ---

    def _take(
        self, request: WireRequest, request_id: str
    ) -> tuple[Invocation | None, tuple[int, str, str]]:
        """The invocation that this answer may settle, or how the answer is refused."""
        echoed = request.field("lambda-runtime-invocation-id")
        with self._changed:
            current = self._current
            late = self._given_up.get(echoed) if echoed else self._late_by_request_id(request_id)
            if late is not None:
                self.late_answers += 1
                return None, (410, "InvokeTimeout", f"invocation {request_id} has timed out")
            if current is None or request_id != current.request_id:
                return None, (
                    400,
                    "InvalidRequestID",
                    (
                        f"answer for {request_id!r}, "
                        f"out is {current.request_id if current else 'nothing'!r}"
                    ),
                )
            if self.state is not State.RUNNING:
                return None, (403, "InvalidStateTransition", f"second answer for {request_id}")
            if self.send_invocation_id and echoed is None:
                self.violation("Lambda-Runtime-Invocation-Id is not echoed")
            elif self.send_invocation_id and echoed != current.invocation_id:
                return None, (
                    400,
                    "InvalidRequestID",
                    f"Lambda-Runtime-Invocation-Id {echoed!r} was never sent",
                )
            elif not self.send_invocation_id and echoed is not None:
                self.violation("Lambda-Runtime-Invocation-Id is sent though Lambda sent none")
            return current, (0, "", "")

    def _late_by_request_id(self, request_id: str) -> Invocation | None:
        current = self._current
        if (
            current is not None
            and current.request_id == request_id
            and current.invocation_id not in self._given_up
        ):
            return None
        return next(
            (late for late in self._given_up.values() if late.request_id == request_id), None
        )

    def _settle(self, invocation: Invocation, error_type: str, payload: bytes) -> None:
        with self._changed:
            if invocation.invocation_id in self._given_up:
                return
            self.state = State.ANSWERED
            invocation.error_type, invocation.payload = error_type, payload
            invocation.answered.set()
            self._changed.notify_all()

    def _read_error(self, request: WireRequest) -> tuple[bytes, str]:
        body = self._read(request, MAX_ERROR_BODY)
        if body is None:
            self.violation("an error body is over 1 MiB")
            body = b"{}"
        stated = request.field("lambda-runtime-function-error-type", "")
        if not _ERROR_TYPE.match(stated):
            self.violation(f"Lambda-Runtime-Function-Error-Type {stated!r} is none")
        if request.field("content-type", "").partition(";")[0] != "application/json":
            self.violation(f"an error with Content-Type {request.field('content-type')!r}")
        cause = request.field("lambda-runtime-function-xray-error-cause")
        for problem in (error_report.body_problem(body), error_report.cause_problem(cause)):
            if problem:
                self.violation(problem)
        unknown = "Function.Unknown" if stated.startswith("Function.") else "Runtime.Unknown"
        return body, stated if _ERROR_TYPE.match(stated) else unknown

    @staticmethod
    def _read(request: WireRequest, limit: int) -> bytes | None:
        """The body; None if it is over the limit (it is read to its end all the same)."""
        parts, size = [], 0
        while block := request.body.read(256 * 1024):
            size += len(block)
            if size <= limit:
                parts.append(block)
        return b"".join(parts) if size <= limit else None

    # --- replies ---

    def _accepted(self, connection: Connection, request: WireRequest) -> bool:
        connection.send(
            202, {"Content-Type": "application/json"}, b'{"status":"OK"}\n', close=request.close
        )
        return not request.close

    def _refuse(
        self,
        connection: Connection,
        request: WireRequest,
        status: int,
        error_type: str,
        message: str,
    ) -> bool:
        if status != 410:  # a late answer is nobody's fault
            self.violation(f"{status} {error_type}: {message}")
        request.body.drain(1 << 30)
        return self._send_error(connection, request, status, error_type, message)

    @staticmethod
    def _send_error(
        connection: Connection, request: WireRequest, status: int, error_type: str, message: str
    ) -> bool:
        body = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
        connection.send(status, {"Content-Type": "application/json"}, body, close=request.close)
        return not request.close
