"""Runs the real `aws` command against a local AWS; the caller's configuration stays out."""

import atexit
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import typing

AWS = "/usr/bin/aws"
PYTHON = "/usr/bin/python3"  # whose awscli is the one of AWS
WARM_AWS = pathlib.Path(__file__).with_name("warm_aws.py")
BARE = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_PAGER": "",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
}


class CliError(Exception):
    """The command failed; `text` is what it wrote to stderr."""

    def __init__(self, text: str, status: int):
        super().__init__(text)
        self.text, self.status = text, status


class AwsCli:
    """`environment` is LocalAws.environment(), `folder` where the command runs."""

    def __init__(self, environment: typing.Mapping[str, str], folder: str | pathlib.Path = "/"):
        self.environment, self.folder = {**BARE, **environment}, folder

    def run(self, *arguments: str, timeout: float = 180.0) -> str:
        """stdout; raises CliError."""
        job = {
            "arguments": [
                "--endpoint-url",
                self.environment["AWS_ENDPOINT_URL"],
                *map(str, arguments),
            ],
            "environment": self.environment,
            "folder": str(self.folder),
        }
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            status = _run_warm(job, output, errors, timeout)
            if status != 0:
                raise CliError(_text(errors).strip(), status)
            return _text(output)

    def json(self, *arguments: str) -> typing.Any:
        """The JSON that the command printed; None if it printed nothing."""
        output = self.run(*arguments, "--output", "json")
        return json.loads(output) if output.strip() else None


def _text(file: typing.BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()


# --- processes that have loaded the command ---


class WarmAws:
    """Runs one job after the other."""

    def __init__(self):
        self._jobs, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [PYTHON, str(WARM_AWS), str(theirs.fileno())],
                env=BARE,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )

    def run(
        self, job: dict, output: typing.BinaryIO, errors: typing.BinaryIO, timeout: float
    ) -> int:
        self._jobs.settimeout(timeout)
        files = [output.fileno(), errors.fileno()]
        socket.send_fds(self._jobs, [json.dumps(job).encode()], files)
        answer = self._jobs.recv(64)
        if not answer:
            raise RuntimeError(f"{WARM_AWS.name} has ended; it may have said why on stderr")
        return int(answer)

    def end(self) -> None:
        self._jobs.close()
        self._process.wait()

    def kill(self) -> None:
        """Ends the job that runs, too."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self.end()


_idle: list[WarmAws] = []


def _run_warm(
    job: dict, output: typing.BinaryIO, errors: typing.BinaryIO, timeout: float
) -> int:
    """The exit status. Jobs of several threads run side by side."""
    warm = _idle.pop() if _idle else WarmAws()
    try:
        status = warm.run(job, output, errors, timeout)
    except BaseException:
        warm.kill()
        raise
    _idle.append(warm)
    return status


@atexit.register
def _end_idle() -> None:
    while _idle:
        _idle.pop().end()
