"""Runs the C tests of lib/state and lib/config on a private server, with sql/postgres applied."""

import os
import pathlib
import tempfile
import unittest

from e2e import wire_program
from emulator import deployment_sql
from emulator.postgres import Postgres

MIGRATIONS = sorted((wire_program.ROOT / "sql/postgres").glob("[0-9]*.sql"))


class FileTablesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="file-tables-", dir="/tmp")
        cls.addClassCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        cls.postgres = Postgres(pathlib.Path(folder.name) / "postgres")
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.start()
        deployment_sql.run_on_postgres(cls.postgres, MIGRATIONS)

    def test_claims(self):
        wire_program.check(self, "test_state_claim", self.postgres)

    def test_known_uploads(self):
        wire_program.check(self, "test_state_known", self.postgres)

    def test_leases(self):
        wire_program.check(self, "test_state_lease", self.postgres)

    def test_files_and_statements(self):
        wire_program.check(self, "test_state_file", self.postgres)

    def test_fences(self):
        wire_program.check(self, "test_state_fence", self.postgres)

    def test_ends(self):
        wire_program.check(self, "test_state_end", self.postgres)

    def test_configurations(self):
        wire_program.check(self, "test_file_config", self.postgres)


if __name__ == "__main__":
    unittest.main()
