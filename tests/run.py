"""Runs the tests and adds them up: `make test` calls it.

Every test program speaks TAP: the C tests by cmocka, the Python tests through tap.py, the fuzz
targets (run once over their kept corpus) as one test each. A program that dies, exceeds its time
or prints no complete plan counts as a failure of its own. Ctrl-C and SIGTERM end the programs, too.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import fcntl
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent
TAP_PLAN = re.compile(r"^1\.\.(\d+)", re.MULTILINE)
TAP_RESULT = re.compile(r"^(ok|not ok)\b(.*)$", re.MULTILINE)
# The programs that take longest start first, so that they do not trail behind.
LONGEST = (
    "e2e/test_recovery",
    "e2e/test_big_files",
    "emulator/test_cli_s3",
    "emulator/test_cli_services",
    "e2e/test_package",
    "e2e/test_lease",
    "wire/test_http_calls",
)
WORKERS = 2 * (os.cpu_count() or 1)  # a program waits about half of its time
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 20.0  # for a program to clear up after itself
MEMORY = pathlib.Path("/dev/shm")
MEMORY_NEEDED = 6 << 30  # bytes; the tests have 2.5 GB of files at most
WORK = "external-file-tests-"  # how the name of a folder for temporary files begins
ON_POSTGRES = ("test_file_tables", "test_job_programs", "test_pg_client")  # of e2e: they run wire programs on a server


@dataclasses.dataclass
class Program:
    name: str
    command: list[str]
    seconds: int  # time limit
    is_tap: bool = True


@dataclasses.dataclass
class Outcome:
    program: Program
    passed: int = 0
    failed: int = 0
    skipped: list[str] = dataclasses.field(default_factory=list)
    elapsed: float = 0.0
    cpu_seconds: float = 0.0  # of the program and the children that it waited for
    output: str = ""


class Stop(BaseException):
    """A signal asks for the end."""


def _stop(number, frame):
    raise Stop


class Running:
    """The programs under way, each in a process group of its own."""

    def __init__(self):
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen] = set()
        self._stopped = False

    def start(self, command: list[str], **options) -> subprocess.Popen:
        with self._lock:
            if self._stopped:
                raise OSError("the tests were stopped")
            process = subprocess.Popen(command, start_new_session=True, **options)
            self._processes.add(process)
            return process

    def forget(self, process: subprocess.Popen) -> None:
        with self._lock:
            self._processes.discard(process)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            processes = list(self._processes)
        for process in processes:
            signal_group(process, signal.SIGTERM)
        end = time.monotonic() + GRACE_SECONDS
        for process in processes:
            await_end(process, max(0.0, end - time.monotonic()))


def signal_group(process: subprocess.Popen, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def end_group(process: subprocess.Popen, seconds: float) -> None:
    """Asks first: a program that is killed leaves its servers and folders behind."""
    signal_group(process, signal.SIGTERM)
    await_end(process, seconds)


def await_end(process: subprocess.Popen, seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        signal_group(process, signal.SIGKILL)
        process.wait()


def discover(build: pathlib.Path, flavour: str) -> list[Program]:
    programs = []
    for kind, seconds in (("unit", 180), ("wire", 300)):
        for source in sorted((ROOT / "tests" / kind).glob("test_*.c")):
            binary = build / flavour / "tests" / kind / source.stem
            programs.append(Program(f"{kind}/{source.stem}", [str(binary)], seconds))
    if flavour != "test":
        return programs + [python_program(ROOT / "tests/e2e" / f"{name}.py") for name in ON_POSTGRES]
    for source in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c")):
        corpus = ROOT / "tests/fuzz/corpus" / source.stem.removeprefix("fuzz_")
        command = [str(build / "fuzz/tests/fuzz" / source.stem), "-runs=0", "-timeout=10", str(corpus)]
        programs.append(Program(f"fuzz/{source.stem}", command, 120, is_tap=False))
    for folder in ("emulator", "e2e"):
        for source in sorted((ROOT / "tests" / folder).rglob("test_*.py")):
            programs.append(python_program(source))
    return programs


def python_program(source: pathlib.Path) -> Program:
    command = ["/usr/bin/python3", str(ROOT / "tests/tap.py"), str(source)]
    return Program(str(source.relative_to(ROOT / "tests").with_suffix("")), command, 1800)


def environment(build: pathlib.Path, flavour: str) -> dict[str, str]:
    """What tests see: no credentials, proxies or endpoints of whoever runs them."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("AWS_", "PG")) and not name.lower().endswith("_proxy")
    }
    kept.update(
        BUILD=str(build),
        FLAVOUR=flavour,
        CMOCKA_MESSAGE_OUTPUT="TAP",
        ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:strict_string_checks=1:detect_stack_use_after_return=1",
        UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
        PYTHONPATH=str(ROOT / "tests"),
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONWARNINGS="default",
    )
    return kept


@contextlib.contextmanager
def work_folder() -> typing.Iterator[str]:
    """Where the programs put their temporary files: they write much, and keep none of it. So it is
    in memory if that has room, and what they leave behind goes with the folder."""
    place = MEMORY if has_room(MEMORY) else pathlib.Path(tempfile.gettempdir())
    for left in place.glob(WORK + "*"):
        with contextlib.suppress(OSError), locked(left):  # nobody's: its run was killed
            shutil.rmtree(left, ignore_errors=True)
    new = pathlib.Path(tempfile.mkdtemp(dir=place))
    new.chmod(0o711)  # Postgres has a user of its own
    with locked(new):
        folder = new.rename(place / f"{WORK}{new.name}")
        try:
            yield str(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def locked(folder: pathlib.Path) -> typing.Iterator[None]:
    """Raises BlockingIOError when another process has locked the folder. The lock ends with us."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def has_room(folder: pathlib.Path) -> bool:
    """For files and for programs to execute."""
    try:
        state, memory = os.statvfs(folder), pathlib.Path("/proc/meminfo").read_text()
    except OSError:
        return False
    available = int(re.search(r"^MemAvailable: +(\d+) kB", memory, re.MULTILINE)[1]) << 10
    free = min(state.f_bavail * state.f_frsize, available)
    return free >= MEMORY_NEEDED and not state.f_flag & os.ST_NOEXEC and os.access(folder, os.W_OK)


def run(program: Program, env: dict[str, str], running: Running) -> Outcome:
    outcome = Outcome(program)
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:  # a pipe would wait for whoever still holds it
        problem = attend(outcome, env, running, output)
        output.seek(0)
        outcome.output = output.read().decode(errors="replace")
    outcome.elapsed = time.monotonic() - started
    judge(outcome, problem)
    return outcome


def attend(outcome: Outcome, env: dict[str, str], running: Running, output) -> str:
    """Starts the program and waits for its end; what was wrong with that."""
    program = outcome.program
    try:
        process = running.start(
            program.command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        return f"cannot be started: {error}"
    try:
        if not has_ended(process, program.seconds):
            end_group(process, GRACE_SECONDS)
            return f"still running after its limit of {program.seconds} s"
        outcome.cpu_seconds = cpu_seconds(process)
        status = process.wait()
    finally:
        running.forget(process)
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}" if status else ""


def has_ended(process: subprocess.Popen, seconds: float) -> bool:
    """Waits for the end without taking the status, so that /proc still knows the process."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def cpu_seconds(process: subprocess.Popen) -> float:
    """What an ended process and the children that it waited for have used; 0 once its status is taken."""
    try:
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def judge(outcome: Outcome, problem: str) -> None:
    if not outcome.program.is_tap:
        outcome.passed, outcome.failed = (0, 1) if problem else (1, 0)
        outcome.output += f"\n{problem}" if problem else ""
        return
    for result, rest in TAP_RESULT.findall(outcome.output):
        skip = re.search(r"# SKIP\s*(.*)", rest, re.IGNORECASE)
        if skip:
            outcome.skipped.append(skip.group(1))
        elif result == "ok":
            outcome.passed += 1
        else:
            outcome.failed += 1
    planned = sum(int(number) for number in TAP_PLAN.findall(outcome.output))
    seen = outcome.passed + outcome.failed + len(outcome.skipped)
    if not problem and (planned == 0 or planned != seen):
        problem = f"planned {planned} tests and reported {seen}"
    if problem and outcome.failed == 0:
        outcome.failed = 1
    if problem:
        outcome.output += f"\n{outcome.program.name}: {problem}"


def show(outcome: Outcome) -> None:
    verdict = "FAIL" if outcome.failed else "ok"
    skipped = f", {len(outcome.skipped)} skipped" if outcome.skipped else ""
    print(
        f"{verdict:4} {outcome.program.name:36} {outcome.passed:4} passed{skipped}"
        f"  {outcome.elapsed:.1f} s, {outcome.cpu_seconds:.1f} s of CPU",
        flush=True,
    )
    for reason in outcome.skipped:
        print(f"     skipped: {reason}")
    if outcome.failed:
        print("     | " + outcome.output.strip().replace("\n", "\n     | "), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--flavour", default="test")
    parser.add_argument("--only", help="run the programs whose name contains this")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    programs = [p for p in discover(build, arguments.flavour) if (arguments.only or "") in p.name]
    if not programs:
        print(f"no test program has {arguments.only!r} in its name; their names are the files' below tests/")
    for number in SIGNALS:
        signal.signal(number, _stop)
    with work_folder() as folder:
        return attend_all(programs, {**environment(build, arguments.flavour), "TMPDIR": folder})


def attend_all(programs: list[Program], env: dict[str, str]) -> int:
    """The exit status; a signal ends all programs first."""
    running = Running()
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS)
    try:
        return run_all(programs, env, pool, running)
    except Stop:
        for number in SIGNALS:  # the end is under way; another Ctrl-C must not cut it short
            signal.signal(number, signal.SIG_IGN)
        print("\nstopping ...", flush=True)
        pool.shutdown(wait=False, cancel_futures=True)
        running.stop()
        print("stopped before all tests had run")
        return 130
    finally:
        pool.shutdown(wait=True)


def rank(program: Program) -> tuple[int, int]:
    """Small for what shall start early."""
    return LONGEST.index(program.name) if program.name in LONGEST else len(LONGEST), -program.seconds


def run_all(programs: list[Program], env: dict[str, str], pool, running: Running) -> int:
    passed = failed = skipped = 0
    used, began = 0.0, time.monotonic()
    jobs = [pool.submit(run, program, env, running) for program in sorted(programs, key=rank)]
    for job in concurrent.futures.as_completed(jobs):
        outcome = job.result()
        show(outcome)
        passed, failed = passed + outcome.passed, failed + outcome.failed
        skipped += len(outcome.skipped)
        used += outcome.cpu_seconds
    if skipped:
        print(f"skipped: {skipped}, for the reasons above")
    print(f"{time.monotonic() - began:.0f} s, {used:.0f} s of CPU")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
