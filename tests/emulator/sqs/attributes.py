"""The attributes of a queue: which there are, what they may be, and what they are unless set."""

import json
import re
import typing

from .message import MAX_MESSAGE
from ..core.service import ServiceError

# attribute -> (least, most, default)
_NUMBERS = {
    "DelaySeconds": (0, 900, 0),
    "MaximumMessageSize": (1024, MAX_MESSAGE, MAX_MESSAGE),
    "MessageRetentionPeriod": (60, 1209600, 345600),
    "ReceiveMessageWaitTimeSeconds": (0, 20, 0),
    "VisibilityTimeout": (0, 43200, 30),
}
_CHOICES = {
    "FifoQueue": ("true",),
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
_FIFO_ONLY = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_TEXTS = ("Policy", "RedrivePolicy")
DEFAULTS = {name: str(default) for name, (_, _, default) in _NUMBERS.items()}
SETTABLE = (*_NUMBERS, *_CHOICES, *_TEXTS)


def check(attributes: typing.Mapping[str, str], fifo: bool) -> None:
    """Raises unless each may be set on such a queue."""
    for name, value in attributes.items():
        if name not in SETTABLE or (name in _FIFO_ONLY and not fifo):
            raise ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")
        if name in _NUMBERS:
            least, most, _ = _NUMBERS[name]
            valid = re.fullmatch("[0-9]{1,9}", value) and least <= int(value) <= most
        else:
            valid = name in _TEXTS or value in _CHOICES[name]
        if not valid:
            raise _invalid(name)
    if attributes.get("RedrivePolicy"):
        redrive_of(attributes["RedrivePolicy"])
    if attributes.get("Policy"):
        statements_of(attributes["Policy"])


def _invalid(name: str, reason: str = "") -> ServiceError:
    return ServiceError(
        "InvalidAttributeValue",
        f"Invalid value for the parameter {name}." + (f" Reason: {reason}" if reason else ""),
    )


def redrive_of(text: str) -> tuple[str, int]:
    """ARN of the dead-letter queue, and how often a message is received before it goes there."""
    try:
        value = json.loads(text)
        arn, count = value["deadLetterTargetArn"], int(value["maxReceiveCount"])
    except (ValueError, TypeError, KeyError):
        raise _invalid(
            "RedrivePolicy", "it is JSON with deadLetterTargetArn and maxReceiveCount."
        ) from None
    if set(value) - {"deadLetterTargetArn", "maxReceiveCount"} or not 1 <= count <= 1000:
        raise _invalid("RedrivePolicy", "maxReceiveCount is a number from 1 to 1000.")
    return arn, count


def statements_of(text: str) -> list[dict]:
    """The statements of an access policy."""
    try:
        statements = json.loads(text)["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        if not all(isinstance(item, dict) and item["Effect"] for item in statements):
            raise ValueError
    except (ValueError, TypeError, KeyError):
        raise _invalid("Policy") from None
    return statements
