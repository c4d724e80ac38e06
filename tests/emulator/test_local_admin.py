"""The routes below /_local/ of a whole local AWS."""

import json
import unittest
import urllib.error
import urllib.request

from emulator.local_test import ROLE, LocalAwsTest, package


class Admin(LocalAwsTest):
    def ask(self, method, path, body=None, expect=200):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"{self.local.endpoint}/_local/{path}", data, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                status, text = reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read().decode()
        self.assertEqual(status, expect, text)
        return text if text[:1] not in "{[" else json.loads(text)

    def test_health(self):
        health = self.ask("GET", "health")
        self.assertEqual((health["status"], health["region"]), ("ok", "eu-west-1"))
        self.assertEqual(
            set(health["services"]),
            {"events", "lambda", "logs", "s3", "secretsmanager", "sns", "sqs", "sts"},
        )

    def test_clock(self):
        before = self.ask("GET", "clock")["now"]
        advanced = self.ask("POST", "clock", {"advance": 3600})["now"] - before
        self.assertGreaterEqual(advanced, 3600)
        self.assertLess(advanced, 7200)
        self.assertEqual(self.ask("POST", "clock", {"skew": 1000})["skew"], 1000)
        self.refused("SignatureDoesNotMatch", "sts", "get-caller-identity")
        self.ask("POST", "clock", {"skew": 0})
        self.ask("POST", "clock", {"rewind": 1}, expect=400)

    def test_faults_and_calls(self):
        self.ask(
            "POST",
            "faults",
            {
                "service": "sts",
                "operation": "GetCallerIdentity",
                "kind": "error",
                "code": "Broken",
                "status": 400,
            },
        )
        self.ask("DELETE", "calls")
        self.refused("Broken", "sts", "get-caller-identity")
        self.assertEqual(self.ask("GET", "faults")[0]["struck"], 1)
        calls = self.ask("GET", "calls")
        self.assertEqual(
            [(call["operation"], call["status"]) for call in calls], [("GetCallerIdentity", 400)]
        )
        self.ask("DELETE", "faults")
        self.assertEqual(self.ask("GET", "faults"), [])
        self.ask(
            "POST", "faults", {"service": "s3", "operation": "*", "kind": "earthquake"}, expect=400
        )

    def test_messages_schedules_and_functions(self):
        topic = self.local.sns.create_topic("t")
        self.local.sns.publish(topic, "hello")
        self.assertEqual(
            [message["Message"] for message in self.ask("GET", "sns/messages")], ["hello"]
        )
        self.assertIn("Topic: t\n", self.ask("GET", "notifications"))
        self.ask("DELETE", "sns/messages")
        self.assertEqual(self.ask("GET", "notifications"), "There are no notifications.\n")
        self.assertEqual(self.ask("GET", "sns/messages"), [])
        self.ask("POST", "events/fire?rule=none", expect=404)
        self.ask("POST", "redshift", {}, expect=404)
        self.local.lambda_.create("f", package(), ROLE)
        self.ask("GET", "lambda/logs?function=f", expect=404)
        self.local.lambda_.invoke_async("f", b'{"do":"log","text":"seen"}')
        self.assertEqual(self.ask("GET", "wait?seconds=10"), {"idle": True})
        self.assertIn("\nseen\n", self.ask("GET", "lambda/logs?function=f"))
        self.assertEqual(
            (self.ask("GET", "lambda/failures"), self.ask("GET", "lambda/violations")), ([], [])
        )


if __name__ == "__main__":
    unittest.main()
