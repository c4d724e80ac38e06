"""Asynchronous events and log lines when something of the local AWS itself fails."""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from emulator.lambda_.async_queue import AsyncQueue, RetryRules
from emulator.lambda_.environment import Result
from emulator.lambda_.log import LogPipe
from emulator.core.service import Clock

TESTS = pathlib.Path(__file__).resolve().parents[2]


class Faults(unittest.TestCase):
    def setUp(self):
        self.lost: list[tuple[bytes, str]] = []
        self.tries: list[bytes] = []

    def queue(self, fail) -> AsyncQueue:
        def run(payload, request_id):
            self.tries.append(payload)
            fail(len(self.tries))
            return Result(request_id, b"null")

        queue = AsyncQueue(
            run,
            RetryRules,
            Clock(),
            lambda job, result, condition: self.lost.append((job.payload, condition)),
            delays=(0.0,),
            workers=1,
        )
        self.addCleanup(queue.stop)
        return queue

    def test_a_run_that_raises_is_a_failed_attempt(self):
        def fail_once(number):
            if number == 1:
                raise UnicodeError("oops")

        queue = self.queue(fail_once)
        with self.assertLogs("emulator", "ERROR"):
            queue.put(b"1")
            self.assertTrue(queue.wait_idle(60))
        queue.put(b"2")
        self.assertTrue(queue.wait_idle(60))
        self.assertEqual((self.tries, self.lost), ([b"1", b"1", b"2"], []))

    def test_its_retries_have_an_end(self):
        def fail(number):
            raise UnicodeError("oops")

        queue = self.queue(fail)
        with self.assertLogs("emulator", "ERROR"):
            queue.put(b"1")
            self.assertTrue(queue.wait_idle(60))
        self.assertEqual((len(self.tries), self.lost), (3, [(b"1", "RetriesExhausted")]))


class Lines(unittest.TestCase):
    def test_who_looks_on_does_not_end_the_reading(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = pathlib.Path(folder.name) / "log"
        seen: list[str] = []

        def show(line):
            seen.append(line)
            raise UnicodeError("oops")

        with self.assertLogs("emulator", "ERROR"):
            pipe = LogPipe(file, show)
            for number, line in enumerate(("é漢", "after"), 1):
                os.write(pipe.write_end, f"{line}\n".encode())
                end = time.monotonic() + 60
                while len(seen) < number and time.monotonic() < end:
                    time.sleep(0.01)
            pipe.close()
        self.assertEqual(seen, ["é漢", "after"])
        self.assertEqual(file.read_text(), "é漢\nafter\n")

    def test_a_terminal_without_the_letters_gets_a_mark(self):
        script = (
            "import sys, emulator.__main__ as m;"
            "m.run = lambda *_: m.print_line('file-process', 'é漢') or 0;"
            "sys.argv[1:] = []; sys.exit(m.main())"
        )
        done = subprocess.run(
            ["/usr/bin/python3", "-c", script],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TESTS), "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("??", done.stdout)


if __name__ == "__main__":
    unittest.main()
