"""In psql, with the rights of README.md: a DBA can run every statement of lib/state/sql, as fragments.psql says, and
every query of README.md."""

import os
import pathlib
import re
import subprocess
import tempfile
import threading
import unittest

from emulator import deployment_sql
from emulator.core.postgres import CONFIG_DATABASE, CONFIG_PASSWORD, CONFIG_USER, Postgres

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "lib/state/sql"
MIGRATIONS = sorted((ROOT / "sql/postgres").glob("[0-9]*.sql"))
FRAGMENTS = set(re.findall(r"^\\set (\w+) `cat \1\.sql`$", (FOLDER / "fragments.psql").read_text(), re.MULTILINE))
STATEMENTS = {path.stem for path in FOLDER.glob("*.sql")} - FRAGMENTS

# A submitted load, whose fence holds with the values below, and one that nobody holds.
ROWS = """
insert into rdscnfg.ext_interface (ext_interface_cid, interface_name) values (527, 'TEST');
insert into rdscnfg.ext_file (
    file_id, bucket, key, etag, size_bytes, last_modified, sequencer, received_at, state, state_at, lease_owner,
    lease_until, claim_no, statement_kind, statement_no, archived_key, source_deleted_at)
values (
    '00000000-0000-4000-8000-000000000001', 'landing', 'in/A.txt', 'e1', 1, '2026-01-01Z', '0A', '2026-01-01Z',
    'SUBMITTED', '2026-01-01Z', 'owner', '2026-01-01Z', 1, 'load', 1, 'archive/A.txt', '2026-01-02Z');
insert into rdscnfg.ext_file (
    file_id, bucket, key, etag, size_bytes, last_modified, received_at, state, state_at, statement_kind, statement_no)
values (
    '00000000-0000-4000-8000-000000000002', 'landing', 'in/B.txt', 'e2', 1, '2026-01-01Z', '2026-01-01Z',
    'SUBMITTED', '2999-01-01Z', 'load', 1);
insert into rdscnfg.ext_statement (work_id, kind, number, name, target, sql, numbered_at, statement_id) values
    ('00000000-0000-4000-8000-000000000001', 'load', 1, 'name', '{}', '[]', '2026-01-01Z', 's1');
insert into rdscnfg.ext_landing (bucket, prefix, search_after, search_began_at) values
    ('landing', 'in/', 'in/S.txt', '2026-01-01Z');
"""
VALUES = {
    "file_id": "00000000-0000-4000-8000-000000000001",
    "work_id": "00000000-0000-4000-8000-000000000001",
    "new_file_id": "00000000-0000-4000-8000-000000000002",
    "states": "{SUBMITTED,PREPARED}",
    "claim_no": "1",
    "current_kind": "load",
    "current_number": "1",
    "now_ms": "1795206473104",
    "until_ms": "1795206533104",
    "next_attempt_ms": "1795206533104",
    "waiting_reason": "it's slow",
    "time_ms": "1795206473104",
    "event_ms": "1767225600000",
    "started_ms": "-1",
    "ended_ms": "1795206473104",
    "state": "FAILED",
    "reason": "it's broken",
    "note": "it's a note",
    "kind": "load",
    "number": "2",
    "name": "name 2",
    "target": "{}",
    "sql": "[\"it's sql\"]",
    "is_prepared": "t",
    "private_key": "private",
    "promised_records": "-1",
    "file_records": "1",
    "loadable_records": "1",
    "target_schema": "s",
    "target_table": "t",
    "statement_id": "s1",
    "outcome": "NOTHING",
    "rows": "-1",
    "is_end": "t",
    "is_silent": "f",
    "is_audited": "t",
    "audit_interface": "527",
    "audit_schema": "s",
    "audit_table": "t",
    "audit_status": "FAILED",
    "merge_query": "",
    "update_query": "",
    "error_msg": "it's broken",
    "escape_char": "",
    "audit_start_ms": "1795206473104",
    "audit_end_ms": "1795206473104",
    "timezone": "Europe/Berlin",
    "duty": "audited",
    "archived_key": "archive/it's.txt",
    "limit": "10",
    "bucket": "landing",
    "key": "in/A.txt",
    "version_id": "",
    "etag": "e1",
    "size_bytes": "1",
    "last_modified_ms": "1767225600000",
    "sequencer": "0A",
    "config_sid": "",
    "interface_id": "527",
    "owner": "owner",
    "scope": "order",
    "adopted_schema": "",
    "adopted_table": "",
    "adopted_statement_id": "",
    "source_key": "",
    "objects": '[{"key": "in/new.txt", "etag": "it\'s", "modified_ms": 1767225600000}]',
    "prefix": "in/",
    "from_after": "in/S.txt",
    "from_began_ms": "1767225600000",
    "after": "in/it's.txt",
    "began_ms": "1767225600000",
    "is_ended": "f",
}
SPECIAL = {
    "find_deleted_twin": {"sequencer": "0B"},
    "postpone_file": {"file_id": "00000000-0000-4000-8000-000000000002"},
}
# What README.md says that the user of secret_postgres needs.
LIMITED_USER, LIMITED_PASSWORD = "limited_user", "limited-password"
RIGHTS = f"""
grant usage on schema rdscnfg to {LIMITED_USER};
grant select on rdscnfg.ext_interface, rdscnfg.ext_landing to {LIMITED_USER};
grant update (search_after, search_began_at, search_ended_at) on rdscnfg.ext_landing to {LIMITED_USER};
grant insert on rdscnfg.ext_file_audit to {LIMITED_USER};
grant select, insert, update on rdscnfg.ext_file, rdscnfg.ext_statement to {LIMITED_USER};
grant select, insert on rdscnfg.ext_file_history to {LIMITED_USER};
grant select on rdscnfg.ext_due, rdscnfg.ext_file_status, rdscnfg.ext_file_open, rdscnfg.ext_file_journey to {LIMITED_USER};
"""
ONE_ROW = re.compile(r"^\(1 row\)$|^UPDATE 1$", re.MULTILINE)


def setUpModule():
    """The server ends with the thread that started it, so that thread stays until the end."""
    global postgres
    folder = tempfile.TemporaryDirectory(prefix="state-sql-", ignore_cleanup_errors=True)
    os.chmod(folder.name, 0o755)
    unittest.addModuleCleanup(folder.cleanup)
    postgres = Postgres(pathlib.Path(folder.name))
    unittest.addModuleCleanup(postgres.stop)
    assert threading.current_thread() is threading.main_thread()
    postgres.start()
    deployment_sql.run_on_postgres(postgres, MIGRATIONS)
    postgres.create_role(LIMITED_USER, LIMITED_PASSWORD)
    connection = postgres.connect(CONFIG_DATABASE, CONFIG_USER, CONFIG_PASSWORD)
    connection.cursor().execute(ROWS + RIGHTS)
    connection.close()


def run_psql(script: str) -> subprocess.CompletedProcess:
    """By hand, as the limited user."""
    login = {"PGUSER": LIMITED_USER, "PGPASSWORD": LIMITED_PASSWORD}
    return subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"], cwd=FOLDER,
        env={**os.environ, **postgres.environment(), **login}, input=script,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)


def run_statement(name: str, values: dict[str, str]) -> subprocess.CompletedProcess:
    """In a transaction that is rolled back."""
    settings = "".join("\\set {} '{}'\n".format(key, value.replace("'", "''")) for key, value in values.items())
    return run_psql(f"\\i fragments.psql\n{settings}\\set QUIET off\nbegin;\n\\i {name}.sql\nrollback;\n")


class StateSql(unittest.TestCase):
    def check(self, name: str, **changes: str) -> None:
        result = run_statement(name, {**VALUES, **SPECIAL.get(name, {}), **changes})
        self.assertEqual(result.returncode, 0, f"{name}\n{result.stdout}")
        self.assertRegex(result.stdout, ONE_ROW, name)

    def test_every_statement_runs_in_psql(self):
        self.assertGreater(len(STATEMENTS), 15)
        for name in sorted(STATEMENTS):
            with self.subTest(name):
                self.check(name)

    def test_each_scope_of_a_claim_runs_in_psql(self):
        for scope in ("event", "order", "adoption"):
            for name in ("claim_file", "claim_known_file"):
                with self.subTest(f"{name} {scope}"):
                    self.check(name, scope=scope, adopted_statement_id="s2")

    def test_files_and_lists_agree(self):
        header = (ROOT / "lib/state/state_sql.h").read_text()
        statements, fragments = re.findall(r"#define STATE_SQL_\w+S\(X\)((?:.*\\\n)*.*\n)", header)
        self.assertEqual(set(re.findall(r"X\((\w+)\)", statements)), STATEMENTS)
        self.assertEqual(set(re.findall(r"X\((\w+)\)", fragments)), FRAGMENTS)


class ReadmeQueries(unittest.TestCase):
    QUERIES = re.findall(r"^```sql\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)

    def test_every_query_runs_in_psql(self):
        self.assertGreater(len(self.QUERIES), 5)
        for query in self.QUERIES:
            with self.subTest(query):
                result = run_psql(query)
                self.assertEqual(result.returncode, 0, result.stdout)
                self.assertRegex(result.stdout, r"\(\d+ rows?\)")

    def test_the_file_is_busy_and_due(self):
        """The submitted load of ROWS has a lease that ended."""
        found = ["in/A.txt" in run_psql(query).stdout for query in self.QUERIES]
        self.assertEqual(found, [True, True, True, False, False, False, False])


if __name__ == "__main__":
    unittest.main()
