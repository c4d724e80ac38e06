"""COPY of one object into one table."""

from emulator.redshift.fixture import ROLE, SessionTest

KEY = "in/file"


class CopyTest(SessionTest):
    def setUp(self):
        super().setUp()
        self.objects.data.clear()
        for table in ("t", "typed"):
            self.run_sql(f"drop table if exists {table}")
        self.run_sql("create table t (a varchar(10), b int, c char(3))")

    def copy(self, options: str = "", path: str = f"s3://landing/{KEY}", table: str = "t") -> int:
        return self.run_sql(f"copy {table} from '{path}' iam_role '{ROLE}' {options}").copied

    def load(self, data: bytes, options: str = "", table: str = "t") -> list[tuple]:
        """The rows of the table, in order of loading, after a COPY of these bytes."""
        self.objects.put(KEY, data)
        self.run_sql(f"delete from {table}")
        count = self.copy(options, table=table)
        rows = self.rows(f"select * from {table} order by ctid")
        self.assertEqual(count, len(rows))
        return rows

    def fails(self, data: bytes, options: str = "", table: str = "t") -> tuple:
        """(line, column, code, reason) of the first error that the system table tells."""
        self.objects.put(KEY, data)
        self.refused(
            f"copy {table} from 's3://landing/{KEY}' iam_role '{ROLE}' {options}",
            (
                f"Load into table '{table}' failed. Check 'sys_load_error_detail' system table for"
                " details."
            ),
        )
        return self.rows(
            "select line_number, column_name, error_code, error_message from sys_load_error_detail"
            " where query_id = (select max(query_id) from sys_load_error_detail) order by"
            " line_number limit 1"
        )[0]
