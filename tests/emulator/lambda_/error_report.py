"""What is wrong with an error that a runtime reports; empty when nothing is."""

import json

from ..core.protocols import parse_json
from ..core.service import ServiceError

MAX_XRAY_CAUSE = 64 * 1024


def body_problem(body: bytes) -> str:
    try:
        error = parse_json(body)
    except ServiceError as problem:
        return f"an error body is not JSON: {problem.message}"
    if (
        not isinstance(error, dict)
        or not isinstance(error.get("errorMessage"), str)
        or not isinstance(error.get("errorType"), str)
    ):
        return "an error body needs errorMessage and errorType, both text"
    trace = error.get("stackTrace", [])
    if not isinstance(trace, list) or not all(isinstance(line, str) for line in trace):
        return "stackTrace is not a list of text"
    return ""


def cause_problem(cause: str | None) -> str:
    """Of the header for X-Ray, which may be absent."""
    if cause is None:
        return ""
    try:
        valid = len(cause) <= MAX_XRAY_CAUSE and isinstance(json.loads(cause), dict)
    except ValueError:
        valid = False
    if not valid:
        return "Lambda-Runtime-Function-XRay-Error-Cause is no JSON object of at most 64 KiB"
    return ""
