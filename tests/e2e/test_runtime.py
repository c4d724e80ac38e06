"""The runtime as a process: the echo function under a strict Runtime API server.

Every test runs the static binary, linked as what ships is, and the one with sanitizers. Leaving a
`with function()` block fails if the process broke a rule of the Runtime API.
"""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from emulator.lambda_.local_function import LocalFunction

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
MB = 1024 * 1024
LARGEST = 6 * MB + 100
LONG = 120.0  # seconds: longer than a busy machine lets anybody wait


def echo(flavour: str) -> pathlib.Path:
    return BUILD / flavour / "tests/functions/echo"


def log_lines(local: LocalFunction, message: str) -> list[dict]:
    lines = [json.loads(line) for line in local.logs if line.startswith("{")]
    return [line for line in lines if line["message"] == message]


def wait_until(condition, seconds: float = LONG) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


class Echo:
    """The tests; the two classes below say of which binary."""

    flavour = ""

    def function(self, **settings) -> LocalFunction:
        """Nothing is late unless the test wants it."""
        times = dict.fromkeys(("timeout", "init_seconds", "shutdown_seconds"), LONG)
        return LocalFunction(echo(self.flavour), **{**times, **settings})

    def gate(self) -> pathlib.Path:
        """A file that does not exist yet: what a function is told to wait for."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name) / "gate"

    # --- events and answers ---

    def test_events_of_any_bytes_come_back(self):
        with self.function() as local:
            for event in (b"{}", b'"x"', b"", b"\x00\xff\r\n\r\n", b"0" * 1024, os.urandom(100_000)):
                result = local.invoke(event)
                self.assertEqual(result.payload, event or b"null")
                self.assertEqual(result.function_error, "")
            self.assertEqual(local.environments, 1)
        self.assertEqual(local.exit_statuses, [0])
        self.assertEqual(len(log_lines(local, "released")), 1)

    def test_bodies_of_6_mb_both_ways(self):
        event = b'"' + b"e" * (6 * MB - 2) + b'"'
        with self.function() as local:
            for _ in range(3):
                self.assertEqual(local.invoke(event).payload, event)
            result = local.invoke(f"!size {LARGEST}")
            self.assertEqual((len(result.payload), result.function_error), (LARGEST, ""))

    def test_a_response_over_the_limit_fails_its_invocation_only(self):
        with self.function() as local:
            result = local.invoke(f"!size {LARGEST + 1}")
            self.assertEqual(result.error_type, "Function.ResponseSizeTooLarge")
            result = local.invoke(f"!size {20 * MB}")
            self.assertEqual(result.error_type, "Function.ResponseSizeTooLarge")
            self.assertEqual(local.invoke(b"next").payload, b"next")
            self.assertEqual(local.environments, 1)
            refused = log_lines(local, "the response is too large for Lambda")
            self.assertEqual([line["bytes"] for line in refused], [LARGEST + 1, 20 * MB])

    def test_the_context(self):
        with self.function() as local:
            before = time.time() * 1000
            seen = local.invoke("!context", trace_id="Root=1-2-3", client_context='{"a":"é"}',
                                cognito_identity='{"cognitoIdentityId":"i"}', tenant_id="tenant-1").json()
            self.assertEqual(seen["trace_id"], "Root=1-2-3")
            self.assertEqual(seen["trace_variable"], "Root=1-2-3")
            self.assertEqual(seen["client_context"], '{"a":"é"}')
            self.assertEqual(seen["cognito_identity"], '{"cognitoIdentityId":"i"}')
            self.assertEqual(seen["tenant_id"], "tenant-1")
            self.assertEqual(seen["content_type"], "application/json")
            self.assertTrue(seen["invocation_id"])
            self.assertRegex(seen["function_arn"], r"\Aarn:aws:lambda:")
            latest = time.time() * 1000 + LONG * 1000
            self.assertTrue(before + LONG * 1000 - 1 <= seen["deadline_ms"] <= latest)
            self.assertTrue(0 < seen["remaining_ms"] <= LONG * 1000)
            again = local.invoke("!context").json()
            self.assertEqual((again["trace_id"], again["trace_variable"], again["tenant_id"]), ("", "", ""))
            self.assertEqual(again["pid"], seen["pid"])

    def test_without_invocation_ids(self):
        with self.function(send_invocation_id=False) as local:
            self.assertEqual(local.invoke("!context").json()["invocation_id"], "")

    # --- what goes wrong ---

    def test_an_error_reaches_the_caller(self):
        with self.function() as local:
            result = local.invoke("!fail no such rule")
            self.assertEqual(result.function_error, "Unhandled")
            self.assertEqual(result.error_type, "Function.NotFound")
            self.assertEqual(result.json(), {"errorType": "Function.NotFound", "errorMessage": "no such rule"})
            self.assertEqual(local.invoke(b"next").payload, b"next")
            self.assertEqual(local.environments, 1)
            (line,) = log_lines(local, "the invocation failed")
            self.assertEqual((line["level"], line["requestId"]), ("ERROR", result.request_id))

    def test_no_secret_leaves(self):
        with self.function() as local:
            result = local.invoke("!secret hunter2-and-more")
            self.assertEqual(result.json()["errorMessage"], "password [redacted] is wrong")
            self.assertNotIn("hunter2", "".join(local.logs))

    def test_log_lines_carry_their_invocation(self):
        with self.function() as local:
            result = local.invoke("!log hello", tenant_id="t-9")
            (line,) = log_lines(local, "as ordered")
            self.assertEqual((line["requestId"], line["tenantId"], line["level"]), (result.request_id, "t-9", "WARN"))
            self.assertRegex(line["timestamp"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
            local.invoke("!log again")
            self.assertNotIn("tenantId", log_lines(local, "as ordered")[1])
        (line,) = log_lines(local, "released")
        self.assertNotIn("requestId", line)

    def test_the_log_level_is_lambdas(self):
        with self.function(log_level="ERROR") as local:
            local.invoke("!log hello")
            local.invoke("!fail it")
            self.assertEqual(log_lines(local, "as ordered"), [])
            self.assertEqual(len(log_lines(local, "the invocation failed")), 1)

    def test_a_crash_ends_the_environment_and_the_next_one_works(self):
        with self.function() as local:
            first = local.invoke("!context").json()["pid"]
            self.assertEqual(local.invoke("!crash").error_type, "Runtime.ExitError")
            self.assertEqual(local.invoke("!exit").error_type, "Runtime.ExitError")
            result = local.invoke("!context")
            self.assertTrue(result.cold)
            self.assertNotEqual(result.json()["pid"], first)

    def test_a_timeout_kills(self):
        with self.function(timeout=1) as local:
            result = local.invoke(f"!wait {self.gate()}")
            self.assertEqual(result.error_type, "Sandbox.Timeout")
            local.settings.timeout = LONG
            self.assertEqual(local.invoke(b"next").payload, b"next")

    def test_a_late_answer_is_refused_and_forgotten(self):
        gate = self.gate()
        with self.function(kill_on_timeout=False) as local:
            pid = local.invoke("!context").json()["pid"]
            local.settings.timeout = 1
            self.assertEqual(local.invoke(f"!wait {gate}").error_type, "Sandbox.Timeout")
            local.settings.timeout = LONG
            gate.touch()
            self.assertTrue(wait_until(lambda: local.late_answers == 1))
            result = local.invoke("!context")
            self.assertEqual(result.json()["pid"], pid)
            self.assertEqual(len(log_lines(local, "the answer came after Lambda had given the invocation up")), 1)

    def test_more_than_one_invocation_at_a_time_is_refused(self):
        with self.function(environment={"AWS_LAMBDA_MAX_CONCURRENCY": "8"}) as local:
            result = local.invoke(b"x")
            self.assertEqual(result.error_type, "Runtime.Configuration")
            message = result.json()["errorMessage"]
            self.assertIn('AWS_LAMBDA_MAX_CONCURRENCY is "8"', message)
            self.assertIn("set the concurrency of an execution environment to 1", message)

    def test_an_init_error(self):
        with self.function(environment={"ECHO_INIT_ERROR": "PGHOST is not set"}) as local:
            result = local.invoke(b"x")
            self.assertEqual(result.function_error, "Unhandled")
            self.assertEqual(result.json(),
                             {"errorType": "Runtime.Configuration", "errorMessage": "PGHOST is not set"})
            self.assertEqual(local.invoke(b"x").error_type, "Runtime.Configuration")  # init is run again

    # --- life and death ---

    def test_freezes_between_invocations(self):
        with self.function(freeze=True) as local:
            for number in range(20):
                self.assertEqual(local.invoke({"n": number}).json(), {"n": number})
            self.assertEqual(local.environments, 1)

    def test_sigterm_ends_it_cleanly(self):
        with self.function() as local:
            local.invoke(b"x")
        self.assertEqual(local.exit_statuses, [0])
        self.assertEqual(len(log_lines(local, "released")), 1)

    def test_sigterm_under_an_invocation_lets_it_end(self):
        with self.function() as local:
            pid = local.invoke("!context").json()["pid"]
            results, gate = [], self.gate()
            thread = threading.Thread(target=lambda: results.append(local.invoke(f"!wait {gate}")))
            thread.start()
            self.assertTrue(wait_until(lambda: log_lines(local, "waiting")))
            os.kill(pid, signal.SIGTERM)
            gate.touch()
            thread.join()
            # Answered; but then the process was gone, and Lambda calls that a crash.
            self.assertTrue(wait_until(lambda: len(log_lines(local, "released")) == 1))
            self.assertEqual(results[0].error_type, "Runtime.ExitError")

    # --- outside of Lambda ---

    def start_alone(self, **environment) -> subprocess.CompletedProcess:
        return subprocess.run([echo(self.flavour)], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LONG)

    def test_without_a_runtime_api(self):
        result = self.start_alone()
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        line = json.loads(result.stderr)
        self.assertEqual(line["level"], "FATAL")
        self.assertIn("bootstrap of AWS Lambda", line["message"])
        self.assertEqual(line["errorMessage"], "environment variable AWS_LAMBDA_RUNTIME_API is not set")

    def test_a_runtime_api_that_is_not_there(self):
        result = self.start_alone(AWS_LAMBDA_RUNTIME_API="127.0.0.1:1")
        self.assertEqual(result.returncode, 1)
        last = json.loads(result.stderr.splitlines()[-1])
        self.assertEqual(last["level"], "INFO")  # released
        fatal = json.loads(result.stderr.splitlines()[-2])
        self.assertEqual((fatal["message"], fatal["tries"]), ("the Runtime API cannot be used", 12))
        self.assertIn("GET 127.0.0.1:1: ", fatal["errorMessage"])

    def test_a_runtime_api_that_is_none(self):
        result = self.start_alone(AWS_LAMBDA_RUNTIME_API="nonsense://x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("AWS_LAMBDA_RUNTIME_API must be host:port", result.stderr)


class WithSanitizers(Echo, unittest.TestCase):
    flavour = "test"


class Static(Echo, unittest.TestCase):
    flavour = "release"

    def test_it_needs_nothing_of_its_host(self):
        """Run in a root that holds nothing but itself."""
        if os.geteuid() != 0:
            self.skipTest("chroot needs root")
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "bootstrap").write_bytes(echo("release").read_bytes())
            (root / "bootstrap").chmod(0o755)
            result = subprocess.run(["/usr/sbin/chroot", folder, "/bootstrap"], env={"AWS_LAMBDA_RUNTIME_API": "x"},
                                    capture_output=True, text=True, timeout=LONG)
            self.assertEqual(result.returncode, 1)
            self.assertIn("the Runtime API cannot be used", result.stderr)
            self.assertIn("resolve", result.stderr)


if __name__ == "__main__":
    unittest.main()
