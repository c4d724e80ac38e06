"""Queues that feed functions: event source mappings, batches, and what becomes of the messages."""

import json
import threading
import time
import unittest

from emulator.core.service import Clock, ServiceError
from emulator.event_poller import failed_ids, record_of
from emulator.local_test import ROLE, LocalAwsTest, package
from emulator.sqs.message import Message, attributes_md5
from emulator.sqs.queue import Queue

REPORT = ["ReportBatchItemFailures"]


class Answers(unittest.TestCase):
    def test_what_failed(self):
        def answer(*failures: object) -> bytes:
            return json.dumps({"batchItemFailures": failures}).encode()

        named = {"itemIdentifier": "a"}
        for payload, expected in (
            (b"", set()),
            (b"null", set()),
            (b"{}", set()),
            (b'{"batchItemFailures": null}', set()),
            (answer(), set()),
            (answer(named), {"a"}),
            (answer(named, named, {"itemIdentifier": "b"}), {"a", "b"}),
            (answer({"itemIdentifier": ""}), None),
            (answer({"itemIdentifier": None}), None),
            (answer({"itemIdentifier": "c"}), None),
            (answer(named, {"itemIdentifier": "c"}), None),
            (answer({"messageId": "a"}), None),
            (answer("a"), None),
            (b'{"batchItemFailures": {"itemIdentifier": "a"}}', None),
            (b"[]", None),
            (b'"done"', None),
            (b"{nonsense", None),
        ):
            with self.subTest(payload):
                self.assertEqual(failed_ids(payload, {"a", "b"}), expected)


class Records(unittest.TestCase):
    def test_record_to_the_letter(self):
        arn = "arn:aws:sqs:eu-west-1:111122223333:q"
        clock = Clock()
        now = clock.now()
        queue = Queue("q", "http://127.0.0.1/111122223333/q", arn, clock, {})
        attributes = {"kind": {"DataType": "String", "StringValue": "s3"}}
        sent = queue.send(Message("hello", "AKIATEST", now, attributes))
        (item,) = queue.receive(1)
        record = record_of(item, queue, "eu-west-1")
        first = record["attributes"].pop("ApproximateFirstReceiveTimestamp")
        self.assertRegex(first, "^[0-9]{13}$")
        self.assertEqual(
            record,
            {
                "messageId": sent.id,
                "receiptHandle": item.receipt,
                "body": "hello",
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": str(int(now * 1000)),
                    "SenderId": "AKIATEST",
                },
                "messageAttributes": {
                    "kind": {
                        "stringValue": "s3",
                        "stringListValues": [],
                        "binaryListValues": [],
                        "dataType": "String",
                    }
                },
                "md5OfMessageAttributes": attributes_md5(attributes),
                "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": "eu-west-1",
            },
        )


class EventSourceTest(LocalAwsTest):
    _number = 0

    def setUp(self):
        self.local.faults.clear()
        EventSourceTest._number += 1
        self.name = f"consumer-{self._number}"
        self.function = self.local.lambda_.create(self.name, package(), ROLE, Timeout=20)
        self.dead = self.local.sqs.create(f"dead-{self._number}")
        self.arn = self.make_queue(f"queue-{self._number}", maxReceiveCount=2)
        self.sources = self.local.event_sources

    def make_queue(self, name: str, maxReceiveCount: int = 2, **attributes) -> str:
        redrive = {"deadLetterTargetArn": self.dead, "maxReceiveCount": maxReceiveCount}
        return self.local.sqs.create(
            name, VisibilityTimeout="60", RedrivePolicy=redrive, **attributes
        )

    def map(self, arn: str = "", **members) -> str:
        mapping = self.sources.create(self.name, arn or self.arn, **members)
        self.addCleanup(self.sources.delete, mapping)
        return mapping

    def send(self, name: str, do: str = "fail some", arn: str = "", **fields) -> None:
        group = fields.pop("group", "")
        data = {"MessageBody": json.dumps({"do": do, "name": name, **fields})}
        if group:
            data.update(MessageGroupId=group, MessageDeduplicationId=name)
        self.local.sqs._send(self.local.sqs.queue(arn or self.arn), data, "tests")

    def settle(self) -> None:
        self.assertTrue(self.local.wait_idle(60))
        self.local.check()

    def come_again(self) -> None:
        self.local.clock.advance(61)
        self.settle()

    def batches(self) -> list[list[str]]:
        log = self.local.lambda_.log_file(self.name).read_text()
        return [json.loads(line[6:]) for line in log.splitlines() if line.startswith("batch ")]

    def left(self, arn: str = "") -> tuple[int, int]:
        """How many messages are visible, and in flight."""
        counts = self.local.sqs.queue(arn or self.arn).counts()
        return tuple(
            int(counts[f"ApproximateNumberOfMessages{what}"]) for what in ("", "NotVisible")
        )


class Batches(EventSourceTest):
    def test_only_what_failed_comes_again_and_ends_as_dead_letter(self):
        for name in "abc":
            self.send(name, fail=name == "b")
        self.map(FunctionResponseTypes=REPORT)
        self.settle()
        self.assertEqual((self.batches(), self.left()), ([["a", "b", "c"]], (0, 1)))
        self.come_again()
        self.assertEqual((self.batches()[1:], self.left()), ([["b"]], (0, 1)))
        self.come_again()
        self.assertEqual((len(self.batches()), self.left()), (2, (0, 0)))
        self.assertEqual(self.left(self.dead), (1, 0))

    def test_without_the_setting_the_answer_is_ignored(self):
        self.send("a", fail=True)
        self.map()
        self.settle()
        self.assertEqual((self.batches(), self.left()), ([["a"]], (0, 0)))

    def test_a_function_error_leaves_the_whole_batch(self):
        for do in ("fail", "exit"):
            with self.subTest(do):
                arn = self.make_queue(f"{do}-{self._number}")
                self.send("first", do, arn, status=1)
                self.send("second", arn=arn)
                self.map(arn, FunctionResponseTypes=REPORT)
                self.settle()
                self.assertEqual(self.left(arn), (0, 2))

    def test_a_throttled_batch_comes_again(self):
        self.send("a")
        function, file = self.local.lambda_.function(self.name), self.folder / self.name
        function.concurrency = 1
        busy = threading.Thread(target=function.invoke, args=[{"do": "wait", "file": str(file)}])
        busy.start()
        while not function.environments:
            time.sleep(0.01)
        self.addCleanup(busy.join)
        self.addCleanup(file.touch)
        self.map()
        self.settle()
        self.assertEqual(self.left(), (0, 1))
        file.touch()
        busy.join()
        self.come_again()
        self.assertEqual((self.batches(), self.left()), ([["a"]], (0, 0)))

    def test_batch_size_and_window(self):
        for number in range(15):
            self.send(str(number))
        self.map(BatchSize=12, MaximumBatchingWindowInSeconds=1)
        self.settle()
        self.assertEqual(sorted(map(len, self.batches())), [3, 12])

    def test_small_batches(self):
        for number in range(5):
            self.send(str(number))
        self.map(BatchSize=2)
        self.settle()
        self.assertEqual(sorted(map(len, self.batches())), [1, 2, 2])

    def test_a_batch_fits_into_an_invocation(self):
        for number in range(8):
            self.send(str(number), text="x" * 1000000)
        self.map()
        self.settle()
        self.assertEqual(sorted(map(len, self.batches())), [2, 6])

    def test_maximum_concurrency(self):
        for number in range(6):
            self.send(str(number), seconds=0.1)
        self.map(BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
        self.settle()
        self.assertEqual(len(self.batches()), 6)
        self.assertLessEqual(self.local.lambda_.function(self.name).environments, 2)

    def test_a_message_that_is_not_deleted_comes_again(self):
        self.send("a")
        self.local.faults.add("sqs", "DeleteMessage", "error")
        self.map()
        self.settle()
        self.assertEqual(self.left(), (0, 1))
        self.come_again()
        self.assertEqual((self.batches(), self.left()), ([["a"], ["a"]], (0, 0)))

    def test_an_outage_of_the_queue_passes(self):
        self.local.faults.add("sqs", "ReceiveMessage", "error", times=3)
        self.send("a")
        self.map()
        self.settle()
        self.assertEqual((self.batches(), self.left()), ([["a"]], (0, 0)))

    def test_groups_are_processed_in_order(self):
        arn = self.make_queue(f"queue-{self._number}.fifo", FifoQueue="true")
        for number in range(6):
            for group in "xy":
                self.send(f"{group}{number}", arn=arn, group=group, seconds=0.02)
        self.map(arn, BatchSize=2, FunctionResponseTypes=REPORT)
        self.settle()
        names = [name for batch in self.batches() for name in batch]
        for group in "xy":
            mine = [name for name in names if name[0] == group]
            self.assertEqual(mine, [f"{group}{number}" for number in range(6)])

    def test_a_failed_message_holds_up_its_group_only(self):
        arn = self.make_queue(f"held-{self._number}.fifo", FifoQueue="true")
        for name, group in (("x1", "x"), ("x2", "x"), ("y1", "y")):
            self.send(name, arn=arn, group=group, fail=name == "x1")
        self.map(arn, BatchSize=1, FunctionResponseTypes=REPORT)
        self.settle()
        self.assertEqual(sorted(self.batches()), [["x1"], ["y1"]])


class Mappings(EventSourceTest):
    def call(self, operation: str, *arguments: str):
        return self.aws.json("lambda", operation, *arguments)

    def test_life_of_a_mapping(self):
        created = self.call(
            "create-event-source-mapping", "--function-name", self.name,
            "--event-source-arn", self.arn, "--batch-size", "5",
            "--function-response-types", "ReportBatchItemFailures", "--no-enabled",
        )
        mapping = ("--uuid", created["UUID"])
        self.assertEqual(created["FunctionArn"], self.function)
        found = self.call("get-event-source-mapping", *mapping)
        self.assertEqual(
            (found["State"], found["BatchSize"], found["FunctionResponseTypes"]),
            ("Disabled", 5, REPORT),
        )
        self.send("a")
        self.settle()
        self.assertEqual(self.left(), (1, 0))
        self.call("update-event-source-mapping", *mapping, "--enabled")
        self.settle()
        self.assertEqual((self.batches(), self.left()), ([["a"]], (0, 0)))
        listed = self.call("list-event-source-mappings", "--function-name", self.name)
        self.assertEqual(
            [(each["UUID"], each["State"]) for each in listed["EventSourceMappings"]],
            [(created["UUID"], "Enabled")],
        )
        self.call("delete-event-source-mapping", *mapping)
        self.send("b")
        self.settle()
        self.assertEqual(self.left(), (1, 0))
        self.refused("ResourceNotFoundException", "lambda", "get-event-source-mapping", *mapping)

    def test_what_is_refused(self):
        short = self.local.sqs.create(f"short-{self._number}", VisibilityTimeout="19")
        fifo = self.make_queue(f"refused-{self._number}.fifo", FifoQueue="true")
        for what, arn, members in (
            ("visibility under the function's timeout", short, {}),
            ("no such queue", self.arn + "x", {}),
            ("large batch without a window", self.arn, {"BatchSize": 11}),
            ("large batch of a FIFO queue", fifo, {"BatchSize": 11}),
            ("window of a FIFO queue", fifo, {"MaximumBatchingWindowInSeconds": 1}),
            ("concurrency of one", self.arn, {"ScalingConfig": {"MaximumConcurrency": 1}}),
            ("unknown member", self.arn, {"StartingPosition": "LATEST"}),
        ):
            with self.subTest(what), self.assertRaises(ServiceError) as caught:
                self.sources.create(self.name, arn, **members)
            self.assertEqual(caught.exception.code, "InvalidParameterValueException")
        self.map()
        with self.assertRaises(ServiceError) as caught:
            self.sources.create(self.name, self.arn)
        self.assertEqual(caught.exception.code, "ResourceConflictException")

    def test_a_deleted_queue_or_function_is_no_work(self):
        self.send("a", "fail")
        self.map()
        self.settle()
        self.call("delete-function", "--function-name", self.name)
        self.local.clock.advance(61)
        self.settle()

    def test_waiting_counts_messages_that_come_soon(self):
        self.map()
        data = {"MessageBody": '{"do": "fail some", "name": "late"}', "DelaySeconds": 1}
        self.local.sqs._send(self.local.sqs.queue(self.arn), data, "tests")
        begin = time.monotonic()
        self.settle()
        self.assertEqual(self.batches(), [["late"]])
        data["DelaySeconds"] = 600
        self.local.sqs._send(self.local.sqs.queue(self.arn), data, "tests")
        self.settle()
        self.assertLess(time.monotonic() - begin, 60)
        self.assertEqual(len(self.batches()), 1)


if __name__ == "__main__":
    unittest.main()
