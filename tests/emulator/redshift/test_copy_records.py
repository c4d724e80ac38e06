"""What COPY records of its rows, and what it costs."""

import gzip
import resource
import time
import unittest

from emulator.redshift.copy_fixture import CopyTest, KEY
from emulator.redshift.fixture import ROLE


class Records(CopyTest):
    def test_error_rows_outlive_the_transaction(self):
        self.objects.put(KEY, b"x|1|a\nlong beyond ten|2|b\n")
        self.session.begin()
        self.run_sql("create temp table staged (like t)")
        self.refused(
            f"copy staged from 's3://landing/{KEY}' iam_role '{ROLE}'",
            "Load into table 'staged' failed",
        )
        self.session.rollback()
        row = self.rows(
            "select filename, line_number, colname, type, col_length, raw_line, raw_field_value,"
            " err_code, err_reason from stl_load_errors order by query desc limit 1"
        )[0]
        self.assertEqual(
            row,
            (
                f"s3://landing/{KEY}",
                2,
                "a",
                "varchar",
                "10",
                "long beyond ten|2|b",
                "long beyond ten",
                1204,
                "String length exceeds DDL length",
            ),
        )

    def test_swallowed_rows_are_told_too(self):
        self.objects.put(KEY, b"x|1|a\ny|oops|b\n")
        self.assertEqual(self.copy("maxerror 10"), 1)
        self.assertEqual(self.value("select pg_last_copy_count()"), 1)
        self.assertEqual(
            self.rows(
                "select line_number from sys_load_error_detail where query_id = pg_last_copy_id()"
            ),
            [(2,)],
        )

    def test_noload_checks_and_loads_nothing(self):
        self.objects.put(KEY, b"x|1|a\n")
        self.assertEqual(self.copy("noload"), 0)
        self.assertEqual(self.value("select count(*) from t"), 0)
        self.assertEqual(self.fails(b"x|y|a\n", "noload")[2], 1207)

    def test_query_history(self):
        self.refused("select nothing from nowhere", "nowhere")
        row = self.rows(
            "select status, error_message, query_text from sys_query_history order by query_id desc"
            " limit 1"
        )[0]
        self.assertEqual((row[0], row[2]), ("failed", "select nothing from nowhere"))
        self.assertIn('relation "nowhere" does not exist', row[1])

    def test_records_without_an_end_are_given_up_quickly(self):
        lines = b"some text, more of it\n" * 300_000
        for data, options in ((b'"' + lines, "csv"), (b'{"a":[' + lines, "json 'auto'")):
            with self.subTest(options):
                started = time.process_time()
                self.assertEqual(self.fails(data, options)[:3], (1, "", 1216))
                self.assertLess(time.process_time() - started, 20)

    def test_many_json_records_in_one_line(self):
        self.assertEqual(len(self.load(b'{"a":"x","b":1}' * 50_000, "json 'auto'")), 50_000)

    def test_memory(self):
        """300,000 rows in one file, in memory that does not grow with them."""
        line = b"00002025204|B|1|20093232|20790606|20100101|20790606\n"
        self.objects.put(KEY, gzip.compress(line * 300_000, 1))
        self.run_sql("drop table if exists flavor")
        self.run_sql(
            "create table flavor ("
            + ", ".join(f"c{number} varchar(256)" for number in range(7))
            + ")"
        )
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.assertEqual(self.copy("gzip", table="flavor"), 300_000)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown, 32 << 10)


if __name__ == "__main__":
    unittest.main()
