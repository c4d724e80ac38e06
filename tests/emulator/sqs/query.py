"""SQS's older protocol, query: forms to the members of the JSON protocol, results to XML.

Clients of 2023 and before speak it, Debian's `aws` for one.
"""

import typing

from ..core.protocols import xml_text
from ..core.service import ServiceError

VERSION = "2012-11-05"
NAMESPACE = f"http://queue.amazonaws.com/doc/{VERSION}/"

# What a list is called in a form and in XML, where each item stands by itself -> its member.
_LISTS = {
    "AttributeName": "AttributeNames",
    "MessageSystemAttributeName": "MessageSystemAttributeNames",
    "MessageAttributeName": "MessageAttributeNames",
    "SendMessageBatchRequestEntry": "Entries",
    "DeleteMessageBatchRequestEntry": "Entries",
    "ChangeMessageVisibilityBatchRequestEntry": "Entries",
}
# Maps: the same -> member, and how its key and value are called.
_MAPS = {
    "Attribute": ("Attributes", "Name", "Value"),
    "MessageAttribute": ("MessageAttributes", "Name", "Value"),
    "MessageSystemAttribute": ("MessageSystemAttributes", "Name", "Value"),
    "Tag": ("tags", "Key", "Value"),
}
_NUMBERS = {
    "DelaySeconds",
    "MaxNumberOfMessages",
    "MaxResults",
    "VisibilityTimeout",
    "WaitTimeSeconds",
}
_XML_LISTS = {"QueueUrls": "QueueUrl", "queueUrls": "QueueUrl", "Messages": "Message"}


def read_form(form: dict[str, str]) -> dict[str, typing.Any]:
    """The members of a request, without Action and Version."""
    tree: dict = {}
    for name, value in form.items():
        *path, last = name.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                raise ServiceError("MalformedInput", f"{name} contradicts another parameter")
        if last in branch:
            raise ServiceError("MalformedInput", f"{name} contradicts another parameter")
        branch[last] = value
    return _members(tree)


def _members(tree: dict) -> dict[str, typing.Any]:
    found: dict[str, typing.Any] = {}
    for name, value in tree.items():
        if name in _LISTS and isinstance(value, dict):
            found[_LISTS[name]] = [
                _members(item) if isinstance(item, dict) else item for item in _numbered(value)
            ]
        elif name in _MAPS and isinstance(value, dict):
            member, key, content = _MAPS[name]
            found[member] = {
                item.get(key, ""): item.get(content)
                for item in _numbered(value)
                if isinstance(item, dict)
            }
        elif name in _NUMBERS and isinstance(value, str):
            found[name] = _number(name, value)
        else:
            found[name] = value
    return found


def _numbered(items: dict) -> list:
    try:
        return [items[number] for number in sorted(items, key=int)]
    except ValueError:
        raise ServiceError("MalformedInput", "the items of a list are numbered") from None


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ServiceError("MalformedInput", f"{name} is not a number") from None


def write_result(action: str, result: dict | None, request_id: str) -> bytes:
    inner = "" if result is None else f"<{action}Result>{_xml(action, result)}</{action}Result>"
    return (
        f'<{action}Response xmlns="{NAMESPACE}">{inner}<ResponseMetadata><RequestId>{request_id}'
        f"</RequestId></ResponseMetadata></{action}Response>\n"
    ).encode("utf-8", "replace")


def _xml(action: str, members: dict) -> str:
    out = ""
    maps = {member: (name, key, value) for name, (member, key, value) in _MAPS.items()}
    for name, value in members.items():
        if isinstance(value, dict):
            item, key, content = maps[name]
            out += "".join(
                f"<{item}><{key}>{xml_text(one)}</{key}>"
                f"<{content}>{_xml(action, two) if isinstance(two, dict) else xml_text(two)}"
                f"</{content}></{item}>"
                for one, two in value.items()
            )
        elif isinstance(value, list):
            item = _item_name(action, name)
            out += "".join(
                f"<{item}>{_xml(action, one) if isinstance(one, dict) else xml_text(one)}</{item}>"
                for one in value
            )
        elif isinstance(value, bool):
            out += f"<{name}>{str(value).lower()}</{name}>"
        else:
            out += f"<{name}>{xml_text(str(value))}</{name}>"
    return out


def _item_name(action: str, name: str) -> str:
    if name == "Successful":
        return f"{action}ResultEntry"
    return "BatchResultErrorEntry" if name == "Failed" else _XML_LISTS[name]
