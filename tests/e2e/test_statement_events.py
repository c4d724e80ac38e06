"""Status events of statements as EventBridge delivers them: twice, at once, late, early, never."""

import unittest

from e2e.journey import StatementTest, lines, wait_for
from e2e.made_events import s3_record, status_event
from e2e.system import FILE_PROCESS_LOGGING

ROWS = lines(4)
UNKNOWN_FILE_ID = "0b9e7a52-5c5e-4a4f-8a63-2f9f3f1f7a11"
UNKNOWN_STATEMENT_ID = "18e7079c-0000-4000-8000-000000000009"


class Statements(StatementTest):
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
        redshift.fail_next(statement=0, name="|load|")
        # The second batch makes the number of the first load void.
        self.strike("redshift-data", "BatchExecuteStatement", redshift.pause, nth=3)
        try:
            self.deliver(s3_record(key, ROWS))
            wait_for(lambda: self.is_second_load_under_way(key), "the second load")
            row = self.system.file(key)
            first = self.system.statements()[-3]
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
        current = ("load", 1)
        for newer in (("load", 2), ("transform", 1)):
            with self.subTest(newer):
                interface = self.new_interface()
                key = self.put_silently(interface, ROWS)
                self.deliver(s3_record(key, ROWS))
                self.system.settle()
                row = self.system.file(key)
                name = self.system.statements()[-1]["StatementName"]
                event = status_event(name, row["load_statement_id"])

                def set_statement(statement: tuple[str, int], key=key) -> None:
                    self.system.config_execute(
                        "update rdscnfg.ext_file set (statement_kind, statement_no) = (%s, %s)"
                        " where key = %s",
                        *statement,
                        key,
                    )

                strike = self.strike(
                    "redshift-data", "DescribeStatement", lambda: set_statement(newer)
                )
                result = self.system.invoke(FILE_PROCESS_LOGGING, event)
                self.assertEqual((result.function_error, strike.struck), ("", 1))
                self.assertEqual(self.system.file(key)["state"], "SUBMITTED")
                self.assertEqual(self.system.audit(interface.id), [])
                set_statement(current)
                self.system.invoke(FILE_PROCESS_LOGGING, event)
                self.assert_done(key, interface, 4, ROWS)

    def test_of_an_unknown_file(self):
        """It may be another deployment's: it is not ours, and nothing is asked about it."""
        before = self.system.files()
        name = f"{UNKNOWN_FILE_ID}|load|1|527|rdsftetl.t527|external_file_framework"
        self.system.clear_counts()
        for state in ("FINISHED", "FAILED", "ABORTED"):
            event = status_event(name, UNKNOWN_STATEMENT_ID, state)
            result = self.system.invoke(FILE_PROCESS_LOGGING, event)
            self.assertEqual((result.function_error, result.payload), ("", b"null"))
            self.assertIn(UNKNOWN_FILE_ID, "\n".join(result.log))
        self.assertEqual(self.system.requests(FILE_PROCESS_LOGGING), [])
        self.assertEqual(self.system.files(), before)

    def test_not_ours(self):
        """Names that are none of ours, although the statement is that of a file."""
        interface = self.new_interface()
        row = self.unheard(interface)
        (statement,) = self.submissions(row)
        file_id, ours = str(row["file_id"]), statement.name
        self.assertEqual(file_id, file_id.lower())
        for name in (
            "",
            "nightly vacuum",
            ours.replace("|external", "|internal"),
            ours.replace(file_id, file_id.upper()),
            ours.replace("|load|", "|vacuum|"),
            ours.replace("|1|", "|one|"),
        ):
            with self.subTest(name):
                self.assertNotEqual(name, ours)
                event = status_event(name, statement.id)
                result = self.system.invoke(FILE_PROCESS_LOGGING, event)
                self.assertEqual((result.function_error, result.payload), ("", b"null"))
                self.assertEqual(self.system.file(row["key"]), row)
        self.assertEqual(self.tell(self.end_of(statement)), "")
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_of_the_python_framework_for_an_object_that_no_configuration_matches(self):
        before = self.system.files()
        name = "527|rdsftetl|t|s3://b/k|527|call f()||external_file_frameowrk"
        event = status_event(name, UNKNOWN_STATEMENT_ID)
        result = self.system.invoke(FILE_PROCESS_LOGGING, event)
        self.assertEqual((result.function_error, result.payload), ("", b"null"))
        self.assertEqual(self.system.files(), before)


if __name__ == "__main__":
    unittest.main()
