"""The invoke API: headers and payload in, the function's answer in Lambda's form out."""

import base64
import binascii
import json
import typing

from .environment import Result
from .local_function import LocalFunction, Throttled
from ..core.service import Headers, Response, ServiceError

MAX_SYNC = 6 * 1024 * 1024
MAX_ASYNC = 1024 * 1024
TAIL = 4096


def invoke(
    function: LocalFunction,
    queue: typing.Callable[[bytes, str], object],
    headers: Headers,
    payload: bytes,
    request_id: str,
) -> Response:
    """Answers one `POST …/invocations`; `queue` takes the payload and request id of an Event."""
    kind = headers.get("x-amz-invocation-type", "RequestResponse")
    if kind not in ("RequestResponse", "Event", "DryRun"):
        raise ServiceError(
            "InvalidParameterValueException", f"Invocation type {kind!r} is none", 400
        )
    limit = MAX_ASYNC if kind == "Event" else MAX_SYNC
    if len(payload) > limit:
        raise ServiceError(
            "RequestTooLargeException",
            (
                f"{len(payload)} byte payload is too large for the {kind} "
                f"invocation type (limit {limit} bytes)"
            ),
            413,
        )
    _check_json(payload)
    payload = payload or b"{}"
    if kind == "DryRun":
        return Response(204)
    if kind == "Event":
        queue(payload, request_id)
        return Response(202, {"X-Amz-Executed-Version": "$LATEST"})
    return _synchronous(function, headers, payload, request_id)


def _check_json(payload: bytes) -> None:
    try:
        if payload:
            json.loads(payload)
    except ValueError as error:
        raise ServiceError(
            "InvalidRequestContentException",
            f"Could not parse request body into json: {error}",
            400,
        ) from None


def _synchronous(
    function: LocalFunction, headers: Headers, payload: bytes, request_id: str
) -> Response:
    try:
        result = function.invoke(
            payload,
            wait=False,
            request_id=request_id,
            trace_id=headers.get("x-amzn-trace-id", ""),
            tenant_id=headers.get("x-amz-tenant-id", ""),
            client_context=_client_context(headers.get("x-amz-client-context", "")),
        )
    except Throttled as error:
        raise ServiceError(
            "TooManyRequestsException",
            str(error),
            429,
            Reason="ReservedFunctionConcurrentInvocationLimitExceeded",
        ) from None
    return _response(result, headers.get("x-amz-log-type", "None") == "Tail")


def _client_context(value: str) -> str:
    try:
        text = base64.b64decode(value, validate=True).decode()
        if text:
            json.loads(text)
        return text
    except (binascii.Error, ValueError):
        raise ServiceError(
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
            400,
        ) from None


def _response(result: Result, with_log: bool) -> Response:
    headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST"}
    if result.function_error:
        headers["X-Amz-Function-Error"] = result.function_error
    if with_log:
        log = "".join(line + "\n" for line in result.log).encode()
        headers["X-Amz-Log-Result"] = base64.b64encode(log[-TAIL:]).decode()
    return Response(200, headers, result.payload)
