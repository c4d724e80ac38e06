"""COPY … FROM S3, taken apart: the grammar, every option, and which options go together.

What Redshift refuses is refused. Columnar formats, AVRO, SHAPEFILE, JSON paths, LZOP, ZSTD,
encryption and sources other than S3 are known and answered with "not in the local AWS".
"""

import dataclasses
import re
import typing

from .errors import SqlError
from .tokens import Cursor, Kind, Token

_ROLE = re.compile(r"arn:aws(-cn|-us-gov|-eusc)?:iam::\d{12}:role/[\w+=,.@/-]+")
_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)", re.DOTALL)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ENCODINGS = ("UTF8", "UTF16", "UTF16LE", "UTF16BE", "ISO88591")


@dataclasses.dataclass
class CopyCommand:
    """What a COPY says; the defaults are Redshift's."""

    schema: str | None
    table: str
    columns: list[str] | None = None
    bucket: str = ""
    key: str = ""
    format: str = "DELIMITED"  # or CSV, FIXEDWIDTH, JSON
    delimiter: str = ""
    quote: str = '"'
    widths: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    ignore_case: bool = False  # JSON 'auto ignorecase'
    compression: str = ""  # GZIP, BZIP2
    encoding: str = "UTF8"
    region: str = ""  # "": that of the cluster
    null_as: str = "\\N"
    date_format: str = ""
    time_format: str = ""
    replacement: str | None = None  # of ACCEPTINVCHARS
    max_error: int = 0
    ignore_header: int = 0
    flags: frozenset[str] = frozenset()  # options without an argument

    def has(self, flag: str) -> bool:
        return flag in self.flags


def parse_copy(tokens: list[Token]) -> CopyCommand:
    """Raises SqlError for what Redshift or the local AWS refuses."""
    cursor = Cursor(tokens)
    cursor.expect("COPY")
    schema, table = cursor.qualified_name()
    command = CopyCommand(schema, table)
    if cursor.peek().is_symbol("("):
        command.columns = _columns(cursor)
    cursor.expect("FROM")
    command.bucket, command.key = parse_url(cursor.string())
    parser = _Options(cursor, command)
    parser.run()
    check_combinations(command, parser.given)
    return command


def parse_url(url: str) -> tuple[str, str]:
    match = _URL.fullmatch(url)
    if not match:
        if "://" in url and not url.startswith("s3://"):
            raise SqlError(f"COPY from {url.split('://', 1)[0]} is not in the local AWS", "0A000")
        raise SqlError(f"The specified source '{url[:200]}' is not an S3 path", "22023")
    return match.group(1), match.group(2)


def _columns(cursor: Cursor) -> list[str]:
    inner = Cursor(cursor.group())
    names = [inner.name()]
    while inner.accept_symbol(","):
        names.append(inner.name())
    if not inner.done:
        raise inner.unexpected()
    for name in names:
        if names.count(name) > 1:
            raise SqlError(f'column "{name}" specified more than once', "42701")
    return names


# --- options ---

_FLAGS = (
    "MANIFEST",
    "ENCRYPTED",
    "EXPLICIT_IDS",
    "FILLRECORD",
    "IGNOREBLANKLINES",
    "REMOVEQUOTES",
    "ROUNDEC",
    "TRIMBLANKS",
    "TRUNCATECOLUMNS",
    "ACCEPTANYDATE",
    "BLANKSASNULL",
    "EMPTYASNULL",
    "ESCAPE",
    "IGNOREALLERRORS",
    "NOLOAD",
)
_COMPRESSIONS = ("GZIP", "BZIP2", "LZOP", "ZSTD")
_NOT_LOCAL_FORMATS = ("PARQUET", "ORC", "AVRO", "SHAPEFILE", "RCFILE", "SEQUENCEFILE")
_SWITCH = {"ON", "OFF", "TRUE", "FALSE"}


class _Options:
    """Reads the options in any order, each at most once."""

    def __init__(self, cursor: Cursor, command: CopyCommand):
        self._cursor, self._command = cursor, command
        self.given: list[str] = []

    def run(self) -> None:
        while not self._cursor.done:
            self._one()
            self._cursor.accept_symbol(",")

    def _one(self) -> None:
        token = self._cursor.peek()
        if token.kind is not Kind.WORD:
            raise self._cursor.unexpected()
        word = token.text.upper()
        handler: typing.Callable[[], None] | None = getattr(self, "option_" + word.lower(), None)
        if (
            word not in _FLAGS
            and word not in _COMPRESSIONS
            and word not in _NOT_LOCAL_FORMATS
            and handler is None
        ):
            raise self._cursor.unexpected()
        self._cursor.next()
        if word in self.given:
            raise SqlError("conflicting or redundant options", "42601", token.start + 1)
        self.given.append(word)
        if handler:
            handler()
        elif word in _COMPRESSIONS:
            self._command.compression = word
        elif word in _NOT_LOCAL_FORMATS:
            self._set_format(word)
        else:
            self._command.flags |= {word}

    # --- arguments ---

    def _as_string(self) -> str:
        self._cursor.accept("AS")
        return self._cursor.string()

    def _as_number(self, option: str, most: int) -> int:
        self._cursor.accept("AS")
        text = self._cursor.next().text
        if not text.isdigit() or int(text) > most:
            raise SqlError(f"{option} must be a number between 0 and {most}", "22023")
        return int(text)

    def _switch(self, *more: str) -> None:
        if self._cursor.peek().is_word(*_SWITCH, *more):
            self._cursor.next()

    def _set_format(self, name: str) -> None:
        if self._command.format != "DELIMITED":
            raise SqlError(f"{name} is not compatible with {self._command.format}", "42601")
        self._command.format = name

    # --- format ---

    def option_format(self) -> None:
        self._cursor.accept("AS")
        if not self._cursor.peek().is_word(
            "CSV", "JSON", "FIXEDWIDTH", "DELIMITER", *_NOT_LOCAL_FORMATS
        ):
            raise self._cursor.unexpected()

    def option_csv(self) -> None:
        self._set_format("CSV")

    def option_json(self) -> None:
        self._set_format("JSON")
        self._cursor.accept("AS")
        mode = self._cursor.string() if self._cursor.peek().kind is Kind.STRING else "auto"
        if mode.lower() not in ("auto", "auto ignorecase"):
            raise SqlError(f"JSON '{mode}' is not in the local AWS", "0A000")
        self._command.ignore_case = mode.lower() != "auto"

    def option_fixedwidth(self) -> None:
        self._set_format("FIXEDWIDTH")
        for part in self._as_string().split(","):
            label, colon, width = part.rpartition(":")
            if not colon or not label.strip() or not width.strip().isdigit() or int(width) == 0:
                raise SqlError(f"Invalid fixedwidth specification '{part[:100]}'", "22023")
            self._command.widths.append((label.strip(), int(width)))

    def option_delimiter(self) -> None:
        self._command.delimiter = decode_character(self._as_string())
        if not self._command.delimiter or re.search("[\r\n\0]", self._command.delimiter):
            raise SqlError(
                "COPY delimiter must not be empty, a newline or a carriage return", "22023"
            )

    def option_quote(self) -> None:
        self._command.quote = decode_character(self._as_string())
        if len(self._command.quote) != 1 or not self._command.quote.isascii():
            raise SqlError("COPY quote must be a single ASCII character", "22023")

    # --- authorization ---

    def option_iam_role(self) -> None:
        self._cursor.accept("AS")
        if not self._cursor.accept("DEFAULT"):
            require_role(self._cursor.string())

    def option_credentials(self) -> None:
        pairs = dict(part.partition("=")[::2] for part in self._as_string().split(";"))
        if "aws_iam_role" in pairs:
            require_role(pairs["aws_iam_role"])
        elif not {"aws_access_key_id", "aws_secret_access_key"} <= set(pairs):
            raise SqlError(
                (
                    "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or "
                    "'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'"
                ),
                "22023",
            )

    def option_access_key_id(self) -> None:
        self._as_string()

    option_secret_access_key = (
        option_session_token
    ) = option_master_symmetric_key = option_access_key_id

    # --- where and how ---

    def option_region(self) -> None:
        self._command.region = self._as_string()
        if not _REGION.fullmatch(self._command.region):
            raise SqlError(f"Invalid region '{self._command.region[:100]}'", "22023")

    def option_encoding(self) -> None:
        self._cursor.accept("AS")
        token = self._cursor.peek()
        name = (
            (self._cursor.string() if token.kind is Kind.STRING else self._cursor.next().text)
            .upper()
            .replace("-", "")
        )
        if name not in _ENCODINGS:
            raise SqlError(
                f"Invalid encoding '{name[:100]}'. Only {', '.join(_ENCODINGS)} are supported",
                "22023",
            )
        self._command.encoding = name

    def option_null(self) -> None:
        self._command.null_as = decode_character(self._as_string())
        if re.search("[\r\n]", self._command.null_as):
            raise SqlError(
                "COPY null representation cannot use newline or carriage return", "22023"
            )

    def option_dateformat(self) -> None:
        self._command.date_format = self._as_string()

    def option_timeformat(self) -> None:
        self._command.time_format = self._as_string()

    def option_acceptinvchars(self) -> None:
        self._cursor.accept("AS")
        self._command.replacement = (
            self._cursor.string() if self._cursor.peek().kind is Kind.STRING else "?"
        )
        if (
            len(self._command.replacement) != 1
            or not self._command.replacement.isascii()
            or self._command.replacement == "\0"
        ):
            raise SqlError("ACCEPTINVCHARS replacement must be a single ASCII character", "22023")

    def option_maxerror(self) -> None:
        self._command.max_error = self._as_number("MAXERROR", 100000)

    def option_ignoreheader(self) -> None:
        self._command.ignore_header = self._as_number("IGNOREHEADER", 2**31 - 1)

    def option_comprows(self) -> None:
        self._as_number("COMPROWS", 10**9)

    def option_readratio(self) -> None:
        self._as_number("READRATIO", 200)

    def option_compupdate(self) -> None:
        self._switch("PRESET")

    def option_statupdate(self) -> None:
        self._switch()


def require_role(text: str) -> None:
    """One role, or several chained by commas."""
    for role in text.split(","):
        if not _ROLE.fullmatch(role):
            raise SqlError(f"Invalid IAM role ARN '{role[:200]}'", "22023")


def decode_character(text: str) -> str:
    """COPY itself reads \\t, \\ddd and so on where the literal left a backslash before them."""
    if re.fullmatch(r"\\[0-7]{1,3}", text):
        return chr(int(text[1:], 8))
    return {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\b": "\b", "\\f": "\f"}.get(text, text)


# --- which go together ---

_EXCLUDED = {
    "CSV": ("FIXEDWIDTH", "ESCAPE", "REMOVEQUOTES", "JSON"),
    "FIXEDWIDTH": ("DELIMITER", "CSV", "ESCAPE", "JSON"),
    "JSON": (
        "DELIMITER",
        "ESCAPE",
        "FIXEDWIDTH",
        "REMOVEQUOTES",
        "CSV",
        "FILLRECORD",
        "IGNOREBLANKLINES",
        "NULL",
        "READRATIO",
    ),
    "AVRO": (
        "DELIMITER",
        "ESCAPE",
        "FIXEDWIDTH",
        "REMOVEQUOTES",
        "CSV",
        "FILLRECORD",
        "IGNOREBLANKLINES",
        "NULL",
        "READRATIO",
    ),
    "IGNOREALLERRORS": ("MAXERROR",),
}
_COLUMNAR_TAKES = {
    "FORMAT",
    "PARQUET",
    "ORC",
    "ACCEPTINVCHARS",
    "FILLRECORD",
    "IAM_ROLE",
    "CREDENTIALS",
    "ACCESS_KEY_ID",
    "SECRET_ACCESS_KEY",
    "SESSION_TOKEN",
    "STATUPDATE",
    "MANIFEST",
    "EXPLICIT_IDS",
}
_KEYS = {"ACCESS_KEY_ID", "SECRET_ACCESS_KEY"}


def check_combinations(command: CopyCommand, given: list[str]) -> None:
    for option in ("PARQUET", "ORC"):
        if option in given:
            _check_columnar(option, command, given)
    for option, excluded in _EXCLUDED.items():
        for other in excluded:
            if option in given and other in given:
                raise SqlError(f"{option} is not compatible with {other}", "42601")
    if "QUOTE" in given and "CSV" not in given:
        raise SqlError("QUOTE is only allowed with CSV", "42601")
    compressions = [option for option in given if option in _COMPRESSIONS]
    if len(compressions) > 1:
        raise SqlError(f"{compressions[0]} is not compatible with {compressions[1]}", "42601")
    if "ENCRYPTED" in given and "MASTER_SYMMETRIC_KEY" not in given:
        raise SqlError("ENCRYPTED requires MASTER_SYMMETRIC_KEY", "42601")
    _check_authorization(given)
    _check_characters(command)
    for option in ("LZOP", "ZSTD", "ENCRYPTED", *_NOT_LOCAL_FORMATS):
        if option in given:
            raise SqlError(f"COPY with {option} is not in the local AWS", "0A000")


def _check_columnar(option: str, command: CopyCommand, given: list[str]) -> None:
    for other in given:
        if other not in _COLUMNAR_TAKES:
            raise SqlError(f"{other} argument is not supported for {option} based COPY", "0A000")
    if command.columns is not None:
        raise SqlError(f"column mapping is not supported for {option} based COPY", "0A000")


def _check_authorization(given: list[str]) -> None:
    ways = [way for way in ("IAM_ROLE", "CREDENTIALS") if way in given] + (
        ["keys"] if _KEYS & set(given) else []
    )
    if len(ways) != 1 or ways == ["keys"] and not _KEYS <= set(given):
        raise SqlError(
            (
                "COPY needs one authorization: IAM_ROLE, CREDENTIALS, or ACCESS_KEY_ID with"
                " SECRET_ACCESS_KEY"
            ),
            "42601",
        )


def _check_characters(command: CopyCommand) -> None:
    if not command.delimiter:
        command.delimiter = "," if command.format == "CSV" else "|"
    if command.format == "CSV" and command.quote in command.delimiter:
        raise SqlError("COPY quote and delimiter must be different", "22023")
    if (
        command.format in ("CSV", "DELIMITED")
        and command.null_as
        and command.delimiter in command.null_as
    ):
        raise SqlError("COPY delimiter must not appear in the NULL specification", "22023")
