"""Commands that tests run, with a time limit."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def run(*command, **options) -> subprocess.CompletedProcess:
    """Runs a command to its end, with a time limit and nothing of the caller's environment."""
    options = {"env": {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}, "timeout": 60, **options}
    return subprocess.run(
        [str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )


def must(*command, **options) -> str:
    result = run(*command, **options)
    if result.returncode != 0:
        raise AssertionError(f"{command} failed:\n{result.stdout}")
    return result.stdout
