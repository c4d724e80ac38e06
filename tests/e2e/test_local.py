"""`make local`: what it and README.md say to type does what they say, with the shipped zips."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

from demo.expected import FILES
from emulator.deployment import BUCKET, LANDING

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = "external_input/DEMO_20261101_PA_FLAVOR_527.txt"
COMMAND = ("/usr/bin/python3", "-m", "emulator", "--port", "0")


class Local(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="make-local-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "local"

    def start(self, packages: str, *options: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [*COMMAND, "--folder", str(self.folder), "--deploy", packages, *options],
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

    def readme(self) -> list[str]:
        """The commands that README.md has for the second terminal."""
        text = (ROOT / "README.md").read_text()
        begin = text.index("`make local` leaves that system running")
        part = text[begin : text.index("\n## ", begin)]
        return re.findall("(?m)^    (.*)$", part.replace("build/local/", f"{self.folder}/"))

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
        commands = self.greeting(process)
        self.assertTrue((self.folder / "env").exists())
        self.assertRegex(self.type(*commands), rf"{SAMPLE} +\| DONE +\| +6 \|")
        queues = self.type(commands[0], "aws sqs list-queues --output text")
        self.assertIn("/external-file-arrivals\n", queues)

        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=120)[0]
        self.assertEqual(process.returncode, 0, output)
        for name in ("file-process", "file-process-logging"):
            self.assertRegex(output, rf"(?m)^{name} *\| \d\d:\d\d:\d\d\.\d{{3}} INFO  \w")
            self.assertIn('"level":"INFO"', (self.folder / f"logs/{name}.log").read_text())
        self.assertNotIn("START RequestId", output)
        self.assertFalse((self.folder / "env").exists())

    def test_without_a_queue(self):
        commands = self.greeting(self.start("dist", "--direct"))
        self.assertRegex(self.type(*commands), rf"{SAMPLE} +\| DONE +\| +6 \|")
        self.assertEqual(self.type(commands[0], "aws sqs list-queues"), "")

    def test_what_the_readme_says(self):
        self.greeting(self.start("dist"))
        found = self.type(*self.readme())
        self.assertRegex(found, rf"{SAMPLE} +\| DONE +\| +6 \|")
        self.assertRegex(found, r"(?m)^ TRANSFORMING +\| ")
        self.assertIn("Subject: External File Processing Framework logging --> SUCCESS", found)
        self.assertRegex(found, r'(?m)^[0-9T:-]{19} {"timestamp":".*"level":"INFO"')
        self.assertIn('"stringValue": "00990000101"', found)
        found = self.type(
            f". {self.folder}/env",
            f"aws s3 cp --recursive tests/data s3://{BUCKET}/{LANDING} --exclude 'aws/*'",
            'curl -s "$AWS_ENDPOINT_URL/_local/wait"',
            "psql -Atc 'select key, state from rdscnfg.ext_file'",
        )
        for file in FILES:
            self.assertIn(f"\n{file.key}|{file.end}\n", found)

    def test_without_zips(self):
        output, _ = self.start("/nonexistent").communicate(timeout=120)
        self.assertEqual(
            output, "/nonexistent/file-process.zip is missing: `make package` builds it\n"
        )


if __name__ == "__main__":
    unittest.main()
