"""What comes into queues: the events of buckets, topics and rules."""

import json
import unittest

from emulator.local_test import ROLE, LocalAwsTest, package


class Queues(LocalAwsTest):
    _number = 0

    def setUp(self):
        self.local.faults.clear()
        Queues._number += 1
        self.name = f"q-{self._number}"
        self.arn = self.local.sqs.create(self.name)

    def tearDown(self):
        self.local.sqs.refused.clear()

    def permit(self, *services: str) -> None:
        for service in services:
            self.local.sqs.permit(self.arn, service, "*")

    def bodies(self) -> list[str]:
        return [item.message.body for item in self.local.sqs.queue(self.arn).receive(10)]

    def documents(self) -> list[dict]:
        return [json.loads(body) for body in self.bodies()]


class Buckets(Queues):
    def notify(self, kind: str, arn: str) -> tuple[str, ...]:
        """The command that has the bucket announce its objects."""
        rule = {f"{kind}Arn": arn, "Events": ["s3:ObjectCreated:*"]}
        return (
            "s3api", "put-bucket-notification-configuration", "--bucket", self.name,
            "--notification-configuration", json.dumps({f"{kind}Configurations": [rule]}),
        )

    def test_a_bucket_tells_a_queue(self):
        self.local.s3.create_bucket(self.name)
        self.refused("InvalidArgument", *self.notify("Queue", self.arn))
        self.permit("s3.amazonaws.com")
        self.aws.run(*self.notify("Queue", self.arn))
        (test,) = self.documents()
        self.assertEqual((test["Event"], test["Bucket"]), ("s3:TestEvent", self.name))
        self.local.s3.put_object_bytes(self.name, "a b.txt", b"hello")
        (event,) = self.documents()
        self.assertEqual(event["Records"][0]["s3"]["object"]["key"], "a+b.txt")
        self.local.check()

    def test_a_bucket_tells_a_topic(self):
        self.local.s3.create_bucket(self.name)
        topic = self.local.sns.create_topic(self.name)
        self.refused("InvalidArgument", *self.notify("Topic", topic + "x"))
        self.permit("sns.amazonaws.com")
        self.aws.run(
            "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs",
            "--notification-endpoint", self.arn,
        )
        self.aws.run(*self.notify("Topic", topic))
        self.local.s3.put_object_bytes(self.name, "a.txt", b"hello")
        test, event = self.documents()
        self.assertEqual(
            [(each["Type"], each["Subject"], each["TopicArn"]) for each in (test, event)],
            [("Notification", "Amazon S3 Notification", topic)] * 2,
        )
        record = json.loads(event["Message"])["Records"][0]
        self.assertEqual(record["s3"]["object"]["key"], "a.txt")

    def test_a_message_can_be_lost_or_doubled(self):
        self.local.s3.create_bucket(self.name)
        self.permit("s3.amazonaws.com")
        self.aws.run(*self.notify("Queue", self.arn))
        self.bodies()
        self.local.faults.add("sqs", "SendMessage", "error")
        self.local.faults.add("sqs", "SendMessage", "drop_after", nth=2)
        for key in ("lost", "doubled", "usual"):
            self.local.s3.put_object_bytes(self.name, key, b"x")
        keys = [event["Records"][0]["s3"]["object"]["key"] for event in self.documents()]
        self.assertEqual(keys, ["doubled", "doubled", "usual"])

    def test_what_a_queue_does_not_permit(self):
        topic = self.local.sns.create_topic(self.name)
        self.local.sns.Subscribe(
            {"TopicArn": topic, "Protocol": "sqs", "Endpoint": self.arn}, None
        )
        self.local.sns.publish(topic, "m")
        self.assertEqual(self.bodies(), [])
        with self.assertRaises(AssertionError) as caught:
            self.local.check()
        said = f"sns.amazonaws.com ({topic}) may not send to {self.name}"
        self.assertIn(said, str(caught.exception))


class Functions(Queues):
    def test_a_failure_destination(self):
        """Lambda sends in the name of the function's role: the queue's policy does not matter."""
        self.local.lambda_.create(self.name, package(), ROLE)
        destination = {"OnFailure": {"Destination": self.arn}}
        self.aws.run(
            "lambda", "put-function-event-invoke-config", "--function-name", self.name,
            "--maximum-retry-attempts", "0", "--destination-config", json.dumps(destination),
        )
        self.local.lambda_.invoke_async(self.name, b'{"do": "fail"}')
        self.assertTrue(self.local.wait_idle(60))
        (record,) = self.documents()
        self.assertEqual(record["requestPayload"], {"do": "fail"})
        self.assertEqual(record["requestContext"]["condition"], "RetriesExhausted")


class TopicsAndRules(Queues):
    def test_raw_delivery(self):
        topic = self.local.sns.create_topic(self.name)
        self.permit("sns.amazonaws.com")
        self.aws.run(
            "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs",
            "--notification-endpoint", self.arn, "--attributes", "RawMessageDelivery=true",
        )
        attributes = {"kind": {"DataType": "String", "StringValue": "x"}}
        self.aws.run(
            "sns", "publish", "--topic-arn", topic, "--message", "just this",
            "--message-attributes", json.dumps(attributes),
        )
        (item,) = self.local.sqs.queue(self.arn).receive(10)
        self.assertEqual((item.message.body, item.message.attributes), ("just this", attributes))

    def test_a_fifo_queue_cannot_be_subscribed(self):
        topic = self.local.sns.create_topic(self.name)
        self.refused(
            "InvalidParameter", "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs",
            "--notification-endpoint", self.arn + ".fifo",
        )

    def test_a_rule_sends_to_queues(self):
        fifo = self.local.sqs.create(
            f"{self.name}.fifo", FifoQueue="true", ContentBasedDeduplication="true"
        )
        rule = self.aws.json(
            "events", "put-rule", "--name", self.name, "--event-pattern", '{"source": ["tests"]}'
        )["RuleArn"]
        for arn in (self.arn, fifo):
            self.local.sqs.permit(arn, "events.amazonaws.com", rule)
        targets = [
            {"Id": "1", "Arn": self.arn},
            {"Id": "2", "Arn": fifo, "SqsParameters": {"MessageGroupId": "g"}},
        ]
        self.aws.run("events", "put-targets", "--rule", self.name, "--targets", json.dumps(targets))
        entry = {"Source": "tests", "DetailType": "t", "Detail": '{"n": 1}'}
        self.aws.run("events", "put-events", "--entries", json.dumps([entry]))
        (event,) = self.documents()
        self.assertEqual((event["source"], event["detail"]), ("tests", {"n": 1}))
        (item,) = self.local.sqs.queue(fifo).receive(10)
        self.assertEqual((item.message.group, json.loads(item.message.body)), ("g", event))
        self.local.check()


if __name__ == "__main__":
    unittest.main()
