"""Failures chosen by name, statements that hide their success, and who may see a statement."""

import unittest

from emulator.redshift.failures import FAILURES
from emulator.redshift.fixture import LOADER, LOGGER, ROLE, DataApiTest

PLACE = {"ClusterIdentifier": "dw", "Database": "dev", "SecretArn": "redshift"}
NOT_RUN = "Connection or an prior query failed."


class FailureTest(DataApiTest):
    def setUp(self):
        super().setUp()
        self.finished(self.execute("drop table if exists kept"))
        self.finished(self.execute("create table kept (a int)"))
        url = self.objects.put("in/a", b"1\n")
        self.copy = (
            f"copy kept from '{self.objects.manifest('in/m', url)}' iam_role '{ROLE}' manifest"
        )

    def load(self, **data) -> str:
        return self.batch("lock kept", self.copy, "insert into kept values (2)", **data)

    def rows(self) -> int:
        return self.values("select count(*) from kept")[0][0]

    def parts(self, described: dict) -> list[tuple]:
        return [(part["Status"], part.get("Error", "")) for part in described["SubStatements"]]


class Named(FailureTest):
    def test_of_one_part(self):
        for name, number in (
            ("serializable", 1),
            ("conflict", 1),
            ("serialize", 1),
            ("deadlock", 1),
            ("s3_unavailable", 2),
            ("s3_internal", 2),
            ("relation_replaced", 3),
            ("relation_dropped", 3),
        ):
            with self.subTest(name):
                self.service.fail_next(name)
                described = self.ended(self.load())
                error = FAILURES[name].error
                self.assertEqual(described["Status"], "FAILED")
                self.assertEqual(described["Error"], f"Query #{number} failed with {error}")
                expected = [("FINISHED", "")] * (number - 1) + [("FAILED", error)]
                expected += [("ABORTED", NOT_RUN)] * (3 - number)
                self.assertEqual(self.parts(described), expected)
                self.assertEqual(self.rows(), 0)

    def test_of_the_whole_batch(self):
        for name, status in (
            ("connection_limit", "FAILED"),
            ("connection_refused", "FAILED"),
            ("connection_lost", "FAILED"),
            ("cancelled", "ABORTED"),
            ("wlm_abort", "ABORTED"),
            ("restart", "ABORTED"),
        ):
            with self.subTest(name):
                self.service.fail_next(name)
                described = self.ended(self.load(WithEvent=True))
                self.assertEqual(
                    (described["Status"], described["Error"]), (status, FAILURES[name].error)
                )
                self.assertEqual(self.parts(described), [("ABORTED", NOT_RUN)] * 3)
                self.assertEqual(self.events[-1]["detail"]["state"], status)
                self.assertEqual(self.rows(), 0)

    def test_of_a_single_statement(self):
        for name, status in (("connection_lost", "FAILED"), ("restart", "ABORTED")):
            with self.subTest(name):
                self.service.fail_next(name)
                described = self.ended(self.execute("select 1"))
                self.assertEqual(
                    (described["Status"], described["Error"]), (status, FAILURES[name].error)
                )

    def test_refusals_of_the_data_api(self):
        for name, code in (
            ("no_endpoint", "ValidationException"),
            ("no_connection", "DatabaseConnectionException"),
            ("too_many_statements", "ActiveStatementsExceededException"),
        ):
            with self.subTest(name):
                self.service.fail_next(name)
                message = self.refused(code, "BatchExecuteStatement", Sqls=["select 1"], **PLACE)
                self.assertEqual(message, FAILURES[name].error)
                self.finished(self.load())

    def test_another_place(self):
        self.service.fail_next("conflict", 0)
        described = self.ended(self.load())
        self.assertEqual(described["Error"], FAILURES["conflict"].error)
        self.assertEqual(self.parts(described), [("FINISHED", "")] * 3)
        self.service.control({"fail": {"error": "conflict", "statement": "INSERT"}})
        self.assertTrue(self.ended(self.load())["Error"].startswith("Query #3 failed with "))
        self.assertEqual(self.rows(), 0)

    def test_only_of_the_statement_that_is_meant(self):
        self.service.fail_next("s3_unavailable")
        self.service.fail_next("restart", name="|load|")
        self.finished(self.execute("select 1"))
        self.finished(self.batch("select 1", "select 2", StatementName="f|transform|1"))
        self.assertEqual(self.ended(self.load())["Status"], "FAILED")
        self.assertEqual(self.ended(self.load(StatementName="f|load|1"))["Status"], "ABORTED")
        self.assertEqual(self.service.control({})["failures"], [])

    def test_a_name_that_is_none(self):
        with self.assertRaisesRegex(ValueError, "'serialisable' is no failure; .*serializable"):
            self.service.fail_next("serialisable")


class Hidden(FailureTest):
    """The transaction is committed, and its report denies it."""

    def test_a_batch(self):
        for name, status, parts in (
            ("committed_aborted", "ABORTED", [("ABORTED", NOT_RUN)] * 3),
            ("committed_failed_top", "FAILED", [("FINISHED", "")] * 3),
            (
                "committed_failed_last",
                "FAILED",
                [("FINISHED", "")] * 2 + [("FAILED", FAILURES["committed_failed_last"].error)],
            ),
        ):
            with self.subTest(name):
                before = self.rows()
                self.service.fail_next(name)
                described = self.ended(self.load(WithEvent=True))
                self.assertEqual(described["Status"], status)
                self.assertTrue(described["Error"].endswith(FAILURES[name].error))
                self.assertEqual(self.parts(described), parts)
                self.assertEqual(self.events[-1]["detail"]["state"], status)
                self.assertEqual(self.rows(), before + 2)

    def test_a_single_statement(self):
        self.service.fail_next("committed_aborted")
        self.assertEqual(
            self.ended(self.execute("insert into kept values (1)"))["Status"], "ABORTED"
        )
        self.assertEqual(self.rows(), 1)

    def test_unknown_before_the_truth(self):
        statement = self.batch("select 1", "select 1/0")
        self.ended(statement)
        self.service.control({"unknown": 2})
        for status in ("UNKNOWN", "UNKNOWN", "FAILED"):
            described = self.call("DescribeStatement", Id=statement)
            self.assertEqual(described["Status"], status)
            self.assertEqual("Error" in described, status == "FAILED")
        self.assertEqual(self.service.control({})["unknown"], 0)


class Sessions(DataApiTest):
    """The usual condition of a policy: redshift-data:statement-owner-iam-userid = ${aws:userid}."""

    def test_only_the_session_that_submitted_it_sees_a_statement(self):
        self.service.control({"sight": "session"})
        statement = self.execute("select 1", StatementName="mine|1")
        self.finished(statement)
        for operation in ("DescribeStatement", "GetStatementResult", "CancelStatement"):
            message = self.refused("AccessDeniedException", operation, LOGGER, Id=statement)
            self.assertIn(f"not authorized to perform: redshift-data:{operation}", message)
        found = [
            len(self.call("ListStatements", who, StatementName="mine")["Statements"])
            for who in (LOADER, LOGGER)
        ]
        self.assertEqual(found, [1, 0])
        self.service.control({"sight": "role"})
        self.assertEqual(self.call("DescribeStatement", LOGGER, Id=statement)["Status"], "FINISHED")
        with self.assertRaises(ValueError):
            self.service.control({"sight": "everybody"})


class Modes(DataApiTest):
    def test_of_a_batch(self):
        for given, told in (
            ({}, "TRANSACTION"),
            ({"ExecutionMode": "TRANSACTION"}, "TRANSACTION"),
            ({"ExecutionMode": "AUTO_COMMIT"}, "AUTO_COMMIT"),
        ):
            with self.subTest(given):
                described = self.finished(self.batch("select 1", "select 2", **given))
                self.assertEqual(described["ExecutionMode"], told)
        self.refused(
            "ValidationException",
            "BatchExecuteStatement",
            Sqls=["select 1"],
            ExecutionMode="SERIAL",
            **PLACE,
        )
        self.refused(
            "ValidationException",
            "ExecuteStatement",
            Sql="select 1",
            ExecutionMode="TRANSACTION",
            **PLACE,
        )


if __name__ == "__main__":
    unittest.main()
