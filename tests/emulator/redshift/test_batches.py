"""Batches of the local Redshift Data API, and statements that are cancelled."""

import unittest

from emulator.redshift.database import PASSWORD, USER
from emulator.redshift.fixture import DataApiTest


class Batches(DataApiTest):
    def setUp(self):
        super().setUp()
        self.finished(self.execute("drop table if exists ledger"))
        self.finished(self.execute("create table ledger (a int primary key)"))

    def test_parts_have_status_and_result_of_their_own(self):
        batch = self.batch(
            "insert into ledger values (1)",
            "select a from ledger",
            "create table if not exists x (a int)",
        )
        described = self.finished(batch)
        parts = described["SubStatements"]
        self.assertEqual(
            [part["Id"] for part in parts], [f"{batch}:{number}" for number in (1, 2, 3)]
        )
        self.assertEqual([part["HasResultSet"] for part in parts], [False, True, False])
        self.assertEqual([part["ResultRows"] for part in parts], [1, 1, -1])
        self.assertEqual(
            self.call("GetStatementResult", Id=f"{batch}:2")["Records"], [[{"longValue": 1}]]
        )
        for wrong in (batch, f"{batch}:1", f"{batch}:4"):
            self.refused("ResourceNotFoundException", "GetStatementResult", Id=wrong)
        self.assertEqual(
            self.call("DescribeStatement", Id=f"{batch}:2")["QueryString"], "select a from ledger"
        )

    def test_a_failure_undoes_all_and_names_the_query(self):
        described = self.ended(
            self.batch(
                "insert into ledger values (1)", "select 1/0", "insert into ledger values (2)"
            )
        )
        self.assertEqual(
            (described["Status"], described["Error"]),
            ("FAILED", "Query #2 failed with ERROR: division by zero"),
        )
        parts = described["SubStatements"]
        self.assertEqual([part["Status"] for part in parts], ["FINISHED", "FAILED", "ABORTED"])
        self.assertEqual(parts[1]["Error"], "ERROR: division by zero")
        self.assertEqual(self.values("select count(*) from ledger"), [[0]])

    def test_auto_commit_keeps_what_was_done_before(self):
        described = self.ended(
            self.batch("insert into ledger values (1)", "select 1/0", ExecutionMode="AUTO_COMMIT")
        )
        self.assertEqual(described["Status"], "FAILED")
        self.assertEqual(self.values("select count(*) from ledger"), [[1]])

    def test_truncate_destroys_atomicity(self):
        self.finished(self.execute("create table if not exists staging (a int)"))
        described = self.ended(
            self.batch("insert into ledger values (1)", "truncate staging", "select 1/0")
        )
        self.assertEqual(described["Status"], "FAILED")
        self.assertEqual(self.values("select count(*) from ledger"), [[1]])

    def test_parameters_are_shared(self):
        batch = self.batch(
            "insert into ledger values (:n)",
            "select a from ledger where a = :n",
            Parameters=[{"name": "n", "value": "7"}],
        )
        self.finished(batch)
        self.assertEqual(
            self.call("GetStatementResult", Id=f"{batch}:2")["Records"], [[{"longValue": 7}]]
        )


class Cancelling(DataApiTest):
    def test_what_runs_ends_aborted(self):
        self.service.pause()
        statement = self.execute("select 1")
        self.assertEqual(self.call("CancelStatement", Id=statement), {"Status": True})
        described = self.ended(statement)
        self.assertEqual(described["Status"], "ABORTED")
        self.service.resume()
        message = self.refused("ValidationException", "CancelStatement", Id=statement)
        self.assertIn("already in ABORTED state", message)

    def test_who_waits_for_a_lock_is_cancelled_too(self):
        self.finished(self.execute("create table held (a int)"))
        holder = self.service.database.connect(USER, PASSWORD)
        self.addCleanup(holder.close)
        cursor = holder.cursor()
        cursor.execute("BEGIN; LOCK held")
        statement = self.batch("select 1", "lock held", "select 2")
        waiting = 0
        while not waiting:
            self.assertNotIn(
                self.call("DescribeStatement", Id=statement)["Status"], ("FINISHED", "FAILED")
            )
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            (waiting,) = cursor.fetchone()
        self.call("CancelStatement", Id=statement)
        described = self.ended(statement)
        self.assertEqual(described["Status"], "ABORTED")
        self.assertEqual(
            [part["Status"] for part in described["SubStatements"]],
            ["FINISHED", "ABORTED", "ABORTED"],
        )


if __name__ == "__main__":
    unittest.main()
