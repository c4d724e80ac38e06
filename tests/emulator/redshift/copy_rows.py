"""A file as records, a record as fields: delimited, CSV, fixed width, JSON.

A reader yields (line number, raw record, fields); a field is bytes or None for NULL. Where a record
has no fields a RowError stands in their place: COPY counts it and goes on.
"""

import json
import re
import typing

from .copy import CopyCommand
from .copy_files import Scanned
from .copy_values import Column, RowError

RECORD_LIMIT = 4 << 20  # a row of COPY has at most 4 MB
Fields = list[bytes | None]
Record = tuple[int, bytes, "Fields | RowError"]
Split = typing.Callable[[bytes], Fields]


def read_records(
    scanned: Scanned, command: CopyCommand, columns: list[Column]
) -> typing.Iterator[Record]:
    """All records of a file behind its header, in order."""
    if command.format == "JSON":
        return _json_records(scanned, command, columns)
    return _records(_lines(scanned, command), splitter(command, columns), command)


# --- lines ---


def _lines(scanned: Scanned, command: CopyCommand) -> typing.Iterator[tuple[int, bytes]]:
    """(number, line without its end) behind the header. A line of CSV goes on while a quote is
    open, with ESCAPE while its end is escaped."""
    stays_open = _joins(command)
    number = 0
    while line := scanned.readline(RECORD_LIMIT + 1):
        number += 1
        if number <= command.ignore_header:
            continue
        first, parts, size = number, [line], len(line)
        is_open = stays_open is not None and stays_open(line, False)
        while stays_open and is_open and size <= RECORD_LIMIT:
            more = scanned.readline(RECORD_LIMIT + 1)
            if not more:
                break
            number += 1
            parts.append(more)
            size += len(more)
            is_open = stays_open(more, True)
        yield first, _without_end(b"".join(parts) if len(parts) > 1 else line)


def _without_end(line: bytes) -> bytes:
    if line.endswith(b"\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(b"\n") else line


def _joins(command: CopyCommand) -> typing.Callable[[bytes, bool], bool] | None:
    """Whether a record that was open before this line, or not, is open behind it."""
    if command.format == "CSV":
        quote = command.quote.encode()
        return lambda line, is_open: is_open ^ (line.count(quote) % 2 == 1)
    return (lambda line, _: _escaped_end(line)) if command.has("ESCAPE") else None


def _escaped_end(line: bytes) -> bool:
    body = _without_end(line)
    return len(body) < len(line) and (len(body) - len(body.rstrip(b"\\"))) % 2 == 1


def _records(
    lines: typing.Iterator[tuple[int, bytes]], split: Split, command: CopyCommand
) -> typing.Iterator[Record]:
    skip_blank = command.has("IGNOREBLANKLINES")
    keeps_nul = command.null_as == "\0"
    for number, line in lines:
        if skip_blank and not line:
            continue
        if b"\0" in line and not keeps_nul:
            yield from _split_at_nul(number, line, split)
            continue
        if len(line) > RECORD_LIMIT:
            yield number, line[:1024], RowError(1216, "Input line is longer than 4 MB", line[:1024])
            continue
        try:
            yield number, line, split(line)
        except RowError as error:
            yield number, line, error


def _split_at_nul(number: int, line: bytes, split: Split) -> typing.Iterator[Record]:
    """NUL ends a record."""
    for part in line.split(b"\0"):
        try:
            yield number, part, split(part)
        except RowError as error:
            yield number, part, error


# --- fields ---


def splitter(command: CopyCommand, columns: list[Column]) -> Split:
    """The function that cuts a record into exactly as many fields as there are columns."""
    if command.format == "FIXEDWIDTH":
        return _fixed_width([width for _, width in command.widths], command)
    split = _csv(command) if command.format == "CSV" else _delimited(command)
    return _counted(split, len(columns), command)


def _counted(split: Split, wanted: int, command: CopyCommand) -> Split:
    fill = command.has("FILLRECORD")

    def count(line: bytes) -> Fields:
        fields = split(line)
        found = len(fields)
        if found == wanted:
            return fields
        if found > wanted:
            if found == wanted + 1 and not fields[-1]:
                return fields[:-1]  # a delimiter may end the last field too
            raise RowError(1202, "Extra column(s) found", line)
        if fill:
            return fields + [b""] * (wanted - found)
        raise RowError(1214, "Delimiter not found", line, len(line))

    return count


def _null_fields(fields: list[bytes], null: bytes) -> Fields:
    return (
        [None if field == null else field for field in fields] if null in fields else list(fields)
    )


def _delimited(command: CopyCommand) -> Split:
    delimiter, null = command.delimiter.encode(), command.null_as.encode()
    careful = (
        _careful(command, delimiter)
        if command.has("ESCAPE") or command.has("REMOVEQUOTES")
        else None
    )
    marks = (b"\\" if command.has("ESCAPE") else b"") + (
        b"\"'" if command.has("REMOVEQUOTES") else b""
    )
    special = re.compile(b"[" + re.escape(marks) + b"]") if marks else None

    def split(line: bytes) -> Fields:
        if careful and special and special.search(line):
            return careful(line)
        fields = line.split(delimiter)
        return _null_fields(fields, null) if null in line else fields  # type: ignore[return-value]

    return split


def _careful(command: CopyCommand, delimiter: bytes) -> Split:
    """Field by field: a quote at its beginning reaches to the same quote before a delimiter."""
    null = command.null_as.encode()
    escapes, quotes = command.has("ESCAPE"), command.has("REMOVEQUOTES")

    def split(line: bytes) -> Fields:
        fields: Fields = []
        at = 0
        while True:
            quoted = quotes and line[at : at + 1] in (b'"', b"'")
            end = (
                _quoted_end(line, at, delimiter, escapes)
                if quoted
                else _plain_end(line, at, delimiter, escapes)
            )
            raw = line[at + 1 : end - 1] if quoted else line[at:end]
            fields.append(
                None if raw == null and not quoted else _unescape(raw) if escapes else raw
            )
            if end >= len(line):
                return fields
            at = end + len(delimiter)

    return split


def _plain_end(line: bytes, start: int, delimiter: bytes, escapes: bool) -> int:
    at = start
    while (found := line.find(delimiter, at)) >= 0:
        if not escapes or _backslashes(line, start, found) % 2 == 0:
            return found
        at = found + 1
    return len(line)


def _quoted_end(line: bytes, start: int, delimiter: bytes, escapes: bool) -> int:
    """Where the field ends, behind its closing quote."""
    quote, at = line[start : start + 1], start + 1
    while (found := line.find(quote, at)) >= 0:
        behind = found + 1
        closes = behind == len(line) or line.startswith(delimiter, behind)
        if closes and (not escapes or _backslashes(line, start, found) % 2 == 0):
            return behind
        at = behind
    raise RowError(1216, "Invalid quote formatting: no matching closing quote", line, start)


def _backslashes(line: bytes, start: int, end: int) -> int:
    return (end - start) - len(line[start:end].rstrip(b"\\"))


def _unescape(field: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", field, flags=re.DOTALL) if b"\\" in field else field


def _csv(command: CopyCommand) -> Split:
    delimiter, quote, null = (
        command.delimiter.encode(),
        command.quote.encode(),
        command.null_as.encode(),
    )

    def split(line: bytes) -> Fields:
        if quote not in line:
            return _null_fields(line.split(delimiter), null)
        fields: Fields = []
        at = 0
        while True:
            if line.startswith(quote, at):
                value, end = _csv_quoted(line, at, quote, delimiter)
            else:
                end = line.find(delimiter, at)
                end = len(line) if end < 0 else end
                value = line[at:end]
                if quote in value:
                    raise RowError(1216, "Invalid quote formatting for CSV", line, at)
            fields.append(None if value == null else value)
            if end >= len(line):
                return fields
            at = end + len(delimiter)

    return split


def _csv_quoted(line: bytes, start: int, quote: bytes, delimiter: bytes) -> tuple[bytes, int]:
    """The value, its doubled quotes halved, and where the field ends."""
    at = start + 1
    while True:
        found = line.find(quote, at)
        if found < 0:
            raise RowError(1216, "Invalid quote formatting for CSV", line, start)
        if line.startswith(quote, found + 1):
            at = found + 2
            continue
        if found + 1 < len(line) and not line.startswith(delimiter, found + 1):
            raise RowError(1216, "Invalid quote formatting for CSV", line, found + 1)
        return line[start + 1 : found].replace(quote * 2, quote), found + 1


def _fixed_width(widths: list[int], command: CopyCommand) -> Split:
    """AWS says both that widths count bytes and that they count characters: only ASCII is taken,
    where that is the same."""
    bounds, at = [], 0
    for width in widths:
        bounds.append((at, at + width))
        at += width
    total, null, fill = at, command.null_as.encode(), command.has("FILLRECORD")
    quotes = command.has("REMOVEQUOTES")

    def split(line: bytes) -> Fields:
        if not line.isascii():
            raise RowError(1216, "FIXEDWIDTH data that is not ASCII is not in the local AWS", line)
        if len(line) > total:
            raise RowError(1202, "Extra column(s) found", line, total)
        if len(line) <= bounds[-1][0] and len(bounds) > 1 and not fill:
            raise RowError(1214, "Delimiter not found", line, len(line))
        fields = [line[start:end] for start, end in bounds]
        if quotes:
            fields = [_bare(field) for field in fields]
        return [None if field.strip() == null else field for field in fields]

    return split


def _bare(field: bytes) -> bytes:
    inner = field.strip()
    return (
        inner[1:-1]
        if len(inner) > 1 and inner[:1] == inner[-1:] and inner[:1] in (b'"', b"'")
        else field
    )


# --- JSON ---

_WHITE = re.compile(r"[ \t\r\n]*")
_JSON_BLOCK = 1 << 16


class _JsonText:
    """The text of a file from `at` on. It grows by doubling, so that a long record is not read anew
    with every line."""

    def __init__(self, scanned: Scanned):
        self._scanned = scanned
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def skip(self, end: int) -> None:
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def skip_blanks(self) -> bool:
        """False at the end of the file."""
        while True:
            blank = _WHITE.match(self.text, self.at)
            assert blank
            self.skip(blank.end())
            if self.at < len(self.text):
                return True
            if self.ended:
                return False
            self.grow()

    def grow(self) -> None:
        rest = self.text[self.at :]
        wanted, parts = max(_JSON_BLOCK, len(rest)), [rest]
        while wanted > 0 and not self.ended:
            line = self._scanned.readline(RECORD_LIMIT)
            self.ended = not line
            parts.append(line.decode("utf-8", "surrogateescape"))
            wanted -= len(line)
        self.text, self.at = "".join(parts), 0

    def sample(self) -> bytes:
        return self.text[self.at : self.at + 1024].encode("utf-8", "surrogateescape")


def _json_records(
    scanned: Scanned, command: CopyCommand, columns: list[Column]
) -> typing.Iterator[Record]:
    """Objects one behind the other; members find columns by name, what is left over is ignored. Behind
    a record that cannot be read nothing more is read."""
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    source = _JsonText(scanned)
    while source.skip_blanks():
        if source.text[source.at] != "{":
            reason = "Invalid JSONPath format: a record is no object"
            yield source.line, source.sample(), RowError(1216, reason)
            return
        try:
            value, end = decoder.raw_decode(source.text, source.at)
        except (ValueError, RecursionError) as error:
            if not source.ended and len(source.text) - source.at <= RECORD_LIMIT:
                source.grow()
                continue
            yield source.line, source.sample(), RowError(1216, f"Invalid JSON: {error}")
            return
        yield source.line, source.sample(), _json_fields(value, command, columns)
        source.skip(end)


def _json_fields(value: typing.Any, command: CopyCommand, columns: list[Column]) -> Fields:
    if command.ignore_case:
        value = {name.lower(): member for name, member in value.items()}
    return [_json_text(value.get(column.name)) for column in columns]


def _json_text(value: typing.Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    text = (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )
    return text.encode("utf-8", "surrogateescape")
