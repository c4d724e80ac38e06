"""The Data API: tokens, time, who sees what, batches, results, events, faults."""

import threading
import unittest
import uuid

from emulator.redshift.database import PASSWORD, USER
from emulator.redshift.fixture import LOADER, LOGGER, STRANGER, DataApiTest

PLACE = {"ClusterIdentifier": "dw", "Database": "dev", "SecretArn": "redshift"}


class Execute(DataApiTest):
    def test_a_query_and_its_result(self):
        statement = self.execute(
            "select 1 as one, 'é' as two, null as nothing, 2.50::numeric(5,2) as n, true as b,"
            " 1.5::float as f"
        )
        self.assertRegex(statement, r"^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}$")
        described = self.finished(statement)
        self.assertEqual(
            (described["ResultRows"], described["HasResultSet"], described["ResultSize"]),
            (1, True, 30),
        )
        self.assertGreater(described["Duration"], 100_000)
        self.assertGreater(described["RedshiftPid"], 0)
        self.assertEqual(described["ClusterIdentifier"], "dw")
        result = self.call("GetStatementResult", Id=statement)
        self.assertEqual(
            result["Records"],
            [
                [
                    {"longValue": 1},
                    {"stringValue": "é"},
                    {"isNull": True},
                    {"stringValue": "2.50"},
                    {"booleanValue": True},
                    {"doubleValue": 1.5},
                ]
            ],
        )
        columns = [(column["name"], column["typeName"]) for column in result["ColumnMetadata"]]
        self.assertEqual(
            columns,
            [
                ("one", "int4"),
                ("two", "varchar"),
                ("nothing", "varchar"),
                ("n", "numeric"),
                ("b", "bool"),
                ("f", "float8"),
            ],
        )
        self.assertEqual(result["TotalNumRows"], 1)
        self.assertNotIn("NextToken", result)

    def test_failure_shows_only_in_describe(self):
        described = self.ended(self.execute("select nothing from nowhere"))
        self.assertEqual(described["Status"], "FAILED")
        self.assertIn('ERROR: relation "nowhere" does not exist', described["Error"])
        self.assertEqual((described["ResultRows"], described["HasResultSet"]), (-1, False))
        several = self.ended(self.execute("select 1; select 2"))
        self.assertEqual(
            several["Error"], "ERROR: cannot insert multiple commands into a prepared statement"
        )

    def test_statements_without_result(self):
        self.finished(self.execute("create table made (a int)"))
        inserted = self.execute("insert into made values (1), (2)")
        described = self.finished(inserted)
        self.assertEqual((described["ResultRows"], described["HasResultSet"]), (2, False))
        message = self.refused("ResourceNotFoundException", "GetStatementResult", Id=inserted)
        self.assertIn("Query does not have result", message)

    def test_parameters(self):
        statement = self.execute(
            "select :a || :b",
            Parameters=[{"name": "a", "value": "it's "}, {"name": "b", "value": "\\"}],
        )
        self.finished(statement)
        self.assertEqual(
            self.call("GetStatementResult", Id=statement)["Records"], [[{"stringValue": "it's \\"}]]
        )
        for sql, parameters, part in (
            ("select :a", [{"name": "a", "value": ""}], "Parameters.1.member.value"),
            (
                "select :a",
                [{"name": "a", "value": "1"}, {"name": "b", "value": "1"}],
                "Unused parameters: ['b']",
            ),
            ("select :a, :b", [{"name": "a", "value": "1"}], "missing parameters: ['b']"),
            ("select ':a'", [{"name": "a", "value": "1"}], "Unused"),
            ("select :a", [{"name": "a-b", "value": "1"}], "name"),
            ("select :a", [], "Parameters"),
        ):
            with self.subTest(parameters):
                message = self.refused(
                    "ValidationException",
                    "ExecuteStatement",
                    Sql=sql,
                    Parameters=parameters,
                    **PLACE,
                )
                self.assertIn(part, message)

    def test_limits_and_members(self):
        cases = [
            ({"Sql": "x" * (100 * 1024 + 1)}, "over 102400 bytes"),
            ({"Sql": "select 1", "StatementName": "n" * 501}, "StatementName"),
            ({"Sql": "select 1", "ClientToken": "t" * 65}, "ClientToken"),
            ({"Sql": "select 1", "Sqls": ["x"]}, "Sqls is not a member"),
            ({"Sql": "select 1", "ResultFormat": "XML"}, "ResultFormat"),
            ({"Sql": "select 1", "WaitTimeSeconds": 31}, "WaitTimeSeconds"),
            (
                {"Sql": "select 1", "SessionKeepAliveSeconds": 10},
                "sessions are not in the local AWS",
            ),
            ({}, "Sql"),
        ]
        for data, part in cases:
            with self.subTest(part):
                self.assertIn(
                    part, self.refused("ValidationException", "ExecuteStatement", **PLACE, **data)
                )
        for sqls in ([], ["select 1"] * 41, [""]):
            self.refused("ValidationException", "BatchExecuteStatement", Sqls=sqls, **PLACE)
        self.refused("UnknownOperationException", "ExecuteStatements", **PLACE)

    def test_waiting_for_the_end(self):
        reply = self.call("ExecuteStatement", Sql="select 1", WaitTimeSeconds=30, **PLACE)
        self.assertEqual((reply["Status"], reply["HasResultSet"]), ("FINISHED", True))

    def test_no_more_than_the_quota_at_once(self):
        self.service.control({"paused": True, "active_limit": 2})
        self.addCleanup(self.service.control, {"active_limit": 500})
        statements = [self.execute("select 1"), self.execute("select 2")]
        self.refused(
            "ActiveStatementsExceededException", "ExecuteStatement", Sql="select 3", **PLACE
        )
        self.service.resume()
        for statement in statements:
            self.finished(statement)
        self.finished(self.execute("select 3"))

    def test_results_come_in_pages(self):
        self.service.control({"page_bytes": 300})
        self.addCleanup(self.service.control, {"page_bytes": 1 << 20})
        statement = self.execute(
            "select * from (select 1 as a union all select 2 union all select 3 union all select 4)"
            " s order by a"
        )
        self.finished(statement)
        self.service.control({"page_bytes": 30})
        found, token = [], {}
        while True:
            page = self.call("GetStatementResult", Id=statement, **token)
            self.assertEqual((len(page["Records"]), page["TotalNumRows"]), (2, 4))
            found += [record[0]["longValue"] for record in page["Records"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        self.assertEqual(found, [1, 2, 3, 4])
        self.refused(
            "ValidationException", "GetStatementResult", Id=statement, NextToken="nonsense"
        )


class Connections(DataApiTest):
    def test_ways_to_connect(self):
        cases = {
            "secret": ({"ClusterIdentifier": "dw", "SecretArn": "redshift"}, USER),
            "secret, Serverless": (
                {"WorkgroupName": "dw-serverless", "SecretArn": "redshift"},
                USER,
            ),
            "database user": ({"ClusterIdentifier": "dw", "DbUser": USER}, USER),
            "IAM": ({"ClusterIdentifier": "dw"}, "IAMR:loader"),
            "IAM, Serverless": ({"WorkgroupName": "dw-serverless"}, "IAMR:loader"),
            "workgroup's ARN": (
                {
                    "WorkgroupName": (
                        "arn:aws:redshift-serverless:eu-west-1:111122223333:workgroup/dw-serverless"
                    )
                },
                "IAMR:loader",
            ),
        }
        for name, (place, user) in cases.items():
            with self.subTest(name):
                statement = self.call(
                    "ExecuteStatement", Sql="select current_user", Database="dev", **place
                )["Id"]
                self.finished(statement)
                records = self.call("GetStatementResult", Id=statement)["Records"]
                self.assertEqual(records, [[{"stringValue": user}]])

    def test_refused_at_once(self):
        cases = [
            (
                {"ClusterIdentifier": "dw", "SecretArn": "redshift", "DbUser": USER},
                "SecretArn and DbUser",
            ),
            (
                {"ClusterIdentifier": "dw", "WorkgroupName": "dw-serverless"},
                "either ClusterIdentifier or WorkgroupName",
            ),
            ({}, "either ClusterIdentifier or WorkgroupName"),
            ({"ClusterIdentifier": "elsewhere"}, "Redshift endpoint doesn't exist in this region."),
            ({"WorkgroupName": "elsewhere"}, "Redshift endpoint doesn't exist in this region."),
            ({"WorkgroupName": "dw-serverless", "DbUser": USER}, "DbUser"),
            ({"ClusterIdentifier": "dw", "SecretArn": "absent"}, "can't find the specified secret"),
            ({"ClusterIdentifier": "dw", "SecretArn": "empty"}, "no username and password"),
            (
                {"ClusterIdentifier": "dw", "SecretArn": "other-cluster"},
                "dbClusterIdentifier is another cluster",
            ),
        ]
        for place, part in cases:
            with self.subTest(part):
                message = self.refused(
                    "ValidationException",
                    "ExecuteStatement",
                    Sql="select 1",
                    Database="dev",
                    **place,
                )
                self.assertIn(part, message)
                self.assertNotIn(PASSWORD, message)
        self.refused(
            "ValidationException",
            "ExecuteStatement",
            Sql="select 1",
            ClusterIdentifier="dw",
            SecretArn="redshift",
        )

    def test_failed_logins(self):
        cases = [
            ({"SecretArn": "wrong"}, "FATAL: password authentication failed"),
            ({"SecretArn": None, "DbUser": "nobody"}, 'FATAL: role "nobody" does not exist'),
            ({"SecretArn": None, "DbUser": "postgres"}, "does not exist"),
            ({"Database": "absent"}, 'FATAL: database "absent" does not exist'),
        ]
        for place, part in cases:
            with self.subTest(part):
                described = self.ended(self.execute("select 1", **place))
                self.assertEqual(described["Status"], "FAILED")
                self.assertIn(part, described["Error"])

    def test_catalogue(self):
        self.finished(self.execute("create table public.listed (a int not null, b varchar(7))"))
        place = {"ClusterIdentifier": "dw", "Database": "dev", "DbUser": USER}
        self.assertEqual(self.call("ListDatabases", **place), {"Databases": ["dev"]})
        self.assertIn("public", self.call("ListSchemas", **place)["Schemas"])
        tables = self.call("ListTables", SchemaPattern="public", TablePattern="list%", **place)
        self.assertEqual(
            tables, {"Tables": [{"name": "listed", "schema": "public", "type": "TABLE"}]}
        )
        columns = self.call("DescribeTable", Table="listed", **place)["ColumnList"]
        self.assertEqual(
            [(c["name"], c["typeName"], c["length"], c["nullable"]) for c in columns],
            [("a", "int4", 0, 0), ("b", "varchar", 7, 1)],
        )


class Tokens(DataApiTest):
    def test_the_same_token_is_the_same_statement_for_8_hours(self):
        self.finished(self.execute("create table once (a int)"))
        insert = {"Sql": "insert into once values (1)", "ClientToken": "token-1", **PLACE}
        first = self.call("ExecuteStatement", **insert)
        self.assertEqual(self.call("ExecuteStatement", LOGGER, **insert), first)
        self.finished(first["Id"])
        self.clock.advance(8 * 3600 - 60)
        self.assertEqual(self.call("ExecuteStatement", **insert)["Id"], first["Id"])
        self.assertEqual(self.values("select count(*) from once"), [[1]])
        self.clock.advance(120)
        later = self.call("ExecuteStatement", **insert)["Id"]
        self.assertNotEqual(later, first["Id"])
        self.finished(later)
        self.assertEqual(self.values("select count(*) from once"), [[2]])

    def test_a_failed_statement_is_remembered_too(self):
        bad = {"Sql": "select 1/0", "ClientToken": "token-2", **PLACE}
        first = self.call("ExecuteStatement", **bad)["Id"]
        self.assertEqual(self.ended(first)["Status"], "FAILED")
        self.assertEqual(self.call("ExecuteStatement", **bad)["Id"], first)

    def test_another_request_with_the_token_is_refused(self):
        self.call("ExecuteStatement", Sql="select 1", ClientToken="token-3", **PLACE)
        self.refused(
            "ValidationException",
            "ExecuteStatement",
            Sql="select 2",
            ClientToken="token-3",
            **PLACE,
        )
        self.refused(
            "ValidationException",
            "BatchExecuteStatement",
            Sqls=["select 1"],
            ClientToken="token-3",
            **PLACE,
        )
        self.call("ExecuteStatement", STRANGER, Sql="select 2", ClientToken="token-3", **PLACE)

    def test_many_at_once_begin_one_statement(self):
        found: list[str] = []
        request = {"Sql": "select 1", "ClientToken": "token-4", **PLACE}
        threads = [
            threading.Thread(
                target=lambda: found.append(self.call("ExecuteStatement", **request)["Id"])
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(found), len(set(found))), (8, 1))

    def test_everything_is_gone_after_24_hours(self):
        statement = self.execute("select 1", StatementName="old")
        self.finished(statement)
        self.clock.advance(24 * 3600 - 60)
        self.call("GetStatementResult", Id=statement)
        self.clock.advance(120)
        for operation in ("DescribeStatement", "GetStatementResult", "CancelStatement"):
            self.assertIn(
                "does not exist", self.refused("ResourceNotFoundException", operation, Id=statement)
            )
        self.assertEqual(
            self.call("ListStatements", StatementName="old", Status="ALL")["Statements"], []
        )


class Sight(DataApiTest):
    def test_only_the_role_sees_its_statements(self):
        statement = self.execute("select 1", StatementName="secret|1")
        self.finished(statement)
        self.assertEqual(self.call("DescribeStatement", LOGGER, Id=statement)["Status"], "FINISHED")
        self.call("GetStatementResult", LOGGER, Id=statement)
        for operation in ("DescribeStatement", "GetStatementResult", "CancelStatement"):
            self.refused("ResourceNotFoundException", operation, STRANGER, Id=statement)
        self.assertEqual(
            self.call("ListStatements", STRANGER, StatementName="secret")["Statements"], []
        )
        self.refused("ResourceNotFoundException", "DescribeStatement", Id=str(uuid.uuid4()))
        self.refused("ValidationException", "DescribeStatement", Id="nonsense")

    def test_listing(self):
        good = self.execute("select 1", StatementName="file-1|load|1")
        self.finished(good)
        bad = self.execute("select 1/0", LOGGER, StatementName="file-1|load|2")
        self.ended(bad)
        batch = self.batch("select 1", "select 2", StatementName="file-10|load|1")
        self.finished(batch)

        def listed(principal=LOADER, **data) -> list[str]:
            return [
                item["Id"] for item in self.call("ListStatements", principal, **data)["Statements"]
            ]

        self.assertEqual(listed(StatementName="file-1|"), [good])
        self.assertEqual(listed(StatementName="file-1|", Status="ALL"), [bad, good])
        self.assertEqual(listed(StatementName="file-1", Status="ALL"), [batch, bad, good])
        self.assertEqual(listed(StatementName="file-1", Status="FAILED"), [bad])
        self.assertEqual(
            listed(StatementName="file-1", Status="ALL", RoleLevel=False), [batch, good]
        )
        self.assertEqual(
            listed(LOGGER, StatementName="file-1", Status="ALL", RoleLevel=False), [bad]
        )
        items = self.call("ListStatements", StatementName="file-1", Status="ALL")["Statements"]
        self.assertEqual([item["IsBatchStatement"] for item in items], [True, False, False])
        self.assertEqual(
            (items[0]["QueryStrings"], items[1]["QueryString"]),
            (["select 1", "select 2"], "select 1/0"),
        )
        first = self.call("ListStatements", StatementName="file-1", Status="ALL", MaxResults=2)
        self.assertEqual(len(first["Statements"]), 2)
        rest = self.call(
            "ListStatements",
            StatementName="file-1",
            Status="ALL",
            MaxResults=2,
            NextToken=first["NextToken"],
        )
        self.assertEqual([item["Id"] for item in rest["Statements"]], [good])
        self.refused(
            "ValidationException", "ListStatements", Status="ALL", NextToken=first["NextToken"]
        )


if __name__ == "__main__":
    unittest.main()
