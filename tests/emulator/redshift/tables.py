"""CREATE TABLE and ALTER TABLE: what Redshift adds is read and left out, what it lacks is refused.

Primary, unique and foreign keys are declarations only: they never refuse a row, so they are not
passed on (a primary key still means NOT NULL). The length of VARCHAR counts bytes; a check
constraint, which LIKE copies, holds Postgres to that. As in Redshift, LIKE takes over NOT NULL but
not IDENTITY, and CREATE TABLE AS takes over neither.
"""

import hashlib

from .errors import BYTES_CHECK, SqlError
from .expressions import rewrite
from .tokens import Cursor, Kind, Token, quote_literal, quote_name, split_list
from .types import ColumnType, read_type

_ENCODINGS = {
    "raw",
    "auto",
    "az64",
    "bytedict",
    "delta",
    "delta32k",
    "lzo",
    "mostly8",
    "mostly16",
    "mostly32",
    "runlength",
    "text255",
    "text32k",
    "zstd",
}
_ATTRIBUTES = (
    "DEFAULT",
    "IDENTITY",
    "GENERATED",
    "ENCODE",
    "DISTKEY",
    "SORTKEY",
    "COLLATE",
    "NOT",
    "NULL",
    "UNIQUE",
    "PRIMARY",
    "REFERENCES",
    "CHECK",
    "CONSTRAINT",
)


def qualified(schema: str | None, name: str) -> str:
    return f"{quote_name(schema)}.{quote_name(name)}" if schema else quote_name(name)


def spaced(tokens: list[Token]) -> str:
    """Rewritten tokens that lost their spaces."""
    apart: list[Token] = []
    for token in tokens:
        apart += [token, Token(Kind.SPACE, " ")]
    return rewrite(apart[:-1])


# --- CREATE TABLE ---


def create_table(cursor: Cursor) -> str:
    """The cursor stands behind CREATE [LOCAL] [TEMP] TABLE's first word."""
    cursor.accept("LOCAL")
    temporary = cursor.accept("TEMP") or cursor.accept("TEMPORARY")
    cursor.expect("TABLE")
    exists = "IF NOT EXISTS " if cursor.accept("IF", "NOT", "EXISTS") else ""
    schema, name = cursor.qualified_name()
    temporary = temporary or name.startswith("#")
    elements = cursor.group() if cursor.peek().is_symbol("(") else None
    _table_attributes(cursor)
    head = f"CREATE {'TEMP ' if temporary else ''}TABLE {exists}{qualified(schema, name)}"
    if cursor.accept("AS"):
        columns = f" ({spaced(elements)})" if elements else ""
        return f"{head}{columns} AS {spaced(cursor.rest())}"
    if elements is None or not cursor.done:
        raise cursor.unexpected()
    return f"{head} ({', '.join(_elements(elements, name))})"


def _table_attributes(cursor: Cursor) -> None:
    while True:
        if cursor.accept("BACKUP"):
            if not (cursor.accept("YES") or cursor.accept("NO")):
                raise cursor.unexpected()
        elif cursor.accept("DISTSTYLE"):
            _diststyle(cursor)
        elif cursor.accept("DISTKEY"):
            cursor.group()
        elif cursor.accept("ENCODE"):
            cursor.expect("AUTO")
        elif (
            cursor.accept("COMPOUND", "SORTKEY")
            or cursor.accept("INTERLEAVED", "SORTKEY")
            or cursor.accept("SORTKEY")
        ):
            if not cursor.accept("AUTO"):
                cursor.group()
        else:
            return


def _diststyle(cursor: Cursor) -> None:
    if not any(cursor.accept(style) for style in ("AUTO", "EVEN", "KEY", "ALL")):
        raise cursor.unexpected()


def _elements(tokens: list[Token], table: str) -> list[str]:
    result: list[str] = []
    keys: list[str] = []
    for part in split_list(tokens):
        cursor = Cursor(part)
        if cursor.peek().is_word("LIKE"):
            result.append(_like(cursor))
        elif cursor.peek().is_word(
            "CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE"
        ):
            keys += _table_constraint(cursor)
        else:
            result += column(cursor, table)
    # A second NOT NULL on a column that has one is allowed by Postgres.
    return [_with_not_null(element, keys) for element in result]


def _with_not_null(element: str, keys: list[str]) -> str:
    return (
        element + " NOT NULL"
        if any(element.startswith(quote_name(key) + " ") for key in keys)
        else element
    )


def _like(cursor: Cursor) -> str:
    cursor.expect("LIKE")
    source = qualified(*cursor.qualified_name())
    defaults = "INCLUDING DEFAULTS " if cursor.accept("INCLUDING", "DEFAULTS") else ""
    if not defaults:
        cursor.accept("EXCLUDING", "DEFAULTS")
    if not cursor.done:
        raise cursor.unexpected()
    return f"LIKE {source} {defaults}INCLUDING CONSTRAINTS"


def _table_constraint(cursor: Cursor) -> list[str]:
    """The columns that a primary key makes NOT NULL."""
    if cursor.accept("CONSTRAINT"):
        cursor.name()
    if cursor.accept("PRIMARY", "KEY"):
        return [Cursor(part).name() for part in split_list(cursor.group())]
    if cursor.accept("UNIQUE"):
        cursor.group()
    elif cursor.accept("FOREIGN", "KEY"):
        cursor.group()
        _references(cursor)
    else:
        raise cursor.unexpected()
    if not cursor.done:
        raise cursor.unexpected()
    return []


def _references(cursor: Cursor) -> None:
    cursor.expect("REFERENCES")
    cursor.qualified_name()
    if cursor.peek().is_symbol("("):
        cursor.group()


# --- columns ---


def column(cursor: Cursor, table: str) -> list[str]:
    """The column, and beside it the check of its length in bytes."""
    name = cursor.name()
    kind = read_type(cursor, f"{table}.{name}")
    clauses = [quote_name(name), kind.sql]
    while not cursor.done:
        clauses.append(_attribute(cursor, name))
    checks = [bytes_check(name, kind)] if kind.byte_limit else []
    return [" ".join(filter(None, clauses)), *checks]


def bytes_check(name: str, kind: ColumnType) -> str:
    mark = hashlib.md5(name.encode()).hexdigest()[:12]
    return (
        f"CONSTRAINT {BYTES_CHECK}{kind.byte_limit}_{mark} CHECK (octet_length({quote_name(name)})"
        f" <= {kind.byte_limit})"
    )


def _attribute(cursor: Cursor, name: str) -> str:
    if cursor.accept("DEFAULT"):
        return "DEFAULT " + spaced(_default(cursor))
    if cursor.accept("IDENTITY"):
        return "GENERATED ALWAYS AS IDENTITY " + _identity(cursor)
    if cursor.accept("GENERATED", "BY", "DEFAULT", "AS", "IDENTITY"):
        return "GENERATED BY DEFAULT AS IDENTITY " + _identity(cursor)
    if cursor.accept("NOT", "NULL") or cursor.accept("PRIMARY", "KEY"):
        return "NOT NULL"
    if cursor.accept("ENCODE"):
        encoding = cursor.name()
        if encoding not in _ENCODINGS:
            raise SqlError(f'invalid encoding type "{encoding}"', "42601")
    elif cursor.accept("COLLATE"):
        if not (cursor.accept("CASE_SENSITIVE") or cursor.accept("CS")):
            raise SqlError(
                f"column {name}: only COLLATE CASE_SENSITIVE is in the local AWS", "0A000"
            )
    elif cursor.peek().is_word("REFERENCES"):
        _references(cursor)
    elif not (
        cursor.accept("DISTKEY")
        or cursor.accept("SORTKEY")
        or cursor.accept("NULL")
        or cursor.accept("UNIQUE")
    ):
        raise cursor.unexpected()
    return ""


def _default(cursor: Cursor) -> list[Token]:
    tokens, depth = [cursor.next()], 0
    depth += tokens[0].is_symbol("(")
    while not cursor.done and not (depth == 0 and cursor.peek().is_word(*_ATTRIBUTES)):
        token = cursor.next()
        depth += token.is_symbol("(") - token.is_symbol(")")
        tokens.append(token)
    return tokens


def _identity(cursor: Cursor) -> str:
    parts = split_list(cursor.group())
    if len(parts) != 2:
        raise SqlError("IDENTITY takes a seed and a step", "42601")
    seed, step = ("".join(token.text for token in part) for part in parts)
    if not all(number.lstrip("-").isdigit() for number in (seed, step)):
        raise SqlError("IDENTITY takes a seed and a step", "42601")
    return f"(START WITH {seed} INCREMENT BY {step} MINVALUE {min(int(seed), 0)})"


# --- ALTER TABLE ---


def alter_table(cursor: Cursor) -> list[str]:
    """The commands; none for what only moves data about inside Redshift. The cursor stands behind
    TABLE."""
    schema, name = cursor.qualified_name()
    head = f"ALTER TABLE {qualified(schema, name)} "
    if cursor.accept("APPEND"):
        raise SqlError("ALTER TABLE APPEND is not in the local AWS", "0A000")
    if cursor.peek().is_word("ADD") and cursor.peek(1).is_word(
        "CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"
    ):
        cursor.next()
        _table_constraint(cursor)
        return []
    if cursor.accept("DROP", "CONSTRAINT"):
        return []
    if cursor.accept("ADD"):
        cursor.accept("COLUMN")
        return [head + ", ".join("ADD " + part for part in column(cursor, name))]
    if cursor.accept("ALTER"):
        return _alter(cursor, head, qualified(schema, name), name)
    return [head + spaced(cursor.rest())]


def _alter(cursor: Cursor, head: str, table: str, name: str) -> list[str]:
    if cursor.peek().is_word("DISTSTYLE", "DISTKEY", "SORTKEY", "COMPOUND", "ENCODE"):
        return []
    cursor.accept("COLUMN")
    changed = cursor.name()
    if cursor.accept("ENCODE"):
        return []
    if not cursor.accept("TYPE"):
        raise SqlError("ALTER COLUMN can change only TYPE and ENCODE", "0A000")
    kind = read_type(cursor, f"{name}.{changed}")
    if not cursor.done:
        raise cursor.unexpected()
    actions = [f"ALTER COLUMN {quote_name(changed)} TYPE {kind.sql}"]
    actions += ["ADD " + bytes_check(changed, kind)] if kind.byte_limit else []
    return [
        f"SELECT redshift.drop_bytes_check({quote_literal(table)}, {quote_literal(changed)})",
        head + ", ".join(actions),
    ]
