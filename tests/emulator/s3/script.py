"""Rare answers of S3 that a test orders beforehand: a lost race, and errors that come with status 200."""

import collections
import threading
import typing

from . import errors, xml as s3_xml
from .call import Call
from ..core.service import Response

# White space as S3 sends it to keep a slow connection alive, after the declaration or instead of it.
DECLARED_WAIT = s3_xml.DECLARATION + "  \n \n"
BARE_WAIT = " \n  \n"


class Script:
    """What the next matching requests get instead of, or around, their real answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._conflicts: collections.Counter[tuple[str, str]] = collections.Counter()
        self._late: dict[str, list[Response | str]] = {}

    def conflict(self, bucket: str, key: str, times: int = 1) -> None:
        """The next conditional writes to the key answer 409, as if another request had raced them."""
        with self._lock:
            self._conflicts[bucket, key] += times

    def late_error(
        self,
        operation: str,
        code: str = "InternalError",
        message: str = "We encountered an internal error. Please try again.",
        wait: str = DECLARED_WAIT,
    ) -> None:
        """The next `operation` (CopyObject, UploadPartCopy, CompleteMultipartUpload) does nothing and answers
        200, white space, then the error."""
        body = wait + s3_xml.fragment("Error", [("Code", code), ("Message", message)], namespace="")
        self._order(operation, Response(200, {"Content-Type": "application/xml"}, body.encode()))

    def late_success(self, operation: str, wait: str = DECLARED_WAIT) -> None:
        """The next `operation` is done, and its reply comes after white space."""
        self._order(operation, wait)

    def _order(self, operation: str, answer: Response | str) -> None:
        with self._lock:
            self._late.setdefault(operation, []).append(answer)

    def require_no_conflict(self, call: Call) -> None:
        condition = next((name for name in ("If-Match", "If-None-Match") if name in call.headers), None)
        if condition is None:
            return
        with self._lock:
            if self._conflicts[call.bucket, call.key] <= 0:
                return
            self._conflicts[call.bucket, call.key] -= 1
        raise errors.conflict(condition)

    def around(self, operation: str, act: typing.Callable[[], Response]) -> Response:
        """The ordered answer if there is one, else that of `act`."""
        with self._lock:
            ordered = self._late.get(operation)
            answer = ordered.pop(0) if ordered else None
        if isinstance(answer, Response):
            return answer
        response = act()
        if answer is not None and isinstance(response.body, bytes):
            response.body = answer.encode() + response.body.removeprefix(s3_xml.DECLARATION.encode())
        return response
