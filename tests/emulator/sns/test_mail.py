"""What a person reads of a message."""

import json
import unittest

from emulator.core.service import Clock
from emulator.sns.mail import mail, mailbox
from emulator.sns.service import SnsService


class StoppedClock(Clock):
    def now(self) -> float:
        return 1_796_000_000.5


class Mail(unittest.TestCase):
    def setUp(self):
        self.sns = SnsService(StoppedClock())
        self.topic = self.sns.create_topic("notices")

    def read(self, *message: str) -> str:
        self.sns.publish(self.topic, *message)
        return mail(self.sns.messages[-1])

    def test_a_text_for_mail(self):
        bodies = {"default": "{}", "email": "Dear sender,\n\nthe file é is in.\n\n", "sms": "in"}
        self.assertEqual(
            self.read(json.dumps(bodies), "FINISHED", "json"),
            "Date: Mon, 30 Nov 2026 00:53:20 GMT\n"
            "Topic: notices\n"
            "Subject: FINISHED\n"
            "\n"
            "Dear sender,\n"
            "\n"
            "the file é is in.\n",
        )

    def test_one_text_for_all_and_no_subject(self):
        read = self.read("hello")
        self.assertIn("\nSubject: AWS Notification Message\n\nhello\n", read)

    def test_one_after_the_other(self):
        self.assertEqual(mailbox([]), "There are no notifications.\n")
        for text in ("first", "second"):
            self.sns.publish(self.topic, text)
        read = mailbox(self.sns.messages)
        self.assertRegex(read, r"\n\nfirst\n\n-+\n\nDate: (.+\n)+\nsecond\n\Z")

    def test_no_character_moves_the_cursor(self):
        self.assertTrue(self.read("a\x1b[2Jb").endswith("\n\na\N{REPLACEMENT CHARACTER}[2Jb\n"))


if __name__ == "__main__":
    unittest.main()
