"""`make local`: what stands in build/local/env, and that nothing is left when it ends."""

import os
import pathlib
import shlex
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import psycopg2

from emulator.aws_cli import AwsCli

TESTS = pathlib.Path(__file__).resolve().parents[1]


class Foreground(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="make-local-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "local"
        self.env = self.folder / "env"

    def start(self, *arguments, folder=None) -> subprocess.Popen:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(TESTS)}
        process = subprocess.Popen(
            [
                "/usr/bin/python3",
                "-m",
                "emulator",
                "--folder",
                (folder or self.folder).name,  # relative, as make gives it
                *arguments,
            ],
            env=environment,
            cwd=self.folder.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, 120)
        self.addCleanup(process.terminate)
        return process

    def wait_for_env(self, process) -> dict[str, str]:
        end = time.monotonic() + 120
        while not self.env.exists():
            self.assertIsNone(process.poll(), "it ended instead of starting")
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        words = [shlex.split(line) for line in self.env.read_text().splitlines()]
        return dict(word[1].split("=", 1) for word in words if word[0] == "export")

    def test_life(self):
        process = self.start("--port", "0")
        values = self.wait_for_env(process)
        self.assertEqual(self.env.stat().st_mode & 0o777, 0o600)
        self.assertLessEqual(
            {
                "AWS_ENDPOINT_URL",
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_REGION",
                "AWS_DEFAULT_REGION",
                "PGHOST",
                "PGPORT",
                "PGUSER",
                "PGDATABASE",
            },
            set(values),
        )
        for shell in ("/bin/sh", "/bin/bash"):
            self.type_elsewhere(shell, values["AWS_ENDPOINT_URL"])
        identity = AwsCli(values).json("sts", "get-caller-identity")
        self.assertEqual(identity["Account"], "111122223333")
        with psycopg2.connect(
            host=values["PGHOST"],
            port=values["PGPORT"],
            user=values["PGUSER"],
            password=values["PGPASSWORD"],
            dbname=values["PGDATABASE"],
        ) as database:
            with database.cursor() as cursor:
                cursor.execute("SELECT current_database()")
                self.assertEqual(cursor.fetchone(), (values["PGDATABASE"],))
        database.close()

        second = self.start("--port", "0")
        self.assertIn("another local AWS is running", second.communicate(timeout=120)[0])
        self.assertEqual(second.returncode, 1)
        port = values["AWS_ENDPOINT_URL"].rpartition(":")[2]
        third = self.start("--port", port, folder=self.folder.with_name("other"))
        self.assertIn(f"port {port} is taken", third.communicate(timeout=120)[0])
        self.assertEqual(third.returncode, 1)
        self.assertTrue(self.env.exists())

        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=120)[0]
        self.assertEqual(process.returncode, 0, output)
        self.assertIn("The local AWS is up on " + values["AWS_ENDPOINT_URL"], output)
        self.assertFalse(self.env.exists())
        self.assertFalse((self.folder / "state").exists())
        for number in (port, values["PGPORT"]):
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", int(number)), timeout=5)

    def type_elsewhere(self, shell: str, endpoint: str) -> None:
        """In a shell that has seen other work, behind a proxy."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SESSION_TOKEN": "left over",
            "HTTP_PROXY": "http://127.0.0.1:1",
            "http_proxy": "http://127.0.0.1:1",
            "no_proxy": "example.org",
        }
        commands = (
            f". {shlex.quote(str(self.env))}",
            'echo "$AWS_ENDPOINT_URL $no_proxy $NO_PROXY"',
            "aws sts get-caller-identity",
            "AWS_ENDPOINT_URL= aws configure list",  # then it is the plain command
        )
        result = subprocess.run(
            [shell, "-euc", "\n".join(commands)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("111122223333", result.stdout)
        self.assertIn("access_key", result.stdout)
        self.assertIn(f"{endpoint} 127.0.0.1,example.org 127.0.0.1\n", result.stdout)

    def test_ended_while_it_starts(self):
        process = self.start("--port", "0")
        self.assertIn("starting", process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=120)[0]
        self.assertEqual((process.returncode, self.env.exists()), (0, False), output)
        self.assertFalse((self.folder / "state").exists())

    def test_where_it_cannot_start(self):
        self.folder.touch()  # a file where the folder should be
        for problem, arguments in (
            ("the local AWS cannot start: ", ("--port", "0")),
            ("'70000' is no port", ("--port", "70000")),
            ("'http' is no port", ("--port", "http")),
        ):
            with self.subTest(problem):
                process = self.start(*arguments)
                output = process.communicate(timeout=120)[0]
                self.assertIn(problem, output)
                self.assertNotIn("Traceback", output)
                self.assertNotEqual(process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
