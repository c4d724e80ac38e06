"""What the ledger knows, and what it means when it cannot be asked."""

import unittest

from e2e.journey import StatementTest, lines
from e2e.made_events import s3_record
from e2e.system import FILE_PROCESS
from emulator.deployment import BUCKET

ROWS = lines(4)


class LedgerTest(StatementTest):
    def break_ledger(self, interface) -> None:
        """It can be locked, but not asked."""
        self.system.redshift_execute(
            f"alter table {interface.table}_ledger rename column kind to sort"
        )

    def refuse(self, operation: str, code: str, times: int = 0) -> None:
        self.system.local.faults.add(
            "redshift-data", operation, "error", code=code, status=400, times=times
        )

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
        self.system.local.faults.add(
            "redshift-data", "BatchExecuteStatement", "drop_after", times=0
        )
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
        self.assertEqual(self.notified(key), ["FAILED"])
        self.assertEqual(self.system.rows(interface.table), [])

    def test_a_transformation_that_its_guard_breaks_fails(self):
        interface = self.new_interface(query="select 1 where 1 = 0")
        row = self.unheard(interface)
        self.break_ledger(interface)
        self.tell(self.event_of(row))
        self.system.settle()
        self.assertEqual(self.system.file(row["key"])["state"], "TRANSFORM_FAILED")
        self.assertEqual(self.notified(row["key"]), ["TRANSFORM_FAILED"])


class Refused(LedgerTest):
    def test_a_load_that_happened_does_not_fail_while_the_ledger_may_not_be_asked(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        record = s3_record(key, ROWS)
        self.lose_reply_and_event(lambda: self.deliver(record))
        self.refuse("BatchExecuteStatement", "AccessDeniedException")
        self.refuse("ExecuteStatement", "AccessDeniedException")
        self.assertEqual(self.deliver(record).function_error, "Unhandled")
        self.assertEqual(self.system.file(key)["state"], "PREPARED")
        self.assertEqual(self.system.notices(key), [])
        self.system.local.faults.clear()
        self.assertEqual(self.resume(key), "")
        self.assert_done(key, interface, 4, ROWS)

    def test_a_load_that_happened_does_not_fail_when_the_question_is_cancelled(self):
        """The question is a batch as the load is, and has no name."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        record = s3_record(key, ROWS)
        self.lose_reply_and_event(lambda: self.deliver(record))
        self.refuse("BatchExecuteStatement", "AccessDeniedException", times=1)
        self.system.local.redshift.fail_next("ERROR: Query (7) cancelled on user's request")
        self.assertEqual(self.deliver(record).function_error, "Unhandled")
        self.assertEqual(self.system.file(key)["state"], "PREPARED")
        self.assertEqual(self.system.notices(key), [])
        self.assertEqual(self.system.local.redshift.knobs.failures, [])
        self.system.local.faults.clear()
        self.system.local.clock.advance(9 * 3600)  # it forgets the token of the question
        self.refuse("BatchExecuteStatement", "AccessDeniedException", times=1)
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
        self.refuse("BatchExecuteStatement", "AccessDeniedException", times=1)
        self.assertEqual(self.resume(row["key"]), "")
        self.assert_done(row["key"], interface, 4, ROWS)
        found = [item["a"] for item in self.system.rows(interface.table)]
        self.assertEqual(found.count("transformed"), 1)

    def test_a_second_load_that_is_throttled_then_refused_ends(self):
        interface = self.new_interface()
        self.system.local.redshift.fail_next(name="|load|")
        row = self.unheard(interface)
        event = self.event_of(row)
        self.refuse("BatchExecuteStatement", "ThrottlingException")
        self.assertEqual(self.tell(event), "Unhandled")
        self.system.local.faults.clear()
        self.refuse("BatchExecuteStatement", "ValidationException", times=1)
        self.tell(event)
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["load_no"]), ("FAILED", 2))
        self.assertEqual(self.notified(row["key"]), ["FAILED"])
        self.assert_void(row, interface, 2)
        self.assert_settled(row, "error", ROWS)


if __name__ == "__main__":
    unittest.main()
