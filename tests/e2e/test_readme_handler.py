"""The handler that README shows is compiled as it stands there, and run."""

import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

from emulator.lambda_.local_function import LocalFunction

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
FIRST_LINE = '#include "runtime/lambda_loop.h"'
FENCE = re.compile(r"^```c\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WARNINGS = ["-std=gnu11", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]


def handler() -> str:
    blocks = [block for block in FENCE.findall((ROOT / "README.md").read_text()) if block.startswith(FIRST_LINE)]
    if len(blocks) != 1:
        raise AssertionError(f"README.md has {len(blocks)} C blocks that begin with {FIRST_LINE}, not one")
    return blocks[0]


def native_flags() -> dict[str, list[str]]:
    output = subprocess.run(
        ["make", "--silent", "-f", "layers/native/native.mk", f"BUILD={BUILD}", "native-flags"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        env={name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")},
    ).stdout
    return {name: shlex.split(value) for name, value in (line.split("=", 1) for line in output.splitlines())}


class ReadmeHandler(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.source = self.folder / "handler.c"
        self.source.write_text(handler())

    def compile(self, *arguments: str | pathlib.Path) -> pathlib.Path:
        binary = self.folder / "bootstrap"
        command = ["gcc", *WARNINGS, "-I.", "-Ilib", self.source, "-o", binary, *arguments]
        result = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=120)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))
        return binary

    def check(self, binary: pathlib.Path) -> None:
        with LocalFunction(binary, timeout=10) as local:
            for event in ({"name": "world"}, {}):
                result = local.invoke(event)
                self.assertEqual(result.function_error, "", result.payload)
                result.json()
            self.assertEqual(local.environments, 1)
        self.assertEqual(local.exit_statuses, [0])

    def test_it_is_about_ten_lines(self):
        code = [line for line in handler().splitlines() if line.strip() and not line.strip().startswith("//")]
        self.assertLessEqual(len(code), 18)

    def test_the_command_beside_it_builds_it(self):
        """README's own gcc line, with other places for the source, the archive and the result."""
        (line,) = re.findall(r"^    (gcc .*bootstrap\.c.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
        archive = "build/release/liblambda_runtime.a"
        self.assertIn(archive, line)
        binary = self.folder / "bootstrap"
        places = {"bootstrap.c": str(self.source), archive: str(BUILD / "release/liblambda_runtime.a"), "bootstrap": str(binary)}
        command = [places.get(word, word) for word in shlex.split(line)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))
        self.check(binary)

    def test_it_works_under_the_sanitizers(self):
        self.check(self.compile("-fsanitize=address,undefined", BUILD / "test/liblambda_runtime.a"))

    def test_the_library_holds_what_the_runtime_needs_and_no_more(self):
        """All of it links with nothing but the C library, and the linker takes all of it."""
        archive = BUILD / "release/liblambda_runtime.a"
        self.check(self.compile("-Wl,--whole-archive", archive, "-Wl,--no-whole-archive"))
        command = ["gcc", "-I.", "-Ilib", self.source, "-o", self.folder / "bootstrap", archive, "-Wl,-t,-t"]
        trace = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
        members = subprocess.run(["ar", "t", archive], capture_output=True, text=True, check=True).stdout
        self.assertEqual(sorted(members.split()), sorted(re.findall(r"liblambda_runtime\.a\)(\w+\.o)", trace)))
        symbols = subprocess.run(["nm", archive], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("crc32", symbols)  # a runtime has nothing to check that way

    def test_it_works_as_a_static_program(self):
        flags = native_flags()
        self.check(self.compile(
            *flags["NATIVE_CFLAGS"], BUILD / "release/liblambda_runtime.a", *flags["NATIVE_LDFLAGS"], *flags["NATIVE_LIBS"],
        ))


if __name__ == "__main__":
    unittest.main()
