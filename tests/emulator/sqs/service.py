"""SQS: queues in memory, in the JSON protocol and in the older query protocol."""

import json
import re
import threading
import typing

from . import attributes as queue_attributes, policy, query
from .message import Message, ReceivedMessage, attributes_md5, check_attributes, check_body
from .queue import Queue
from .results import batch, described, page
from .shapes import ATTRIBUTE_VALUE, SHAPES
from ..core.protocols import JsonService, QueryService, check_shape, error_response
from ..core.service import ACCOUNT_ID, Clock, Request, Response, ServiceError

JSON_TYPE = "application/x-amz-json-1.0"
MAX_BATCH_BYTES = 1 << 20
# What the query protocol calls an error, where that differs: the JSON protocol adds it in a header.
_QUERY_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    **{
        name: f"AWS.SimpleQueueService.{name}"
        for name in (
            "BatchEntryIdsNotDistinct",
            "BatchRequestTooLong",
            "EmptyBatchRequest",
            "InvalidBatchEntryId",
            "MessageNotInflight",
            "PurgeQueueInProgress",
            "TooManyEntriesInBatchRequest",
            "UnsupportedOperation",
        )
    },
}


class SqsService(JsonService):
    name = "sqs"
    target_prefix = "AmazonSQS"
    validation_code = "InvalidParameterValue"
    content_type = JSON_TYPE
    shapes = SHAPES

    def __init__(self, clock: Clock, endpoint: str, region: str = "eu-west-1"):
        """Queue URLs begin with `endpoint`."""
        self.refused: list[str] = []  # messages of services without permission
        self.total_sends = 0  # messages that came into a queue
        self._clock, self._endpoint, self._region = clock, endpoint, region
        self._lock = threading.Lock()
        self._queues: dict[str, Queue] = {}  # by name
        self._form_reader = QueryService()
        clock.on_move(self._wake)

    # --- for other services and tests ---

    def create(self, queue_name: str, **attributes: typing.Any) -> str:
        """As CreateQueue with these attributes; values that are not text become JSON. The ARN."""
        texts = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in attributes.items()
        }
        return self._create({"QueueName": queue_name, "Attributes": texts}).arn

    def permit(self, arn: str, service: str, source_arn: str) -> None:
        """Lets this service send to the queue for that resource."""
        queue = self.queue(arn)
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnLike": {"aws:SourceArn": source_arn}},
        }
        old = queue.attributes.get("Policy")
        statements = queue_attributes.statements_of(old) if old else []
        document = {"Version": "2012-10-17", "Statement": [*statements, statement]}
        queue.set_attributes({"Policy": json.dumps(document)})

    def allows(self, arn: str, service: str, source_arn: str) -> bool:
        """Whether there is such a queue and this service may send to it."""
        try:
            return policy.allows(self.queue(arn).attributes.get("Policy", ""), service, source_arn)
        except ServiceError:
            return False

    def deliver(
        self,
        arn: str,
        body: str,
        service: str,
        source_arn: str,
        attributes: dict[str, dict[str, str]] | None = None,
        group: str = "",
    ) -> None:
        """A message of another service, which needs the permission of the queue. One that sends in
        the name of a role has none of its own: `service` is empty then."""
        queue = self.queue(arn)
        if service and not self.allows(arn, service, source_arn):
            self.refused.append(
                f"{service} ({source_arn}) may not send to {queue.name}: its Policy does not allow"
                " it"
            )
            raise ServiceError("AccessDenied", self.refused[-1], 403)
        data = {"MessageBody": body, "MessageAttributes": attributes or {}}
        self._send(queue, {**data, "MessageGroupId": group} if group else data, service or "role")

    def queue(self, arn_or_url: str) -> Queue:
        name = re.split("[:/]", arn_or_url)[-1]
        with self._lock:
            queue = self._queues.get(name)
        if queue is None or arn_or_url not in (queue.arn, queue.url) and "/" not in arn_or_url:
            raise ServiceError(
                "QueueDoesNotExist", "The specified queue does not exist.", 400
            )
        return queue

    def receive(
        self, queue: Queue, most: int, *, wait: float = 0.0, **options
    ) -> list[ReceivedMessage]:
        """Options: those of Queue.receive."""
        return queue.receive(most, wait=wait, bury=lambda dead: self._bury(queue, dead), **options)

    def _bury(self, source: Queue, message: Message) -> bool:
        redrive = source.redrive()
        try:
            self.queue(redrive[0] if redrive else "").take_dead(message)
        except ServiceError:
            return False
        self.total_sends += 1
        return True

    def stop(self) -> None:
        for queue in self._all():
            queue.close()

    def _all(self) -> list[Queue]:
        with self._lock:
            return [self._queues[name] for name in sorted(self._queues)]

    def _wake(self) -> None:
        for queue in self._all():
            queue.wake()

    # --- protocols ---

    def operation(self, request: Request) -> str:
        if _speaks_json(request):
            return super().operation(request)
        return self._form_reader.operation(request)

    def handle(self, request: Request) -> Response:
        if not _speaks_json(request):
            return self._handle_query(request)
        if re.fullmatch(r"/\d{12}/[A-Za-z0-9_.-]+", request.path):
            request.path = "/"  # SDKs may send to the URL of the queue
        return super().handle(request)

    def _handle_query(self, request: Request) -> Response:
        form = self._form_reader.form(request)
        action, version = form.pop("Action", ""), form.pop("Version", query.VERSION)
        if action not in self.shapes or version != query.VERSION:
            raise ServiceError(
                "InvalidAction",
                f"The action {action} is not valid for this endpoint.",
            )
        data = query.read_form(form)
        check_shape(data, self.shapes[action], self.validation_code)
        result = getattr(self, action)(data, request)
        body = query.write_result(action, result, request.request_id)
        return Response(200, {"Content-Type": "text/xml"}, body)

    def error(self, request_id: str, error: ServiceError) -> Response:
        return self.error_in("json", request_id, error)

    def error_in(self, family: str, request_id: str, error: ServiceError) -> Response:
        code = _QUERY_CODES.get(error.code, error.code)
        if family == "query":
            renamed = ServiceError(code, error.message, error.status)
            return error_response("query", request_id, renamed)
        response = error_response("json", request_id, error)
        kind = "Sender" if error.status < 500 else "Receiver"
        response.headers.update({"Content-Type": JSON_TYPE, "x-amzn-query-error": f"{code};{kind}"})
        return response

    # --- queues ---

    def CreateQueue(self, data: dict, request: Request) -> dict:
        return {"QueueUrl": self._create(data).url}

    def _create(self, data: dict) -> Queue:
        name, attributes = data["QueueName"], _texts(data.get("Attributes", {}), "Attributes")
        fifo = name.endswith(".fifo")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo", name):
            raise ServiceError(
                "InvalidParameterValue",
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in"
                " length",
            )
        if fifo != (attributes.get("FifoQueue") == "true"):
            raise ServiceError(
                "InvalidParameterValue",
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                "underscores, must end with .fifo suffix, and needs the attribute FifoQueue true.",
            )
        queue_attributes.check(attributes, fifo)
        with self._lock:
            queue = self._queues.get(name)
            if queue is None:
                url = f"{self._endpoint}/{ACCOUNT_ID}/{name}"
                arn = f"arn:aws:sqs:{self._region}:{ACCOUNT_ID}:{name}"
                queue = self._queues[name] = Queue(name, url, arn, self._clock, attributes)
                queue.tags = _texts(data.get("tags", {}), "tags")
                return queue
        for attribute, value in attributes.items():
            if queue.attributes.get(attribute) != value:
                raise ServiceError(
                    "QueueNameExists",
                    f"A queue already exists with the same name and a different value for attribute"
                    f" {attribute}",
                )
        return queue

    def DeleteQueue(self, data: dict, request: Request) -> None:
        queue = self.queue(data["QueueUrl"])
        with self._lock:
            self._queues.pop(queue.name, None)
        queue.close()

    def GetQueueUrl(self, data: dict, request: Request) -> dict:
        return {"QueueUrl": self.queue(f"/{data['QueueName']}").url}

    def ListQueues(self, data: dict, request: Request) -> dict:
        prefix = data.get("QueueNamePrefix", "")
        urls = [queue.url for queue in self._all() if queue.name.startswith(prefix)]
        return page("QueueUrls", urls, data)

    def ListDeadLetterSourceQueues(self, data: dict, request: Request) -> dict:
        arn = self.queue(data["QueueUrl"]).arn
        sources = [queue.url for queue in self._all() if (queue.redrive() or ("",))[0] == arn]
        return page("queueUrls", sources, data) or {"queueUrls": []}

    def GetQueueAttributes(self, data: dict, request: Request) -> dict:
        queue = self.queue(data["QueueUrl"])
        found = {
            **queue.attributes,
            **queue.counts(),
            "QueueArn": queue.arn,
            "CreatedTimestamp": str(int(queue.created_at)),
            "LastModifiedTimestamp": str(int(queue.modified_at)),
        }
        wanted = data.get("AttributeNames", [])
        for name in wanted:
            if name != "All" and name not in found and name not in queue_attributes.SETTABLE:
                raise ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")
        chosen = {name: found[name] for name in found if name in wanted or "All" in wanted}
        return {"Attributes": chosen} if chosen else {}

    def SetQueueAttributes(self, data: dict, request: Request) -> None:
        queue, changes = self.queue(data["QueueUrl"]), _texts(data["Attributes"], "Attributes")
        queue_attributes.check(changes, queue.fifo)
        if changes.get("FifoQueue", "true") != queue.attributes.get("FifoQueue", "true"):
            raise ServiceError("InvalidAttributeName", "FifoQueue cannot be changed.")
        if changes.get("RedrivePolicy"):
            dead, _ = queue_attributes.redrive_of(changes["RedrivePolicy"])
            if dead.endswith(".fifo") != queue.fifo:
                raise ServiceError(
                    "InvalidParameterValue",
                    "The dead-letter queue of a FIFO queue must also be a FIFO queue, and that of a"
                    " standard queue a standard queue.",
                )
        queue.set_attributes(changes)

    def PurgeQueue(self, data: dict, request: Request) -> None:
        self.queue(data["QueueUrl"]).purge()

    # --- messages ---

    def SendMessage(self, data: dict, request: Request) -> dict:
        return self._send(self.queue(data["QueueUrl"]), data, request.principal.access_key)

    def _send(self, queue: Queue, data: dict, sender: str) -> dict:
        attributes = _attribute_values(data.get("MessageAttributes", {}))
        system = _attribute_values(data.get("MessageSystemAttributes", {}))
        check_body(data["MessageBody"])
        _check_fifo(queue, data)
        message = Message(
            data["MessageBody"],
            sender,
            self._clock.now(),
            attributes,
            {name: value["StringValue"] for name, value in system.items()},
            data.get("MessageGroupId", ""),
            data.get("MessageDeduplicationId", ""),
        )
        limit = queue.number("MaximumMessageSize")
        if message.size > limit:
            raise ServiceError(
                "InvalidParameterValue",
                "One or more parameters are invalid. Reason: Message must be shorter than"
                f" {limit} bytes.",
            )
        kept = queue.send(message, data.get("DelaySeconds"))
        self.total_sends += 1
        result = {"MessageId": kept.id, "MD5OfMessageBody": kept.md5}
        if attributes:
            result["MD5OfMessageAttributes"] = attributes_md5(attributes)
        if queue.fifo:
            result["SequenceNumber"] = f"{kept.sequence:020}"
        return result

    def SendMessageBatch(self, data: dict, request: Request) -> dict:
        queue, sender = self.queue(data["QueueUrl"]), request.principal.access_key
        size = sum(len(entry["MessageBody"].encode()) for entry in data["Entries"])
        if size > MAX_BATCH_BYTES:
            raise ServiceError(
                "BatchRequestTooLong",
                f"Batch requests cannot be longer than {MAX_BATCH_BYTES} bytes. You have sent"
                f" {size} bytes.",
            )
        return batch(data["Entries"], lambda entry: self._send(queue, entry, sender))

    def ReceiveMessage(self, data: dict, request: Request) -> dict:
        queue = self.queue(data["QueueUrl"])
        wait = data.get("WaitTimeSeconds", queue.number("ReceiveMessageWaitTimeSeconds"))
        received = self.receive(
            queue,
            data.get("MaxNumberOfMessages", 1),
            visibility=data.get("VisibilityTimeout"),
            wait=wait,
        )
        system = {*data.get("AttributeNames", []), *data.get("MessageSystemAttributeNames", [])}
        user = data.get("MessageAttributeNames", [])
        messages = [described(item, system, user) for item in received]
        return {"Messages": messages} if messages else {}

    def DeleteMessage(self, data: dict, request: Request) -> None:
        self.queue(data["QueueUrl"]).delete(data["ReceiptHandle"])

    def DeleteMessageBatch(self, data: dict, request: Request) -> dict:
        queue = self.queue(data["QueueUrl"])
        return batch(data["Entries"], lambda entry: queue.delete(entry["ReceiptHandle"]))

    def ChangeMessageVisibility(self, data: dict, request: Request) -> None:
        queue = self.queue(data["QueueUrl"])
        queue.change_visibility(data["ReceiptHandle"], data["VisibilityTimeout"])

    def ChangeMessageVisibilityBatch(self, data: dict, request: Request) -> dict:
        queue = self.queue(data["QueueUrl"])
        return batch(
            data["Entries"],
            lambda entry: queue.change_visibility(
                entry["ReceiptHandle"], entry["VisibilityTimeout"]
            ),
        )


def _speaks_json(request: Request) -> bool:
    return "x-amz-target" in request.headers


def _texts(values: dict, name: str) -> dict[str, str]:
    if not all(isinstance(value, str) for value in values.values()):
        raise ServiceError("SerializationException", f"the values of {name} are text")
    return values


def _attribute_values(values: dict) -> dict[str, dict[str, str]]:
    for name, value in values.items():
        check_shape(value, ATTRIBUTE_VALUE, "InvalidParameterValue", f"attribute {name}.")
    check_attributes(values)
    return values


def _check_fifo(queue: Queue, data: dict) -> None:
    if not queue.fifo:
        if "MessageDeduplicationId" in data:
            raise ServiceError(
                "InvalidParameterValue",
                "The request include parameter MessageDeduplicationId which is not valid for this"
                " queue type",
            )
        return
    if "MessageGroupId" not in data:
        raise ServiceError(
            "MissingParameter", "The request must contain the parameter MessageGroupId."
        )
    if "DelaySeconds" in data:
        raise ServiceError(
            "InvalidParameterValue",
            f"Value {data['DelaySeconds']} for parameter DelaySeconds is invalid. Reason: The"
            " request include parameter that is not valid for this queue type.",
        )
    by_content = queue.attributes.get("ContentBasedDeduplication") == "true"
    if "MessageDeduplicationId" not in data and not by_content:
        raise ServiceError(
            "InvalidParameterValue",
            "The queue should either have ContentBasedDeduplication enabled or"
            " MessageDeduplicationId provided explicitly",
        )
