"""Asynchronous invocations: a queue, two more tries, and a record of what was lost."""

import dataclasses
import datetime
import heapq
import itertools
import json
import logging
import threading
import time
import typing
import uuid

from .environment import Result
from .local_function import Throttled
from ..core.service import Clock

REAL_DELAYS = (60.0, 120.0)

_INTERNAL = b'{"errorMessage": "internal error of the local AWS"}'

log = logging.getLogger("emulator")


@dataclasses.dataclass
class Job:
    payload: bytes
    request_id: str
    accepted: float  # by the clock that tests can move
    attempts: int = 0


@dataclasses.dataclass
class RetryRules:
    """What put-function-event-invoke-config sets."""

    attempts: int = 2  # after the first
    event_age: int = 6 * 3600  # seconds
    on_failure: str = ""  # ARN


class AsyncQueue:
    """The events of one function; `run` is asked from up to `workers` threads."""

    def __init__(
        self,
        run: typing.Callable[[bytes, str], Result],
        rules: typing.Callable[[], RetryRules],
        clock: Clock,
        on_lost: typing.Callable[[Job, Result | None, str], None],
        delays=REAL_DELAYS,
        workers: int = 10,
    ):
        self._run, self._rules, self._clock, self._on_lost = run, rules, clock, on_lost
        self._delays, self._workers = delays, workers
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Job]] = []
        self._number = itertools.count()
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._stopped = False

    def put(self, payload: bytes, request_id: str = "") -> str:
        job = Job(payload, request_id or str(uuid.uuid4()), self._clock.now())
        self._push(job, 0.0)
        return job.request_id

    def _push(self, job: Job, delay: float) -> None:
        with self._changed:
            if self._stopped:
                return
            heapq.heappush(self._heap, (time.monotonic() + delay, next(self._number), job))
            if len(self._threads) < min(self._workers, len(self._heap) + self._busy):
                thread = threading.Thread(target=self._work, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while (job := self._take()) is not None:
            try:
                self._attempt(job)
            except Exception:  # a fault of the local AWS must not end the worker
                log.exception("asynchronous invocation %s", job.request_id)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _take(self) -> Job | None:
        with self._changed:
            while not self._stopped:
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    self._busy += 1
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(wait)
            return None

    def _attempt(self, job: Job) -> None:
        rules = self._rules()
        if self._clock.now() - job.accepted > rules.event_age:
            self._on_lost(job, None, "EventAgeExceeded")
            return
        try:
            result = self._run(job.payload, job.request_id)
        except Throttled:
            self._push(job, 0.05)  # not an attempt: Lambda goes on trying for hours
            return
        except Exception:  # the event is still to be handled
            log.exception("asynchronous invocation %s", job.request_id)
            result = Result(job.request_id, _INTERNAL, "Unhandled")
        job.attempts += 1
        if not result.function_error:
            return
        if job.attempts > rules.attempts:
            self._on_lost(job, result, "RetriesExhausted")
        else:
            self._push(job, self._delays[min(job.attempts, len(self._delays)) - 1])

    def wait_idle(self, seconds: float) -> bool:
        """True once nothing is queued, waiting for a retry, or running."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._heap and not self._busy, seconds)

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._heap.clear()
            self._changed.notify_all()


def failure_record(
    job: Job, result: Result | None, condition: str, function_arn: str, now: float
) -> dict:
    """What Lambda sends to an on-failure destination."""
    at = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    record = {
        "version": "1.0",
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": job.request_id,
            "functionArn": f"{function_arn}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": job.attempts,
        },
        "requestPayload": _as_json(job.payload),
    }
    if result is not None:
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": result.function_error,
        }
        record["responsePayload"] = _as_json(result.payload)
    return record


def _as_json(data: bytes) -> typing.Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")
