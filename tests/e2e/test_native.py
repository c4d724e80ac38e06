"""The native libraries as they ship: a static program that needs nothing of the host.

A small program (tests/native/probe.c) is linked with them and run in roots that hold nothing but
itself, /etc/resolv.conf and /tmp, and, where a test says so, one file more.
"""

import ctypes
import fcntl
import functools
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from e2e.commands import ROOT, must, run

BUILD = os.environ.get("BUILD", "build")
LIBRARIES = ROOT / BUILD / "native/lib"
IS_ROOT = os.geteuid() == 0


@functools.cache
def probe() -> pathlib.Path:
    """The probe, linked as the shipped programs are; kept in build/, where everything built is."""
    make = ("make", "--silent", "-f", "layers/native/native.mk", f"BUILD={BUILD}")
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    must(*make, "native", env=env, timeout=500)
    flags = dict(line.split("=", 1) for line in must(*make, "native-flags").splitlines())
    binary = ROOT / BUILD / "native-probe" / "probe"
    binary.parent.mkdir(parents=True, exist_ok=True)
    output = must(
        "gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", "-I.", "-DNATIVE_PROBE",
        *flags["NATIVE_CFLAGS"].split(), "tests/native/probe.c", "-o", binary,
        *flags["NATIVE_LDFLAGS"].split(), *flags["NATIVE_LIBS"].split(),
    )
    assert output == "", output
    return binary


class EmptyRoot:
    """A folder that is all the probe gets to see of a file system."""

    def __init__(self, test: unittest.TestCase):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="native-root."))
        test.addCleanup(shutil.rmtree, self.path)
        for folder in ("etc", "tmp"):
            (self.path / folder).mkdir()
        self.add("etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:4 attempts:1\n")
        shutil.copy(probe(), self.path / "probe")
        self.enter = ["chroot", self.path] if IS_ROOT else ["unshare", "--map-root-user", "--root", self.path]
        if not IS_ROOT and run(*self.enter, "/probe", "facts").returncode != 0:
            test.skipTest("neither root nor allowed to make a user namespace: no empty root")

    def add(self, name: str, text: str) -> str:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return f"/{name}"

    def run(self, *arguments) -> subprocess.CompletedProcess:
        return run(*self.enter, "/probe", *arguments)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"asked {self.headers['Host']} for {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *arguments):
        """Clients that hang up are part of the tests."""


class Server6(Server):
    address_family = socket.AF_INET6


def serve(test: unittest.TestCase, host="127.0.0.1", kind=Server, tls=None) -> int:
    """Starts a server on a free port of the loopback interface and returns the port."""
    server = kind((host, 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return server.server_address[1]


def closed_port(test: unittest.TestCase) -> int:
    """A port that refuses connections until the test ends: taken, and nobody listens."""
    taken = socket.socket()
    test.addCleanup(taken.close)
    taken.bind(("127.0.0.1", 0))
    return taken.getsockname()[1]


class Binary(unittest.TestCase):
    """What the linker made."""

    def test_is_a_static_pie_that_needs_nothing(self):
        headers = must("readelf", "-hlWd", probe())
        self.assertRegex(headers, r"Type:\s+DYN \(Position-Independent Executable")
        self.assertNotIn("INTERP", headers)
        self.assertNotIn("(NEEDED)", headers)

    def test_is_hardened(self):
        headers = must("readelf", "-lWd", probe())
        self.assertIn("GNU_RELRO", headers)
        self.assertRegex(headers, r"\(FLAGS\)\s+BIND_NOW")
        self.assertRegex(headers, r"GNU_STACK\s+\S+ \S+ \S+ \S+ \S+ RW ")
        self.assertNotRegex(headers, r"LOAD .* RWE ")
        for library in ("libcurl.a", "libpq.a"):
            symbols = must("nm", LIBRARIES / library)
            self.assertIn("U __stack_chk_fail", symbols, library)
            self.assertRegex(symbols, r"U __\w+_chk\b", library)

    def test_names_no_folder_of_the_machine_that_built_it(self):
        self.assertNotIn(b"native-cache", probe().read_bytes())


class Facts(unittest.TestCase):
    """What the libraries say of themselves, from inside an empty root."""

    def setUp(self):
        result = EmptyRoot(self).run("facts")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.facts = json.loads(result.stdout)

    def test_curl_speaks_http_and_tls_and_nothing_else(self):
        self.assertEqual(self.facts["protocols"], ["http", "https"])
        self.assertEqual(
            self.facts["features"],
            ["AsynchDNS", "HTTPS-proxy", "IPv6", "Largefile", "SSL", "threadsafe"],
        )

    def test_libpq_has_tls(self):
        self.assertTrue(self.facts["libpq_tls"])

    def test_version_list_is_what_is_inside(self):
        versions = dict(part.split(" ") for part in self.facts["versions"].split(", "))
        self.assertEqual(list(versions), ["curl", "libpq", "cJSON", "OpenSSL", "zlib", "glibc"])
        major, minor = re.match(r"(\d+)\.(\d+)-", versions["libpq"]).groups()
        self.assertEqual(self.facts["libpq"], int(major) * 10000 + int(minor))
        for name, inside in (("curl", "curl"), ("cJSON", "cjson"), ("OpenSSL", "openssl"), ("zlib", "zlib")):
            self.assertEqual(re.match(r"[\d.]*\d", versions[name])[0], self.facts[inside], name)
        self.assertEqual(self.facts["tls"], f"OpenSSL/{self.facts['openssl']}")
        self.assertRegex(versions["glibc"], r"^2\.\d+-")


class Http(unittest.TestCase):
    def setUp(self):
        self.root = EmptyRoot(self)

    def test_by_address(self):
        port = serve(self)
        result = self.root.run("get", f"http://127.0.0.1:{port}/a%20b?c=+")
        self.assertEqual(result.stdout, f"asked 127.0.0.1:{port} for /a%20b?c=+ 200\n")

    def test_by_ipv6_address(self):
        try:
            port = serve(self, "::1", Server6)
        except OSError as error:
            self.skipTest(f"no IPv6 loopback here: {error}")
        result = self.root.run("get", f"http://[::1]:{port}/")
        self.assertEqual(result.stdout, f"asked [::1]:{port} for / 200\n")

    def test_by_a_name_in_the_hosts_file(self):
        self.root.add("etc/hosts", "127.0.0.1 store.test\n")
        port = serve(self)
        result = self.root.run("get", f"http://store.test:{port}/")
        self.assertEqual(result.stdout, f"asked store.test:{port} for / 200\n")

    def test_through_a_proxy(self):
        port = serve(self)
        result = self.root.run("get", "http://store.test/x", "", f"http://127.0.0.1:{port}")
        self.assertEqual(result.stdout, "asked store.test for http://store.test/x 200\n")

    def test_refused_connection_and_other_protocols_are_told(self):
        result = self.root.run("get", f"http://127.0.0.1:{closed_port(self)}/")
        self.assertEqual(result.returncode, 1)
        self.assertIn("Failed to connect", result.stdout)
        for url in ("file:///etc/resolv.conf", "ftp://127.0.0.1/"):
            result = self.root.run("get", url)
            self.assertEqual(result.returncode, 1, url)
            self.assertIn("not supported or disabled", result.stdout, url)


class Https(unittest.TestCase):
    """The certificate is for the name secure.test alone."""

    def setUp(self):
        self.root = EmptyRoot(self)
        self.root.add("etc/hosts", "127.0.0.1 secure.test other.test\n")
        certificate, key = self.root.path / "tmp/ca.pem", self.root.path / "tmp/key.pem"
        must(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=secure.test", "-addext", "subjectAltName=DNS:secure.test",
            "-keyout", key, "-out", certificate,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.port = serve(self, tls=context)

    def test_known_certificate(self):
        result = self.root.run("get", f"https://secure.test:{self.port}/", "/tmp/ca.pem")
        self.assertEqual(result.stdout, f"asked secure.test:{self.port} for / 200\n")

    def test_without_certificates_nothing_is_trusted(self):
        result = self.root.run("get", f"https://secure.test:{self.port}/")
        self.assertEqual(result.returncode, 1)
        self.assertIn("SSL certificate problem", result.stdout)

    def test_wrong_name(self):
        result = self.root.run("get", f"https://other.test:{self.port}/", "/tmp/ca.pem")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no alternative certificate subject name matches target host name 'other.test'", result.stdout)


class Libpq(unittest.TestCase):
    def setUp(self):
        self.root = EmptyRoot(self)

    def test_needs_no_user_file_when_the_user_is_given(self):
        port = closed_port(self)
        result = self.root.run("connect", f"host=127.0.0.1 port={port} user=loader dbname=x sslmode=require")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f'connection to server at "127.0.0.1", port {port} failed: Connection refused', result.stdout)

    def test_missing_user_is_told(self):
        result = self.root.run("connect", f"host=127.0.0.1 port={closed_port(self)} dbname=x")
        self.assertEqual(result.returncode, 1)
        self.assertIn("local user", result.stdout)

    def test_resolves_names(self):
        self.root.add("etc/hosts", "127.0.0.1 base.test\n")
        port = closed_port(self)
        result = self.root.run("connect", f"host=base.test port={port} user=loader")
        self.assertIn(f'"base.test" (127.0.0.1), port {port} failed: Connection refused', result.stdout)


class ForeignHost(unittest.TestCase):
    """A host whose nsswitch.conf names a module that is deadly to who loads it."""

    def setUp(self):
        self.root = EmptyRoot(self)
        self.root.add("etc/hosts", "127.0.0.1 base.test\n")
        self.root.add("etc/nsswitch.conf", "hosts: trap\npasswd: trap\n")
        source = self.root.add("tmp/trap.c", "__attribute__((constructor)) void trap(void) { __builtin_trap(); }\n")
        folder = self.root.path / "lib" / must("gcc", "-print-multiarch").strip()
        folder.mkdir(parents=True)
        must("gcc", "-shared", "-fPIC", "-nostdlib", f"{self.root.path}{source}", "-o", folder / "libnss_trap.so.2")
        self.lookups = {
            "hosts": ("connect", f"host=base.test port={closed_port(self)} user=loader"),
            "passwd": ("connect", f"host=127.0.0.1 port={closed_port(self)} user=loader"),
        }

    def test_its_modules_are_never_loaded(self):
        for database, arguments in self.lookups.items():
            with self.subTest(database):
                result = self.root.run(*arguments)
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn("Connection refused", result.stdout)

    def test_without_the_precaution_they_would_be(self):
        """Shows that the test above can fail."""
        for database, arguments in self.lookups.items():
            with self.subTest(database):
                status = self.root.run("--trusting", *arguments).returncode
                self.assertIn(status, (-signal.SIGILL, -signal.SIGTRAP))


class NameServer:
    """Answers every question for an IPv4 address with 127.0.0.1, and all others with nothing."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.asked = set()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, client = self.socket.recvfrom(512)
                self.socket.sendto(self._answer(question), client)
            except OSError:  # closed
                return

    def _answer(self, question: bytes) -> bytes:
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += 1 + question[at]
        (kind,) = struct.unpack_from("!H", question, at + 1)
        self.asked.add(".".join(labels))
        found = kind == 1
        head = question[:2] + struct.pack("!5H", 0x8180, 1, int(found), 0, 0) + question[12 : at + 5]
        return head + (struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4, 127, 0, 0, 1) if found else b"")


@unittest.skipUnless(IS_ROOT, "a name server on port 53 needs a network namespace, and that root")
class Dns(unittest.TestCase):
    """In a network of its own, where port 53 is free: it belongs to one thread, and ends with it."""

    def in_private_network(self, work):
        outcome = []

        def body():
            try:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.unshare(0x40000000) != 0:  # CLONE_NEWNET
                    self.skipTest(f"no network namespace: {os.strerror(ctypes.get_errno())}")
                with socket.socket() as control:  # SIOCSIFFLAGS with IFF_UP
                    fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 1))
                work()
            except BaseException as error:  # the test's own thread raises it again
                outcome.append(error)

        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        if outcome:
            raise outcome[0]

    def test_names_resolve_with_nothing_but_resolv_conf(self):
        root = EmptyRoot(self)

        def work():
            server = NameServer()
            self.addCleanup(server.socket.close)
            port = serve(self)
            result = root.run("get", f"http://bucket.s3.test:{port}/")
            self.assertEqual(result.stdout, f"asked bucket.s3.test:{port} for / 200\n")
            result = root.run("connect", f"host=localhost port={closed_port(self)} user=loader")
            self.assertIn('"localhost" (127.0.0.1)', result.stdout)
            self.assertEqual(server.asked, {"bucket.s3.test", "localhost"})

        self.in_private_network(work)

    def test_silent_name_server_does_not_hold_a_call_past_its_timeout(self):
        root = EmptyRoot(self)
        root.add("etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")

        def work():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
                silent.bind(("127.0.0.1", 53))
                started = time.monotonic()
                result = root.run("get", "http://bucket.s3.test/")
            self.assertRegex(result.stdout, r"Resolving timed out after \d{4,5} ")
            self.assertLess(time.monotonic() - started, 25)  # the resolver itself waits for 30 s

        self.in_private_network(work)

    def test_name_that_cannot_be_resolved_is_told(self):
        root = EmptyRoot(self)

        def work():  # nobody listens on port 53
            result = root.run("get", "http://bucket.s3.test/")
            self.assertEqual(result.stdout, "Could not resolve host: bucket.s3.test\n")

        self.in_private_network(work)


if __name__ == "__main__":
    unittest.main()
