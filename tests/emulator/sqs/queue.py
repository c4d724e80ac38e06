"""One queue: messages, who holds them for how long, and when they go to the dead-letter queue."""

import hashlib
import math
import threading
import time
import typing

from . import attributes as queue_attributes
from .message import Message, ReceivedMessage, read_receipt
from .order import FifoOrder, Order, StandardOrder
from ..core.service import Clock, ServiceError

DEDUPLICATION_SECONDS = 300
PURGE_SECONDS = 60
IN_FLIGHT_LIMIT = 120_000
KEPT_BYTES = 1 << 28  # of all bodies: the local AWS holds them in memory

# (dead message) -> whether its new queue took it
Bury = typing.Callable[[Message], bool]


class Queue:
    """Called from several threads at once. Waiting ends by the real clock, everything else by the
    movable one."""

    in_flight_limit = IN_FLIGHT_LIMIT

    def __init__(self, name: str, url: str, arn: str, clock: Clock, attributes: dict[str, str]):
        self.name, self.url, self.arn, self._clock = name, url, arn, clock
        self.fifo = name.endswith(".fifo")
        self.attributes = {**queue_attributes.DEFAULTS, **attributes}
        self.tags: dict[str, str] = {}
        self.created_at = self.modified_at = clock.now()
        self._changed = threading.Condition()
        self._messages: dict[str, Message] = {}
        self._bytes = 0
        self._order: Order = FifoOrder() if self.fifo else StandardOrder()
        self._sequence = 0
        self._sent: dict[tuple[str, str], tuple[float, Message]] = {}  # of the last five minutes
        self._purged_at = -math.inf
        self.closed = False

    def number(self, attribute: str) -> int:
        return int(self.attributes[attribute])

    def set_attributes(self, changes: dict[str, str]) -> None:
        with self._changed:
            for name, value in changes.items():
                if value or name not in ("Policy", "RedrivePolicy"):
                    self.attributes[name] = value
                else:
                    self.attributes.pop(name, None)
            self.modified_at = self._clock.now()
            self._changed.notify_all()

    def redrive(self) -> tuple[str, int] | None:
        """ARN of the dead-letter queue and the greatest number of receives."""
        policy = self.attributes.get("RedrivePolicy")
        return queue_attributes.redrive_of(policy) if policy else None

    def counts(self) -> dict[str, str]:
        with self._changed:
            now = self._clock.now()
            self._expire(now)
            held = sum(message.in_flight(now) for message in self._messages.values())
            delayed = sum(message.delayed(now) for message in self._messages.values())
            return {
                "ApproximateNumberOfMessages": str(len(self._messages) - held - delayed),
                "ApproximateNumberOfMessagesNotVisible": str(held),
                "ApproximateNumberOfMessagesDelayed": str(delayed),
            }

    # --- sending ---

    def send(self, message: Message, delay: int | None = None) -> Message:
        """The message as it is kept: in a FIFO queue that of the first send of a duplicate."""
        with self._changed:
            now = self._clock.now()
            self._expire(now)
            if self.fifo and (earlier := self._duplicate(message, now)):
                return earlier
            if self._bytes + message.size > KEPT_BYTES:
                raise ServiceError(
                    "OverLimit",
                    f"the local AWS keeps at most {KEPT_BYTES} bytes in a queue: purge {self.name}",
                    403,
                )
            delay = self.number("DelaySeconds") if delay is None else delay
            message.visible_at = now + delay if delay else 0.0
            self._keep(message)
            return message

    def _duplicate(self, message: Message, now: float) -> Message | None:
        if not message.deduplication_id:
            message.deduplication_id = hashlib.sha256(message.body.encode()).hexdigest()
        while self._sent:
            oldest = next(iter(self._sent))
            if self._sent[oldest][0] + DEDUPLICATION_SECONDS > now:
                break
            del self._sent[oldest]
        by_group = self.attributes.get("DeduplicationScope") == "messageGroup"
        key = (message.group if by_group else "", message.deduplication_id)
        if key in self._sent:
            return self._sent[key][1]
        self._sent[key] = now, message
        return None

    def _keep(self, message: Message) -> None:
        self._sequence += self.fifo
        message.sequence = self._sequence
        self._messages[message.id] = message
        self._bytes += message.size
        self._order.add(message)
        self._changed.notify_all()

    def take_dead(self, message: Message) -> None:
        """A message of another queue that was received there too often."""
        with self._changed:
            self._keep(message)

    # --- receiving ---

    def receive(
        self,
        most: int,
        visibility: int | None = None,
        wait: float = 0.0,
        bury: Bury = lambda message: False,
        most_bytes: float = math.inf,
    ) -> list[ReceivedMessage]:
        """Up to `most` messages of up to `most_bytes` of a Lambda event, but one at least; waits up
        to `wait` seconds for the first."""
        visibility = self.number("VisibilityTimeout") if visibility is None else visibility
        end = time.monotonic() + wait
        while True:
            with self._changed:
                taken, dead = self._take(most, visibility, most_bytes)
                left = end - time.monotonic()
                if not taken and not dead and left > 0 and not self.closed:
                    self._wait(left)
                    continue
            self._bury(dead, bury)
            if taken or (not dead and left <= 0) or self.closed:
                return taken

    def _take(
        self, most: int, visibility: int, most_bytes: float
    ) -> tuple[list[ReceivedMessage], list[Message]]:
        """What is received, and what has been received too often."""
        now = self._clock.now()
        self._expire(now)
        self._check_in_flight(now)
        redrive = self.redrive()
        taken: list[ReceivedMessage] = []
        dead: list[Message] = []
        size = 0
        for message in self._order.candidates(now):
            size += message.event_bytes
            if len(taken) == most or (taken and size > most_bytes):
                self._order.add(message)
                break
            if redrive and message.receive_count >= redrive[1]:
                message.visible_at = now + max(visibility, 1)  # nobody else takes it meanwhile
                self._order.add(message)
                dead.append(message)
                continue
            message.receive_count += 1
            message.first_received_at = message.first_received_at or now
            message.visible_at = now + visibility
            self._order.add(message)
            taken.append(ReceivedMessage(message, message.receipt, message.system_attributes()))
        return taken, dead

    def _check_in_flight(self, now: float) -> None:
        if len(self._messages) < self.in_flight_limit:
            return
        if sum(item.in_flight(now) for item in self._messages.values()) >= self.in_flight_limit:
            raise ServiceError(
                "OverLimit",
                f"Too many messages in flight; the maximum is {self.in_flight_limit}.",
                403,
            )

    def _bury(self, dead: list[Message], bury: Bury) -> None:
        """A message that its dead-letter queue does not take is received again later."""
        for message in dead:
            system = {**message.system, "DeadLetterQueueSourceArn": self.arn}
            copy = Message(
                message.body,
                message.sender,
                self._clock.now() if self.fifo else message.sent_at,
                message.attributes,
                system,
                message.group,
                message.deduplication_id,
                id=message.id,
            )
            if bury(copy):
                with self._changed:
                    self._remove(message)

    def _wait(self, seconds: float) -> None:
        at = self._order.next_time()
        soonest = math.inf if at is None else max(0.0, at - self._clock.now())
        self._changed.wait(min(seconds, soonest))

    def wait_receivable(self, within: float, seconds: float) -> bool:
        """Waits up to `seconds` until a message can be received `within` seconds of now."""
        end = time.monotonic() + seconds
        with self._changed:
            while not self._is_receivable(within):
                left = end - time.monotonic()
                if left <= 0 or self.closed:
                    return False
                self._wait(left)
            return True

    def is_receivable(self, within: float = 0.0) -> bool:
        """Whether a message can be received now, or `within` that many seconds."""
        with self._changed:
            return self._is_receivable(within)

    def _is_receivable(self, within: float) -> bool:
        now = self._clock.now()
        self._expire(now)
        at = self._order.next_time()
        return at is not None and at <= now + within

    # --- what a receiver does with its messages ---

    def delete(self, handle: str) -> None:
        """A stale handle deletes nothing; in a FIFO queue one whose time is over is an error."""
        message_id, number = read_receipt(handle)
        with self._changed:
            message = self._messages.get(message_id)
            if message is None or message.receive_count != number:
                return
            if self.fifo and not message.in_flight(self._clock.now()):
                raise _expired(handle)
            self._remove(message)

    def change_visibility(self, handle: str, seconds: int) -> None:
        message_id, number = read_receipt(handle)
        with self._changed:
            now = self._clock.now()
            message = self._messages.get(message_id)
            if message is None:
                raise ServiceError(
                    "InvalidParameterValue",
                    (
                        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: Message "
                        "does not exist or is not available for visibility timeout change."
                    ),
                )
            if message.receive_count != number or not message.in_flight(now):
                raise ServiceError(
                    "MessageNotInflight", "The specified message isn't in flight.", 400
                )
            message.visible_at = now + seconds
            self._order.add(message)
            self._changed.notify_all()

    def purge(self) -> None:
        with self._changed:
            now = self._clock.now()
            if now - self._purged_at < PURGE_SECONDS:
                raise ServiceError(
                    "PurgeQueueInProgress",
                    f"Only one PurgeQueue operation on {self.name} is allowed every 60 seconds.",
                    403,
                )
            self._purged_at = now
            for message in list(self._messages.values()):
                self._remove(message)

    def _remove(self, message: Message) -> None:
        if self._messages.pop(message.id, None) is None:
            return
        self._bytes -= message.size
        message.visible_at = math.inf
        self._order.remove(message)
        self._changed.notify_all()  # it may have been the one that its group waited for

    def _expire(self, now: float) -> None:
        limit = now - self.number("MessageRetentionPeriod")
        while self._messages:
            oldest = next(iter(self._messages.values()))
            if oldest.sent_at > limit:
                return
            self._remove(oldest)

    # --- life ---

    def wake(self) -> None:
        """The clock was moved."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()


def _expired(handle: str) -> ServiceError:
    return ServiceError(
        "InvalidParameterValue",
        (
            f"Value {handle} for parameter ReceiptHandle is invalid. "
            "Reason: The receipt handle has expired."
        ),
    )
