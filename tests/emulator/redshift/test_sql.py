"""The dialect: behaves as Redshift where Postgres would do otherwise."""

import unittest

from emulator.redshift.errors import SqlError
from emulator.redshift.fixture import SessionTest


class Tables(SessionTest):
    def test_keys_are_declared_and_not_enforced(self):
        self.run_sql("create table parent (id int primary key)")
        self.run_sql(
            "create table child (id int, parent int references parent (id), name varchar(9) unique,"
            " primary key (id), foreign key (parent) references parent)"
        )
        self.run_sql("insert into child values (1, 99, 'a'), (1, 99, 'a')")
        self.run_sql("alter table child add constraint again primary key (id, parent)")
        self.run_sql("alter table child drop constraint again")
        self.assertEqual(self.value("select count(*) from child"), 2)
        self.refused(
            "insert into child values (null, 1, 'a')", "Cannot insert a NULL value into column id"
        )

    def test_storage_attributes_are_read_over(self):
        self.run_sql(
            "create table if not exists public.Stored (id bigint identity(10, 5) encode az64"
            " distkey, \"Name\" varchar(20) encode zstd not null default upper('x, y') sortkey, at"
            " timestamp default sysdate) backup no diststyle key compound sortkey (id, name)"
        )
        self.run_sql("insert into stored (name) values (default), ('b')")
        self.assertEqual(
            self.rows('select ID, "NAME" from STORED order by 1'), [(10, "X, Y"), (15, "b")]
        )
        for change in (
            "alter diststyle even",
            "alter column name encode lzo",
            "alter sortkey auto",
            "alter distkey id",
        ):
            self.run_sql("alter table stored " + change)
        self.refused("insert into stored (id, name) values (1, 'x')", "id")
        self.refused("create table t (a int encode nonsense)", 'invalid encoding type "nonsense"')
        self.refused("create table t (a int) diststyle sideways", 'near "sideways"')

    def test_lengths_count_bytes(self):
        self.run_sql("create table bytes (v varchar(4), c char(2), t text, m varchar(max))")
        self.run_sql("insert into bytes values ('éé', 'ab', repeat('x', 256), repeat('y', 65535))")
        self.refused(
            "insert into bytes (v) values ('ééé')", "value too long for type character varying(4)"
        )
        self.refused(
            "insert into bytes (t) values (repeat('é', 129))",
            "value too long for type character varying(256)",
        )
        self.run_sql("create temp table copied (like bytes including defaults)")
        self.refused("insert into copied (v) values ('ééé')", "value too long")
        self.run_sql("alter table bytes alter column v type varchar(6)")
        self.run_sql("insert into bytes (v) values ('ééé')")
        self.run_sql("alter table bytes add column w varchar(3) default 'é'")
        self.refused("insert into bytes (w) values ('éé')", "character varying(3)")

    def test_numbers_without_precision_are_whole(self):
        self.run_sql("create table numbers (n numeric, d decimal(5,2))")
        self.run_sql("insert into numbers values (1.7, 1.005)")
        self.assertEqual(
            self.rows("select n, d, 2.6::numeric, cast(2.6 as decimal) from numbers"),
            [("2", "1.01", "3", "3")],
        )
        self.refused("create table n (a numeric(39))", "precision 39 must be between 1 and 38")

    def test_temporary_tables(self):
        self.run_sql("create table kept (a int, b date default '2020-01-01')")
        self.run_sql("create temp table staged (like kept including defaults)")
        self.run_sql("insert into staged (a) values (1)")
        self.run_sql("create table #hash as select a from staged")
        self.run_sql("insert into #hash select a + 1 from #hash")
        self.assertEqual(self.rows("select a, b from staged"), [(1, "2020-01-01")])
        self.assertEqual(self.value("select count(*) from #hash"), 2)
        self.session = self.new_session()
        self.refused("select * from staged", 'relation "staged" does not exist')

    def test_tables_made_of_queries(self):
        self.run_sql("create table made distkey(a) sortkey(b) as select 1 as a, 2 as b")
        self.run_sql("create or replace view seen as select a from made with no schema binding")
        self.assertEqual(self.rows("select * from seen"), [(1,)])


class Refusals(SessionTest):
    def test_what_redshift_does_not_know(self):
        self.run_sql("create table t (a int, b varchar(9))")
        cases = {
            "insert into t values (1) on conflict do nothing": 'syntax error at or near "on"',
            "insert into t values (1) returning a": 'near "returning"',
            "update t set a = 1 returning a": 'near "returning"',
            "with s as (select 1) insert into t select * from s on conflict do nothing": 'near "on"',
            "with s(a) as (select 1), r as (select 2) delete from t returning a": 'near "returning"',
            "with recursive s as (select 1) update t set a = 1 returning a": 'near "returning"',
            "explain insert into t values (1) on conflict do nothing": 'near "on"',
            "explain verbose delete from t returning a": 'near "returning"',
            "explain with s as (select 1) delete from t returning a": 'near "returning"',
            "explain analyze delete from t": 'near "analyze"',
            "explain (analyze) delete from t": 'near "("',
            "explain": "syntax error at end of input",
            "with s as (select 1)": "syntax error at end of input",
            "insert into t select distinct on (a) a from t": "DISTINCT ON is not supported",
            "create table x (a serial)": 'Column "x.a" has unsupported type "serial".',
            "create table x (a jsonb)": 'Column "x.a" has unsupported type "jsonb".',
            "create table x (a uuid)": 'unsupported type "uuid"',
            "create table x (a int[])": 'unsupported type "int[]"',
            "create table x (a super)": "not in the local AWS",
            "create table x (a int check (a > 0))": 'near "check"',
            "create table x (a int, b int generated always as (a) stored)": 'near "generated"',
            "create table x (a int) partition by range (a)": 'near "partition"',
            "create unlogged table x (a int)": 'SQL command "CREATE UNLOGGED ..." not supported',
            "create index i on t (a)": (
                'SQL command "CREATE INDEX ..." not supported on Redshift tables.'
            ),
            "create unique index i on t (a)": 'SQL command "CREATE INDEX ..." not supported',
            "create sequence s": 'SQL command "CREATE SEQUENCE ..." not supported',
            "create extension pgcrypto": 'SQL command "CREATE EXTENSION ..." not supported',
            "create trigger x before insert on t execute function f()": "CREATE TRIGGER",
            "do $$ begin end $$": 'near "do"',
            "select distinct on (a) a from t": "DISTINCT ON is not supported",
            "select * from t for update": "FOR UPDATE is not supported",
            "select array[1, 2]": 'near "["',
            "select '{}'::jsonb": 'type "jsonb" does not exist',
            "select string_agg(b, ',') from t": "function string_agg does not exist",
            "with gone as (delete from t) select 1": 'near "delete"',
            "savepoint s": "SAVEPOINT",
            "lock t in share mode": 'near "in"',
            "create function f(int) returns int stable as $$ return 1 $$ language plpythonu": (
                "Python UDFs"
            ),
            "create function f() returns int stable as $$ begin return 1; end $$ language plpgsql": (
                "plpgsql"
            ),
            "create function f(int) returns int as $$ select 1 $$ language sql": (
                "VOLATILE, STABLE or IMMUTABLE"
            ),
            "unload ('select 1') to 's3://b/k'": "not in the local AWS",
            "alter table t alter column a set not null": "only TYPE and ENCODE",
            "alter table t append from u": "not in the local AWS",
            "select 1; select 2": "cannot insert multiple commands into a prepared statement",
            "": "syntax error at end of input",
            "-- nothing": "syntax error at end of input",
            "selec 1": 'syntax error at or near "selec"\n  Position: 1',
        }
        for sql, message in cases.items():
            with self.subTest(sql):
                self.refused(sql, "ERROR: ", message)

    def test_words_in_literals_and_columns_are_no_refusals(self):
        self.run_sql("create table fine (returning_date date, note varchar(90))")
        self.run_sql("insert into fine (note) values ('on conflict; returning serial jsonb -- ')")
        self.assertEqual(
            self.value("select note from fine where note like '%; returning%'"),
            "on conflict; returning serial jsonb -- ",
        )
        self.assertEqual(self.rows("with update as (select 1 as conflict) select * from update"), [(1,)])
        self.assertEqual(
            self.rows(
                "with a as (select 1 as one), b(conflict) as (select true)"
                " select one from a join b on conflict"
            ),
            [(1,)],
        )
        for sql in (
            "explain (select 1)",
            "explain verbose with s as (select 1) select * from s",
            "explain insert into fine (note) values ('x')",
            "explain create table gone as select 1 as a",
        ):
            self.assertTrue(self.rows(sql), sql)

    def test_merge(self):
        self.run_sql("create table target (id int, name varchar(9))")
        self.run_sql("create table source (id int, name varchar(9))")
        self.run_sql("insert into target values (1, 'old')")
        self.run_sql("insert into source values (1, 'new'), (2, 'two')")
        on = "merge into target using source s on target.id = s.id "
        both = (
            "when matched then update set name = s.name when not matched then insert values (s.id,"
            " s.name)"
        )
        self.assertEqual(self.run_sql(on + both).count, 2)
        self.assertEqual(self.rows("select * from target order by 1"), [(1, "new"), (2, "two")])
        self.refused(
            on + "when matched then delete", "one WHEN MATCHED and then one WHEN NOT MATCHED"
        )
        self.refused(
            on + both.replace("matched then up", "matched and s.id > 1 then up"), 'near "and"'
        )
        self.refused(on.replace("target using", "target t using") + both, 'near "t"')
        self.run_sql("insert into source values (1, 'again')")
        self.refused(on + both, "Found multiple matches to update the same tuple")


class Expressions(SessionTest):
    def test_values(self):
        cases = {
            "nvl(null, 'a')": "a",
            "nvl2(null, 1, 2)": 2,
            "decode(null, 1, 'one', null, 'none', 'other')": "none",
            "decode(3, 1, 'one', 'other')": "other",
            "decode(3, 1, 'one')": None,
            "dateadd(day, 1, '2020-02-28'::date)": "2020-02-29 00:00:00",
            "dateadd(month, 1, '2020-01-31'::date)": "2020-02-29 00:00:00",
            "datediff(day, '2020-02-28', '2020-03-01')": 2,
            "datediff(month, '2020-01-31', '2020-02-01')": 1,
            "datediff(year, '2019-12-31', '2020-01-01')": 1,
            "datediff(hour, '2020-01-01 00:59', '2020-01-01 02:01')": 2,
            "date_part(dow, '2020-01-05'::date)": 0.0,
            "trunc('2020-01-05 10:11:12'::timestamp)": "2020-01-05",
            "last_day('2020-02-05')": "2020-02-29",
            "date_cmp('2020-01-01', '2020-01-02')": -1,
            "timestamp_cmp('2020-01-01', '2020-01-02')": -1,
            "timestamp_cmp(t, sysdate) from (select '2020-01-01'::timestamp as t) as x": -1,
            "convert(int, '42')": 42,
            "try_cast('x' as int)": None,
            "try_cast('2020-02-30' as date)": None,
            "try_cast('7' as int)": 7,
            "to_date('20200131', 'YYYYMMDD')": "2020-01-31",
            "to_date('20093232', 'YYYYMMDD')": "2011-09-01",
            "to_date('2001-06-31', 'YYYY-MM-DD', false)": "2001-07-01",
            "len('né ')": 3,
            "charindex('b', 'abc')": 2,
            "regexp_replace('a1b2', '[0-9]', '')": "ab",
            "'a\\\\b'": "a\\b",
            "'it\\'s'": "it's",
            "$$a\\b$$": "a\\b",
            "getdate() - getdate()": "00:00:00",
            "sysdate < '2000-01-01'": False,
            "sha2('abc', 256)": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        }
        for expression, value in cases.items():
            with self.subTest(expression):
                self.assertEqual(self.value("select " + expression), value)

    def test_aggregates_and_set_operations(self):
        self.run_sql("create table letters (a varchar(9))")
        self.run_sql("insert into letters values ('b'), ('a'), ('a')")
        self.assertEqual(
            self.value("select listagg(a, '-') within group (order by a desc) from letters"),
            "b-a-a",
        )
        self.assertEqual(self.value("select listagg(distinct a, ',') from letters"), "a,b")
        self.assertEqual(self.rows("select a from letters minus select 'a'"), [("b",)])
        self.assertEqual(self.run_sql("delete letters where a = 'a'").count, 2)

    def test_strict_to_date_and_division(self):
        self.refused("select to_date('20093232', 'YYYYMMDD', true)", "out of range")
        self.refused("select 1/0", "ERROR: division by zero")
        self.run_sql("create table ledger (file varchar(9))")
        guard = "select 1/case when count(*) = 0 then 1 else 0 end from ledger where file = 'f'"
        self.assertEqual(self.value(guard), 1)
        self.run_sql("insert into ledger values ('f')")
        self.refused(guard, "ERROR: Divide by zero")

    def test_parameters_are_values_and_nothing_else(self):
        hostile = "x'); drop table t; --\\"
        self.assertEqual(self.value("select :a || '' /* :a */", a=hostile), hostile)
        self.assertEqual(self.value("select ':a'", a="x"), ":a")
        self.assertEqual(self.value("select :n + 1", n="41"), 42)
        with self.assertRaisesRegex(Exception, 'near "\\$1"'):
            self.run_sql("create table :t (a int)", t="x")

    def test_search_path_keeps_the_functions(self):
        self.run_sql("create schema elsewhere")
        self.run_sql("set search_path to elsewhere, public")
        self.run_sql("create table here (a int)")
        self.assertEqual(self.value("select nvl(null, len('ab'))"), 2)
        self.assertEqual(self.value("select count(*) from elsewhere.here"), 0)
        self.run_sql("set query_group to 'loads'")


class Transactions(SessionTest):
    def test_truncate_commits(self):
        self.run_sql("create table emptied (a int)")
        self.run_sql("create table other (a int)")
        self.session.begin()
        self.run_sql("insert into other values (1)")
        self.run_sql("truncate emptied")
        self.run_sql("insert into other values (2)")
        self.session.rollback()
        self.assertEqual(self.rows("select a from other order by 1"), [(1,), (2,)])

    def test_lock_takes_no_snapshot(self):
        """Who waited for the lock sees what its holder committed."""
        self.run_sql("create table locked (a int)")
        other = self.new_session()
        self.session.begin()
        other.begin()
        other.run("lock locked")
        other.run("insert into locked values (1)")
        other.commit()
        self.run_sql("lock table locked")
        self.assertEqual(self.value("select count(*) from locked"), 1)

    def test_nor_does_what_comes_before_a_lock(self):
        for table in ("first_locked", "then_locked"):
            self.run_sql(f"create table {table} (a int)")
        self.session.begin()
        self.run_sql("set statement_timeout to 0")
        self.run_sql("lock first_locked")
        self.new_session().run("insert into then_locked values (1)")
        self.run_sql("lock then_locked")
        self.assertEqual(self.value("select count(*) from then_locked"), 1)

    def test_a_lost_connection_is_an_error_of_the_statement(self):
        session = self.new_session()
        self.run_sql(f"select pg_terminate_backend({session.pid})")
        with self.assertRaises(SqlError):
            session.begin()

    def test_a_transaction_sees_one_snapshot(self):
        self.run_sql("create table moving (a int)")
        self.session.begin()
        self.assertEqual(self.value("select count(*) from moving"), 0)
        self.new_session().run("insert into moving values (1)")
        self.assertEqual(self.value("select count(*) from moving"), 0)
        self.session.commit()
        self.assertEqual(self.value("select count(*) from moving"), 1)

    def test_the_loser_gets_error_1023(self):
        self.run_sql("create table contended (a int)")
        self.run_sql("insert into contended values (0)")
        self.session.begin()
        self.value("select a from contended")
        self.new_session().run("update contended set a = 1")
        self.refused(
            "update contended set a = 2", "ERROR: 1023", "Serializable isolation violation on table"
        )

    def test_vacuum_and_analyze(self):
        self.run_sql("create table dusty (a int)")
        for sql in (
            "vacuum",
            "vacuum delete only dusty to 75 percent",
            "vacuum full dusty",
            "analyze dusty",
            "analyze compression dusty",
        ):
            self.run_sql(sql)
        self.session.begin()
        self.refused("vacuum dusty", "VACUUM cannot run inside a transaction block")


if __name__ == "__main__":
    unittest.main()
