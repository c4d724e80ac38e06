"""One statement of Redshift as the commands that do the same in Postgres.

Behaves as Redshift and not as Postgres: see tables.py for keys and lengths, refusals.py for
what is missing, expressions.py for functions. Not here: TOP, PIVOT, QUALIFY, SUPER,
UNLOAD.
"""

import dataclasses
import enum
import typing

from .errors import SqlError, syntax_error
from .expressions import rewrite
from .procedures import create_function, create_procedure
from .refusals import refuse
from .tables import alter_table, create_table, qualified, spaced
from .tokens import (
    Cursor,
    Kind,
    Token,
    join,
    quote_literal,
    significant,
    split_statements,
    tokenize,
)

FUNCTIONS_PATH = "redshift, pg_catalog"  # always behind the schemas of the user


class Effect(enum.Enum):
    """How a statement stands to the transaction that it runs in."""

    QUERY = "query"  # may take parameters
    UTILITY = "utility"
    COPY = "copy"
    TRUNCATE = "truncate"  # commits
    OUTSIDE = "outside"  # cannot run inside a transaction


@dataclasses.dataclass
class Translation:
    effect: Effect
    commands: list[str]  # for Postgres, in order; none for what is only noted
    tokens: list[Token]
    changed: bool = False  # positions in errors do not fit the statement that came in

    @property
    def reads_table(self) -> bool:
        return any(token.is_word("FROM") for token in self.tokens)


def translate(sql: str, parameters: typing.Mapping[str, str] | None = None) -> Translation:
    """Raises SqlError for what Redshift refuses. `parameters` replace :name in queries; without
    any, a colon is left alone."""
    statements = split_statements(tokenize(sql))
    if not statements:
        raise syntax_error("", None)
    if len(statements) > 1:
        raise SqlError("cannot insert multiple commands into a prepared statement", "42601")
    tokens = _trim(statements[0])
    refuse(tokens)
    handler = _HANDLERS.get(significant(tokens)[0].text.upper(), _utility)
    if handler in _PARAMETERISED:
        tokens = bind(tokens, parameters or {})
    elif parameters and any(token.kind is Kind.PARAMETER for token in tokens):
        found = next(token for token in tokens if token.kind is Kind.PARAMETER)
        raise syntax_error("$1", found.start + 1)
    effect, commands = handler(tokens)
    changed = len(commands) != 1 or commands[0] != sql
    return Translation(effect, commands, tokens, changed)


def bind(tokens: list[Token], parameters: typing.Mapping[str, str]) -> list[Token]:
    """Each :name as a literal of no type yet, which is what a parameter sent as text is."""
    return [
        (
            Token(Kind.STRING, quote_literal(parameters[token.text[1:]]), token.start)
            if token.kind is Kind.PARAMETER and token.text[1:] in parameters
            else token
        )
        for token in tokens
    ]


def parameter_names(sql: str) -> set[str]:
    """The :names of a statement. Raises SqlError when it cannot be cut into tokens."""
    return {token.text[1:] for token in tokenize(sql) if token.kind is Kind.PARAMETER}


def _trim(tokens: list[Token]) -> list[Token]:
    while tokens[0].kind is Kind.SPACE:
        tokens = tokens[1:]
    while tokens[-1].kind is Kind.SPACE:
        tokens = tokens[:-1]
    return tokens


# --- one handler for each first word ---

Handled = tuple[Effect, list[str]]


def _query(tokens: list[Token]) -> Handled:
    return Effect.QUERY, [rewrite(tokens)]


def _delete(tokens: list[Token]) -> Handled:
    """FROM may be left out."""
    words = significant(tokens)
    text = rewrite(tokens)
    if len(words) > 1 and not words[1].is_word("FROM"):
        text = "DELETE FROM" + text[len("DELETE") :]
    return Effect.QUERY, [text]


def _utility(tokens: list[Token]) -> Handled:
    return Effect.UTILITY, [rewrite(tokens)]


def _declare(tokens: list[Token]) -> Handled:
    return Effect.UTILITY, ["SELECT redshift.refuse_second_cursor()", rewrite(tokens)]


def _copy(tokens: list[Token]) -> Handled:
    return Effect.COPY, []


def _truncate(tokens: list[Token]) -> Handled:
    cursor = Cursor(tokens)
    cursor.expect("TRUNCATE")
    cursor.accept("TABLE")
    table = qualified(*cursor.qualified_name())
    if not cursor.done:
        raise cursor.unexpected()
    return Effect.TRUNCATE, [f"TRUNCATE {table}"]


def _vacuum(tokens: list[Token]) -> Handled:
    cursor = Cursor(tokens)
    cursor.expect("VACUUM")
    for words in (("FULL",), ("SORT", "ONLY"), ("DELETE", "ONLY"), ("REINDEX",), ("RECLUSTER",)):
        if cursor.accept(*words):
            break
    table = qualified(*cursor.qualified_name()) if cursor.peek().is_name else ""
    return Effect.OUTSIDE, [f"VACUUM {table}".strip()]


def _analyze(tokens: list[Token]) -> Handled:
    cursor = Cursor(tokens)
    cursor.expect("ANALYZE")
    if cursor.accept("COMPRESSION"):
        return Effect.OUTSIDE, []
    cursor.accept("VERBOSE")
    table = qualified(*cursor.qualified_name()) if cursor.peek().is_name else ""
    return Effect.UTILITY, [f"ANALYZE {table}".strip()]


def _create(tokens: list[Token]) -> Handled:
    cursor = Cursor(tokens)
    cursor.expect("CREATE")
    replace = cursor.accept("OR", "REPLACE")
    if (
        not replace
        and cursor.peek().is_word("TABLE", "TEMP", "TEMPORARY", "LOCAL")
        and not _is_view(cursor)
    ):
        return Effect.UTILITY, [create_table(cursor)]
    if cursor.peek().is_word("PROCEDURE"):
        return Effect.UTILITY, [create_procedure(tokens)]
    if cursor.peek().is_word("FUNCTION"):
        return Effect.UTILITY, [create_function(tokens)]
    if cursor.peek().is_word("VIEW", "MATERIALIZED"):
        return Effect.UTILITY, [_view(tokens)]
    outside = cursor.peek().is_word("DATABASE")
    return (Effect.OUTSIDE if outside else Effect.UTILITY), [rewrite(tokens)]


def _is_view(cursor: Cursor) -> bool:
    return cursor.peek(1).is_word("VIEW")


def _view(tokens: list[Token]) -> str:
    """WITH NO SCHEMA BINDING is read over: such a view is bound here."""
    words = significant(tokens)
    binding = len(words) > 4 and [token.text.upper() for token in words[-4:]] == [
        "WITH",
        "NO",
        "SCHEMA",
        "BINDING",
    ]
    return rewrite(tokens[: tokens.index(words[-4])]) if binding else rewrite(tokens)


def _alter(tokens: list[Token]) -> Handled:
    cursor = Cursor(tokens)
    cursor.expect("ALTER")
    if cursor.accept("TABLE"):
        return Effect.UTILITY, alter_table(cursor)
    return Effect.UTILITY, [rewrite(tokens)]


_OWN_SETTINGS = {
    "enable_result_cache_for_session",
    "query_group",
    "wlm_query_slot_count",
    "analyze_threshold_percent",
    "describe_field_name_in_uppercase",
    "json_serialization_enable",
    "json_serialization_parse_nested_strings",
    "max_cursor_result_set_size",
    "mv_enable_aqmv_for_session",
    "use_fips_ssl",
    "auto_analyze",
    "enable_vacuum_boost",
    "spectrum_enable_pseudo_columns",
}


def _set(tokens: list[Token]) -> Handled:
    cursor = Cursor(tokens)
    verb = cursor.next().text.upper()
    cursor.accept("SESSION")
    cursor.accept("LOCAL")
    name = cursor.name() if cursor.peek().is_name else ""
    if name in _OWN_SETTINGS:
        return Effect.UTILITY, []
    if name == "enable_case_sensitive_identifier":
        raise SqlError("enable_case_sensitive_identifier is not in the local AWS", "0A000")
    if name == "search_path" and verb == "SET" and not significant(tokens)[-1].is_word("DEFAULT"):
        return Effect.UTILITY, [_search_path(cursor)]
    return Effect.UTILITY, [rewrite(tokens)]


def _search_path(cursor: Cursor) -> str:
    if not (cursor.accept_symbol("=") or cursor.accept("TO")):
        raise cursor.unexpected()
    value = cursor.rest()
    schemas = "" if join(value) == "''" else spaced(value) + ", "
    return f"SET search_path TO {schemas}{FUNCTIONS_PATH}"


_HANDLERS: dict[str, typing.Callable[[list[Token]], Handled]] = {
    "SELECT": _query,
    "WITH": _query,
    "INSERT": _query,
    "UPDATE": _query,
    "MERGE": _query,
    "CALL": _query,
    "EXPLAIN": _query,
    "VALUES": _utility,
    "DELETE": _delete,
    "DECLARE": _declare,
    "COPY": _copy,
    "TRUNCATE": _truncate,
    "VACUUM": _vacuum,
    "ANALYZE": _analyze,
    "CREATE": _create,
    "ALTER": _alter,
    "SET": _set,
    "RESET": _set,
    "(": _query,
}
_PARAMETERISED = (_query, _delete)
