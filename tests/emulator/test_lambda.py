"""Lambda's API: functions made and called by the real `aws` command, and asynchronous events."""

import base64
import json
import pathlib
import time
import unittest

from emulator.lambda_.function import LambdaOptions
from emulator.local_test import ROLE, LocalAwsTest, package
from emulator.core.service import ServiceError


class Cli(LocalAwsTest):
    def call(self, *arguments):
        return self.aws.json("lambda", *arguments)

    def invoke(self, event, *arguments):
        """(reply of the command, payload)"""
        file = self.folder / "out.json"
        reply = self.call(
            "invoke",
            "--function-name",
            "scripted",
            "--cli-binary-format",
            "raw-in-base64-out",
            "--payload",
            json.dumps(event),
            *arguments,
            str(file),
        )
        return reply, file.read_bytes()

    def test_life_of_a_function(self):
        zip_file = self.file("function.zip", package())
        created = self.call(
            "create-function",
            "--function-name",
            "scripted",
            "--runtime",
            "provided.al2023",
            "--role",
            ROLE,
            "--handler",
            "bootstrap",
            "--zip-file",
            f"fileb://{zip_file}",
            "--timeout",
            "60",
            "--environment",
            "Variables={secret_postgres=s1}",
        )
        self.assertEqual(
            created["FunctionArn"], "arn:aws:lambda:eu-west-1:111122223333:function:scripted"
        )
        self.assertEqual(
            (created["State"], created["MemorySize"], created["CodeSize"]),
            ("Active", 128, pathlib.Path(zip_file).stat().st_size),
        )

        reply, payload = self.invoke(
            {"do": "describe"},
            "--log-type",
            "Tail",
            "--client-context",
            base64.b64encode(b'{"a":1}').decode(),
        )
        self.assertEqual((reply["StatusCode"], reply["ExecutedVersion"]), (200, "$LATEST"))
        seen = json.loads(payload)
        environment = seen["environment"]
        self.assertEqual(
            (environment["secret_postgres"], environment["AWS_ENDPOINT_URL"]),
            ("s1", self.local.endpoint),
        )
        self.assertEqual(seen["headers"]["Lambda-Runtime-Client-Context"], '{"a":1}')
        log = base64.b64decode(reply["LogResult"]).decode()
        self.assertTrue(
            log.startswith("START RequestId: ")
            and "\nready\n" in log
            and "\nREPORT RequestId: " in log,
            log,
        )
        self.assertIn("ready", self.local.lambda_.log_file("scripted").read_text())

        role = self.local.credentials.find(environment["AWS_ACCESS_KEY_ID"])
        self.assertEqual(role.arn, "arn:aws:sts::111122223333:assumed-role/loader/scripted")
        self.assertEqual(
            (environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_SESSION_TOKEN"]),
            (role.secret_key, role.token),
        )

        self.call("update-function-configuration", "--function-name", "scripted", "--timeout", "3")
        reply, payload = self.invoke({"do": "sleep", "seconds": 600})
        self.assertEqual(reply["FunctionError"], "Unhandled")
        self.assertIn("Task timed out after 3.00 seconds", json.loads(payload)["errorMessage"])

        changed = self.call(
            "update-function-configuration",
            "--function-name",
            "scripted",
            "--timeout",
            "50",
            "--environment",
            "Variables={secret_postgres=s2}",
        )
        self.assertEqual((changed["Timeout"], changed["Handler"]), (50, "bootstrap"))
        self.assertEqual(
            json.loads(self.invoke({"do": "describe"})[1])["environment"]["secret_postgres"], "s2"
        )

        other = self.file("other.zip", package(b"#!/bin/sh\nexit 9\n"))
        code = self.call(
            "update-function-code", "--function-name", "scripted", "--zip-file", f"fileb://{other}"
        )
        self.assertNotEqual(code["CodeSha256"], created["CodeSha256"])
        self.assertIn("exit status 9", json.loads(self.invoke({})[1])["errorMessage"])

        self.assertEqual(
            [item["FunctionName"] for item in self.call("list-functions")["Functions"]],
            ["scripted"],
        )
        self.assertEqual(
            self.call("get-function", "--function-name", created["FunctionArn"])["Configuration"][
                "Timeout"
            ],
            50,
        )
        self.assertEqual(self.invoke({}, "--invocation-type", "DryRun")[0]["StatusCode"], 204)
        self.call("delete-function", "--function-name", "scripted")
        self.refused(
            "ResourceNotFoundException",
            "lambda",
            "get-function-configuration",
            "--function-name",
            "scripted",
        )
        self.local.check()

    def test_permissions_and_retry_rules(self):
        self.local.lambda_.create("ruled", package(), ROLE)
        statement = json.loads(
            self.call(
                "add-permission",
                "--function-name",
                "ruled",
                "--statement-id",
                "s3",
                "--action",
                "lambda:InvokeFunction",
                "--principal",
                "s3.amazonaws.com",
                "--source-arn",
                "arn:aws:s3:::landing",
            )["Statement"]
        )
        self.assertEqual(
            statement["Condition"], {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::landing"}}
        )
        self.assertTrue(
            self.local.lambda_.allows("ruled", "s3.amazonaws.com", "arn:aws:s3:::landing")
        )
        self.assertFalse(
            self.local.lambda_.allows("ruled", "s3.amazonaws.com", "arn:aws:s3:::other")
        )
        self.assertFalse(
            self.local.lambda_.allows("ruled", "events.amazonaws.com", "arn:aws:s3:::landing")
        )
        rules = self.call(
            "put-function-event-invoke-config",
            "--function-name",
            "ruled",
            "--maximum-retry-attempts",
            "1",
            "--maximum-event-age-in-seconds",
            "60",
            "--destination-config",
            '{"OnFailure":{"Destination":"arn:aws:sns:eu-west-1:111122223333:lost"}}',
        )
        self.assertEqual(
            (rules["MaximumRetryAttempts"], rules["MaximumEventAgeInSeconds"]), (1, 60)
        )


class Packages(LocalAwsTest):
    """What the API refuses, without the cost of a command each."""

    def refused_with(self, code, name="f", data=None, **members):
        with self.assertRaises(ServiceError) as caught:
            self.local.lambda_.create(
                name, package() if data is None else data, members.pop("role", ROLE), **members
            )
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        return caught.exception.message

    def test_refused(self):
        invalid = "InvalidParameterValueException"
        for data, text in (
            (package(name="../bootstrap"), "unsafe name"),
            (package(name="main"), "needs a file `bootstrap`"),
            (package(mode=0o644), "mode 0644"),
            (b"no zip", "Could not unzip"),
        ):
            self.assertIn(text, self.refused_with(invalid, data=data))
        self.refused_with(invalid, name="no spaces")
        self.refused_with(invalid, role="loader")
        self.refused_with(invalid, Timeout=901)
        self.refused_with(invalid, Timout=5)
        self.refused_with(invalid, Runtime="python3.11")
        self.refused_with("SerializationException", Timeout="5")
        message = self.refused_with(
            invalid, Environment={"Variables": {"AWS_REGION": "x", "ok": "y"}}
        )
        self.assertTrue(message.endswith("Reserved keys used in this request: AWS_REGION"), message)
        self.assertIn(
            "4KB", self.refused_with(invalid, Environment={"Variables": {"big": "x" * 4096}})
        )
        self.local.lambda_.create("once", package(), ROLE)
        self.refused_with("ResourceConflictException", name="once")


class Asynchronous(LocalAwsTest):
    options = {
        "with_redshift": False,
        "lambda_options": LambdaOptions(retry_delays=(0.05, 0.1), concurrency=3),
    }

    def setUp(self):
        self.functions = self.local.lambda_
        self.functions.failures.clear()
        self.functions.refused.clear()

    def make(self, name, **members):
        self.functions.create(name, package(), ROLE, **{"Timeout": 60, **members})
        return name

    def lines(self, name, text):
        return [
            line for line in self.functions.log_file(name).read_text().splitlines() if text in line
        ]

    def test_two_more_tries_then_a_record(self):
        name = self.make("failing")
        request_id = self.functions.invoke_async(name, b'{"do":"fail"}')
        self.assertTrue(self.functions.wait_idle(60))
        self.assertEqual(len(self.lines(name, f"START RequestId: {request_id}")), 3)
        record = self.functions.failures[0]
        self.assertEqual(
            record["requestContext"],
            {
                "requestId": request_id,
                "functionArn": "arn:aws:lambda:eu-west-1:111122223333:function:failing:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
        )
        self.assertEqual(record["requestPayload"], {"do": "fail"})
        self.assertEqual(
            record["responseContext"],
            {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        )
        self.assertEqual(record["responsePayload"]["errorMessage"], "no luck")

    def test_success_is_not_repeated_and_events_run_side_by_side(self):
        name = self.make("busy")
        gate = self.folder / "gate"
        order = json.dumps({"do": "wait", "file": str(gate)}).encode()
        for _ in range(6):
            self.functions.invoke_async(name, order)
        end = time.monotonic() + 50
        while self.functions.function(name).environments < 3:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        gate.touch()
        self.assertTrue(self.functions.wait_idle(60))
        self.assertEqual(len(self.lines(name, "START ")), 6)
        self.assertEqual(self.functions.function(name).environments, 3)
        self.assertEqual(self.functions.failures, [])

    def test_record_goes_to_the_destination(self):
        topic = self.local.sns.create_topic("lost")
        name = self.make("watched")
        self.aws.run(
            "lambda",
            "put-function-event-invoke-config",
            "--function-name",
            name,
            "--maximum-retry-attempts",
            "0",
            "--destination-config",
            json.dumps({"OnFailure": {"Destination": topic}}),
        )
        self.functions.invoke_async(name, b'{"do":"exit","status":4}')
        message = json.loads(self.local.sns.wait_for_messages(1)[0]["Message"])
        self.assertEqual(message["requestContext"]["approximateInvokeCount"], 1)
        self.assertIn("exit status 4", message["responsePayload"]["errorMessage"])

    def test_an_event_that_is_too_old_is_given_up(self):
        name = self.make("late", Timeout=2)
        self.functions.invoke_async(name, b'{"do":"sleep","seconds":60}')
        self.local.clock.advance(7 * 3600)
        self.assertTrue(self.functions.wait_idle(60))
        self.assertEqual(self.functions.failures[0]["requestContext"]["condition"], "EventAgeExceeded")

    def test_services_need_a_permission(self):
        name = self.make("guarded")
        self.local.s3.create_bucket("landing")
        notification = self.file(
            "notification.json",
            json.dumps(
                {
                    "LambdaFunctionConfigurations": [
                        {
                            "LambdaFunctionArn": (
                                f"arn:aws:lambda:eu-west-1:111122223333:function:{name}"
                            ),
                            "Events": ["s3:ObjectCreated:*"],
                        }
                    ]
                }
            ).encode(),
        )
        put = (
            "s3api",
            "put-bucket-notification-configuration",
            "--bucket",
            "landing",
            "--notification-configuration",
            f"file://{notification}",
        )
        self.assertIn("Unable to validate", self.refused("InvalidArgument", *put))
        self.assertIsNone(
            self.aws.json("s3api", "get-bucket-notification-configuration", "--bucket", "landing")
        )
        self.functions.permit(name, "s3.amazonaws.com", "arn:aws:s3:::landing")
        self.aws.run(*put)
        self.local.s3.put_object_bytes("landing", "in/a b.txt", b"hello")
        self.assertTrue(self.functions.wait_idle(60))
        self.assertEqual(len(self.lines(name, "START ")), 2)  # the test event and the object's
        with self.assertLogs("emulator.lambda", "ERROR"):
            stranger = {"principal": "events.amazonaws.com", "source_arn": "arn:aws:events:x"}
            self.assertEqual(self.functions.invoke_async(name, b"{}", **stranger), "")
        self.assertIn("may not invoke guarded", self.functions.refused[0])
        self.assertRaises(AssertionError, self.local.check)


if __name__ == "__main__":
    unittest.main()
