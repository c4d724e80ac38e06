"""CREATE PROCEDURE and CREATE FUNCTION: the bodies are rewritten as statements are.

SQL that a procedure puts together and runs with EXECUTE is not rewritten: it may use Redshift's
functions, but no table attributes, no date part without quotes, and TRUNCATE in it does not commit.

A session may have one open cursor, and a FOR loop over a query opens one. The body asks
refuse_second_cursor (functions.sql) before each; Postgres lists what is open.
"""

import typing

from .errors import SqlError
from .expressions import rewrite
from .refusals import refuse
from .tables import alter_table, create_table
from .tokens import Cursor, Kind, Token, literal_value, significant, tokenize

_STARTS = ("BEGIN", "THEN", "ELSE", "LOOP")


def create_procedure(tokens: list[Token]) -> str:
    _require_language(tokens, "plpgsql", "procedure")
    return rewrite(_with_bodies(_without(tokens, "NONATOMIC"), _body))


def create_function(tokens: list[Token]) -> str:
    language = _language(tokens)
    if language in ("plpythonu", "plpython3u"):
        raise SqlError("Python UDFs are no longer supported. Use Lambda UDFs instead.", "0A000")
    _require_language(tokens, "sql", "function")
    if not any(token.is_word("STABLE", "VOLATILE", "IMMUTABLE") for token in tokens):
        raise SqlError("a function must be declared VOLATILE, STABLE or IMMUTABLE", "42601")
    return rewrite(_with_bodies(tokens, rewrite))


def _language(tokens: list[Token]) -> str:
    words = significant(tokens)
    for token, following in zip(words, words[1:]):
        if token.is_word("LANGUAGE"):
            return (
                literal_value(following).lower()
                if following.kind is Kind.STRING
                else following.text.lower()
            )
    raise SqlError("no language specified", "42601")


def _require_language(tokens: list[Token], language: str, what: str) -> None:
    given = _language(tokens)
    if given != language:
        raise SqlError(f'language "{given}" is not supported for a {what}', "0A000")


def _without(tokens: list[Token], word: str) -> list[Token]:
    return [token for token in tokens if not token.is_word(word)]


def _is_body(token: Token) -> bool:
    """A quoted literal is a body when it holds more than a setting or a language's name would."""
    return (
        token.kind is Kind.DOLLAR
        or token.kind is Kind.STRING
        and any(mark in token.text for mark in " \n")
    )


def _with_bodies(tokens: list[Token], convert: typing.Callable[[list[Token]], str]) -> list[Token]:
    """The body between dollars, converted; all other tokens as they are."""
    return [
        (
            Token(Kind.DOLLAR, _quoted(convert(tokenize(literal_value(token)))), token.start)
            if _is_body(token)
            else token
        )
        for token in tokens
    ]


def _quoted(body: str) -> str:
    tag = "$redshift$"
    while tag in body:
        tag = tag[:-1] + "_$"
    return tag + body + tag


# --- the body ---


def _body(tokens: list[Token]) -> str:
    """Statement by statement; the words that open a block stay before the statement that
    follows."""
    out: list[str] = []
    statement: list[Token] = []
    for token in tokens:
        statement.append(token)
        if token.is_symbol(";"):
            out.append(_statement(statement[:-1]) + ";")
            statement = []
        elif token.is_word(*_STARTS) and _opens_block(statement):
            out.append(_guard(statement) + rewrite(statement))
            statement = []
    return "".join(out) + rewrite(statement)


def _opens_block(statement: list[Token]) -> bool:
    """THEN and ELSE inside a CASE expression open nothing."""
    cases = sum(token.is_word("CASE") for token in statement) - sum(
        token.is_word("END") for token in statement
    )
    return cases <= 0


def _statement(tokens: list[Token]) -> str:
    words = significant(tokens)
    if not words:
        return ""
    cursor = Cursor(tokens)
    if words[0].is_word("CREATE", "INSERT", "UPDATE", "DELETE", "MERGE", "SELECT", "WITH", "LOCK"):
        refuse(tokens)
    if words[0].is_word("COPY"):
        raise SqlError("COPY inside a procedure is not in the local AWS", "0A000")
    if cursor.accept("TRUNCATE"):
        cursor.accept("TABLE")
        return f"\nCOMMIT; TRUNCATE {rewrite(cursor.rest())}; COMMIT"
    if cursor.accept("CREATE") and cursor.peek().is_word("TABLE", "TEMP", "TEMPORARY", "LOCAL"):
        return "\n" + create_table(cursor)
    cursor = Cursor(tokens)
    if cursor.accept("ALTER", "TABLE"):
        return "\n" + "; ".join(_perform(command) for command in alter_table(cursor))
    return _guard(tokens) + rewrite(tokens)


def _guard(tokens: list[Token]) -> str:
    """The check that runs before a statement that opens a cursor."""
    return "\nPERFORM redshift.refuse_second_cursor();" if _opens_cursor(tokens) else ""


def _opens_cursor(tokens: list[Token]) -> bool:
    """OPEN does, and a FOR loop unless it counts numbers. A label may stand before the loop."""
    cursor = Cursor(tokens)
    if cursor.accept_symbol("<<"):
        cursor.name()
        cursor.accept_symbol(">>")
    if cursor.accept("OPEN"):
        return cursor.peek().is_name
    return cursor.accept("FOR") and not any(token.is_symbol("..") for token in cursor.rest())


def _perform(command: str) -> str:
    return "PERFORM" + command[len("SELECT") :] if command.startswith("SELECT ") else command
