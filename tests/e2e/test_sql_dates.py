"""The date checks of sql/redshift."""

import calendar
import unittest

from e2e.sql_redshift import RedshiftSqlTest, literal


class DateChecks(RedshiftSqlTest):
    def answers(self, function: str, cases: list[tuple[str | None, str]]) -> list:
        calls = [f"{function}({literal(text)}, {literal(form)})" for text, form in cases]
        queries = ["select " + ", ".join(calls[at:at + 200]) for at in range(0, len(calls), 200)]
        return [answer for query in queries for answer in self.values(query)[0]]

    def test_one_by_one(self):
        cases = {
            ("20151005", "%Y%m%d"): 0, ("20001231", "%Y%m%d"): 0, ("99991231", "%Y%m%d"): 0, ("00010101", "%Y%m%d"): 0,
            ("", "%Y%m%d"): 0, ("  ", "%Y%m%d"): 0, (None, "%Y%m%d"): 0, ("", "%d.%m.%Y"): 0,
            ("20160229", "%Y%m%d"): 0, ("20000229", "%Y%m%d"): 0, ("20150229", "%Y%m%d"): 1, ("19000229", "%Y%m%d"): 1,
            ("20151301", "%Y%m%d"): 1, ("20150001", "%Y%m%d"): 1, ("20150132", "%Y%m%d"): 1, ("20150100", "%Y%m%d"): 1,
            ("20150431", "%Y%m%d"): 1, ("00000101", "%Y%m%d"): 1, ("2015101", "%Y%m%d"): 1, ("201510055", "%Y%m%d"): 1,
            (" 20151005", "%Y%m%d"): 1, ("2015-10-05", "%Y%m%d"): 1, ("2015100a", "%Y%m%d"): 1, ("-2015105", "%Y%m%d"): 1,
            ("２0151005", "%Y%m%d"): 1, ("20151005\n", "%Y%m%d"): 1,
            ("11/7/2013", "%m/%d/%Y"): 0, ("01/05/2013", "%m/%d/%Y"): 0, ("2/29/2016", "%m/%d/%Y"): 0,
            ("13/7/2013", "%m/%d/%Y"): 1, ("12/33/2013", "%m/%d/%Y"): 1, ("2/29/2015", "%m/%d/%Y"): 1,
            ("0/1/2013", "%m/%d/%Y"): 1, ("1/0/2013", "%m/%d/%Y"): 1, ("1/1/13", "%m/%d/%Y"): 1, ("1/1/02013", "%m/%d/%Y"): 1,
            ("1/1", "%m/%d/%Y"): 1, ("//", "%m/%d/%Y"): 1, ("001/1/2013", "%m/%d/%Y"): 1, ("2013/1/1", "%m/%d/%Y"): 1,
            ("20151005", "%m/%d/%Y"): 1, ("11/7/2013", "%Y%m%d"): 1,
            ("99999999999999999999", "%Y%m%d"): 1,
            ("20151005", "%d%m%Y"): 1, ("05102015", "%d%m%Y"): 0, ("31042015", "%d%m%Y"): 1, ("1022015", "%d%m%Y"): 1,
            ("12312015", "%m%d%Y"): 0, ("31122015", "%m%d%Y"): 1, ("02292015", "%m%d%Y"): 1,
            ("2015-10-05", "%Y-%m-%d"): 0, ("2015-1-5", "%Y-%m-%d"): 0, ("2015-02-29", "%Y-%m-%d"): 1,
            ("2015/10/05", "%Y-%m-%d"): 1, ("2015-10/05", "%Y-%m-%d"): 1, ("15-10-05", "%Y-%m-%d"): 1,
            ("2015/10/05", "%Y/%m/%d"): 0, ("2015.10.05", "%Y.%m.%d"): 0, ("2015.13.05", "%Y.%m.%d"): 1,
            ("10-31-2015", "%m-%d-%Y"): 0, ("31-10-2015", "%m-%d-%Y"): 1, ("10.31.2015", "%m.%d.%Y"): 0,
            ("31/10/2015", "%d/%m/%Y"): 0, ("10/31/2015", "%d/%m/%Y"): 1, ("5-1-2015", "%d-%m-%Y"): 0,
            ("29.02.2016", "%d.%m.%Y"): 0, ("29.02.2015", "%d.%m.%Y"): 1, ("29,02,2016", "%d.%m.%Y"): 1,
            ("29.02.2016 ", "%d.%m.%Y"): 1, ("", "%y"): 0, (None, "%y"): 0,
        }  # fmt: skip
        for case, expected, answer in zip(cases, cases.values(), self.answers("rdsftetl.fn_chk_date", list(cases))):
            with self.subTest(case):
                self.assertEqual(answer, expected)

    def test_all_days_of_four_kinds_of_year(self):
        days = [(y, m, d) for y in (1900, 2000, 2015, 2016) for m in range(0, 14) for d in range(27, 34)]
        expected = [int(not (1 <= m <= 12 and d <= calendar.monthrange(y, m)[1])) for y, m, d in days]
        self.assertEqual(
            self.answers("rdsftetl.fn_chk_date", [(f"{y:04}{m:02}{d:02}", "%Y%m%d") for y, m, d in days]), expected
        )
        self.assertEqual(
            self.answers("rdsftetl.fn_chk_date", [(f"{m}/{d}/{y:04}", "%m/%d/%Y") for y, m, d in days]), expected
        )

    def test_reading(self):
        cases = {
            ("20151005", "%Y%m%d"): "2015-10-05", ("1/5/2013", "%m/%d/%Y"): "2013-01-05", ("20151332", "%Y%m%d"): True,
            ("", "%Y%m%d"): True, (" ", "%m/%d/%Y"): True, (None, "%Y%m%d"): True, ("12/33/2013", "%m/%d/%Y"): True,
            ("05102015", "%d%m%Y"): "2015-10-05", ("10052015", "%m%d%Y"): "2015-10-05",
            ("2015-10-5", "%Y-%m-%d"): "2015-10-05", ("5.10.2015", "%d.%m.%Y"): "2015-10-05",
            ("10-5-2015", "%m-%d-%Y"): "2015-10-05", ("2015-13-05", "%Y-%m-%d"): True,
        }  # fmt: skip
        self.assertEqual(self.answers("rdsftetl.fn_read_date", list(cases)), list(cases.values()))


    def test_an_unknown_format_is_an_error(self):
        """Else every row of a file would be taken for a bad one, and nobody told."""
        self.finished(self.execute("create table rdsftetl.dates (d varchar(20))"))
        self.finished(self.execute("insert into rdsftetl.dates values ('2015-10-05'), ('')"))
        calls = [f"select {name}(d, '{form}') from rdsftetl.dates" for name in
                 ("rdsftetl.fn_chk_date", "rdsftetl.fn_read_date") for form in ("%y-%m-%d", "%d", "", "YYYY-MM-DD")]
        for sql in (*calls, "select rdsftetl.fn_chk_date('20151005', '%j')"):
            with self.subTest(sql):
                described = self.ended(self.execute(sql))
                self.assertEqual(described["Status"], "FAILED")
                self.assertIn("unknown date format", described["Error"])
        for form in ("%Y-%m-%d", "%m.%d.%Y"):  # of a column, as views have it
            found = self.values(f"select sum(rdsftetl.fn_chk_date(d, '{form}')) from rdsftetl.dates")
            self.assertEqual(found, [[int(form != "%Y-%m-%d")]])


if __name__ == "__main__":
    unittest.main()
