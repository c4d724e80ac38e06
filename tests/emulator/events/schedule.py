"""Schedules of EventBridge rules, and the thread that fires them."""

import re
import threading
import time
import typing

_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}


def is_schedule(expression: str) -> bool:
    if rate_minutes(expression):
        return True
    cron = re.fullmatch(r"cron\(([^)]+)\)", expression)
    if not cron:
        return False
    fields = cron[1].split()
    legal = all(re.fullmatch(r"[0-9A-Z*?/,LW#-]+", field) for field in fields)
    return len(fields) == 6 and legal and (fields[2] == "?") != (fields[4] == "?")


def rate_minutes(expression: str) -> int:
    """The period of a rate(...), or 0. One is singular and more are plural, as EventBridge wants."""
    rate = re.fullmatch(r"rate\(([1-9][0-9]{0,6}) (minute|hour|day)(s?)\)", expression)
    if not rate or (rate[1] == "1") != (rate[3] == ""):
        return 0
    return int(rate[1]) * _MINUTES[rate[2]]


class Scheduler:
    """Calls `fire(name)` each time a rate has passed, in real time. A cron(...) never fires by
    itself. `minute_seconds` lets a test shorten the minute."""

    def __init__(self, fire: typing.Callable[[str], typing.Any], minute_seconds: float = 60.0):
        self._fire, self._minute_seconds = fire, minute_seconds
        self._changed = threading.Condition()
        self._due: dict[str, tuple[float, float]] = {}  # next time, period
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="events-schedule", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def set(self, name: str, expression: str) -> None:
        """Begins to count; "" ends it."""
        period = rate_minutes(expression) * self._minute_seconds
        with self._changed:
            if period:
                self._due[name] = (time.monotonic() + period, period)
            else:
                self._due.pop(name, None)
            self._changed.notify()

    def _run(self) -> None:
        while (names := self._wait()) is not None:
            for name in names:
                self._fire(name)

    def _wait(self) -> list[str] | None:
        """The rules that are due, once there are any; None at the end."""
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                names = [name for name, (at, _) in self._due.items() if at <= now]
                for name in names:
                    period = self._due[name][1]
                    self._due[name] = (now + period, period)
                if names:
                    return names
                first = min((at for at, _ in self._due.values()), default=None)
                self._changed.wait(None if first is None else first - now)
            return None
