"""What services of the local AWS are made of: requests, replies, errors, principals, time."""

import dataclasses
import io
import secrets
import threading
import time
import typing

ACCOUNT_ID = "111122223333"


class Clock:
    """Wall-clock time that a test can move; every expiry in the local AWS asks here."""

    def __init__(self):
        self._offset = 0.0
        self._moved: list[typing.Callable[[], None]] = []

    def on_move(self, call: typing.Callable[[], None]) -> None:
        """`call` is called whenever a test moves the clock."""
        self._moved.append(call)

    def now(self) -> float:
        """Seconds since 1970, with fraction."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += seconds
        for call in self._moved:
            call()


@dataclasses.dataclass(frozen=True)
class Principal:
    """Who signs: an access key and the role or user that it stands for."""

    arn: str
    access_key: str
    secret_key: str
    token: str = ""  # session token; empty for a long-lived user key

    def __repr__(self):
        return f"Principal({self.arn})"


class CredentialStore:
    """Access keys known to the local AWS."""

    def __init__(self):
        self._lock = threading.Lock()
        self._by_key: dict[str, Principal] = {}
        self._expired: set[str] = set()

    def add_user(self, name: str, access_key: str, secret_key: str) -> Principal:
        return self._add(
            Principal(f"arn:aws:iam::{ACCOUNT_ID}:user/{name}", access_key, secret_key)
        )

    def assume_role(self, role_arn: str, session: str) -> Principal:
        """Fresh temporary credentials of a role, as Lambda hands them to a function."""
        role = role_arn.rsplit("/", 1)[-1]
        arn = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}/{session}"
        key = "ASIA" + secrets.token_hex(8).upper()
        return self._add(Principal(arn, key, secrets.token_urlsafe(30), secrets.token_urlsafe(60)))

    def find(self, access_key: str) -> Principal | None:
        with self._lock:
            return self._by_key.get(access_key)

    def all(self) -> list[Principal]:
        """Everybody who ever got a key."""
        with self._lock:
            return list(self._by_key.values())

    def expire(self, access_key: str) -> None:
        """From now on this key answers as a temporary key does after its time."""
        with self._lock:
            self._expired.add(access_key)

    def is_expired(self, access_key: str) -> bool:
        with self._lock:
            return access_key in self._expired

    def _add(self, principal: Principal) -> Principal:
        with self._lock:
            self._by_key[principal.access_key] = principal
        return principal


class Headers(dict):
    """Header fields by lower-case name; names given in any case find them."""

    def __init__(self, items: typing.Iterable[tuple[str, str]] = ()):
        super().__init__()
        for name, value in items:
            self[name] = value

    def __setitem__(self, name, value):
        super().__setitem__(name.lower(), value)

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def __contains__(self, name):
        return super().__contains__(name.lower())

    def get(self, name, default=None):
        return super().get(name.lower(), default)


@dataclasses.dataclass
class Request:
    """One verified request. `path` and `query` are as they came on the wire, still percent-encoded.

    A body over 1 MiB comes straight from the connection and is proved while it is read: read it to
    its end, and keep nothing of it when a read raises (the hash, a chunk signature or the framing
    was wrong). Trailers of an aws-chunked body stand in `headers` once the body was read to its
    end; content-length is that of the decoded body.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: typing.BinaryIO  # exactly the body; aws-chunked framing is already removed
    principal: Principal
    region: str
    request_id: str

    def read(self, limit: int = 1 << 24) -> bytes:
        """The whole body of a small request; for a large one read `body` in pieces."""
        data = self.body.read(limit + 1)
        if len(data) > limit:
            raise ServiceError(
                "RequestEntityTooLarge", f"the request body is over {limit} bytes", 413
            )
        return data


@dataclasses.dataclass
class Response:
    """A reply; `body` is bytes, or an open file to send `length` bytes of."""

    status: int = 200
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: bytes | typing.BinaryIO = b""
    length: int | None = None


class ServiceError(Exception):
    """An error as AWS would answer it; each service's protocol decides how it is written out."""

    def __init__(self, code: str, message: str, status: int = 400, **extra: str):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.extra = code, message, status, extra


class Service(typing.Protocol):
    """A service of the local AWS, found by the service name in the signature's credential scope."""

    name: str

    # Optional: `operation(request) -> str` names what is asked for ("PutObject"), for faults and
    # the call log; it must leave the body as it is. `error_in(family, request_id, error)` is that of
    # a service that speaks two protocols.

    def handle(self, request: Request) -> Response:
        """Answers, or raises ServiceError. Called from several threads at once."""

    def error(self, request_id: str, error: ServiceError) -> Response:
        """The error written in this service's protocol (JSON, query XML or S3 XML)."""


def empty_body() -> typing.BinaryIO:
    return io.BytesIO(b"")
