"""Runs the C tests of lib/services, lib/job, lib/statement, lib/pipelines and lib/advance on a
private server, with sql/postgres applied. AWS is a script inside each program (tests/wire/job_fixture.h).
"""

import unittest

from e2e import wire_program


class JobProgramsTest(wire_program.TablesTest):
    def test_logins(self):
        self.check("test_services_login")

    def test_jobs(self):
        self.check("test_job")

    def test_receiving(self):
        self.check("test_job_receive")

    def test_leases(self):
        self.check("test_job_lease")

    def test_archiving(self):
        self.check("test_job_archive")

    def test_cleaning_and_notifications(self):
        self.check("test_job_clean")

    def test_submissions(self):
        self.check("test_statement_submit")

    def test_ends_of_statements(self):
        self.check("test_statement_follow")

    def test_hints(self):
        self.check("test_statement_hint")

    def test_first_steps_of_a_load(self):
        self.check("test_load_begin")

    def test_loads_of_the_python_framework(self):
        self.check("test_load_adopt")

    def test_advancing(self):
        self.check("test_advance")

    def test_failures(self):
        self.check("test_advance_failures")


if __name__ == "__main__":
    unittest.main()
