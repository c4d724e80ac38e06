"""The Runtime API server and the life of a function process, driven by a scripted bootstrap."""

import logging
import os
import pathlib
import signal
import tempfile
import threading
import time
import unittest
import unittest.mock

from emulator.lambda_.function_process import FunctionProcess
from emulator.lambda_.local_function import LocalFunction, ProtocolViolation, Throttled

BOOTSTRAP = pathlib.Path(__file__).with_name("scripted_bootstrap.py")


LONG = 120.0  # seconds: longer than a busy machine lets anybody wait


def function(**settings) -> LocalFunction:
    """Nothing is late unless the test wants it."""
    times = dict.fromkeys(("timeout", "init_seconds", "shutdown_seconds"), LONG)
    return LocalFunction(BOOTSTRAP, **{**times, **settings})


def process_state(pid: int) -> str:
    """R, S, T …, or "" when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def wait_until(condition, seconds=LONG) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


class FunctionTest(unittest.TestCase):
    def gate(self) -> pathlib.Path:
        """A file that does not exist yet: what a function is told to wait for."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name) / "gate"


class WellBehaved(FunctionTest):
    def test_answers_reuse_the_process(self):
        with function() as local:
            for number in range(50):
                result = local.invoke({"number": number})
                self.assertEqual(result.json(), {"number": number})
                self.assertEqual(result.function_error, "")
                self.assertEqual(result.cold, number == 0)
            self.assertEqual(local.environments, 1)
            self.assertGreater(result.max_memory_kb, 1000)
        self.assertEqual(local.exit_statuses, [0])
        self.assertEqual(local.logs.count("ready"), 1)

    def test_environment_is_lambdas_and_nothing_else(self):
        os.environ["LEAKED_SECRET"] = "yes"
        self.addCleanup(os.environ.pop, "LEAKED_SECRET")
        with function(
            name="loader",
            memory_mb=256,
            environment={"secret_postgres": "s", "AWS_LAMBDA_RUNTIME_API": "evil"},
            credentials=lambda: {"AWS_ACCESS_KEY_ID": "ASIA1"},
            log_format="JSON",
            log_level="DEBUG",
        ) as local:
            seen = local.invoke(
                {"do": "describe"},
                trace_id="Root=1-2-3",
                client_context='{"a":1}',
                cognito_identity='{"cognitoIdentityId":"i"}',
                tenant_id="t-1",
            ).json()
        environment, headers = seen["environment"], seen["headers"]
        self.assertRegex(environment.pop("AWS_LAMBDA_RUNTIME_API"), r"\A127\.0\.0\.1:\d+\Z")
        self.assertRegex(
            environment.pop("AWS_LAMBDA_LOG_STREAM_NAME"), r"\[\$LATEST\][0-9a-f]{32}\Z"
        )
        environment.pop("PATH"), environment.pop("LD_LIBRARY_PATH"), environment.pop(
            "LC_CTYPE", None
        )
        self.assertEqual(
            environment,
            {
                "_HANDLER": "bootstrap",
                "LAMBDA_TASK_ROOT": str(BOOTSTRAP.parent),
                "LAMBDA_RUNTIME_DIR": "/var/runtime",
                "AWS_LAMBDA_FUNCTION_NAME": "loader",
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/loader",
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
                "AWS_REGION": "eu-west-1",
                "AWS_DEFAULT_REGION": "eu-west-1",
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                "TZ": ":UTC",
                "LANG": "en_US.UTF-8",
                "secret_postgres": "s",
                "AWS_ACCESS_KEY_ID": "ASIA1",
            },
        )
        self.assertEqual(
            headers["Lambda-Runtime-Invoked-Function-Arn"],
            "arn:aws:lambda:eu-west-1:111122223333:function:loader",
        )
        self.assertEqual(headers["Lambda-Runtime-Trace-Id"], "Root=1-2-3")
        self.assertEqual(headers["Lambda-Runtime-Client-Context"], '{"a":1}')
        self.assertEqual(headers["Lambda-Runtime-Cognito-Identity"], '{"cognitoIdentityId":"i"}')
        self.assertEqual(headers["Lambda-Runtime-Aws-Tenant-Id"], "t-1")
        self.assertTrue(headers["Lambda-Runtime-Invocation-Id"])
        self.assertEqual(seen["cwd"], str(BOOTSTRAP.parent))
        self.assertTrue(0 < seen["remaining"] <= LONG, seen["remaining"])

    def test_absent_headers_are_absent(self):
        with function(send_invocation_id=False) as local:
            headers = local.invoke({"do": "describe"}).json()["headers"]
        for name in (
            "Trace-Id",
            "Client-Context",
            "Cognito-Identity",
            "Aws-Tenant-Id",
            "Invocation-Id",
        ):
            self.assertNotIn(f"Lambda-Runtime-{name}", headers)

    def test_log_lines_belong_to_their_invocation(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "log"
            with function(log_file=file) as local:
                first = local.invoke({"do": "log", "text": "one\ntwo"}).log
                second = local.invoke({"do": "log", "text": "three"}).log
            self.assertEqual(first[1:5], ["ready", "one", "two", "to stderr"])
            self.assertTrue(first[0].startswith("START RequestId: "))
            self.assertRegex(
                first[-1], r"\AREPORT RequestId: .*\tDuration: [0-9.]+ ms\t.*Memory Size: 128 MB"
            )
            self.assertEqual(second[1:3], ["three", "to stderr"])
            self.assertEqual(file.read_text().splitlines(), local.logs)

    def test_error_of_the_handler(self):
        with function() as local:
            result = local.invoke({"do": "fail"})
            self.assertEqual(
                (result.function_error, result.error_type), ("Unhandled", "Function.Sad")
            )
            self.assertEqual(
                result.json(), {"errorMessage": "no luck", "errorType": "Sad", "stackTrace": []}
            )
            self.assertFalse(local.invoke({}).cold)

    def test_largest_response(self):
        with function() as local:
            self.assertEqual(len(local.invoke({"do": "size", "bytes": 6291556}).payload), 6291556)

    def test_a_new_connection_takes_over(self):
        with function() as local:
            for _ in range(3):
                self.assertEqual(local.invoke({"do": "reconnect"}).payload, b"1")

    def test_parallel_invocations_start_environments_up_to_the_cap(self):
        gate = self.gate()
        with function(concurrency=2) as local:
            threads = [
                threading.Thread(target=local.invoke, args=({"do": "wait", "file": str(gate)},))
                for _ in range(3)
            ]
            for thread in threads:
                thread.start()
            self.assertTrue(wait_until(lambda: local.environments == 2))
            with self.assertRaises(Throttled):
                local.invoke({}, wait=False)
            gate.touch()
            for thread in threads:
                thread.join()
            self.assertEqual(local.environments, 2)

    def test_aborting_ends_what_is_busy(self):
        local = function()
        results = []
        thread = threading.Thread(
            target=lambda: results.append(local.invoke({"do": "sleep", "seconds": 600}))
        )
        thread.start()
        self.assertTrue(wait_until(lambda: "ready" in local.logs))
        pid = local.pids[0]
        local.close(abort=True)
        self.assertEqual((process_state(pid), local.environments), ("", 0))
        thread.join(LONG)
        self.assertEqual(results[0].error_type, "Runtime.ExitError")

    def test_frozen_between_invocations(self):
        with function(freeze=True) as local:
            for _ in range(3):
                local.invoke({})
                pid = local.pids[0]
                self.assertTrue(wait_until(lambda: process_state(pid) == "T"))
        self.assertEqual(process_state(pid), "")
        self.assertEqual(local.exit_statuses, [0])

    def test_frozen_although_it_asks_before_its_start_is_known(self):
        class SlowlyKnown(FunctionProcess):
            def __init__(self, *arguments):
                super().__init__(*arguments)
                time.sleep(1)  # in which the process asks for its first event

        with unittest.mock.patch("emulator.lambda_.environment.FunctionProcess", SlowlyKnown):
            with function(freeze=True) as local:
                self.assertEqual(local.invoke({"n": 1}).json(), {"n": 1})
                self.assertTrue(wait_until(lambda: process_state(local.pids[0]) == "T"))


class Failing(FunctionTest):
    def test_exit_status(self):
        for status, text in (
            (1, "Runtime exited with error: exit status 1"),
            (0, "Runtime exited without providing a reason"),
        ):
            with self.subTest(status), function() as local:
                result = local.invoke({"do": "exit", "status": status})
                self.assertEqual(
                    result.json(),
                    {
                        "errorType": "Runtime.ExitError",
                        "errorMessage": f"RequestId: {result.request_id} Error: {text}",
                    },
                )
                self.assertEqual(result.function_error, "Unhandled")
                self.assertTrue(local.invoke({}).cold)

    def test_killed_by_signal(self):
        with function() as local:
            result = local.invoke({"do": "signal", "signal": signal.SIGSEGV})
        self.assertTrue(
            result.json()["errorMessage"].endswith(
                "Error: Runtime exited with error: signal: segmentation fault"
            )
        )

    def test_timeout_kills_the_process_and_its_children(self):
        with function() as local:
            local.invoke({"do": "fork"})
            pid = local.pids[0]
            local.settings.timeout = 2
            result = local.invoke({"do": "sleep", "seconds": 600})
            self.assertEqual(
                result.json(),
                {
                    "errorType": "Sandbox.Timeout",
                    "errorMessage": (
                        f"RequestId: {result.request_id} Error: Task timed out after 2.00 seconds"
                    ),
                },
            )
            self.assertEqual(process_state(pid), "")
            # A child that was killed is reaped by init.
            self.assertTrue(wait_until(lambda: not self._processes_of(pid)))
            local.settings.timeout = LONG
            self.assertTrue(local.invoke({}).cold)

    def _processes_of(self, group: int) -> list[pathlib.Path]:
        stats = pathlib.Path("/proc").glob("[0-9]*/stat")
        return [entry for entry in stats if self._group(entry) == group]

    @staticmethod
    def _group(entry: pathlib.Path) -> int:
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return 0
        return 0 if fields[0] == "Z" else int(fields[2])

    def late(self, **options) -> LocalFunction:
        """A function whose answer is on its way although its time is over."""
        gate = self.gate()
        local = function(timeout=1, kill_on_timeout=False)
        result = local.invoke({"do": "wait", "file": str(gate)}, **options)
        self.assertEqual(result.error_type, "Sandbox.Timeout")
        local.settings.timeout = LONG
        gate.touch()
        return local

    def test_late_answer_gets_410_and_the_process_goes_on(self):
        with self.late() as local:
            self.assertEqual(local.invoke({"n": 2}).json(), {"n": 2})
            self.assertEqual(local.late_answers, 1)
            self.assertIn("answered 410", local.logs)

    def test_late_answer_never_reaches_a_retry_with_the_same_request_id(self):
        with self.late(request_id="same") as local:
            self.assertEqual(local.invoke({"n": 2}, request_id="same").json(), {"n": 2})
            self.assertEqual(local.late_answers, 1)

    def test_init_error(self):
        with function(environment={"INIT": "error"}) as local:
            result = local.invoke({})
            self.assertEqual(result.error_type, "Runtime.Config")
            self.assertEqual(result.json(), {"errorMessage": "no table", "errorType": "Config"})
            self.assertTrue(local.invoke({}).cold)

    def test_exit_during_init(self):
        with function(environment={"INIT": "exit7"}) as local:
            self.assertIn("exit status 7", local.invoke({}).json()["errorMessage"])

    def test_slow_init_runs_again_inside_the_invocation(self):
        with tempfile.TemporaryDirectory() as folder:
            with function(
                environment={"INIT": f"slow once:{folder}/marker"}, init_seconds=3
            ) as local:
                self.assertEqual(local.invoke({"n": 1}).json(), {"n": 1})
                self.assertTrue(any("Phase: init\tStatus: timeout" in line for line in local.logs))

    def test_init_that_never_ends(self):
        with function(environment={"INIT": "slow"}, init_seconds=0.2, timeout=0.2) as local:
            self.assertEqual(local.invoke({}).error_type, "Sandbox.Timeout")

    def test_nothing_to_execute(self):
        with LocalFunction(BOOTSTRAP.with_name("missing")) as local:
            self.assertEqual(local.invoke({}).error_type, "Runtime.InvalidEntrypoint")

    def test_process_that_ends_late_is_not_called_stubborn(self):
        with function(environment={"INIT": "tardy"}) as local:
            local.invoke({})
        self.assertEqual(local.exit_statuses, [0])

    def test_stubborn_process_is_killed_on_shutdown_and_reported(self):
        silence(self)
        local = function(environment={"INIT": "stubborn"}, shutdown_seconds=2)
        local.invoke({})
        local.close()
        self.assertEqual(local.exit_statuses, [-signal.SIGKILL])
        with self.assertRaisesRegex(ProtocolViolation, "did not end within 2 s of SIGTERM"):
            local.check()


def silence(test: unittest.TestCase) -> None:
    """Violations are wanted here; they need not stand in the test's output."""
    logging.getLogger("emulator.runtime").disabled = True
    test.addCleanup(setattr, logging.getLogger("emulator.runtime"), "disabled", False)


class Violations(unittest.TestCase):
    """What a faulty client does: each is refused as AWS refuses it, and remembered."""

    CASES = (  # event, what is logged, the violation, the outcome's error type
        ({"do": "twice"}, "second 403", "second answer", ""),
        ({"do": "wrong id"}, "wrong id 400", "answer for 'nobody'", ""),
        ({"do": "no echo"}, None, "Invocation-Id is not echoed", ""),
        ({"do": "wrong echo"}, "wrong echo 400", "'x' was never sent", ""),
        ({"do": "bad mode"}, "mode 400", "response mode 'loud'", ""),
        ({"do": "form"}, None, "x-www-form-urlencoded", ""),
        ({"do": "size", "bytes": 6291557}, "answered 413", None, "Function.ResponseSizeTooLarge"),
        ({"do": "bad error type"}, None, "Error-Type 'Sad'", "Runtime.Unknown"),
        ({"do": "bad error body", "body": "oops"}, None, "not JSON", "Function.Sad"),
        (
            {"do": "bad error body", "body": '{"errorMessage":1,"errorType":"x"}'},
            None,
            "needs errorMessage",
            "Function.Sad",
        ),
        ({"do": "late init error"}, "init error 403", "/init/error when", ""),
        ({"do": "unknown path"}, "path 404", "no such path", ""),
        ({"do": "short"}, None, "before its Content-Length", "Runtime.TruncatedResponse"),
    )

    def setUp(self):
        silence(self)

    def test_refused_and_remembered(self):
        local = function()
        self.addCleanup(local.close)
        for event, logged, violation, error_type in self.CASES:
            with self.subTest(event=event):
                local.violations.clear()
                result = local.invoke(event)
                self.assertEqual(result.error_type, error_type)
                if logged:
                    self.assertIn(logged, result.log)
                if violation:
                    self.assertEqual(len(local.violations), 1, local.violations)
                    self.assertIn(violation, local.violations[0])
                    self.assertRaises(ProtocolViolation, local.check)
                else:
                    self.assertEqual(local.violations, [])

    def test_next_without_an_answer_gets_the_same_event_again(self):
        local = function(timeout=8)
        self.addCleanup(local.close)
        self.assertEqual(local.invoke({"do": "forget"}).error_type, "Sandbox.Timeout")
        self.assertIn("is not answered", local.violations[0])

    def test_leaving_the_block_raises(self):
        with self.assertRaises(ProtocolViolation):
            with function() as local:
                local.invoke({"do": "form"})


if __name__ == "__main__":
    unittest.main()
