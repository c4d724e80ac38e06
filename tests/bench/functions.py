"""The functions as they ship, on a local AWS.

    cold start, exec to the first /next        under 2 times that of a static program that only echoes
    one small file that needs no preparation   at most 4 HTTP requests and 4 round trips to Postgres, once warm
    a plain object, counted and CRC checked    at most 1.3 times the CPU time of `curl -o /dev/null` on it
    peak of memory                             under 64 MB for gzip of 10 MB and of 1 GB, and within 8 MB of each other
"""

import argparse
import gzip
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import typing
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from bench.aws import Objects  # noqa: E402
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING, Interface, System  # noqa: E402
from emulator.deployment import BUCKET, PACKAGES  # noqa: E402

TURNS, STARTS = 9, 60
COLD_BAR, REQUESTS_BAR, ROUND_TRIPS_BAR, PLAIN_BAR = 2.0, 4, 4, 1.3
PLAIN_SIZE = 500_000_000
SMALL, LARGE = 10_000_000, 1_000_000_000
MEMORY_BAR, GROWTH_BAR = 64_000_000, 8_000_000
TRAILER = "TRL{:010d}\n"  # the count stands at 4:14
PLACE = ("4", "14")

PLAIN = Interface(id=670, columns=["ndc", "pa_type", "value"])
PACKED = Interface(id=671, columns=[f"c{number}" for number in range(7)], file_format="gz", file_type="gz",
                   trailer_flag="Y", trailer_pstn=":".join(PLACE))


def report(what: str, figures: str, passed: bool | None = None) -> bool:
    verdict = "" if passed is None else "PASS" if passed else "FAIL"
    print(f"{what:44} {figures:58} {verdict}".rstrip(), flush=True)
    return passed is not False


# --- cold start ---


def bootstraps(folder: pathlib.Path) -> typing.Iterator[tuple[str, pathlib.Path]]:
    for name in (FILE_PROCESS, FILE_PROCESS_LOGGING):
        with zipfile.ZipFile(PACKAGES / f"{name}.zip") as package:
            bootstrap = pathlib.Path(package.extract("bootstrap", folder / name))
        bootstrap.chmod(0o755)
        yield name, bootstrap


def cold_start(system: System, build: pathlib.Path, folder: pathlib.Path) -> bool:
    """In turns with the echo, in the environment that Lambda gives a function."""
    programs = {"echo": build / "release/tests/functions/echo", **dict(bootstraps(folder))}
    settings = system.local.lambda_.function(FILE_PROCESS).settings

    def microseconds(program: pathlib.Path) -> float:
        done = subprocess.run([build / "release/tests/bench/runtime_server", "cold", program, str(STARTS)],
                              env=settings.process_environment("", "bench"), check=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=120)
        return json.loads(done.stdout)["cold_us"]

    turns = [{name: microseconds(program) for name, program in programs.items()} for _ in range(TURNS)]
    passed = True
    for name in (FILE_PROCESS, FILE_PROCESS_LOGGING):
        ratio = statistics.median(turn[name] / turn["echo"] for turn in turns)
        ours, echo = (statistics.median(turn[which] for turn in turns) for which in (name, "echo"))
        passed &= report(f"{name}, cold start / echo's",
                         f"{ratio:.2f}  (under {COLD_BAR}; {ours / 1000:.2f} ms, {echo / 1000:.2f} ms)", ratio < COLD_BAR)
    return passed


# --- requests ---


def one_small_file(system: System, key: str) -> tuple[list[str], int]:
    """What file-process asked of AWS, and how often it waited for Postgres, logins not counted."""
    system.clear_counts()
    row = system.process(key, b"05174469695|Q|1\n" * 20)
    assert row["state"] == "DONE", row["reason"]
    return system.requests(FILE_PROCESS), system.tap.round_trips(FILE_PROCESS)


def requests(system: System) -> bool:
    """The first invocation also reads secrets and logs in."""
    passed = True
    for when, bar in (("cold", False), ("warm", True)):
        http, trips = one_small_file(system, f"external_input/{when}_670.txt")
        within = len(http) <= REQUESTS_BAR and trips <= ROUND_TRIPS_BAR
        passed &= report(f"one small file, {when}",
                         f"{len(http)} HTTP requests, {trips} round trips to Postgres"
                         + (f"  (at most {REQUESTS_BAR}, {ROUND_TRIPS_BAR})" if bar else ""), within if bar else None)
        print(f"    {', '.join(http)}")
    return passed


# --- plain in ---


class Cost(typing.NamedTuple):
    cpu: float
    wall: float


def cost(command: list[str | pathlib.Path], environment: dict[str, str]) -> tuple[Cost, str]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, timeout=300)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall), done.stdout


def plain_in(objects: Objects, build: pathlib.Path, rows: pathlib.Path) -> bool:
    environment = {**os.environ, **objects.local.environment()}
    key = "bench/plain.txt"
    objects.upload(rows, BUCKET, key)
    ours = [build / "release/tests/bench/plain_in", BUCKET, key, *PLACE]
    curl = ["curl", "-sS", "--fail", "-o", "/dev/null", objects.signed("GET", key, BUCKET)]
    turns = []
    for _ in range(TURNS):
        own, output = cost(ours, environment)
        assert json.loads(output)["bytes"] == rows.stat().st_size, output
        turns.append((own, cost(curl, environment)[0]))
    cpu, wall = (statistics.median(own[which] / other[which] for own, other in turns) for which in (0, 1))
    own, other = (statistics.median(turn[which].cpu for turn in turns) for which in (0, 1))
    return report("plain in, counted and checked / curl",
                  f"{cpu:.2f}  (at most {PLAIN_BAR}; {own:.2f} s, {other:.2f} s CPU; elapsed {wall:.2f})",
                  cpu <= PLAIN_BAR and wall <= PLAIN_BAR)


# --- memory ---


def write_packed(path: pathlib.Path, rows: bytes, size: int) -> int:
    """Members of the same rows, up to `size` bytes, and one with the trailer; how many rows."""
    member, count = gzip.compress(rows, 1, mtime=0), rows.count(b"\n")
    members = size // len(member) + 1
    with open(path, "wb") as file:
        for _ in range(members):
            file.write(member)
        file.write(gzip.compress(TRAILER.format(members * count).encode()))
    return members * count


def peak(objects: Objects, system: System, folder: pathlib.Path, rows: bytes, size: int) -> tuple[int, float]:
    """Bytes that file-process ever held, and its seconds, for a file of that size."""
    key, path = f"bench/{size}_671.gz", folder / "packed.gz"
    count = write_packed(path, rows, size)
    objects.upload(path, BUCKET, key)
    path.unlink()
    result = system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": key})
    row = system.file(key)
    assert (row["state"], row["file_records"]) == ("SUBMITTED", count), (row["state"], row["reason"], result.payload)
    return result.max_memory_kb * 1024, result.duration_ms / 1000


def memory(objects: Objects, system: System, folder: pathlib.Path, rows: bytes) -> bool:
    """Redshift is held, because what it would do with a billion bytes is not the question."""
    system.local.redshift.pause()
    (small, small_time), (large, large_time) = (peak(objects, system, folder, rows, size) for size in (SMALL, LARGE))
    passed = report("peak of memory, 10 MB of gzip",
                    f"{small / 1e6:.1f} MB  (under 64; {small_time:.1f} s)", small < MEMORY_BAR)
    passed &= report("peak of memory, 1 GB of gzip",
                     f"{large / 1e6:.1f} MB  (under 64; {large_time:.1f} s)", large < MEMORY_BAR)
    return report("growth of memory from 10 MB to 1 GB", f"{(large - small) / 1e6:.1f} MB  (within 8)",
                  large - small <= GROWTH_BAR) and passed


def main(build: pathlib.Path) -> bool:
    """True when every bar is kept."""
    with tempfile.TemporaryDirectory(prefix="bench-functions-") as name, System(timeout=900) as system:
        folder = pathlib.Path(name)
        for interface in (PLAIN, PACKED):
            system.add_interface(interface)
        objects = Objects(system.local, build / "release/tests/bench", folder)
        rows = folder / "rows.txt"
        with open(rows, "wb") as file:
            subprocess.run([build / "release/tests/bench/stages", "make", str(PLAIN_SIZE)], check=True, stdout=file)
        with open(rows, "rb") as file:
            some_rows = b"".join(file.readlines(2_000_000))
        kept = [
            cold_start(system, build, folder),
            requests(system),
            plain_in(objects, build, rows),
            memory(objects, system, folder, some_rows),
        ]
        return all(kept)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", type=pathlib.Path)
    sys.exit(0 if main(parser.parse_args().build.resolve()) else 1)
