"""The Lambda runtime beside the least that one can be: a loop on bare sockets (floor.c).

Both are static programs, served by the same Runtime API (runtime_server.c) in turns, so that what
else goes on meets both alike; a ratio is the median of the ratios of all turns.

    p50 of an invocation of 1 KB     at most 1.7 times the floor's
    exec to the first /next          at most 2 times the floor's
    memory over 100,000 invocations  does not grow
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

TURNS = 7
STARTS, INVOCATIONS, MANY = 100, 20_000, 100_000
P50_BAR, COLD_BAR, GROWTH_BAR_KB = 1.7, 2.0, 0


class Bench:
    def __init__(self, build: pathlib.Path):
        self.server = build / "release/tests/bench/runtime_server"
        self.floor = build / "release/tests/bench/floor"
        self.ours = build / "release/tests/functions/echo"

    def measure(self, kind: str, bootstrap: pathlib.Path, count: int) -> dict[str, float]:
        done = subprocess.run([self.server, kind, bootstrap, str(count)], env={},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True, timeout=300)
        return json.loads(done.stdout)

    def turn(self) -> tuple[dict[str, float], dict[str, float]]:
        """What the floor and we take, one after the other."""
        floor, ours = ({**self.measure("cold", one, STARTS), **self.measure("warm", one, INVOCATIONS)}
                       for one in (self.floor, self.ours))
        return floor, ours


def row(what: str, floor: str, ours: str, ratio: float | None = None, bar: float | None = None) -> bool:
    passed = bar is None or (ratio is not None and ratio <= bar)
    verdict = "" if bar is None else f"at most {bar:.2f}  {'PASS' if passed else 'FAIL'}"
    print(f"{what:36} {floor:>10} {ours:>10} {'' if ratio is None else f'{ratio:6.2f}':>8}  {verdict}".rstrip(), flush=True)
    return passed


def compare(turns, what: str, name: str, unit: str = "{:.1f}", bar: float | None = None) -> bool:
    floor, ours = (statistics.median(turn[side][name] for turn in turns) for side in (0, 1))
    ratio = statistics.median(ours[name] / floor[name] for floor, ours in turns)
    return row(what, unit.format(floor), unit.format(ours), ratio, bar)


def memory(bench: Bench) -> bool:
    used = bench.measure("warm", bench.ours, MANY)
    before, after = int(used["rss_before_kb"]), int(used["rss_after_kb"])
    grown = after - before
    passed = grown <= GROWTH_BAR_KB
    print(f"growth of memory over {MANY:,} invocations: {grown} KiB (from {before} to {after})  "
          f"{'PASS' if passed else 'FAIL'}", flush=True)
    return passed


def main(build: pathlib.Path) -> bool:
    """True when every bar is kept."""
    bench = Bench(build)
    turns = [bench.turn() for _ in range(TURNS)]
    print(f"{'static programs, medians of ' + str(TURNS) + ' turns':36} {'floor':>10} {'ours':>10} {'ratio':>8}")
    kept = [
        compare(turns, "exec to first /next, µs", "cold_us", "{:.0f}", COLD_BAR),
        compare(turns, "1 KB event, p50, µs", "p50_us", bar=P50_BAR),
        compare(turns, "1 KB event, p99, µs", "p99_us"),
        compare(turns, "invocations a second", "per_second", "{:,.0f}"),
        compare(turns, "CPU for each invocation, µs", "cpu_us"),
        compare(turns, "resident memory, KiB", "rss_after_kb", "{:.0f}"),
        memory(bench),
    ]
    return all(kept)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", type=pathlib.Path)
    sys.exit(0 if main(parser.parse_args().build.resolve()) else 1)
