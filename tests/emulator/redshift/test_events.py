"""The status events of the Data API, and faults on purpose."""

import unittest
import uuid

from emulator.redshift.fixture import LOADER, DataApiTest


class Events(DataApiTest):
    def test_the_event_of_a_cluster(self):
        statement = self.execute(
            "select 1 union all select 2", StatementName="b-000017:1", WithEvent=True
        )
        self.finished(statement)
        (event,) = self.events
        detail = event.pop("detail")
        self.assertEqual(
            event.pop("resources"), ["arn:aws:redshift:eu-west-1:111122223333:cluster:dw"]
        )
        self.assertRegex(event.pop("time"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        uuid.UUID(event.pop("id"))
        self.assertEqual(
            event,
            {
                "version": "0",
                "detail-type": "Redshift Data Statement Status Change",
                "source": "aws.redshift-data",
                "account": "111122223333",
                "region": "eu-west-1",
            },
        )
        created = self.call("DescribeStatement", Id=statement)["CreatedAt"]
        self.assertGreater(detail.pop("redshiftQueryId"), 0)
        self.assertEqual(
            detail,
            {
                "principal": LOADER.arn,
                "statementName": "b-000017:1",
                "statementId": statement,
                "state": "FINISHED",
                "rows": 2,
                "expireAt": int(created + 24 * 3600),
            },
        )

    def test_states_and_serverless(self):
        self.ended(
            self.execute(
                "select 1/0", WithEvent=True, WorkgroupName="dw-serverless", ClusterIdentifier=None
            )
        )
        self.assertEqual(self.events[0]["detail"]["state"], "FAILED")
        self.assertEqual(
            self.events[0]["resources"],
            ["arn:aws:redshift-serverless:eu-west-1:111122223333:workgroup/dw-serverless"],
        )
        self.service.pause()
        statement = self.execute("select 1", WithEvent=True)
        self.call("CancelStatement", Id=statement)
        self.ended(statement)
        self.assertEqual(self.events[1]["detail"]["state"], "ABORTED")

    def test_only_on_request(self):
        self.finished(self.execute("select 1"))
        self.assertEqual(self.events, [])

    def test_early_twice_never(self):
        self.service.control({"events": "early"})
        statement = self.batch("select 1", WithEvent=True)
        self.assertEqual([event["detail"]["statementId"] for event in self.events], [statement])
        self.service.control({"events": "twice"})
        self.finished(self.execute("select 1", WithEvent=True))
        self.assertEqual(len(self.events), 3)
        self.service.control({"events": "never"})
        self.finished(self.execute("select 1", WithEvent=True))
        self.assertEqual(len(self.events), 3)


class Faults(DataApiTest):
    def test_error_1023_on_demand(self):
        self.service.fail_next(statement=2)
        described = self.ended(self.batch("select 1", "select 2", "select 3"))
        self.assertTrue(
            described["Error"].startswith("Query #2 failed with ERROR: 1023"), described["Error"]
        )
        self.assertIn("Serializable isolation violation on table", described["Error"])
        self.finished(self.batch("select 1", "select 2"))

    def test_failing_at_the_commit(self):
        self.finished(self.execute("create table uncommitted (a int)"))
        self.service.control({"fail": {"error": "ERROR: 1023", "statement": 0}})
        described = self.ended(self.batch("insert into uncommitted values (1)"))
        self.assertEqual((described["Status"], described["Error"]), ("FAILED", "ERROR: 1023"))
        self.assertEqual(self.values("select count(*) from uncommitted"), [[0]])

    def test_pausing_keeps_a_statement_started(self):
        self.service.pause()
        statement = self.execute("select 1")
        while (status := self.call("DescribeStatement", Id=statement)["Status"]) != "STARTED":
            self.assertIn(status, ("SUBMITTED", "PICKED"))
        self.service.resume()
        self.finished(statement)

    def test_unknown_knobs_are_refused(self):
        for knobs in ({"nonsense": 1}, {"events": "sometimes"}):
            with self.assertRaises(ValueError):
                self.service.control(knobs)
        self.assertEqual(self.service.control({})["events"], "normal")


if __name__ == "__main__":
    unittest.main()
