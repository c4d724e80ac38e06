"""EventBridge patterns: whether one is valid, and whether an event matches it."""

import fnmatch
import ipaddress
import json
import operator
import typing

_COMPARE = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ABSENT = object()


class InvalidPattern(Exception):
    """Says which part of the pattern is wrong."""


def parse(text: str) -> dict:
    """The pattern, checked whole; raises InvalidPattern."""
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise InvalidPattern(f"Event pattern is not valid. Reason: {error}") from None
    _check_object(pattern, "the pattern")
    return pattern


def matches(pattern: dict, event: typing.Any) -> bool:
    """Whether all fields of a checked pattern hold for the event."""
    if not isinstance(event, dict):
        return False
    return all(_field_matches(name, rule, event) for name, rule in pattern.items())


# --- checks ---


def _check_object(pattern: typing.Any, where: str) -> None:
    if not isinstance(pattern, dict) or not pattern:
        raise InvalidPattern(
            f"Event pattern is not valid. Reason: {where} must be an object that is not empty"
        )
    for name, rule in pattern.items():
        inside = f"{where}.{name}"
        if name == "$or":
            if not isinstance(rule, list) or len(rule) < 2:
                raise InvalidPattern(
                    f"Event pattern is not valid. Reason: {inside} needs a list of two or more"
                )
            for item in rule:
                _check_object(item, inside)
        elif isinstance(rule, list) and rule:
            for item in rule:
                _check_matcher(item, inside)
        elif isinstance(rule, dict):
            _check_object(rule, inside)
        else:
            raise InvalidPattern(
                f'Event pattern is not valid. Reason: "{name}" must be an object or an array'
            )


def _check_matcher(item: typing.Any, where: str) -> None:
    if not isinstance(item, (dict, list)):
        return
    kind, value = (
        next(iter(item.items())) if isinstance(item, dict) and len(item) == 1 else ("", None)
    )
    check = _CHECKS.get(kind)
    if check is None:
        raise InvalidPattern(
            f"Event pattern is not valid. Reason: Unrecognized match type {kind or item!r} in"
            f" {where}"
        )
    if not check(value):
        raise InvalidPattern(
            f"Event pattern is not valid. Reason: {kind} match pattern in {where} cannot be"
            f" {value!r}"
        )


def _is_text(value: typing.Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_text_or_folded(value: typing.Any) -> bool:
    return (
        _is_text(value)
        or isinstance(value, dict)
        and list(value) == ["equals-ignore-case"]
        and _is_text(value["equals-ignore-case"])
    )


def _is_number(value: typing.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_numeric_rule(value: typing.Any) -> bool:
    if not isinstance(value, list) or len(value) not in (2, 4):
        return False
    pairs = list(zip(value[::2], value[1::2]))
    if not all(
        isinstance(sign, str) and sign in _COMPARE and _is_number(bound) for sign, bound in pairs
    ):
        return False
    return len(pairs) == 1 or (
        pairs[0][0] in (">", ">=") and pairs[1][0] in ("<", "<=") and pairs[0][1] < pairs[1][1]
    )


def _is_anything_but(value: typing.Any) -> bool:
    if isinstance(value, dict):
        if len(value) != 1 or next(iter(value)) not in (
            "prefix",
            "suffix",
            "equals-ignore-case",
            "wildcard",
        ):
            return False
        inner = next(iter(value.values()))
        return (
            _is_text(inner) or isinstance(inner, list) and bool(inner) and all(map(_is_text, inner))
        )
    if isinstance(value, list):
        return bool(value) and (
            all(isinstance(item, str) for item in value) or all(map(_is_number, value))
        )
    return isinstance(value, str) or _is_number(value)


def _is_cidr(value: typing.Any) -> bool:
    try:
        ipaddress.ip_network(value)
        return isinstance(value, str)
    except ValueError:
        return False


_CHECKS: dict[str, typing.Callable[[typing.Any], bool]] = {
    "prefix": _is_text_or_folded,
    "suffix": _is_text_or_folded,
    "equals-ignore-case": _is_text,
    "wildcard": _is_text,
    "exists": lambda value: isinstance(value, bool),
    "numeric": _is_numeric_rule,
    "anything-but": _is_anything_but,
    "cidr": _is_cidr,
}


# --- matching ---


def _field_matches(name: str, rule: typing.Any, event: dict) -> bool:
    if name == "$or":
        return any(matches(item, event) for item in rule)
    value = event.get(name, _ABSENT)
    if isinstance(rule, dict):
        if isinstance(value, list):
            return any(matches(rule, item) for item in value)
        return matches(rule, value if isinstance(value, dict) else {})
    leaves = value if isinstance(value, list) else [value]
    leaves = [leaf for leaf in leaves if not isinstance(leaf, (dict, list))] or [_ABSENT]
    return any(_matches(item, leaf) for item in rule for leaf in leaves)


def _same(wanted: typing.Any, value: typing.Any) -> bool:
    return wanted == value and isinstance(wanted, bool) == isinstance(value, bool)


def _matches(item: typing.Any, value: typing.Any) -> bool:
    if not isinstance(item, dict):
        return value is not _ABSENT and _same(item, value)
    kind, wanted = next(iter(item.items()))
    if kind == "exists":
        return wanted == (value is not _ABSENT)
    if value is _ABSENT:
        return False
    if kind == "numeric":
        return _is_number(value) and all(
            _COMPARE[sign](value, bound) for sign, bound in zip(wanted[::2], wanted[1::2])
        )
    if kind == "anything-but":
        return _is_anything_else(wanted, value)
    return isinstance(value, str) and _text_matches(kind, wanted, value)


def _is_anything_else(wanted: typing.Any, value: typing.Any) -> bool:
    if isinstance(wanted, dict):
        kind, inner = next(iter(wanted.items()))
        texts = inner if isinstance(inner, list) else [inner]
        return isinstance(value, str) and not any(
            _text_matches(kind, text, value) for text in texts
        )
    return not any(
        _same(text, value) for text in (wanted if isinstance(wanted, list) else [wanted])
    )


def _text_matches(kind: str, wanted: typing.Any, value: str) -> bool:
    if isinstance(wanted, dict):  # {"prefix": {"equals-ignore-case": …}}
        wanted, value = wanted["equals-ignore-case"].lower(), value.lower()
    if kind == "prefix":
        return value.startswith(wanted)
    if kind == "suffix":
        return value.endswith(wanted)
    if kind == "equals-ignore-case":
        return value.lower() == wanted.lower()
    if kind == "wildcard":
        return fnmatch.fnmatchcase(value, wanted.replace("[", "[[]").replace("?", "[?]"))
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted)
    except ValueError:
        return False
