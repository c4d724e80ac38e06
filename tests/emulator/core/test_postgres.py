"""The private Postgres: it starts, answers, keeps its passwords, stops, and leaves nothing."""

import os
import pathlib
import subprocess
import tempfile
import unittest
import unittest.mock

import psycopg2

from emulator.core.postgres import (
    CONFIG_DATABASE,
    CONFIG_PASSWORD,
    CONFIG_USER,
    Content,
    Postgres,
)

TESTS = pathlib.Path(__file__).resolve().parents[2]
START_AND_WAIT = """\
import pathlib, signal, sys
from emulator.core.postgres import Postgres
with Postgres(pathlib.Path(sys.argv[1])) as postgres:
    print(postgres._home, flush=True)
    signal.pause()
"""


class PostgresLife(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="postgres-test-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def test_environment_leads_to_the_configuration_database(self):
        with Postgres(self.root) as postgres:
            values = postgres.environment()
            connection = psycopg2.connect(
                host=values["PGHOST"],
                port=values["PGPORT"],
                user=values["PGUSER"],
                password=values["PGPASSWORD"],
                dbname=values["PGDATABASE"],
            )
            cursor = connection.cursor()
            cursor.execute("CREATE SCHEMA rdscnfg")
            cursor.execute("SELECT current_user, current_database(), current_setting('fsync')")
            self.assertEqual(cursor.fetchone(), (CONFIG_USER, CONFIG_DATABASE, "off"))
            connection.close()

    def test_tcp_wants_the_password(self):
        with Postgres(self.root) as postgres:
            with self.assertRaisesRegex(
                psycopg2.OperationalError, "password authentication failed"
            ):
                postgres.connect(CONFIG_DATABASE, CONFIG_USER, CONFIG_PASSWORD + "x")
            postgres.connect(CONFIG_DATABASE, CONFIG_USER, CONFIG_PASSWORD).close()

    def test_stop_ends_sessions_and_removes_the_data(self):
        postgres = Postgres(self.root)
        with postgres:
            connection = postgres.connect()
            process, home, sockets = postgres._process, postgres._home, postgres._sockets
        self.assertIsNotNone(process.poll())
        self.assertFalse(home.exists() or sockets.exists())
        with self.assertRaises(psycopg2.DatabaseError):
            connection.cursor().execute("SELECT 1")
        postgres.stop()

    def test_sockets_stand_beside_the_data_unless_the_path_is_long(self):
        self.root.chmod(0o755)
        for name, near in (("a", True), ("a" * 100, False)):
            with self.subTest(name), Postgres(self.root / name) as postgres:
                self.assertEqual(postgres._sockets.parent == postgres._home, near)
                self.assertEqual(postgres._sockets.stat().st_mode & 0o777, 0o700)
                postgres.connect().close()

    def test_two_clusters_live_side_by_side(self):
        with Postgres(self.root / "a") as first, Postgres(self.root / "b") as second:
            self.assertNotEqual(first.port, second.port)

    def test_what_an_earlier_run_left_is_ended_and_replaced(self):
        self.root.chmod(0o755)
        abandoned = Postgres(self.root)
        with abandoned:
            cursor = abandoned.connect().cursor()
            cursor.execute("CREATE TABLE left_over (i int)")
            with Postgres(self.root) as fresh:
                self.assertIsNotNone(abandoned._process.wait(120))
                cursor = fresh.connect().cursor()
                cursor.execute("SELECT to_regclass('left_over')")
                self.assertEqual(cursor.fetchone(), (None,))
            abandoned._process = None

    @unittest.skipUnless(os.geteuid() == 0, "only root starts it as another user")
    def test_the_data_moves_where_user_postgres_can_reach_it(self):
        hidden = self.root / "hidden"
        hidden.mkdir(mode=0o700)
        with Postgres(hidden / "postgres") as postgres:
            self.assertFalse(postgres._home.is_relative_to(self.root))
            postgres.connect().close()

    @unittest.skipUnless(os.geteuid() == 0, "only root starts it as another user")
    def test_what_a_killed_run_left_in_tmp_is_removed(self):
        self.root.chmod(0o700)
        with Postgres(self.root / "alive") as alive:
            killed = subprocess.Popen(
                ["/usr/bin/python3", "-c", START_AND_WAIT, str(self.root / "killed")],
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(TESTS),
                    "TMPDIR": tempfile.gettempdir(),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
            with killed:
                left = pathlib.Path(killed.stdout.readline().strip())
                self.assertTrue(left.name.startswith("local-aws-postgres-"), left)
                self.assertTrue(left.is_dir())
                killed.kill()
            with Postgres(self.root / "next"):
                self.assertFalse(left.exists())
                alive.connect().close()
                self.assertTrue(alive._home.is_dir())

    def test_only_the_first_cluster_of_a_kind_is_made(self):
        made: list[Postgres] = []

        def install(postgres: Postgres) -> None:
            postgres.connect().cursor().execute("CREATE TABLE installed (i int)")
            made.append(postgres)

        source = self.root / "source"
        content = Content((source,), install)
        with unittest.mock.patch("emulator.core.postgres.KEPT", self.root / "kept"):
            for text, expected in (("a", 1), ("a", 1), ("b", 2), ("a", 2)):
                source.write_text(text)
                with Postgres(self.root / "cluster", content) as postgres:
                    self.assertEqual(len(made), expected)
                    cursor = postgres.connect().cursor()
                    cursor.execute("SELECT to_regclass('installed')::text")
                    self.assertEqual(cursor.fetchone(), ("installed",))
                    postgres.connect(CONFIG_DATABASE, CONFIG_USER, CONFIG_PASSWORD).close()

    def test_a_cluster_that_cannot_be_made_says_why(self):
        (self.root / "file").write_text("in the way")
        with self.assertRaises((NotADirectoryError, FileExistsError)):
            Postgres(self.root / "file").start()


if __name__ == "__main__":
    unittest.main()
