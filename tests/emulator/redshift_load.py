"""Runs a COPY: rows stream from the objects through the checks into Postgres, in bounded memory.

What goes wrong with a row is written to SYS_LOAD_ERROR_DETAIL and STL_LOAD_ERRORS by another
session, so that it can be read after the transaction is gone.
"""

import dataclasses
import typing

import psycopg2.extensions

from .redshift_copy import CopyCommand
from .redshift_copy_files import CopyFile, Objects, Scanned, find_files
from .redshift_copy_rows import read_records
from .redshift_copy_values import Column, RowError, converters
from .redshift_database import RedshiftDatabase
from .redshift_errors import SqlError
from .redshift_tables import qualified
from .redshift_tokens import quote_name

BLOCK = 1 << 17  # bytes handed to Postgres at a time
KEPT_ERRORS = 1000  # rows written to the system tables for one COPY

_COLUMNS = """
SELECT c.oid::bigint, current_database(), pg_backend_pid(), (SELECT usesysid::int FROM pg_user WHERE
usename = current_user), a.attname, t.typname, a.atttypmod, a.attnotnull, a.attidentity, a.atthasdef
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid WHERE
c.oid = to_regclass(%s) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY
a.attnum"""


@dataclasses.dataclass
class Target:
    """The table as the catalogue has it, and the columns that the COPY fills."""

    oid: int
    database: str
    pid: int
    user_id: int
    columns: list[Column]


@dataclasses.dataclass
class LoadError:
    file: CopyFile
    line: int
    raw: bytes
    error: RowError


class Loader:
    """COPY for one session."""

    def __init__(
        self,
        connection: psycopg2.extensions.connection,
        objects: Objects,
        database: RedshiftDatabase,
        cancelled: typing.Callable[[], bool] = lambda: False,
    ):
        self._connection, self._objects, self._database = connection, objects, database
        self._cancelled = cancelled

    def run(self, command: CopyCommand, query_id: int) -> int:
        """The number of rows loaded. Raises SqlError when the COPY fails."""
        target = _find_target(self._connection, command)
        if command.format == "FIXEDWIDTH" and len(command.widths) != len(target.columns):
            raise SqlError(
                (
                    f"The number of fixedwidth columns ({len(command.widths)}) does not match the"
                    f" number of columns of the table ({len(target.columns)})"
                ),
                "42601",
            )
        command.region = command.region or self._database.region
        files = find_files(command, self._objects)
        rows = _Rows(command, target, files, self._objects, self._cancelled)
        try:
            self._copy(command, target, rows)
        finally:
            self._database.record_load(
                _file_rows(rows, target, command, query_id), *_error_rows(rows, target, query_id)
            )
        return 0 if command.has("NOLOAD") else rows.loaded

    def _copy(self, command: CopyCommand, target: Target, rows: "_Rows") -> None:
        if command.has("NOLOAD"):
            while rows.read(BLOCK):
                pass
            return
        names = ", ".join(quote_name(column.name) for column in target.columns)
        statement = f"COPY {qualified(command.schema, command.table)} ({names}) FROM STDIN"
        cursor = self._connection.cursor()
        try:
            cursor.copy_expert(statement, rows, BLOCK)
        except psycopg2.Error:
            if rows.failure:
                raise rows.failure from None
            raise


def _find_target(connection: psycopg2.extensions.connection, command: CopyCommand) -> Target:
    cursor = connection.cursor()
    cursor.execute(_COLUMNS, (qualified(command.schema, command.table),))
    found = cursor.fetchall()
    if not found:
        where = f"{command.schema}." if command.schema else ""
        raise SqlError(f"Cannot COPY into nonexistent table {where}{command.table}", "42P01")
    by_name = {row[4]: row for row in found}
    identities = {row[4] for row in found if row[8] == "a"}
    columns = [_column(by_name[name]) for name in _column_names(command, list(by_name), identities)]
    missing = [
        row[4]
        for row in found
        if row[7] and not row[9] and not row[8] and row[4] not in {c.name for c in columns}
    ]
    if missing:
        raise SqlError(
            f'Column "{missing[0]}" is NOT NULL, has no default and is not in the column list',
            "23502",
        )
    oid, database, pid, user_id = found[0][:4]
    return Target(int(oid), database, int(pid), int(user_id), columns)


def _column_names(command: CopyCommand, known: list[str], identities: set[str]) -> list[str]:
    explicit = command.has("EXPLICIT_IDS")
    names = command.columns or [name for name in known if explicit or name not in identities]
    for name in names:
        if name not in known:
            raise SqlError(f'column "{name}" of relation "{command.table}" does not exist', "42703")
        if name in identities and not explicit:
            raise SqlError(f"Cannot set identity column {name} without EXPLICIT_IDS", "42601")
    return names


def _column(row: tuple) -> Column:
    name, kind, modifier, not_null = row[4], row[5], row[6], row[7]
    text = kind in ("varchar", "bpchar")
    numeric = kind == "numeric" and modifier >= 4
    return Column(
        name,
        kind,
        length=modifier - 4 if text and modifier >= 4 else 0,
        precision=(modifier - 4) >> 16 & 0xFFFF if numeric else 38,
        scale=(modifier - 4) & 0x7FF if numeric else 0,
        not_null=not_null,
    )


class _Rows:
    """A file to psycopg2: reading it reads the objects. Keeps the errors of rows and fails at too
    many."""

    def __init__(
        self,
        command: CopyCommand,
        target: Target,
        files: list[CopyFile],
        objects: Objects,
        cancelled: typing.Callable[[], bool],
    ):
        self._command, self._target, self._objects, self._cancelled = (
            command,
            target,
            objects,
            cancelled,
        )
        self._convert = converters(target.columns, command)
        self._blocks = self._all(files)
        self._rest = b""
        self.loaded = 0
        self.errors: list[LoadError] = []
        self._failed_rows = 0
        self.files: list[tuple[CopyFile, int, int]] = []  # file, bytes, lines
        self.failure: SqlError | None = None

    def read(self, size: int) -> bytes:
        try:
            if not self._rest:
                self._rest = next(self._blocks, b"")
        except SqlError as error:
            self.failure = error
            raise
        except Exception as error:  # psycopg2 would keep only its name
            self.failure = SqlError(f"COPY stopped: {error}")
            raise
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def _all(self, files: list[CopyFile]) -> typing.Iterator[bytes]:
        for file in files:
            lines: list[bytes] = []
            size = line = 0
            with Scanned(file, self._command, self._objects) as scanned:
                for line, raw, fields in read_records(scanned, self._command, self._target.columns):
                    try:
                        row = self._row(fields)
                    except RowError as error:
                        self._note(LoadError(file, line, raw, error))
                        continue
                    lines.append(row)
                    size += len(row)
                    if size >= BLOCK:
                        yield self._block(lines)
                        lines, size = [], 0
                self.files.append((file, scanned.bytes_scanned, line))
            if lines:
                yield self._block(lines)

    def _block(self, lines: list[bytes]) -> bytes:
        if self._cancelled():
            raise SqlError("Query cancelled on user's request", "57014")
        self.loaded += len(lines)
        return b"".join(lines)

    def _row(self, fields: list[bytes | None] | RowError) -> bytes:
        if isinstance(fields, RowError):
            raise fields
        out = []
        try:
            for convert, field in zip(self._convert, fields):
                out.append(convert(field))
        except RowError as error:
            error.column = self._target.columns[len(out)]
            raise
        return b"\t".join(out) + b"\n"

    def _note(self, problem: LoadError) -> None:
        self._failed_rows += 1
        if len(self.errors) < KEPT_ERRORS:
            self.errors.append(problem)
        if self._failed_rows >= max(1, self._command.max_error) and not self._command.has(
            "IGNOREALLERRORS"
        ):
            raise SqlError(
                (
                    f"Load into table '{self._command.table}' failed. Check 'sys_load_error_detail'"
                    " system table for details."
                ),
                "XX000",
            )


# -- rows of the system tables
# ----------------------------------------------------------------------

_TYPE_NAMES = {
    "bpchar": "char",
    "varchar": "varchar",
    "int2": "int2",
    "int4": "int",
    "int8": "bigint",
}


def _file_rows(rows: _Rows, target: Target, command: CopyCommand, query_id: int) -> list[tuple]:
    return [
        (
            target.user_id,
            query_id,
            target.pid,
            target.database,
            command.table,
            file.url[:256],
            size,
            lines,
        )
        for file, size, lines in rows.files
    ]


def _error_rows(rows: _Rows, target: Target, query_id: int) -> tuple[list[tuple], list[tuple]]:
    """For SYS_LOAD_ERROR_DETAIL and for STL_LOAD_ERRORS."""
    detail, errors = [], []
    for found in rows.errors:
        column, error = found.error.column, found.error
        name = column.name if column else ""
        kind = _TYPE_NAMES.get(column.type, column.type)[:10] if column else ""
        length = str(column.length or "") if column else ""
        where = (found.file.url[:256], found.line, name, kind, length, error.position)
        detail.append(
            (
                target.user_id,
                query_id,
                target.pid,
                target.database,
                target.oid,
                *where,
                error.code,
                error.reason[:512],
            )
        )
        errors.append(
            (
                target.user_id,
                target.oid,
                target.pid,
                query_id,
                *where,
                _printable(found.raw),
                _printable(error.value),
                error.code,
                error.reason[:100],
            )
        )
    return detail, errors


def _printable(data: bytes) -> str:
    return data[:1024].decode("utf-8", "replace").replace("\0", "?")[:1024]
