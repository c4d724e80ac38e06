"""The endpoint below AWS: HTTP as it must be, faults on purpose, the routes of /_local/."""

import errno
import http.client
import json
import pathlib
import socket
import tempfile
import threading
import time
import unittest

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.core.http_wire import Listener
from emulator.core.protocols import error_response
from emulator.core.server import LocalServer, Settings
from emulator.core.service import Clock, CredentialStore, Response, ServiceError


class Store:
    """An S3 of one file."""

    name = "s3"

    def __init__(self, file: pathlib.Path):
        self.file, self.handled = file, 0
        self.may_go_on, self.holding = threading.Event(), threading.Event()

    def operation(self, request):
        return {
            "GET": "GetObject",
            "PUT": "PutObject",
            "HEAD": "HeadObject",
            "DELETE": "DeleteObject",
        }[request.method]

    def handle(self, request):
        self.handled += 1
        if request.path == "/refuse":
            raise ServiceError("NoSuchKey", "no & such <key>", 404)
        if request.path == "/held":
            self.holding.set()
            self.may_go_on.wait(60)
        if request.path == "/bug":
            raise KeyError("oops")
        if request.method == "PUT":
            self.file.write_bytes(request.body.read())
            return Response(200, {"ETag": '"e"'})
        if request.method == "DELETE":
            return Response(204)
        return Response(200, {"ETag": '"e"'}, open(self.file, "rb"), self.file.stat().st_size)

    def error(self, request_id, error):
        return error_response("s3", request_id, error)


class ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        credentials = CredentialStore()
        cls.user = credentials.add_user("tester", "AKIATESTER0000000001", "secret")
        cls.server = LocalServer(credentials, Clock(), Settings(idle_seconds=60))
        cls.store = Store(pathlib.Path(folder.name) / "object")
        cls.store.file.write_bytes(b"hello")
        cls.server.add(cls.store)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.addCleanup(self.server.faults.clear)

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.addCleanup(connection.close)
        return connection

    def signed(self, method="GET", path="/k", body=b""):
        request = AWSRequest(
            method, self.server.endpoint + path, {"Host": f"127.0.0.1:{self.server.port}"}, body
        )
        S3SigV4Auth(
            Credentials(self.user.access_key, self.user.secret_key), "s3", "eu-west-1"
        ).add_auth(request)
        return dict(request.headers)

    def call(self, method="GET", path="/k", body=b"", connection=None):
        connection = connection or self.connect()
        connection.request(method, path, body or None, self.signed(method, path, body))
        reply = connection.getresponse()
        return reply, reply.read()

    def raw(self, data: bytes) -> bytes:
        """What comes back for these bytes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))


class FailingSocket:
    """A listening socket whose first calls of accept fail, one for each error."""

    def __init__(self, sock: socket.socket, *errors: int):
        self._sock, self._errors = sock, list(errors)

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def accept(self):
        if self._errors:
            raise OSError(self._errors.pop(0), "on purpose")
        return self._sock.accept()


class HeldSocket(FailingSocket):
    """A listening socket that keeps what it has accepted to itself for a while."""

    def __init__(self, sock: socket.socket):
        super().__init__(sock)
        self.accepted, self.may_go_on = threading.Event(), threading.Event()

    def accept(self):
        taken = super().accept()
        self.accepted.set()
        self.may_go_on.wait(60)
        return taken


class Accepting(unittest.TestCase):
    def setUp(self):
        self.may_answer = threading.Event()
        self.addCleanup(self.may_answer.set)

    def serve(self, connection):
        connection.read_request()
        self.may_answer.wait(60)
        connection.send(204, {})

    def listen(self, wrap) -> Listener:
        listener = Listener(self.serve)
        listener._socket = wrap(listener._socket)
        listener.start()
        self.addCleanup(listener.stop)
        return listener

    def ask(self, listener: Listener) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", "/")
        return connection

    def test_goes_on_after_a_failure(self):
        listener = self.listen(
            lambda sock: FailingSocket(sock, errno.ECONNABORTED, errno.EMFILE)
        )
        self.may_answer.set()
        for _ in range(2):
            self.assertEqual(self.ask(listener).getresponse().status, 204)

    def test_a_connection_being_accepted_is_not_quiet(self):
        listener = self.listen(HeldSocket)
        connection = self.ask(listener)
        self.assertTrue(listener._socket.accepted.wait(60))
        found = []
        asking = threading.Thread(target=lambda: found.append(listener.is_quiet()))
        asking.start()
        asking.join(0.2)  # it may answer at once, or wait for the acceptor
        listener._socket.may_go_on.set()
        asking.join()
        self.assertEqual(found, [False])
        self.may_answer.set()
        self.assertEqual(connection.getresponse().status, 204)


class Quiet(ServerTest):
    """Whether a call is under way, for who waits until nothing is left to happen."""

    def wait_quiet(self, quiet: bool = True) -> None:
        end = time.monotonic() + 60
        while self.server.is_quiet() != quiet:
            self.assertLess(time.monotonic(), end, "still busy" if quiet else "still quiet")
            time.sleep(0.001)

    def test_a_connection_kept_alive(self):
        connection = self.connect()
        self.call(connection=connection)
        self.wait_quiet()
        self.call(connection=connection)
        self.wait_quiet()

    def test_half_a_request(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as sock:
            sock.sendall(b"GET /k HT")
            self.wait_quiet(False)
            for _ in range(20):
                self.assertFalse(self.server.is_quiet())
                time.sleep(0.001)
        self.wait_quiet()

    def test_a_call_outlives_its_sender(self):
        self.store.may_go_on.clear()
        self.store.holding.clear()
        connection = self.connect()
        connection.request("GET", "/held", None, self.signed(path="/held"))
        connection.close()
        self.assertTrue(self.store.holding.wait(60))
        for _ in range(20):
            self.assertFalse(self.server.is_quiet())
            time.sleep(0.001)
        self.store.may_go_on.set()
        self.wait_quiet()

    def test_who_asks_is_no_work(self):
        self.wait_quiet()
        self.server.admin.add("GET", "quiet", lambda *_: {"quiet": self.server.is_quiet()})
        connection = self.connect()
        connection.request("GET", "/_local/quiet")
        self.assertEqual(json.loads(connection.getresponse().read()), {"quiet": True})


class Http(ServerTest):
    def test_large_file_is_sent_whole_and_the_connection_lives(self):
        connection = self.connect()
        data = bytes(range(256)) * 80000
        self.assertEqual(self.call("PUT", body=data, connection=connection)[0].status, 200)
        reply, body = self.call(connection=connection)
        self.assertEqual((reply.headers["Content-Length"], body == data), (str(len(data)), True))
        reply, body = self.call("HEAD", connection=connection)
        self.assertEqual((reply.headers["Content-Length"], body), (str(len(data)), b""))
        reply, body = self.call("DELETE", connection=connection)
        self.assertEqual(
            (reply.status, reply.headers.get("Content-Length"), body), (204, None, b"")
        )
        self.assertEqual(self.call(connection=connection)[0].status, 200)

    def test_errors_leave_the_connection_usable(self):
        connection = self.connect()
        reply, body = self.call(path="/refuse", connection=connection)
        self.assertEqual(reply.status, 404)
        self.assertIn(b"<Code>NoSuchKey</Code><Message>no &amp; such &lt;key&gt;</Message>", body)
        self.assertEqual(self.call(connection=connection)[0].status, 200)

    def test_a_bug_is_a_500_and_a_trace(self):
        with self.assertLogs("emulator", "ERROR") as logs:
            reply, body = self.call(path="/bug")
        self.assertEqual(reply.status, 500)
        self.assertIn("KeyError: 'oops'", logs.output[0])

    def test_chunked_request(self):
        headers = {**self.signed("PUT", body=b"hello world"), "Transfer-Encoding": "chunked"}
        connection = self.connect()
        connection.request("PUT", "/k", iter([b"hello ", b"world"]), headers, encode_chunked=True)
        self.assertEqual(connection.getresponse().status, 200)
        self.assertEqual(self.store.file.read_bytes(), b"hello world")

    def ask_to_continue(self, path: str, body: bytes, forged: bool = False) -> socket.socket:
        """A connection on which a PUT waits for 100 Continue."""
        headers = self.signed("PUT", path, body)
        if forged:
            headers["Authorization"] = headers["Authorization"][:-4] + "0000"
        headers.update({"Content-Length": str(len(body)), "Expect": "100-continue"})
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        sock = socket.create_connection(("127.0.0.1", self.server.port), timeout=60)
        self.addCleanup(sock.close)
        sock.sendall(f"PUT {path} HTTP/1.1\r\n{head}\r\n".encode())
        return sock

    def test_continue_is_sent_for_a_body_that_is_wanted(self):
        """Also for an empty one: without it, botocore misreads the connection's next reply."""
        wanted = b"HTTP/1.1 100 Continue\r\n\r\n"
        for body in (b"x" * 2_000_000, b"small", b""):
            with self.subTest(len(body)):
                sock = self.ask_to_continue("/k", body)
                self.assertEqual(sock.recv(len(wanted), socket.MSG_WAITALL), wanted)
                sock.sendall(body)
                reply = sock.recv(65536)
                self.assertTrue(reply.startswith(b"HTTP/1.1 200 OK\r\n"), reply)
                self.assertNotIn(b"\r\nConnection: close\r\n", reply)
                self.assertEqual(self.store.file.read_bytes(), body)

    def test_an_error_without_continue_ends_the_connection(self):
        for body in (b"12345", b""):
            with self.subTest(len(body)):
                sock = self.ask_to_continue("/k", body, forged=True)
                reply = b"".join(iter(lambda: sock.recv(65536), b""))
                self.assertTrue(reply.startswith(b"HTTP/1.1 403 Forbidden\r\n"), reply)
                self.assertIn(b"\r\nConnection: close\r\n", reply)

    def test_malformed_requests(self):
        host = b"Host: x\r\n"
        for what, data, status in (
            ("no request line", b"hello\r\n\r\n", 400),
            ("space in the target", b"GET /a b HTTP/1.1\r\n" + host + b"\r\n", 400),
            ("bytes in the target", "GET /é HTTP/1.1\r\n".encode() + host + b"\r\n", 400),
            ("HTTP/2", b"GET / HTTP/2\r\n" + host + b"\r\n", 505),
            ("no host", b"GET / HTTP/1.1\r\n\r\n", 400),
            ("two hosts", b"GET / HTTP/1.1\r\n" + host + host + b"\r\n", 400),
            ("space before the colon", b"GET / HTTP/1.1\r\n" + host + b"a : b\r\n\r\n", 400),
            ("folded line", b"GET / HTTP/1.1\r\n" + host + b"a: b\r\n c\r\n\r\n", 400),
            (
                "two lengths",
                b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
                400,
            ),
            ("negative length", b"GET / HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n", 400),
            (
                "one length twice",
                b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
                400,
            ),
            (
                "length and chunks",
                b"GET / HTTP/1.1\r\n"
                + host
                + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                400,
            ),
            (
                "unknown coding",
                b"GET / HTTP/1.1\r\n" + host + b"Transfer-Encoding: gzip\r\n\r\n",
                400,
            ),
            (
                "header without end",
                b"GET / HTTP/1.1\r\n" + host + b"a: " + b"x" * 70000 + b"\r\n\r\n",
                431,
            ),
        ):
            with self.subTest(what):
                self.assertEqual(self.raw(data).split(b" ")[1], str(status).encode())

    def test_a_day_that_no_calendar_has(self):
        answer = self.raw(
            b"GET /k HTTP/1.1\r\nHost: x\r\nX-Amz-Date: 20251232T000000Z\r\nAuthorization:"
            b" AWS4-HMAC-SHA256 Credential=AKIA/20251232/eu-west-1/s3/aws4_request,"
            b"SignedHeaders=host;x-amz-date,Signature=%s\r\n\r\n" % (b"0" * 64)
        )
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)

    def test_half_a_body_is_nothing(self):
        handled = self.store.file.read_bytes()
        headers = "".join(
            f"{name}: {value}\r\n" for name, value in self.signed("PUT", body=b"0123456789").items()
        )
        self.assertEqual(
            self.raw(f"PUT /k HTTP/1.1\r\nContent-Length: 10\r\n{headers}\r\n01234".encode()), b""
        )
        self.assertEqual(self.store.file.read_bytes(), handled)


class Faults(ServerTest):
    def test_each_kind(self):
        self.store.handled = 0
        faults = self.server.faults
        faults.add(
            "s3", "GetObject", "error", code="SlowDown", status=503, headers={"Retry-After": "2"}
        )
        reply, body = self.call()
        self.assertEqual((reply.status, reply.headers["Retry-After"]), (503, "2"))
        self.assertIn(b"<Code>SlowDown</Code>", body)
        faults.add("s3", "*", "throttle")
        self.assertEqual(self.call()[0].status, 503)
        self.assertEqual(self.store.handled, 0)

        faults.add("s3", "GetObject", "drop_before")
        self.assertRaises(http.client.RemoteDisconnected, self.call)
        faults.add("s3", "GetObject", "reset")
        self.assertRaises(ConnectionResetError, self.call)
        self.assertEqual(self.store.handled, 0)
        faults.add("s3", "PutObject", "drop_after")
        with self.assertRaises(http.client.RemoteDisconnected):
            self.call("PUT", body=b"acted")
        self.assertEqual((self.store.handled, self.store.file.read_bytes()), (1, b"acted"))

        faults.add("s3", "GetObject", "truncate", keep_bytes=3)
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.call()
        self.assertEqual(caught.exception.partial, b"act")
        faults.add("s3", "GetObject", "slow", seconds=0.2)
        begin = time.monotonic()
        self.assertEqual(self.call()[1], b"acted")
        self.assertGreater(time.monotonic() - begin, 0.2)

    def test_nth_and_times(self):
        self.server.faults.add("s3", "GetObject", "error", nth=2, times=2, status=500)
        self.server.faults.add("s3", "DeleteObject", "error", times=0, status=500)
        self.assertEqual([self.call()[0].status for _ in range(5)], [200, 500, 500, 200, 200])
        self.assertEqual([self.call("DELETE")[0].status for _ in range(3)], [500, 500, 500])

    def test_unknown_kind(self):
        self.assertRaises(ValueError, self.server.faults.add, "s3", "*", "explode")

    def test_every_call_is_logged(self):
        self.server.calls.clear()
        self.server.faults.add("s3", "GetObject", "drop_before", nth=2)
        self.call()
        self.assertRaises(http.client.RemoteDisconnected, self.call)
        self.assertEqual(
            [(call.operation, call.status, call.principal) for call in self.server.calls],
            [("GetObject", 200, self.user.arn), ("GetObject", 0, self.user.arn)],
        )


class Admin(ServerTest):
    def ask(self, method, path, body=None):
        connection = self.connect()
        connection.request(method, path, json.dumps(body) if body is not None else None)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())

    def test_routes(self):
        self.server.admin.add("POST", "double", lambda query, body: int(query["n"]) * body["by"])
        self.assertEqual(self.ask("POST", "/_local/double?n=4", {"by": 2}), (200, 8))
        status, answer = self.ask("POST", "/_local/double", {"by": 2})
        self.assertEqual((status, answer["message"]), (400, "KeyError: 'n'"))
        self.assertEqual(
            self.ask("POST", "/_local/double?n=4", [2]),
            (400, {"message": "the body is no JSON object"}),
        )
        status, answer = self.ask("GET", "/_local/nothing")
        self.assertEqual((status, answer["routes"]), (404, ["POST /_local/double"]))

    def test_a_body_over_the_limit(self):
        status, answer = self.ask("POST", "/_local/double", {"by": "x" * (5 << 20)})
        self.assertEqual((status, answer["message"]), (413, "the request is over 1048576 bytes"))


if __name__ == "__main__":
    unittest.main()
