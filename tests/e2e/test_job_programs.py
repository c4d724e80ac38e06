"""Runs the C tests of lib/job, lib/statement, lib/pipelines and lib/advance on a private server, with sql/postgres
applied. AWS is a script inside each program (tests/wire/job_fixture.h).
"""

import os
import pathlib
import tempfile
import unittest

from e2e import wire_program
from emulator import deployment_sql
from emulator.postgres import Postgres

MIGRATIONS = sorted((wire_program.ROOT / "sql/postgres").glob("[0-9]*.sql"))


class JobProgramsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="job-programs-", dir="/tmp")
        cls.addClassCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        cls.postgres = Postgres(pathlib.Path(folder.name) / "postgres")
        cls.addClassCleanup(cls.postgres.stop)
        cls.postgres.start()
        deployment_sql.run_on_postgres(cls.postgres, MIGRATIONS)

    def test_jobs(self):
        wire_program.check(self, "test_job", self.postgres)

    def test_receiving(self):
        wire_program.check(self, "test_job_receive", self.postgres)

    def test_leases(self):
        wire_program.check(self, "test_job_lease", self.postgres)

    def test_archiving(self):
        wire_program.check(self, "test_job_archive", self.postgres)

    def test_cleaning_and_notifications(self):
        wire_program.check(self, "test_job_clean", self.postgres)

    def test_submissions(self):
        wire_program.check(self, "test_statement_submit", self.postgres)

    def test_ends_of_statements(self):
        wire_program.check(self, "test_statement_follow", self.postgres)

    def test_hints(self):
        wire_program.check(self, "test_statement_hint", self.postgres)

    def test_first_steps_of_a_load(self):
        wire_program.check(self, "test_load_begin", self.postgres)

    def test_loads_of_the_python_framework(self):
        wire_program.check(self, "test_load_adopt", self.postgres)

    def test_advancing(self):
        wire_program.check(self, "test_advance", self.postgres)

    def test_failures(self):
        wire_program.check(self, "test_advance_failures", self.postgres)


if __name__ == "__main__":
    unittest.main()
