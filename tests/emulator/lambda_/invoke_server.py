"""A bootstrap behind the invoke API and nothing else: unsigned, for trying and measuring a runtime
alone.

    python3 -m emulator.lambda_.invoke_server build/bootstrap
    curl -d '{}' http://127.0.0.1:PORT/2015-03-31/functions/function/invocations
"""

import argparse
import re
import signal
import sys
import threading
import uuid

from ..core.http_wire import BadRequest, Connection, Listener, Truncated, WireRequest
from .async_queue import REAL_DELAYS, AsyncQueue, Job, RetryRules, failure_record
from .environment import Result
from .invoke import invoke
from .local_function import LocalFunction
from ..core.protocols import error_response
from ..core.service import Clock, Headers, Response, ServiceError

_PATH = re.compile("/2015-03-31/functions/([^/]+)/invocations")


class InvokeServer:
    """Serves one LocalFunction under any name."""

    def __init__(self, function: LocalFunction, port: int = 0, delays=REAL_DELAYS):
        self.function = function
        self.lost: list[dict] = []  # asynchronous events that failed for good
        self._clock = Clock()
        self.queue = AsyncQueue(
            lambda payload, request_id: function.invoke(payload, request_id=request_id),
            RetryRules,
            self._clock,
            self._on_lost,
            delays,
            function.concurrency,
        )
        self._listener = Listener(self._serve, port=port)
        self.endpoint = f"http://{self._listener.host}:{self._listener.port}"
        self._listener.start()

    def _on_lost(self, job: Job, result: Result | None, condition: str) -> None:
        self.lost.append(
            failure_record(job, result, condition, self.function.settings.arn, self._clock.now())
        )

    def _serve(self, connection: Connection) -> None:
        try:
            while (request := connection.read_request()) is not None:
                response = self._answer(request)
                connection.send(
                    response.status, response.headers, response.body, close=request.close
                )
                if request.close:
                    return
        except (BadRequest, Truncated, OSError):
            pass

    def _answer(self, request: WireRequest) -> Response:
        request_id = str(uuid.uuid4())
        try:
            payload = b"".join(iter(lambda: request.body.read(1 << 20), b""))
            if request.method != "POST" or not _PATH.fullmatch(request.path):
                raise ServiceError(
                    "ResourceNotFoundException", f"{request.method} {request.path}", 404
                )
            response = invoke(
                self.function, self.queue.put, Headers(request.fields), payload, request_id
            )
        except ServiceError as error:
            response = error_response("rest-json", request_id, error)
        response.headers["x-amzn-RequestId"] = request_id
        return response

    def stop(self) -> None:
        self.queue.stop()
        self.function.close(abort=True)
        self._listener.stop()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="emulator.lambda_.invoke_server", description=__doc__.splitlines()[0]
    )
    parser.add_argument("bootstrap")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for each invocation")
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="for the function; repeatable",
    )
    options = parser.parse_args(arguments)
    pairs = dict(item.split("=", 1) for item in options.env)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    function = LocalFunction(
        options.bootstrap,
        timeout=options.timeout,
        environment=pairs,
        on_line=lambda line: print(line.text),
    )
    server = InvokeServer(function, options.port)
    print(f"{server.endpoint}/2015-03-31/functions/function/invocations", flush=True)
    over.wait()
    server.stop()
    return 1 if function.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
