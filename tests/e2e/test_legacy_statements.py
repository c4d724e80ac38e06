"""Loads that the Python framework had submitted are taken over by file-process-logging."""

import signal
import time

from e2e.journey import FAILURE, SUCCESS, wait_for
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING, SystemTest
from emulator.deployment import BUCKET
from emulator.core.service import Headers, Request, empty_body

ROWS = b"00002025204|B|1|20260101|20790606|20260101|20790606\n" * 2
SUFFIX = "external_file_frameowrk"  # as the framework spelt it


class LegacyStatements(SystemTest):
    def legacy_event(self, key: str, sql: str, is_ours: bool = True) -> dict:
        """The event of a statement that the Python framework submitted for a file, with the role
        of our functions or one of its own."""
        name = f"527|rdsftetl|dc_x_pa_flavor|s3://landing/{key}|527|call p('a'||'b')|None|{SUFFIX}"
        ask = self.system.data_api if is_ours else self.ask_as_another_role
        started = ask(
            "ExecuteStatement",
            {
                "Sql": sql,
                "Database": "dev",
                "ClusterIdentifier": "dw",
                "DbUser": "awsuser",
                "StatementName": name,
            },
        )
        self.system.settle()
        described = ask("DescribeStatement", {"Id": started["Id"]})
        return {
            "source": "aws.redshift-data",
            "detail-type": "Redshift Data Statement Status Change",
            "detail": {
                "statementId": started["Id"],
                "statementName": name,
                "state": described["Status"],
            },
        }

    def ask_as_another_role(self, operation: str, data: dict) -> dict:
        local = self.system.local
        principal = local.credentials.assume_role("python-functions", "tests")
        request = Request("POST", "/", "", Headers(), empty_body(), principal, local.region, "tests")
        return getattr(local.redshift, operation)(data, request)

    def follow(self, event: dict) -> None:
        self.system.invoke(FILE_PROCESS_LOGGING, event)
        self.system.settle()

    def test_a_finished_load_goes_the_way_of_every_other(self):
        key = "elsewhere/PROD_1_PA_FLAVOR_527.txt"
        self.system.put(key, ROWS)
        event = self.legacy_event(key, "select 1")
        for _ in range(2):  # events come twice
            self.follow(event)
        self.assertEqual(
            self.system.states(key), ["RECEIVED", "SUBMITTED", "LOADED", "TRANSFORMING", "DONE"]
        )
        statuses = [row["file_process_status"] for row in self.system.audit(527)]
        self.assertEqual(statuses.count("FINISHED"), 1)
        self.assertEqual(len([name for name in self.system.archive() if "/527/" in name]), 1)
        self.assertEqual(self.system.keys("elsewhere/"), [])
        self.assertEqual(len(self.system.notices(key)), 1)

    def test_a_failed_load_is_notified_and_archived_as_an_error(self):
        key = "elsewhere/PROD_2_PA_FLAVOR_527.txt"
        self.system.put(key, ROWS)
        self.follow(self.legacy_event(key, "select 1/0"))
        row = self.system.file(key)
        self.assertEqual(row["state"], "FAILED")
        self.assertIn("Redshift refused the load into rdsftetl.dc_x_pa_flavor", row["reason"])
        self.assertTrue(row["archived_key"].startswith("archive/error/PROD_2_PA_FLAVOR_527.txt_"))

    def test_statements_that_are_shown_to_another_role_only(self):
        """No ledger knows the load, and Redshift does not show it to us: the event is believed."""
        for number, (sql, state, subject) in enumerate(
            [("select 1", "DONE", SUCCESS), ("select 1/0", "FAILED", FAILURE)], start=5
        ):
            with self.subTest(state):
                key = f"elsewhere/PROD_{number}_PA_FLAVOR_527.txt"
                self.system.put(key, ROWS)
                event = self.legacy_event(key, sql, is_ours=False)
                for _ in range(2):
                    self.follow(event)
                row = self.system.file(key)
                self.assertEqual((row["state"], row["rows_loaded"]), (state, None), row["reason"])
                self.assertLessEqual(row["load_started_at"], row["load_ended_at"])
                (notification,) = self.system.notices(key)
                self.assertTrue(notification["subject"].startswith(subject), notification["subject"])

    def follow_and_kill(self, event: dict, number: int) -> bool:
        """The function is killed once Postgres has got its nth statement: did it come so far?"""
        logging = self.system.local.lambda_.function(FILE_PROCESS_LOGGING)
        seen, orphans = [], []

        def judge(statement) -> str:
            seen.append(statement)
            if len(seen) == number:
                orphans.extend(self.sessions())
                logging.signal(signal.SIGKILL)
            return ""

        self.system.tap.on_statement = judge
        try:
            self.follow(event)
        finally:
            self.system.tap.on_statement = lambda statement: ""
        # Postgres does what it had been asked for.
        wait_for(lambda: not set(orphans) & set(self.sessions()), "the end of the session")
        return len(orphans) > 0

    def sessions(self) -> list[int]:
        rows = self.system.config_rows(
            "select pid from pg_stat_activity where application_name = %s", FILE_PROCESS_LOGGING
        )
        return [row["pid"] for row in rows]

    def test_what_is_taken_over_is_never_loaded_again(self):
        """Wherever the function dies, a manual event finds the load, or no file at all."""
        number, killed = 0, True
        while killed:
            number += 1
            with self.subTest(statement=number):
                key = f"elsewhere/PROD_KILLED{number}_PA_FLAVOR_527.txt"
                self.system.put(key, ROWS)
                event = self.legacy_event(key, "select 1")
                killed = self.follow_and_kill(event, number)
                self.system.config_execute(
                    "update rdscnfg.ext_file set lease_until = to_timestamp(0) where key = %s", key
                )
                if self.system.files(key):
                    self.assertEqual(self.system.states(key)[:2], ["RECEIVED", "SUBMITTED"])
                    self.system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": key})
                    self.system.settle()
                self.follow(event)
                self.assertEqual(
                    self.system.states(key),
                    ["RECEIVED", "SUBMITTED", "LOADED", "TRANSFORMING", "DONE"],
                )
                self.assertEqual(self.loads_of(key), [])
        self.assertGreater(number, 8)

    def loads_of(self, key: str) -> list[str]:
        """The loads of the file that are ours."""
        name = f"{self.system.file(key)['file_id']}|load|"
        names = [statement["StatementName"] for statement in self.system.statements()]
        return [found for found in names if found.startswith(name)]

    def test_a_newer_upload_is_not_what_the_statement_loaded(self):
        key = "elsewhere/PROD_7_PA_FLAVOR_527.txt"
        self.system.put(key, ROWS)
        event = self.legacy_event(key, "select 1")
        time.sleep(1.1)  # S3 tells whole seconds
        self.system.put(key, ROWS + ROWS)
        self.follow(event)
        self.assertEqual(self.system.files(key), [])
        self.assertEqual(self.system.get(key), ROWS + ROWS)
        self.assertIn("newer than the statement", self.system.log_text(FILE_PROCESS_LOGGING))
        self.system.local.s3.delete_key(BUCKET, key)

    def test_what_the_python_logger_archived_or_nobody_configured_is_left_alone(self):
        unknown = "elsewhere/PROD_3_999.txt"
        self.system.put(unknown, ROWS)
        self.follow(self.legacy_event(unknown, "select 1"))
        self.assertEqual(self.system.files(unknown), [])
        self.assertIn("cannot be taken over", self.system.log_text(FILE_PROCESS_LOGGING))
        gone = "elsewhere/PROD_4_PA_FLAVOR_527.txt"
        self.follow(self.legacy_event(gone, "select 1"))
        self.assertEqual([row["state"] for row in self.system.files(gone)], ["GONE"])
        self.assertEqual(self.system.notices(gone), [])
