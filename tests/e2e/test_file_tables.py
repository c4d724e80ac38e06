"""Runs the C tests of lib/state and lib/config on a private server, with sql/postgres applied."""

import unittest

from e2e import wire_program


class FileTablesTest(wire_program.TablesTest):
    def test_claims(self):
        self.check("test_state_claim")

    def test_races(self):
        self.check("test_state_race")

    def test_known_uploads(self):
        self.check("test_state_known")

    def test_uploads_that_are_gone(self):
        self.check("test_state_gone")

    def test_leases(self):
        self.check("test_state_lease")

    def test_files_and_statements(self):
        self.check("test_state_file")

    def test_outcomes(self):
        self.check("test_state_outcome")

    def test_fences(self):
        self.check("test_state_fence")

    def test_ends(self):
        self.check("test_state_end")

    def test_audit_rows(self):
        self.check("test_state_audit")

    def test_configurations(self):
        self.check("test_file_config")

    def test_landing_prefixes(self):
        self.check("test_landing")

    def test_the_search(self):
        self.check("test_state_search")


if __name__ == "__main__":
    unittest.main()
