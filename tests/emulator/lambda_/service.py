"""AWS Lambda's own API (REST, JSON) over LocalFunction, as `aws lambda` uses it."""

import base64
import binascii
import json
import logging
import pathlib
import re
import threading
import time
import typing
import urllib.parse
import uuid

from . import shapes
from .async_queue import RetryRules
from .function import Function, LambdaOptions
from .invoke import invoke
from .log import LogLine
from .package import code_sha256
from .local_function import LocalFunction
from ..core.protocols import check_shape, error_response, json_response, parse_json
from ..core.service import ACCOUNT_ID, Clock, CredentialStore, Request, Response, ServiceError


log = logging.getLogger("emulator.lambda")


class EventSources(typing.Protocol):
    """The part of Lambda's API that feeds functions from queues."""

    def operation(self, request: Request) -> str:
        """Empty if the request is for another part."""

    def handle(self, request: Request) -> Response:
        ...

    def wait_idle(self, seconds: float) -> bool:
        ...

    def stop(self) -> None:
        ...


class LambdaService:
    name = "lambda"

    def __init__(
        self,
        root: pathlib.Path,
        clock: Clock,
        credentials: CredentialStore,
        options: LambdaOptions | None = None,
        on_log: typing.Callable[[LogLine], None] | None = None,
        deliver: typing.Callable[[str, dict], None] | None = None,
        logs: pathlib.Path | None = None,
    ):
        self.logs = logs or root / "logs"
        self.root, self.clock, self.credentials = root, clock, credentials
        self.options = options or LambdaOptions()
        self.on_log = on_log or (lambda line: None)
        self.failures: list[dict] = []  # records of events that failed for good
        self.refused: list[str] = []  # invocations by services without permission
        self._deliver = deliver or (lambda arn, record: None)
        self.event_sources: EventSources | None = None  # set by who knows of queues
        self._lock = threading.RLock()
        self._functions: dict[str, Function] = {}

    # --- for other services and tests ---

    def create(self, name: str, package: bytes, role: str, **members) -> str:
        """As CreateFunction with these members (Timeout, Environment …); the ARN."""
        data = {
            "FunctionName": name,
            "Role": role,
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Code": {"ZipFile": base64.b64encode(package).decode()},
            **members,
        }
        check_shape(data, shapes.CREATE, shapes.INVALID)
        return self._create(data).arn

    def permit(self, function: str, principal: str, source_arn: str) -> None:
        """As AddPermission: this service may invoke the function for that resource."""
        self._find(function).policy.add(
            {
                "StatementId": uuid.uuid4().hex,
                "Action": "lambda:InvokeFunction",
                "Principal": principal,
                "SourceArn": source_arn,
            }
        )

    def invoke_async(
        self, function: str, payload: bytes, *, principal: str = "", source_arn: str = ""
    ) -> str:
        """Queues an event; `principal` is the service that asks, whose permission is checked."""
        target = self._find(function)
        if (
            principal
            and self.options.enforce_permissions
            and not target.policy.allows(principal, source_arn)
        ):
            self.refused.append(
                f"{principal} ({source_arn}) may not invoke {target.name}: lambda add-permission is"
                " missing"
            )
            log.error(self.refused[-1])
            return ""
        return target.queue.put(payload)

    def allows(self, function: str, principal: str, source_arn: str) -> bool:
        """Whether this service may invoke the function; False if there is none."""
        try:
            target = self._find(function)
        except ServiceError:
            return False
        return not self.options.enforce_permissions or target.policy.allows(principal, source_arn)

    def wait_idle(self, seconds: float = 30.0) -> bool:
        """True once no asynchronous invocation is queued, running, or waiting to be tried again,
        and no queue has a message for a function."""
        end = time.monotonic() + seconds
        return all(
            function.queue.wait_idle(max(0.0, end - time.monotonic())) for function in self._all()
        ) and (self.event_sources is None or self.event_sources.wait_idle(end - time.monotonic()))

    def violations(self) -> list[str]:
        return [
            f"{function.name}: {text}" for function in self._all() for text in function.violations
        ]

    def log_file(self, name: str) -> pathlib.Path:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self.logs / f"{name}.log"

    def function(self, name: str) -> LocalFunction:
        return self._find(name).runner

    def lost(self, function: Function, record: dict) -> None:
        self.failures.append(record)
        if function.rules and function.rules.on_failure:
            self._deliver(function.rules.on_failure, record)

    def stop(self) -> None:
        if self.event_sources is not None:
            self.event_sources.stop()
        for function in self._all():
            function.close()

    def _all(self) -> list[Function]:
        with self._lock:
            return list(self._functions.values())

    # --- the API ---

    _ROUTES = (  # method, path after /functions, operation
        ("2015-03-31", "POST", "", "CreateFunction"),
        ("2015-03-31", "GET", "", "ListFunctions"),
        ("2015-03-31", "GET", "/([^/]+)", "GetFunction"),
        ("2015-03-31", "DELETE", "/([^/]+)", "DeleteFunction"),
        ("2015-03-31", "GET", "/([^/]+)/configuration", "GetFunctionConfiguration"),
        ("2015-03-31", "PUT", "/([^/]+)/configuration", "UpdateFunctionConfiguration"),
        ("2015-03-31", "PUT", "/([^/]+)/code", "UpdateFunctionCode"),
        ("2015-03-31", "POST", "/([^/]+)/invocations", "Invoke"),
        ("2015-03-31", "POST", "/([^/]+)/policy", "AddPermission"),
        ("2015-03-31", "GET", "/([^/]+)/policy", "GetPolicy"),
        ("2015-03-31", "DELETE", "/([^/]+)/policy/([^/]+)", "RemovePermission"),
        ("2019-09-25", "PUT", "/([^/]+)/event-invoke-config", "PutFunctionEventInvokeConfig"),
        ("2019-09-25", "GET", "/([^/]+)/event-invoke-config", "GetFunctionEventInvokeConfig"),
        ("2019-09-25", "DELETE", "/([^/]+)/event-invoke-config", "DeleteFunctionEventInvokeConfig"),
    )

    def _route(self, request: Request) -> tuple[str, list[str]]:
        path = request.path.rstrip("/") if request.path.endswith("/functions/") else request.path
        for version, method, pattern, operation in self._ROUTES:
            match = re.fullmatch(f"/{version}/functions{pattern}", path)
            if match and request.method == method:
                return operation, [urllib.parse.unquote(part) for part in match.groups()]
        return "", []

    def operation(self, request: Request) -> str:
        sources = self.event_sources
        return sources and sources.operation(request) or self._route(request)[0]

    def handle(self, request: Request) -> Response:
        if self.event_sources is not None and self.event_sources.operation(request):
            return self.event_sources.handle(request)
        operation, parts = self._route(request)
        if not operation:
            raise ServiceError(
                "UnknownOperationException", f"{request.method} {request.path} is not known", 404
            )
        return getattr(self, f"_{operation}")(request, *parts)

    def error(self, request_id: str, error: ServiceError) -> Response:
        return error_response("rest-json", request_id, error)

    def _input(self, request: Request, shape) -> dict:
        data = parse_json(request.read(96 << 20) or b"{}")
        check_shape(data, shape, shapes.INVALID)
        return data

    def _find(self, function: str) -> Function:
        match = re.fullmatch(
            (
                "(?:arn:aws:lambda:[a-z0-9-]+:\\d{12}:function:|\\d{12}:function:)?"
                f"({shapes.NAME})(?::([^:]+))?"
            ),
            function,
        )
        if not match:
            raise ServiceError(
                "ValidationException", f"{function!r} is not the name or ARN of a function", 400
            )
        with self._lock:
            found = self._functions.get(match[1])
        if found is None or match[2] not in (None, "$LATEST"):
            raise ServiceError(
                "ResourceNotFoundException", f"Function not found: {self._arn(match[1])}", 404
            )
        return found

    def _arn(self, name: str) -> str:
        return f"arn:aws:lambda:{self.options.region}:{ACCOUNT_ID}:function:{name}"

    def _CreateFunction(self, request: Request) -> Response:
        function = self._create(self._input(request, shapes.CREATE))
        return json_response(function.configuration, 201, "application/json")

    def _create(self, data: dict) -> Function:
        name = data["FunctionName"].rpartition(":")[2]
        if not re.fullmatch(shapes.NAME, name):
            raise ServiceError(
                shapes.INVALID, f"{name!r} is not the name of a function", 400
            )
        with self._lock:
            if name in self._functions:
                raise ServiceError(
                    "ResourceConflictException", f"Function already exist: {name}", 409
                )
            function = Function(
                self,
                {
                    "FunctionName": name,
                    "FunctionArn": self._arn(name),
                    "Description": "",
                    "Timeout": 3,
                    "MemorySize": 128,
                    "Version": "$LATEST",
                    "TracingConfig": {"Mode": "PassThrough"},
                    "State": "Active",
                    "LastUpdateStatus": "Successful",
                    "PackageType": "Zip",
                    "Architectures": ["x86_64"],
                    "EphemeralStorage": {"Size": 512},
                    "LoggingConfig": {"LogFormat": "Text"},
                },
            )
            aside = ("FunctionName", "Code", "Publish", "Tags")
            self._configure(
                function, {member: value for member, value in data.items() if member not in aside}
            )
            self._deploy(function, data["Code"]["ZipFile"])
            self._functions[name] = function
            function.restart()
            return function

    def _configure(self, function: Function, changes: dict) -> None:
        variables = changes.get("Environment", {}).get("Variables", {})
        if not all(
            isinstance(value, str) and re.fullmatch("[a-zA-Z][a-zA-Z0-9_]+", key)
            for key, value in variables.items()
        ):
            raise ServiceError(
                shapes.INVALID, "environment variables must be text with plain names", 400
            )
        reserved = sorted(shapes.RESERVED & set(variables))
        if reserved:
            raise ServiceError(
                shapes.INVALID,
                (
                    "Lambda was unable to configure your environment variables because the"
                    " environment variables you have provided contains reserved keys that are"
                    " currently not supported for modification. Reserved keys used in this"
                    f" request: {', '.join(reserved)}"
                ),
                400,
            )
        if len(json.dumps(variables, separators=(",", ":")).encode()) > 4096:
            raise ServiceError(
                shapes.INVALID,
                (
                    "Lambda was unable to configure your environment variables because the"
                    " environment variables you have provided exceeded the 4KB limit."
                ),
                400,
            )
        function.configuration.update(changes)
        config = function.configuration["LoggingConfig"]
        config.setdefault("LogFormat", "Text")
        config.setdefault("LogGroup", f"/aws/lambda/{function.name}")
        self._touch(function)

    def _deploy(self, function: Function, zip_base64: str) -> None:
        try:
            data = base64.b64decode(zip_base64, validate=True)
        except binascii.Error:
            raise ServiceError("SerializationException", "ZipFile is not base64", 400) from None
        function.place_code(data, self.root / "code" / function.name / uuid.uuid4().hex)
        function.configuration.update(CodeSize=len(data), CodeSha256=code_sha256(data))
        self._touch(function)

    def _touch(self, function: Function) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(self.clock.now()))
        function.configuration.update(LastModified=now, RevisionId=str(uuid.uuid4()))

    def _ListFunctions(self, request: Request) -> Response:
        functions = sorted(
            (function.configuration for function in self._all()),
            key=lambda item: item["FunctionName"],
        )
        return json_response({"Functions": functions}, 200, "application/json")

    def _GetFunction(self, request: Request, name: str) -> Response:
        function = self._find(name)
        return json_response(
            {
                "Configuration": function.configuration,
                "Tags": {},
                "Code": {"RepositoryType": "S3", "Location": f"file://{function.folder}"},
            },
            200,
            "application/json",
        )

    def _GetFunctionConfiguration(self, request: Request, name: str) -> Response:
        return json_response(self._find(name).configuration, 200, "application/json")

    def _UpdateFunctionConfiguration(self, request: Request, name: str) -> Response:
        data = self._input(request, shapes.UPDATE_CONFIGURATION)
        with self._lock:
            function = self._find(name)
            self._check_revision(function, data.pop("RevisionId", None))
            self._configure(function, data)
            function.restart()
            return json_response(function.configuration, 200, "application/json")

    def _UpdateFunctionCode(self, request: Request, name: str) -> Response:
        data = self._input(request, shapes.UPDATE_CODE)
        with self._lock:
            function = self._find(name)
            self._check_revision(function, data.get("RevisionId"))
            if not data.get("DryRun"):
                self._deploy(function, data["ZipFile"])
                function.configuration["Architectures"] = data.get(
                    "Architectures", function.configuration["Architectures"]
                )
                function.restart()
            return json_response(function.configuration, 200, "application/json")

    @staticmethod
    def _check_revision(function: Function, revision: str | None) -> None:
        if revision is not None and revision != function.configuration["RevisionId"]:
            raise ServiceError(
                "PreconditionFailedException",
                (
                    "The Revision Id provided does not match the latest Revision Id. "
                    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
                ),
                412,
            )

    def _DeleteFunction(self, request: Request, name: str) -> Response:
        with self._lock:
            function = self._find(name)
            del self._functions[function.name]
        function.close()
        return Response(204)

    def _Invoke(self, request: Request, name: str) -> Response:
        function = self._find(name)
        return invoke(
            function.runner, function.queue.put, request.headers, request.read(), request.request_id
        )

    def _AddPermission(self, request: Request, name: str) -> Response:
        data = self._input(request, shapes.PERMISSION)
        statement = self._find(name).policy.add(data)
        return json_response({"Statement": json.dumps(statement)}, 201, "application/json")

    def _GetPolicy(self, request: Request, name: str) -> Response:
        return json_response({"Policy": self._find(name).policy.text()}, 200, "application/json")

    def _RemovePermission(self, request: Request, name: str, statement: str) -> Response:
        self._find(name).policy.remove(statement)
        return Response(204)

    def _PutFunctionEventInvokeConfig(self, request: Request, name: str) -> Response:
        data = self._input(request, shapes.INVOKE_CONFIG)
        function = self._find(name)
        destination = data.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
        function.rules = RetryRules(
            data.get("MaximumRetryAttempts", 2),
            data.get("MaximumEventAgeInSeconds", 21600),
            destination,
        )
        return self._GetFunctionEventInvokeConfig(request, name)

    def _GetFunctionEventInvokeConfig(self, request: Request, name: str) -> Response:
        function = self._find(name)
        rules = function.rules
        if rules is None:
            raise ServiceError(
                "ResourceNotFoundException",
                f"The function {function.arn}:$LATEST doesn't have an EventInvokeConfig",
                404,
            )
        failure = {"Destination": rules.on_failure} if rules.on_failure else {}
        return json_response(
            {
                "LastModified": self.clock.now(),
                "FunctionArn": f"{function.arn}:$LATEST",
                "MaximumRetryAttempts": rules.attempts,
                "MaximumEventAgeInSeconds": rules.event_age,
                "DestinationConfig": {"OnSuccess": {}, "OnFailure": failure},
            },
            200,
            "application/json",
        )

    def _DeleteFunctionEventInvokeConfig(self, request: Request, name: str) -> Response:
        self._find(name).rules = None
        return Response(204)
