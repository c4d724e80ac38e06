"""A message of a queue, what may be in it, and how it is described to a receiver."""

import base64
import binascii
import dataclasses
import hashlib
import json
import re
import struct
import typing
import uuid

from ..core.service import ServiceError

MAX_MESSAGE = 1 << 20  # bytes of body and attributes
MAX_ATTRIBUTES = 10
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TYPE = re.compile(r"(String|Number|Binary)(\.[A-Za-z0-9_.-]{1,249})?")
_NAME = re.compile(r"(?!aws\.|amazon\.)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.IGNORECASE)


@dataclasses.dataclass
class Message:
    """`visible_at` and all other times are seconds of the movable clock."""

    body: str
    sender: str
    sent_at: float
    attributes: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    system: dict[str, str] = dataclasses.field(default_factory=dict)  # AWSTraceHeader and the like
    group: str = ""
    deduplication_id: str = ""
    sequence: int = 0  # of a FIFO queue
    visible_at: float = 0.0
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    receive_count: int = 0
    first_received_at: float = 0.0

    @property
    def size(self) -> int:
        return len(self.body.encode()) + attributes_size(self.attributes)

    @property
    def md5(self) -> str:
        return hashlib.md5(self.body.encode()).hexdigest()

    @property
    def receipt(self) -> str:
        """The handle of the latest receive; each receive makes the handles before it stale."""
        return base64.b64encode(f"{self.id} {self.receive_count}".encode()).decode()

    def in_flight(self, now: float) -> bool:
        return self.receive_count > 0 and self.visible_at > now

    def delayed(self, now: float) -> bool:
        return self.receive_count == 0 and self.visible_at > now

    def system_attributes(self) -> dict[str, str]:
        found = {
            "SenderId": self.sender,
            "SentTimestamp": str(int(self.sent_at * 1000)),
            "ApproximateReceiveCount": str(self.receive_count),
            "ApproximateFirstReceiveTimestamp": str(int(self.first_received_at * 1000)),
            **self.system,
        }
        if self.sequence:
            found["SequenceNumber"] = f"{self.sequence:020}"
            found["MessageDeduplicationId"] = self.deduplication_id
        if self.group:
            found["MessageGroupId"] = self.group
        return found

    @property
    def event_bytes(self) -> int:
        """About how much of a Lambda event it takes."""
        return len(json.dumps(self.body)) + 2 * attributes_size(self.attributes) + 1000


class ReceivedMessage(typing.NamedTuple):
    """A message as one receive saw it: a later receive does not change this."""

    message: Message
    receipt: str
    system: dict[str, str]


def read_receipt(handle: str) -> tuple[str, int]:
    """Message id and number of the receive."""
    try:
        message_id, _, number = base64.b64decode(handle, validate=True).decode().partition(" ")
        return str(uuid.UUID(message_id)), int(number)
    except (binascii.Error, ValueError):
        raise ServiceError(
            "ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is invalid.', 404
        ) from None


# --- what may be sent ---


def check_body(body: str) -> None:
    if not body:
        raise ServiceError(
            "MissingParameter", "The request must contain the parameter MessageBody."
        )
    if found := _FORBIDDEN.search(body):
        raise ServiceError(
            "InvalidMessageContents",
            f"Invalid character #x{ord(found[0]):X} was found in the message body.",
        )


def check_attributes(attributes: typing.Mapping[str, dict]) -> None:
    if len(attributes) > MAX_ATTRIBUTES:
        raise ServiceError(
            "InvalidParameterValue",
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [10].",
        )
    for name, value in attributes.items():
        kind = value.get("DataType", "")
        wanted = "BinaryValue" if kind.startswith("Binary") else "StringValue"
        if not _NAME.fullmatch(name) or len(name) > 256:
            raise ServiceError(
                "InvalidParameterValue", f"Message (user) attribute name '{name}' is invalid."
            )
        if not _TYPE.fullmatch(kind):
            raise ServiceError(
                "InvalidParameterValue",
                f"The type of message (user) attribute '{name}' is invalid.",
            )
        if not value.get(wanted):
            raise ServiceError(
                "InvalidParameterValue",
                f"The message attribute '{name}' must contain a non-empty {wanted}.",
            )


def attributes_size(attributes: typing.Mapping[str, dict[str, str]]) -> int:
    return sum(
        len(name.encode()) + len(value["DataType"]) + len(_value(value)[1])
        for name, value in attributes.items()
    )


def attributes_md5(attributes: typing.Mapping[str, dict[str, str]]) -> str:
    """As SDKs check it: name, type, and value in the order of the names, each with its length."""
    digest = hashlib.md5()
    for name in sorted(attributes):
        transport, value = _value(attributes[name])
        for part in (name.encode(), attributes[name]["DataType"].encode()):
            digest.update(struct.pack(">I", len(part)) + part)
        digest.update(transport + struct.pack(">I", len(value)) + value)
    return digest.hexdigest()


def _value(attribute: dict[str, str]) -> tuple[bytes, bytes]:
    if attribute["DataType"].startswith("Binary"):
        try:
            return b"\2", base64.b64decode(attribute["BinaryValue"], validate=True)
        except binascii.Error:
            raise ServiceError("InvalidParameterValue", "BinaryValue is not base64.") from None
    return b"\1", attribute["StringValue"].encode()
