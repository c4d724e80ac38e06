"""Event source mappings: which queue a function is fed from, and how, as `aws lambda` sets it."""

import dataclasses
import re
import threading
import time
import typing
import urllib.parse
import uuid

from .core.protocols import Member, check_shape, json_response, number, parse_json, text
from .core.service import Clock, Request, Response, ServiceError
from .event_poller import Batching, Failing, Poller
from .lambda_.local_function import LocalFunction
from .lambda_.shapes import INVALID
from .sqs.service import SqsService

_PATH = re.compile("/2015-03-31/event-source-mappings(?:/([^/]*))?")
_OPERATIONS = {  # method, whether a mapping is named -> operation
    ("POST", False): "CreateEventSourceMapping",
    ("GET", False): "ListEventSourceMappings",
    ("GET", True): "GetEventSourceMapping",
    ("PUT", True): "UpdateEventSourceMapping",
    ("DELETE", True): "DeleteEventSourceMapping",
}
_UPDATE = {
    "FunctionName": text(1, 140),
    "Enabled": Member(bool),
    "BatchSize": number(1, 10000),
    "MaximumBatchingWindowInSeconds": number(0, 300),
    "FunctionResponseTypes": Member(
        list, most=1, items=text(choices=("ReportBatchItemFailures",))
    ),
    "ScalingConfig": Member(dict, members={"MaximumConcurrency": number(2, 1000)}),
}
_CREATE = {
    **_UPDATE,
    "FunctionName": text(1, 140, required=True),
    "EventSourceArn": text(required=True),
}


@dataclasses.dataclass
class Mapping:
    queue_arn: str
    function_arn: str
    batching: Batching
    enabled: bool
    modified_at: float
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    poller: Poller | None = None


class EventSources:
    """The mappings of all functions of a Lambda service."""

    def __init__(
        self,
        find: typing.Callable[[str], LocalFunction],
        clock: Clock,
        sqs: SqsService,
        failing: Failing,
    ):
        """`find` knows a function by its name or ARN."""
        self._find_function, self._clock, self._sqs, self._failing = find, clock, sqs, failing
        self._lock = threading.Lock()
        self._mappings: dict[str, Mapping] = {}

    # --- for tests and deployments ---

    def create(self, function: str, queue_arn: str, **members) -> str:
        """As CreateEventSourceMapping with these members; the mapping's id."""
        data = {"FunctionName": function, "EventSourceArn": queue_arn, **members}
        check_shape(data, _CREATE, INVALID)
        return self._create(data).id

    def delete(self, mapping_id: str) -> None:
        with self._lock:
            mapping = self._mappings.pop(mapping_id)
        _stop(mapping)

    def is_idle(self) -> bool:
        """No mapped queue has a message to be received soon, or one that is being processed."""
        return all(mapping.poller is None or mapping.poller.is_idle() for mapping in self._all())

    def wait_idle(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not self.is_idle():
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True

    def stop(self) -> None:
        for mapping in self._all():
            _stop(mapping)

    def _all(self) -> list[Mapping]:
        with self._lock:
            return list(self._mappings.values())

    # --- the API ---

    def operation(self, request: Request) -> str:
        """Empty if the request does not concern mappings."""
        match = _PATH.fullmatch(request.path)
        return _OPERATIONS.get((request.method, bool(match[1])), "") if match else ""

    def handle(self, request: Request) -> Response:
        operation, mapping_id = self.operation(request), _PATH.fullmatch(request.path)[1]
        if operation == "ListEventSourceMappings":
            return self._list(dict(urllib.parse.parse_qsl(request.query)))
        if operation == "CreateEventSourceMapping":
            mapping = self._create(_input(request, _CREATE))
            return self._answer(mapping, 202, "Creating")
        mapping = self._find(urllib.parse.unquote(mapping_id))
        if operation == "UpdateEventSourceMapping":
            self._update(mapping, _input(request, _UPDATE))
            return self._answer(mapping, 202, "Updating")
        if operation == "DeleteEventSourceMapping":
            self.delete(mapping.id)
            return self._answer(mapping, 202, "Deleting")
        return self._answer(mapping, 200)

    def _find(self, mapping_id: str) -> Mapping:
        with self._lock:
            mapping = self._mappings.get(mapping_id)
        if mapping is None:
            raise ServiceError(
                "ResourceNotFoundException", "The resource you requested does not exist.", 404
            )
        return mapping

    def _create(self, data: dict) -> Mapping:
        queue_arn = data["EventSourceArn"]
        function_arn = self._find_function(data["FunctionName"]).settings.arn
        mapping = Mapping(
            queue_arn,
            function_arn,
            Batching(),
            data.get("Enabled", True),
            self._clock.now(),
        )
        batching = self._checked(mapping, data)
        with self._lock:
            for other in self._mappings.values():
                if (other.queue_arn, other.function_arn) == (queue_arn, function_arn):
                    raise ServiceError(
                        "ResourceConflictException",
                        (
                            f'An event source mapping with SQS arn (" {queue_arn} ") and'
                            f' function (" {function_arn} ") already exists. Please update'
                            f" or delete the existing mapping with UUID {other.id}"
                        ),
                        409,
                    )
            self._mappings[mapping.id] = mapping
        self._set(mapping, batching)
        return mapping

    def _update(self, mapping: Mapping, data: dict) -> None:
        if "FunctionName" in data:
            mapping.function_arn = self._find_function(data["FunctionName"]).settings.arn
        batching = self._checked(mapping, data)
        mapping.enabled = data.get("Enabled", mapping.enabled)
        mapping.modified_at = self._clock.now()
        self._set(mapping, batching)

    def _set(self, mapping: Mapping, batching: Batching) -> None:
        mapping.batching = batching
        if not mapping.enabled:
            _stop(mapping)
        elif mapping.poller is not None and not mapping.poller.stopped:
            mapping.poller.batching = batching
        else:
            mapping.poller = Poller(
                self._sqs,
                self._sqs.queue(mapping.queue_arn),
                lambda: self._find_function(mapping.function_arn),
                batching,
                self._failing,
            )

    def _checked(self, mapping: Mapping, data: dict) -> Batching:
        """The batching after these changes; raises if it does not suit the queue."""
        try:
            queue = self._sqs.queue(mapping.queue_arn)
        except ServiceError as error:
            raise _invalid(
                f"Error occurred while ReceiveMessage. SQS Error Code: {error.code}. SQS Error"
                f" Message: {error.message}"
            ) from None
        old = mapping.batching
        batching = Batching(
            data.get("BatchSize", old.size),
            data.get("MaximumBatchingWindowInSeconds", old.window),
            bool(data.get("FunctionResponseTypes", old.report_failures)),
            data.get("ScalingConfig", {"MaximumConcurrency": old.concurrency}).get(
                "MaximumConcurrency", 0
            ),
        )
        timeout = self._find_function(mapping.function_arn).settings.timeout
        visibility = queue.number("VisibilityTimeout")
        if visibility < timeout:
            raise _invalid(
                f"Queue visibility timeout: {visibility} seconds is less than Function timeout:"
                f" {timeout} seconds"
            )
        if queue.fifo and (batching.size > 10 or batching.window):
            raise _invalid("A FIFO queue has batches of up to 10 messages and no batching window.")
        if batching.size > 10 and not batching.window:
            raise _invalid(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is"
                " greater than 10"
            )
        return batching

    def _list(self, query: dict[str, str]) -> Response:
        function, source = query.get("FunctionName"), query.get("EventSourceArn")
        arn = self._find_function(function).settings.arn if function else None
        found = [
            self._described(mapping)
            for mapping in self._all()
            if source in (None, mapping.queue_arn) and arn in (None, mapping.function_arn)
        ]
        return json_response({"EventSourceMappings": found}, 200, "application/json")

    def _answer(self, mapping: Mapping, status: int, state: str = "") -> Response:
        return json_response(self._described(mapping, state), status, "application/json")

    def _described(self, mapping: Mapping, state: str = "") -> dict:
        batching = mapping.batching
        found = {
            "UUID": mapping.id,
            "BatchSize": batching.size,
            "MaximumBatchingWindowInSeconds": batching.window,
            "EventSourceArn": mapping.queue_arn,
            "FunctionArn": mapping.function_arn,
            "LastModified": mapping.modified_at,
            "State": state or ("Enabled" if mapping.enabled else "Disabled"),
            "StateTransitionReason": "USER_INITIATED",
            "FunctionResponseTypes": ["ReportBatchItemFailures"] * batching.report_failures,
        }
        if batching.concurrency:
            found["ScalingConfig"] = {"MaximumConcurrency": batching.concurrency}
        return found


def _stop(mapping: Mapping) -> None:
    if mapping.poller is not None:
        mapping.poller.stop()


def _input(request: Request, shape) -> dict:
    data = parse_json(request.read() or b"{}")
    check_shape(data, shape, INVALID)
    return data


def _invalid(message: str) -> ServiceError:
    return ServiceError(INVALID, message, 400)
