"""Everything `make lint` checks. Prints what it does, then what is wrong; exit 1 if anything is."""

import argparse
import concurrent.futures
import pathlib
import re
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

FILE_LINES = 450
FUNCTION_LINES = 45

# Which folder may include which (design: who may include whom). Headers of the C library and of
# the system are free for all, but those of libraries only where they are named.
ROOMS = {
    "lib/base": {"base"},
    "lib/event": {"event", "base"},
    "lib/stage": {"stage", "base"},
    "lib/http": {"http", "base"},
    "lib/pg": {"pg", "base"},
    "lib/aws/s3": {"aws/s3", "aws", "http", "base"},
    "lib/aws": {"aws", "http", "base"},
    "lib/stream": {"stream", "aws", "aws/s3", "base"},
    "lib/redshift": {"redshift", "aws", "base"},
    "lib/config": {"config", "pg", "base"},
    "lib/state": {"state", "pg", "base"},
    "lib/services": {"services", "aws", "pg", "config", "state", "http", "base"},
    "lib/job": {"job", "services", "stream", "stage", "config", "state", "event", "aws", "aws/s3", "base"},
    "lib/statement": {"statement", "job", "services", "redshift", "config", "state", "event", "aws", "aws/s3", "base"},
    "lib/pipelines/load": {
        "pipelines/load", "pipelines", "statement", "job", "services", "stream", "stage", "event", "config", "state",
        "redshift", "aws", "aws/s3", "base",
    },
    "lib/pipelines": {"pipelines", "statement", "job", "services", "state", "base"},
    "lib/advance": {
        "advance", "pipelines/load", "pipelines", "statement", "job", "services", "redshift", "config", "state", "event", "aws",
        "aws/s3", "base",
    },
    "lib/operate": {
        "operate", "advance", "pipelines/load", "pipelines", "statement", "job", "services", "redshift", "config", "state",
        "event", "aws", "aws/s3", "pg", "base",
    },
    "runtime": {"runtime", "base", "http"},
}
LIBRARY_HEADERS = {
    "curl/": {"lib/http/http_curl"},
    "openssl/": {"lib/http", "lib/aws/", "lib/pg"},
    "libpq-fe.h": {"lib/pg"},
    "cjson/": {"lib/base/json"},
    "zlib.h": {"lib/stage", "lib/base/crc32"},
}
# The emulator's packages: core stands alone, a service's has its own files and core's. Who puts the
# services together is a module beside the packages.
PACKAGE = re.compile(r"tests/emulator/(\w+)/")
IMPORT = re.compile(r"^\s*(?:from|import)\s+(?:\.\.|emulator\.)(\w+)|^\s*from\s+(?:\.\.|emulator)\s+import\s+(\w+)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def files(*patterns: str) -> list[pathlib.Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def run(*command: str) -> str:
    """What the command complained about; empty when it was content."""
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode == 0:
        return ""
    return (result.stdout + result.stderr).strip() or f"{' '.join(command)}: exit status {result.returncode}"


def relative(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


def check_format(sources) -> list[str]:
    return [run("clang-format", "--dry-run", "-Werror", *map(relative, sources))]


def check_includes(sources, scripts) -> list[str]:
    problems = [problem for path in scripts for problem in judge_imports(relative(path), path.read_text())]
    for path in sources:
        name = relative(path)
        if name.startswith("tests/"):
            continue
        room = next((room for room in ROOMS if name.startswith(room + "/")), None)
        for included in INCLUDE.findall(path.read_text()):
            problems += judge_include(name, room, included)
    return problems


def judge_include(name: str, room: str | None, included: str) -> list[str]:
    for header, allowed in LIBRARY_HEADERS.items():
        if included.startswith(header) and not any(name.startswith(place) for place in allowed):
            return [f"{name}: may not include <{included}>"]
    folder = included.rpartition("/")[0]
    known = {folder for folders in ROOMS.values() for folder in folders}
    if room and "/" in included and folder in known and folder not in ROOMS[room]:
        return [f"{name}: {room} may not include {included} (design: who may include whom)"]
    return []


def circle_below(name: str, included: dict[str, set[str]], above: tuple[str, ...] = ()) -> list[str]:
    """The first circle of includes below `name`, as a list of names; empty when there is none."""
    if name in above:
        return [*above[above.index(name):], name]
    circles = (circle_below(other, included, (*above, name)) for other in sorted(included.get(name, ())))
    return next((circle for circle in circles if circle), [])


def check_layers(sources) -> list[str]:
    """lib/base has layers: a pair of .h and .c never includes one that needs it in turn."""
    included: dict[str, set[str]] = {}
    for path in sources:
        name = relative(path.with_suffix(""))
        if name.startswith("lib/base/"):
            others = {"lib/" + other.removesuffix(".h") for other in INCLUDE.findall(path.read_text())}
            included.setdefault(name, set()).update(others - {name})
    circles = (circle_below(name, included) for name in sorted(included))
    return next((["lib/base has no layers: " + " -> ".join(circle)] for circle in circles if circle), [])


def judge_imports(name: str, text: str) -> list[str]:
    package = PACKAGE.match(name)
    return [
        f"{name}: {package[1]} may not import {imported} (only itself and core)"
        for names in (IMPORT.findall(text) if package else [])
        for imported in filter(None, names)
        if imported not in (package[1], "core")
    ]


def check_banned(sources) -> list[str]:
    return [
        f'{relative(path)}: does not include "base/banned.h"'
        for path in sources
        if path.suffix == ".c"
        and not relative(path).startswith("tests/")
        and '#include "base/banned.h"' not in path.read_text()
    ]


def check_sizes(sources) -> list[str]:
    """A file is one topic, a function one thought."""
    return [problem for path in sources for problem in judge_size(relative(path), path.read_text().splitlines())]


def judge_size(name: str, lines: list[str]) -> list[str]:
    problems = []
    if len(lines) > FILE_LINES:
        problems.append(f"{name}: {len(lines)} lines, more than {FILE_LINES}")
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if number - start > FUNCTION_LINES:
                problems.append(f"{name}:{start}: a function of {number - start} lines, more than {FUNCTION_LINES}")
            start = None
    return problems


def check_tidy(sources, pool) -> list[str]:
    """With the commands of compile_commands.json; the compiler's warnings (clang-diagnostic-*) are among the checks."""
    longest_first = sorted(sources, key=lambda path: -path.stat().st_size)
    return list(pool.map(
        lambda path: run("clang-tidy", "--quiet", relative(path)),
        [path for path in longest_first if path.suffix == ".c"],
    ))


def check_cppcheck(sources, jobs: int, build: str) -> list[str]:
    cache = pathlib.Path(build, "cppcheck")
    cache.mkdir(parents=True, exist_ok=True)
    names = [relative(path) for path in sources if path.suffix == ".c" and not relative(path).startswith("tests/")]
    return [run(
        "cppcheck", "--quiet", "--std=c11", f"-j{jobs}", "--error-exitcode=1", "--inline-suppr",
        "--enable=warning,performance,portability", "--suppress=missingIncludeSystem",
        "--suppress=normalCheckLevelMaxBranches", f"--cppcheck-build-dir={cache}",
        "--library=posix", "-Ilib", "-I.", *names,
    )] if names else []


def check_python(scripts) -> list[str]:
    return [run("/usr/bin/python3", "-m", "pyflakes", *map(relative, scripts))]


def check_shell(scripts) -> list[str]:
    return [run("shellcheck", *map(relative, scripts))]


def cpu_seconds() -> float:
    """Of this process and of the children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    sources = files("lib/*/*.[ch]", "lib/*/*/*.[ch]", "runtime/*.[ch]", "functions/*.[ch]", "functions/*/*.[ch]", "tests/*/*.[ch]")
    scripts = files("tests/**/*.py", "layers/**/*.py")
    shell = [path for path in files("*.sh", "layers/**/*.sh", "tests/**/*.sh", ".ci/run")]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        checks = {
            "formatting": lambda: check_format(sources),
            "who includes whom": lambda: check_includes(sources, scripts),
            "layers of base": lambda: check_layers(sources),
            "banned functions": lambda: check_banned(sources),
            "sizes": lambda: check_sizes([*sources, *scripts]),
            "clang-tidy": lambda: check_tidy(sources, pool),
            "cppcheck": lambda: check_cppcheck(sources, arguments.jobs, arguments.build),
            "Python": lambda: check_python(scripts),
            "shell": lambda: check_shell(shell),
        }
        failed = 0
        for name, check in checks.items():
            started = cpu_seconds()
            problems = [problem for problem in check() if problem]
            failed += len(problems)
            print(f"{'FAIL' if problems else 'ok':4} {name:20} {cpu_seconds() - started:6.1f} CPU s", flush=True)
            for problem in problems:
                print("     " + problem.replace("\n", "\n     "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
