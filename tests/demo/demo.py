"""`make demo`: six files through the whole system, on a local AWS of its own, from put to notice.

Exit status 0 only if everything came out as demo/expected.py says.
"""

import argparse
import pathlib
import re
import signal
import subprocess
import sys
import time

from demo import expected, report
from demo.samples import DATA
from e2e.system import LANDING, System
from emulator.aws_cli import AWS, AwsCli
from emulator.deployment import BUCKET, FUNCTIONS, MissingPackage, PACKAGES
from emulator.deployment_sql import SqlFileError
from emulator.core.postgres import PostgresError
from emulator.sns.mail import mailbox

LIMIT_SECONDS = 90.0


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop(number, frame):
    """The end begins: another signal must not cut it short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--packages", type=pathlib.Path, default=PACKAGES, help="folder of the zips; default dist"
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=LIMIT_SECONDS,
        help="seconds for all files; default %(default)g",
    )
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    for number in SIGNALS:
        signal.signal(number, stop)
    started = time.monotonic()
    try:
        with System(packages=options.packages, demo_interface=True) as system:
            print(
                f"A local AWS is up on {system.local.endpoint}; both functions are deployed from"
                f" their zips ({time.monotonic() - started:.1f} s).",
                flush=True,
            )
            return run(system, options.limit)
    except (MissingPackage, PostgresError, SqlFileError) as error:
        print(f"demo: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\ndemo: stopped", file=sys.stderr)
    return 1


def run(system: System, limit: float) -> int:
    finished = upload_and_watch(system, limit)
    show_journeys(system)
    show_audit(system)
    show_rows(system)
    show_bucket(system)
    show_notices(system)
    return judge(system, finished)


# --- as it happens ---


def upload_and_watch(system: System, limit: float) -> bool:
    """Puts the samples with the aws command, and shows every state as it is entered, until nothing
    happens any more; False when something still does at the limit."""
    report.headline("Six files for the bucket")
    report.table([{"file": file.name, "what it is": file.about} for file in expected.FILES])
    arguments = [
        "s3",
        "cp",
        str(DATA),
        f"s3://{BUCKET}/{LANDING}",
        "--recursive",
        "--exclude",
        "*",
        "--include",
        "DEMO_*",
    ]
    print(
        "\n  $ aws s3 cp tests/data s3://landing/external_input/"
        " --recursive --exclude '*' --include 'DEMO_*'"
    )
    report.headline("What happens")
    print()
    watch = Watch(system)
    with subprocess.Popen(
        [AWS, "--endpoint-url", system.local.endpoint, *arguments, "--only-show-errors"],
        env=AwsCli(system.local.environment()).environment,
        stdin=subprocess.DEVNULL,
    ) as upload:
        while watch.elapsed() < limit:
            idle = upload.poll() is not None and system.local.wait_idle(0.03)
            watch.show()
            if idle:
                return upload.returncode == 0
            time.sleep(0.02)
        upload.kill()
    return False


class Watch:
    """Prints the rows of ext_file_history as they appear."""

    def __init__(self, system: System):
        self._system, self._began = system, time.time()
        self._seen: set[int] = set()

    def elapsed(self) -> float:
        return time.time() - self._began

    def show(self) -> None:
        rows = self._system.config_rows(
            "select ext_file_history_sid as sid, history.state, entered_at, file.key"
            " from rdscnfg.ext_file_history history join rdscnfg.ext_file file using (file_id)"
            " order by 1"
        )
        for row in rows:  # a number may come into sight after a higher one: commits have no order
            if row["sid"] in self._seen:
                continue
            self._seen.add(row["sid"])
            after = row["entered_at"].timestamp() - self._began
            print(f"  {after:6.2f} s  {row['key'].removeprefix(LANDING):32}  {row['state']}")


# --- afterwards ---


def show_journeys(system: System) -> None:
    report.headline("The journey of each file (times in UTC)")
    for file in expected.FILES:
        history = system.history(file.key)
        print(f"\n  {file.name}")
        for row, following in zip(history, [*history[1:], None]):
            stay = report.seconds(following["entered_at"] - row["entered_at"]) if following else ""
            begin = f"    {report.clock(row['entered_at'])}  {row['state']:16} {stay:>8}"
            print(f"{begin}  {report.clipped(explained(row['note'] or ''), 64)}".rstrip())
        if history:
            whole = report.seconds(history[-1]["entered_at"] - history[0]["entered_at"])
            print(f"    in all {whole}")


def explained(note: str) -> str:
    return f"statement {note}" if re.fullmatch("[0-9a-f-]{36}", note) else note


def show_audit(system: System) -> None:
    report.headline("Audit: rdscnfg.ext_file_audit (times in UTC)")
    report.table(
        [
            {
                "interface": int(row["ext_interface_cid"]),
                "table": f"{row['tgt_schema_name']}.{row['tgt_table_name']}",
                "status": row["file_process_status"],
                "flag": row["file_prcsd_flag"],
                "start": row["start_time"].strftime("%H:%M:%S"),
                "end": row["end_time"].strftime("%H:%M:%S"),
                "error": report.clipped(row["error_msg"] or "", 36),
            }
            for row in system.audit()
        ]
    )


def show_rows(system: System) -> None:
    report.headline(
        "Redshift: what the transformations let into the core tables, and what they did not"
    )
    for target in expected.TARGETS:
        for table in (target.core, target.error):
            columns = ", ".join(target.columns)
            rows = system.redshift_rows(f"select {columns} from {table} order by {target.order}")
            report.table(rows, title=f"{table}, {report.counted(len(rows), 'row')}")


def show_bucket(system: System) -> None:
    report.headline("The bucket: everything is in the archive")
    print(f"\n  $ aws s3 ls --recursive s3://{BUCKET}/")
    listing = AwsCli(system.local.environment()).run("s3", "ls", "--recursive", f"s3://{BUCKET}/")
    print("".join(f"  {line}\n" for line in listing.splitlines()), end="")


def show_notices(system: System) -> None:
    report.headline("Notices: what subscribers of the topic get by mail")
    print("\n" + report.wrapped(mailbox(system.local.sns.messages), margin=2, hanging=12))


def judge(system: System, finished: bool) -> int:
    found = [] if finished else ["the upload failed, or files were still under way at the limit"]
    found += expected.differences(system)
    if found:
        report.headline("NOT as expected")
        print("".join(f"\n  {line}" for line in found))
        show_complaints(system)
        return 1
    done = [file for file in expected.FILES if file.end == "DONE"]
    staged, core, errors = (
        sum(getattr(file, rows) for file in done) for rows in ("staged", "core", "errors")
    )
    report.headline("All as expected")
    print(f"\n  {len(done)} files loaded: {staged} rows staged, {core} in the core tables,", end="")
    print(
        f" {errors} in the error tables.\n  {len(expected.FILES) - len(done)} files rejected,",
        end="",
    )
    print(" with a reason for their senders; none of their rows was loaded.")
    return 0


def show_complaints(system: System) -> None:
    lines = [
        f"{name}: {line}"
        for name in FUNCTIONS
        for line in system.log_text(name).splitlines()
        if '"level":"ERROR"' in line or '"level":"WARN"' in line or " Error: " in line
    ]
    if lines:
        report.headline("What the functions complained of")
        print("".join(f"\n  {line}" for line in lines[-20:]))


if __name__ == "__main__":
    sys.exit(main())
