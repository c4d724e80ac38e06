"""sql/redshift through the Data API of the local Redshift: every file, the date checks, the sample transformations."""

import re
import unittest

from e2e.sql_redshift import FILES, RedshiftSqlTest, literal, statements

FLAVOR = "rdsftetl.dc_x_pa_flavor"
FLAVOR_COLUMNS = "ndc, pa_type, pa_value, pa_eff_dt, pa_exp_dt, load_eff_dt, load_exp_dt"
REPORT = "rdsftetl.hospital_cost_report"
REPORT_COLUMNS = (
    "rpt_rec_num, prvdr_ctrl_type_cd, prvdr_num, npi, rpt_stus_cd, fy_bgn_dt, fy_end_dt, proc_dt, initl_rpt_sw,"
    " last_rpt_sw, trnsmtl_num, fi_num, adr_vndr_cd, fi_creat_dt, util_cd, npr_dt, spec_ind, fi_rcpt_dt"
)
GOOD_FLAVOR = "00002025202|B|1|20090101|20790606|20100101|20790606"
GOOD_REPORT = (
    "534842,4,454122,1234567,1,11/7/2013,12/31/2013,6/10/2014,N,N,D,4011,4,6/9/2014,F,2/5/2013,A,5/30/2014"
)


class Files(RedshiftSqlTest):
    JOBS = "rdsftorchestration.job_config_sqls"

    def test_they_may_be_run_again(self):
        self.run_files()
        self.assertEqual(
            self.values(f"select schema_name, table_name, serial_no from {self.JOBS} order by 2, 3"),
            [["rdsftcore", table, n] for table in ("dc_x_pa_flavor", "hospital_cost_report") for n in (1, 2, 3)],
        )

    def test_statements_that_are_there_stay(self):
        self.finished(self.execute(f"delete from {self.JOBS}"))
        self.finished(self.execute(f"insert into {self.JOBS} values ('rdsftcore', 'dc_x_pa_flavor', 2, 'ours')"))
        self.run_files()
        self.assertEqual(
            self.values(f"select table_name, count(*), min(serial_no) from {self.JOBS} group by 1 order by 1"),
            [["dc_x_pa_flavor", 1, 2], ["hospital_cost_report", 3, 1]],
        )
        self.finished(self.execute(f"delete from {self.JOBS}"))
        self.run_files()

    def test_nothing_runs_on_the_leader_node_alone(self):
        """current_timestamp, now() and their like are refused beside a table; sysdate and getdate() are not."""
        for file in FILES:
            found = re.search(
                r"\b(current_time|current_timestamp|localtime|localtimestamp|now\s*\(|age\s*\(|current_schema)\b",
                file.read_text(),
                re.IGNORECASE,
            )
            self.assertIsNone(found, f"{file.name}: {found and found[0]}")

    def test_functions_keep_to_an_expression(self):
        """A scalar SQL function of Redshift has no FROM, WHERE, GROUP, ORDER or LIMIT."""
        bodies = [sql for sql in statements() if re.search(r"language\s+sql\s*$", sql, re.IGNORECASE)]
        self.assertEqual(len(bodies), 4)
        for sql in bodies:
            self.assertNotRegex(sql.split("$$")[1], r"(?i)\b(from|into|where|group|order|limit)\b")

    def test_rows_know_when_they_came(self):
        for table in ("dc_x_pa_flavor_error", "hospital_cost_report_error", "dc_x_pa_flavor"):
            self.finished(self.execute(f"insert into rdsftetl.{table} (file_name) values ('clock')"))
            self.assertEqual(
                self.values(
                    f"select count(*) from rdsftetl.{table} where file_name = 'clock' and"
                    " abs(datediff(second, target_transaction_timestamp, getdate())) < 60"
                ),
                [[1]],
            )


class FlavorTransformation(RedshiftSqlTest):
    CORE = (
        "select ndc, pa_value, to_char(pa_eff_dt, 'YYYYMMDD'), to_char(pa_exp_dt, 'YYYYMMDD'),"
        " to_char(from_date, 'YYYYMMDD'), case when to_date is null then 'open' when to_date > getdate() then"
        " to_char(to_date, 'YYYYMMDD') else 'closed' end, file_name from rdsftcore.dc_x_pa_flavor"
        " where file_name like '{}' order by file_name, ndc, pa_value"
    )

    def core(self, prefix: str) -> list[list]:
        return self.values(self.CORE.format(prefix + "%"))

    def errors(self, load: str) -> list[list]:
        return self.values(
            f"select ndc, pa_type, pa_value, pa_eff_dt, file_name from {FLAVOR}_error"
            f" where load_id = '{load}' order by 1, 2, 3"
        )

    def test_valid_rows_enter_the_core_and_others_the_error_table(self):
        self.load(
            "flavor-1", FLAVOR, FLAVOR_COLUMNS,
            "00002025204|B|1|20093232|20790606|20100101|20790606", GOOD_FLAVOR,
        )  # fmt: skip
        self.succeed("flavor-1", "dc_x_pa_flavor")
        self.assertEqual(
            self.core("flavor-1"),
            [["00002025202", "1", "20090101", "20790606", "20090101", "20790606", "flavor-1.txt"]],
        )
        self.assertEqual(self.errors("flavor-1"), [["00002025204", "B", "1", "20093232", "flavor-1.txt"]])

    def test_every_rule(self):
        good = GOOD_FLAVOR.split("|")
        bad = [(0, ""), (0, "  "), (1, "X"), (1, ""), (1, "b"), (2, "2"), (2, ""), (3, "20151301"), (4, "20150132"),
               (5, "today"), (6, "20150229")]  # fmt: skip
        rows = ["|".join([*good[:at], value, *good[at + 1:]]) for at, value in bad]
        types = ["C", "N", "P", "A", "D", "Q", "B", "I", "PB"]
        self.load("rules-1", FLAVOR, FLAVOR_COLUMNS, *rows)
        self.load("rules-2", FLAVOR, FLAVOR_COLUMNS, *(f"9|{kind}|0|||20100101|" for kind in types))
        self.succeed("rules-1", "dc_x_pa_flavor")
        self.succeed("rules-2", "dc_x_pa_flavor")
        self.assertEqual((len(self.errors("rules-1")), self.core("rules-1")), (len(bad), []))
        self.assertEqual((self.errors("rules-2"), len(self.core("rules-2"))), ([], len(types)))

    def test_a_new_version_closes_the_current_one_of_its_key_only(self):
        key = "700|B|{}|20090101|20790606|20100101|20790606"
        self.load("versions-1", FLAVOR, FLAVOR_COLUMNS, key.format(0), key.format(0).replace("|B|", "|C|"))
        self.load("versions-2", FLAVOR, FLAVOR_COLUMNS, key.format(0).replace("20100101", "20110101"))
        self.load("versions-3", FLAVOR, FLAVOR_COLUMNS, key.format(1))
        for load in ("versions-1", "versions-2", "versions-3"):
            self.succeed(load, "dc_x_pa_flavor")
        self.assertEqual(
            sorted((row[6], row[1], row[5]) for row in self.core("versions")),
            [("versions-1.txt", "0", "20790606"), ("versions-1.txt", "0", "closed"),
             ("versions-2.txt", "0", "20790606"), ("versions-3.txt", "1", "20790606")],
        )  # fmt: skip

    def test_versions_without_dates_are_open_and_closed_too(self):
        for load in ("open-1", "open-2"):
            self.load(load, FLAVOR, FLAVOR_COLUMNS, "800|B|0||||")
            self.succeed(load, "dc_x_pa_flavor")
        self.assertEqual([row[5:] for row in self.core("open")], [["closed", "open-1.txt"], ["open", "open-2.txt"]])

    def test_only_the_rows_of_the_load_are_touched(self):
        self.load("own-1", FLAVOR, FLAVOR_COLUMNS, "901|B|0|20090101|20790606|20100101|20790606", "||||||")
        self.load("own-2", FLAVOR, FLAVOR_COLUMNS, "902|B|0|20090101|20790606|20100101|20790606", "||||||")
        self.succeed("own-2", "dc_x_pa_flavor")
        self.assertEqual([row[0] for row in self.core("own")], ["902"])
        self.assertEqual((len(self.errors("own-1")), len(self.errors("own-2"))), (0, 1))

    def test_a_second_time_is_refused_and_leaves_no_row(self):
        self.load("once-1", FLAVOR, FLAVOR_COLUMNS, GOOD_FLAVOR.replace("00002025202", "950"))
        self.succeed("once-1", "dc_x_pa_flavor")
        described = self.transform("once-1", "dc_x_pa_flavor")
        self.assertEqual(described["Status"], "FAILED")
        self.assertEqual([part["Status"] for part in described["SubStatements"]][:2], ["FINISHED", "FAILED"])
        self.assertEqual(len(self.core("once-1")), 1)


class ReportTransformation(RedshiftSqlTest):
    def load_report(self, load: str, *rows: str) -> None:
        """Numbers must be numbers here, as COPY sees to it; an empty one is null."""
        for row in rows:
            fields = [field or None for field in row.split(",")]
            values = ", ".join(map(literal, [*fields, f"{load}.csv.gz", load]))
            self.finished(
                self.execute(f"insert into {REPORT} ({REPORT_COLUMNS}, file_name, load_id) values ({values})")
            )

    def counts(self, load: str) -> list:
        return self.values(
            f"select (select count(*) from rdsftcore.hospital_cost_report where file_name = '{load}.csv.gz'),"
            f" (select count(*) from {REPORT}_error where load_id = '{load}')"
        )[0]

    def test_the_sample_rows(self):
        self.load_report(
            "report-1", GOOD_REPORT,
            GOOD_REPORT.replace("534842", "534843").replace("11/7/2013,12/31/2013", "13/7/2013,12/33/2013"),
        )  # fmt: skip
        self.succeed("report-1", "hospital_cost_report")
        self.assertEqual(
            self.values(
                "select rpt_rec_num, prvdr_num, npi, to_char(fy_bgn_dt, 'YYYYMMDD'), to_char(fi_rcpt_dt, 'YYYYMMDD'),"
                " to_char(from_date, 'YYYYMMDD'), to_char(to_date, 'YYYYMMDD'), spec_ind"
                " from rdsftcore.hospital_cost_report where file_name = 'report-1.csv.gz'"
            ),
            [["534842", "454122", "1234567", "20131107", "20140530", "20131107", "20131231", "A"]],
        )
        self.assertEqual(
            self.values(f"select rpt_rec_num, fy_bgn_dt, file_name from {REPORT}_error where load_id = 'report-1'"),
            [["534843", "13/7/2013", "report-1.csv.gz"]],
        )

    def test_every_rule(self):
        good = GOOD_REPORT.split(",")
        bad = [(0, ""), (1, "6"), (1, ""), (2, ""), (4, "0"), (5, "2/30/2013"), (6, "13/1/2013"), (7, "x"), (8, "J"),
               (9, "n"), (12, "1"), (13, "1/32/2013"), (14, "X"), (15, "0/1/2013"), (17, "20131231")]  # fmt: skip
        self.load_report("bad-1", *(",".join([*good[:at], value, *good[at + 1:]]) for at, value in bad))
        empty = [5, 6, 7, 8, 9, 12, 13, 14, 15, 17]
        self.load_report("empty-1", *(",".join([*good[:at], "", *good[at + 1:]]) for at in empty))
        self.succeed("bad-1", "hospital_cost_report")
        self.succeed("empty-1", "hospital_cost_report")
        self.assertEqual(self.counts("bad-1"), [0, len(bad)])
        self.assertEqual(self.counts("empty-1"), [len(empty), 0])

    def test_a_new_version_closes_the_open_and_the_current_one(self):
        far = GOOD_REPORT.replace("534842", "600").replace("12/31/2013", "12/31/2999")
        open_ended = far.replace("12/31/2999", "")
        for number, row in enumerate((far, open_ended, far)):
            self.load_report(f"version-{number}", row)
            self.succeed(f"version-{number}", "hospital_cost_report")
        self.load_report("version-3", far.replace("600", "601"))
        self.succeed("version-3", "hospital_cost_report")
        self.assertEqual(
            self.values(
                "select file_name, coalesce(to_date, '9999-12-31') > getdate() from rdsftcore.hospital_cost_report"
                " where file_name like 'version-%' order by 1"
            ),
            [["version-0.csv.gz", False], ["version-1.csv.gz", False], ["version-2.csv.gz", True],
             ["version-3.csv.gz", True]],
        )  # fmt: skip


class Orchestration(RedshiftSqlTest):
    def test_a_table_without_statements_is_an_error(self):
        for arguments in ("'rdsftcore', 'nothing', 'x'", "'rdsftcore', 'nothing', '2020-01-01', '2030-01-01'"):
            described = self.ended(self.execute(f"call rdsftorchestration.execute_sql_from_table({arguments})"))
            self.assertEqual(described["Status"], "FAILED")
            self.assertIn("no statements for rdsftcore.nothing", described["Error"])

    def test_the_framework_s_own_call_with_a_window_of_time(self):
        self.finished(
            self.execute("create table rdsftcore.seen (moment timestamp, since varchar(30), until varchar(30))")
        )
        self.finished(
            self.execute(
                "insert into rdsftorchestration.job_config_sqls values"
                " ('rdsftcore', 'windowed', 2,"
                " 'insert into rdsftcore.seen select moment, ''again'', null from rdsftcore.seen'),"
                " ('rdsftcore', 'windowed', 1, 'insert into rdsftcore.seen values (''p_etl_from_timestamp'','"
                "'p_etl_from_timestamp'', ''p_etl_to_timestamp'')')"
            )
        )
        self.finished(
            self.execute(
                "call rdsftorchestration.execute_sql_from_table("
                "'rdsftcore','windowed','2020-01-01 17:49:29','2030-01-01 17:49:29');"
            )
        )
        self.assertEqual(
            self.values("select to_char(moment, 'YYYY-MM-DD'), since, until from rdsftcore.seen order by since"),
            [["2020-01-01", "2020-01-01 17:49:29", "2030-01-01 17:49:29"], ["2020-01-01", "again", True]],
        )

    def configure(self, table: str, *statements: tuple[int, str]) -> None:
        rows = [f"('rdsftcore', '{table}', {number}, {literal(command)})" for number, command in statements]
        self.finished(self.execute(f"insert into rdsftorchestration.job_config_sqls values {', '.join(rows)}"))

    def run_table(self, table: str, arguments: str = "'x'") -> None:
        self.finished(
            self.execute(f"call rdsftorchestration.execute_sql_from_table('rdsftcore', '{table}', {arguments})")
        )

    def test_a_statement_may_call_a_procedure_with_a_cursor(self):
        self.finished(self.execute("create table rdsftcore.looped (n integer)"))
        self.finished(
            self.execute(
                "create procedure rdsftcore.loop_over() as $$ declare found_row record; begin"
                " for found_row in select 1 as n union all select 2 loop"
                " insert into rdsftcore.looped values (found_row.n); end loop; end; $$ language plpgsql"
            )
        )
        self.configure("looping", (1, "call rdsftcore.loop_over()"), (2, "call rdsftcore.loop_over()"))
        self.configure(
            "nested", (1, "call rdsftorchestration.execute_sql_from_table('rdsftcore', 'looping', p_load_id)")
        )
        for table, arguments in (("looping", "'x'"), ("looping", "'2020-01-01', '2030-01-01'"), ("nested", "'x'")):
            with self.subTest(table=table, arguments=arguments):
                self.finished(self.execute("delete from rdsftcore.looped"))
                self.run_table(table, arguments)
                self.assertEqual(
                    self.values("select n, count(*) from rdsftcore.looped group by n order by n"), [[1, 2], [2, 2]]
                )

    def test_every_row_runs_once_by_number_and_then_by_text(self):
        self.finished(self.execute("create table rdsftcore.turns (turn bigint identity(1, 1), name varchar(9))"))
        names = ((7, "d"), (-1, "b"), (7, "c"), (-1, "a"), (7, "c"), (0, "b"))
        self.configure(
            "turns", *((n, f"insert into rdsftcore.turns (name) values ('{name}')") for n, name in names)
        )
        self.run_table("turns")
        self.assertEqual(
            self.values("select name from rdsftcore.turns order by turn"), [[name] for name in "abbccd"]
        )

    def test_statements_may_change_the_statements(self):
        self.finished(self.execute("create table rdsftcore.steps (turn bigint identity(1, 1), name varchar(9))"))
        jobs = "rdsftorchestration.job_config_sqls"
        step = "insert into rdsftcore.steps (name) values ('{}')".format
        added = ", ".join(f"('rdsftcore', 'steps', {n}, {literal(step(n))})" for n in (1, 5))
        self.configure(
            "steps",
            (2, f"insert into {jobs} values {added}"),
            (3, f"delete from {jobs} where table_name = 'steps' and serial_no in (3, 4)"),
            (4, step(4)),
            (6, step(6)),
        )
        self.run_table("steps")
        self.assertEqual(self.values("select name from rdsftcore.steps order by turn"), [["5"], ["6"]])

    def test_a_failing_statement_takes_all_back(self):
        self.finished(self.execute("create table rdsftcore.half (n int)"))
        self.finished(
            self.execute(
                "insert into rdsftorchestration.job_config_sqls values"
                " ('rdsftcore', 'half', 1, 'insert into rdsftcore.half values (1)'),"
                " ('rdsftcore', 'half', 2, 'insert into rdsftcore.half values (1/0)')"
            )
        )
        described = self.ended(self.batch("call rdsftorchestration.execute_sql_from_table('rdsftcore', 'half', 'x')"))
        self.assertEqual(described["Status"], "FAILED")
        self.assertEqual(self.values("select count(*) from rdsftcore.half"), [[0]])

    def test_only_whole_words_are_replaced(self):
        self.finished(self.execute("create table rdsftcore.words (prep_load_id varchar(99), p_load_ids varchar(99))"))
        command = "insert into rdsftcore.words (prep_load_id, p_load_ids) values (p_load_id,p_load_id)"
        window = (
            "insert into rdsftcore.words select 'p_etl_from_timestamp', 'xp_etl_to_timestamp p_etl_to_timestamp$ '"
            " || 'p_etl_to_timestamp'"
        )
        self.finished(
            self.execute(
                "insert into rdsftorchestration.job_config_sqls values"
                f" ('rdsftcore', 'words', 1, {literal(command)}), ('rdsftcore', 'wordy', 1, {literal(window)})"
            )
        )
        self.finished(self.execute("call rdsftorchestration.execute_sql_from_table('rdsftcore', 'words', 'é$1')"))
        self.finished(self.execute("call rdsftorchestration.execute_sql_from_table('rdsftcore', 'wordy', '1', '2')"))
        self.assertEqual(
            self.values("select prep_load_id, p_load_ids from rdsftcore.words order by 1"),
            [["1", "xp_etl_to_timestamp p_etl_to_timestamp$ 2"], ["é$1", "é$1"]],
        )

    def test_a_hostile_load_id_stays_a_value(self):
        self.finished(self.execute("create table rdsftcore.told (load varchar(100))"))
        self.finished(
            self.execute(
                "insert into rdsftorchestration.job_config_sqls values"
                " ('rdsftcore', 'told', 1, 'insert into rdsftcore.told values (p_load_id)')"
            )
        )
        self.finished(
            self.execute("call rdsftorchestration.execute_sql_from_table('rdsftcore', 'told', 'x''); drop table t; --')")
        )
        self.assertEqual(self.values("select load from rdsftcore.told"), [["x'); drop table t; --"]])


if __name__ == "__main__":
    unittest.main()
