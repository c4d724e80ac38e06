"""Every way in which S3's events reach a function: directly, by EventBridge, by SNS, from a queue."""

import json
import time
import unittest

from e2e.journey import SilentTest, lines
from e2e.made_events import s3_event, s3_record
from e2e.system import FILE_PROCESS, LANDING, Row
from emulator.core.service import ACCOUNT_ID
from emulator.deployment import BUCKET, ROOT
from emulator.s3.notifications import Configuration

ROWS = lines(4)


def bridge_event(key: str, etag: str, kind: str = "Object Created", sequencer: str = "") -> Row:
    """EventBridge's event; unlike S3's own, its key is not encoded and its hexadecimal is lower case."""
    target = {"key": key, "size": len(ROWS), "etag": etag, "sequencer": sequencer or "617f08299329d189"}
    return {
        "version": "0",
        "id": "4b0e8b5e-0000-4000-8000-000000000001",
        "detail-type": kind,
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-11-20T20:27:53Z",
        "region": "eu-west-1",
        "resources": [f"arn:aws:s3:::{BUCKET}"],
        "detail": {"version": "0", "bucket": {"name": BUCKET}, "object": target, "reason": "PutObject"},
    }


def message(number: int, body: Row | str) -> Row:
    """A message as Lambda takes it from a queue."""
    return {
        "messageId": f"059f36b4-87a3-44ab-83d2-{number:012}",
        "receiptHandle": f"receipt-{number}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:arrivals",
        "awsRegion": "eu-west-1",
    }


def batch(*bodies: Row | str) -> Row:
    return {"Records": [message(number, body) for number, body in enumerate(bodies)]}


def notification(content: Row) -> Row:
    """What SNS puts into a queue without raw delivery."""
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:eu-west-1:111122223333:arrivals",
        "Subject": "Amazon S3 Notification",
        "Message": json.dumps(content),
    }


def sns_event(content: Row) -> Row:
    """What SNS sends to a function."""
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": notification(content)}]}


def failures(*numbers: int) -> Row:
    return {"batchItemFailures": [{"itemIdentifier": message(n, "")["messageId"]} for n in numbers]}


class Envelopes(SilentTest):
    def event(self, key: str) -> Row:
        return s3_event(s3_record(key, ROWS))

    def bridge(self, key: str, **fields: str) -> Row:
        return bridge_event(key, s3_record(key, ROWS)["s3"]["object"]["eTag"], **fields)

    def test_each_envelope_loads_its_file(self):
        """Also a file whose name an encoded key would spoil."""
        wraps = {
            "direct": lambda key: self.event(key),
            "bridge": lambda key: self.bridge(key),
            "sns": lambda key: sns_event(self.event(key)),
            "sns of bridge": lambda key: sns_event(self.bridge(key)),
            "queue": lambda key: batch(self.event(key)),
            "queue of bridge": lambda key: batch(self.bridge(key)),
            "queue of sns": lambda key: batch(notification(self.event(key))),
            "queue of sns of bridge": lambda key: batch(notification(self.bridge(key))),
        }
        for name, wrap in wraps.items():
            with self.subTest(name):
                interface = self.new_interface()
                key = self.put_silently(interface, ROWS, f"{name} +%2B é")
                result = self.system.invoke(FILE_PROCESS, wrap(key))
                self.assertEqual(result.function_error, "", result.json())
                if name.startswith("queue"):
                    self.assertEqual(result.json(), failures())
                self.system.settle()
                self.assert_done(key, interface, 4, ROWS)

    def test_the_rule_of_the_deployment(self):
        """From the bucket through EventBridge to the function, with the pattern that users get."""
        local, rule = self.system.local, "arrivals"
        local.s3.set_notification(BUCKET, Configuration([], event_bridge=True))
        self.addCleanup(local.s3.set_notification, BUCKET, Configuration([]))
        pattern = (ROOT / "eventbridge/object_created.json").read_text()
        pattern = pattern.replace(LANDING, self.FOLDER)
        arn = local.events.PutRule({"Name": rule, "EventPattern": pattern}, None)["RuleArn"]
        function = f"arn:aws:lambda:{local.region}:{ACCOUNT_ID}:function:{FILE_PROCESS}"
        local.events.PutTargets({"Rule": rule, "Targets": [{"Id": "1", "Arn": function}]}, None)
        local.lambda_.permit(function, "events.amazonaws.com", arn)
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS, "by rule +%2B é")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_two_sources_announce_one_upload(self):
        for name, wraps in {
            "S3 first": (self.event, self.bridge),
            "EventBridge first": (self.bridge, self.event),
        }.items():
            for settled in (True, False):
                with self.subTest(name, settled=settled):
                    interface = self.new_interface()
                    key = self.put_silently(interface, ROWS)
                    events = [wrap(key) for wrap in wraps]
                    for event in events:
                        self.assertEqual(self.system.invoke(FILE_PROCESS, event).function_error, "")
                        if settled:
                            self.system.settle()
                    self.system.settle()
                    self.assert_done(key, interface, 4, ROWS)
                    self.assertEqual(len(self.system.files(key)), 1)

    def test_only_failed_messages_come_again(self):
        interface = self.new_interface()
        first, second, third, last = (
            self.put_silently(interface, ROWS, name) for name in ("FIRST", "SECOND", "THIRD", "LAST")
        )
        both = s3_event(s3_record(second, ROWS), s3_record(third, ROWS))
        event = batch(self.event(first), "nonsense", both, {"Event": "s3:TestEvent"}, self.event(last))
        self.system.local.faults.add(
            "s3", "HeadObject", "error", nth=2, code="AccessDenied", status=403
        )
        result = self.system.invoke(FILE_PROCESS, event)
        self.assertEqual((result.function_error, result.json()), ("", failures(1, 2)))
        self.system.settle()
        for key in (first, third, last):
            self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(self.system.files(second), [])
        again = {"Records": [event["Records"][number] for number in (1, 2)]}
        self.assertEqual(self.system.invoke(FILE_PROCESS, again).json(), failures(1))
        self.system.settle()
        self.assert_done(second, interface, 4, ROWS)
        self.assertEqual(len(self.system.files(third)), 1)

    def test_a_message_whose_file_waits_succeeds(self):
        """Redshift takes nothing more: the schedule finishes the file, and the message is not needed again."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.system.local.faults.add(
            "redshift-data", "BatchExecuteStatement", "error", times=0, code="ActiveStatementsExceededException"
        )
        result = self.system.invoke(FILE_PROCESS, batch(self.event(key)))
        self.assertEqual((result.function_error, result.json()), ("", failures()))
        row = self.system.file(key)
        self.assertEqual(row["state"], "PREPARED")
        self.assertIn("ActiveStatementsExceeded", row["waiting_reason"])
        self.system.local.faults.clear()
        self.system.let_time_pass(3600)
        self.system.sweep()
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_batch_of_which_nothing_succeeds_fails(self):
        """Then no message is lost where Lambda does not ask which ones failed."""
        result = self.system.invoke(FILE_PROCESS, batch("nonsense", {"Records": 7}))
        self.assertEqual(result.function_error, "Unhandled")
        said = result.json()["errorMessage"]
        self.assertRegex(said, "^all 2 messages: message of the queue: it is not one of these: an S3 event message")

    def test_events_that_are_left_alone(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        for event in (self.bridge(key, kind="Object Deleted"), self.bridge(key, kind="Object Tags Added")):
            result = self.system.invoke(FILE_PROCESS, batch(event))
            self.assertEqual((result.function_error, result.json()), ("", failures()))
        self.assertEqual(self.system.files(key), [])

    def test_the_first_message_again_finds_the_same_bytes_put_again(self):
        """Each upload is loaded once, although the second is taken in by the first one's message."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        first, second = (batch(s3_event(s3_record(key, ROWS, sequencer=number))) for number in ("0A", "0B"))
        self.assertEqual(self.system.invoke(FILE_PROCESS, first).json(), failures())
        self.system.settle()
        time.sleep(1.1)  # S3 tells uploads of the same bytes apart by the second
        self.put_silently(interface, ROWS)
        for event in (first, second, first, second):
            self.assertEqual(self.system.invoke(FILE_PROCESS, event).json(), failures())
            self.system.settle()
        self.assertEqual([row["state"] for row in self.system.files(key)], ["DONE", "DONE"])
        self.assertEqual(len(self.system.audit(interface.id)), 2)

    def test_the_same_bytes_put_again_after_the_archive(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        for sequencer in ("617f08299329d189", "617f08299329d18a"):
            self.system.put(key, ROWS)
            for _ in range(2):
                event = self.bridge(key, sequencer=sequencer)
                self.assertEqual(self.system.invoke(FILE_PROCESS, event).function_error, "")
                self.system.settle()
        self.assertEqual([row["state"] for row in self.system.files(key)], ["DONE", "DONE"])


if __name__ == "__main__":
    unittest.main()
