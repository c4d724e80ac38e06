"""The poller of an event source mapping: batches from a queue, to the function, and what becomes of
their messages."""

import dataclasses
import json
import logging
import threading
import time
import typing

from .core.service import ServiceError
from .lambda_.invoke import MAX_SYNC
from .lambda_.local_function import LocalFunction, Throttled
from .sqs.message import ReceivedMessage, attributes_md5
from .sqs.queue import Queue
from .sqs.service import SqsService

log = logging.getLogger("emulator.lambda")

SOON_SECONDS = 1.0  # a message that comes so soon is waited for by whoever waits for all to be done
LOOK_SECONDS = 0.5  # between looks at whether the poller was stopped
PAUSE_SECONDS = 0.05  # after a failed call to the queue


Failing = typing.Callable[[str], object]  # raises ServiceError if a fault strikes an SQS operation


@dataclasses.dataclass
class Batching:
    """What a mapping sets."""

    size: int = 10
    window: float = 0.0  # seconds, of the real clock
    report_failures: bool = False
    concurrency: int = 0  # 0: as many as the function can run


class Poller:
    """Runs from its making to stop(). Each batch has a thread of its own."""

    def __init__(
        self,
        sqs: SqsService,
        queue: Queue,
        function: typing.Callable[[], LocalFunction],
        batching: Batching,
        failing: Failing,
    ):
        self._sqs, self._queue, self._function = sqs, queue, function
        self.batching, self._failing = batching, failing
        self._changed = threading.Condition()
        self._running = 0
        self._receiving = self.stopped = False
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def is_idle(self) -> bool:
        """No message is to be received soon, and none is being processed."""
        if not self.stopped and self._queue.is_receivable(SOON_SECONDS):
            return False
        with self._changed:
            return not self._receiving and not self._running

    def stop(self) -> None:
        """No further batch; those that run come to their end."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()

    # --- receiving ---

    def _poll(self) -> None:
        while not self.stopped:
            try:
                if self._wait_for_room() and self._queue.wait_receivable(0.0, LOOK_SECONDS):
                    self._receive()
                if self._queue.closed:
                    self.stop()
            except ServiceError as error:
                log.info("%s: %s", self._queue.name, error)
                if error.code == "ResourceNotFoundException":  # the function is gone
                    self.stop()
                time.sleep(PAUSE_SECONDS)
            except Exception:  # a fault of the local AWS must not end the poller
                log.exception("poller of %s", self._queue.name)
                time.sleep(PAUSE_SECONDS)

    def _wait_for_room(self) -> bool:
        """False when there is none for now, or the poller was stopped."""
        most = self._most_batches()
        with self._changed:
            room = self._changed.wait_for(
                lambda: self.stopped or self._running < most, LOOK_SECONDS
            )
            return room and not self.stopped

    def _most_batches(self) -> int:
        most = self._function().concurrency
        return min(most, self.batching.concurrency or most)

    def _receive(self) -> None:
        with self._changed:
            if self.stopped:
                return
            self._receiving = True
        try:
            self._failing("ReceiveMessage")
            messages = self._collect()
            if messages:
                with self._changed:
                    self._running += 1
                threading.Thread(target=self._run, args=(messages,), daemon=True).start()
        finally:
            with self._changed:
                self._receiving = False

    def _collect(self) -> list[ReceivedMessage]:
        """A full batch, or what came within the window."""
        batching, end = self.batching, time.monotonic() + self.batching.window
        messages: list[ReceivedMessage] = []
        room = MAX_SYNC - 100
        while len(messages) < batching.size and not self.stopped:
            most = min(10, batching.size - len(messages))
            wait = end - time.monotonic()
            more = self._sqs.receive(self._queue, most, wait=max(0.0, wait), most_bytes=room)
            messages += more
            room -= sum(item.message.event_bytes for item in more)
            if wait <= 0 or room < MAX_SYNC // 2:
                break
        return messages

    # --- one batch ---

    def _run(self, messages: list[ReceivedMessage]) -> None:
        try:
            for message in self._succeeded(messages):
                self._delete(message)
        except ServiceError as error:  # the function was deleted meanwhile
            log.info("batch of %s: %s", self._queue.name, error)
        except Exception:
            log.exception("batch of %s", self._queue.name)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _succeeded(self, messages: list[ReceivedMessage]) -> list[ReceivedMessage]:
        function = self._function()
        region = function.settings.region
        event = {"Records": [record_of(item, self._queue, region) for item in messages]}
        try:
            result = function.invoke(event, wait=False)
        except Throttled:
            return []
        if result.function_error:
            return []
        if not self.batching.report_failures:
            return messages
        failed = failed_ids(result.payload, {item.message.id for item in messages})
        return [item for item in messages if failed is not None and item.message.id not in failed]

    def _delete(self, item: ReceivedMessage) -> None:
        """A message whose deletion fails comes again, as it may in the cloud."""
        try:
            self._failing("DeleteMessage")
            self._queue.delete(item.receipt)
        except ServiceError as error:
            log.info("%s: %s is not deleted: %s", self._queue.name, item.message.id, error)


def record_of(item: ReceivedMessage, queue: Queue, region: str) -> dict:
    """A message as the function sees it."""
    message = item.message
    record = {
        "messageId": message.id,
        "receiptHandle": item.receipt,
        "body": message.body,
        "attributes": item.system,
        "messageAttributes": {
            name: {
                **{
                    member[0].lower() + member[1:]: value[member]
                    for member in ("StringValue", "BinaryValue", "DataType")
                    if member in value
                },
                "stringListValues": [],
                "binaryListValues": [],
            }
            for name, value in message.attributes.items()
        },
        "md5OfBody": message.md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": region,
    }
    if message.attributes:
        record["md5OfMessageAttributes"] = attributes_md5(message.attributes)
    return record


def failed_ids(payload: bytes, ids: typing.Collection[str]) -> set[str] | None:
    """The messages of a batch that failed, by the function's answer; None: all of them.

    No answer, null, {} and an empty list say that all succeeded. What is malformed, or names
    something that is not in the batch, says that all failed.
    """
    try:
        answer = json.loads(payload) if payload.strip() else None
    except ValueError:
        return None
    if answer is None:
        return set()
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if failures is None:
        return set()
    if not isinstance(answer, dict) or not isinstance(failures, list):
        return None
    named = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in failures]
    return set(named) if all(isinstance(name, str) and name in ids for name in named) else None
