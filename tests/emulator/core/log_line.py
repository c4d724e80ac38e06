"""A function's log line for people who watch: what happened, then the details."""

import json

_PLATFORM = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")
_HIDDEN = {"timestamp", "level", "message", "requestId"}


def readable(line: str) -> str | None:
    """One line; None for what only machines want: metrics, and the platform's bookkeeping."""
    if line.startswith(_PLATFORM):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or "message" not in entry:
        return None if isinstance(entry, dict) and "_aws" in entry else printable(line)
    moment = str(entry.get("timestamp", ""))[11:23]
    details = [f"{name}={_value(value)}" for name, value in entry.items() if name not in _HIDDEN]
    return " ".join(
        [f"{moment} {entry.get('level', ''):5} {printable(str(entry['message']))}", *details]
    )


def _value(value) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = text and text.isprintable() and not any(character in ' "=' for character in text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def printable(text: str) -> str:
    """What is shown must not move the terminal's cursor."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
