"""The AWS clients: what a call costs, and how fast an object comes in.

    signing and sending a small call         under 100 µs of CPU
    S3 get, CRC checked                      at 0.8 or more of `curl -o /dev/null`, same object, same server, in turns
    peak of memory, 2 GB beside 10 MB        within 8 MB
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import botocore.auth  # noqa: E402
import botocore.awsrequest  # noqa: E402
import botocore.credentials  # noqa: E402

from emulator.local import LocalAws  # noqa: E402

CALLS, TURNS = 5000, 7
MIDDLE, SMALL, LARGE = 300_000_000, 10_000_000, 2_000_000_000
CALL_BAR_US, SPEED_BAR, MEMORY_BAR_KIB = 100, 0.8, 8192
PIECE = 1 << 20
BUCKET = "bench"


def report(what: str, figures: str, passed: bool) -> bool:
    print(f"{what:44} {figures:58} {'PASS' if passed else 'FAIL'}", flush=True)
    return passed


def small_call(bench: pathlib.Path) -> bool:
    runs = [json.loads(subprocess.run([bench / "sign_call", str(CALLS)], check=True, stdout=subprocess.PIPE,
                                      timeout=120).stdout) for _ in range(3)]
    best = min(runs, key=lambda run: run["call_us"])
    return report("a small call, signed and sent",
                  f"{best['call_us']:.1f} µs CPU  (under {CALL_BAR_US}; {best['sign_us']:.1f} of them signing)",
                  best["call_us"] < CALL_BAR_US)


class Objects:
    """A local S3 with objects of any size, read by our client or by curl."""

    def __init__(self, local: LocalAws, bench: pathlib.Path, folder: pathlib.Path):
        self.local, self.bench, self.folder = local, bench, folder
        local.s3.create_bucket(BUCKET, local.region, False)

    def make(self, size: int) -> str:
        """Uploads an object of that size, with its CRC-32; its key."""
        key, path = f"object-{size}", self.folder / "object"
        with open(path, "wb") as file:
            piece = os.urandom(PIECE)
            for _ in range(size // PIECE):
                file.write(piece)
            file.write(piece[: size % PIECE])
        self.upload(path, BUCKET, key)
        path.unlink()
        return key

    def upload(self, path: pathlib.Path, bucket: str, key: str) -> None:
        """By parts, as an object with the CRC-32 of the whole."""
        order = {"do": "upload", "file": str(path), "to_bucket": bucket, "to_key": key}
        done = subprocess.run([self.bench.parent / "functions/aws_probe", json.dumps(order)], check=True, timeout=300,
                              env=self.local.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert json.loads(done.stdout)["size"] == path.stat().st_size, done.stdout

    def signed(self, method: str, key: str, bucket: str = BUCKET) -> str:
        """A presigned URL, so that curl needs nothing but itself."""
        user = self.local.user
        request = botocore.awsrequest.AWSRequest(method, f"{self.local.endpoint}/{bucket}/{key}")
        keys = botocore.credentials.Credentials(user.access_key, user.secret_key)
        botocore.auth.S3SigV4QueryAuth(keys, "s3", self.local.region, expires=3600).add_auth(request)
        return request.url

    def ours(self, key: str) -> dict:
        done = subprocess.run([self.bench / "s3_get", BUCKET, key], env=self.local.environment(), check=True,
                              stdout=subprocess.PIPE, timeout=300)
        return json.loads(done.stdout)

    def curl(self, key: str) -> float:
        """Seconds of the transfer itself."""
        done = subprocess.run(["curl", "-sS", "--fail", "-o", "/dev/null", "-w", "%{time_total}", self.signed("GET", key)],
                              check=True, stdout=subprocess.PIPE, timeout=300)
        return float(done.stdout)


def speed(objects: Objects) -> bool:
    key = objects.make(MIDDLE)
    objects.curl(key)
    turns = []
    for _ in range(TURNS):
        ours, curl = objects.ours(key), objects.curl(key)
        assert ours["bytes"] == MIDDLE
        turns.append((curl / ours["seconds"], MIDDLE / ours["seconds"] / 1e9, MIDDLE / curl / 1e9))
    ratio, ours, curl = (statistics.median(column) for column in zip(*turns))
    return report("S3 get, CRC checked / curl -o /dev/null",
                  f"{ratio:.2f}  (at least {SPEED_BAR}; {ours:.2f} GB/s, {curl:.2f} GB/s)", ratio >= SPEED_BAR)


def memory(objects: Objects) -> bool:
    small, large = (objects.ours(objects.make(size))["peak_kib"] for size in (SMALL, LARGE))
    return report("peak of memory, 2 GB beside 10 MB", f"{large - small:+} KiB  (within {MEMORY_BAR_KIB}; {large}, {small})",
                  large - small <= MEMORY_BAR_KIB)


def main(build: pathlib.Path) -> bool:
    """True when every bar is kept."""
    bench = build / "release/tests/bench"
    passed = small_call(bench)
    with tempfile.TemporaryDirectory(prefix="bench-aws-") as name:
        folder = pathlib.Path(name)
        with LocalAws(folder / "aws", with_redshift=False) as local:
            objects = Objects(local, bench, folder)
            passed = speed(objects) and passed
            passed = memory(objects) and passed
    return passed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", type=pathlib.Path)
    sys.exit(0 if main(parser.parse_args().build.resolve()) else 1)
