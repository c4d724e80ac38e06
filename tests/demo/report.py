"""What the demo shows, set for reading. Every headline and block begins with an empty line."""

import datetime
import decimal
import textwrap
import typing

Rows = typing.Sequence[typing.Mapping[str, typing.Any]]


def headline(text: str) -> None:
    print(f"\n{text}\n{'=' * len(text)}")


def table(rows: Rows, title: str = "", nothing: str = "none") -> None:
    """All columns; numbers to the right."""
    print(f"\n  {title}" if title else "")
    margin = "    " if title else "  "
    for line in _lines(rows) if rows else [nothing]:
        print(margin + line)


def _lines(rows: Rows) -> typing.Iterator[str]:
    names = list(rows[0])
    cells = [names, *([cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    flush = [all(is_number(row[name]) for row in rows) for name in names]
    cells.insert(1, ["-" * width for width in widths])
    for line in cells:
        parts = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, flush)
        ]
        yield "  ".join(parts).rstrip()


def is_number(value: typing.Any) -> bool:
    return isinstance(value, (int, float, decimal.Decimal)) and not isinstance(value, bool)


def cell(value: typing.Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.strftime("%Y-%m-%d") if midnight else value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def clock(moment: datetime.datetime) -> str:
    """Time of day in UTC, to the millisecond."""
    return moment.astimezone(datetime.timezone.utc).strftime("%H:%M:%S.%f")[:-3]


def seconds(duration: datetime.timedelta) -> str:
    return f"{duration.total_seconds():.3f} s"


def wrapped(text: str, margin: int, hanging: int) -> str:
    """Lines of at most 100 columns; what is carried over stands further to the right."""
    lines: list[str] = []
    for line in text.splitlines():
        first, rest = " " * margin, " " * (margin + hanging)
        lines += textwrap.wrap(line, 100, initial_indent=first, subsequent_indent=rest) or [""]
    return "\n".join(lines)


def clipped(text: str, width: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
