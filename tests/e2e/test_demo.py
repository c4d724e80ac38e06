"""`make demo` on the shipped zips, and what it says when the functions do nothing."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from demo.samples import DATA, SAMPLES, content
from emulator.deployment import FUNCTIONS
from emulator.local_test import package

TESTS = pathlib.Path(__file__).resolve().parents[1]


def demo(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["/usr/bin/python3", "-m", "demo.demo", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TESTS), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
    )


class Demo(unittest.TestCase):
    def test_everything_as_expected(self):
        result = demo()
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


if __name__ == "__main__":
    unittest.main()
