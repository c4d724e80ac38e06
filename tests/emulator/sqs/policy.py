"""Which service may send to a queue: the queue's access policy."""

import fnmatch
import typing

from .attributes import statements_of
from ..core.service import ACCOUNT_ID

_ACTIONS = {"sqs:sendmessage", "sqs:*", "*"}
_SOURCES = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")


def allows(policy: str, service: str, source_arn: str) -> bool:
    """Whether this service may send on behalf of that resource."""
    return bool(policy) and any(
        _concerns(statement, service, source_arn) for statement in statements_of(policy)
    )


def _concerns(statement: dict, service: str, source_arn: str) -> bool:
    principal = statement.get("Principal")
    services = ["*"] if principal == "*" else _list(principal.get("Service")) if principal else []
    actions = {action.lower() for action in _list(statement.get("Action"))}
    return (
        statement["Effect"] == "Allow"
        and bool({service, "*"} & set(services))
        and bool(_ACTIONS & actions)
        and all(
            _holds(operator, conditions, source_arn)
            for operator, conditions in statement.get("Condition", {}).items()
        )
    )


def _holds(operator: str, conditions: dict, source_arn: str) -> bool:
    """A condition that is not known here does not hold."""
    found = {"aws:sourcearn": source_arn, "aws:sourceaccount": ACCOUNT_ID}
    return operator in _SOURCES and all(
        any(fnmatch.fnmatchcase(found.get(key.lower(), ""), pattern) for pattern in _list(wanted))
        for key, wanted in conditions.items()
    )


def _list(value: typing.Any) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]
