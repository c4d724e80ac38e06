"""What the ledger knows, and what it means when it cannot be asked."""

import unittest

from e2e.journey import StatementTest, lines, s3_record
from e2e.system import FILE_PROCESS
from emulator.deployment import BUCKET

ROWS = lines(4)


class LedgerTest(StatementTest):
    def setUp(self):
        super().setUp()
        self.system.local.redshift.knobs.failures.clear()

    def break_ledger(self, interface) -> None:
        """It can be locked, but not asked."""
        self.system.redshift_execute(f"alter table {interface.table}_ledger rename column kind to sort")

    def fail(self, operation: str, code: str) -> None:
        self.system.local.faults.add("redshift-data", operation, "error", code=code, status=400, times=0)

    def resume(self, key: str) -> str:
        result = self.system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": key})
        self.system.settle()
        return result.function_error

    def forget(self) -> None:
        """More than Redshift remembers."""
        self.system.settle()
        self.system.local.redshift.control({"events": "normal"})
        self.system.local.clock.advance(25 * 3600)

    def lose_reply_and_event(self, act) -> None:
        self.system.local.redshift.control({"events": "never"})
        self.system.local.faults.add("redshift-data", "BatchExecuteStatement", "drop_after", times=0)
        act()
        self.system.local.faults.clear()
        self.forget()


class Unreadable(LedgerTest):
    def test_a_load_that_its_guard_breaks_fails(self):
        interface = self.new_interface()
        self.break_ledger(interface)
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        row = self.system.file(key)
        self.assertEqual(row["state"], "FAILED", row["reason"])
        self.assertIn("_ledger cannot be used", row["reason"])
        self.assertEqual([notice["state"] for notice in self.system.notices(key)], ["FAILED"])
        self.assertEqual(self.system.rows(interface.table), [])

    def test_a_transformation_that_its_guard_breaks_fails(self):
        interface = self.new_interface(query="select 1 where 1 = 0")
        row = self.unheard(interface)
        self.break_ledger(interface)
        self.tell(self.event_of(row))
        self.system.settle()
        self.assertEqual(self.system.file(row["key"])["state"], "TRANSFORM_FAILED")
        self.assertEqual(len(self.system.notices(row["key"])), 1)


class Refused(LedgerTest):
    def test_a_load_that_happened_is_not_given_up_by_who_may_not_ask(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        record = s3_record(key, ROWS)
        self.lose_reply_and_event(lambda: self.deliver(record))
        self.fail("BatchExecuteStatement", "AccessDeniedException")
        self.fail("ExecuteStatement", "AccessDeniedException")
        self.assertEqual(self.deliver(record).function_error, "Unhandled")
        self.assertEqual(self.system.file(key)["state"], "PREPARED")
        self.assertEqual(self.system.notices(key), [])
        self.system.local.faults.clear()
        self.assertEqual(self.resume(key), "")
        self.assert_done(key, interface, 4, ROWS)

    def test_a_load_that_happened_is_not_given_up_when_the_question_is_cancelled(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        record = s3_record(key, ROWS)
        self.lose_reply_and_event(lambda: self.deliver(record))
        self.fail("BatchExecuteStatement", "AccessDeniedException")
        self.system.local.redshift.fail_next("ERROR: Query (7) cancelled on user's request")
        self.assertEqual(self.deliver(record).function_error, "Unhandled")
        self.assertEqual(self.system.file(key)["state"], "PREPARED")
        self.assertEqual(self.system.notices(key), [])
        self.assertEqual(self.deliver(record).function_error, "")
        self.system.local.faults.clear()
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_transformation_that_happened_is_done(self):
        interface = self.new_interface()
        interface.query = f"insert into {interface.table} (a) values ('transformed')"
        self.system.set_config(interface.id, query=interface.query)
        row = self.unheard(interface)
        self.lose_reply_and_event(lambda: self.tell(self.event_of(row)))
        self.assertEqual(self.system.file(row["key"])["state"], "LOADED")
        self.fail("BatchExecuteStatement", "AccessDeniedException")
        self.assertEqual(self.resume(row["key"]), "")
        self.assertEqual(self.system.file(row["key"])["state"], "DONE")
        self.assertEqual(sum(row["a"] == "transformed" for row in self.system.rows(interface.table)), 1)

    def test_a_second_load_that_is_throttled_then_refused_ends(self):
        self.system.local.redshift.fail_next()
        row = self.unheard(self.new_interface())
        event = self.event_of(row)
        self.fail("BatchExecuteStatement", "ThrottlingException")
        self.assertEqual(self.tell(event), "Unhandled")
        self.system.local.faults.clear()
        self.fail("BatchExecuteStatement", "ValidationException")
        self.tell(event)
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["load_no"]), ("FAILED", 2))
        self.assertEqual([notice["state"] for notice in self.system.notices(row["key"])], ["FAILED"])


if __name__ == "__main__":
    unittest.main()
