"""Runs the real `aws` command against a local AWS; the caller's configuration stays out."""

import json
import subprocess
import typing

AWS = "/usr/bin/aws"


class CliError(Exception):
    """The command failed; `text` is what it wrote to stderr."""

    def __init__(self, text: str, status: int):
        super().__init__(text)
        self.text, self.status = text, status


class AwsCli:
    """`environment` is LocalAws.environment()."""

    def __init__(self, environment: typing.Mapping[str, str]):
        self.environment = {
            **environment,
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "LC_ALL": "C.UTF-8",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def run(self, *arguments: str, timeout: float = 180.0) -> str:
        """stdout; raises CliError."""
        command = [
            AWS,
            "--endpoint-url",
            self.environment["AWS_ENDPOINT_URL"],
            *map(str, arguments),
        ]
        result = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        if result.returncode != 0:
            raise CliError(result.stderr.strip(), result.returncode)
        return result.stdout

    def json(self, *arguments: str) -> typing.Any:
        """The JSON that the command printed; None if it printed nothing."""
        output = self.run(*arguments, "--output", "json")
        return json.loads(output) if output.strip() else None
