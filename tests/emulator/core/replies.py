"""What all replies have in common: ids, the date, the form of an error."""

import email.utils
import secrets
import urllib.parse
import uuid

from . import protocols
from .service import Response, Service, ServiceError


def write_error(
    service: Service | None, family: str, request_id: str, error: ServiceError
) -> Response:
    if service is not None and hasattr(service, "error_in"):
        return service.error_in(family, request_id, error)
    if service is not None:
        return service.error(request_id, error)
    return protocols.error_response(family, request_id, error)


def request_id(family: str) -> str:
    return secrets.token_hex(8).upper() if family == "s3" else str(uuid.uuid4())


def host_id(request_id: str) -> str:
    return urllib.parse.quote(f"local-{request_id}", safe="")


def http_date(at: float) -> str:
    return email.utils.formatdate(at, usegmt=True)


def close_file(response: Response) -> None:
    close = getattr(response.body, "close", None)
    if close:
        close()
