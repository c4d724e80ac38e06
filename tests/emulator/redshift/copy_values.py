"""One field of a file as a value of a column: checked as Redshift checks it, written for Postgres.

A converter takes the field's bytes, None for NULL, and answers the field of Postgres's COPY text
format.
"""

import dataclasses
import decimal
import re
import sys
import typing

from . import copy_dates as dates
from .copy import CopyCommand
from .errors import SqlError

NULL = b"\\N"
Converter = typing.Callable[[bytes | None], bytes]


@dataclasses.dataclass(frozen=True)
class Column:
    """A column that COPY fills."""

    name: str
    type: str  # Postgres's name of the type
    length: int = 0  # bytes of CHAR and VARCHAR, 0 for no limit
    precision: int = 0
    scale: int = 0
    not_null: bool = False


class RowError(Exception):
    """Why a row is not loaded: Redshift's error code and reason; `column` is set by who knows
    it."""

    def __init__(self, code: int, reason: str, value: bytes = b"", position: int = 0):
        super().__init__(reason)
        self.code, self.reason, self.value, self.position = code, reason, value, position
        self.column: Column | None = None


def converters(columns: list[Column], command: CopyCommand) -> list[Converter]:
    return [
        (
            _not_null(column, _converter(column, command))
            if column.not_null
            else _converter(column, command)
        )
        for column in columns
    ]


def _not_null(column: Column, convert: Converter) -> Converter:
    def check(field: bytes | None) -> bytes:
        value = convert(field)
        if value == NULL:
            raise RowError(1213, "Missing data for not-null field", field or b"")
        return value

    return check


def _converter(column: Column, command: CopyCommand) -> Converter:
    if column.type in ("varchar", "bpchar", "text"):
        return _text(column, command)
    numbers = {"int2": ("Short", 16), "int4": ("Integer", 32), "int8": ("Long", 64)}
    if column.type in numbers:
        return _blank_is_null(_integer(*numbers[column.type]), command)
    makers: dict[str, typing.Callable[[], typing.Callable[[bytes], bytes]]] = {
        "numeric": lambda: _numeric(column, command.has("ROUNDEC")),
        "float4": lambda: _float(3.4028235e38),
        "float8": lambda: _float(sys.float_info.max),
        "bool": lambda: _boolean,
        "date": lambda: _date(command),
        "timestamp": lambda: _timestamp(command, False),
        "timestamptz": lambda: _timestamp(command, True),
        "time": lambda: _plain_time,
        "timetz": lambda: _plain_time,
    }
    if column.type not in makers:
        raise SqlError(
            f"COPY into column {column.name} of type {column.type} is not in the local AWS", "0A000"
        )
    return _blank_is_null(makers[column.type](), command)


def _blank_is_null(convert: typing.Callable[[bytes], bytes], command: CopyCommand) -> Converter:
    """An empty field is NULL in every column that is no text; fixed width pads with blanks."""
    padded = command.format == "FIXEDWIDTH"

    def check(field: bytes | None) -> bytes:
        if padded and field:
            field = field.strip(b" ")
        return convert(field) if field else NULL

    return check


# --- text ---

_SPECIAL = re.compile(rb"[\\\t\n\r\b\f\v]")
_ESCAPED = {
    b"\\": b"\\\\",
    b"\t": b"\\t",
    b"\n": b"\\n",
    b"\r": b"\\r",
    b"\b": b"\\b",
    b"\f": b"\\f",
    b"\v": b"\\v",
}


def escape(value: bytes) -> bytes:
    """As a field of Postgres's COPY text format."""
    return (
        _SPECIAL.sub(lambda match: _ESCAPED[match.group()], value)
        if _SPECIAL.search(value)
        else value
    )


def _text(column: Column, command: CopyCommand) -> Converter:
    fixed_char = column.type == "bpchar"
    trim = command.has("TRIMBLANKS") and not fixed_char
    blanks, empty = command.has("BLANKSASNULL"), command.has("EMPTYASNULL")
    limit, truncate, replacement = (
        column.length,
        command.has("TRUNCATECOLUMNS"),
        command.replacement,
    )

    def convert(field: bytes | None) -> bytes:
        if field is None or empty and not field:
            return NULL
        if blanks and field and not field.strip():
            return NULL
        if not field.isascii() or b"\0" in field:
            field = _valid(field, fixed_char, replacement)
        if trim:
            field = field.rstrip()
        elif fixed_char:
            field = field.rstrip(b" ")
        if limit and len(field) > limit:
            if not truncate:
                raise RowError(1204, "String length exceeds DDL length", field)
            field = field[:limit].decode("utf-8", "ignore").encode()
        return escape(field)

    return convert


def _valid(field: bytes, fixed_char: bool, replacement: str | None) -> bytes:
    if b"\0" in field:
        raise RowError(
            1218, "Invalid null byte - field longer than 1 byte", field, field.index(b"\0")
        )
    try:
        field.decode("utf-8")
    except UnicodeDecodeError as error:
        if replacement is None or fixed_char:
            bad, number = _bad_sequence(field, error)
            raise RowError(
                1220,
                (
                    "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex"
                    f" sequence: {bad.hex(' ')} (error {number})"
                ),
                field,
                error.start,
            ) from None
        field = _replace_invalid(field, replacement)
    if fixed_char and not field.isascii():
        first = re.search(rb"[\x80-\xff]+", field)
        assert first
        raise RowError(
            1220,
            (
                "Multibyte character not supported for CHAR (Hint: try using VARCHAR). "
                f"Invalid char: {first.group()[:4].hex(' ')}"
            ),
            field,
            first.start(),
        )
    return field


def _bad_sequence(field: bytes, error: UnicodeDecodeError) -> tuple[bytes, int]:
    """The bytes that are wrong, and Redshift's number for how: 1 too long, 2 incomplete, 3 a byte
    that begins nothing, 4 a byte that continues nothing."""
    first, bad = field[error.start], field[error.start : error.end]
    if first >= 0xFE:
        return bad, 3
    if first >= 0xF8:
        return bad, 1
    return bad, 2 if first >= 0xC2 else 3 if first >= 0xC0 else 4


def _replace_invalid(field: bytes, replacement: str) -> bytes:
    """Each byte that is not UTF-8 becomes the replacement: the length in bytes stays."""
    out = []
    while field:
        try:
            out.append(field.decode("utf-8"))
            break
        except UnicodeDecodeError as error:
            out.append(
                field[: error.start].decode("utf-8") + replacement * (error.end - error.start)
            )
            field = field[error.end :]
    return "".join(out).encode()


# --- numbers ---

_INTEGER = re.compile(rb"[+-]?\d+")
_DECIMAL = re.compile(rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")


def _show(field: bytes) -> str:
    return field[:30].decode("utf-8", "replace")


def _invalid_digit(field: bytes, kind: str, allowed: bytes) -> RowError:
    at = next((index for index, byte in enumerate(field) if byte not in allowed), len(field) - 1)
    return RowError(
        1207,
        f"Invalid digit, Value '{_show(field[at:at + 1])}', Pos {at}, Type: {kind} ",
        field,
        at,
    )


def _integer(kind: str, bits: int) -> typing.Callable[[bytes], bytes]:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1

    def convert(field: bytes) -> bytes:
        if not _INTEGER.fullmatch(field):
            raise _invalid_digit(
                field, kind, b"0123456789" if field[:1] not in b"+-" else b"+-0123456789"
            )
        if len(field) > 40 or not low <= int(field) <= high:
            raise RowError(1204, f"Overflow for type {kind}, Value '{_show(field)}'", field)
        return field

    return convert


def _numeric(column: Column, rounds: bool) -> typing.Callable[[bytes], bytes]:
    """Digits behind the scale are cut, with ROUNDEC rounded."""
    integral = column.precision - column.scale
    step = decimal.Decimal(1).scaleb(-column.scale)
    context = decimal.Context(
        prec=400, rounding=decimal.ROUND_HALF_UP if rounds else decimal.ROUND_DOWN
    )
    whole = re.compile(rb"-?\d{1,%d}" % max(integral, 1))

    def convert(field: bytes) -> bytes:
        if integral and whole.fullmatch(field):
            return field
        if len(field) > 300 or not _DECIMAL.fullmatch(field):
            raise _invalid_digit(field, "Decimal", b"0123456789.+-eE")
        value = decimal.Decimal(field.decode()).quantize(step, context=context)
        if value.adjusted() >= integral and value:
            raise RowError(
                1204,
                (
                    f"Numeric overflow: NUMERIC({column.precision},{column.scale}), Value"
                    f" '{_show(field)}'"
                ),
                field,
            )
        return format(value, "f").encode()

    return convert


_NO_NUMBERS = (b"nan", b"inf", b"-inf", b"infinity", b"-infinity")


def _float(most: float) -> typing.Callable[[bytes], bytes]:
    def convert(field: bytes) -> bytes:
        if field.lower() in _NO_NUMBERS:
            return field
        if not _DECIMAL.fullmatch(field):
            raise RowError(1208, f"Invalid floating point value '{_show(field)}'", field)
        if abs(float(field)) > most:
            raise RowError(1204, f"Overflow for type Float, Value '{_show(field)}'", field)
        return field

    return convert


_BOOLEANS = {
    **dict.fromkeys((b"t", b"true", b"y", b"yes", b"1"), b"t"),
    **dict.fromkeys((b"f", b"false", b"n", b"no", b"0"), b"f"),
}


def _boolean(field: bytes) -> bytes:
    value = _BOOLEANS.get(field.lower())
    if value is None:
        raise RowError(1210, f"Unknown boolean format '{_show(field)}'", field)
    return value


# --- dates ---


def _moment(read: dates.Reader, field: bytes) -> dates.Moment:
    return read(field.decode("ascii"))


def _reader(make: typing.Callable[[str], dates.Reader], form: str, option: str) -> dates.Reader:
    try:
        return make(form)
    except dates.BadDate:
        raise SqlError(f"Invalid {option} '{form[:100]}'", "22023") from None


def _date(command: CopyCommand) -> typing.Callable[[bytes], bytes]:
    read = _reader(dates.date_reader, command.date_format, "DATEFORMAT")
    anything = command.has("ACCEPTANYDATE")
    hint = command.date_format or "YYYY-MM-DD"

    def convert(field: bytes) -> bytes:
        try:
            return dates.as_date(_moment(read, field))
        except ValueError:
            if anything:
                return NULL
            short = (
                "length must be 10 or more"
                if hint == "YYYY-MM-DD" and len(field) < 10
                else f"[{hint}]"
            )
            raise RowError(1205, f"Invalid Date Format - {short}", field) from None

    return convert


def _timestamp(command: CopyCommand, zoned: bool) -> typing.Callable[[bytes], bytes]:
    read = _reader(dates.time_reader, command.time_format, "TIMEFORMAT")
    anything = command.has("ACCEPTANYDATE")
    hint = command.time_format or "YYYY-MM-DD HH24:MI:SS"

    def convert(field: bytes) -> bytes:
        try:
            return dates.as_timestamp(_moment(read, field), zoned)
        except ValueError:
            if anything:
                return NULL
            raise RowError(1206, f"Invalid timestamp format or value [{hint}]", field) from None

    return convert


_CLOCK = re.compile(rb"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?([+-]\d{1,2}(:\d{2})?)?")


def _plain_time(field: bytes) -> bytes:
    if not _CLOCK.fullmatch(field):
        raise RowError(1206, "Invalid time format or value [HH24:MI:SS]", field)
    return field
