"""The members of the Data API's requests, and their bounds."""

from ..core.protocols import Member, Shape, number, text
from .statements import STATUSES

_ID = text(required=True, pattern=r"[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d+)?")
_TOKEN = text(1, 4096)
_PARAMETERS = Member(
    list,
    least=1,
    items=Member(
        dict,
        members={
            "name": text(1, required=True, pattern=r"[0-9a-zA-Z_]+"),
            "value": text(1, required=True),
        },
    ),
)
_WORKGROUP = (
    r"([a-z0-9-]+|arn:(aws(-[a-z]+)*):redshift-serverless:[a-z0-9-]+:\d{12}:workgroup/[a-z0-9-]+)"
)
_CONNECTION = {
    "ClusterIdentifier": text(1, 63),
    "WorkgroupName": text(3, 128, pattern=_WORKGROUP),
    "Database": text(1, 127),
    "SecretArn": text(1, 2048),
    "DbUser": text(1, 127),
}
_EXECUTE = {
    **_CONNECTION,
    "Parameters": _PARAMETERS,
    "StatementName": text(0, 500),
    "WithEvent": Member(bool),
    "ClientToken": text(1, 64),
    "ResultFormat": text(choices=("JSON", "CSV")),
    "SessionKeepAliveSeconds": number(0, 24 * 3600),
    "SessionId": text(pattern=r"[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d+)?"),
    "WaitTimeSeconds": number(0, 30),
}
_CATALOGUE = {
    **_CONNECTION,
    "MaxResults": number(0, 1000),
    "NextToken": _TOKEN,
    "ConnectedDatabase": text(1, 127),
}

SHAPES: dict[str, Shape] = {
    "ExecuteStatement": {**_EXECUTE, "Sql": text(1, required=True)},
    "BatchExecuteStatement": {
        **_EXECUTE,
        "Sqls": Member(list, required=True, least=1, most=40, items=text(1)),
        "ExecutionMode": text(choices=("TRANSACTION", "AUTO_COMMIT")),
    },
    "DescribeStatement": {"Id": _ID, "WaitTimeSeconds": number(0, 30)},
    "GetStatementResult": {"Id": _ID, "NextToken": _TOKEN},
    "CancelStatement": {"Id": _ID},
    "ListStatements": {
        "StatementName": text(0, 500),
        "Status": text(choices=(*STATUSES, "ALL")),
        "RoleLevel": Member(bool),
        "MaxResults": number(0, 100),
        "NextToken": _TOKEN,
        "ClusterIdentifier": text(1, 63),
        "WorkgroupName": _CONNECTION["WorkgroupName"],
        "Database": text(1, 127),
    },
    "ListDatabases": _CATALOGUE,
    "ListSchemas": {**_CATALOGUE, "SchemaPattern": text(1)},
    "ListTables": {**_CATALOGUE, "SchemaPattern": text(1), "TablePattern": text(1)},
    "DescribeTable": {**_CATALOGUE, "Schema": text(1), "Table": text(1)},
}
