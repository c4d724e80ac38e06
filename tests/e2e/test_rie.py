"""The echo function under AWS's own emulator, aws-lambda-rie, where that is installed."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
ECHO = BUILD / "release/tests/functions/echo"
RIE = shutil.which("aws-lambda-rie")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def emulator(**environment):
    """The port of a running emulator that starts the echo function."""
    for _ in range(5):  # another program may take a port between asking and listening
        port = free_port()
        process = subprocess.Popen(
            [RIE, "--runtime-api-address", f"127.0.0.1:{free_port()}",
             "--runtime-interface-emulator-address", f"127.0.0.1:{port}", str(ECHO)],
            env={"PATH": "/usr/bin:/bin", **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )
        try:
            if listens(port, process):
                yield port
                return
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    raise AssertionError(f"aws-lambda-rie does not listen (exit status {process.returncode})")


def listens(port: int, process: subprocess.Popen) -> bool:
    """False if it has ended instead."""
    end = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.02)
    return False


def invoke(port: int, event: bytes, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/2015-03-31/functions/function/invocations", event, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


@unittest.skipUnless(RIE, "aws-lambda-rie is not on PATH")
class UnderAwsLambdaRie(unittest.TestCase):
    def test_events_come_back(self):
        with emulator() as port:
            for event in (b'{"a":1}', b'"' + b"e" * 5_000_000 + b'"'):
                self.assertEqual(invoke(port, event), (200, event))

    def test_errors_are_reported(self):
        with emulator() as port:
            _, body = invoke(port, b'"!fail no such rule"')
            self.assertEqual(json.loads(body), {"errorType": "Function.NotFound", "errorMessage": "no such rule"})
            self.assertEqual(invoke(port, b'{"next":1}'), (200, b'{"next":1}'))

    def test_the_context(self):
        with emulator() as port:
            _, body = invoke(port, b'"!context"', **{"X-Amzn-Trace-Id": "Root=1-2-3"})
            seen = json.loads(body)
            self.assertTrue(seen["request_id"])
            self.assertGreater(seen["remaining_ms"], 0)
            self.assertEqual(seen["trace_variable"], seen["trace_id"])

    def test_an_init_error(self):
        with emulator(ECHO_INIT_ERROR="PGHOST is not set") as port:
            _, body = invoke(port, b"{}")
            self.assertIn(b"PGHOST is not set", body)


if __name__ == "__main__":
    unittest.main()
