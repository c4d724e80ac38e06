"""A bootstrap alone behind the unsigned invoke API."""

import base64
import json
import pathlib
import select
import signal
import subprocess
import unittest
import urllib.error
import urllib.request

from emulator.lambda_.invoke_server import InvokeServer
from emulator.lambda_.local_function import LocalFunction

BOOTSTRAP = pathlib.Path(__file__).with_name("scripted_bootstrap.py")


def post(url: str, body: bytes, **headers: str):
    request = urllib.request.Request(
        url, body, {name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


class Invoke(unittest.TestCase):
    def setUp(self):
        self.function = LocalFunction(BOOTSTRAP, timeout=30, concurrency=1)
        self.server = InvokeServer(self.function, delays=(0.02, 0.02))
        self.addCleanup(self.server.stop)
        self.url = f"{self.server.endpoint}/2015-03-31/functions/any/invocations"

    def test_synchronous(self):
        status, headers, body = post(self.url, b'{"n":1}', X_Amz_Log_Type="Tail")
        self.assertEqual(
            (status, body, headers["X-Amz-Executed-Version"]), (200, b'{"n":1}', "$LATEST")
        )
        self.assertIn(
            f"START RequestId: {headers['x-amzn-RequestId']}",
            base64.b64decode(headers["X-Amz-Log-Result"]).decode(),
        )
        status, headers, body = post(self.url, b'{"do":"fail"}')
        self.assertEqual((status, headers["X-Amz-Function-Error"]), (200, "Unhandled"))

    def test_event_is_tried_three_times(self):
        self.assertEqual(post(self.url, b'{"do":"fail"}', X_Amz_Invocation_Type="Event")[0], 202)
        self.assertTrue(self.server.queue.wait_idle(60))
        self.assertEqual(self.server.lost[0]["requestContext"]["approximateInvokeCount"], 3)

    def test_refused(self):
        for body, headers, status, text in (
            (b"{", {}, 400, "InvalidRequestContentException"),
            (b"{}", {"X_Amz_Invocation_Type": "Maybe"}, 400, "InvalidParameterValueException"),
            (b"{}", {"X_Amz_Client_Context": "!"}, 400, "InvalidRequestContentException"),
            (
                b'"' + b"x" * (1 << 20) + b'"',
                {"X_Amz_Invocation_Type": "Event"},
                413,
                "RequestTooLargeException",
            ),
            (b'"' + b"x" * (6 << 20) + b'"', {}, 413, "RequestTooLargeException"),
        ):
            with self.subTest(text, headers=headers):
                answer = post(self.url, body, **headers)
                self.assertEqual((answer[0], answer[1]["x-amzn-ErrorType"]), (status, text))
        self.assertEqual(post(self.server.endpoint + "/else", b"{}")[0], 404)

    def test_from_the_shell(self):
        command = [
            "/usr/bin/python3",
            "-m",
            "emulator.lambda_.invoke_server",
            str(BOOTSTRAP),
            "--timeout",
            "30",
            "--env",
            "NAME=a=b",
        ]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=BOOTSTRAP.parents[2]
        ) as process:
            self.addCleanup(process.kill)
            self.assertTrue(select.select([process.stdout], [], [], 60)[0])
            status, _, body = post(process.stdout.readline().strip(), b'{"do":"describe"}')
            process.send_signal(signal.SIGTERM)
            self.assertEqual(
                (status, json.loads(body)["environment"]["NAME"], process.wait(60)), (200, "a=b", 0)
            )


if __name__ == "__main__":
    unittest.main()
