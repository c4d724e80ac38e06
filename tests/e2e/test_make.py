"""The outside of the build: what it says where it cannot work, and what is left when it is stopped."""

import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from lint import lint

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Outside(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="make-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def copy(self, folder: pathlib.Path, *names: str) -> None:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)

    def said(self, folder: pathlib.Path, *command: str, path: str = "/usr/bin:/bin") -> tuple[int, str]:
        result = subprocess.run(
            command,
            cwd=folder,
            env={"PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return result.returncode, result.stdout

    def programs(self, **scripts: str) -> str:
        """A PATH of these alone, and of what a shell script cannot do without."""
        folder = self.folder / "bin"
        folder.mkdir()
        for name in {"sh", "dirname", "awk", "id", "cat"} - set(scripts):
            (folder / name).symlink_to(shutil.which(name, path="/usr/bin:/bin"))
        for name, script in scripts.items():
            program = folder / name.replace("_", "-")
            with open(program, "x") as file:  # never through a link to the machine's own
                file.write(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        return str(folder)

    def test_a_path_with_blanks(self):
        folder = self.folder / "my clone"
        self.copy(folder, "Makefile", "layers/native/native.mk")
        status, output = self.said(folder, "make", "help")
        self.assertEqual(status, 2)
        self.assertIn(f'the path "{folder.resolve()}" has blanks', output)
        self.assertIn("clone to another folder", output)

    def test_the_compilation_database_holds_commands_that_compile(self):
        self.copy(self.folder, "Makefile", "layers/native/native.mk")
        files = {
            "lib/base/one.h": "#define ONE 1\n",
            "lib/base/one.c": '#include "base/one.h"\nint one = ONE;\n',
            "tests/unit/test_one.c": '#include "base/one.h"\nint two = 2 * ONE;\n',
        }
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        status, output = self.said(self.folder, "make", "compile_commands.json")
        self.assertEqual(status, 0, output)
        database = json.loads((self.folder / "compile_commands.json").read_text())
        self.assertEqual([entry["file"] for entry in database], ["lib/base/one.c", "tests/unit/test_one.c"])
        for entry in database:
            self.assertEqual(entry["directory"], str(self.folder.resolve()))
            status, output = self.said(self.folder, *shlex.split(entry["command"]))
            self.assertEqual(status, 0, output)
            self.assertTrue((self.folder / pathlib.Path(entry["file"]).with_suffix(".o").name).exists())

    def test_setup_where_nothing_is_missing_and_where_it_is_no_debian(self):
        self.copy(self.folder, "setup.sh", "debian-packages.txt")
        self.assertEqual(self.said(self.folder, "./setup.sh"), (0, ""))
        status, output = self.said(self.folder, "./setup.sh", path=self.programs())
        self.assertEqual(status, 1)
        self.assertIn("this builds on Debian 12", output)

    def test_setup_without_root(self):
        self.copy(self.folder, "setup.sh")
        (self.folder / "debian-packages.txt").write_text("make\nnosuch-package\n")
        programs = self.programs(dpkg_query="echo 'ii  make'", id="echo 1000")
        status, output = self.said(self.folder, "./setup.sh", path=programs)
        self.assertEqual(status, 1)
        self.assertIn("not root and no sudo; as root run: apt-get install nosuch-package\n", output)

    def test_setup_with_sudo_asks_nothing(self):
        """A package like tzdata would, and wait for an answer that nobody can see it wants."""
        self.copy(self.folder, "setup.sh")
        (self.folder / "debian-packages.txt").write_text("nosuch-package\n")
        programs = self.programs(dpkg_query="echo 'ii  make'", id="echo 1000", sudo='echo "as root: $*"')
        status, output = self.said(self.folder, "./setup.sh", path=programs)
        self.assertEqual(status, 0)
        orders = [line for line in output.splitlines() if line.startswith("as root: ")]
        self.assertEqual(len(orders), 2)
        for order in orders:
            self.assertIn("as root: env DEBIAN_FRONTEND=noninteractive apt-get ", order)

    def test_setup_outlives_a_mirror_that_stumbles(self):
        self.copy(self.folder, "setup.sh")
        (self.folder / "debian-packages.txt").write_text("nosuch-package\n")
        programs = self.programs(
            dpkg_query="echo 'ii  make'", id="echo 0", sleep="",
            apt_get='echo "apt-get $*"; case $1 in install) echo again >> tries; [ "$(grep -c . tries)" -ge "$WORKS_AT" ] ;; esac',
            grep='exec /usr/bin/grep "$@"',
        )
        for works_at, expected in ((3, 0), (4, 1)):
            (self.folder / "tries").unlink(missing_ok=True)
            order = ("env", f"WORKS_AT={works_at}", f"PATH={programs}", "/bin/sh", "./setup.sh")
            status, output = self.said(self.folder, *order)
            self.assertEqual((status, output.count("apt-get install")), (expected, 3), output)
            for line in output.splitlines():
                if line.startswith("apt-get "):
                    self.assertIn("Acquire::Retries=3", line)

    def test_who_may_import_whom_in_the_emulator(self):
        for name, text, refused in (
            ("core/server.py", "from .service import Clock\nfrom emulator.core import payload", []),
            ("core/server.py", "from emulator.s3.service import S3Service", ["s3"]),
            ("core/server.py", "    from .. import deployment", ["deployment"]),
            ("s3/service.py", "from ..core.service import Clock\nfrom . import errors", []),
            ("s3/test_service.py", "from emulator.s3.fixture import S3Test", []),
            ("s3/service.py", "from ..sns.service import SnsService\nimport emulator.local", ["sns", "local"]),
            ("local.py", "from .s3.service import S3Service", []),
        ):
            with self.subTest(name=name, text=text):
                problems = lint.judge_imports(f"tests/emulator/{name}", text)
                self.assertEqual([problem.split()[5] for problem in problems], refused)

    def test_the_size_of_files_and_functions(self):
        function = ["int f(void)", "{", *["    g();"] * 44, "}"]
        self.assertEqual(lint.judge_size("a.c", function), [])
        self.assertEqual(
            lint.judge_size("a.c", [*function[:-1], "    g();", "}"]),
            ["a.c:2: a function of 46 lines, more than 45"],
        )
        self.assertEqual(lint.judge_size("a.c", [""] * 450), [])
        self.assertEqual(lint.judge_size("a.c", [""] * 451), ["a.c: 451 lines, more than 450"])

    def test_a_check_that_dies_without_a_word(self):
        """As one does that the kernel ends for want of memory."""
        self.assertEqual(lint.run("/bin/sh", "-c", "exit 0"), "")
        self.assertEqual(lint.run("/bin/sh", "-c", "echo this >&2; exit 1"), "this")
        self.assertIn("exit status -9", lint.run("/bin/sh", "-c", "kill -9 $$"))

    def test_packing_that_is_stopped_leaves_nothing(self):
        self.copy(self.folder, "package.sh", "layers/certs/amazon-roots.pem")
        (self.folder / "functions/one").mkdir(parents=True)
        (self.folder / "functions/one/bootstrap.c").touch()
        bootstrap = self.folder / "build/release/functions/one/bootstrap"
        bootstrap.parent.mkdir(parents=True)
        shutil.copy("/usr/bin/true", bootstrap)
        (self.folder / "tmp").mkdir()
        path = f"{self.programs(zip='echo > packing; exec sleep 600')}:/usr/bin:/bin"
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                process = subprocess.Popen(
                    ["./package.sh"],
                    cwd=self.folder,
                    env={"PATH": path, "TMPDIR": str(self.folder / "tmp")},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                )
                end = time.monotonic() + 120
                while not list(self.folder.glob("**/packing")) and time.monotonic() < end:
                    time.sleep(0.02)
                os.killpg(process.pid, number)
                self.assertEqual(process.wait(120), 128 + number)
                self.assertEqual(list(self.folder.glob("**/packing")), [])
                self.assertEqual([path.name for path in (self.folder / "build").iterdir()], ["release"])
                self.assertEqual(list((self.folder / "tmp").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
