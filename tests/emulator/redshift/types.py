"""Column types of Redshift, and what stands for them in Postgres."""

import dataclasses

from .errors import SqlError
from .tokens import Cursor, Kind, Token

VARCHAR_MAX, CHAR_MAX, NUMERIC_MAX, PLAIN_LENGTH = 65535, 4096, 38, 256

_SAME = {
    "smallint": "smallint",
    "int2": "smallint",
    "integer": "integer",
    "int": "integer",
    "int4": "integer",
    "bigint": "bigint",
    "int8": "bigint",
    "real": "real",
    "float4": "real",
    "double precision": "double precision",
    "float8": "double precision",
    "float": "double precision",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
    "time": "time",
    "time without time zone": "time",
    "timetz": "timetz",
    "time with time zone": "timetz",
    "interval year to month": "interval year to month",
    "interval day to second": "interval day to second",
}
_NUMERIC = {"numeric", "decimal", "dec"}
_VARCHAR = {"varchar", "character varying", "nvarchar", "text"}
_CHAR = {"char", "character", "nchar", "bpchar"}
_NOT_LOCAL = {
    "super",
    "varbyte",
    "varbinary",
    "binary varying",
    "geometry",
    "geography",
    "hllsketch",
}
_FOLLOWERS = {  # second and later words of types that have several
    "character": ({"varying"},),
    "binary": ({"varying"},),
    "double": ({"precision"},),
    "timestamp": ({"with", "without"}, {"time"}, {"zone"}),
    "time": ({"with", "without"}, {"time"}, {"zone"}),
    "interval": ({"year", "day"}, {"to"}, {"month", "second"}),
}
UNSUPPORTED = {  # types of Postgres that Redshift's own parser does not know
    "jsonb",
    "json",
    "uuid",
    "bytea",
    "xml",
    "money",
    "inet",
    "cidr",
    "macaddr",
    "serial",
    "bigserial",
    "smallserial",
    "serial4",
    "serial8",
    "bit",
    "tsvector",
    "tsquery",
    "hstore",
    "point",
    "polygon",
    "int4range",
    "int8range",
    "numrange",
    "daterange",
    "tsrange",
    "tstzrange",
    "citext",
}


@dataclasses.dataclass(frozen=True)
class ColumnType:
    sql: str  # as Postgres takes it
    byte_limit: int = 0  # of CHAR and VARCHAR, whose length counts bytes


def read_type(cursor: Cursor, column: str) -> ColumnType:
    """Reads a type name with its arguments; `column` names it in errors."""
    if not cursor.peek().is_name:
        raise cursor.unexpected()
    words = [cursor.name()]
    for choices in _FOLLOWERS.get(words[0], ()):
        if cursor.peek().text.lower() not in choices:
            break
        words.append(cursor.next().text.lower())
    arguments = cursor.group() if cursor.peek().is_symbol("(") else []
    if words[0] in ("timestamp", "time") and arguments:
        raise SqlError(f'type "{words[0]}" takes no precision', "42601")
    name = " ".join(words)
    if cursor.accept_symbol("["):
        cursor.expect_symbol("]")
        name += "[]"
    return _resolve(name, arguments, column)


def _resolve(name: str, arguments: list[Token], column: str) -> ColumnType:
    if name in _VARCHAR:
        return _text("varchar", _length(arguments, PLAIN_LENGTH, VARCHAR_MAX, "varchar"))
    if name in _CHAR:
        return _text(
            "char", _length(arguments, PLAIN_LENGTH if name == "bpchar" else 1, CHAR_MAX, "char")
        )
    if name in _NUMERIC:
        return ColumnType(_numeric(arguments))
    if name == "float" and arguments:
        return ColumnType(f"float({_number(arguments[0])})")
    if name in _SAME:
        return ColumnType(_SAME[name])
    if name in _NOT_LOCAL:
        raise SqlError(f"type {name} of column {column} is not in the local AWS", "0A000")
    raise SqlError(f'Column "{column}" has unsupported type "{name}".', "0A000")


def _text(name: str, length: int) -> ColumnType:
    return ColumnType(f"{name}({length})", length)


def _length(arguments: list[Token], default: int, most: int, name: str) -> int:
    if not arguments:
        return default
    if arguments[0].is_word("MAX"):
        return most
    length = _number(arguments[0])
    if not 1 <= length <= most:
        problem = f"cannot exceed {most}" if length > most else "must be at least 1"
        raise SqlError(f"length for type {name} {problem}", "22023")
    return length


def _numeric(arguments: list[Token]) -> str:
    """Without precision NUMERIC is NUMERIC(18,0), not any number as in Postgres."""
    numbers = [token for token in arguments if not token.is_symbol(",")]
    precision = _number(numbers[0]) if numbers else 18
    scale = _number(numbers[1]) if len(numbers) > 1 else 0
    if not 1 <= precision <= NUMERIC_MAX:
        raise SqlError(
            f"NUMERIC precision {precision} must be between 1 and {NUMERIC_MAX}", "22023"
        )
    if not 0 <= scale <= min(37, precision):
        raise SqlError(f"NUMERIC scale {scale} must be between 0 and {min(37, precision)}", "22023")
    return f"numeric({precision},{scale})"


def _number(token: Token) -> int:
    if token.kind is not Kind.NUMBER or not token.text.isdigit():
        raise SqlError(f'syntax error at or near "{token.text}"', "42601", token.start + 1)
    return int(token.text)
