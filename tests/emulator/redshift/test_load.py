"""The load as the product runs it: one batch that loads a file once, however often it is begun."""

import unittest

from emulator.redshift.fixture import LOADER, ROLE, DataApiTest
from emulator.redshift.tokens import quote_literal

FILE = "processing/f-1/PROD_20151015_PA_FLAVOR_527.txt"


def load_batch(file_id: str, manifest: str, expected: int, load_no: int = 1) -> list[str]:
    """LOCK, guard, staging of its own, COPY, balance, stamp, ledger."""
    file = quote_literal(file_id)
    return [
        "lock rdsftetl.flavor_ledger",
        (
            "select 1/case when count(*) = 0 then 1 else 0 end from rdsftetl.flavor_ledger where"
            f" file_id = {file}"
        ),
        "create temp table loading as select ndc, pa_type from rdsftetl.flavor where false",
        (
            f"copy loading (ndc, pa_type) from '{manifest}' iam_role '{ROLE}' manifest delimiter as"
            " '|' ignoreblanklines dateformat 'auto' timeformat 'auto' acceptinvchars"
            " acceptanydate compupdate off statupdate off region 'eu-west-1'"
        ),
        f"select 1/case when count(*) = {expected} then 1 else 0 end from loading",
        (
            "insert into rdsftetl.flavor (ndc, pa_type, file_name, load_id)"
            f" select ndc, pa_type, 'it''s \\\\ here', '{load_no}' from loading"
        ),
        (
            "insert into rdsftetl.flavor_ledger (kind, file_id, number, row_count)"
            f" select 'load', {file}, {load_no}, count(*) from loading"
        ),
    ]


class Load(DataApiTest):
    def setUp(self):
        super().setUp()
        for sql in (
            "create schema if not exists rdsftetl",
            "drop table if exists rdsftetl.flavor",
            "drop table if exists rdsftetl.flavor_ledger",
            (
                "create table rdsftetl.flavor (ndc varchar(20) not null, pa_type varchar(5),"
                " file_name varchar(300), load_id varchar(36), stamped timestamp default"
                " current_timestamp) diststyle auto"
            ),
            (
                "create table rdsftetl.flavor_ledger (kind varchar(10), file_id varchar(36), number"
                " int, row_count bigint, primary key (kind, file_id))"
            ),
        ):
            self.finished(self.execute(sql))
        self.url = self.objects.put(FILE, b"00002025204|B\n00002025202|PB\n\n")
        self.objects.put(FILE + ".bak", b"sibling|X\n")
        self.manifest = self.objects.manifest("processing/f-1/manifest-1.json", self.url)

    def failed_part(self, statement: str) -> tuple[int, str]:
        """The number of the part that failed, and its error."""
        described = self.ended(statement)
        self.assertEqual(described["Status"], "FAILED")
        parts = described["SubStatements"]
        number = next(index for index, part in enumerate(parts, 1) if part["Status"] == "FAILED")
        return number, parts[number - 1]["Error"]

    def counts(self) -> list:
        return self.values(
            "select (select count(*) from rdsftetl.flavor), (select count(*) from"
            " rdsftetl.flavor_ledger)"
        )[0]

    def test_a_file_is_loaded(self):
        described = self.finished(
            self.batch(
                *load_batch("f-1", self.manifest, 2), WithEvent=True, StatementName="f-1|load|1"
            )
        )
        self.assertEqual(
            [part["ResultRows"] for part in described["SubStatements"]], [-1, 1, -1, 0, 1, 2, 1]
        )
        self.assertEqual(
            self.values("select ndc, pa_type, file_name, load_id from rdsftetl.flavor order by 1"),
            [["00002025202", "PB", "it's \\ here", "1"], ["00002025204", "B", "it's \\ here", "1"]],
        )
        self.assertEqual(
            self.values("select file_id, row_count from rdsftetl.flavor_ledger"), [["f-1", 2]]
        )
        self.assertEqual(self.events[0]["detail"]["statementName"], "f-1|load|1")

    def test_again_stops_at_the_guard(self):
        self.finished(self.batch(*load_batch("f-1", self.manifest, 2)))
        number, error = self.failed_part(self.batch(*load_batch("f-1", self.manifest, 2, 2)))
        self.assertEqual((number, error.lower()), (2, "error: divide by zero"))
        self.assertEqual(self.counts(), [2, 1])

    def test_a_wrong_count_stops_at_the_balance(self):
        number, _ = self.failed_part(self.batch(*load_batch("f-1", self.manifest, 3)))
        self.assertEqual(number, 5)
        self.assertEqual(self.counts(), [0, 0])

    def test_a_bad_row_stops_at_the_copy_and_is_told(self):
        self.objects.put(FILE, b"00002025204|B\n00002025202|TOO LONG\n")
        number, error = self.failed_part(self.batch(*load_batch("f-1", self.manifest, 2)))
        self.assertEqual(
            (number, error.split(".")[0]), (4, "ERROR: Load into table 'loading' failed")
        )
        self.assertEqual(
            self.values(
                "select file_name, line_number, column_name, error_code from sys_load_error_detail"
            ),
            [[self.url, 2, "pa_type", 1204]],
        )

    def test_two_at_once_load_once(self):
        """Each waits at the LOCK before it has looked at anything, so the second one sees the
        first's row."""
        for round_ in range(5):
            file_id = f"race-{round_}"
            statements = [
                self.batch(*load_batch(file_id, self.manifest, 2, number), principal=LOADER)
                for number in (1, 2)
            ]
            described = [self.ended(statement) for statement in statements]
            self.assertEqual(sorted(item["Status"] for item in described), ["FAILED", "FINISHED"])
            loser = next(item for item in described if item["Status"] == "FAILED")
            self.assertIn("Query #2 failed with ERROR: Divide by zero", loser["Error"])
        self.assertEqual(self.counts(), [10, 5])

    def test_without_the_lock_both_load(self):
        """Nothing but the LOCK protects: no key does."""
        holder = [self.batch(*load_batch("f-2", self.manifest, 2)[1:]) for _ in range(2)]
        self.service.wait_idle()
        finished = sum(self.ended(statement)["Status"] == "FINISHED" for statement in holder)
        self.assertEqual(self.counts(), [2 * finished, finished])
        self.finished(
            self.execute(
                "insert into rdsftetl.flavor_ledger (kind, file_id) values ('load', 'k'), ('load',"
                " 'k')"
            )
        )


if __name__ == "__main__":
    unittest.main()
