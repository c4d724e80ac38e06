"""The rules of SNS for what is published."""

import json
import unittest

from emulator.core.service import Clock, ServiceError
from emulator.sns.service import SnsService


class Rules(unittest.TestCase):
    def setUp(self):
        self.delivered = []
        self.sns = SnsService(Clock(), deliver=lambda *told: self.delivered.append(told))
        self.topic = self.sns.create_topic("t")

    def test_refused(self):
        for what, message, subject, structure in (
            ("empty", "", "", ""),
            ("too long", "é" * 131073, "", ""),
            ("subject of 100", "m", "s" * 100, ""),
            ("subject with a line break", "m", "one\ntwo", ""),
            ("subject not ASCII", "m", "é", ""),
            ("subject that starts with a space", "m", " s", ""),
            ("structure that is none", "m", "", "xml"),
            ("no JSON", "m", "", "json"),
            ("no default", '{"email":"x"}', "", "json"),
            ("default that is no text", '{"default":1}', "", "json"),
            ("a list", '["default"]', "", "json"),
            ("a key twice", '{"default":"x","email":"a","email":"b"}', "", "json"),
        ):
            with self.subTest(what), self.assertRaises(ServiceError) as caught:
                self.sns.publish(self.topic, message, subject, structure)
            self.assertEqual(caught.exception.code, "InvalidParameter")
        self.assertEqual(self.sns.messages, [])

    def test_accepted(self):
        self.sns.publish(self.topic, "é" * 131072, "s" * 99)
        self.sns.publish(self.topic, json.dumps({"default": "d", "odd": [1]}), structure="json")
        self.assertEqual(
            [message["Bodies"].keys() for message in self.sns.messages], [{"default"}, {"default"}]
        )

    def test_a_subscribed_function_gets_its_text(self):
        self.sns.Subscribe(
            {"TopicArn": self.topic, "Protocol": "lambda", "Endpoint": "arn:aws:lambda:x"}, None
        )
        self.sns.publish(self.topic, '{"default":"d","lambda":"for you"}', "s", "json")
        arn, event, topic = self.delivered[0]
        self.assertEqual((arn, topic), ("arn:aws:lambda:x", self.topic))
        record = event["Records"][0]
        self.assertEqual(
            (record["EventSource"], record["Sns"]["Message"], record["Sns"]["Subject"]),
            ("aws:sns", "for you", "s"),
        )

    def test_subscribing_again_is_one_subscription(self):
        def subscribe(**changed):
            form = {"TopicArn": self.topic, "Protocol": "lambda", "Endpoint": "arn:aws:lambda:x"}
            return self.sns.Subscribe({**form, **changed}, None)

        first = subscribe()
        self.assertEqual(subscribe(), first)
        others = [
            subscribe(Endpoint="arn:aws:lambda:y"),
            subscribe(Protocol="sqs"),
            subscribe(TopicArn=self.sns.create_topic("other")),
        ]
        self.assertEqual(len({first, *others}), 4)
        self.sns.publish(self.topic, "m")
        self.assertEqual(
            [arn for arn, *_ in self.delivered], ["arn:aws:lambda:x", "arn:aws:lambda:y"]
        )


if __name__ == "__main__":
    unittest.main()
