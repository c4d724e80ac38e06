"""Status events of statements as EventBridge delivers them: twice, at once, late, early, never."""

import unittest

from e2e.journey import SilentTest, lines, s3_record, status_event, wait_for
from e2e.system import FILE_PROCESS_LOGGING

ROWS = lines(4)
UNKNOWN_FILE = (
    "0b9e7a52-5c5e-4a4f-8a63-2f9f3f1f7a11|load|1|527|rdsftetl.t527|external_file_framework"
)


class Statements(SilentTest):
    """Redshift's status events."""

    def tearDown(self):
        self.system.local.redshift.control({"events": "normal"})
        super().tearDown()

    def new_transformed(self):
        interface = self.new_interface()
        interface.query = f"delete from {interface.table} where a = 'none'"
        self.system.set_config(interface.id, query=interface.query)
        return interface

    def assert_journeys(self, events: str, files: int) -> None:
        """Each file is loaded once, and every second one transformed, however events come."""
        self.system.local.redshift.control({"events": events})
        for number in range(files):
            interface = self.new_transformed() if number % 2 else self.new_interface()
            with self.subTest(query=interface.query):
                key = self.put_silently(interface, ROWS)
                self.deliver(s3_record(key, ROWS))
                self.system.settle()
                self.assert_done(key, interface, 4, ROWS)

    def test_before_the_submit_returns(self):
        self.assert_journeys("early", 16)  # the reply and the event race each other

    def test_whole_journey_before_the_submit_returns(self):
        """The reply of Execute is lost, and its repetition comes when all is over."""
        interface = self.new_transformed()
        key = self.put_silently(interface, ROWS)
        self.system.local.faults.add("redshift-data", "BatchExecuteStatement", "drop_after")
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_twice(self):
        self.assert_journeys("twice", 8)

    def test_never(self):
        self.system.local.redshift.control({"events": "never"})
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual(row["state"], "SUBMITTED")
        self.deliver(s3_record(key, ROWS))
        self.assertEqual(self.system.file(key)["state"], "SUBMITTED")
        name = self.system.statements()[-1]["StatementName"]
        self.system.invoke(FILE_PROCESS_LOGGING, status_event(name, row["load_statement_id"]))
        self.assert_done(key, interface, 4, ROWS)

    def test_late_and_again(self):
        """Whatever comes when all is over changes nothing."""
        interface = self.new_transformed()
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        row = self.assert_done(key, interface, 4, ROWS)
        before = self.system.history(key)
        for statement in self.system.statements()[-2:]:
            for state in ("FINISHED", "FAILED", "ABORTED"):
                event = status_event(statement["StatementName"], statement["Id"], state)
                result = self.system.invoke(FILE_PROCESS_LOGGING, event)
                self.assertEqual((result.function_error, result.payload), ("", b"null"))
        self.assertEqual(self.system.file(key), row)
        self.assertEqual(self.system.history(key), before)
        self.assertEqual(len(self.system.notices(key)), 1)

    def test_before_the_statement_has_ended(self):
        """An event says FINISHED, the statement does not: the event goes back to Lambda."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        with self.paused():
            self.deliver(s3_record(key, ROWS))
            row = self.system.wait_state(key, "SUBMITTED")
            name = self.system.statements()[-1]["StatementName"]
            event = status_event(name, row["load_statement_id"])
            result = self.system.invoke(FILE_PROCESS_LOGGING, event)
            self.assertEqual(result.function_error, "Unhandled")
            self.assertEqual(self.system.file(key)["state"], "SUBMITTED")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_status_that_is_unknown_at_first(self):
        """UNKNOWN is no end: the event goes back to Lambda."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.system.local.redshift.control({"unknown": 2})
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        self.assertEqual(self.system.local.redshift.control({})["unknown"], 0)
        self.assert_done(key, interface, 4, ROWS)

    def test_of_an_earlier_load(self):
        """It comes again while the next load runs, and does not end that one."""
        redshift = self.system.local.redshift
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        redshift.fail_next(statement=0)
        self.strike("redshift-data", "BatchExecuteStatement", redshift.pause, nth=2)
        try:
            self.deliver(s3_record(key, ROWS))
            wait_for(lambda: self.is_second_load_under_way(key), "the second load")
            row = self.system.file(key)
            first = self.system.statements()[-2]
            event = status_event(first["StatementName"], first["Id"], "FAILED")
            result = self.system.invoke(FILE_PROCESS_LOGGING, event)
            self.assertEqual(result.function_error, "")
            self.assertEqual(self.system.file(key), row)
        finally:
            redshift.resume()
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def is_second_load_under_way(self, key: str) -> bool:
        row = self.system.file(key)
        return (row["state"], row["load_no"], row["lease_owner"]) == ("SUBMITTED", 2, None)

    def test_overtaken_by_a_newer_number(self):
        """Another load was numbered while this one's outcome was asked for: it is not noted."""
        self.system.local.redshift.control({"events": "never"})
        for column, number in (("load_no", 1), ("transform_no", 0)):
            with self.subTest(column):
                interface = self.new_interface()
                key = self.put_silently(interface, ROWS)
                self.deliver(s3_record(key, ROWS))
                self.system.settle()
                row = self.system.file(key)
                name = self.system.statements()[-1]["StatementName"]
                event = status_event(name, row["load_statement_id"])

                def set_number(value: int, column=column, key=key) -> None:
                    sql = f"update rdscnfg.ext_file set {column} = %s where key = %s"
                    self.system.config_execute(sql, value, key)

                self.strike(
                    "redshift-data", "DescribeStatement", lambda: set_number(number + 1)
                )
                result = self.system.invoke(FILE_PROCESS_LOGGING, event)
                self.assertEqual(result.function_error, "")
                self.assertEqual(self.system.file(key)["state"], "SUBMITTED")
                self.assertEqual(self.system.audit(interface.id), [])
                set_number(number)
                self.system.invoke(FILE_PROCESS_LOGGING, event)
                self.assert_done(key, interface, 4, ROWS)

    def test_of_an_unknown_file(self):
        before = self.system.files()
        event = status_event(UNKNOWN_FILE, "18e7079c-0000-4000-8000-000000000009")
        result = self.system.invoke(FILE_PROCESS_LOGGING, event)
        self.assertEqual(result.function_error, "Unhandled")
        self.assertIn(UNKNOWN_FILE.split("|", 1)[0], result.json()["errorMessage"])
        self.assertEqual(self.system.files(), before)

    def test_not_ours(self):
        before = self.system.files()
        for name in (
            "",
            "nightly vacuum",
            UNKNOWN_FILE.replace("|external", "|internal"),
            UNKNOWN_FILE.replace("0b9e7a52", "0B9E7A52"),
            UNKNOWN_FILE.replace("|load|", "|vacuum|"),
            UNKNOWN_FILE.replace("|1|", "|one|"),
            "527|rdsftetl|t|s3://b/k|527|call f()||external_file_frameowrk",
        ):
            with self.subTest(name):
                event = status_event(name, "18e7079c-0000-4000-8000-000000000009")
                result = self.system.invoke(FILE_PROCESS_LOGGING, event)
                self.assertEqual((result.function_error, result.payload), ("", b"null"))
        self.assertEqual(self.system.files(), before)


if __name__ == "__main__":
    unittest.main()
