"""The `aws` command in a process that has loaded it behaves as the command itself."""

import pathlib
import socket
import subprocess
import tempfile
import threading
import unittest

from emulator.aws_cli import AWS, AwsCli, CliError

ENVIRONMENT = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "AKIATESTER0000000000",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


class Warm(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="aws-cli-")
        self.addCleanup(folder.cleanup)
        pathlib.Path(folder.name, "é").touch()
        self.aws = AwsCli(ENVIRONMENT, folder.name)

    def cold(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [AWS, "--endpoint-url", ENVIRONMENT["AWS_ENDPOINT_URL"], *arguments],
            env=self.aws.environment,
            cwd=self.aws.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
        )
        return done.returncode, done.stdout, done.stderr.strip()

    def warm(self, *arguments: str) -> tuple[int, str, str]:
        try:
            return 0, self.aws.run(*arguments), ""
        except CliError as error:
            return error.status, "", error.text

    def test_same_as_cold(self):
        for arguments in (
            ("--version",),
            ("configure", "list"),
            ("s3", "nonsense"),
            ("s3", "cp", "--dryrun", "é", "s3://box/"),
            ("s3", "cp", "missing", "s3://box/"),
            ("sts", "get-caller-identity"),
        ):
            with self.subTest(arguments):
                self.assertEqual(self.warm(*arguments), self.cold(*arguments))

    def test_one_command_leaves_nothing_to_the_next(self):
        self.aws.run("--version")
        other = AwsCli({**ENVIRONMENT, "AWS_DEFAULT_REGION": "us-east-2"})
        self.assertIn("us-east-2", other.run("configure", "list"))
        self.assertIn("eu-west-1", self.aws.run("configure", "list"))

    def test_side_by_side(self):
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(self.aws.run("--version")))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [self.cold("--version")[1]] * 3)

    def test_a_command_that_does_not_end(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
            stuck = AwsCli({**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint})
            with self.assertRaises(TimeoutError):
                stuck.run("sts", "get-caller-identity", timeout=0.5)
        self.assertIn("aws-cli/", self.aws.run("--version"))


if __name__ == "__main__":
    unittest.main()
