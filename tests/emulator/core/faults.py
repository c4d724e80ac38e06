"""Faults on purpose: at the nth call of an operation something goes wrong."""

import dataclasses
import threading

KINDS = ("error", "throttle", "slow", "drop_before", "drop_after", "truncate", "reset")


@dataclasses.dataclass
class Fault:
    """What happens, and at which calls.

    error, throttle: answered with `code` and `status`, nothing done. slow: `seconds` pass before
    the work. drop_before: the connection closes, nothing done. drop_after: the work is done, its
    reply lost. truncate: the reply's body ends after `keep_bytes`. reset: RST instead of a reply,
    nothing done.
    """

    service: str
    operation: str  # "*" for any
    kind: str
    nth: int = 1  # the first call that it strikes, counted from when it was installed
    times: int = 1  # how many calls it strikes; 0: all from the nth on
    code: str = ""
    status: int = 0
    message: str = "fault on purpose"
    seconds: float = 0.0
    keep_bytes: int = 0
    headers: dict[str, str] = dataclasses.field(
        default_factory=dict
    )  # added to an error, Retry-After for one
    seen: int = 0
    struck: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no fault; there are {', '.join(KINDS)}")
        if self.nth < 1 or self.times < 0:
            raise ValueError("nth counts from 1, times from 0")

    def matches(self, service: str, operation: str) -> bool:
        return self.service == service and self.operation in ("*", operation)

    def strikes(self) -> bool:
        """Counts one call; True if it is one of those meant."""
        self.seen += 1
        hit = self.seen >= self.nth and (self.times == 0 or self.struck < self.times)
        self.struck += hit
        return hit


class FaultPlan:
    """All faults that are installed; asked once for every call."""

    def __init__(self):
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, service: str, operation: str, kind: str, **options) -> Fault:
        return self.install(Fault(service, operation, kind, **options))

    def install(self, fault: Fault) -> Fault:
        """A fault of one's own: a subclass may do more in `strikes`, but must not wait there."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def next_for(self, service: str, operation: str) -> Fault | None:
        """The fault that strikes this call. Every matching fault counts the call."""
        with self._lock:
            hits = [
                fault
                for fault in self._faults
                if fault.matches(service, operation) and fault.strikes()
            ]
        return hits[0] if hits else None

    def describe(self) -> list[dict]:
        with self._lock:
            return [dataclasses.asdict(fault) for fault in self._faults]
