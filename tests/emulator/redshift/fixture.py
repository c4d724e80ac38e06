"""What the Redshift tests share: a private Postgres for a class, objects in memory, AWS calls."""

import io
import json
import pathlib
import re
import tempfile
import typing
import unittest

from ..core.postgres import Postgres
from .service import RedshiftDataService
from .database import CONTENT, PASSWORD, USER, RedshiftDatabase
from .errors import SqlError
from .session import Outcome, Session
from ..core.service import Clock, Headers, Principal, Request, ServiceError

ROLE = "arn:aws:iam::111122223333:role/copy"
LOADER = Principal("arn:aws:sts::111122223333:assumed-role/loader/file-process", "ASIA1", "s")
LOGGER = Principal(
    "arn:aws:sts::111122223333:assumed-role/loader/file-process-logging", "ASIA2", "s"
)
STRANGER = Principal("arn:aws:iam::111122223333:user/stranger", "AKIA3", "s")


class MemoryObjects:
    """An S3 of a dictionary: (bucket, key) -> bytes."""

    def __init__(self):
        self.data: dict[tuple[str, str], bytes] = {}

    def bucket_region(self, bucket: str) -> str:
        """As the name ends, if it ends in one."""
        region = re.search("[a-z]{2}-[a-z]+-[0-9]$", bucket)
        return region[0] if region else "eu-west-1"

    def open_object(self, bucket: str, key: str) -> typing.BinaryIO:
        if (bucket, key) not in self.data:
            raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
        return io.BytesIO(self.data[bucket, key])

    def list_keys(self, bucket: str, prefix: str) -> list[str]:
        return sorted(
            key for holder, key in self.data if holder == bucket and key.startswith(prefix)
        )

    def put(self, key: str, data: bytes, bucket: str = "landing") -> str:
        self.data[bucket, key] = data
        return f"s3://{bucket}/{key}"

    def manifest(self, key: str, *urls: str, mandatory: bool = True) -> str:
        entries = [{"url": url, "mandatory": mandatory} for url in urls]
        return self.put(key, json.dumps({"entries": entries}).encode())


class PostgresTest(unittest.TestCase):
    """One cluster for the class."""

    postgres: Postgres

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="redshift-")
        cls.addClassCleanup(folder.cleanup)
        cls.postgres = Postgres(pathlib.Path(folder.name) / "postgres", CONTENT)
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.start()
        cls.objects = MemoryObjects()


class SessionTest(PostgresTest):
    """`run` runs SQL in one session, each statement by itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = RedshiftDatabase(cls.postgres)
        cls.addClassCleanup(cls.database.close)

    def setUp(self):
        self.session = self.new_session()

    def new_session(self) -> Session:
        session = Session(self.database.connect(USER, PASSWORD), self.objects, self.database)
        self.addCleanup(session.close)
        return session

    def run_sql(self, sql: str, **parameters: str) -> Outcome:
        return self.session.run(sql, parameters or None)

    def rows(self, sql: str, **parameters: str) -> list[tuple]:
        rows = self.run_sql(sql, **parameters).rows
        assert rows is not None, sql
        return rows

    def value(self, sql: str, **parameters: str) -> typing.Any:
        return self.rows(sql, **parameters)[0][0]

    def refused(self, sql: str, *parts: str) -> SqlError:
        """The error of a statement that must fail; its text holds all parts."""
        with self.assertRaises(SqlError, msg=sql) as caught:
            self.run_sql(sql)
        for part in parts:
            self.assertIn(part, caught.exception.text(), sql)
        return caught.exception


class DataApiTest(PostgresTest):
    """`call` sends one request; a fresh service for the class, its events kept in `events`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clock = Clock()
        cls.events: list[dict] = []
        secret = {"username": USER, "password": PASSWORD, "dbClusterIdentifier": "dw"}
        cls.secrets = {
            "redshift": json.dumps(secret),
            "wrong": json.dumps({**secret, "password": "guess"}),
            "other-cluster": json.dumps({**secret, "dbClusterIdentifier": "dw2"}),
            "empty": "{}",
        }
        cls.service = RedshiftDataService(
            cls.postgres, cls.clock, cls.objects, cls.events.append, cls.secrets.get
        )
        cls.addClassCleanup(cls.service.close)

    def setUp(self):
        self.events.clear()
        normal = {"events": "normal", "sight": "role", "unknown": 0, "delay": 0, "paused": False}
        self.addCleanup(self.service.control, normal)

    def call(self, operation: str, principal: Principal = LOADER, **data) -> dict:
        headers = Headers(
            [
                ("x-amz-target", f"RedshiftData.{operation}"),
                ("content-type", "application/x-amz-json-1.1"),
            ]
        )
        body = io.BytesIO(json.dumps(data).encode())
        request = Request("POST", "/", "", headers, body, principal, "eu-west-1", "request-1")
        return json.loads(self.service.handle(request).body)

    def refused(self, code: str, operation: str, principal: Principal = LOADER, **data) -> str:
        with self.assertRaises(ServiceError) as caught:
            self.call(operation, principal, **data)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        return caught.exception.message

    def execute(self, sql: str, principal: Principal = LOADER, **data) -> str:
        """The statement's id."""
        place = {"ClusterIdentifier": "dw", "Database": "dev", "SecretArn": "redshift"}
        return self.call("ExecuteStatement", principal, Sql=sql, **{**place, **data})["Id"]

    def batch(self, *sqls: str, principal: Principal = LOADER, **data) -> str:
        place = {"ClusterIdentifier": "dw", "Database": "dev", "SecretArn": "redshift"}
        return self.call("BatchExecuteStatement", principal, Sqls=list(sqls), **{**place, **data})[
            "Id"
        ]

    def ended(self, statement: str, principal: Principal = LOADER) -> dict:
        """What Describe says once it has ended."""
        described: dict = {}
        for _ in range(4):
            described = self.call("DescribeStatement", principal, Id=statement, WaitTimeSeconds=30)
            if described["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                break
        self.assertIn(described["Status"], ("FINISHED", "FAILED", "ABORTED"))
        self.assertTrue(self.service.wait_idle(120))
        return described

    def finished(self, statement: str) -> dict:
        described = self.ended(statement)
        self.assertEqual(described["Status"], "FINISHED", described.get("Error"))
        return described

    def values(self, sql: str) -> list[list]:
        """The rows of a query, each value as it came."""
        statement = self.execute(sql)
        self.finished(statement)
        records = self.call("GetStatementResult", Id=statement)["Records"]
        return [[next(iter(field.values())) for field in record] for record in records]
