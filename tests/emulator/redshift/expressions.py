"""Expressions: Redshift's functions and spellings written as Postgres understands them.

What is only a function of another name is an SQL function in functions.sql; here stands
what needs the grammar: bare date parts, DECODE, CONVERT, TRY_CAST, LISTAGG, SYSDATE, MINUS, type
names.
"""

import typing

from .errors import SqlError, syntax_error
from .tokens import (
    Cursor,
    Kind,
    Token,
    join,
    name_value,
    quote_literal,
    quote_name,
    split_list,
)
from .types import UNSUPPORTED, VARCHAR_MAX, read_type

_WITH_DATE_PART = {"dateadd", "datediff", "date_add", "date_diff", "date_part"}
_TEMPORARY_AFTER = {
    "TABLE",
    "EXISTS",
    "FROM",
    "JOIN",
    "INTO",
    "UPDATE",
    "LIKE",
    "USING",
    "DELETE",
    "ON",
}
_UNKNOWN_FUNCTIONS = {
    "string_agg",
    "array_agg",
    "jsonb_build_object",
    "json_build_object",
    "jsonb_agg",
    "json_agg",
    "to_jsonb",
    "to_json",
    "row_to_json",
    "jsonb_set",
    "gen_random_uuid",
    "unnest",
    "make_date",
    "make_timestamp",
    "regexp_matches",
    "array_length",
    "array_append",
    "cardinality",
    "pg_read_file",
    "lo_import",
    "dblink",
}


def rewrite(tokens: typing.Sequence[Token]) -> str:
    """The same tokens in Postgres's dialect. Raises SqlError for what Redshift does not know."""
    return _Rewriter(tokens).run()


class _Rewriter:
    def __init__(self, tokens: typing.Sequence[Token]):
        self._tokens = tokens
        self._out: list[str] = []
        self._at = 0
        self._previous = Token(Kind.SYMBOL, "")  # the last significant token

    def run(self) -> str:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.kind is Kind.SPACE:
                self._out.append(token.text)
                continue
            self._out.append(self._one(token))
            self._previous = token
        return "".join(self._out)

    def _one(self, token: Token) -> str:
        if token.kind is Kind.QUOTED:
            return quote_name(name_value(token))
        if token.is_symbol("::"):
            return "::" + self._type()
        if token.kind is not Kind.WORD or self._previous.is_symbol("."):
            return token.text
        if token.text.startswith("#"):
            return self._temporary(token)
        if token.is_word("AS") and self._closes_cast():
            return "AS " + self._type()
        if self._significant().is_symbol("("):
            return self._call(token)
        return self._word(token)

    def _word(self, token: Token) -> str:
        if token.is_word("SYSDATE"):
            return "sysdate()"
        if token.is_word("MINUS") and self._significant().is_word("SELECT"):
            return "EXCEPT"
        if token.is_word("LATERAL") or (
            token.is_word("ARRAY") and self._significant().is_symbol("[")
        ):
            raise syntax_error(self._significant().text, self._significant().start + 1)
        return token.text

    def _temporary(self, token: Token) -> str:
        """#name is a temporary table; after an operand # is an operator."""
        if self._previous.is_word(*_TEMPORARY_AFTER) or self._previous.is_symbol(","):
            return quote_name(token.text.lower())
        return token.text

    # --- looking ahead ---

    def _significant(self) -> Token:
        index = self._skip()
        return self._tokens[index] if index < len(self._tokens) else Token(Kind.SYMBOL, "")

    def _skip(self) -> int:
        index = self._at
        while index < len(self._tokens) and self._tokens[index].kind is Kind.SPACE:
            index += 1
        return index

    def _group(self) -> list[Token]:
        """The tokens, spaces too, between the parenthesis that follows and its partner."""
        self._at = start = self._skip() + 1
        depth = 1
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            depth += token.is_symbol("(") - token.is_symbol(")")
            if depth == 0:
                return list(self._tokens[start : self._at - 1])
        raise syntax_error("", None)

    def _closes_cast(self) -> bool:
        """Whether this AS stands before a type and the end of a CAST's parenthesis."""
        return _Rewriter._in_cast(self._tokens, self._at)

    @staticmethod
    def _in_cast(tokens: typing.Sequence[Token], at: int) -> bool:
        depth = 0
        for index in range(at - 1, -1, -1):
            token = tokens[index]
            depth += token.is_symbol(")") - token.is_symbol("(")
            if depth < 0:
                before = [found for found in tokens[:index] if found.kind is not Kind.SPACE]
                return bool(before) and before[-1].is_word("CAST")
        return False

    def _type(self) -> str:
        cursor = Cursor(self._tokens[self._at :])
        first = cursor.peek()
        plain = name_value(first) if first.is_name else ""
        if plain in UNSUPPORTED:
            raise SqlError(f'type "{plain}" does not exist', "42704", first.start + 1)
        if plain in (
            "varchar",
            "text",
            "character",
            "char",
            "nvarchar",
            "bpchar",
        ) and not cursor.peek(1).is_symbol("("):
            return ""  # without a length the cast does not cut: left as it stands
        if plain not in ("numeric", "decimal", "dec", "varchar", "nvarchar"):
            return ""
        sql = read_type(cursor, "cast").sql
        for _ in range(cursor.position):
            self._at = self._skip() + 1
        return sql

    # --- calls ---

    def _call(self, token: Token) -> str:
        name = token.text.lower()
        if name in _UNKNOWN_FUNCTIONS:
            raise SqlError(f"function {name} does not exist", "42883", token.start + 1)
        if name == "filter" and self._previous.is_symbol(")"):
            raise syntax_error("(", self._significant().start + 1)
        handler = getattr(self, "_call_" + name, None)
        if name in _WITH_DATE_PART:
            return f"{name}({', '.join(_date_part_first(self._arguments()))})"
        return handler() if handler else token.text

    def _arguments(self) -> list[list[Token]]:
        return split_list(self._group())

    def _call_varchar(self) -> str:
        """VARCHAR(MAX) outside of a cast: arguments and variables of procedures."""
        cursor = Cursor(self._tokens[self._at :])
        cursor.next()
        if not cursor.peek().is_word("MAX"):
            return "varchar"
        self._group()
        return f"varchar({VARCHAR_MAX})"

    def _call_nvl(self) -> str:
        return "coalesce"

    def _call_nvl2(self) -> str:
        value, present, absent = _exactly(3, self._arguments(), "nvl2")
        return f"(CASE WHEN {value} IS NOT NULL THEN {present} ELSE {absent} END)"

    def _call_decode(self) -> str:
        """NULL equals NULL here."""
        arguments = [rewrite(argument) for argument in self._arguments()]
        if len(arguments) < 3:
            raise SqlError("function decode needs at least 3 arguments", "42883")
        value, pairs = arguments[0], arguments[1:]
        cases = " ".join(
            f"WHEN ({value}) IS NOT DISTINCT FROM ({pairs[index]}) THEN {pairs[index + 1]}"
            for index in range(0, len(pairs) - 1, 2)
        )
        default = f" ELSE {pairs[-1]}" if len(pairs) % 2 else ""
        return f"(CASE {cases}{default} END)"

    def _call_convert(self) -> str:
        """CONVERT(type, value)."""
        arguments = self._arguments()
        if len(arguments) != 2:
            raise SqlError("CONVERT takes a type and a value", "42601")
        return f"CAST({rewrite(arguments[1])} AS {read_type(Cursor(arguments[0]), 'convert').sql})"

    def _call_try_cast(self) -> str:
        tokens = self._group()
        at = max((index for index, token in enumerate(tokens) if token.is_word("AS")), default=-1)
        if at < 0:
            raise syntax_error(")", None)
        wanted = read_type(Cursor(tokens[at + 1 :]), "try_cast").sql
        return (
            f"CAST(try_cast(({rewrite(tokens[:at])})::text, {quote_literal(wanted)}) AS {wanted})"
        )

    def _call_listagg(self) -> str:
        """LISTAGG([DISTINCT] value [, separator]) [WITHIN GROUP (ORDER BY …)]."""
        arguments = [rewrite(argument).strip() for argument in self._arguments()]
        separator = arguments[1] if len(arguments) > 1 else "''"
        value, order = arguments[0], ""
        distinct = value.upper().startswith("DISTINCT ")
        if distinct:
            value = value[len("DISTINCT ") :]
        if self._significant().is_word("WITHIN"):
            self._at = self._skip() + 1
            self._at = self._skip() + 1
            order = " " + rewrite(self._group())
        return (
            f"pg_catalog.string_agg({'DISTINCT ' if distinct else ''}({value})::text,"
            f" {separator}{order})"
        )


def _exactly(count: int, arguments: list[list[Token]], name: str) -> list[str]:
    if len(arguments) != count:
        raise SqlError(f"function {name} takes {count} arguments", "42883")
    return [rewrite(argument) for argument in arguments]


def _date_part_first(arguments: list[list[Token]]) -> list[str]:
    """day becomes 'day'."""
    first = [token for token in arguments[0] if token.kind is not Kind.SPACE]
    rest = [rewrite(argument) for argument in arguments[1:]]
    if len(first) == 1 and first[0].kind is Kind.WORD:
        return [quote_literal(first[0].text.lower()), *rest]
    return [join(arguments[0]), *rest]
