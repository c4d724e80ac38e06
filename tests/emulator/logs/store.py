"""Log groups, their streams and events. Each group keeps its newest events only."""

import collections
import dataclasses
import threading

from ..core.service import Clock

GROUP_BYTES = 16 << 20
EVENT_OVERHEAD = 26  # counted for each event beside its text, as AWS does


@dataclasses.dataclass(frozen=True)
class Event:
    number: int  # rises from event to event, in all groups
    at: int  # milliseconds since 1970
    stream: str
    message: str

    @property
    def size(self) -> int:
        return len(self.message.encode()) + EVENT_OVERHEAD


@dataclasses.dataclass
class Stream:
    name: str
    created: int
    first: int = 0  # times of its oldest and newest event
    last: int = 0
    events: int = 0


@dataclasses.dataclass
class Group:
    name: str
    created: int
    streams: dict[str, Stream] = dataclasses.field(default_factory=dict)
    events: collections.deque[Event] = dataclasses.field(default_factory=collections.deque)
    size: int = 0

    def add(self, event: Event) -> None:
        stream = self.streams.setdefault(event.stream, Stream(event.stream, event.at, event.at))
        stream.last = event.at
        stream.events += 1
        self.events.append(event)
        self.size += event.size

    def drop_oldest(self) -> None:
        """A stream without events is gone; it comes back with its next event."""
        event = self.events.popleft()
        self.size -= event.size
        stream = self.streams[event.stream]
        stream.events -= 1
        if stream.events == 0:
            del self.streams[event.stream]


class LogStore:
    def __init__(self, clock: Clock, group_bytes: int = GROUP_BYTES):
        self._clock, self._group_bytes = clock, group_bytes
        self._lock = threading.Lock()
        self._groups: dict[str, Group] = {}
        self._last = 0

    def put(self, group: str, stream: str, message: str) -> None:
        """Group and stream come to be with their first event. A blank line is no event."""
        if not message.strip():
            return
        at = int(self._clock.now() * 1000)
        with self._lock:
            self._last += 1
            found = self._groups.setdefault(group, Group(group, at))
            found.add(Event(self._last, at, stream, message))
            while found.size > self._group_bytes and len(found.events) > 1:
                found.drop_oldest()

    @property
    def last(self) -> int:
        """The number of the newest event."""
        with self._lock:
            return self._last

    def groups(self) -> list[Group]:
        """By name; their streams and events go on changing."""
        with self._lock:
            return sorted(self._groups.values(), key=lambda group: group.name)

    def group(self, name: str) -> Group | None:
        with self._lock:
            return self._groups.get(name)

    def streams(self, group: Group) -> list[Stream]:
        """Copies, by name."""
        with self._lock:
            streams = [dataclasses.replace(stream) for stream in group.streams.values()]
        return sorted(streams, key=lambda stream: stream.name)

    def events(self, group: Group) -> list[Event]:
        """As they came."""
        with self._lock:
            return list(group.events)
