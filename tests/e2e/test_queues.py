"""A queue between the bucket and the function: bursts, poison, and outages, message by message."""

import unittest

from e2e.journey import SilentTest, lines
from e2e.system import FILE_PROCESS, Interface
from emulator.deployment import BUCKET, LANDING
from emulator.s3.notifications import Configuration, Rule

ROWS = lines(4)
VISIBILITY = 360  # six times the function's timeout
RECEIVES = 3
FILES = 30


class Queues(SilentTest):
    """The bucket announces the objects of one folder to a queue. Each test feeds the function from
    it once all messages are there, so that a batch holds as many as it can."""

    FOLDER = "queued/"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        local = cls.system.local
        dead = local.sqs.create("arrivals-dead")
        redrive = {"deadLetterTargetArn": dead, "maxReceiveCount": RECEIVES}
        arn = local.sqs.create(
            "arrivals", VisibilityTimeout=str(VISIBILITY), RedrivePolicy=redrive
        )
        local.sqs.permit(arn, "s3.amazonaws.com", f"arn:aws:s3:::{BUCKET}")
        cls.queue, cls.dead = local.sqs.queue(arn), local.sqs.queue(dead)
        rules = [Rule("queued", arn, ["s3:ObjectCreated:*"], cls.FOLDER)]
        local.s3.set_notification(BUCKET, Configuration(rules))
        direct = Rule("arrivals", local.lambda_.function(FILE_PROCESS).settings.arn, ["s3:ObjectCreated:*"], LANDING)
        cls.addClassCleanup(local.s3.set_notification, BUCKET, Configuration([direct]))

    def feed(self) -> None:
        """Feeds the function from the queue until the end of the test."""
        sources = self.system.local.event_sources
        mapping = sources.create(
            FILE_PROCESS, self.queue.arn, FunctionResponseTypes=["ReportBatchItemFailures"]
        )
        self.addCleanup(sources.delete, mapping)
        self.system.settle()

    def come_again(self) -> None:
        """What failed is visible again."""
        self.system.local.clock.advance(VISIBILITY + 1)
        self.system.settle()

    def put_files(self, interface: Interface, count: int) -> list[str]:
        return [self.put_silently(interface, ROWS, f"FILE{number}") for number in range(count)]

    def assert_done_once(self, keys: list[str], interface: Interface) -> None:
        for key in keys:
            self.assert_done(key, interface, 4, ROWS)
            self.assertEqual(len(self.system.files(key)), 1, key)

    def assert_no_message(self, dead: int = 0) -> None:
        self.assertEqual(set(self.queue.counts().values()), {"0"})
        self.assertEqual(self.dead.counts()["ApproximateNumberOfMessages"], str(dead))

    def test_a_burst(self):
        interface = self.new_interface()
        keys = self.put_files(interface, FILES)
        self.feed()
        self.assert_done_once(keys, interface)
        self.assert_no_message()

    def test_nonsense_ends_as_a_dead_letter_and_spoils_nothing(self):
        interface = self.new_interface()
        keys = self.put_files(interface, 2)
        local = self.system.local
        local.sqs.deliver(self.queue.arn, "nonsense", "s3.amazonaws.com", f"arn:aws:s3:::{BUCKET}")
        keys.append(self.put_silently(interface, ROWS, "LAST"))
        self.feed()
        self.assert_done_once(keys, interface)
        for number in range(1, RECEIVES):
            self.assertEqual(self.queue.counts()["ApproximateNumberOfMessagesNotVisible"], "1")
            self.come_again()
        self.assertEqual(self.dead.counts()["ApproximateNumberOfMessages"], "0")
        self.come_again()
        self.assert_no_message(dead=1)
        (message,) = self.dead.receive(10)
        self.dead.delete(message.receipt)
        self.assertEqual(message.message.body, "nonsense")
        self.assert_done_once(keys, interface)

    def test_after_an_outage_only_what_failed_comes_again(self):
        interface = self.new_interface()
        keys = self.put_files(interface, 6)
        local = self.system.local
        local.faults.add("s3", "HeadObject", "throttle", nth=3, times=0)
        self.feed()
        taken = [key for key in keys if self.system.files(key)]
        failed = [key for key in keys if key not in taken]
        self.assertTrue(taken and failed, taken)
        self.assertEqual(
            self.queue.counts()["ApproximateNumberOfMessagesNotVisible"], str(len(failed))
        )
        local.faults.clear()
        self.system.clear_counts()
        self.come_again()
        heads = [call.target for call in local.server.calls if call.operation == "HeadObject"]
        for key in taken:
            self.assertEqual([target for target in heads if target.endswith(key)], [])
        self.system.let_time_pass(3600)  # the outage may have kept files from the archive
        self.system.sweep()
        self.assert_done_once(keys, interface)
        self.assert_no_message()


if __name__ == "__main__":
    unittest.main()
