"""Filter patterns: terms, and comparisons of members of a JSON line.

    ERROR "cut short" -ledger            all of these terms, and not the last one
    ?ERROR ?WARN                         any of these terms
    { $.level = "ERROR" && $.n > 3 }     members; all (&&) or any (||) of the comparisons

A term is found anywhere in the line. CloudWatch knows more: regular expressions, fields between
blanks, parentheses, IS and EXISTS. They are refused here.
"""

import json
import operator
import re
import typing

Matches = typing.Callable[[str], bool]

_TEXT = r'"((?:[^"\\]|\\.)*)"'
_TERM = re.compile(rf"([?-]?)(?:{_TEXT}|(\w+))(?:\s+|\Z)")
_COMPARISON = re.compile(
    rf"\$\.([\w-]+(?:\.[\w-]+)*)\s*(!=|<=|>=|=|<|>)\s*(?:{_TEXT}|([\w.*+-]+))\s*(&&\s*|\|\|\s*|\Z)"
)
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class BadPattern(Exception):
    """The text says what is wrong."""


def compile_pattern(pattern: str) -> Matches:
    """Raises BadPattern."""
    text = pattern.strip()
    if text.startswith("{") and text.endswith("}"):
        return _members(text[1:-1].strip())
    return _terms(text)


# --- terms ---


def _terms(text: str) -> Matches:
    wanted: dict[str, list[str]] = {"": [], "?": [], "-": []}
    position = 0
    while position < len(text):
        term = _TERM.match(text, position)
        if not term:
            raise BadPattern(
                f"{text[position:]!r} begins with no term; put a term of other characters than"
                " letters, digits and _ into double quotes"
            )
        wanted[term[1]].append(_unquoted(term[2]) if term[3] is None else term[3])
        position = term.end()
    if wanted["?"] and (wanted[""] or wanted["-"]):
        raise BadPattern("terms with ? cannot stand beside others")
    return lambda line: (
        all(term in line for term in wanted[""])
        and not any(term in line for term in wanted["-"])
        and (not wanted["?"] or any(term in line for term in wanted["?"]))
    )


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


# --- members of JSON ---


def _members(text: str) -> Matches:
    comparisons, joints, position = [], [], 0
    while not joints or joints[-1]:
        parts = _COMPARISON.match(text, position)
        if not parts:
            raise BadPattern(
                f"{text[position:]!r} begins with no comparison of a member, such as"
                ' $.level = "ERROR"'
            )
        comparisons.append(_comparison(parts))
        joints.append(parts[5].strip())
        position = parts.end()
    if {"&&", "||"} <= set(joints):
        raise BadPattern("&& and || cannot stand side by side")
    joined = any if "||" in joints else all

    def matches(line: str) -> bool:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            return False
        return joined(compare(entry) for compare in comparisons)

    return matches


def _comparison(parts: re.Match) -> typing.Callable[[typing.Any], bool]:
    path, sign = parts[1].split("."), parts[2]
    wanted = _unquoted(parts[3]) if parts[4] is None else parts[4]
    if sign in _ORDER:
        limit = _number(wanted)
        if limit is None:
            raise BadPattern(f"{wanted!r} after {sign} is no number")
        holds = lambda value: _is_number(value) and _ORDER[sign](value, limit)
    else:
        equal = _equal_to(wanted)
        holds = equal if sign == "=" else lambda value: value is not None and not equal(value)
    return lambda entry: holds(_member(entry, path))


def _member(entry: typing.Any, path: list[str]) -> typing.Any:
    """None if there is none."""
    for name in path:
        entry = entry.get(name) if isinstance(entry, dict) else None
    return entry


def _is_number(value: typing.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _equal_to(wanted: str) -> typing.Callable[[typing.Any], bool]:
    """A star in `wanted` stands for any characters."""
    pattern = re.compile(".*".join(map(re.escape, wanted.split("*"))), re.DOTALL)
    number = _number(wanted)

    def equal(value: typing.Any) -> bool:
        if isinstance(value, str):
            return pattern.fullmatch(value) is not None
        return _is_number(value) and value == number

    return equal
