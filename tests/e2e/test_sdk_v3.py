"""The suite of tests/sdk: AWS's SDK v3 for JavaScript against the local AWS, test by test."""

import os
import pathlib
import re
import subprocess
import tempfile
import typing
import unittest

from e2e.system import System
from emulator import local_test
from emulator.local import LocalAws

ROOT = pathlib.Path(__file__).resolve().parents[2]
SDK = ROOT / os.environ.get("BUILD", "build") / "sdk"  # tests/sdk/install.sh says what is there
SECONDS = 240
# Tests stand at the left margin, so that their names can be known before they run.
NAME = re.compile(r'^test\("(.*?)",', re.MULTILINE)
RESULT = re.compile(
    r"^(?P<verdict>ok|not ok) \d+ - (?P<name>.*)\n(?P<details>(?:  .*\n)*)", re.MULTILINE
)


class SuiteFile(unittest.TestCase):
    """One file of the suite, run once; an instance is one of its tests."""

    source: pathlib.Path
    output: str
    results: dict[str, tuple[str, str]]

    def __init__(self, name: str):
        super().__init__("run_one")
        self.name = name

    def __str__(self) -> str:
        return f"{self.source.name}: {self.name}"

    def run_one(self) -> None:
        if self.name not in self.results:
            self.fail(f"it did not run\n{self.output[-4000:]}")
        verdict, details = self.results[self.name]
        if verdict != "ok":
            self.fail(details)

    @classmethod
    def setUpClass(cls):
        if not (SDK / "stamp").exists():
            raise FileNotFoundError(f"{SDK} is not installed: `make setup` does it")
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="sdk-")))
        cls.output = cls.run_node(cls.start())
        found = RESULT.finditer(cls.output)
        cls.results = {each["name"]: (each["verdict"], each["details"]) for each in found}
        if strange := set(cls.results) - set(names_of(cls.source)):
            raise AssertionError(f"tests that do not stand at the margin: {sorted(strange)}")

    @classmethod
    def start(cls) -> LocalAws:
        """What the file needs of AWS."""
        if cls.source.name.startswith("journey"):
            return cls.enterClassContext(System()).local
        with_redshift = cls.source.name.startswith("redshift")
        return cls.enterClassContext(LocalAws(cls.folder / "aws", with_redshift=with_redshift))

    @classmethod
    def run_node(cls, local: LocalAws) -> str:
        package = cls.folder / "function.zip"
        package.write_bytes(local_test.package())
        environment = {
            **local.environment(),
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
            "FUNCTION_ZIP": str(package),
            "FUNCTION_ROLE": local_test.ROLE,
            "REDSHIFT_SECRET": local.redshift_secret,
        }
        # The suite is found through its link, so that node looks for packages beside it.
        options = ("--preserve-symlinks", "--preserve-symlinks-main", "--test-reporter=tap")
        command = [str(SDK / "bin/node"), *options, str(SDK / "suite" / cls.source.name)]
        try:
            result = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
            )
            return result.stdout.decode()
        except subprocess.TimeoutExpired as error:
            return f"{(error.output or b'').decode()}\nstill running after {SECONDS} s"


def names_of(source: pathlib.Path) -> list[str]:
    return NAME.findall(source.read_text())


def load_tests(loader, tests, pattern) -> unittest.TestSuite:
    suite = unittest.TestSuite()
    for source in sorted((ROOT / "tests/sdk").glob("*.test.mjs")):
        file: typing.Any = type(source.name, (SuiteFile,), {"source": source})
        suite.addTests(file(name) for name in names_of(source))
    return suite


if __name__ == "__main__":
    unittest.main()
