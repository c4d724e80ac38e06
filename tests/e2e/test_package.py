"""What `make package` makes: zips that Lambda takes, the same wherever they are built, whose programs
need nothing of the machine that they run on.
"""

import functools
import gzip
import os
import pathlib
import platform
import re
import shutil
import subprocess
import tempfile
import typing
import unittest
import zipfile

from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING, Interface, System
from emulator.lambda_.function import LambdaOptions

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
DIST = ROOT / "dist"
FUNCTIONS = (FILE_PROCESS, FILE_PROCESS_LOGGING)
SOURCES = ("Makefile", "package.sh", "setup.sh", "debian-packages.txt", "lib", "runtime", "functions", "layers")
LARGEST = 3_500_000
MACHINES = {"x86_64": "Advanced Micro Devices X86-64", "aarch64": "AArch64"}


def run(*command, **options) -> subprocess.CompletedProcess:
    """Without the variables of a make that may be calling, and with a time limit."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **options.pop("env", {})}
    return subprocess.run(
        [str(part) for part in command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=400, **options,
    )


def must(*command, **options) -> str:
    result = run(*command, **options)
    if result.returncode != 0:
        raise AssertionError(f"{command} failed:\n{result.stdout}")
    return result.stdout


def zips(folder: pathlib.Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((folder / "dist").glob("*.zip"))}


def members(file: pathlib.Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as package:
        return {name: package.read(name) for name in package.namelist()}


class Zips(unittest.TestCase):
    """What Lambda asks of a package for an OS-only runtime."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="package-")))
        for name in FUNCTIONS:
            with zipfile.ZipFile(DIST / f"{name}.zip") as package:
                pathlib.Path(package.extract("bootstrap", cls.folder / name)).chmod(0o755)
        cls.bootstraps = {name: cls.folder / name / "bootstrap" for name in FUNCTIONS}

    def readelf(self, options: str) -> typing.Iterator[str]:
        for bootstrap in self.bootstraps.values():
            yield must("readelf", options, bootstrap)

    def test_one_small_zip_for_each_function_and_one_for_the_layer(self):
        self.assertEqual(sorted(path.name for path in DIST.glob("*.zip")),
                         ["file-process-logging.zip", "file-process.zip", "layer-certs.zip"])
        for path in DIST.glob("*.zip"):
            self.assertLess(path.stat().st_size, LARGEST, path.name)

    def test_bootstrap_is_all_and_can_be_executed(self):
        for name in FUNCTIONS:
            with zipfile.ZipFile(DIST / f"{name}.zip") as package:
                (entry,) = package.infolist()
            self.assertEqual(entry.filename, "bootstrap")
            self.assertEqual(entry.create_system, 3)  # Unix: the mode counts
            self.assertEqual(oct(entry.external_attr >> 16), oct(0o100755))

    def test_bootstrap_is_a_static_pie_of_this_architecture(self):
        for headers in self.readelf("-hlWd"):
            self.assertIn(MACHINES[platform.machine()], headers)
            self.assertRegex(headers, r"Type:\s+DYN \(Position-Independent Executable")
            self.assertNotIn("INTERP", headers)
            self.assertNotIn("(NEEDED)", headers)

    def test_bootstrap_is_hardened(self):
        for headers in self.readelf("-lWd"):
            self.assertIn("GNU_RELRO", headers)
            self.assertRegex(headers, r"\(FLAGS\)\s+BIND_NOW")
            self.assertRegex(headers, r"GNU_STACK\s+\S+ \S+ \S+ \S+ \S+ RW ")
            self.assertNotRegex(headers, r"LOAD .* RWE ")

    def test_bootstrap_is_stripped_and_names_no_folder_of_this_machine(self):
        for sections in self.readelf("-SW"):
            self.assertNotRegex(sections, r"\.(symtab|debug_\w+) ")
        for bootstrap in self.bootstraps.values():
            for folder in (str(ROOT), "native-cache"):
                self.assertNotIn(folder.encode(), bootstrap.read_bytes())

    def test_bootstrap_says_what_it_is_made_of(self):
        libraries = r"curl [\d.]+\S*, libpq \S+, cJSON \S+, OpenSSL \S+, zlib \S+, glibc \S+"
        for name, bootstrap in self.bootstraps.items():
            self.assertRegex(must(bootstrap, "--version"), rf"^{name}, with {libraries}\n$")


class Copy:
    """The sources in a folder of their own. The native libraries come from where they are built
    already: tests/e2e/test_native.py is about those."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        folder.mkdir(parents=True)
        for name in SOURCES:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, folder / name)

    def package(self, *options: str, umask: int = 0o022, **environment: str) -> subprocess.CompletedProcess:
        cache = os.environ.get("NATIVE_CACHE", str(BUILD / "native-cache"))
        return run("make", "--silent", *options, "package", cwd=self.folder, umask=umask,
                   env={"NATIVE_CACHE": cache, **environment})


@functools.cache
def built_copy() -> Copy:
    """Built under conditions that differ from the usual ones in everything that should not matter.
    Gone after the last test."""
    folder = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix="package-copy-")))
    copy = Copy(folder / "another/with-a-longer-name")
    result = copy.package("-j2", umask=0o077, LC_ALL="C.UTF-8", TZ="Asia/Kolkata", HOME="/nonexistent",
                          USER="builder")
    if result.returncode != 0:
        raise AssertionError(result.stdout)
    return copy


class CopyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.copy = built_copy()


class Reproducible(CopyTest):
    def test_two_folders_make_the_same_zips(self):
        bundle = os.environ.get("RDS_BUNDLE", "")  # `make test` has made ROOT's layer with it
        self.assertEqual(self.copy.package(RDS_BUNDLE=bundle).returncode, 0)
        one, other = zips(ROOT), zips(self.copy.folder)
        self.assertEqual(len(one), 3)
        for name in one:
            self.assertTrue(one[name] == other[name], name)

    def test_packing_again_changes_nothing(self):
        copy = self.copy
        before = zips(copy.folder)
        for file in (copy.folder / "layers/certs").glob("*.pem"):
            file.touch()
        must("./package.sh", cwd=copy.folder)
        self.assertTrue(before == zips(copy.folder))


class Layer(CopyTest):
    """dist/layer-certs.zip, which Lambda unpacks below /opt."""

    ROOTS = (ROOT / "layers/certs/amazon-roots.pem").read_bytes()

    def setUp(self):
        self.zip = self.copy.folder / "dist/layer-certs.zip"

    def bundle(self, data: bytes) -> pathlib.Path:
        file = self.copy.folder / "bundle.pem"
        file.write_bytes(data)
        return file

    def test_public_roots_without_a_bundle(self):
        self.assertEqual(self.copy.package().returncode, 0)
        self.assertEqual(members(self.zip), {"certs/amazon-roots.pem": self.ROOTS})

    def test_files_are_readable_by_all(self):
        with zipfile.ZipFile(DIST / "layer-certs.zip") as layer:
            for entry in layer.infolist():
                self.assertEqual(oct(entry.external_attr >> 16), oct(0o100644))

    def test_the_bundle_goes_in_and_out_as_asked(self):
        bundle = self.bundle(b"# some comment\n" + self.ROOTS)
        for given in ({"environment": True}, {"environment": False}):
            with self.subTest(given):
                result = (self.copy.package(RDS_BUNDLE=str(bundle)) if given["environment"]
                          else self.copy.package(f"RDS_BUNDLE={bundle}"))
                self.assertEqual(result.returncode, 0, result.stdout)
                self.assertEqual(members(self.zip), {
                    "certs/amazon-roots.pem": self.ROOTS, "certs/rds-bundle.pem": bundle.read_bytes()})
                self.assertEqual(self.copy.package().returncode, 0)
                self.assertEqual(list(members(self.zip)), ["certs/amazon-roots.pem"])

    def test_a_newer_bundle_is_taken(self):
        bundle = self.bundle(self.ROOTS)
        self.assertEqual(self.copy.package(f"RDS_BUNDLE={bundle}").returncode, 0)
        self.bundle(self.ROOTS + b"# newer\n")
        self.assertEqual(self.copy.package(f"RDS_BUNDLE={bundle}").returncode, 0)
        self.assertTrue(members(self.zip)["certs/rds-bundle.pem"].endswith(b"# newer\n"))

    def test_a_bad_bundle_is_refused(self):
        cut = re.sub(rb"(?s)(-----END CERTIFICATE-----.*?\n[A-Za-z0-9+/=]{64}\n).*", rb"\1", self.ROOTS, count=1)
        for data, problem in (
            (None, "cannot be read"),
            (b"", "holds no PEM certificate"),
            (b"<html>Not found</html>\n", "holds no PEM certificate"),
            (self.ROOTS[:700], "holds a broken certificate"),
            (cut, "holds a broken certificate"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds a broken certificate"),
        ):
            with self.subTest(problem=problem, size=data and len(data)):
                bundle = self.bundle(data or b"")
                if data is None:
                    bundle.unlink()
                result = self.copy.package(f"RDS_BUNDLE={bundle}")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(f"package: RDS_BUNDLE: {bundle} {problem}\n", result.stdout)


@unittest.skipUnless(os.geteuid() == 0, "only root may give a process an empty root")
class EmptyRoot(unittest.TestCase):
    """A whole job by functions that see no file but their bootstrap, resolv.conf and /tmp."""

    FILES = {"/etc/resolv.conf": b"nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"}
    PACKED = Interface(id=640, columns=["a", "b"], file_format="gz", file_type="gz", header_flag="Y",
                       trailer_flag="Y", trailer_pstn="4:14", query="delete from rdsftetl.t640 where 1 = 0")

    @classmethod
    def setUpClass(cls):
        options = LambdaOptions(root_files=cls.FILES)
        cls.system = cls.enterClassContext(System(lambda_options=options))
        cls.system.add_interface(cls.PACKED)

    def tearDown(self):
        self.system.local.check()

    def process_packed(self, name: str):
        data = gzip.compress(b"a|b\n1|x\n2|y\nTRL0000000002\n")
        row = self.system.process(f"external_input/{name}_640.gz", data)
        self.assertEqual((row["state"], row["reason"]), ("DONE", None))

    def test_a_file_that_is_unpacked_checked_and_transformed(self):
        self.process_packed("A")
        loaded = [(row["a"], row["b"]) for row in self.system.rows(self.PACKED.table)]
        self.assertEqual(loaded[:2], [("1", "x"), ("2", "y")])
        journey = self.system.states("external_input/A_640.gz")
        self.assertEqual(journey, ["RECEIVED", "PREPARED", "SUBMITTED", "LOADED", "TRANSFORMING", "DONE"])
        self.assertEqual(len(self.system.archive()), 1)
        self.assertEqual(self.system.private_objects(), [])
        self.assertEqual(len(self.system.notices("external_input/A_640.gz")), 1)

    def test_processes_see_and_hold_nothing_of_the_machine(self):
        self.process_packed("B")
        for name in FUNCTIONS:
            with self.subTest(name):
                function = self.system.local.lambda_.function(name)
                self.assertTrue(function.pids)
                for pid in function.pids:
                    self.check_process(pid)

    def check_process(self, pid: int):
        root = pathlib.Path(os.readlink(f"/proc/{pid}/root"))
        there = sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())
        self.assertEqual(there, ["etc/resolv.conf", "var/task/bootstrap"])
        mapped = re.findall(r"(?m) (/\S.*)$", pathlib.Path(f"/proc/{pid}/maps").read_text())
        self.assertEqual(set(mapped), {str(root / "var/task/bootstrap")})
        for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            self.assertRegex(os.readlink(descriptor), r"^(socket|pipe|anon_inode):|^/dev/null$")


if __name__ == "__main__":
    unittest.main()
