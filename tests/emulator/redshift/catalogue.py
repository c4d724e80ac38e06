"""ListDatabases, ListSchemas, ListTables, DescribeTable: answered at once from the catalogue."""

import typing

import psycopg2

from .database import RedshiftDatabase
from .results import column_metadata
from .session import ResultColumn
from .statements import Identity, make_token, read_token
from ..core.service import ServiceError

_HIDDEN = "('pg_toast', 'redshift')"
_SCHEMAS = f"""
    SELECT nspname FROM pg_namespace
    WHERE nspname NOT IN {_HIDDEN} AND nspname NOT LIKE 'pg!_%%temp!_%%' ESCAPE '!'
        AND nspname LIKE %s
    ORDER BY 1"""
_TABLES = f"""
    SELECT c.relname, n.nspname, CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN {_HIDDEN}
        AND n.nspname LIKE %s AND c.relname LIKE %s
    ORDER BY 2, 1"""
_COLUMNS = """
    SELECT column_name, udt_name, coalesce(character_maximum_length, 0),
        coalesce(numeric_precision, 0), coalesce(numeric_scale, 0), column_default, is_nullable,
        table_schema
    FROM information_schema.columns
    WHERE table_name = %s AND table_schema LIKE %s ORDER BY ordinal_position"""


class Catalogue:
    def __init__(self, database: RedshiftDatabase):
        self._database = database

    def databases(self, identity: Identity, data: dict) -> dict:
        rows = self._ask(
            identity, "SELECT datname FROM pg_database WHERE datname = 'dev' ORDER BY 1", ()
        )
        return _page("Databases", [row[0] for row in rows], data)

    def schemas(self, identity: Identity, data: dict) -> dict:
        rows = self._ask(identity, _SCHEMAS, (data.get("SchemaPattern", "%"),))
        return _page("Schemas", [row[0] for row in rows], data)

    def tables(self, identity: Identity, data: dict) -> dict:
        rows = self._ask(
            identity, _TABLES, (data.get("SchemaPattern", "%"), data.get("TablePattern", "%"))
        )
        return _page(
            "Tables", [{"name": row[0], "schema": row[1], "type": row[2]} for row in rows], data
        )

    def describe(self, identity: Identity, data: dict) -> dict:
        if "Table" not in data:
            raise ServiceError("ValidationException", "Table is required")
        rows = self._ask(identity, _COLUMNS, (data["Table"], data.get("Schema", "%")))
        columns = []
        for name, kind, length, precision, scale, default, nullable, schema in rows:
            column = column_metadata(ResultColumn(name, kind, length, precision, scale))
            column.update(
                length=length,
                columnDefault=default or "",
                nullable=int(nullable == "YES"),
                schemaName=schema,
                tableName=data["Table"],
            )
            columns.append(column)
        return {"TableName": data["Table"], **_page("ColumnList", columns, data)}

    def _ask(self, identity: Identity, query: str, values: tuple) -> list[tuple]:
        try:
            connection = self._database.connect(identity.user, identity.password, identity.database)
        except psycopg2.OperationalError as error:
            reason = str(error).strip().rpartition("FATAL:")[2].strip()
            raise ServiceError("ValidationException", f"FATAL: {reason}") from None
        try:
            cursor = connection.cursor()
            cursor.execute(query, values)
            return cursor.fetchall()
        finally:
            connection.close()


def _page(member: str, items: list[typing.Any], data: dict) -> dict:
    start = read_token(data.get("NextToken"), member)
    end = start + (data.get("MaxResults") or 1000)
    reply: dict[str, typing.Any] = {member: items[start:end]}
    if end < len(items):
        reply["NextToken"] = make_token(member, end)
    return reply
