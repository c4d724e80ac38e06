"""The real `aws` command against Secrets Manager, SNS, EventBridge and STS of the local AWS."""

import json
import unittest

from emulator.local_test import LocalAwsTest


class Sts(LocalAwsTest):
    def test_who_am_i(self):
        answer = self.aws.json("sts", "get-caller-identity")
        self.assertEqual(
            answer,
            {
                "UserId": "local",
                "Account": "111122223333",
                "Arn": "arn:aws:iam::111122223333:user/local",
            },
        )


class SecretsManager(LocalAwsTest):
    def call(self, *arguments):
        return self.aws.json("secretsmanager", *arguments)

    def test_life_of_a_secret(self):
        created = self.call(
            "create-secret", "--name", "app/db", "--secret-string", '{"password":"one"}'
        )
        self.assertRegex(
            created["ARN"],
            r"\Aarn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-[A-Za-z0-9]{6}\Z",
        )
        read = self.call("get-secret-value", "--secret-id", created["ARN"])
        self.assertEqual(read["SecretString"], '{"password":"one"}')
        self.assertEqual(
            (read["VersionStages"], read["VersionId"]), (["AWSCURRENT"], created["VersionId"])
        )
        put = self.call("put-secret-value", "--secret-id", "app/db", "--secret-string", "two")
        self.assertEqual(
            self.call("get-secret-value", "--secret-id", created["ARN"][:-7])["SecretString"], "two"
        )
        previous = self.call(
            "get-secret-value", "--secret-id", "app/db", "--version-stage", "AWSPREVIOUS"
        )
        self.assertEqual(
            (previous["SecretString"], previous["VersionId"]),
            ('{"password":"one"}', created["VersionId"]),
        )
        listed = self.call("list-secrets", "--filters", "Key=name,Values=app/")["SecretList"]
        self.assertEqual([secret["Name"] for secret in listed], ["app/db"])
        self.assertEqual(
            listed[0]["SecretVersionsToStages"],
            {created["VersionId"]: ["AWSPREVIOUS"], put["VersionId"]: ["AWSCURRENT"]},
        )
        self.call("delete-secret", "--secret-id", "app/db")
        self.assertIn(
            "marked for deletion",
            self.refused(
                "InvalidRequestException",
                "secretsmanager",
                "get-secret-value",
                "--secret-id",
                "app/db",
            ),
        )

    def test_binary_value_and_repeated_token(self):
        file, token = self.file("blob", bytes(range(256))), "0123456789abcdef0123456789abcdef"
        create = (
            "create-secret",
            "--name",
            "blob",
            "--secret-binary",
            f"fileb://{file}",
            "--client-request-token",
            token,
        )
        self.assertEqual(self.call(*create), self.call(*create))
        self.refused(
            "ResourceExistsException",
            "secretsmanager",
            "put-secret-value",
            "--secret-id",
            "blob",
            "--secret-string",
            "other",
            "--client-request-token",
            token,
        )
        self.assertTrue(
            self.call("get-secret-value", "--secret-id", "blob", "--version-id", token)[
                "SecretBinary"
            ].startswith("AAECAwQF")
        )

    def test_missing_secret(self):
        self.refused(
            "ResourceNotFoundException",
            "secretsmanager",
            "get-secret-value",
            "--secret-id",
            "nothing",
        )


class Sns(LocalAwsTest):
    def test_publish(self):
        arn = self.aws.json("sns", "create-topic", "--name", "notices")["TopicArn"]
        self.assertEqual(arn, "arn:aws:sns:eu-west-1:111122223333:notices")
        body = json.dumps({"default": "all", "email": "Dear <you> & é", "sms": "short", "odd": 7})
        message_id = self.aws.json(
            "sns",
            "publish",
            "--topic-arn",
            arn,
            "--subject",
            "Load failed",
            "--message",
            body,
            "--message-structure",
            "json",
            "--message-attributes",
            '{"state":{"DataType":"String","StringValue":"FAILED"}}',
        )["MessageId"]
        message = self.local.sns.wait_for_messages(1)[-1]
        self.assertEqual(message["MessageId"], message_id)
        self.assertEqual(
            message["Bodies"], {"default": "all", "email": "Dear <you> & é", "sms": "short"}
        )
        self.assertEqual(
            (message["Subject"], message["MessageAttributes"]),
            ("Load failed", {"state": {"Type": "String", "Value": "FAILED"}}),
        )
        self.assertIn({"TopicArn": arn}, self.aws.json("sns", "list-topics")["Topics"])

    def test_missing_topic(self):
        self.refused(
            "NotFound",
            "sns",
            "publish",
            "--topic-arn",
            "arn:aws:sns:eu-west-1:111122223333:none",
            "--message",
            "x",
        )

    def test_batch_and_subscription(self):
        arn = self.local.sns.create_topic("batch")
        answer = self.aws.json(
            "sns",
            "publish-batch",
            "--topic-arn",
            arn,
            "--publish-batch-request-entries",
            '[{"Id":"a","Message":"1"},{"Id":"b","Message":"2","Subject":"two\\nlines"}]',
        )
        self.assertEqual([entry["Id"] for entry in answer["Successful"]], ["a"])
        self.assertEqual(
            [(entry["Id"], entry["Code"]) for entry in answer["Failed"]],
            [("b", "InvalidParameter")],
        )
        self.aws.json(
            "sns",
            "subscribe",
            "--topic-arn",
            arn,
            "--protocol",
            "email",
            "--notification-endpoint",
            "a@example.org",
        )
        listed = self.aws.json("sns", "list-subscriptions-by-topic", "--topic-arn", arn)[
            "Subscriptions"
        ]
        self.assertEqual(
            [(item["Protocol"], item["Endpoint"]) for item in listed], [("email", "a@example.org")]
        )


class Events(LocalAwsTest):
    def call(self, *arguments):
        return self.aws.json("events", *arguments)

    def test_rules_targets_and_events(self):
        topic = self.local.sns.create_topic("events")
        detail = {"state": [{"anything-but": "DONE"}], "name": [{"prefix": "in/"}]}
        pattern = json.dumps({"source": ["app.loads"], "detail": detail})
        rule = self.call("put-rule", "--name", "failures", "--event-pattern", pattern)["RuleArn"]
        self.assertEqual(rule, "arn:aws:events:eu-west-1:111122223333:rule/failures")
        self.call(
            "put-targets",
            "--rule",
            "failures",
            "--targets",
            json.dumps([{"Id": "1", "Arn": topic, "InputPath": "$.detail"}]),
        )
        entries = [
            {
                "Source": "app.loads",
                "DetailType": "x",
                "Detail": json.dumps({"state": state, "name": name}),
            }
            for state, name in (("FAILED", "in/a"), ("DONE", "in/b"), ("FAILED", "out/c"))
        ]
        entries += [
            {"Source": "aws.s3", "DetailType": "x", "Detail": "{}"},
            {"Source": "s", "DetailType": "x", "Detail": "["},
        ]
        answer = self.call("put-events", "--entries", json.dumps(entries))
        self.assertEqual(
            [entry.get("ErrorCode") for entry in answer["Entries"]],
            [None, None, None, "NotAuthorizedForSourceException", "MalformedDetail"],
        )
        self.assertEqual(
            [
                json.loads(message["Message"])
                for message in self.local.sns.messages
                if message["TopicArn"] == topic
            ],
            [{"state": "FAILED", "name": "in/a"}],
        )
        described = self.call("describe-rule", "--name", "failures")
        self.assertEqual((described["State"], described["EventPattern"]), ("ENABLED", pattern))
        self.refused("ValidationException", "events", "delete-rule", "--name", "failures")
        self.call("remove-targets", "--rule", "failures", "--ids", "1")
        self.call("delete-rule", "--name", "failures")
        self.assertEqual(self.call("list-rules", "--name-prefix", "fail")["Rules"], [])

    def test_schedule_fires_on_demand(self):
        topic = self.local.sns.create_topic("schedule")
        self.call("put-rule", "--name", "sweep", "--schedule-expression", "rate(5 minutes)")
        self.call(
            "put-targets", "--rule", "sweep", "--targets", json.dumps([{"Id": "1", "Arn": topic}])
        )
        before = len(self.local.sns.messages)
        self.assertEqual(self.local.events.fire("sweep"), 1)
        event = json.loads(self.local.sns.messages[before]["Message"])
        self.assertEqual(
            (event["source"], event["detail-type"], event["detail"]),
            ("aws.events", "Scheduled Event", {}),
        )
        self.assertEqual(event["resources"], ["arn:aws:events:eu-west-1:111122223333:rule/sweep"])
        targets = self.call("list-targets-by-rule", "--rule", "sweep")["Targets"]
        self.assertEqual(targets, [{"Id": "1", "Arn": topic}])

    def test_refused_rules(self):
        self.refused(
            "InvalidEventPatternException",
            "events",
            "put-rule",
            "--name",
            "r",
            "--event-pattern",
            '{"a":"b"}',
        )
        self.refused(
            "ValidationException",
            "events",
            "put-rule",
            "--name",
            "r",
            "--schedule-expression",
            "rate(1 minutes)",
        )
        self.refused("ResourceNotFoundException", "events", "describe-rule", "--name", "none")


if __name__ == "__main__":
    unittest.main()
