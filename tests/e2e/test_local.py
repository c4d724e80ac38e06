"""`make local`: what it prints to be typed does what it says, with the shipped zips."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = "external_input/DEMO_20261101_PA_FLAVOR_527.txt"
COMMAND = ("/usr/bin/python3", "-m", "emulator", "--port", "0")


class Local(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="make-local-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "local"

    def start(self, packages: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [*COMMAND, "--folder", str(self.folder), "--deploy", packages],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tests")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, 120)
        self.addCleanup(process.terminate)
        return process

    def greeting(self, process: subprocess.Popen) -> list[str]:
        """The commands to type."""
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                return [text.strip() for text in lines if text.startswith("    ")]
        self.fail("it ended instead of starting:\n" + "".join(lines))

    def type(self, *commands: str) -> str:
        result = subprocess.run(
            ["/bin/sh", "-euc", "\n".join(commands)],
            cwd=ROOT,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": "/nonexistent",
                "AWS_EC2_METADATA_DISABLED": "true",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def test_a_sample_file(self):
        process = self.start("dist")
        source, copy, query = self.greeting(process)
        self.assertTrue((self.folder / "env").exists())
        self.type(source, copy)
        end = time.monotonic() + 300
        while "DONE" not in (found := self.type(source, query)):
            self.assertLess(time.monotonic(), end, found)
            time.sleep(0.1)
        self.assertRegex(found, rf"{SAMPLE} +\| DONE +\| +6 \|")

        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=120)[0]
        self.assertEqual(process.returncode, 0, output)
        for name in ("file-process", "file-process-logging"):
            self.assertRegex(output, rf"(?m)^{name} *\| \d\d:\d\d:\d\d\.\d{{3}} INFO  \w")
            self.assertIn('"level":"INFO"', (self.folder / f"logs/{name}.log").read_text())
        self.assertNotIn("START RequestId", output)
        self.assertFalse((self.folder / "env").exists())

    def test_without_zips(self):
        output, _ = self.start("/nonexistent").communicate(timeout=120)
        self.assertEqual(
            output, "/nonexistent/file-process.zip is missing: `make package` builds it\n"
        )


if __name__ == "__main__":
    unittest.main()
