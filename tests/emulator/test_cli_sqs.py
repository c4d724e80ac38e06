"""The real `aws sqs`, which speaks SQS's older protocol, against the local AWS."""

import json
import unittest

from emulator.local_test import LocalAwsTest


class Cli(LocalAwsTest):
    def call(self, *arguments):
        return self.aws.json("sqs", *arguments)

    def test_life_of_a_queue(self):
        created = self.call(
            "create-queue", "--queue-name", "cli", "--attributes", "VisibilityTimeout=5"
        )
        url = created["QueueUrl"]
        self.assertEqual(url, f"{self.local.endpoint}/111122223333/cli")
        self.assertIn(url, self.call("list-queues")["QueueUrls"])
        attributes = {"kind": {"DataType": "String", "StringValue": "<é>"}}
        sent = self.call(
            "send-message", "--queue-url", url, "--message-body", "a & b",
            "--message-attributes", json.dumps(attributes),
        )  # the command checks the digests itself
        (message,) = self.call(
            "receive-message", "--queue-url", url, "--max-number-of-messages", "10",
            "--attribute-names", "All", "--message-attribute-names", "All",
        )["Messages"]
        self.assertEqual((message["Body"], message["MessageId"]), ("a & b", sent["MessageId"]))
        self.assertEqual(message["MessageAttributes"], attributes)
        self.assertEqual(message["Attributes"]["ApproximateReceiveCount"], "1")
        handle = ("--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
        self.call("change-message-visibility", *handle, "--visibility-timeout", "100")
        found = self.call("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")
        self.assertEqual(found["Attributes"]["ApproximateNumberOfMessagesNotVisible"], "1")
        self.assertEqual(found["Attributes"]["VisibilityTimeout"], "5")
        self.call("delete-message", *handle)
        self.assertIsNone(self.call("receive-message", "--queue-url", url))
        self.call("delete-queue", "--queue-url", url)
        code = "AWS.SimpleQueueService.NonExistentQueue"
        self.refused(code, "sqs", "purge-queue", "--queue-url", url)

    def test_batches(self):
        url = self.call("create-queue", "--queue-name", "batches")["QueueUrl"]
        entries = [{"Id": str(n), "MessageBody": f"body {n}"} for n in range(3)]
        queue = ("--queue-url", url)
        sent = self.call("send-message-batch", *queue, "--entries", json.dumps(entries))
        self.assertEqual([entry["Id"] for entry in sent["Successful"]], ["0", "1", "2"])
        received = self.call("receive-message", *queue, "--max-number-of-messages", "10")
        handles = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(received["Messages"])
        ]
        handles.append({"Id": "bad", "ReceiptHandle": "nonsense"})
        deleted = self.call("delete-message-batch", *queue, "--entries", json.dumps(handles))
        self.assertEqual((len(deleted["Successful"]), deleted["Failed"][0]["Id"]), (3, "bad"))

    def test_faults(self):
        self.local.faults.add("sqs", "ListQueues", "error", code="ServiceUnavailable", status=503)
        self.refused("ServiceUnavailable", "sqs", "list-queues")
        self.call("list-queues")


if __name__ == "__main__":
    unittest.main()
