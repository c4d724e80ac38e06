"""What a target of a rule gets: a constant, a part of the event, or the event."""

import json
import re
import typing

from ..core.service import ServiceError


def check_input(target: dict) -> None:
    if target.get("Input"):
        try:
            json.loads(target["Input"])
        except ValueError:
            raise ServiceError(
                "ValidationException", f"Invalid Input for target {target['Id']}."
            ) from None
    if target.get("InputPath") and not re.fullmatch(r"\$(\.[A-Za-z0-9_-]+)*", target["InputPath"]):
        raise ServiceError("ValidationException", f"Invalid InputPath for target {target['Id']}.")


def input_of(target: dict, event: dict) -> bytes:
    if target.get("Input"):
        return target["Input"].encode()
    part: typing.Any = event
    for name in target.get("InputPath", "$").split(".")[1:]:
        part = part.get(name) if isinstance(part, dict) else None
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode()
