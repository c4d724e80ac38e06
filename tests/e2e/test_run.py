"""What `make test` says of test programs that crash, hang or print rubbish, and how it and `make bench`
are stopped.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
DRIVER = """\
import pathlib, sys, run
run.GRACE_SECONDS = float(sys.argv[1])
run.MEMORY, run.MEMORY_NEEDED = pathlib.Path(sys.argv.pop(2)), 0
shell = [["/bin/sh", "-c", script] for script in sys.argv[2:]]
programs = [run.Program(f"made/{n}", command, 1 if "hang" in command[2] else 60)
            for n, command in enumerate(shell)] + [run.Program("made/none", ["/nonexistent"], 60)]
run.discover = lambda build, flavour: programs if shell else programs[-1:]
sys.argv[1:] = []
sys.exit(run.main())
"""
TAP = "/usr/bin/python3 " + str(TESTS / "tap.py")


def environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(TESTS), "PYTHONDONTWRITEBYTECODE": "1"}


def tests(*scripts: str, grace: float = 3.0, place: str = "/dev/shm") -> subprocess.Popen:
    """The runner on programs of these scripts, and on one that does not exist. As from a terminal.
    `grace`: seconds that a program has to end when it is told to; `place`: for temporary files."""
    return subprocess.Popen(
        ["/usr/bin/python3", "-c", DRIVER, str(grace), place, *scripts],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        restore_signals=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def said(*scripts: str, place: str = "/dev/shm") -> tuple[int, str]:
    process = tests(*scripts, place=place)
    output = process.communicate(timeout=300)[0]
    return process.returncode, output


class Summary(unittest.TestCase):
    def assert_problem(self, script: str, passed: int, problem: str) -> None:
        status, output = said(script)
        with self.subTest(script):
            self.assertEqual(status, 1, output)
            self.assertIn(f"made/0: {problem}\n", output)
            self.assertRegex(output, rf"FAIL made/0 +{passed} passed")
            self.assertTrue(output.endswith(f"{passed} passed, 2 failed\n"), output)

    def test_programs_that_do_not_end_well(self):
        self.assert_problem("echo 1..2; echo ok 1; kill -SEGV $$", 1, "killed by SIGSEGV")
        self.assert_problem("echo 1..1; echo ok 1; exit 3", 1, "exit status 3")
        self.assert_problem("echo ok 1", 1, "planned 0 tests and reported 1")
        self.assert_problem("echo 1..3; echo ok 1; echo ok 2", 2, "planned 3 tests and reported 2")
        self.assert_problem("printf 'rubbish\\377\\0rubbish'", 0, "planned 0 tests and reported 0")
        self.assert_problem("true hang; sleep 60", 0, "still running after its limit of 1 s")
        self.assert_problem(
            "trap '' TERM; true hang; while :; do sleep 0.1; done",
            0,
            "still running after its limit of 1 s",
        )

    def test_who_stays_behind_holds_nothing_up(self):
        """A server that a test left behind has its output still open."""
        began = time.monotonic()
        status, output = said("setsid sleep 100 & echo 1..1; echo ok 1")
        self.assertLess(time.monotonic() - began, 99)
        self.assertRegex(output, r"ok   made/0 +1 passed")

    def test_what_a_program_and_its_children_use(self):
        burn = "/usr/bin/python3 -c 'import time\nwhile time.process_time() < 0.5: pass'"
        output = said(f"{burn}; echo 1..1; echo ok 1", "echo 1..1; echo ok 1")[1]
        used = {name: float(text) for name, text in re.findall(r"made/(\d) .* ([\d.]+) s of CPU", output)}
        self.assertGreaterEqual(used["0"], 0.5)
        self.assertLess(used["1"], 0.5)

    def test_temporary_files_go_with_the_run(self):
        leave = "echo 1..1; echo ok 1; echo left >$TMPDIR/file; echo folder $TMPDIR; exit 1"
        output = said(leave)[1]
        folder = pathlib.Path(re.search(r"folder (\S+)", output)[1])
        self.assertRegex(folder.name, "^external-file-tests-")
        self.assertFalse(folder.exists())

    def test_what_a_killed_run_left_is_removed_and_no_more(self):
        with tempfile.TemporaryDirectory(prefix="run-") as name:
            place, facts = pathlib.Path(name), pathlib.Path(name) / "facts"
            waiting = f"echo $$ $TMPDIR >{facts}.new; mv {facts}.new {facts}; exec sleep 600"
            killed = tests(waiting, place=name)
            while not facts.exists():
                time.sleep(0.02)
            killed.kill()
            pid, folder = facts.read_text().split()
            os.kill(int(pid), signal.SIGKILL)
            killed.communicate()
            alive = tests(waiting, place=name)
            while folder in facts.read_text():
                time.sleep(0.02)
            said("echo 1..1; echo ok 1", place=name)
            left = [item for item in place.iterdir() if item != facts]
            self.assertEqual([str(item) for item in left], facts.read_text().split()[1:])
            alive.terminate()
            alive.communicate(timeout=300)

    def test_a_program_that_is_not_there(self):
        status, output = said()
        self.assertEqual(status, 1)
        self.assertRegex(output, "made/none: cannot be started: .*No such file")
        self.assertTrue(output.endswith("0 passed, 1 failed\n"), output)

    def test_a_name_that_nothing_has(self):
        result = subprocess.run(
            ["/usr/bin/python3", str(TESTS / "run.py"), "--only", "nosuch"],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
            timeout=300,
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("no test program has 'nosuch' in its name", result.stdout)


CASE = """\
import pathlib, time, unittest
def note(text):
    with open({notes!r}, "a") as file:
        file.write(text + "\\n")
def setUpModule():
    unittest.addModuleCleanup(note, "module")
class Slow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(note, "class")
    def test(self):
        self.addCleanup(note, "test")
        note("started")
        time.sleep(600)
"""


BENCH = """\
import pathlib, tempfile, time
with tempfile.TemporaryDirectory(dir={folder!r}) as folder:
    pathlib.Path({notes!r}).write_text("started")
    try:
        time.sleep(600)
    finally:
        time.sleep(1)
"""


class Stopping(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="run-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.case, self.notes = self.folder / "test_slow.py", self.folder / "notes"
        self.case.write_text(CASE.format(notes=str(self.notes)))

    def wait_for(self, text: str) -> list[str]:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            lines = self.notes.read_text().splitlines() if self.notes.exists() else []
            if text in lines:
                return lines
            time.sleep(0.05)
        self.fail(f"no {text!r} in the notes")

    def test_ctrl_c_and_sigterm(self):
        pidfile = self.case.with_name("pid")
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self.notes.unlink(missing_ok=True)
                pidfile.unlink(missing_ok=True)
                process = tests(
                    f"exec {TAP} {self.case}",
                    f"echo $$ > {pidfile}.new; mv {pidfile}.new {pidfile}; exec sleep 600",
                    grace=120,
                )
                self.wait_for("started")
                while not pidfile.exists():  # the other program, too
                    time.sleep(0.02)
                process.send_signal(number)
                output = process.communicate(timeout=300)[0]
                self.assertEqual(process.returncode, 130, output)
                self.assertTrue(output.endswith("stopped before all tests had run\n"), output)
                self.assertNotIn("Traceback", output)
                self.assertIsNone(re.search(r"\d+ passed, \d+ failed", output))
                lines = self.notes.read_text().splitlines()
                self.assertEqual(lines, ["started", "test", "class", "module"])
                self.assertFalse(os.path.exists(f"/proc/{pidfile.read_text().strip()}"))

    def test_a_benchmark(self):
        work = self.folder / "work"
        work.mkdir()
        (self.folder / "slow.py").write_text(
            BENCH.format(folder=str(work), notes=str(self.notes))
        )
        shutil.copy(TESTS / "bench/run.py", self.folder / "run.py")
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self.notes.unlink(missing_ok=True)
                process = subprocess.Popen(
                    ["/usr/bin/python3", str(self.folder / "run.py"), "--only", "slow"],
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    start_new_session=True,
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                )
                self.wait_for("started")
                os.killpg(process.pid, number)
                output = process.communicate(timeout=300)[0]
                self.assertEqual(process.returncode, 130, output)
                self.assertEqual(output, "== slow\nstopped before all benchmarks had run\n")
                self.assertEqual(list(work.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
