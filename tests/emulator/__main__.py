"""`make local`: the local AWS with its Postgres in the foreground, until Ctrl-C or SIGTERM; with
--deploy the whole system is on it.

build/local/env exists exactly while everything is up, so waiting for it is enough.
"""

import argparse
import contextlib
import errno
import fcntl
import os
import pathlib
import shlex
import shutil
import signal
import sys
import typing

from . import deployment
from .deployment_sql import SqlFileError
from .local import LocalAws
from .core.log_line import readable
from .core.postgres import PostgresError

PORT = 4566
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """A signal asks for the end."""


def _stop(number, frame):
    raise Stop


# A token left over from other work would be signed in, and a proxy knows no loopback address. What
# is empty counts as unset. Debian's `aws` ignores AWS_ENDPOINT_URL.
FOR_SHELLS = """\
export AWS_SESSION_TOKEN=''
export NO_PROXY="127.0.0.1${NO_PROXY:+,$NO_PROXY}"
export no_proxy="127.0.0.1${no_proxy:+,$no_proxy}"
aws() { command aws ${AWS_ENDPOINT_URL:+--endpoint-url="$AWS_ENDPOINT_URL"} "$@"; }
"""


def write_env(file: pathlib.Path, values: dict[str, str]) -> None:
    """Appears whole or not at all; it holds passwords, so nobody else may read it."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as stream:
        stream.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
        stream.write(FOR_SHELLS)
    os.replace(draft, file)


HINTS = """\
    . {env}
    aws s3 ls
    psql
"""
DEPLOYED_HINTS = """\
    . {env}
    aws s3 cp {sample} s3://{bucket}/{landing}
    curl -s "$AWS_ENDPOINT_URL/_local/wait"
    psql -c 'select key, state, rows_loaded, reason from rdscnfg.ext_file'

More is in README.md. What the functions log runs by here and is kept in {logs}/.
"""
SAMPLE = deployment.ROOT / "tests/data/DEMO_20261101_PA_FLAVOR_527.txt"


def greet(local: LocalAws, folder: pathlib.Path, deployed: bool) -> None:
    hints = (DEPLOYED_HINTS if deployed else HINTS).format(
        env=shlex.quote(str(folder / "env")),
        sample=shlex.quote(os.path.relpath(SAMPLE)),
        bucket=deployment.BUCKET,
        landing=deployment.LANDING,
        logs=folder / "logs",
    )
    print(
        f"The local AWS is up on {local.endpoint} (region {local.region}). In another terminal:\n"
        f"\n{hints}\nCtrl-C stops everything.\n",
        flush=True,
    )


class Taken(Exception):
    """Somebody else has what we need; the text says what to do."""


def lock(folder: pathlib.Path) -> typing.TextIO:
    """Held as long as the file is open: two of us must not share a folder."""
    file = open(folder / "lock", "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Taken(f"another local AWS is running in {folder}: stop it first") from None
    return file


def start(
    folder: pathlib.Path,
    port: int,
    system: deployment.Options | None,
    undo: contextlib.ExitStack,
) -> LocalAws:
    """Everything is fresh, and gone at the end, but for the logs: they stay until the next run."""
    env = folder / "env"
    undo.enter_context(lock(folder))
    undo.callback(shutil.rmtree, folder / "state", ignore_errors=True)
    for old in (folder / "state", folder / "logs"):
        shutil.rmtree(old, ignore_errors=True)
    env.unlink(missing_ok=True)
    try:
        local = LocalAws(folder / "state", port, logs=folder / "logs", on_log=print_line)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Taken(
            f"port {port} is taken: another local AWS may be running; stop it, or choose another"
            " port: make local PORT=4567"
        ) from None
    undo.callback(local.stop)
    undo.callback(lambda: env.unlink(missing_ok=True))
    local.start()
    if system:
        deployment.Deployment(local, system).deploy()
    write_env(env, local.environment())
    return local


def run(folder: pathlib.Path, port: int, system: deployment.Options | None = None) -> int:
    """With `system` it is deployed."""
    with contextlib.ExitStack() as undo:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for number in SIGNALS:
                signal.signal(number, _stop)
            if system:
                deployment.check_packages(system.packages)
            print("starting the local AWS and its Postgres ...", flush=True)
            greet(start(folder, port, system, undo), folder, system is not None)
            while True:
                signal.pause()
        except (Taken, PostgresError, deployment.MissingPackage, SqlFileError) as error:
            print(error, file=sys.stderr)
            return 1
        except OSError as error:  # no place, or no right to it
            print(f"the local AWS cannot start: {error}", file=sys.stderr)
            return 1
        except Stop:
            for number in SIGNALS:  # the end is under way; another Ctrl-C must not cut it short
                signal.signal(number, signal.SIG_IGN)
            print("\nstopping ...", flush=True)
    return 0


def print_line(function: str, line: str) -> None:
    text = readable(line)
    if text is not None:
        with contextlib.suppress(OSError):  # nobody watches any more; the log is kept all the same
            print(f"{function:20} | {text}\n", end="", flush=True)


def port_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(prog="emulator", description="A local AWS for this project.")
    parser.add_argument(
        "--port", type=port_number, default=PORT, help=f"default {PORT}; 0 lets the system choose"
    )
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/local"))
    parser.add_argument(
        "--deploy",
        type=pathlib.Path,
        metavar="DIST",
        help="deploy the system: both functions from the zips in this folder, all SQL, the wires",
    )
    parser.add_argument(
        "--direct",
        action="store_true",
        help="the bucket announces files to the function itself, not to a queue that feeds it",
    )
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")  # a terminal may not have every letter of a file name
    system = options.deploy and deployment.Options(
        options.deploy, demo_interface=True, search=True, queue=not options.direct
    )
    return run(options.folder, options.port, system)


if __name__ == "__main__":
    sys.exit(main())
