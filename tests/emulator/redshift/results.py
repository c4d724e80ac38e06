"""Statements and their results in the words of the Data API."""

import math
import typing

from .session import Outcome, ResultColumn
from .statements import Statement, SubStatement

PAGE_BYTES = 1 << 20


def describe(statement: Statement) -> dict:
    single = None if statement.is_batch else statement.subs[0]
    reply = {
        "Id": statement.id,
        "Status": statement.status,
        "CreatedAt": statement.created,
        "UpdatedAt": statement.updated,
        "Duration": statement.duration,
        "RedshiftPid": statement.pid,
        "RedshiftQueryId": single.query_id if single else 0,
        "HasResultSet": any(sub.has_result_set for sub in statement.subs),
        "ResultRows": single.result_rows if single else -1,
        "ResultSize": result_size(single.outcome) if single else -1,
        "ResultFormat": statement.result_format,
        **statement.identity.members(),
    }
    if statement.error:
        reply["Error"] = statement.error
    if statement.parameters:
        reply["QueryParameters"] = statement.parameters
    if single:
        reply["QueryString"] = single.sql
    else:
        reply["ExecutionMode"] = "TRANSACTION" if statement.in_transaction else "AUTO_COMMIT"
        reply["SubStatements"] = [describe_sub(sub) for sub in statement.subs]
    return reply


def describe_sub(sub: SubStatement) -> dict:
    reply = {
        "Id": sub.id,
        "Status": sub.status,
        "CreatedAt": sub.created,
        "UpdatedAt": sub.updated,
        "Duration": sub.duration,
        "QueryString": sub.sql,
        "ResultRows": sub.result_rows,
        "ResultSize": result_size(sub.outcome),
        "RedshiftQueryId": sub.query_id,
        "HasResultSet": sub.has_result_set,
    }
    if sub.error:
        reply["Error"] = sub.error
    return reply


def summary(statement: Statement) -> dict:
    """As ListStatements shows it."""
    sqls = [sub.sql for sub in statement.subs]
    reply = {
        "Id": statement.id,
        "Status": statement.status,
        "CreatedAt": statement.created,
        "UpdatedAt": statement.updated,
        "IsBatchStatement": statement.is_batch,
        "ResultFormat": statement.result_format,
        "SecretArn": statement.identity.secret_arn,
        "StatementName": statement.name,
        "QueryParameters": statement.parameters,
        **({"QueryStrings": sqls} if statement.is_batch else {"QueryString": sqls[0]}),
    }
    return {name: value for name, value in reply.items() if value not in ("", [])}


# --- results ---


def result_size(outcome: Outcome | None) -> int:
    """Bytes of the values; -1 without a result set."""
    if outcome is None or outcome.rows is None:
        return -1
    return sum(_size(value) for row in outcome.rows for value in row)


def _size(value: typing.Any) -> int:
    return len(value.encode()) if isinstance(value, str) else 0 if value is None else 8


def page_end(outcome: Outcome, start: int, page_bytes: int) -> int:
    """Where the page that begins at row `start` ends; it has at least one row."""
    rows = outcome.rows or []
    size, at = 0, start
    while at < len(rows) and (at == start or size < page_bytes):
        size += sum(_size(value) + 20 for value in rows[at])
        at += 1
    return at


def record(row: tuple) -> list[dict]:
    return [_field(value) for value in row]


def _field(value: typing.Any) -> dict:
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    if isinstance(value, float) and math.isfinite(value):
        return {"doubleValue": value}
    return {"stringValue": str(value)}


_SIGNED = {"int2", "int4", "int8", "float4", "float8", "numeric"}
_CASE_SENSITIVE = {"varchar", "bpchar", "name"}


def column_metadata(column: ResultColumn) -> dict:
    return {
        "isCaseSensitive": column.type in _CASE_SENSITIVE,
        "isCurrency": False,
        "isSigned": column.type in _SIGNED,
        "label": column.name,
        "name": column.name,
        "nullable": 1,
        "precision": column.precision or column.length,
        "scale": column.scale,
        "schemaName": "",
        "tableName": "",
        "typeName": column.type,
        "length": 0,
    }
