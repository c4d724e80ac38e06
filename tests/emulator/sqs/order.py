"""In which order a queue gives its messages out: about as they come, or strictly by group."""

import collections
import heapq
import itertools
import typing

from .message import Message


class Order(typing.Protocol):
    """The messages of one queue; its owner guards it with a lock."""

    def add(self, message: Message) -> None:
        """A new message, or one whose `visible_at` has changed, or one that was not taken."""

    def remove(self, message: Message) -> None:
        """The message is gone; its `visible_at` is infinite by now."""

    def candidates(self, now: float) -> typing.Iterator[Message]:
        """What one receive may take; it changes the `visible_at` of each, or adds it again."""

    def next_time(self) -> float | None:
        """From when on a message can be received; None if there is none."""


class StandardOrder:
    """What has waited longest comes first."""

    def __init__(self):
        self._heap: list[tuple[float, int, Message]] = []
        self._number = itertools.count()

    def add(self, message: Message) -> None:
        heapq.heappush(self._heap, (message.visible_at, next(self._number), message))

    def remove(self, message: Message) -> None:
        pass  # its entry is stale now

    def _drop_stale(self) -> None:
        while self._heap and self._heap[0][0] != self._heap[0][2].visible_at:
            heapq.heappop(self._heap)

    def candidates(self, now: float) -> typing.Iterator[Message]:
        while (at := self.next_time()) is not None and at <= now:
            yield heapq.heappop(self._heap)[2]

    def next_time(self) -> float | None:
        self._drop_stale()
        return self._heap[0][0] if self._heap else None


class FifoOrder:
    """Nothing of a group is given out while an earlier receive holds messages of it."""

    def __init__(self):
        self._groups: dict[str, collections.deque[Message]] = {}

    def add(self, message: Message) -> None:
        group = self._groups.setdefault(message.group, collections.deque())
        if not group or group[-1].sequence < message.sequence:
            group.append(message)

    def remove(self, message: Message) -> None:
        group = self._groups[message.group]
        group.remove(message)
        if not group:
            del self._groups[message.group]

    def candidates(self, now: float) -> typing.Iterator[Message]:
        for group in list(self._groups.values()):
            if _opens_at(group) > now:
                continue
            for message in list(group):
                if message.visible_at > now:
                    break
                yield message

    def next_time(self) -> float | None:
        return min(map(_opens_at, self._groups.values()), default=None)


def _opens_at(group: typing.Iterable[Message]) -> float:
    """Those that were received are the first of their group: all of them must be visible again."""
    latest = 0.0
    for message in group:
        if message.receive_count == 0:
            return latest or message.visible_at
        latest = max(latest, message.visible_at)
    return latest
