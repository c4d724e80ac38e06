"""SNS: topics, publishing by the rules, and every message kept for tests to read."""

import datetime
import json
import re
import threading
import typing
import uuid

from ..core.protocols import QueryService, xml_text
from ..core.service import ACCOUNT_ID, Clock, Request, ServiceError

MAX_MESSAGE = 256 * 1024
MAX_SUBJECT = 99
_PROTOCOLS = (
    "email",
    "email-json",
    "sms",
    "sqs",
    "lambda",
    "http",
    "https",
    "application",
    "firehose",
)

# Queue ARN, body, message attributes, topic ARN.
Enqueue = typing.Callable[[str, str, dict, str], None]


def _invalid(what: str) -> ServiceError:
    return ServiceError("InvalidParameter", f"Invalid parameter: {what}")


class SnsService(QueryService):
    name = "sns"
    version = "2010-03-31"
    namespace = "http://sns.amazonaws.com/doc/2010-03-31/"
    parameters = {
        "CreateTopic": ("Name", "Attributes.*", "Tags.*"),
        "DeleteTopic": ("TopicArn",),
        "ListTopics": ("NextToken",),
        "GetTopicAttributes": ("TopicArn",),
        "Publish": (
            "TopicArn",
            "TargetArn",
            "Message",
            "Subject",
            "MessageStructure",
            "MessageAttributes.*",
        ),
        "PublishBatch": ("TopicArn", "PublishBatchRequestEntries.*"),
        "Subscribe": ("TopicArn", "Protocol", "Endpoint", "Attributes.*", "ReturnSubscriptionArn"),
        "Unsubscribe": ("SubscriptionArn",),
        "ListSubscriptions": ("NextToken",),
        "ListSubscriptionsByTopic": ("TopicArn", "NextToken"),
    }

    def __init__(
        self,
        clock: Clock,
        region: str = "eu-west-1",
        deliver: typing.Callable[[str, dict, str], None] | None = None,
        enqueue: Enqueue | None = None,
    ):
        """`deliver(lambda_arn, event, topic_arn)` hands a message to a subscribed function, and
        `enqueue(queue_arn, body, message attributes, topic_arn)` to a subscribed queue."""
        self.messages: list[dict] = []  # everything published, in order
        self._clock, self._region, self._deliver = clock, region, deliver
        self._enqueue = enqueue
        self._changed = threading.Condition()
        self._topics: dict[str, dict[str, str]] = {}
        self._subscriptions: dict[str, dict[str, str]] = {}

    # --- for other services and tests ---

    def create_topic(self, name: str) -> str:
        arn = f"arn:aws:sns:{self._region}:{ACCOUNT_ID}:{name}"
        with self._changed:
            self._topics.setdefault(arn, {})
        return arn

    def has_topic(self, arn: str) -> bool:
        return arn in self._topics

    def wait_for_messages(self, count: int, seconds: float = 60.0) -> list[dict]:
        """All messages once there are so many; those there are when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.messages) >= count, seconds)
            return list(self.messages)

    def publish(
        self,
        topic_arn: str,
        message: str,
        subject: str = "",
        structure: str = "",
        attributes: dict | None = None,
        principal: str = "",
    ) -> str:
        """Checks and keeps one message; its id."""
        self._topic(topic_arn)
        if not message:
            raise _invalid("Empty message")
        if len(message.encode()) > MAX_MESSAGE:
            raise _invalid("Message too long")
        check_subject(subject)
        bodies = _structured(message, structure)
        record = {
            "MessageId": str(uuid.uuid4()),
            "TopicArn": topic_arn,
            "Subject": subject,
            "Message": message,
            "MessageStructure": structure,
            "Bodies": bodies,
            "MessageAttributes": attributes or {},
            "Timestamp": self._clock.now(),
            "Principal": principal,
        }
        with self._changed:
            self.messages.append(record)
            self._changed.notify_all()
            subscribed = [
                item for item in self._subscriptions.values() if item["TopicArn"] == topic_arn
            ]
        for subscription in subscribed:
            if subscription["Protocol"] == "lambda":
                self._to_function(subscription["Endpoint"], record)
            elif subscription["Protocol"] == "sqs":
                self._to_queue(subscription, record)
        return record["MessageId"]

    @staticmethod
    def _notification(record: dict, protocol: str) -> dict:
        """What every subscriber learns."""
        at = datetime.datetime.fromtimestamp(record["Timestamp"], datetime.timezone.utc)
        return {
            "Type": "Notification",
            "MessageId": record["MessageId"],
            "TopicArn": record["TopicArn"],
            "Subject": record["Subject"] or None,
            "Message": record["Bodies"].get(protocol, record["Bodies"]["default"]),
            "Timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
        }

    def _to_queue(self, subscription: dict[str, str], record: dict) -> None:
        if self._enqueue is None:
            return
        notification, attributes = self._notification(record, "sqs"), record["MessageAttributes"]
        if subscription.get("RawMessageDelivery") == "true":
            body = notification["Message"]
            values = {name: _queue_attribute(value) for name, value in attributes.items()}
        else:
            urls = {"SigningCertURL": "EXAMPLE", "UnsubscribeURL": "EXAMPLE"}
            shown = {"MessageAttributes": attributes} if attributes else {}
            content = {**notification, **urls, **shown}
            body = json.dumps({name: value for name, value in content.items() if value is not None})
            values = {}
        self._enqueue(subscription["Endpoint"], body, values, record["TopicArn"])

    def _to_function(self, arn: str, record: dict) -> None:
        if self._deliver is None:
            return
        message = {
            **self._notification(record, "lambda"),
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": {},
        }
        event = {
            "Records": [
                {
                    "EventSource": "aws:sns",
                    "EventVersion": "1.0",
                    "EventSubscriptionArn": record["TopicArn"] + ":1",
                    "Sns": message,
                }
            ]
        }
        self._deliver(arn, event, record["TopicArn"])

    def _topic(self, arn: str) -> dict[str, str]:
        if not re.fullmatch(r"arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}", arn):
            raise _invalid(
                "TopicArn Reason: An ARN must have at least 6 elements, not 1"
                if ":" not in arn
                else "TopicArn"
            )
        topic = self._topics.get(arn)
        if topic is None:
            raise ServiceError("NotFound", "Topic does not exist", 404)
        return topic

    # --- the API ---

    def CreateTopic(self, form: dict[str, str], request: Request) -> str:
        name = form.get("Name", "")
        if not re.fullmatch("[A-Za-z0-9_-]{1,256}", name):
            raise _invalid("Topic Name")
        return f"<TopicArn>{self.create_topic(name)}</TopicArn>"

    def DeleteTopic(self, form: dict[str, str], request: Request) -> None:
        with self._changed:
            self._topics.pop(form.get("TopicArn", ""), None)

    def ListTopics(self, form: dict[str, str], request: Request) -> str:
        members = "".join(
            f"<member><TopicArn>{arn}</TopicArn></member>" for arn in sorted(self._topics)
        )
        return f"<Topics>{members}</Topics>"

    def GetTopicAttributes(self, form: dict[str, str], request: Request) -> str:
        arn = form.get("TopicArn", "")
        self._topic(arn)
        entries = {
            "TopicArn": arn,
            "Owner": ACCOUNT_ID,
            "SubscriptionsConfirmed": str(
                sum(item["TopicArn"] == arn for item in self._subscriptions.values())
            ),
        }
        text = "".join(
            f"<entry><key>{key}</key><value>{xml_text(value)}</value></entry>"
            for key, value in entries.items()
        )
        return f"<Attributes>{text}</Attributes>"

    def Publish(self, form: dict[str, str], request: Request) -> str:
        if ("TopicArn" in form) == ("TargetArn" in form):
            raise _invalid("TopicArn or TargetArn Reason: exactly one is needed")
        if "Subject" in form and not form["Subject"]:
            raise _invalid("Subject")
        message_id = self.publish(
            form.get("TopicArn") or form["TargetArn"],
            form.get("Message", ""),
            form.get("Subject", ""),
            form.get("MessageStructure", ""),
            _attributes(form, "MessageAttributes."),
            request.principal.arn,
        )
        return f"<MessageId>{message_id}</MessageId>"

    def PublishBatch(self, form: dict[str, str], request: Request) -> str:
        entries = _members(form, "PublishBatchRequestEntries.member.")
        if not 1 <= len(entries) <= 10:
            raise ServiceError(
                "EmptyBatchRequest" if not entries else "TooManyEntriesInBatchRequest",
                "1 to 10 entries",
            )
        if len({entry.get("Id") for entry in entries}) != len(entries):
            raise ServiceError(
                "BatchEntryIdsNotDistinct",
                "Two or more batch entries in the request have the same Id.",
            )
        if sum(len(entry.get("Message", "").encode()) for entry in entries) > MAX_MESSAGE:
            raise ServiceError(
                "BatchRequestTooLong",
                "The length of all the batch messages put together is more than the limit.",
            )
        done, failed = "", ""
        for entry in entries:
            entry_id = f"<Id>{xml_text(entry.get('Id', ''))}</Id>"
            try:
                message_id = self.publish(
                    form.get("TopicArn", ""),
                    entry.get("Message", ""),
                    entry.get("Subject", ""),
                    entry.get("MessageStructure", ""),
                    _attributes(entry, "MessageAttributes."),
                    request.principal.arn,
                )
                done += f"<member>{entry_id}<MessageId>{message_id}</MessageId></member>"
            except ServiceError as error:
                if error.code == "NotFound":
                    raise
                failed += (
                    f"<member>{entry_id}<Code>{error.code}</Code>"
                    f"<Message>{xml_text(error.message)}</Message>"
                    "<SenderFault>true</SenderFault></member>"
                )
        return f"<Successful>{done}</Successful><Failed>{failed}</Failed>"

    def Subscribe(self, form: dict[str, str], request: Request) -> str:
        topic, protocol = form.get("TopicArn", ""), form.get("Protocol", "")
        self._topic(topic)
        if protocol not in _PROTOCOLS:
            raise _invalid(f"Does not support this protocol string: {protocol}")
        if not form.get("Endpoint"):
            raise _invalid("Endpoint")
        if protocol == "sqs" and form["Endpoint"].endswith(".fifo"):
            raise _invalid("Endpoint Reason: FIFO queues can not be subscribed to standard topics")
        subscription = {"TopicArn": topic, "Protocol": protocol, "Endpoint": form["Endpoint"]}
        attributes = _subscription_attributes(form)
        with self._changed:
            same = (
                arn
                for arn, item in self._subscriptions.items()
                if all(item[name] == value for name, value in subscription.items())
            )
            arn = next(same, "") or f"{topic}:{uuid.uuid4()}"
            self._subscriptions[arn] = {**subscription, **attributes}
        return f"<SubscriptionArn>{arn}</SubscriptionArn>"

    def Unsubscribe(self, form: dict[str, str], request: Request) -> None:
        with self._changed:
            if self._subscriptions.pop(form.get("SubscriptionArn", ""), None) is None:
                raise ServiceError("NotFound", "Subscription does not exist", 404)

    def ListSubscriptions(self, form: dict[str, str], request: Request) -> str:
        return self._list_subscriptions(None)

    def ListSubscriptionsByTopic(self, form: dict[str, str], request: Request) -> str:
        self._topic(form.get("TopicArn", ""))
        return self._list_subscriptions(form["TopicArn"])

    def _list_subscriptions(self, topic: str | None) -> str:
        members = "".join(
            f"<member><SubscriptionArn>{arn}</SubscriptionArn><Owner>{ACCOUNT_ID}</Owner>"
            f"<Protocol>{item['Protocol']}"
            f"</Protocol><Endpoint>{xml_text(item['Endpoint'])}</Endpoint>"
            f"<TopicArn>{item['TopicArn']}</TopicArn></member>"
            for arn, item in list(self._subscriptions.items())
            if topic in (None, item["TopicArn"])
        )
        return f"<Subscriptions>{members}</Subscriptions>"


def check_subject(subject: str) -> None:
    """ASCII without control characters, not starting with a space, under 100 characters."""
    if not subject:
        return
    if (
        len(subject) > MAX_SUBJECT
        or not subject.isascii()
        or not subject.isprintable()
        or subject[0] == " "
    ):
        raise _invalid("Subject")


def _structured(message: str, structure: str) -> dict[str, str]:
    """The text for each protocol; `default` is for those not named."""
    if not structure:
        return {"default": message}
    if structure != "json":
        raise _invalid("MessageStructure")

    def once(pairs):
        if len({name for name, _ in pairs}) != len(pairs):
            raise _invalid("Message Structure - Duplicate keys in JSON message body")
        return dict(pairs)

    try:
        bodies = json.loads(message, object_pairs_hook=once)
    except ValueError:
        raise _invalid("Message Structure - JSON message body failed to parse") from None
    if not isinstance(bodies, dict) or not isinstance(bodies.get("default"), str):
        raise _invalid("Message Structure - No default entry in JSON message body")
    return {name: body for name, body in bodies.items() if isinstance(body, str)}


def _subscription_attributes(form: dict[str, str]) -> dict[str, str]:
    entries = _members(form, "Attributes.entry.")
    found = {entry.get("key", ""): entry.get("value", "") for entry in entries}
    for name, value in found.items():
        if name != "RawMessageDelivery" or value not in ("true", "false"):
            raise _invalid(f"Attributes Reason: {name} = {value} is not known here")
    if found and form["Protocol"] != "sqs":
        raise _invalid("Attributes Reason: RawMessageDelivery is for queues")
    return found


def _queue_attribute(attribute: dict[str, str]) -> dict[str, str]:
    member = "BinaryValue" if attribute["Type"].startswith("Binary") else "StringValue"
    return {"DataType": attribute["Type"], member: attribute["Value"]}


def _members(form: dict[str, str], prefix: str) -> list[dict[str, str]]:
    """The structures of a list parameter, in order."""
    entries: dict[int, dict[str, str]] = {}
    for name, value in form.items():
        if name.startswith(prefix):
            number, _, member = name[len(prefix) :].partition(".")
            if not number.isdigit():
                raise _invalid(name)
            entries.setdefault(int(number), {})[member] = value
    return [entries[number] for number in sorted(entries)]


def _attributes(form: dict[str, str], prefix: str) -> dict[str, dict[str, str]]:
    result = {}
    for entry in _members(form, prefix + "entry."):
        kind, name = entry.get("Value.DataType", ""), entry.get("Name", "")
        value = entry.get("Value.StringValue", entry.get("Value.BinaryValue", ""))
        if not name or kind.partition(".")[0] not in ("String", "Number", "Binary") or not value:
            raise ServiceError(
                "ParameterValueInvalid",
                (
                    f"The message attribute '{name}' must contain non-empty message "
                    "attribute value and a valid type."
                ),
            )
        result[name] = {"Type": kind, "Value": value}
    return result
