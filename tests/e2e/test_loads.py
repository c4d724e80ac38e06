"""A load, its transformation, and what happens to both in Redshift: on a cluster and on Serverless,
in a bucket with versions and without."""

import unittest

from e2e.journey import FAILURE, StatementTest, file_name, lines
from e2e.system import FILE_PROCESS_LOGGING, Interface

ROWS = lines(4)
DONE = ["RECEIVED", "PREPARED", "SUBMITTED", "DONE"]
TRANSFORMED = ["RECEIVED", "PREPARED", "SUBMITTED", "LOADED", "TRANSFORMING", "DONE"]
CORE = "rdsftcore.loads_core"
HOUR = 3600
TRIED = r"^tried for 6 hours \(retry_hours\): "
CONFLICTS = (  # what Redshift calls them
    "ERROR: 1023\n  Detail: Serializable isolation violation on table - 100, transactions forming"
    " the cycle are: 1, 2 (pid:3)",
    "ERROR: could not serialize access due to concurrent update",
    "ERROR: deadlock detected",
)
# Every parameter, in quotes, comments and dollar quotes, where it is none, too.
QUERY = f"""
-- moves the rows of :file_name; and of no other
delete from {CORE} where origin = :file_name;
insert into {CORE} (a, origin, load, moved_from, moved_to)
select a, :file_name, :load_id, ':from;', cast(:to as varchar(40))
from {{0}} /* ; */ where load_id = :load_id and :from <= :to;
"""


class LoadTest(StatementTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.redshift_execute(
            f"create table {CORE} (a varchar(256), origin varchar(300), load varchar(36),"
            " moved_from varchar(40), moved_to varchar(40))"
        )

    def new_transformed(self, query: str = QUERY) -> Interface:
        interface = self.new_interface(options={"load_id_column": "load_id"})
        interface.query = query.format(interface.table)
        self.system.set_config(interface.id, query=interface.query)
        return interface

    def core(self, key: str) -> list:
        return self.system.redshift_rows(
            f"select * from {CORE} where origin = %s order by a", file_name(key)
        )

    def assert_only_the_load_happened(self, row: dict, interface: Interface, *void: int) -> None:
        """The ledger holds the load, and that transformations can never happen: the last one, or
        these."""
        found = [
            (item["kind"], item["number"], item["is_void"])
            for item in self.ledger_of(row, interface)
        ]
        numbers = void or (row["transform_no"],)
        expected = [("load", row["load_no"], False)]
        expected += [("transform", number, True) for number in numbers]
        self.assertEqual(found, expected)

    def names(self, key: str) -> list[str]:
        """The names of the statements of a file, oldest first."""
        file_id = str(self.system.file(key)["file_id"])
        return [
            item["StatementName"].split("|", 1)[1]
            for item in self.system.statements()
            if item["StatementName"].startswith(file_id)
        ]


class Journeys:
    """The main paths; classes below say where."""

    def test_without_transformation(self):
        interface = self.new_interface()
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(self.system.states(key), DONE)
        target = f"{interface.id}|{interface.table}|external_file_framework"
        self.assertEqual(self.names(key), [f"load|1|{target}"])
        self.assert_nothing_lost()

    def test_with_transformation(self):
        interface = self.new_transformed()
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        row = self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(self.system.states(key), TRANSFORMED)
        core = self.core(key)
        self.assertEqual([item["a"] for item in core], ["1", "2", "3", "4"])
        self.assertEqual({item["load"] for item in core}, {str(row["file_id"])})
        self.assertEqual({item["moved_from"] for item in core}, {":from;"})
        target = f"{interface.id}|{interface.table}|external_file_framework"
        self.assertEqual(self.names(key), [f"load|1|{target}", f"transform|1|{target}"])
        (audit,) = self.system.audit(interface.id)
        self.assertEqual(audit["merge_query"], interface.query.strip())
        self.assertTrue(audit["update_query"].startswith("INSERT INTO"))
        self.assertLessEqual(audit["start_time"], audit["end_time"])

    def test_a_window_of_times_in_whole_seconds(self):
        interface = self.new_transformed(
            f"insert into {CORE} (a, origin) select a, :file_name from {{0}} where"
            " date_trunc('second', target_transaction_timestamp) between :from and :to"
        )
        self.system.process(key := self.new_key(interface), ROWS)
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(len(self.core(key)), 4)

    def test_transformation_fails(self):
        interface = self.new_transformed(
            f"insert into {CORE} (a, origin) select a, :file_name from {{0}};"
            " select 1/0 from {0} limit 1"
        )
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        row = self.system.file(key)
        self.assertEqual(row["state"], "TRANSFORM_FAILED")
        self.assertRegex(row["reason"], "^the transformation failed: .*[Dd]ivi[a-z]* by zero")
        self.assertEqual(row["rows_loaded"], 4)
        self.assert_rows(key, interface, 4)
        self.assertEqual(self.core(key), [])
        self.assert_only_the_load_happened(row, interface)
        self.assert_audit(interface, [("FINISHED", "Y")], key)
        self.assert_settled(row, str(interface.id), ROWS)
        notification = self.assert_notices(key, "TRANSFORM_FAILED", FAILURE)
        self.assertIn("Do NOT send the file again", notification["email"])
        self.assertIn(row["reason"], notification["email"])

    def test_same_name_again(self):
        """Tomorrow's file of the same name is a file of its own."""
        interface = self.new_interface()
        key = self.new_key(interface)
        for day in (1, 2, 3):
            self.system.process(key, lines(4, first=10 * day))
        self.assertEqual([row["state"] for row in self.system.files(key)], ["DONE"] * 3)
        self.assert_rows(key, interface, 12)
        self.assertEqual(len(self.system.ledger(interface.table)), 3)
        self.assertEqual(len(self.copies(self.system.file(key), str(interface.id))), 3)
        self.assertEqual(self.system.private_objects(), [])


class OnACluster(Journeys, LoadTest):
    options = {"settings": {"timezone": "Asia/Calcutta"}}

    def test_a_copy_that_is_cut_short(self):
        """The object stays in its place until the archive holds all of it."""
        interface = self.new_interface()
        key = self.new_key(interface)

        def cut() -> None:
            self.system.put(self.system.file(key)["archived_key"], ROWS[:5])

        with self.paused():
            self.system.put(key, ROWS)
            self.system.wait_state(key, "SUBMITTED")
            self.strike("s3", "HeadObject", cut)
        self.system.settle()
        self.assertIn("the copy has 5 bytes", self.system.log_text(FILE_PROCESS_LOGGING))
        self.assert_done(key, interface, 4, ROWS)

    # --- conflicts with other transactions ---

    def test_load_conflicts(self):
        for error in CONFLICTS:
            for place in (1, 6, 0):  # LOCK, INSERT, the commit
                with self.subTest(error[:20], place=place):
                    interface = self.new_interface()
                    key = self.new_key(interface)
                    for number in (1, 2):
                        name = f"|load|{number}|"
                        self.system.local.redshift.fail_next(error, place, name=name)
                    self.system.process(key, ROWS)
                    row = self.assert_done(key, interface, 4, ROWS)
                    self.assertEqual(row["load_no"], 3)
                    self.assertEqual(
                        [
                            item["number"]
                            for item in self.system.ledger(interface.table)
                            if not item["is_void"]
                        ],
                        [3],
                    )
                    self.assertEqual(
                        [name[:6] for name in self.names(key)], ["load|1", "load|2", "load|3"]
                    )

    def test_transformation_conflicts(self):
        for error in CONFLICTS:
            with self.subTest(error[:20]):
                interface = self.new_transformed()
                key = self.new_key(interface)
                self.system.local.redshift.fail_next(error, 4, name="|transform|")
                self.system.process(key, ROWS)
                row = self.assert_done(key, interface, 4, ROWS)
                self.assertEqual((row["load_no"], row["transform_no"]), (1, 2))
                self.assertEqual(len(self.core(key)), 4)

    def fail_for_hours(self, kind: str, part: int, nth: int) -> None:
        """Ten statements of that kind meet a conflict, and hours pass before the tenth, which is the
        nth batch."""
        for number in range(1, 11):
            self.system.local.redshift.fail_next(statement=part, name=f"|{kind}|{number}|")
        self.strike(
            "redshift-data",
            "BatchExecuteStatement",
            lambda: self.system.let_time_pass(7 * HOUR),
            nth=nth,
        )

    def test_conflicts_without_end(self):
        """Each event fails, and when Lambda tries it again, the next number is submitted."""
        interface = self.new_interface()
        key = self.new_key(interface)
        self.fail_for_hours("load", 0, nth=19)  # after each, its number is made void
        self.system.process(key, ROWS)
        row = self.assert_refused(key, interface, f"{TRIED}.*1023", "FAILED", subject=FAILURE)
        self.assertEqual(row["load_no"], 10)
        self.assert_void(row, interface, *range(1, 11))
        self.assertEqual(self.system.rows(interface.table), [])
        self.assert_nothing_lost()

    def test_transformation_conflicts_without_end(self):
        interface = self.new_transformed()
        key = self.new_key(interface)
        self.fail_for_hours("transform", 4, nth=11)
        self.system.process(key, ROWS)
        row = self.system.file(key)
        self.assertEqual((row["state"], row["transform_no"]), ("TRANSFORM_FAILED", 10))
        self.assertRegex(row["reason"], f"{TRIED}.*1023")
        self.assert_rows(key, interface, 4)
        self.assertEqual(self.core(key), [])
        self.assert_only_the_load_happened(row, interface)
        self.assert_settled(row, str(interface.id), ROWS)
        self.assert_notices(key, "TRANSFORM_FAILED", FAILURE)
        self.assert_nothing_lost()

    # --- transformations that an operator cancels ---

    def test_a_cancelled_transformation_is_tried_again(self):
        interface = self.new_transformed()
        key = self.new_key(interface)
        self.pause_at(2)
        self.system.put(key, ROWS)
        self.cancel(key, "transform", 1)
        self.system.settle()
        row = self.assert_done(key, interface, 4, ROWS)
        self.assertEqual((row["load_no"], row["transform_no"]), (1, 2))
        self.assertEqual(len(self.core(key)), 4)
        self.assert_nothing_lost()

    def test_a_transformation_that_is_cancelled_for_hours_fails(self):
        interface = self.new_transformed()
        key = self.new_key(interface)
        for batch in (2, 4):  # the third makes the first number void
            self.pause_at(batch)
        self.system.put(key, ROWS)
        self.cancel(key, "transform", 1)
        self.cancel(key, "transform", 2, hours=7)
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual(row["state"], "TRANSFORM_FAILED")
        self.assertRegex(row["reason"], f"{TRIED}.*cancelled on user's request")
        self.assert_rows(key, interface, 4)
        self.assertEqual(self.core(key), [])
        self.assert_only_the_load_happened(row, interface, 1, 2)
        self.assert_settled(row, str(interface.id), ROWS)
        self.assert_nothing_lost()

    # --- statements that end transactions ---

    def test_truncate_is_warned_of(self):
        interface = self.new_transformed("truncate {0}; insert into {0} (a) values ('x')")
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        self.system.wait_state(key, "DONE")
        warnings = [
            line["message"]
            for line in self.system.logs(FILE_PROCESS_LOGGING)
            if line["level"] == "WARN" and "ends its own transaction" in line["message"]
        ]
        self.assertEqual(len(warnings), 1)

    def test_a_parameter_in_quotes_is_warned_of(self):
        interface = self.new_transformed(
            "delete from {0} where file_name = ':file_name' or c = :load_id"
        )
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        file_id = str(self.system.wait_state(key, "DONE")["file_id"])
        warnings = [
            line["parameter"]
            for line in self.system.logs(FILE_PROCESS_LOGGING)
            if "parameter inside quotes" in line["message"] and line["file"] == file_id
        ]
        self.assertEqual(warnings, ["file_name"])

    def test_query_that_cannot_be_submitted(self):
        interface = self.new_transformed(";".join(["select 1"] * 41))
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        row = self.system.file(key)
        self.assertEqual(row["state"], "TRANSFORM_FAILED")
        self.assertIn("has too many statements", row["reason"])
        self.assert_rows(key, interface, 4)
        self.assert_settled(row, str(interface.id), ROWS)

    # --- siblings ---

    def test_siblings_are_not_taken_along(self):
        """A COPY path is a prefix: what lies beside the file must not be loaded with it."""
        interface = self.new_interface()
        key = self.new_key(interface)
        with self.paused():
            self.system.put(key, ROWS)
            row = self.system.wait_state(key, "SUBMITTED")
            self.system.put(f"{row['private_key']}.bak", lines(2, 50))
            self.system.put(f"{key}1", lines(2, 60))
        self.system.settle()
        self.assertEqual(self.system.file(key)["rows_loaded"], 4)
        self.assert_rows(key, interface, 4)

    def test_submission_is_silent_unless_asked_for(self):
        interface = self.new_interface(options={"notify_submission": "Y"})
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        self.assertEqual(sorted(self.notified(key)), ["DONE", "SUBMITTED"])

    def test_files_in_parallel(self):
        """Loads of one table wait for each other; none is lost."""
        interfaces = [self.new_interface(), self.new_transformed()]
        keys = [
            (self.new_key(interface, f"N{number}"), interface)
            for number in range(10)
            for interface in interfaces
        ]
        for key, _ in keys:
            self.system.put(key, ROWS)
        self.system.settle()
        for key, interface in keys:
            self.assertEqual(self.system.file(key)["state"], "DONE")
            self.assert_rows(key, interface, 4)
        self.assertEqual(self.system.private_objects(), [])
        self.assertEqual(len(self.system.ledger(interfaces[1].table)), 20)

    def test_settings(self):
        """The archive's names and the audit rows are in the configured zone (UTC+5:30)."""
        interface = self.new_interface()
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        row = self.assert_done(key, interface, 4)
        (audit,) = self.system.audit(interface.id)
        zoned = self.system.config_rows(
            "select audited_at at time zone 'Asia/Calcutta' as at,"
            " to_char(archived_at at time zone 'Asia/Calcutta', 'YYYY-MM-DD-HH24') as stamp"
            " from rdscnfg.ext_file where file_id = %s",
            row["file_id"],
        )[0]
        self.assertLess(abs((audit["file_process_date"] - zoned["at"]).total_seconds()), 60)
        self.assertIn(f"_{zoned['stamp']}", row["archived_key"])


class OnServerless(Journeys, LoadTest):
    options = {"serverless": True, "versioned": True}

    def test_identity(self):
        """The workgroup is asked by the secret, which names no cluster."""
        interface = self.new_interface()
        self.system.process(self.new_key(interface), ROWS)
        statement = self.system.statements()[-1]
        self.assertEqual(statement["WorkgroupName"], "dw-serverless")
        self.assertNotIn("ClusterIdentifier", statement)

    def test_bad_rows(self):
        interface = self.new_interface(types={"a": "integer"})
        key = self.new_key(interface)
        self.system.process(key, b"one|two|three" + b" " * 60 + b"\n")
        self.assert_refused(key, interface, "line 1, column a: Invalid digit", subject=FAILURE)

    def test_old_versions_are_gone(self):
        """Only the version that was handled is deleted, and no marker hides the key."""
        interface = self.new_interface()
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(self.system.versions(key), [])


if __name__ == "__main__":
    unittest.main()
