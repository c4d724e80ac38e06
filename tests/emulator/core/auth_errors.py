"""How each family of AWS services words the refusal of a signature."""

from .service import ServiceError
from .signature import AuthError, Refusal

# family -> refusal -> (code, status). What a family does not list reads as its MISMATCH.
_JSON = {
    Refusal.MISSING: ("MissingAuthenticationTokenException", 400),
    Refusal.MALFORMED: ("IncompleteSignatureException", 400),
    Refusal.UNKNOWN_KEY: ("UnrecognizedClientException", 400),
    Refusal.BAD_TOKEN: ("UnrecognizedClientException", 400),
    Refusal.EXPIRED_TOKEN: ("ExpiredTokenException", 400),
    Refusal.MISMATCH: ("InvalidSignatureException", 400),
}
_TABLES = {
    "json": _JSON,
    # The REST services answer the same names with 403.
    "rest-json": {refusal: (code, 403) for refusal, (code, _) in _JSON.items()},
    "query": {
        Refusal.MISSING: ("MissingAuthenticationToken", 403),
        Refusal.MALFORMED: ("IncompleteSignature", 400),
        Refusal.UNKNOWN_KEY: ("InvalidClientTokenId", 403),
        Refusal.BAD_TOKEN: ("InvalidClientTokenId", 403),
        Refusal.EXPIRED_TOKEN: ("ExpiredToken", 403),
        Refusal.MISMATCH: ("SignatureDoesNotMatch", 403),
    },
    "s3": {
        Refusal.MISSING: ("AccessDenied", 403),
        Refusal.MALFORMED: ("AuthorizationHeaderMalformed", 400),
        Refusal.UNKNOWN_KEY: ("InvalidAccessKeyId", 403),
        Refusal.BAD_TOKEN: ("InvalidToken", 400),
        Refusal.EXPIRED_TOKEN: ("ExpiredToken", 400),
        Refusal.SKEWED: ("RequestTimeTooSkewed", 403),
        Refusal.EXPIRED_URL: ("AccessDenied", 403),
        Refusal.WRONG_REGION: ("AuthorizationHeaderMalformed", 400),
        Refusal.HEADERS_NOT_SIGNED: ("AccessDenied", 403),
        Refusal.MISMATCH: ("SignatureDoesNotMatch", 403),
        Refusal.NO_PAYLOAD_HASH: ("InvalidRequest", 400),
        Refusal.BAD_PAYLOAD_HASH: ("InvalidArgument", 400),
        Refusal.UNSIGNED_PAYLOAD: ("InvalidRequest", 400),
        Refusal.PAYLOAD_MISMATCH: ("XAmzContentSHA256Mismatch", 400),
    },
}
_S3_TEXTS = {
    Refusal.MISSING: "Access Denied",
    Refusal.UNKNOWN_KEY: "The AWS Access Key Id you provided does not exist in our records.",
    Refusal.BAD_TOKEN: "The provided token is malformed or otherwise invalid.",
    Refusal.EXPIRED_TOKEN: "The provided token has expired.",
    Refusal.SKEWED: "The difference between the request time and the current time is too large.",
}


def family_of(service: str, guess: str = "json") -> str:
    """The family of a service; `guess` is what the request looks like, for services of two."""
    if service == "sqs" and guess == "query":
        return guess
    return {"s3": "s3", "sns": "query", "sts": "query", "lambda": "rest-json"}.get(service, "json")


def service_error(family: str, error: AuthError) -> ServiceError:
    table = _TABLES[family]
    code, status = table.get(error.refusal, table[Refusal.MISMATCH])
    message, extra = error.message, error.extra
    if family == "s3":
        message = _S3_TEXTS.get(error.refusal, message)
        if error.refusal is Refusal.SKEWED:
            extra = {**extra, "MaxAllowedSkewMilliseconds": "900000"}
    else:
        extra = {}
        if error.refusal is Refusal.MISMATCH:
            message = (
                f"{message}\n\nThe Canonical String for this request should have been\n"
                f"'{error.extra['CanonicalRequest']}'\n\nThe String-to-Sign should have been\n"
                f"'{error.extra['StringToSign']}'\n"
            )
    return ServiceError(code, message, status, **extra)
