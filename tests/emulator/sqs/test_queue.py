"""What a queue does with its messages, by a clock that the tests move."""

import threading
import time
import unittest

from emulator.core.service import Clock, ServiceError
from emulator.sqs import queue as queue_module
from emulator.sqs.message import Message, attributes_md5
from emulator.sqs.queue import Queue


class QueueTest(unittest.TestCase):
    name = "q"

    def setUp(self):
        self.clock = Clock()
        self.queue = self.make(self.name)

    def make(self, name: str, **attributes: str) -> Queue:
        arn = f"arn:aws:sqs:eu-west-1:111122223333:{name}"
        queue = Queue(name, f"http://127.0.0.1/111122223333/{name}", arn, self.clock, attributes)
        self.clock.on_move(queue.wake)
        return queue

    def send(self, *bodies: str, delay: int | None = None, **fields) -> list[Message]:
        return [
            self.queue.send(Message(body, "sender", self.clock.now(), **fields), delay)
            for body in bodies
        ]

    def receive(self, most: int = 10, **options) -> list[str]:
        """The bodies; their handles are in `handles`."""
        received = self.queue.receive(most, **options)
        self.handles = [item.receipt for item in received]
        return [item.message.body for item in received]

    def refused(self, code: str, call, *arguments):
        with self.assertRaises(ServiceError) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.code, code)


class Standard(QueueTest):
    def test_a_received_message_comes_again_when_its_visibility_ends(self):
        self.send("a", "b")
        self.assertEqual(self.receive(1), ["a"])
        first = self.handles
        self.assertEqual(self.receive(), ["b"])
        self.assertEqual(self.receive(), [])
        self.clock.advance(31)
        self.assertEqual(sorted(self.receive()), ["a", "b"])
        self.queue.delete(first[0])  # stale by now
        for handle in self.handles:
            self.queue.delete(handle)
            self.queue.delete(handle)
        self.clock.advance(31)
        self.assertEqual(self.receive(), [])

    def test_visibility_can_be_changed(self):
        self.send("a")
        self.receive()
        (handle,) = self.handles
        self.queue.change_visibility(handle, 100)
        self.clock.advance(31)
        self.assertEqual(self.receive(), [])
        self.queue.change_visibility(handle, 0)
        self.assertEqual(self.receive(), ["a"])

    def test_only_a_message_in_flight_can_be_changed(self):
        self.send("a")
        self.receive()
        handle = self.handles[0]
        self.clock.advance(31)
        self.refused("MessageNotInflight", self.queue.change_visibility, handle, 10)
        self.refused("ReceiptHandleIsInvalid", self.queue.change_visibility, "nonsense", 10)
        self.receive()
        self.queue.delete(self.handles[0])
        self.refused("InvalidParameterValue", self.queue.change_visibility, self.handles[0], 10)

    def test_delay_and_retention(self):
        self.send("late", delay=60)
        self.send("now")
        self.assertEqual(self.counts(), (1, 0, 1))
        self.assertEqual(self.receive(), ["now"])
        self.assertEqual(self.counts(), (0, 1, 1))
        self.clock.advance(61)
        self.assertEqual(self.receive(), ["now", "late"])
        self.clock.advance(345600)
        self.assertEqual((self.receive(), self.counts()), ([], (0, 0, 0)))

    def counts(self) -> tuple[int, ...]:
        return tuple(map(int, self.queue.counts().values()))

    def test_waiting_ends_with_the_first_message(self):
        self.send("later", delay=1)
        begin = time.monotonic()
        timer = threading.Timer(0.05, self.send, ["a"])
        timer.start()
        self.addCleanup(timer.join)
        self.assertEqual(self.receive(wait=20), ["a"])
        self.assertLess(time.monotonic() - begin, 10)

    def test_waiting_sees_the_clock_move(self):
        self.send("later", delay=600)
        timer = threading.Timer(0.05, self.clock.advance, [601])
        timer.start()
        self.addCleanup(timer.join)
        self.assertEqual(self.receive(wait=20), ["later"])

    def test_waiting_ends_without_a_message(self):
        self.assertEqual(self.receive(wait=0.05), [])

    def test_dead_letters(self):
        dead = self.make("dead")
        policy = f'{{"deadLetterTargetArn": "{dead.arn}", "maxReceiveCount": "2"}}'
        self.queue.set_attributes({"RedrivePolicy": policy})
        self.send("bad", "good")

        def bury(message):
            dead.take_dead(message)
            return True

        for _ in range(2):
            self.assertEqual(self.receive(bury=bury)[:1], ["bad"])
            for handle in self.handles[1:]:
                self.queue.delete(handle)
            self.clock.advance(31)
        self.assertEqual(self.receive(bury=bury), [])
        self.assertEqual(self.counts(), (0, 0, 0))
        (found,) = dead.receive(10)
        self.assertEqual(found.message.body, "bad")
        self.assertEqual(found.system["DeadLetterQueueSourceArn"], self.queue.arn)
        self.assertEqual(found.system["ApproximateReceiveCount"], "1")

    def test_without_its_dead_letter_queue_a_message_stays(self):
        missing = "arn:aws:sqs:eu-west-1:111122223333:missing"
        policy = f'{{"deadLetterTargetArn": "{missing}", "maxReceiveCount": 1}}'
        self.queue.set_attributes({"RedrivePolicy": policy})
        self.send("a")
        self.assertEqual(self.receive(), ["a"])
        self.clock.advance(31)
        self.assertEqual(self.receive(), [])
        self.assertEqual(self.counts(), (0, 1, 0))

    def test_receive_count_and_times(self):
        self.send("a")
        for number in ("1", "2"):
            (item,) = self.queue.receive(1, visibility=0)
            self.assertEqual(item.system["ApproximateReceiveCount"], number)
        self.assertEqual(item.system["SenderId"], "sender")
        self.assertLessEqual(
            int(item.system["SentTimestamp"]), int(item.system["ApproximateFirstReceiveTimestamp"])
        )

    def test_limits(self):
        self.queue.in_flight_limit = 2
        self.send("a", "b", "c")
        self.receive(2)
        self.refused("OverLimit", self.receive)
        self.clock.advance(31)
        self.assertEqual(len(self.receive(2)), 2)
        kept, queue_module.KEPT_BYTES = queue_module.KEPT_BYTES, 5
        self.addCleanup(setattr, queue_module, "KEPT_BYTES", kept)
        self.send("de")
        self.refused("OverLimit", self.send, "f")

    def test_bytes_of_one_receive(self):
        self.send("x" * 3000, "y" * 3000, "z" * 9000)
        self.assertEqual([body[0] for body in self.receive(most_bytes=8500)], ["x", "y"])
        self.assertEqual([body[0] for body in self.receive(most_bytes=8500)], ["z"])

    def test_purge(self):
        self.send("a", "b")
        self.receive(1)
        self.queue.purge()
        self.clock.advance(31)
        self.assertEqual(self.receive(), [])
        self.refused("PurgeQueueInProgress", self.queue.purge)
        self.clock.advance(60)
        self.queue.purge()

    def test_many_receivers_share_the_messages(self):
        self.send(*map(str, range(500)))
        seen: list[str] = []

        def take():
            while bodies := [item.message.body for item in self.queue.receive(7)]:
                seen.extend(bodies)

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(map(int, seen)), list(range(500)))


class Fifo(QueueTest):
    name = "q.fifo"

    def setUp(self):
        super().setUp()
        self._ids = iter(range(1000))

    def send(self, *bodies: str, group: str = "g", **fields) -> list[Message]:
        return [
            message
            for body in bodies
            for message in super(Fifo, self).send(
                body,
                group=group,
                **{"deduplication_id": f"id-{next(self._ids)}", **fields},
            )
        ]

    def test_a_group_waits_for_its_first_messages(self):
        self.send("a1", "a2", "a3", group="a")
        self.send("b1", group="b")
        self.assertEqual(self.receive(2), ["a1", "a2"])
        first, second = self.handles
        self.assertEqual(self.receive(), ["b1"])
        self.queue.delete(first)
        self.assertEqual(self.receive(), [])
        self.queue.delete(second)
        self.assertEqual(self.receive(), ["a3"])

    def test_what_failed_comes_before_what_follows(self):
        self.send("a1", "a2", "a3")
        self.receive(2)
        self.queue.delete(self.handles[0])
        self.clock.advance(31)
        self.assertEqual(self.receive(), ["a2", "a3"])

    def test_an_expired_handle_deletes_nothing(self):
        self.send("a")
        self.receive()
        self.clock.advance(31)
        self.refused("InvalidParameterValue", self.queue.delete, self.handles[0])
        self.assertEqual(self.receive(), ["a"])

    def test_duplicates_within_five_minutes(self):
        (first,) = self.send("a", deduplication_id="same")
        (again,) = self.send("other", deduplication_id="same")
        self.assertEqual((again.id, again.sequence), (first.id, first.sequence))
        self.assertEqual(self.receive(), ["a"])
        self.queue.delete(self.handles[0])
        self.send("other", deduplication_id="same")
        self.assertEqual(self.receive(), [])
        self.clock.advance(301)
        self.send("other", deduplication_id="same")
        self.assertEqual(self.receive(), ["other"])

    def test_duplicates_by_content(self):
        self.send("a", "a", "b", deduplication_id="")
        self.assertEqual(self.receive(), ["a", "b"])

    def test_duplicates_by_group(self):
        self.queue.set_attributes({"DeduplicationScope": "messageGroup"})
        self.send("a", group="1", deduplication_id="same")
        self.send("a", group="2", deduplication_id="same")
        self.assertEqual(self.receive(), ["a", "a"])

    def test_a_dead_message_frees_its_group(self):
        dead = self.make("dead.fifo")
        policy = f'{{"deadLetterTargetArn": "{dead.arn}", "maxReceiveCount": 1}}'
        self.queue.set_attributes({"RedrivePolicy": policy})
        self.send("bad", "next")

        def bury(message):
            dead.take_dead(message)
            return True

        self.assertEqual(self.receive(1, bury=bury), ["bad"])
        self.clock.advance(31)
        self.assertEqual(self.receive(bury=bury), ["next"])
        self.assertEqual([item.message.body for item in dead.receive(10)], ["bad"])

    def test_sequence_numbers_rise(self):
        numbers = [message.sequence for message in self.send("a", "b", "c")]
        self.assertEqual(numbers, sorted(set(numbers)))


class Digest(unittest.TestCase):
    def test_attributes(self):
        """The value of an SDK's own test."""
        attributes = {
            "timestamp": {"DataType": "Number", "StringValue": "1493147359900"},
        }
        self.assertEqual(attributes_md5(attributes), "235c5c510d26fb653d073faed50ae77c")


if __name__ == "__main__":
    unittest.main()
