"""Checks the Signature Version 4 of a request with botocore's own implementation of it.

The canonical request, the string to sign and the signature are computed by botocore, so that a
client written by us is judged by code that is not ours. What is here decides which bytes botocore
sees: the header fields that the client says it signed, and path and query in the one form that AWS
would use.
"""

import calendar
import dataclasses
import enum
import hashlib
import hmac
import re
import time
import urllib.parse

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .http_wire import WireRequest
from .service import CredentialStore, Principal

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
STREAMING = (STREAMING_UNSIGNED_TRAILER, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER)
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
MAX_SKEW = 15 * 60
MAX_EXPIRES = 7 * 24 * 3600
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z\Z")
_HEX64 = re.compile(r"[0-9a-f]{64}\Z")


def hash_payload(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def is_payload_hash(value: str) -> bool:
    """Whether this may stand in x-amz-content-sha256 at all."""
    return bool(_HEX64.match(value)) or value == UNSIGNED or value in STREAMING


class Refusal(enum.Enum):
    """Why a request is not believed; auth_errors says how each protocol words it."""

    MISSING = enum.auto()
    MALFORMED = enum.auto()
    UNKNOWN_KEY = enum.auto()
    BAD_TOKEN = enum.auto()
    EXPIRED_TOKEN = enum.auto()
    SKEWED = enum.auto()
    EXPIRED_URL = enum.auto()
    WRONG_REGION = enum.auto()
    HEADERS_NOT_SIGNED = enum.auto()
    MISMATCH = enum.auto()
    NO_PAYLOAD_HASH = enum.auto()
    BAD_PAYLOAD_HASH = enum.auto()
    UNSIGNED_PAYLOAD = enum.auto()
    PAYLOAD_MISMATCH = enum.auto()


class AuthError(Exception):
    def __init__(self, refusal: Refusal, message: str, **extra: str):
        super().__init__(f"{refusal.name}: {message}")
        self.refusal, self.message, self.extra = refusal, message, extra


@dataclasses.dataclass(frozen=True)
class Claim:
    """What a request says about its own signature; nothing of it is believed yet."""

    access_key: str
    date: str  # of the credential scope
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    token: str
    expires: int | None  # seconds; only in a presigned URL

    @property
    def presigned(self) -> bool:
        return self.expires is not None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read_claim(request: WireRequest) -> Claim:
    """Parses the Authorization field or the presigned query; raises MISSING or MALFORMED."""
    header = request.field("authorization")
    query = urllib.parse.parse_qs(request.query, keep_blank_values=True, errors="surrogateescape")
    if "X-Amz-Signature" in query:
        if header is not None:
            raise AuthError(
                Refusal.MALFORMED,
                (
                    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter,"
                    " Signature query string parameter or the Authorization header should be"
                    " specified"
                ),
            )
        return _claim_of_query(query)
    if header is None:
        raise AuthError(Refusal.MISSING, "Missing Authentication Token")
    return _claim_of_header(request, header)


def _claim_of_header(request: WireRequest, header: str) -> Claim:
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise AuthError(
            Refusal.MALFORMED, f"Authorization algorithm {algorithm!r} is not {ALGORITHM}"
        )
    if sum(1 for name, _ in request.fields if name == "authorization") != 1:
        raise AuthError(Refusal.MALFORMED, "more than one Authorization field")
    parts = {}
    for item in rest.split(","):
        name, equals, value = item.strip().partition("=")
        if not equals or name in parts:
            raise AuthError(Refusal.MALFORMED, f"Authorization header holds {item.strip()[:60]!r}")
        parts[name] = value
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not parts.get(name):
            raise AuthError(Refusal.MALFORMED, f"Authorization header requires '{name}' parameter.")
    if len(parts) != 3:
        raise AuthError(
            Refusal.MALFORMED, f"Authorization header holds unknown parameters: {sorted(parts)}"
        )
    timestamp = request.field("x-amz-date")
    if timestamp is None:
        raise AuthError(
            Refusal.MALFORMED,
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    return _claim(
        parts["Credential"],
        parts["SignedHeaders"],
        parts["Signature"],
        timestamp,
        request.field("x-amz-security-token", ""),
        None,
    )


def _claim_of_query(query: dict[str, list[str]]) -> Claim:
    def one(name: str, default: str | None = None) -> str:
        values = query.get(name, [default] if default is not None else [])
        if len(values) != 1:
            raise AuthError(
                Refusal.MALFORMED, f"Query-string authentication requires {name} exactly once"
            )
        return values[0]

    if one("X-Amz-Algorithm") != ALGORITHM:
        raise AuthError(Refusal.MALFORMED, f"X-Amz-Algorithm only supports {ALGORITHM}")
    expires = one("X-Amz-Expires")
    if not re.fullmatch("[0-9]{1,7}", expires) or int(expires) > MAX_EXPIRES:
        raise AuthError(Refusal.MALFORMED, "X-Amz-Expires must be a number of seconds up to a week")
    return _claim(
        one("X-Amz-Credential"),
        one("X-Amz-SignedHeaders"),
        one("X-Amz-Signature"),
        one("X-Amz-Date"),
        one("X-Amz-Security-Token", ""),
        int(expires),
    )


def _claim(
    credential: str, signed: str, signature: str, timestamp: str, token: str, expires: int | None
) -> Claim:
    scope = credential.split("/")
    if (
        len(scope) != 5
        or not all(scope)
        or scope[4] != "aws4_request"
        or not re.fullmatch("[0-9]{8}", scope[1])
    ):
        raise AuthError(
            Refusal.MALFORMED,
            (
                "Credential must have 5 slash-delimited elements: "
                "keyid/date/region/service/aws4_request"
            ),
        )
    if not _is_date(timestamp):
        raise AuthError(
            Refusal.MALFORMED, f"Date must be in ISO-8601 'basic format'. Got '{timestamp[:40]}'."
        )
    if not _HEX64.match(signature):
        raise AuthError(Refusal.MALFORMED, "the signature is not 64 lower-case hexadecimal digits")
    if timestamp[:8] != scope[1]:
        raise AuthError(
            Refusal.MALFORMED,
            (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                f"of date from HTTP: '{scope[1]}' != '{timestamp[:8]}'."
            ),
        )
    return Claim(
        scope[0],
        scope[1],
        scope[2],
        scope[3],
        tuple(signed.split(";")),
        signature,
        timestamp,
        token,
        expires,
    )


def _is_date(timestamp: str) -> bool:
    try:
        time.strptime(timestamp, DATE_FORMAT)
    except ValueError:
        return False
    return bool(_DATE.match(timestamp))


def find_principal(claim: Claim, credentials: CredentialStore) -> Principal:
    """The owner of the access key, its session token compared."""
    principal = credentials.find(claim.access_key)
    if principal is None:
        raise AuthError(
            Refusal.UNKNOWN_KEY,
            "The security token included in the request is invalid.",
            AWSAccessKeyId=claim.access_key,
        )
    if principal.token and not claim.token:
        # A temporary key without its token is as good as unknown.
        raise AuthError(
            Refusal.UNKNOWN_KEY,
            "The security token included in the request is invalid.",
            AWSAccessKeyId=claim.access_key,
        )
    if not hmac.compare_digest(
        principal.token.encode(), claim.token.encode("utf-8", "surrogateescape")
    ):
        raise AuthError(Refusal.BAD_TOKEN, "The security token included in the request is invalid")
    if credentials.is_expired(claim.access_key):
        raise AuthError(
            Refusal.EXPIRED_TOKEN, "The security token included in the request is expired"
        )
    return principal


def check_time(claim: Claim, now: float) -> None:
    signed_at = calendar.timegm(time.strptime(claim.timestamp, DATE_FORMAT))
    if claim.presigned:
        if now > signed_at + claim.expires:
            raise AuthError(Refusal.EXPIRED_URL, "Request has expired")
        if signed_at > now + MAX_SKEW:
            raise AuthError(Refusal.EXPIRED_URL, "Request is not yet valid")
        return
    if abs(now - signed_at) > MAX_SKEW:

        def stamp(at: float) -> str:
            return time.strftime(DATE_FORMAT, time.gmtime(at))

        if signed_at < now:
            text = (
                f"Signature expired: {claim.timestamp} is now earlier than {stamp(now - MAX_SKEW)}"
            )
        else:
            text = (
                f"Signature not yet current: {claim.timestamp} is still later than"
                f" {stamp(now + MAX_SKEW)}"
            )
        raise AuthError(
            Refusal.SKEWED,
            f"{text} ({stamp(now)} -/+ 15 min.)",
            RequestTime=claim.timestamp,
            ServerTime=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        )


def check_signed_headers(request: WireRequest, claim: Claim) -> None:
    """Host and every x-amz-* field must be signed, else a stranger on the way could change them."""
    missing = {
        name
        for name, _ in request.fields
        if (name == "host" or name.startswith("x-amz-")) and name not in claim.signed_headers
    }
    if missing:
        raise AuthError(
            Refusal.HEADERS_NOT_SIGNED,
            "There were headers present in the request which were not signed",
            HeadersNotSigned=", ".join(sorted(missing)),
        )


class _Check:
    """Replaces what botocore decides for itself when it signs: which fields, which hash."""

    def headers_to_sign(self, request):
        return request.headers

    def payload(self, request):
        return request.context["payload_hash"]


class _S3Check(_Check, S3SigV4Auth):
    pass


class _OtherCheck(_Check, SigV4Auth):
    pass


def _one_encoding(path: str) -> str:
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(path.encode("ascii")), safe="/-_.~")


def _canonical_pairs(query: str, presigned: bool) -> str:
    """The query as AWS encodes it: a client that signs another encoding is found out."""
    pairs = []
    for pair in query.split("&") if query else []:
        name, _, value = pair.partition("=")
        if presigned and name == "X-Amz-Signature":
            continue
        pairs.append("=".join(_one_encoding(text).replace("/", "%2F") for text in (name, value)))
    return "&".join(pairs)


def expected(
    request: WireRequest, claim: Claim, principal: Principal, payload_hash: str
) -> tuple[str, str, str]:
    """(canonical request, string to sign, signature) of the request by botocore."""
    s3 = claim.service == "s3"
    path = _one_encoding(request.path) if s3 else request.path
    aws = AWSRequest(
        method=request.method,
        url=f"http://local{path}?{_canonical_pairs(request.query, claim.presigned)}",
    )
    aws.headers = HTTPHeaders()
    for name, value in request.fields:
        if name in claim.signed_headers:
            aws.headers.add_header(name, value)
    aws.context.update(timestamp=claim.timestamp, payload_hash=payload_hash)
    signer = (_S3Check if s3 else _OtherCheck)(
        Credentials(principal.access_key, principal.secret_key), claim.service, claim.region
    )
    canonical = signer.canonical_request(aws)
    to_sign = signer.string_to_sign(aws, canonical)
    return canonical, to_sign, signer.signature(to_sign, aws)


def check_signature(
    request: WireRequest, claim: Claim, principal: Principal, payload_hash: str
) -> None:
    try:
        canonical, to_sign, signature = expected(request, claim, principal, payload_hash)
    except UnicodeError:
        raise AuthError(Refusal.MALFORMED, "a signed header field is not UTF-8") from None
    if not hmac.compare_digest(signature, claim.signature):
        raise AuthError(
            Refusal.MISMATCH,
            (
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method."
            ),
            AWSAccessKeyId=claim.access_key,
            StringToSign=to_sign,
            SignatureProvided=claim.signature,
            CanonicalRequest=canonical,
        )
