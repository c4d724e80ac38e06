"""The wire forms of AWS: JSON and query (form in, XML out), and how each writes an error.

A service of the local AWS is a class with one method for each operation; what its members may be is
said beside it as a Shape, and anything else is refused: a client must not get away with a misspelt
member that the real service would ignore or refuse.
"""

import dataclasses
import json
import re
import typing
import urllib.parse
from xml.sax.saxutils import escape

from .service import Request, Response, ServiceError

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def xml_text(text: str) -> str:
    """Character data; what XML 1.0 cannot carry becomes a question mark."""
    return escape(_CONTROL.sub("?", text))


# --- members ---


@dataclasses.dataclass(frozen=True)
class Member:
    """One member of a request: its JSON type, whether it must be there, and its bounds."""

    kind: type | tuple[type, ...]
    required: bool = False
    least: int | None = None  # of length (text, lists) or value (numbers)
    most: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    items: "Member | None" = None
    members: "Shape | None" = None


Shape = typing.Mapping[str, Member]


def text(
    least: int = 0,
    most: int | None = None,
    required: bool = False,
    pattern: str | None = None,
    choices: tuple[str, ...] = (),
) -> Member:
    return Member(str, required, least, most, pattern, choices)


def number(least: int | None = None, most: int | None = None, required: bool = False) -> Member:
    return Member(int, required, least, most)


def check_shape(
    data: typing.Any, shape: Shape, code: str = "ValidationException", path: str = ""
) -> None:
    """Raises ServiceError(code) unless `data` is an object of this shape."""
    if not isinstance(data, dict):
        raise ServiceError(code, f"{path or 'the request'} must be an object")
    for name in data:
        if name not in shape:
            raise ServiceError(code, f"{path + name} is not a member of this request")
    for name, member in shape.items():
        value = data.get(name)
        if value is None:
            if member.required:
                raise ServiceError(
                    code,
                    (
                        f"1 validation error detected: Value null at '{path + name}' failed to"
                        " satisfy constraint: Member must not be null"
                    ),
                )
            continue
        _check_member(value, member, code, path + name)


def _check_member(value, member: Member, code: str, path: str) -> None:
    kinds = member.kind if isinstance(member.kind, tuple) else (member.kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ServiceError(
            "SerializationException",
            f"{path} is a {type(value).__name__}, not a {kinds[0].__name__}",
        )
    size = value if isinstance(value, (int, float)) else len(value)
    low = member.least is not None and size < member.least
    high = member.most is not None and size > member.most
    if (
        low
        or high
        or (member.pattern and not re.fullmatch(member.pattern, value))
        or (member.choices and value not in member.choices)
    ):
        wanted = member.choices or member.pattern or f"between {member.least} and {member.most}"
        raise ServiceError(
            code,
            (
                f"1 validation error detected: Value at '{path}' failed to satisfy constraint:"
                f" {wanted}"
            ),
        )
    if member.items:
        for index, item in enumerate(value):
            _check_member(item, member.items, code, f"{path}.{index + 1}.member")
    if member.members:
        check_shape(value, member.members, code, path + ".")


# --- JSON ---


def parse_json(data: bytes) -> typing.Any:
    """JSON as AWS's front ends take it: UTF-8, no name twice, no NaN."""

    def once(pairs):
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("a member stands twice")
        return result

    def refuse(name):
        raise ValueError(f"{name} is not JSON")

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ServiceError("SerializationException", f"the body is not JSON: {error}") from None


def json_response(
    value: typing.Any, status: int = 200, content_type: str = "application/x-amz-json-1.1"
) -> Response:
    data = b"" if value is None else json.dumps(value, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": content_type}, data)


class JsonService:
    """A service of the JSON protocol: `OPERATIONS` names shape and method of each operation."""

    name = ""
    target_prefix = ""
    validation_code = "ValidationException"
    content_type = "application/x-amz-json-1.1"
    shapes: typing.Mapping[str, Shape] = {}

    def operation(self, request: Request) -> str:
        return request.headers.get("x-amz-target", "").rpartition(".")[2]

    def handle(self, request: Request) -> Response:
        prefix, _, operation = request.headers.get("x-amz-target", "").rpartition(".")
        if request.method != "POST" or request.path != "/" or request.query:
            raise ServiceError("UnknownOperationException", "an operation is a POST to /", 404)
        if prefix != self.target_prefix or operation not in self.shapes:
            raise ServiceError(
                "UnknownOperationException", f"{prefix}.{operation} is no operation of {self.name}"
            )
        content_type = request.headers.get("content-type", "").partition(";")[0].strip()
        if content_type != self.content_type:
            raise ServiceError(
                "SerializationException", f"Content-Type {content_type!r} is not {self.content_type}"
            )
        data = parse_json(request.read())
        check_shape(data, self.shapes[operation], self.validation_code)
        result = getattr(self, operation)(data, request)
        return json_response(result, content_type=self.content_type)

    def error(self, request_id: str, error: ServiceError) -> Response:
        return error_response("json", request_id, error)


# --- query ---


class QueryService:
    """A service of the query protocol. `parameters` names what each action takes."""

    name = ""
    version = ""
    namespace = ""
    # action -> parameter names; a trailing ".*" allows a list or map below that name
    parameters: typing.Mapping[str, tuple[str, ...]] = {}

    def operation(self, request: Request) -> str:
        return self.form(request).get("Action", "")

    def handle(self, request: Request) -> Response:
        form = self.form(request)
        action, version = form.pop("Action", ""), form.pop("Version", "")
        if action not in self.parameters or version != self.version:
            raise ServiceError(
                "InvalidAction", f"Could not find operation {action} for version {version}"
            )
        for name in form:
            if not any(
                name == known or known.endswith(".*") and name.startswith(known[:-1])
                for known in self.parameters[action]
            ):
                raise ServiceError("InvalidParameter", f"{name} is not a parameter of {action}")
        result = getattr(self, action)(form, request)
        inner = f"<{action}Result>{result}</{action}Result>" if result is not None else ""
        data = (
            f"<{action}Response"
            f' xmlns="{self.namespace}">{inner}<ResponseMetadata><RequestId>{request.request_id}'
            f"</RequestId></ResponseMetadata></{action}Response>\n"
        )
        return Response(200, {"Content-Type": "text/xml"}, data.encode("utf-8", "replace"))

    def form(self, request: Request) -> dict[str, str]:
        """The parameters, without moving the body for who reads it next."""
        position = request.body.tell()
        data = request.read()
        request.body.seek(position)
        if request.method == "GET":
            data = b"&".join(
                pair
                for pair in request.query.encode().split(b"&")
                if not pair.startswith(b"X-Amz-")
            )
        try:
            pairs = urllib.parse.parse_qsl(
                data.decode("ascii"),
                keep_blank_values=True,
                strict_parsing=bool(data),
                errors="strict",
            )
        except ValueError as error:
            raise ServiceError(
                "MalformedQueryString", f"the form cannot be read: {error}"
            ) from None
        if len({name for name, _ in pairs}) != len(pairs):
            raise ServiceError("MalformedQueryString", "a parameter stands twice")
        return dict(pairs)

    def error(self, request_id: str, error: ServiceError) -> Response:
        return error_response("query", request_id, error)


# --- errors ---


def error_response(family: str, request_id: str, error: ServiceError) -> Response:
    """The error in the form of a family: json, rest-json, query, s3."""
    if family in ("json", "rest-json"):
        key = "message" if family == "json" else "Message"
        body = {"__type": error.code, key: error.message, **error.extra}
        if family == "rest-json":
            body.pop("__type")
            body = {"Type": "User" if error.status < 500 else "Service", **body}
        response = json_response(
            body,
            error.status,
            "application/json" if family == "rest-json" else "application/x-amz-json-1.1",
        )
        response.headers["x-amzn-ErrorType"] = error.code
        return response
    kind = "Sender" if error.status < 500 else "Receiver"
    if family == "query":
        data = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{xml_text(error.code)}</Code>"
            f"<Message>{xml_text(error.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>\n"
        )
        return Response(error.status, {"Content-Type": "text/xml"}, data.encode("utf-8", "replace"))
    extra = "".join(f"<{name}>{xml_text(value)}</{name}>" for name, value in error.extra.items())
    data = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{xml_text(error.code)}</Code>'
        f"<Message>{xml_text(error.message)}</Message>{extra}"
        f"<RequestId>{request_id}</RequestId></Error>"
    )
    return Response(
        error.status, {"Content-Type": "application/xml"}, data.encode("utf-8", "replace")
    )
