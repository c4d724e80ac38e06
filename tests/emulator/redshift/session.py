"""A session of Redshift: statements one after the other, in a transaction or each in its own."""

import dataclasses
import time
import typing

import psycopg2
import psycopg2.extensions

from .copy import parse_copy
from .copy_files import Objects
from .database import RedshiftDatabase
from .errors import SqlError, from_postgres
from .load import Loader
from .sql import Effect, Translation, translate

ROW_LIMIT = 64 << 10
RESULT_LIMIT = 500 << 20

_TYPES = {
    16: "bool",
    20: "int8",
    21: "int2",
    23: "int4",
    25: "varchar",
    700: "float4",
    701: "float8",
    705: "varchar",
    1042: "bpchar",
    1043: "varchar",
    1082: "date",
    1083: "time",
    1114: "timestamp",
    1184: "timestamptz",
    1266: "timetz",
    1700: "numeric",
    19: "name",
    26: "oid",
    2950: "uuid",
}


@dataclasses.dataclass(frozen=True)
class ResultColumn:
    name: str
    type: str
    length: int
    precision: int
    scale: int
    table_oid: int = 0


@dataclasses.dataclass
class Outcome:
    """What a statement came to: `rows` is None without a result set, `count` -1 where nothing is
    counted. A COPY counts 0 rows, whatever it loaded; `copied` is what pg_last_copy_count() knows.
    """

    query_id: int
    rows: list[tuple] | None = None
    columns: list[ResultColumn] = dataclasses.field(default_factory=list)
    count: int = -1
    copied: int = 0


class Session:
    """One connection. `cancelled` is asked while a COPY runs; other statements end by `cancel`."""

    def __init__(
        self,
        connection: psycopg2.extensions.connection,
        objects: Objects,
        database: RedshiftDatabase,
        cancelled: typing.Callable[[], bool] = lambda: False,
    ):
        self._connection, self._database = connection, database
        self._loader = Loader(connection, objects, database, cancelled)

    @property
    def pid(self) -> int:
        return self._connection.info.backend_pid

    def close(self) -> None:
        self._connection.close()

    def cancel(self) -> None:
        """From another thread: ends what runs."""
        try:
            self._connection.cancel()
        except psycopg2.Error:
            pass  # closed meanwhile: nothing runs

    # --- transaction ---

    def begin(self) -> None:
        try:
            self._execute(["BEGIN"])
        except psycopg2.Error as error:
            raise from_postgres(error) from None

    def commit(self) -> None:
        """Nothing when a TRUNCATE or COMMIT has ended the transaction already."""
        try:
            if self._in_transaction():
                self._execute(["COMMIT"])
        except psycopg2.Error as error:
            raise from_postgres(error) from None

    def rollback(self) -> None:
        try:
            if not self._connection.closed and self._in_transaction():
                self._execute(["ROLLBACK"])
        except psycopg2.Error:
            self._connection.close()  # the server rolls back what it lost the client of

    def _in_transaction(self) -> bool:
        return (
            self._connection.info.transaction_status != psycopg2.extensions.TRANSACTION_STATUS_IDLE
        )

    # --- statements ---

    def run(self, sql: str, parameters: typing.Mapping[str, str] | None = None) -> Outcome:
        """Raises SqlError; then the transaction, if there is one, can only be rolled back."""
        outcome = Outcome(self._database.next_query_id())
        started, error = time.monotonic(), ""
        kind = "OTHER"
        try:
            translation = translate(sql, parameters)
            kind = translation.tokens[0].text.upper()
            self._perform(translation, outcome)
            self._remember(translation, outcome)
        except SqlError as problem:
            error = problem.text()
            raise
        finally:
            self._database.record_query(
                outcome.query_id,
                kind,
                self.pid,
                "failed" if error else "success",
                time.monotonic() - started,
                error,
                outcome.copied or max(outcome.count, 0),
                sql,
            )
        return outcome

    def _perform(self, translation: Translation, outcome: Outcome) -> None:
        try:
            if translation.effect is Effect.COPY:
                outcome.copied = self._loader.run(parse_copy(translation.tokens), outcome.query_id)
                outcome.count = 0
                return
            if translation.effect is Effect.TRUNCATE:
                self._truncate(translation.commands)
                return
            cursor = self._execute(translation.commands)
        except psycopg2.Error as error:
            raise _located(error, translation) from None
        if (
            cursor is not None
            and cursor.description is not None
            and translation.effect is not Effect.OUTSIDE
            and not _is_note(translation)
        ):
            outcome.rows, outcome.columns = cursor.fetchall(), _columns(cursor)
            outcome.count = len(outcome.rows)
            _check_size(outcome.rows)
        elif cursor is not None and translation.effect is Effect.QUERY:
            outcome.count = max(cursor.rowcount, 0)

    def _truncate(self, commands: list[str]) -> None:
        """TRUNCATE commits what ran before it, and itself; what follows is in no transaction any
        more."""
        if self._in_transaction():
            self._execute(["COMMIT"])
        self._execute(commands)

    def _remember(self, translation: Translation, outcome: Outcome) -> None:
        """For pg_last_query_id() and its like. SET takes no snapshot, so that a LOCK that comes
        next takes none before it holds its table."""
        if translation.effect is Effect.COPY:
            settings = {"last_copy_count": outcome.copied, "last_copy_id": outcome.query_id}
        elif translation.effect is Effect.TRUNCATE or self._has_failed():
            return
        else:
            settings = {"last_query_id": outcome.query_id}
        try:
            self._execute([f"SET redshift.{name} = {value}" for name, value in settings.items()])
        except psycopg2.Error as error:
            raise from_postgres(error) from None

    def _has_failed(self) -> bool:
        """The transaction can only be rolled back."""
        return (
            self._connection.info.transaction_status
            == psycopg2.extensions.TRANSACTION_STATUS_INERROR
        )

    def _execute(self, commands: list[str]) -> psycopg2.extensions.cursor | None:
        cursor = None
        for command in commands:
            cursor = self._connection.cursor()
            cursor.execute(command)
        return cursor


def _is_note(translation: Translation) -> bool:
    """Helper calls of an ALTER TABLE answer a row that is nobody's."""
    return translation.effect is Effect.UTILITY and translation.tokens[0].is_word("ALTER")


def _located(error: psycopg2.Error, translation: Translation) -> SqlError:
    problem = from_postgres(error, translation.reads_table)
    if translation.changed:
        problem.position = None
    return problem


def _columns(cursor: psycopg2.extensions.cursor) -> list[ResultColumn]:
    return [
        ResultColumn(
            column.name,
            _TYPES.get(column.type_code, "varchar"),
            max(column.internal_size or 0, 0),
            column.precision or 0,
            column.scale or 0,
            column.table_oid or 0,
        )
        for column in cursor.description or ()
    ]


def _check_size(rows: list[tuple]) -> None:
    total = 0
    for row in rows:
        size = sum(len(value.encode()) if isinstance(value, str) else 8 for value in row)
        total += size
        if size > ROW_LIMIT:
            raise SqlError("The row size of the result exceeds 64 KB", "54000")
    if total > RESULT_LIMIT:
        raise SqlError("The result size exceeds 500 MB", "54000")
