"""If-Match and its kin: on reads, on copy sources, on writes and on deletes."""

import dataclasses
import email.utils
import enum

from . import errors
from .store import Guard, ObjectVersion, always
from ..core.service import Headers


class Verdict(enum.Enum):
    PASSED = 0
    NOT_MODIFIED = 1
    FAILED = 2


def _matches(condition: str, etag: str) -> bool:
    """Whether one of the listed ETags (quoted or not) is this one, or any will do."""
    listed = [item.strip().removeprefix("W/").strip('"') for item in condition.split(",")]
    return "*" in listed or etag in listed


def _time(text: str | None) -> float | None:
    """A date that cannot be read is no condition (RFC 9110)."""
    if text is None:
        return None
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


@dataclasses.dataclass(frozen=True)
class ReadConditions:
    if_match: str | None
    if_none_match: str | None
    if_modified_since: str | None
    if_unmodified_since: str | None

    @classmethod
    def of(cls, headers: Headers, prefix: str = "") -> "ReadConditions":
        names = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
        return cls(*(headers.get(prefix + name) for name in names))

    def judge(self, version: ObjectVersion) -> tuple[Verdict, str]:
        """The verdict and the condition that decided it; an ETag outweighs a date (RFC 9110, 13.2.2)."""
        unmodified_since = _time(self.if_unmodified_since)
        if self.if_match is not None:
            if not _matches(self.if_match, version.etag):
                return Verdict.FAILED, "If-Match"
        elif unmodified_since is not None and version.modified > unmodified_since:
            return Verdict.FAILED, "If-Unmodified-Since"
        modified_since = _time(self.if_modified_since)
        if self.if_none_match is not None:
            if _matches(self.if_none_match, version.etag):
                return Verdict.NOT_MODIFIED, "If-None-Match"
        elif modified_since is not None and version.modified <= modified_since:
            return Verdict.NOT_MODIFIED, "If-Modified-Since"
        return Verdict.PASSED, ""

    def require(self, version: ObjectVersion, prefix: str = "") -> None:
        """As copies do it: whatever does not hold is 412."""
        verdict, condition = self.judge(version)
        if verdict is not Verdict.PASSED:
            raise errors.precondition_failed(prefix + condition)


def write_condition(headers: Headers) -> str | None:
    """The name of the condition that a write carries; only the forms that S3 knows are allowed."""
    if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
    if if_match is not None and if_none_match is not None:
        raise errors.not_implemented("If-Match together with If-None-Match on a write")
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise errors.not_implemented("If-None-Match on a write with anything but *")
        return "If-None-Match"
    if if_match is None:
        return None
    if if_match.strip() == "*" or "," in if_match:
        raise errors.not_implemented("If-Match on a write with anything but one ETag")
    return "If-Match"


def write_guard(headers: Headers, key: str) -> Guard:
    """The guard of a PutObject, CopyObject or CompleteMultipartUpload."""
    condition = write_condition(headers)
    if condition == "If-None-Match":
        return _absent
    if condition == "If-Match":
        return _unchanged(headers["if-match"], key)
    return always


def _absent(current: ObjectVersion | None) -> None:
    if current is not None and not current.marker:
        raise errors.precondition_failed("If-None-Match")


def _unchanged(etag: str, key: str) -> Guard:
    def guard(current: ObjectVersion | None) -> None:
        if current is None or current.marker:
            raise errors.no_such_key(key)
        if not _matches(etag, current.etag):
            raise errors.precondition_failed("If-Match")

    return guard


def delete_guard(etag: str | None, key: str) -> Guard:
    """The guard of a delete; `*` asks only that the object is there. A delete marker is there, but no object."""
    if etag is None:
        return always

    def guard(current: ObjectVersion | None) -> None:
        if current is None:
            raise errors.no_such_key(key)
        if current.marker or not _matches(etag, current.etag):
            raise errors.precondition_failed("If-Match")

    return guard
