"""What a log group keeps, and what it forgets."""

import unittest

from emulator.core.service import Clock
from emulator.logs.store import EVENT_OVERHEAD, LogStore


class Store(unittest.TestCase):
    def test_the_newest_events_are_kept(self):
        store = LogStore(Clock(), group_bytes=3 * (EVENT_OVERHEAD + 2))
        for stream, message in (("old", "1"), ("old", "é"), ("new", "22"), ("new", "33")):
            store.put("g", stream, message)
        group = store.group("g")
        self.assertEqual([event.message for event in store.events(group)], ["é", "22", "33"])
        store.put("g", "new", "44")
        self.assertEqual([event.message for event in store.events(group)], ["22", "33", "44"])
        self.assertEqual([stream.name for stream in store.streams(group)], ["new"])
        self.assertEqual(group.size, 3 * (EVENT_OVERHEAD + 2))
        store.put("g", "old", "5" * 1000)  # over the limit by itself
        self.assertEqual([event.stream for event in store.events(group)], ["old"])

    def test_a_blank_line_is_no_event(self):
        store = LogStore(Clock())
        for line in ("", " ", "\t\r"):
            store.put("g", "s", line)
        self.assertEqual(store.groups(), [])


if __name__ == "__main__":
    unittest.main()
