"""Runs C tests of tests/wire that need a real Postgres, and judges what they report."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from emulator import deployment_sql
from emulator.core.postgres import Postgres

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
FLAVOUR = os.environ.get("FLAVOUR", "test")
MIGRATIONS = sorted((ROOT / "sql/postgres").glob("[0-9]*.sql"))
SECONDS = 120


class TablesTest(unittest.TestCase):
    """Programs on a private server, with sql/postgres applied."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="wire-programs-")
        cls.addClassCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        cls.postgres = Postgres(pathlib.Path(folder.name) / "postgres")
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.start()
        deployment_sql.run_on_postgres(cls.postgres, MIGRATIONS)

    def check(self, name: str) -> None:
        check(self, name, self.postgres)


def check(case: unittest.TestCase, name: str, postgres: Postgres, **more: str) -> None:
    """Every test of the program must pass, none be skipped, on the configuration database of the
    server; `more` are environment variables for it."""
    program = BUILD / FLAVOUR / "tests/wire" / name
    case.assertTrue(program.exists(), f"{program} is not built")
    result = subprocess.run(
        [program],
        cwd=ROOT,
        env={**os.environ, **postgres.environment(), "CMOCKA_MESSAGE_OUTPUT": "TAP", **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    case.assertEqual(result.returncode, 0, result.stdout)
    case.assertRegex(result.stdout, re.compile(r"^ok \d+ - ", re.MULTILINE))
    case.assertNotRegex(result.stdout, re.compile(r"^not ok|# SKIP", re.MULTILINE))
    case.assertNotIn("PANIC", postgres.log())
