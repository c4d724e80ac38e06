"""The stages against the tools that everybody has, on the same file in one run: prints ratios.

    gzip in, trailer checked and taken off, gzip out   at most the CPU time of gzip -dc in | gzip -1 > out
    counting the records of plain text                 beside wc -l, for information
    peak of memory                                     the same for 10 MB and for 1 GB
"""

import argparse
import pathlib
import resource
import subprocess
import sys
import tempfile
import typing

SIZE, SMALL, LARGE = 200_000_000, 10_000_000, 1_000_000_000
RUNS = 3
MEMORY_SLACK_KIB = 256


class Run(typing.NamedTuple):
    cpu: float  # seconds, of the command and all that it began
    output: str


def run(*command: str | pathlib.Path) -> Run:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          check=True, text=True, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Run(cpu, done.stdout)


def least(*alternatives: tuple[str | pathlib.Path, ...]) -> list[float]:
    """CPU seconds of each command; they take turns, so that what else goes on meets all alike."""
    turns = [[run(*command).cpu for command in alternatives] for _ in range(RUNS)]
    return [min(times) for times in zip(*turns)]


def shell(script: str, *arguments: str | pathlib.Path) -> tuple[str | pathlib.Path, ...]:
    return ("/bin/sh", "-euc", script, "sh", *arguments)


def report(what: str, figures: str, passed: bool | None = None) -> bool:
    verdict = "" if passed is None else "PASS" if passed else "FAIL"
    print(f"{what:52} {figures:54} {verdict}".rstrip(), flush=True)
    return passed is not False


def preparing(stages: pathlib.Path, folder: pathlib.Path, plain: pathlib.Path) -> bool:
    packed = folder / "rows.gz"
    run(*shell('gzip -c "$1" > "$2"', plain, packed))
    own, tools = least((stages, "prepare", packed, folder / "own.gz"),
                       shell('gzip -dc "$1" | gzip -1 > "$2"', packed, folder / "tools.gz"))
    run(*shell('gzip -dc "$1" | cmp - "$2" -n "$(gzip -dc "$1" | wc -c)"', folder / "own.gz", plain))
    return report("gzip in, trailer off, gzip out / gzip -dc | gzip -1",
                  f"{own / tools:.2f}  (at most 1.00; {own:.2f} s, {tools:.2f} s CPU)", own <= tools)


def counting(stages: pathlib.Path, plain: pathlib.Path) -> None:
    lines, csv, tool = least((stages, "count", plain), (stages, "count_csv", plain), ("wc", "-l", plain))
    for what, own in (("counting lines, trailer off / wc -l", lines), ("counting CSV records, trailer off / wc -l", csv)):
        report(what, f"{own / tool:.1f}   ({SIZE / own / 1e9:.1f} GB/s, {SIZE / tool / 1e9:.1f} GB/s)")


def memory(stages: pathlib.Path, folder: pathlib.Path) -> bool:
    peaks = []
    for size in (SMALL, LARGE):
        packed = folder / "sized.gz"
        run(*shell('"$1" make "$2" | gzip -1 > "$3"', stages, str(size), packed))
        peaks.append(int(run(stages, "prepare", packed, folder / "own.gz").output.split()[1]))
    small, large = peaks
    return report("peak of memory, 1 GB / 10 MB", f"{large / small:.2f}  ({large} KiB, {small} KiB)",
                  large <= small + MEMORY_SLACK_KIB)


def main(build: pathlib.Path) -> bool:
    """True when every bar is kept."""
    stages = build / "release/tests/bench/stages"
    with tempfile.TemporaryDirectory(prefix="bench-stages-") as name:
        folder = pathlib.Path(name)
        plain = folder / "rows.txt"
        run(*shell('"$1" make "$2" > "$3"', stages, str(SIZE), plain))
        passed = preparing(stages, folder, plain)
        counting(stages, plain)
        return memory(stages, folder) and passed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", type=pathlib.Path)
    sys.exit(0 if main(parser.parse_args().build.resolve()) else 1)
