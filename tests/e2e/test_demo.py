"""`make demo` on the shipped zips, and what it says when the functions do nothing."""

import contextlib
import datetime
import io
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import typing
import unittest

from demo.demo import Watch
from demo.samples import DATA, SAMPLES, content
from e2e.system import LANDING
from emulator.deployment import FUNCTIONS
from emulator.local_test import package

TESTS = pathlib.Path(__file__).resolve().parents[1]


ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(TESTS),
    "PYTHONDONTWRITEBYTECODE": "1",
}


@contextlib.contextmanager
def started(module: str) -> typing.Iterator[subprocess.Popen]:
    with subprocess.Popen(
        ["/usr/bin/python3", "-m", module],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def cluster_of(pid: int) -> pathlib.Path:
    """The data folder of the Postgres that this process has started."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            words = (folder / "cmdline").read_text().split("\0")
            if parent == str(pid) and words[0].endswith("/postgres"):
                return pathlib.Path(words[words.index("-D") + 1])
    raise AssertionError(f"process {pid} has no Postgres")


def demo(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["/usr/bin/python3", "-m", "demo.demo", *arguments],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )


class Demo(unittest.TestCase):
    def test_everything_as_expected(self):
        result = demo("--limit", "600")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("All as expected", result.stdout)
        self.assertIn("23 rows staged, 20 in the core tables, 3 in the error tables", result.stdout)

    def test_functions_that_do_nothing(self):
        with tempfile.TemporaryDirectory(prefix="stand-in-") as folder:
            for name in FUNCTIONS:
                pathlib.Path(folder, f"{name}.zip").write_bytes(package())
            result = demo("--packages", folder)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("NOT as expected", result.stdout)
        self.assertIn(
            "DEMO_20261101_SALES_601.gz: copies in the archive: expected 1, found 0", result.stdout
        )
        self.assertIn(
            "left behind in the bucket: external_input/DEMO_2014_RPT_558.csv.gz", result.stdout
        )
        self.assertIn("notices: expected 6, found 0", result.stdout)

    def test_without_zips(self):
        result = demo("--packages", "/nonexistent")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(
            result.stdout,
            "demo: /nonexistent/file-process.zip is missing: `make package` builds it\n",
        )

    def test_samples_are_what_their_script_writes(self):
        self.assertEqual({path.name for path in DATA.glob("DEMO_*")}, set(SAMPLES))
        for name in SAMPLES:
            self.assertEqual((DATA / name).read_bytes(), content(name), name)

    def test_signals_while_it_stops(self):
        with started("demo.demo") as process:
            for line in process.stdout:
                if line.startswith("What happens"):
                    break
            cluster = cluster_of(process.pid)
            self.assertTrue(cluster.is_dir(), cluster)
            while process.poll() is None:
                process.send_signal(signal.SIGTERM)
                time.sleep(0.005)
            rest = process.stdout.read()
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, rest)
        self.assertFalse(cluster.exists(), rest)
        self.assertNotIn("Traceback", rest)

    def test_a_state_with_a_number_below_one_shown_already(self):
        class Database:
            rows: list[dict] = []

            def config_rows(self, sql, *values):
                return sorted(self.rows, key=lambda row: row["sid"])

        def row(sid: int, state: str) -> dict:
            now = datetime.datetime.now(datetime.timezone.utc)
            return {"sid": sid, "state": state, "entered_at": now, "key": LANDING + "file"}

        database, shown = Database(), io.StringIO()
        watch = Watch(database)
        with contextlib.redirect_stdout(shown):
            for rows in ([row(2, "PREPARED")], [row(1, "RECEIVED"), row(2, "PREPARED")]):
                database.rows = rows
                watch.show()
                watch.show()
        states = [line.split()[-1] for line in shown.getvalue().splitlines()]
        self.assertEqual(states, ["PREPARED", "RECEIVED"])


if __name__ == "__main__":
    unittest.main()
