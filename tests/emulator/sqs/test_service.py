"""SQS in its JSON protocol: what it answers and what it refuses."""

import io
import json
import unittest

from emulator.core.service import Clock, Headers, Principal, Request, ServiceError
from emulator.sqs import policy
from emulator.sqs.service import SqsService

QUEUE_URL = "http://127.0.0.1:1/111122223333/q"
BUCKET, TOPIC = "arn:aws:s3:::box", "arn:aws:sns:eu-west-1:111122223333:t"


class JsonTest(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.sqs = SqsService(self.clock, "http://127.0.0.1:1")
        self.arn = self.sqs.create("q")

    def request(self, operation: str, data: dict, path: str = "/") -> Request:
        headers = Headers(
            [
                ("x-amz-target", f"AmazonSQS.{operation}"),
                ("content-type", "application/x-amz-json-1.0"),
            ]
        )
        body = io.BytesIO(json.dumps(data).encode())
        who = Principal("arn:aws:iam::111122223333:user/tester", "AKIATEST", "secret")
        return Request("POST", path, "", headers, body, who, "eu-west-1", "REQ1")

    def call(self, operation: str, path: str = "/", **data):
        response = self.sqs.handle(self.request(operation, data, path))
        self.assertEqual(response.headers["Content-Type"], "application/x-amz-json-1.0")
        return json.loads(response.body) if response.body else None

    def refused(self, code: str, operation: str, **data) -> ServiceError:
        with self.assertRaises(ServiceError) as caught:
            self.call(operation, **data)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        return caught.exception


class Json(JsonTest):
    def test_life_of_a_message(self):
        attributes = {"kind": {"DataType": "String", "StringValue": "é"}}
        sent = self.call(
            "SendMessage", QueueUrl=QUEUE_URL, MessageBody="hello", MessageAttributes=attributes
        )
        self.assertEqual(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592")
        (message,) = self.call(
            "ReceiveMessage",
            path="/111122223333/q",  # SDKs send to the URL of the queue
            QueueUrl=QUEUE_URL,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )["Messages"]
        self.assertEqual(message["MessageId"], sent["MessageId"])
        self.assertEqual(message["Attributes"], {"ApproximateReceiveCount": "1"})
        self.assertEqual(message["MessageAttributes"], attributes)
        self.assertEqual(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"])
        handle = message["ReceiptHandle"]
        self.assertIsNone(self.call("DeleteMessage", QueueUrl=QUEUE_URL, ReceiptHandle=handle))
        self.assertEqual(self.call("ReceiveMessage", QueueUrl=QUEUE_URL, VisibilityTimeout=0), {})

    def test_errors_carry_the_older_code(self):
        error = self.refused("QueueDoesNotExist", "PurgeQueue", QueueUrl=QUEUE_URL + "x")
        response = self.sqs.error("REQ1", error)
        self.assertEqual(response.status, 400)
        self.assertEqual(
            response.headers["x-amzn-query-error"],
            "AWS.SimpleQueueService.NonExistentQueue;Sender",
        )
        self.assertEqual(json.loads(response.body)["__type"], "QueueDoesNotExist")

    def test_batches(self):
        entries = [
            {"Id": "one", "MessageBody": "1"},
            {"Id": "two", "MessageBody": "\x01"},
            {"Id": "three", "MessageBody": "3"},
        ]
        result = self.call("SendMessageBatch", QueueUrl=QUEUE_URL, Entries=entries)
        self.assertEqual([entry["Id"] for entry in result["Successful"]], ["one", "three"])
        (failed,) = result["Failed"]
        self.assertEqual(
            (failed["Id"], failed["Code"], failed["SenderFault"]),
            ("two", "InvalidMessageContents", True),
        )
        messages = self.call("ReceiveMessage", QueueUrl=QUEUE_URL, MaxNumberOfMessages=10)
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages["Messages"])
        ]
        later = [{**entry, "VisibilityTimeout": 0} for entry in entries]
        self.assertEqual(
            self.call("ChangeMessageVisibilityBatch", QueueUrl=QUEUE_URL, Entries=later),
            {"Successful": [{"Id": "0"}, {"Id": "1"}], "Failed": []},
        )
        entries.append({"Id": "bad", "ReceiptHandle": "nonsense"})
        result = self.call("DeleteMessageBatch", QueueUrl=QUEUE_URL, Entries=entries)
        self.assertEqual([entry["Code"] for entry in result["Failed"]], ["ReceiptHandleIsInvalid"])
        self.assertEqual(self.call("ReceiveMessage", QueueUrl=QUEUE_URL), {})

    def test_batches_that_are_refused(self):
        entry = {"Id": "1", "MessageBody": "x"}
        for code, entries in (
            ("EmptyBatchRequest", []),
            ("TooManyEntriesInBatchRequest", [{**entry, "Id": str(n)} for n in range(11)]),
            ("BatchEntryIdsNotDistinct", [entry, entry]),
            ("InvalidBatchEntryId", [{**entry, "Id": "a b"}]),
            ("BatchRequestTooLong", [{**entry, "MessageBody": "x" * ((1 << 20) + 1)}]),
        ):
            with self.subTest(code):
                self.refused(code, "SendMessageBatch", QueueUrl=QUEUE_URL, Entries=entries)

    def test_messages_that_are_refused(self):
        def attributes(**values: dict) -> dict:
            return {"MessageAttributes": values}

        number = {"DataType": "Number", "StringValue": "1"}
        for what, code, fields in (
            ("empty", "MissingParameter", {"MessageBody": ""}),
            ("too long", "InvalidParameterValue", {"MessageBody": "é" * ((1 << 19) + 1)}),
            ("control", "InvalidMessageContents", {"MessageBody": "\x00"}),
            ("delay", "InvalidParameterValue", {"MessageBody": "a", "DelaySeconds": 901}),
            ("type", "InvalidParameterValue", attributes(a={**number, "DataType": "X"})),
            ("name", "InvalidParameterValue", attributes(**{"aws.a": number})),
            ("no value", "InvalidParameterValue", attributes(a={"DataType": "String"})),
            (
                "attributes",
                "InvalidParameterValue",
                attributes(**{f"a{n}": number for n in range(11)}),
            ),
            ("deduplication", "InvalidParameterValue", {"MessageDeduplicationId": "a"}),
            ("member", "InvalidParameterValue", {"Nonsense": "a"}),
        ):
            with self.subTest(what):
                message = {"MessageBody": "a", **fields}
                self.refused(code, "SendMessage", QueueUrl=QUEUE_URL, **message)
        self.call("SendMessage", QueueUrl=QUEUE_URL, MessageBody="é" * (1 << 19))

    def test_fifo_rules(self):
        self.refused("InvalidParameterValue", "CreateQueue", QueueName="f.fifo")
        self.refused(
            "InvalidParameterValue", "CreateQueue", QueueName="f", Attributes={"FifoQueue": "true"}
        )
        url = self.call(
            "CreateQueue",
            QueueName="f.fifo",
            Attributes={"FifoQueue": "true", "DelaySeconds": "0"},
        )["QueueUrl"]
        send = {"QueueUrl": url, "MessageBody": "a"}
        self.refused("MissingParameter", "SendMessage", **send, MessageDeduplicationId="1")
        self.refused("InvalidParameterValue", "SendMessage", **send, MessageGroupId="g")
        send.update(MessageGroupId="g", MessageDeduplicationId="1")
        self.refused("InvalidParameterValue", "SendMessage", **send, DelaySeconds=1)
        first = self.call("SendMessage", **send)
        self.assertRegex(first["SequenceNumber"], r"\A[0-9]{20}\Z")
        self.assertEqual(self.call("SendMessage", **send), first)
        (message,) = self.call("ReceiveMessage", QueueUrl=url, AttributeNames=["All"])["Messages"]
        self.assertEqual(
            {name: message["Attributes"][name] for name in ("MessageGroupId", "SequenceNumber")},
            {"MessageGroupId": "g", "SequenceNumber": first["SequenceNumber"]},
        )

    def test_attributes(self):
        for name, value in (
            ("VisibilityTimeout", "43201"),
            ("DelaySeconds", "x"),
            ("RedrivePolicy", '{"maxReceiveCount": 3}'),
            ("RedrivePolicy", json.dumps({"deadLetterTargetArn": self.arn, "maxReceiveCount": 0})),
            ("Policy", "[]"),
        ):
            with self.subTest(name, value=value):
                self.refused(
                    "InvalidAttributeValue",
                    "SetQueueAttributes",
                    QueueUrl=QUEUE_URL,
                    Attributes={name: value},
                )
        for name in ("Nonsense", "ContentBasedDeduplication"):
            self.refused(
                "InvalidAttributeName",
                "SetQueueAttributes",
                QueueUrl=QUEUE_URL,
                Attributes={name: "true"},
            )
        self.call(
            "SetQueueAttributes", QueueUrl=QUEUE_URL, Attributes={"VisibilityTimeout": "60"}
        )
        found = self.call("GetQueueAttributes", QueueUrl=QUEUE_URL, AttributeNames=["All"])
        self.assertEqual(found["Attributes"]["VisibilityTimeout"], "60")
        self.assertEqual(found["Attributes"]["QueueArn"], self.arn)
        self.assertEqual(found["Attributes"]["MaximumMessageSize"], "1048576")

    def test_queues(self):
        self.assertEqual(self.call("CreateQueue", QueueName="q")["QueueUrl"], QUEUE_URL)
        self.refused(
            "QueueNameExists", "CreateQueue", QueueName="q", Attributes={"DelaySeconds": "7"}
        )
        for name in ("other", "p-1", "p-2"):
            self.call("CreateQueue", QueueName=name)
        page = self.call("ListQueues", QueueNamePrefix="p-", MaxResults=1)
        self.assertEqual([url.rpartition("/")[2] for url in page["QueueUrls"]], ["p-1"])
        page = self.call(
            "ListQueues", QueueNamePrefix="p-", MaxResults=1, NextToken=page["NextToken"]
        )
        self.assertEqual([url.rpartition("/")[2] for url in page["QueueUrls"]], ["p-2"])
        self.assertNotIn("NextToken", page)
        self.call("DeleteQueue", QueueUrl=QUEUE_URL)
        self.refused("QueueDoesNotExist", "GetQueueUrl", QueueName="q")
        self.refused("QueueDoesNotExist", "SendMessage", QueueUrl=QUEUE_URL, MessageBody="a")

    def test_dead_letter_queue(self):
        dead = self.sqs.create("dead")
        redrive = {"deadLetterTargetArn": dead, "maxReceiveCount": 1}
        self.call(
            "SetQueueAttributes",
            QueueUrl=QUEUE_URL,
            Attributes={"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": "0"},
        )
        self.call("SendMessage", QueueUrl=QUEUE_URL, MessageBody="a")
        self.assertIn("Messages", self.call("ReceiveMessage", QueueUrl=QUEUE_URL))
        self.assertEqual(self.call("ReceiveMessage", QueueUrl=QUEUE_URL), {})
        dead_url = self.call("GetQueueUrl", QueueName="dead")["QueueUrl"]
        (message,) = self.call("ReceiveMessage", QueueUrl=dead_url)["Messages"]
        self.assertEqual(message["Body"], "a")
        self.assertEqual(
            self.call("ListDeadLetterSourceQueues", QueueUrl=dead_url), {"queueUrls": [QUEUE_URL]}
        )


class Policy(JsonTest):
    def test_only_permitted_services_send(self):
        with self.assertRaises(ServiceError):
            self.sqs.deliver(self.arn, "x", "s3.amazonaws.com", BUCKET)
        self.assertIn("its Policy does not allow it", self.sqs.refused[0])
        self.sqs.permit(self.arn, "s3.amazonaws.com", BUCKET)
        self.sqs.permit(self.arn, "sns.amazonaws.com", TOPIC)
        self.sqs.deliver(self.arn, "x", "s3.amazonaws.com", BUCKET)
        for service, source, allowed in (
            ("s3.amazonaws.com", BUCKET, True),
            ("s3.amazonaws.com", BUCKET + "x", False),
            ("sns.amazonaws.com", TOPIC, True),
            ("sns.amazonaws.com", BUCKET, False),
            ("events.amazonaws.com", TOPIC, False),
        ):
            self.assertEqual(self.sqs.allows(self.arn, service, source), allowed, (service, source))

    def test_statements(self):
        base = {"Effect": "Allow", "Principal": "*", "Action": "SQS:SendMessage", "Resource": "*"}
        account = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
        for allowed, change in (
            (True, {}),
            (True, {"Condition": account}),
            (True, {"Action": ["sqs:*"]}),
            (True, {"Condition": {"ArnLike": {"aws:SourceArn": ["x", "arn:aws:s3:::*"]}}}),
            (False, {"Effect": "Deny"}),
            (False, {"Action": "sqs:ReceiveMessage"}),
            (False, {"Principal": {"AWS": "111122223333"}}),
            (False, {"Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}),
            (False, {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        ):
            with self.subTest(change):
                document = json.dumps({"Statement": {**base, **change}})
                self.assertEqual(policy.allows(document, "s3.amazonaws.com", BUCKET), allowed)


if __name__ == "__main__":
    unittest.main()
