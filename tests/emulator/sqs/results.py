"""How SQS describes messages, the outcome of a batch, and a page of a list."""

import re
import typing

from .message import ReceivedMessage, attributes_md5
from ..core.service import ServiceError


def described(item: ReceivedMessage, system: set[str], user: list[str]) -> dict:
    message = item.message
    found: dict[str, typing.Any] = {
        "MessageId": message.id,
        "ReceiptHandle": item.receipt,
        "MD5OfBody": message.md5,
        "Body": message.body,
    }
    chosen = {name: item.system[name] for name in item.system if {name, "All"} & system}
    if chosen:
        found["Attributes"] = chosen
    wanted = {
        name: value for name, value in message.attributes.items() if _is_named(name, user)
    }
    if wanted:
        found["MessageAttributes"] = wanted
        found["MD5OfMessageAttributes"] = attributes_md5(wanted)
    return found


def _is_named(name: str, patterns: list[str]) -> bool:
    return any(
        pattern in ("All", name) or (pattern.endswith(".*") and name.startswith(pattern[:-2]))
        for pattern in patterns
    )


def batch(entries: list[dict], act: typing.Callable[[dict], dict | None]) -> dict:
    """Each entry by itself: what fails does not hold up the others."""
    if not entries:
        raise ServiceError(
            "EmptyBatchRequest", "There should be at least one entry in the request."
        )
    if len(entries) > 10:
        raise ServiceError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are 10. You have sent {len(entries)}.",
        )
    ids = [entry["Id"] for entry in entries]
    if not all(re.fullmatch("[A-Za-z0-9_-]{1,80}", entry_id) for entry_id in ids):
        raise ServiceError("InvalidBatchEntryId", "A batch entry id is not valid.")
    if len(set(ids)) != len(ids):
        raise ServiceError("BatchEntryIdsNotDistinct", "Two entries have the same Id.")
    done: list[dict] = []
    failed: list[dict] = []
    for entry in entries:
        try:
            done.append({"Id": entry["Id"], **(act(entry) or {})})
        except ServiceError as error:
            failed.append(
                {
                    "Id": entry["Id"],
                    "SenderFault": error.status < 500,
                    "Code": error.code,
                    "Message": error.message,
                }
            )
    return {"Successful": done, "Failed": failed}


def page(name: str, items: list[str], data: dict) -> dict:
    start = data.get("NextToken", "0")
    if not re.fullmatch("[0-9]{1,9}", start):
        raise ServiceError("InvalidParameterValue", "NextToken is not valid.")
    end = int(start) + data.get("MaxResults", 1000)
    page = {name: items[int(start) : end]} if items[int(start) :] else {}
    return {**page, "NextToken": str(end)} if "MaxResults" in data and end < len(items) else page
