"""Runs a C test of tests/wire that needs a real Postgres, and judges what it reports."""

import os
import pathlib
import re
import subprocess
import unittest

from emulator.postgres import Postgres

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
FLAVOUR = os.environ.get("FLAVOUR", "test")
SECONDS = 120


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
