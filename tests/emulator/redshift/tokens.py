"""Redshift SQL cut into tokens, so that nobody ever looks for a word inside a literal or a comment.

In a plain literal a backslash escapes the next character, as in Redshift. Joined again, the texts
of all tokens are the statement that came in.
"""

import dataclasses
import enum
import re
import typing

from .errors import SqlError, syntax_error


class Kind(enum.Enum):
    SPACE = "space"  # white space and comments
    WORD = "word"  # keyword or plain identifier
    QUOTED = "quoted"  # "identifier"
    STRING = "string"  # 'literal', E'literal'
    DOLLAR = "dollar"  # $tag$ literal $tag$
    NUMBER = "number"
    PARAMETER = "parameter"  # :name
    POSITION = "position"  # $1
    SYMBOL = "symbol"  # operators and punctuation


@dataclasses.dataclass(frozen=True)
class Token:
    kind: Kind
    text: str
    start: int = 0  # offset in the statement, in characters

    def is_word(self, *words: str) -> bool:
        """True for one of these keywords, given in upper case."""
        return self.kind is Kind.WORD and self.text.upper() in words

    def is_symbol(self, *symbols: str) -> bool:
        return self.kind is Kind.SYMBOL and self.text in symbols

    @property
    def is_name(self) -> bool:
        return self.kind in (Kind.WORD, Kind.QUOTED)


_BLANK = re.compile(r"\s+|--[^\n]*")
_WORD = re.compile(r"[^\W\d][\w$]*|#[^\W\d][\w$]*")
_NUMBER = re.compile(r"(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_STRING = re.compile(r"[eE]?'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_DOLLAR = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_POSITION = re.compile(r"\$\d+")
_PARAMETER = re.compile(r":[A-Za-z0-9_]+")
_SYMBOL = re.compile(r"::|:=|\.\.|=>|[<>=!~@#%^&|`?+*/-]+|[()\[\],;.:{}\\]|\S")
_NESTED = re.compile(r"/\*|\*/")


def tokenize(sql: str) -> list[Token]:
    """All tokens, spaces included. Raises SqlError for a literal, name or comment without an
    end."""
    tokens: list[Token] = []
    position = 0
    while position < len(sql):
        token = _next(sql, position, tokens)
        tokens.append(token)
        position += len(token.text)
    return tokens


def _next(sql: str, at: int, before: list[Token]) -> Token:
    if blank := _BLANK.match(sql, at):
        return Token(Kind.SPACE, blank.group(), at)
    if sql.startswith("/*", at):
        return Token(Kind.SPACE, _comment(sql, at), at)
    for kind, pattern in (
        (Kind.STRING, _STRING),
        (Kind.QUOTED, _QUOTED),
        (Kind.WORD, _WORD),
        (Kind.NUMBER, _NUMBER),
    ):
        if found := pattern.match(sql, at):
            return Token(kind, found.group(), at)
    if sql[at] in "'\"":
        quoted = "string" if sql[at] == "'" else "identifier"
        raise SqlError(
            f'unterminated quoted {quoted} at or near "{sql[at:at + 60]}"', "42601", at + 1
        )
    if opening := _DOLLAR.match(sql, at):
        return Token(Kind.DOLLAR, _dollar(sql, at, opening.group()), at)
    if found := _POSITION.match(sql, at):
        return Token(Kind.POSITION, found.group(), at)
    if (found := _PARAMETER.match(sql, at)) and not (
        before and before[-1].is_symbol(":", "::", "[")
    ):
        return Token(Kind.PARAMETER, found.group(), at)
    return Token(Kind.SYMBOL, _symbol(sql, at), at)


def _symbol(sql: str, at: int) -> str:
    """An operator ends where a comment begins."""
    found = _SYMBOL.match(sql, at)
    assert found
    text = found.group()
    ends = [text.index(mark, 1) for mark in ("--", "/*") if mark in text[1:]]
    return text[: min(ends)] if ends else text


def _comment(sql: str, at: int) -> str:
    """Comments nest, as in Postgres."""
    depth = 0
    for mark in _NESTED.finditer(sql, at):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return sql[at : mark.end()]
    raise SqlError(f'unterminated /* comment at or near "{sql[at:at + 60]}"', "42601", at + 1)


def _dollar(sql: str, at: int, tag: str) -> str:
    end = sql.find(tag, at + len(tag))
    if end < 0:
        raise SqlError(
            f'unterminated dollar-quoted string at or near "{sql[at:at + 60]}"', "42601", at + 1
        )
    return sql[at : end + len(tag)]


# --- values ---

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPED = re.compile(r"\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)|''", re.DOTALL)


def literal_value(token: Token) -> str:
    """The text that a STRING or DOLLAR token stands for."""
    if token.kind is Kind.DOLLAR:
        tag = token.text[: token.text.index("$", 1) + 1]
        return token.text[len(tag) : -len(tag)]

    def plain(match: re.Match) -> str:
        code = match.group(1)
        if code is None:
            return "'"
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        if code[0] == "x" and len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPES.get(code, code)

    return _ESCAPED.sub(plain, token.text[token.text.index("'") + 1 : -1])


def quote_literal(text: str) -> str:
    """A literal of Redshift: quote and backslash are doubled."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def name_value(token: Token) -> str:
    """The name that a WORD or QUOTED token means: folded to lower case, even when it was quoted, as
    Redshift does unless enable_case_sensitive_identifier is on. Names of IAM users keep their case.
    """
    if token.kind is Kind.QUOTED:
        name = token.text[1:-1].replace('""', '"')
        return name if name.startswith(("IAM:", "IAMR:")) else name.lower()
    return token.text.lower()


def quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def join(tokens: typing.Iterable[Token]) -> str:
    return "".join(token.text for token in tokens)


def significant(tokens: typing.Iterable[Token]) -> list[Token]:
    return [token for token in tokens if token.kind is not Kind.SPACE]


def split_statements(tokens: typing.Iterable[Token]) -> list[list[Token]]:
    """Statements between semicolons; empty ones are left out."""
    statements: list[list[Token]] = [[]]
    for token in tokens:
        if token.is_symbol(";"):
            statements.append([])
        else:
            statements[-1].append(token)
    return [statement for statement in statements if significant(statement)]


# --- reading in order ---


class Cursor:
    """The significant tokens of one statement, read from left to right."""

    def __init__(self, tokens: typing.Iterable[Token]):
        self._tokens = significant(tokens)
        self.position = 0

    @property
    def done(self) -> bool:
        return self.position >= len(self._tokens)

    def peek(self, ahead: int = 0) -> Token:
        """The token ahead; past the end an empty symbol, which is never what a grammar expects."""
        index = self.position + ahead
        return self._tokens[index] if index < len(self._tokens) else Token(Kind.SYMBOL, "")

    def next(self) -> Token:
        token = self.peek()
        self.position += 1
        return token

    def accept(self, *words: str) -> bool:
        """Takes these keywords if they follow, all of them in this order."""
        if not all(self.peek(index).is_word(word) for index, word in enumerate(words)):
            return False
        self.position += len(words)
        return True

    def accept_symbol(self, symbol: str) -> bool:
        if not self.peek().is_symbol(symbol):
            return False
        self.position += 1
        return True

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            raise self.unexpected()

    def expect_symbol(self, symbol: str) -> None:
        if not self.accept_symbol(symbol):
            raise self.unexpected()

    def string(self) -> str:
        if self.peek().kind not in (Kind.STRING, Kind.DOLLAR):
            raise self.unexpected()
        return literal_value(self.next())

    def name(self) -> str:
        if not self.peek().is_name:
            raise self.unexpected()
        return name_value(self.next())

    def qualified_name(self) -> tuple[str | None, str]:
        """schema and name; a leading database name is read over."""
        parts = [self.name()]
        while self.accept_symbol("."):
            parts.append(self.name())
        return (parts[-2] if len(parts) > 1 else None), parts[-1]

    def group(self) -> list[Token]:
        """The tokens between a parenthesis that follows and its partner."""
        self.expect_symbol("(")
        start, depth = self.position, 1
        while depth:
            token = self.next()
            depth += token.is_symbol("(") - token.is_symbol(")")
            if self.position > len(self._tokens):
                raise syntax_error("", None)
        return self._tokens[start : self.position - 1]

    def rest(self) -> list[Token]:
        remaining = self._tokens[self.position :]
        self.position = len(self._tokens)
        return remaining

    def unexpected(self) -> SqlError:
        token = self.peek()
        return syntax_error(token.text, token.start + 1 if token.text else None)


def split_list(tokens: list[Token]) -> list[list[Token]]:
    """Splits at the commas that stand in no parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.is_symbol("(", "[") - token.is_symbol(")", "]")
        if token.is_symbol(",") and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
