"""Runs every benchmark of this folder, one after the other: `make bench` calls it.

A benchmark is a program beside this one that takes --build, prints figures with PASS or FAIL, and
exits 0 when every bar is kept. Ctrl-C and SIGTERM end it once it has removed its files.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 20.0


class Stop(BaseException):
    """A signal asks for the end."""


def _stop(number, frame):
    raise Stop


def attend(command: list[str]) -> int:
    """The program's exit status. It is in a group of its own, so that a signal comes to it once."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return process.wait()
    except Stop:
        for number in SIGNALS:  # the end is under way; another Ctrl-C must not cut it short
            signal.signal(number, signal.SIG_IGN)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--only", default="", help="run the benchmarks whose name contains this")
    arguments = parser.parse_args()
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        failed = run_all(arguments)
    except Stop:
        print("stopped before all benchmarks had run")
        return 130
    print(f"bars not kept: {', '.join(failed)}" if failed else "every bar is kept")
    return 1 if failed else 0


def run_all(arguments: argparse.Namespace) -> list[str]:
    """The names of those that failed."""
    failed = []
    for program in sorted(HERE.glob("*.py")):
        if program.name != "run.py" and arguments.only in program.stem:
            print(f"== {program.stem}", flush=True)
            command = [sys.executable, str(program), "--build", str(arguments.build.resolve())]
            if attend(command) != 0:
                failed.append(program.stem)
    return failed


if __name__ == "__main__":
    sys.exit(main())
