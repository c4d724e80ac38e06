"""Procedures and functions of the local Redshift."""

import pathlib
import unittest
from emulator.redshift.fixture import SessionTest
from emulator.redshift.tokens import join, split_statements, tokenize

SQL = pathlib.Path(__file__).resolve().parents[3] / "sql/redshift"


class Procedures(SessionTest):
    def test_bodies_speak_the_dialect(self):
        self.run_sql("create table results (a int, b varchar(99))")
        self.run_sql(
            """create or replace procedure fill(p_count in int, p_text varchar(max)) nonatomic as $$
            declare
                total int := 0;
                v_text varchar(max);
            begin
                v_text := nvl(p_text, 'none');
                create temp table scratch (a int encode raw distkey) diststyle key;
                for i in 1..p_count loop
                    insert into scratch values (datediff(day, '2020-01-01', dateadd(day, i,
                    '2020-01-01'))); end loop; if p_count > 5 then raise exception 'too many: %',
                    p_count; end if; insert into results select case when a > 1 then a else 0 end,
                    v_text from scratch; drop table scratch; end; $$ language plpgsql"""
        )
        self.run_sql("call fill(2, null)")
        self.assertEqual(self.rows("select * from results order by 1"), [(0, "none"), (2, "none")])
        self.refused("call fill(6, 'x')", "ERROR: too many: 6")

    def test_truncate_inside_commits_only_at_top_level(self):
        self.run_sql("create table cleared (a int)")
        self.run_sql("insert into cleared values (1)")
        self.run_sql(
            "create procedure clear_it() language plpgsql as $$ begin truncate table cleared;"
            " end; $$"
        )
        self.run_sql("call clear_it()")
        self.assertEqual(self.value("select count(*) from cleared"), 0)
        self.session.begin()
        self.refused("call clear_it()", "procedure that is executing in an atomic context")

    def perform(self, body: str) -> str:
        """A call of a procedure with this body."""
        self.run_sql(
            "create or replace procedure performed() language plpgsql as $$ declare"
            " one record; two record; first cursor for select 1; second refcursor;"
            f" begin {body} end; $$"
        )
        return "call performed()"

    def test_a_session_has_one_cursor(self):
        self.run_sql(
            "create or replace procedure loops() language plpgsql as $$ declare one record;"
            " begin for one in select 1 loop null; end loop; end; $$"
        )
        loop = "for one in select 1 loop {} end loop;".format
        refused = (
            loop("for two in select 2 loop null; end loop;"),
            loop("<<inside>> for two in execute 'select 2' loop null; end loop inside;"),
            loop("call loops();"),
            loop("execute 'call loops()';"),
            loop("if true then open second for select 2; end if;"),
            "<<outside>> " + loop("for n in 1..2 loop call loops(); end loop;"),
            "open first; open second for select 2;",
            "open first; call loops();",
        )
        for body in refused:
            with self.subTest(body):
                error = self.refused(self.perform(body), "opening multiple cursors from within")
                self.assertEqual(error.sqlstate, "24000")
        allowed = (
            loop("null;") + loop("exit;") + "call loops();" + loop("return;"),
            loop("for n in reverse 2..1 loop null; end loop;"),
            "for n in 1..2 loop call loops(); end loop;",
            "open first; close first; call loops(); open second for select 2;",
        )
        for body in allowed:
            with self.subTest(body):
                self.run_sql(self.perform(body))

    def test_a_cursor_is_open_until_the_transaction_ends(self):
        call = self.perform("for one in select 1 loop null; end loop;")
        self.session.begin()
        self.run_sql("declare mine cursor for select 1 as n")
        self.assertEqual(self.rows("fetch all from mine"), [(1,)])
        self.refused(call, "opening multiple cursors")
        self.session.rollback()
        self.session.begin()
        self.run_sql("declare mine cursor for select 1")
        self.refused("declare other cursor for select 2", "opening multiple cursors")
        self.session.rollback()
        self.run_sql(call)

    def test_functions_in_sql(self):
        self.run_sql(
            "create or replace function twice(int) returns int immutable as $$ select nvl($1, 0) *"
            " 2 $$ language sql"
        )
        self.assertEqual(self.rows("select twice(4), twice(null)"), [(8, 0)])

    def test_the_project_s_own_sql_runs(self):
        """Everything of sql/redshift, twice: it says that it may be run again."""
        for _ in range(2):
            for file in sorted(SQL.glob("*.sql")):
                for statement in split_statements(tokenize(file.read_text())):
                    with self.subTest(file.name):
                        self.run_sql(join(statement))


if __name__ == "__main__":
    unittest.main()
