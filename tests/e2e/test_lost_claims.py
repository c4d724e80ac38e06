"""A claim that is lost between two statements: what its owner notices, and what it leaves alone."""

import unittest

from e2e.journey import SilentTest, lines
from e2e.made_events import s3_record, status_event
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING
from emulator.deployment import BUCKET

ROWS = lines(4)


class LostClaims(SilentTest):
    """Another invocation claims the file between two statements of its holder, which notices."""

    def tearDown(self):
        self.system.tap.on_statement = lambda statement: ""
        self.system.local.redshift.control({"events": "normal"})
        super().tearDown()

    def at_statement(self, text: str, key: str, after: bool) -> None:
        """The claim is lost when the statement with this text comes, or the next one after it."""
        seen, lost = [], []

        def judge(statement) -> str:
            if not lost and (seen if after else text in statement.sql):
                lost.append(statement)
                self.system.config_execute(
                    "update rdscnfg.ext_file set claim_no = claim_no + 1, lease_owner = 'another',"
                    " lease_until = now() + interval '1 minute' where key = %s",
                    key,
                )
            seen.extend([statement] if text in statement.sql else [])
            return ""

        self.system.tap.on_statement = judge

    def assert_noticed(self, key: str, result, words: str) -> dict:
        """The file as the other invocation has it, which then releases its lease."""
        self.system.tap.on_statement = lambda statement: ""
        self.assertEqual(result.function_error, "")
        self.assertIn(words, "\n".join(result.log))
        self.assertEqual(self.system.file(key)["lease_owner"], "another")
        self.system.config_execute(
            "update rdscnfg.ext_file set lease_owner = null where key = %s", key
        )
        return self.system.file(key)

    def test_nothing_is_submitted_whose_number_could_not_be_stored(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.at_statement("promised_records = case", key, after=False)
        result = self.deliver(s3_record(key, ROWS))
        row = self.assert_noticed(key, result, "another invocation took the file over")
        self.assertEqual((row["state"], row["load_no"]), ("RECEIVED", 0))
        names = [item["StatementName"] for item in self.system.statements()]
        self.assertFalse([name for name in names if name.startswith(str(row["file_id"]))])
        self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_an_order_is_answered_with_who_has_the_file(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.at_statement("promised_records = case", key, after=False)
        result = self.system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": key})
        (item,) = result.json()["items"]
        lease = self.system.file(key)["lease_until"]
        self.assert_noticed(key, result, "another invocation took the file over")
        self.assertEqual((item["result"], item["state"]), ("busy", "RECEIVED"))
        self.assertEqual(item["until"][:19], lease.isoformat()[:19])
        self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_nothing_is_done_after_the_outcome(self):
        """The claim is lost when the outcome is noted, or when the lease for what is due is taken."""
        for function, text, words in (
            (FILE_PROCESS, "outcome = nullif(", "another invocation does what is due"),
            (FILE_PROCESS_LOGGING, "set lease_owner = $", "another invocation took the file over"),
        ):
            with self.subTest(function):
                interface = self.new_interface()
                key = self.put_silently(interface, ROWS)
                self.system.local.redshift.control({"events": "never"})
                self.deliver(s3_record(key, ROWS))
                self.system.settle()
                statement = self.system.statements()[-1]
                manual = {"bucket": BUCKET, "key": key}
                event = status_event(statement["StatementName"], statement["Id"])
                self.at_statement(text, key, after=True)
                result = self.system.invoke(function, manual if function == FILE_PROCESS else event)
                row = self.assert_noticed(key, result, words)
                self.assertEqual(
                    (row["state"], row["archived_key"], row["noticed_at"]), ("DONE", None, None)
                )
                self.assertEqual(self.system.invoke(FILE_PROCESS, manual).function_error, "")
                self.assert_done(key, interface, 4, ROWS)


if __name__ == "__main__":
    unittest.main()
