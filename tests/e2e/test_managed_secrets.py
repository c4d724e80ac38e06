"""Secrets that RDS and Redshift manage hold a username and a password; the rest are settings."""

import json
import unittest

from e2e.journey import SilentTest, lines, s3_record
from emulator.core.postgres import CONFIG_USER
from emulator.redshift.database import CLUSTER, DATABASE, USER, WORKGROUP

ROWS = lines(3)


class ManagedSecrets(SilentTest):
    options = {"managed_secrets": True}
    place = {"ClusterIdentifier": CLUSTER, "DbUser": USER, "Database": DATABASE}

    def test_a_file_is_loaded(self):
        settings = self.system.deployment.settings()
        for name, user in (("secret_postgres", CONFIG_USER), ("secret_redshift", USER)):
            secret = json.loads(self.system.local.secrets.value(settings[name]))
            self.assertEqual((set(secret), secret["username"]), ({"username", "password"}, user))
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "")
        self.system.settle()
        self.assert_done(key, interface, 3, ROWS)
        statement = self.system.statements()[-1]
        self.assertEqual({name: statement.get(name) for name in self.place}, self.place)


class ManagedSecretsOnServerless(ManagedSecrets):
    options = {"managed_secrets": True, "serverless": True}
    place = {"ClusterIdentifier": None, "WorkgroupName": WORKGROUP, "Database": DATABASE}


if __name__ == "__main__":
    unittest.main()
