"""The real `aws` command against cluster `dw`: objects from S3, the secret from Secrets Manager,
events out."""

import json
import time
import unittest

from emulator.aws_cli import CliError
from emulator.local_test import LocalAwsTest
from emulator.redshift.database import PASSWORD, USER

COPY = "iam_role 'arn:aws:iam::111122223333:role/copy'"


class RedshiftCli(LocalAwsTest):
    options = {"with_redshift": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        secret = {"username": USER, "password": PASSWORD, "dbClusterIdentifier": "dw"}
        cls.secret = cls.local.secrets.create("redshift", json.dumps(secret))
        cls.local.s3.create_bucket("landing", cls.local.region)

    def data(self, operation: str, *arguments: str) -> dict:
        return self.aws.json("redshift-data", operation, *arguments)

    def place(self) -> tuple[str, ...]:
        return ("--cluster-identifier", "dw", "--database", "dev", "--secret-arn", self.secret)

    def ended(self, statement: str) -> dict:
        until = time.monotonic() + 300
        while time.monotonic() < until:
            described = self.data("describe-statement", "--id", statement)
            if described["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                return described
        self.fail(f"{statement} does not end")

    def test_a_load_from_beginning_to_end(self):
        manifest = {"entries": [{"url": "s3://landing/in/a b.txt", "mandatory": True}]}
        self.local.s3.put_object_bytes("landing", "in/a b.txt", "1|é\n2|b\n".encode())
        self.local.s3.put_object_bytes("landing", "manifest.json", json.dumps(manifest).encode())
        batch = self.data(
            "batch-execute-statement",
            *self.place(),
            "--statement-name",
            "f-1|load|1",
            "--with-event",
            "--sqls",
            "create table loaded (id int, name varchar(5))",
            f"copy loaded from 's3://landing/manifest.json' {COPY} manifest",
            "select id, name from loaded order by id",
        )
        self.assertEqual((batch["ClusterIdentifier"], batch["Database"]), ("dw", "dev"))
        described = self.ended(batch["Id"])
        self.assertEqual(described["Status"], "FINISHED", described)
        self.assertEqual([part["ResultRows"] for part in described["SubStatements"]], [-1, 0, 2])
        result = self.data("get-statement-result", "--id", batch["Id"] + ":3")
        self.assertEqual(result["Records"][0], [{"longValue": 1}, {"stringValue": "é"}])
        listed = self.data("list-statements", "--statement-name", "f-1|", "--status", "ALL")[
            "Statements"
        ]
        self.assertEqual([item["Id"] for item in listed], [batch["Id"]])
        self.local.redshift.wait_idle()
        details = [event["detail"] for event in self.local.events.published]
        self.assertEqual(
            [(item["statementId"], item["state"]) for item in details], [(batch["Id"], "FINISHED")]
        )

    def test_parameters_failures_and_cancelling(self):
        statement = self.data(
            "execute-statement",
            *self.place(),
            "--sql",
            "select :a",
            "--parameters",
            "name=a,value=x",
        )
        self.assertEqual(
            self.ended(statement["Id"])["QueryParameters"], [{"name": "a", "value": "x"}]
        )
        with self.assertRaises(CliError) as caught:
            self.data("cancel-statement", "--id", statement["Id"])
        self.assertIn("(ValidationException)", caught.exception.text)
        self.local.redshift.pause()
        self.addCleanup(self.local.redshift.resume)
        running = self.data("execute-statement", *self.place(), "--sql", "select 1")
        self.assertEqual(self.data("cancel-statement", "--id", running["Id"]), {"Status": True})
        self.assertEqual(self.ended(running["Id"])["Status"], "ABORTED")
        self.refused(
            "ResourceNotFoundException",
            "redshift-data",
            "get-statement-result",
            "--id",
            running["Id"],
        )

    def test_the_local_user_needs_no_secret_and_sees_tables(self):
        place = ("--workgroup-name", "dw-serverless", "--database", "dev")
        statement = self.data("execute-statement", *place, "--sql", "select current_user")
        self.assertEqual(self.ended(statement["Id"])["Status"], "FINISHED")
        result = self.data("get-statement-result", "--id", statement["Id"])
        self.assertEqual(result["Records"], [[{"stringValue": "IAM:local"}]])
        self.assertIn("public", self.data("list-schemas", *place)["Schemas"])


if __name__ == "__main__":
    unittest.main()
