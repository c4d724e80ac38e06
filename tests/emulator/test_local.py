"""The wires between the services: a statement's event, a rule, a topic, a function."""

import json
import unittest

from emulator.local_test import ROLE, LocalAwsTest, package


class Wires(LocalAwsTest):
    options = {}

    def test_statement_event_reaches_a_topic_and_a_function(self):
        secrets = [
            self.local.secrets.value(arn)
            for arn in (self.local.postgres_secret, self.local.redshift_secret)
        ]
        self.assertEqual([json.loads(secret)["dbname"] for secret in secrets], ["config", "dev"])
        topic = self.local.sns.create_topic("outcomes")
        function = self.local.lambda_.create("listener", package(), ROLE)
        pattern = {
            "source": ["aws.redshift-data"],
            "detail": {"statementName": [{"prefix": "job-"}]},
        }
        rule = self.aws.json(
            "events", "put-rule", "--name", "outcome", "--event-pattern", json.dumps(pattern)
        )["RuleArn"]
        targets = [
            {"Id": "topic", "Arn": topic, "InputPath": "$.detail"},
            {"Id": "function", "Arn": function},
        ]
        self.aws.json(
            "events", "put-targets", "--rule", "outcome", "--targets", json.dumps(targets)
        )
        self.local.lambda_.permit("listener", "events.amazonaws.com", rule)

        for name in ("job-1", "other"):
            self.aws.json(
                "redshift-data",
                "execute-statement",
                "--cluster-identifier",
                "dw",
                "--database",
                "dev",
                "--secret-arn",
                self.local.redshift_secret,
                "--sql",
                "SELECT 1",
                "--statement-name",
                name,
                "--with-event",
            )
        self.assertTrue(self.local.wait_idle(60))
        details = [json.loads(message["Message"]) for message in self.local.sns.messages]
        self.assertEqual(
            [(detail["statementName"], detail["state"]) for detail in details],
            [("job-1", "FINISHED")],
        )
        log = self.local.lambda_.log_file("listener").read_text()
        self.assertEqual(log.count("START RequestId: "), 1)
        self.local.check()

    def test_object_event_reaches_a_function(self):
        function = self.local.lambda_.create("loader", package(), ROLE)
        self.local.s3.create_bucket("inbox")
        self.local.lambda_.permit("loader", "s3.amazonaws.com", "arn:aws:s3:::inbox")
        configuration = {
            "LambdaFunctionConfigurations": [
                {
                    "LambdaFunctionArn": function,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
                }
            ]
        }
        self.aws.run(
            "s3api",
            "put-bucket-notification-configuration",
            "--bucket",
            "inbox",
            "--notification-configuration",
            json.dumps(configuration),
        )
        self.aws.run("s3", "cp", self.file("some file.txt", b"hello"), "s3://inbox/in/")
        self.aws.run("s3", "cp", self.file("other.txt", b"hello"), "s3://inbox/out/")
        self.assertTrue(self.local.wait_idle(60))
        log = self.local.lambda_.log_file("loader").read_text()
        self.assertEqual(log.count("START RequestId: "), 2)  # the test event, and the one object
        self.local.check()


if __name__ == "__main__":
    unittest.main()
