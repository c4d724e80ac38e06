"""Logs of functions as botocore and the real `aws` command read them."""

import re
import subprocess
import threading
import unittest

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.aws_cli import AWS
from emulator.local_test import ROLE, LocalAwsTest, package

GROUP = "/aws/lambda/writer"
STREAM = re.compile(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}")


class LogsTest(LocalAwsTest):
    def setUp(self):
        self.client = botocore.session.get_session().create_client(
            "logs",
            region_name=self.local.region,
            endpoint_url=self.local.endpoint,
            aws_access_key_id=self.local.user.access_key,
            aws_secret_access_key=self.local.user.secret_key,
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.addCleanup(self.client.close)

    def assert_refused(self, code: str, operation: str, **arguments) -> str:
        with self.assertRaises(ClientError) as caught:
            getattr(self.client, operation)(**arguments)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code)
        return error["Message"]


class OfAFunction(LogsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.local.lambda_.create("writer", package(), ROLE)
        cls.local.lambda_.create("other", package(), ROLE, LoggingConfig={"LogGroup": "/custom"})
        for name in ("writer", "other"):
            for text in ("first", '{"level":"WARN","message":"second"}'):
                cls.write(text, name)

    @classmethod
    def write(cls, text: str, function: str = "writer") -> None:
        cls.local.lambda_.function(function).invoke({"do": "log", "text": text})

    def tail(self, *arguments: str) -> list[str]:
        return self.aws.run("logs", "tail", *arguments).splitlines()

    def test_tail(self):
        detailed = self.tail(GROUP, "--since", "5m")
        self.assertRegex(
            detailed[0], rf"\A\d{{4}}-\d\d-\d\dT[0-9:.]+\+00:00 {STREAM.pattern} START RequestId: "
        )
        texts = [line.split(" ", 2)[2] for line in detailed]
        self.assertEqual(texts.count("first"), 1)
        self.assertTrue(texts[-1].startswith("REPORT RequestId: "), texts[-1])
        self.assertEqual(len({line.split(" ")[1] for line in detailed}), 1, "one environment")
        short = self.tail(GROUP, "--format", "short", "--filter-pattern", "first")
        self.assertEqual(len(short), 1)
        self.assertRegex(short[0], r"\A[0-9T:-]{19} first\Z")
        pretty = self.tail(GROUP, "--format", "json", "--filter-pattern", '{ $.level = "WARN" }')
        self.assertEqual(pretty[1:], ["{", '    "level": "WARN",', '    "message": "second"', "}"])
        self.assertEqual(self.tail(GROUP, "--since", "2100-01-01"), [])
        self.assertIn("first", "".join(self.tail("/custom")))

    def test_a_group_that_nobody_has_written_to(self):
        self.refused("ResourceNotFoundException", "logs", "tail", "/aws/lambda/none")

    def test_follow(self):
        """Lines that are written later appear, and none appears twice."""
        command = [AWS, "--endpoint-url", self.local.endpoint, "logs", "tail", GROUP, "--follow"]
        with subprocess.Popen(
            [*command, "--format", "short", "--filter-pattern", "?first ?later ?latest"],
            env={**self.aws.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            watchdog = threading.Timer(120, process.kill)
            watchdog.start()
            try:
                lines = [process.stdout.readline()]
                for text in ("later", "latest"):
                    self.write(text)
                    lines.append(process.stdout.readline())
            finally:
                process.kill()
                watchdog.cancel()
        self.assertEqual([line.split()[-1:] for line in lines], [["first"], ["later"], ["latest"]])

    def test_groups_and_streams(self):
        groups = self.aws.json("logs", "describe-log-groups")["logGroups"]
        self.assertEqual([group["logGroupName"] for group in groups], [GROUP, "/custom"])
        self.assertEqual(
            groups[0]["arn"], f"arn:aws:logs:eu-west-1:111122223333:log-group:{GROUP}:*"
        )
        streams = self.aws.json("logs", "describe-log-streams", "--log-group-name", GROUP)
        (stream,) = streams["logStreams"]
        self.assertRegex(stream["logStreamName"], STREAM)
        self.assertLessEqual(stream["firstEventTimestamp"], stream["lastEventTimestamp"])
        for arguments, found in (
            ({"logGroupNamePrefix": "/c"}, ["/custom"]),
            ({"logGroupNamePattern": "writ"}, [GROUP]),
            ({"logGroupNamePrefix": "writ"}, []),
        ):
            answer = self.client.describe_log_groups(**arguments)
            self.assertEqual([group["logGroupName"] for group in answer["logGroups"]], found)

    def test_an_environment_knows_its_group_and_stream(self):
        reply = self.local.lambda_.function("other").invoke({"do": "describe"}).json()
        environment = reply["environment"]
        self.assertEqual(environment["AWS_LAMBDA_LOG_GROUP_NAME"], "/custom")
        (stream,) = self.client.describe_log_streams(logGroupName="/custom")["logStreams"]
        self.assertEqual(environment["AWS_LAMBDA_LOG_STREAM_NAME"], stream["logStreamName"])


class Events(LogsTest):
    """Paging, times and streams, of events that a test has put."""

    def setUp(self):
        super().setUp()
        self.group = f"/{self._testMethodName}"
        self.began = int(self.local.clock.now() * 1000)
        for number in range(7):
            self.put(f"{number}", "ab"[number % 2])

    def put(self, message: str, stream: str = "a") -> None:
        self.local.logs.store.put(self.group, stream, message)

    def filter(self, **arguments) -> str:
        pages = self.client.get_paginator("filter_log_events").paginate(
            logGroupName=self.group, **arguments
        )
        return "".join(event["message"] for page in pages for event in page["events"])

    def test_pages_of_a_filter(self):
        for size in (1, 2, 3, 7, 8):
            with self.subTest(size):
                self.assertEqual(self.filter(PaginationConfig={"PageSize": size}), "0123456")
        page = self.client.filter_log_events(logGroupName=self.group, limit=3)
        self.put("7")
        rest = self.client.filter_log_events(logGroupName=self.group, nextToken=page["nextToken"])
        self.assertEqual([event["message"] for event in rest["events"]], list("34567"))
        self.assertNotIn("nextToken", rest)
        ids = [event["eventId"] for event in page["events"] + rest["events"]]
        self.assertEqual(len(set(ids)), 8)

    def test_a_page_holds_a_megabyte(self):
        for number in range(5):
            self.put(f"{number}" * 300_000)
        page = self.client.filter_log_events(logGroupName=self.group, filterPattern="-5")
        self.assertEqual([event["message"][:1] for event in page["events"]], list("01234" "6012"))
        self.assertEqual(len(self.filter()), 7 + 5 * 300_000)

    def test_what_a_filter_leaves_out(self):
        at, ever = self.began, self.began + 3_600_000
        for found, arguments in (
            ("0246", {"logStreamNames": ["a"]}),
            ("0123456", {"logStreamNames": ["b", "a"]}),
            ("135", {"logStreamNamePrefix": "b"}),
            ("", {"logStreamNamePrefix": "c"}),
            ("3", {"filterPattern": "3"}),
            ("0123456", {"startTime": at, "endTime": ever}),
            ("", {"startTime": ever}),
            ("", {"endTime": at - 1}),
        ):
            with self.subTest(arguments):
                self.assertEqual(self.filter(**arguments), found)
        arn = f"arn:aws:logs:eu-west-1:111122223333:log-group:{self.group}"
        by_arn = ("filter-log-events", "--log-group-identifier", arn)
        self.assertEqual(len(self.aws.json("logs", *by_arn)["events"]), 7)

    def get(self, **arguments) -> tuple[str, str, str]:
        answer = self.client.get_log_events(
            logGroupName=self.group, logStreamName="a", **arguments
        )
        messages = "".join(event["message"] for event in answer["events"])
        return messages, answer["nextForwardToken"], answer["nextBackwardToken"]

    def test_both_ways_through_a_stream(self):
        """An end of the stream is where a token comes back as it was sent."""
        found, forward, back = self.get(limit=2)
        self.assertEqual(found, "46", "the newest, without startFromHead")
        self.assertEqual(self.get(nextToken=forward)[:2], ("", forward))
        found, forward, back = self.get(limit=2, nextToken=back)
        self.assertEqual((found, self.get(nextToken=forward)[0]), ("02", "46"))
        self.assertEqual(self.get(nextToken=back)[::2], ("", back))
        found, forward, _ = self.get(limit=3, startFromHead=True)
        self.assertEqual((found, self.get(nextToken=forward)[0]), ("024", "6"))
        found, forward, _ = self.get(startTime=self.began + 3_600_000)
        self.put("8")
        self.assertEqual((found, self.get(nextToken=forward)[0]), ("", "8"))

    def test_streams_in_order(self):
        self.put("late", "a")
        self.put("more", "c")

        def names(**arguments):
            pages = self.client.get_paginator("describe_log_streams").paginate(
                logGroupName=self.group, PaginationConfig={"PageSize": 2}, **arguments
            )
            return "".join(
                stream["logStreamName"] for page in pages for stream in page["logStreams"]
            )

        self.assertEqual(names(), "abc")
        self.assertEqual(names(descending=True), "cba")
        self.assertEqual(names(logStreamNamePrefix="b"), "b")
        self.local.clock.advance(1)
        self.put("last", "b")
        self.assertEqual(names(orderBy="LastEventTime", descending=True)[0], "b")

    def test_refused(self):
        bad, none = "InvalidParameterException", "ResourceNotFoundException"
        group = {"logGroupName": self.group}
        for code, operation, arguments in (
            (none, "filter_log_events", {"logGroupName": "/none"}),
            (none, "describe_log_streams", {"logGroupName": "/none"}),
            (none, "get_log_events", {**group, "logStreamName": "none"}),
            (bad, "filter_log_events", {**group, "filterPattern": "a-b"}),
            (bad, "filter_log_events", {**group, "nextToken": "x"}),
            (bad, "filter_log_events", {**group, "limit": 10_001}),
            (
                bad,
                "filter_log_events",
                {**group, "logStreamNames": ["a"], "logStreamNamePrefix": "a"},
            ),
            (bad, "get_log_events", {**group, "logStreamName": "a", "nextToken": "f/x"}),
            (bad, "describe_log_groups", {"nextToken": "/none"}),
            (bad, "describe_log_groups", {"limit": 51}),
            (bad, "describe_log_groups", {"logGroupNamePrefix": "/", "logGroupNamePattern": "a"}),
            (
                bad,
                "describe_log_streams",
                {**group, "logStreamNamePrefix": "a", "orderBy": "LastEventTime"},
            ),
            ("UnknownOperationException", "create_log_group", group),
        ):
            with self.subTest(operation=operation, arguments=arguments):
                self.assert_refused(code, operation, **arguments)
        both = ("--log-group-name", self.group, "--log-group-identifier", self.group)
        for arguments in ((), both):
            self.refused(bad, "logs", "filter-log-events", *arguments)


if __name__ == "__main__":
    unittest.main()
