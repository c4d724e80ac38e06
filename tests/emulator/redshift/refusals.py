"""What Postgres would run and Redshift refuses. A statement that passes here works on both."""

from .errors import SqlError, syntax_error
from .tokens import Cursor, Kind, Token, significant

_NOT_SUPPORTED = {
    "INDEX",
    "UNIQUE",
    "TRIGGER",
    "CONSTRAINT",
    "SEQUENCE",
    "DOMAIN",
    "TYPE",
    "RULE",
    "EXTENSION",
    "AGGREGATE",
    "OPERATOR",
    "CAST",
    "TABLESPACE",
    "STATISTICS",
    "FOREIGN",
    "SERVER",
    "PUBLICATION",
    "SUBSCRIPTION",
    "EVENT",
    "COLLATION",
    "CONVERSION",
    "ACCESS",
    "TRANSFORM",
    "UNLOGGED",
    "RECURSIVE",
}
_NOT_LOCAL = {"EXTERNAL", "MODEL", "LIBRARY", "DATASHARE", "IDENTITY", "MASKING", "RLS"}
_UNKNOWN_COMMANDS = {
    "DO",
    "LISTEN",
    "NOTIFY",
    "UNLISTEN",
    "CLUSTER",
    "REINDEX",
    "SECURITY",
    "IMPORT",
    "CHECKPOINT",
    "REASSIGN",
    "UPSERT",
    "REPLACE",
    "REFRESH",
    "LOAD",
}
_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE")


def refuse(tokens: list[Token]) -> None:
    """Raises SqlError in Redshift's words for what it has no place for."""
    words = _explained(significant(tokens))
    first = words[0]
    if first.is_word(*_UNKNOWN_COMMANDS):
        raise syntax_error(first.text, first.start + 1)
    if first.is_word("SAVEPOINT", "RELEASE"):
        raise SqlError(f'SQL command "{first.text.upper()} ..." not supported.', "0A000")
    if first.is_word("UNLOAD"):
        raise SqlError("UNLOAD is not in the local AWS", "0A000")
    if first.is_word("CREATE"):
        _refuse_create(words)
    if first.is_word("MERGE"):
        check_merge(words)
    if first.is_word("SELECT", "WITH", *_WRITES):
        _refuse_select(words)
    if first.is_word("WITH", *_WRITES):
        _refuse_write(_main_statement(words))
    if first.is_word("LOCK"):
        _refuse_sequence(words, "IN")
        _refuse_sequence(words, "NOWAIT")


def _explained(words: list[Token]) -> list[Token]:
    """The statement behind EXPLAIN, which has no option but VERBOSE."""
    cursor = Cursor(words)
    if not cursor.accept("EXPLAIN"):
        return words
    cursor.accept("VERBOSE")
    query = cursor.peek()
    options = query.is_symbol("(") and not (
        cursor.peek(1).is_word("SELECT", "WITH") or cursor.peek(1).is_symbol("(")
    )
    if cursor.done or query.is_word("ANALYZE", "EXPLAIN") or options:
        raise cursor.unexpected()
    return cursor.rest()


def _main_statement(words: list[Token]) -> list[Token]:
    """What follows the common table expressions."""
    cursor = Cursor(words)
    if not cursor.accept("WITH"):
        return words
    cursor.accept("RECURSIVE")
    more = True
    while more:
        cursor.name()
        if cursor.peek().is_symbol("("):
            cursor.group()
        cursor.expect("AS")
        cursor.group()
        more = cursor.accept_symbol(",")
    if cursor.done:
        raise cursor.unexpected()
    return cursor.rest()


def _refuse_write(words: list[Token]) -> None:
    if words[0].is_word("INSERT"):
        _refuse_sequence(words, "ON", "CONFLICT")
    if words[0].is_word(*_WRITES):
        _refuse_sequence(words, "RETURNING")


def _refuse_create(words: list[Token]) -> None:
    """Redshift names the command as far as the word that it stumbles over."""
    rest = words[1:]
    if len(rest) > 2 and rest[0].is_word("OR") and rest[1].is_word("REPLACE"):
        rest = rest[2:]
    if not rest:
        raise syntax_error("", None)
    word = rest[0].text.upper()
    if word in _NOT_SUPPORTED and rest[0].kind is Kind.WORD:
        command = "INDEX" if word == "UNIQUE" else word
        raise SqlError(
            f'SQL command "CREATE {command} ..." not supported on Redshift tables.', "0A000"
        )
    if word in _NOT_LOCAL:
        raise SqlError(f"CREATE {word} is not in the local AWS", "0A000")


def _refuse_select(words: list[Token]) -> None:
    for index, token in enumerate(words[:-1]):
        following = words[index + 1]
        if token.is_word("DISTINCT") and following.is_word("ON"):
            raise SqlError("SELECT DISTINCT ON is not supported", "0A000")
        if token.is_word("FOR") and following.is_word("UPDATE", "SHARE"):
            raise SqlError("SELECT FOR UPDATE is not supported", "0A000")
        if (
            token.is_symbol("(")
            and following.is_word(*_WRITES)
            and index
            and words[index - 1].is_word("AS")
        ):
            raise syntax_error(following.text, following.start + 1)


def _refuse_sequence(words: list[Token], *sequence: str) -> None:
    for index in range(1, len(words) - len(sequence) + 1):
        if all(
            words[index + ahead].is_word(word) for ahead, word in enumerate(sequence)
        ) and not words[index - 1].is_symbol(".", "(", ","):
            raise syntax_error(words[index].text, words[index].start + 1)


def check_merge(words: list[Token]) -> None:
    """Redshift's MERGE: the target has no alias, exactly one WHEN MATCHED and one WHEN NOT MATCHED,
    no further conditions."""
    cursor = Cursor(words)
    cursor.expect("MERGE", "INTO")
    cursor.qualified_name()
    cursor.expect("USING")
    if words[-1].is_word("DUPLICATES"):
        raise SqlError("MERGE … REMOVE DUPLICATES is not in the local AWS", "0A000")
    seen: list[str] = []
    while not cursor.done:
        if not cursor.accept("WHEN"):
            cursor.next()
            continue
        if (
            cursor.peek().is_word("MATCHED")
            or cursor.peek().is_word("NOT")
            and cursor.peek(1).is_word("MATCHED")
        ):
            seen.append("not matched" if cursor.accept("NOT") else "matched")
            cursor.expect("MATCHED")
            cursor.expect("THEN")
            if cursor.peek().is_word("DO"):
                raise cursor.unexpected()
    if seen != ["matched", "not matched"]:
        raise SqlError("MERGE takes one WHEN MATCHED and then one WHEN NOT MATCHED clause", "42601")
