"""The one endpoint of the local AWS: takes a request, believes nothing unsigned, asks the service.

    connection -> signature -> fault hook -> service -> reply

The service is found by the name in the signature's credential scope, as there is one host for all.
"""

import collections
import contextlib
import dataclasses
import io
import json
import logging
import re
import threading
import time
import traceback
from typing import Callable

from . import auth_errors, replies, signature
from .admin import AdminRoutes
from .faults import Fault, FaultPlan
from .http_wire import BadRequest, Connection, Listener, Truncated, WireRequest
from .payload import AwsChunkedBody, ChunkSigner, HashedBody, read_up_to
from .service import (
    Clock,
    CredentialStore,
    Headers,
    Principal,
    Request,
    Response,
    Service,
    ServiceError,
)
from .signature import AuthError, Refusal

log = logging.getLogger("emulator")

SMALL_BODY = 1 << 20  # such a body is read and proved before the service is asked
LARGEST_CALL = 96 << 20  # body of any service but S3: a deployment package in base64
DRAINED = 8 << 20  # what is left of a refused body is read up to this, then the connection closes


@dataclasses.dataclass(frozen=True)
class Call:
    """One line of the call log."""

    service: str
    operation: str
    method: str
    target: str
    status: int  # 0: no reply was sent
    principal: str
    request_id: str
    at: float


@dataclasses.dataclass
class Settings:
    region: str = "eu-west-1"
    unsigned_payload_over_http: bool = False  # even without a trailing checksum
    idle_seconds: float | None = 120.0  # a kept-alive connection is closed after so long


class LocalServer:
    """Serves the services added to it on a loopback port."""

    def __init__(
        self,
        credentials: CredentialStore,
        clock: Clock,
        settings: Settings | None = None,
        port: int = 0,
    ):
        self.settings = settings or Settings()
        self.credentials, self.clock = credentials, clock
        self.faults, self.admin = FaultPlan(), AdminRoutes()
        self.skew = 0.0  # seconds by which the server's idea of now is off, for signatures and Date
        self.calls: collections.deque[Call] = collections.deque(maxlen=20000)
        self.total_calls = 0  # begun, answered or not
        self.services: dict[str, Service] = {}
        self._listener = Listener(self._serve, port=port, idle_seconds=self.settings.idle_seconds)
        self.port = self._listener.port
        self._running = threading.Event()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(self, service: Service) -> None:
        self.services[service.name] = service

    def start(self) -> None:
        self._running.set()
        self._listener.start()

    def stop(self) -> None:
        self._running.clear()
        self._listener.stop()

    def is_quiet(self) -> bool:
        """No call is being answered, and none waits to be read."""
        return self._listener.is_quiet()

    def signature_time(self) -> float:
        """Clients sign by the real clock: a test that moves `clock` does not move this."""
        return time.time() + self.skew

    # --- one connection ---

    def _serve(self, connection: Connection) -> None:
        try:
            while self._running.is_set():
                wire = connection.read_request()
                if wire is None or not _Exchange(self, connection, wire).run():
                    return
        except BadRequest as error:
            with contextlib.suppress(OSError):
                connection.send(
                    error.status, {"Content-Type": "text/plain"}, f"{error}\n".encode(), close=True
                )
            connection.close(lingering=True)
        except (Truncated, OSError):
            pass  # the client went away; there is nobody to tell


class _Drop(Exception):
    """A fault took the reply away."""

    def __init__(self, reset: bool = False):
        super().__init__()
        self.reset = reset


class _Exchange:
    """One request and its reply."""

    def __init__(self, server: LocalServer, connection: Connection, wire: WireRequest):
        self.server, self.connection, self.wire = server, connection, wire
        self.request_id = ""
        self.service_name = self.operation = self.principal_arn = ""
        self.fault: Fault | None = None

    def run(self) -> bool:
        """True if the connection can carry another request."""
        if self.wire.path.startswith("/_local/"):
            return self._admin()
        self.server.total_calls += 1
        try:
            response = self._answer()
        except _Drop as drop:
            self._log_call(0)
            self.connection.reset() if drop.reset else self.connection.close()
            return False
        return self._reply(response)

    # --- believing it ---

    def _answer(self) -> Response:
        family = self._guess_family()
        service = None
        try:
            try:
                claim = signature.read_claim(self.wire)
                self.service_name = claim.service
                family = auth_errors.family_of(claim.service, family)
                self.request_id = replies.request_id(family)
                service = self.server.services.get(claim.service)
                principal, request = self._believe(claim)
                if service is None:
                    raise ServiceError(
                        "UnknownOperationException",
                        f"the local AWS has no service {claim.service!r}",
                        404,
                    )
                self.principal_arn = principal.arn
                return self._act(service, request)
            except AuthError as error:
                raise auth_errors.service_error(family, error) from None
        except ServiceError as error:
            self.request_id = self.request_id or replies.request_id(family)
            if error.status >= 500:
                log.info("%s %s: %s", self.service_name, self.operation, error)
            return replies.write_error(service, family, self.request_id, error)

    def _believe(self, claim: signature.Claim) -> tuple[Principal, Request]:
        server = self.server
        principal = signature.find_principal(claim, server.credentials)
        signature.check_time(claim, server.signature_time())
        # S3 answers a wrong region itself: it has to name the right one.
        if claim.region != server.settings.region and claim.service != "s3":
            raise AuthError(Refusal.WRONG_REGION, "Credential should be scoped to a valid region.")
        signature.check_signed_headers(self.wire, claim)
        headers = Headers()
        for name, value in self.wire.fields:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        if claim.service == "s3":
            body = self._s3_body(claim, principal, headers)
        else:
            body = self._call_body(claim, principal)
        request = Request(
            self.wire.method,
            self.wire.path,
            self.wire.query,
            headers,
            body,
            principal,
            claim.region,
            self.request_id,
        )
        return principal, request

    def _call_body(self, claim: signature.Claim, principal: Principal):
        data = read_up_to(self.wire.body, LARGEST_CALL)
        actual = signature.hash_payload(data)
        stated = self.wire.field("x-amz-content-sha256", actual)
        if stated != actual:
            raise AuthError(
                Refusal.PAYLOAD_MISMATCH,
                "The request signature we calculated does not match the signature you provided.",
                StringToSign="",
                CanonicalRequest="",
            )
        signature.check_signature(self.wire, claim, principal, actual)
        return io.BytesIO(data)

    def _s3_body(self, claim: signature.Claim, principal: Principal, headers: Headers):
        stated = self.wire.field("x-amz-content-sha256")
        if stated is None and claim.presigned:
            stated = signature.UNSIGNED
        elif stated is None:
            raise AuthError(
                Refusal.NO_PAYLOAD_HASH,
                "Missing required header for this request: x-amz-content-sha256",
            )
        elif not signature.is_payload_hash(stated):
            raise AuthError(
                Refusal.BAD_PAYLOAD_HASH,
                (
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
                    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD or a valid sha256 value."
                ),
            )
        signature.check_signature(self.wire, claim, principal, stated)
        if not claim.presigned and not self.server.settings.unsigned_payload_over_http:
            self._require_proof(stated)
        if stated in signature.STREAMING:
            body = self._chunked_body(stated, claim, principal, headers)
        elif stated == signature.UNSIGNED:
            body = self.wire.body
        else:
            body = HashedBody(self.wire.body, stated)
        length = int(headers.get("content-length", "-1"))
        if 0 <= length <= SMALL_BODY:
            return io.BytesIO(body.read())
        return body

    def _require_proof(self, stated: str) -> None:
        """S3 takes unsigned bodies over https only. SDK v3 sends every stream unsigned, even over
        http, with a checksum behind it: that is proof enough where no https is spoken."""
        trailer = (self.wire.field("x-amz-trailer") or "").strip().lower()
        checked = trailer.startswith("x-amz-checksum-")
        if stated == signature.UNSIGNED or (
            stated == signature.STREAMING_UNSIGNED_TRAILER and not checked
        ):
            raise AuthError(
                Refusal.UNSIGNED_PAYLOAD,
                "An unsigned payload is accepted over https only, or with a trailing checksum.",
            )

    def _chunked_body(
        self, mode: str, claim: signature.Claim, principal: Principal, headers: Headers
    ):
        length = headers.get("x-amz-decoded-content-length", "")
        if not re.fullmatch("[0-9]{1,18}", length):
            raise ServiceError(
                "MissingContentLength", "You must provide the Content-Length HTTP header.", 411
            )
        declared = {
            name.strip().lower()
            for name in headers.get("x-amz-trailer", "").split(",")
            if name.strip()
        }
        codings = [coding.strip() for coding in headers.get("content-encoding", "").split(",")]
        codings = [coding for coding in codings if coding not in ("", "aws-chunked")]
        dict.pop(headers, "content-encoding", None)
        if codings:
            headers["content-encoding"] = ",".join(codings)
        headers["content-length"] = length
        return AwsChunkedBody(
            self.wire.body,
            mode,
            int(length),
            declared,
            ChunkSigner(principal.secret_key, claim),
            headers.update,
        )

    # --- doing it ---

    def _act(self, service: Service, request: Request) -> Response:
        self.operation = _operation(service, request)
        self.fault = self.server.faults.next_for(service.name, self.operation)
        self._fault_before()
        try:
            response = service.handle(request)
        except (ServiceError, AuthError, Truncated, BadRequest):
            raise
        except OSError as error:
            if not self.wire.body.finished and isinstance(error, (ConnectionError, TimeoutError)):
                raise
            raise self._internal(error) from error
        except (
            Exception
        ) as error:  # a fault of the local AWS: seen by the client and on the terminal
            raise self._internal(error) from error
        if self.fault and self.fault.kind == "drop_after":
            replies.close_file(response)
            raise _Drop()
        return response

    def _internal(self, error: Exception) -> ServiceError:
        log.error("%s %s failed:\n%s", self.service_name, self.operation, traceback.format_exc())
        return ServiceError(
            "InternalFailure" if self.service_name != "s3" else "InternalError",
            f"{type(error).__name__}: {error}",
            500,
        )

    def _fault_before(self) -> None:
        fault = self.fault
        if fault is None:
            return
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        elif fault.kind in ("drop_before", "reset"):
            raise _Drop(reset=fault.kind == "reset")
        elif fault.kind == "error":
            raise ServiceError(fault.code or "InternalFailure", fault.message, fault.status or 500)
        elif fault.kind == "throttle":
            code, status = (
                ("SlowDown", 503) if self.service_name == "s3" else ("ThrottlingException", 400)
            )
            raise ServiceError(fault.code or code, fault.message, fault.status or status)

    # --- answering it ---

    def _reply(self, response: Response) -> bool:
        headers = dict(response.headers)
        if self.service_name == "s3" or self._guess_family() == "s3" and not self.service_name:
            headers.setdefault("x-amz-request-id", self.request_id)
            headers.setdefault("x-amz-id-2", replies.host_id(self.request_id))
        else:
            headers.setdefault("x-amzn-RequestId", self.request_id)
        if self.server.skew:
            headers.setdefault("Date", replies.http_date(self.server.signature_time()))
        if self.fault and self.fault.kind in ("error", "throttle"):
            headers.update(self.fault.headers)
        cut = self.fault.keep_bytes if self.fault and self.fault.kind == "truncate" else None
        reusable = self._drain()
        close = self.wire.close or not reusable
        self._log_call(response.status)
        try:
            self.connection.send(
                response.status,
                headers,
                response.body,
                response.length,
                close=close,
                head_only=self.wire.method == "HEAD",
                stop_after=cut,
            )
        finally:
            replies.close_file(response)
        if close or cut is not None:
            self.connection.close(lingering=cut is None)
            return False
        return True

    def _drain(self) -> bool:
        try:
            return self.wire.body.drain(DRAINED)
        except (BadRequest, Truncated, OSError):
            return False

    def _log_call(self, status: int) -> None:
        self.server.calls.append(
            Call(
                self.service_name,
                self.operation,
                self.wire.method,
                self.wire.target,
                status,
                self.principal_arn,
                self.request_id,
                self.server.clock.now(),
            )
        )

    def _guess_family(self) -> str:
        """The protocol of a request that does not say for which service it was signed."""
        if self.wire.field("x-amz-target"):
            return "json"
        if (self.wire.field("content-type") or "").startswith("application/x-www-form-urlencoded"):
            return "query"
        if self.wire.path.startswith("/2015-03-31/"):
            return "rest-json"
        return "s3"

    def _admin(self) -> bool:
        try:
            body = read_up_to(self.wire.body, 1 << 20)
        except ServiceError as error:
            data = json.dumps({"message": error.message}).encode() + b"\n"
            self.connection.send(
                error.status, {"Content-Type": "application/json"}, data, close=True
            )
            self.connection.close(lingering=True)
            return False
        self.connection.resting = True  # who asks whether all is idle is no work himself
        status, answer = self.server.admin.answer(
            self.wire.method, self.wire.path, self.wire.query, body
        )
        data = (
            answer
            if isinstance(answer, bytes)
            else json.dumps(answer, indent=1, default=str).encode() + b"\n"
        )
        kind = "text/plain; charset=utf-8" if isinstance(answer, bytes) else "application/json"
        self.connection.send(status, {"Content-Type": kind}, data, close=self.wire.close)
        return not self.wire.close


def _operation(service: Service, request: Request) -> str:
    name: Callable[[Request], str] | None = getattr(service, "operation", None)
    if name:
        return name(request)
    target = request.headers.get("x-amz-target", "")
    return target.rpartition(".")[2] or request.method
