"""No secret leaves the functions: not in good times, and not when everything fails.

Passwords change while files arrive; secrets are missing, malformed or wrong; and in the end all that
the functions ever wrote is searched for every password, key and token there was.
"""

import contextlib
import json
import unittest

import psycopg2.sql

from e2e.journey import SilentTest, lines
from e2e.made_events import s3_record
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING
from emulator.deployment import BUCKET
from emulator.core.postgres import CONFIG_PASSWORD, CONFIG_USER
from emulator.redshift.database import PASSWORD

ROWS = lines(3)
NEXT_PASSWORD = 'n3xt "pass" w\\ord\' of 2026\t%s é'
WRONG_PASSWORD = "wr0ng-but-still-secret"
MALFORMED = '{"username": "config_user", "password": "leaked-by-a-parser-7f3a", "host": '
BAD_PORT = "secret-in-a-bad-place-99"
POSTGRES, REDSHIFT = "external-files/postgres", "external-files/redshift"


class Secrets(SilentTest):
    options = {"log_level": "TRACE"}

    def setUp(self):
        super().setUp()
        self._texts = type(self).__dict__.get("texts")
        if self._texts is None:
            self._texts = type(self).texts = []

    # --- orders ---

    def secret(self, name: str) -> dict:
        return json.loads(self.system.local.secrets.value(name))

    def put_secret(self, name: str, value: str | dict) -> None:
        self.system.local.secrets.create(
            name, value if isinstance(value, str) else json.dumps(value)
        )

    @contextlib.contextmanager
    def changed_secret(self, name: str, value: str | dict):
        """For the block, and warm functions have not read it yet."""
        before = self.secret(name)
        self.forget()
        self.put_secret(name, value)
        try:
            yield
        finally:
            self.put_secret(name, before)
            self.forget()

    def forget(self) -> None:
        """Functions start anew: sessions, secrets and all are gone."""
        self.system.settle()
        for function in (FILE_PROCESS, FILE_PROCESS_LOGGING):
            self.system.local.lambda_.function(function).kill()
        self.system.tap.cut_all()

    def set_password(self, password: str) -> None:
        administrator = self.system.local.postgres.connect()
        with contextlib.closing(administrator):
            administrator.cursor().execute(
                psycopg2.sql.SQL("alter role {} password {}").format(
                    psycopg2.sql.Identifier(CONFIG_USER), psycopg2.sql.Literal(password)
                )
            )

    def run_file(self) -> tuple:
        """(interface, key, result of file-process)."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        result = self.deliver(s3_record(key, ROWS))
        self._texts.append(result.payload.decode())
        self.system.settle()
        return interface, key, result

    def assert_loads(self) -> None:
        interface, key, result = self.run_file()
        self.assertEqual(result.function_error, "")
        self.assert_done(key, interface, 3, ROWS)

    def assert_fails_and_recovers(self, repair, message: str) -> None:
        """The file waits, and is loaded when its event comes again after the repair."""
        interface, key, result = self.run_file()
        self.assertEqual(result.function_error, "Unhandled")
        self.assertRegex(result.json()["errorMessage"], message)
        repair()
        self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "")
        self.system.settle()
        self.assert_done(key, interface, 3, ROWS)

    # --- the password of Postgres ---

    def test_rotation(self):
        """The kept secret is old and the session is gone: it is read again, once, and all is well."""
        self.assert_loads()
        login = self.secret(POSTGRES)
        for password in (NEXT_PASSWORD, CONFIG_PASSWORD):
            with self.subTest(password):
                self.set_password(password)
                self.put_secret(POSTGRES, {**login, "password": password})
                self.system.tap.cut_all()
                self.system.clear_counts()
                self.assert_loads()
                asked = self.system.requests(FILE_PROCESS)
                self.assertEqual(asked.count("secretsmanager.GetSecretValue"), 1)

    def test_wrong_password(self):
        """Read twice, no more; a login must not be locked by our trying."""
        login = self.secret(POSTGRES)
        with self.changed_secret(POSTGRES, {**login, "password": WRONG_PASSWORD}):
            self.system.clear_counts()
            self.assert_fails_and_recovers(
                lambda: self.put_secret(POSTGRES, login), "password authentication failed"
            )
            self.assertEqual(self.system.tap.logins(FILE_PROCESS), 1)

    def test_secrets_that_are_none(self):
        """A warm function takes the repaired one at once."""
        login = self.secret(POSTGRES)
        for value, message in (
            (MALFORMED, "secret .*external-files/postgres"),
            ("[1]", "is not a JSON object"),
            ({**login, "port": BAD_PORT}, "has a port that is no number .* set postgres_port"),
            ({**login, "host": ""}, "secret_postgres: secret .* has no host: set postgres_host"),
            ({"password": CONFIG_PASSWORD}, "secret_postgres: secret .* has no username"),
            ({**login, "password": ""}, "secret_postgres: secret .* has no password"),
            ({**login, "password": 1234567}, "secret_postgres: secret .* has no password"),
        ):
            with self.subTest(str(value)[-20:]), self.changed_secret(POSTGRES, value):
                self.assert_fails_and_recovers(lambda: self.put_secret(POSTGRES, login), message)

    def test_secrets_manager_fails(self):
        for code, status in (
            ("AccessDeniedException", 400),
            ("ResourceNotFoundException", 400),
            ("DecryptionFailure", 400),
        ):
            with self.subTest(code):
                self.forget()
                self.system.local.faults.add(
                    "secretsmanager", "GetSecretValue", "error", code=code, status=status
                )
                self.assert_fails_and_recovers(lambda: None, code)

    def test_too_many_connections(self):
        self.forget()
        self.system.tap.refuse = "53300"

        def repair() -> None:
            self.system.tap.refuse = ""

        try:
            self.assert_fails_and_recovers(repair, "refused on purpose")
        finally:
            repair()

    # --- Redshift's ---

    def test_redshift_secret_that_is_none(self):
        login = self.secret(REDSHIFT)
        for value in (
            MALFORMED,
            {**login, "dbClusterIdentifier": ""},
            {**login, "database": "", "dbname": ""},
        ):
            with self.subTest(str(value)[:20]), self.changed_secret(REDSHIFT, value):
                interface, key, result = self.run_file()
                row = self.system.file(key)
                self.assertEqual(row["state"], "FAILED", row["reason"])
                self.assertEqual(self.system.rows(interface.table), [])
                self.put_secret(REDSHIFT, login)
                self.assert_loads()

    def run_file_elsewhere(self) -> tuple:
        """(interface, key): the secret names a cluster that is not there, or is paused."""
        interface, key, result = self.run_file()
        self.assertEqual(result.function_error, "Unhandled")
        self.assertEqual(self.system.file(key)["state"], "PREPARED")
        self.assertEqual(self.system.rows(interface.table), [])
        return interface, key

    def test_redshift_secret_that_names_no_cluster(self):
        """The file waits, and goes where the secret says by then."""
        login = self.secret(REDSHIFT)
        with self.changed_secret(REDSHIFT, {**login, "dbClusterIdentifier": "other"}):
            interface, key = self.run_file_elsewhere()
        self.resume(key)
        self.assertEqual(self.assert_done(key, interface, 3, ROWS)["load_no"], 2)

    def test_redshift_secret_that_names_no_cluster_for_hours(self):
        login = self.secret(REDSHIFT)
        with self.changed_secret(REDSHIFT, {**login, "dbClusterIdentifier": "other"}):
            interface, key = self.run_file_elsewhere()
            self.system.let_time_pass(6 * 3600)
            self.system.sweep()
        reason = r"^tried for 6 hours \(retry_hours\): .*endpoint doesn't exist"
        self.assert_refused(key, interface, reason, "FAILED", data=ROWS)

    # --- the words of others ---

    def test_an_error_that_quotes_one(self):
        """What a service answers becomes a reason, which people and tables get."""
        self.assert_loads()
        self.system.local.faults.add(
            "s3",
            "CopyObject",
            "error",
            code="AccessDenied",
            status=403,
            message=f"not with {CONFIG_PASSWORD}",
        )
        interface, key, _ = self.run_file()
        self.assert_refused(key, interface, r"AccessDenied: not with \[redacted\]", "FAILED")

    # --- the search ---

    def secrets(self) -> dict[str, str]:
        """Everything that must be nowhere, by what it is."""
        found = {
            "password of Postgres": CONFIG_PASSWORD,
            "next password of Postgres": NEXT_PASSWORD,
            "password of Redshift": PASSWORD,
            "wrong password": WRONG_PASSWORD,
            "password in a malformed secret": "leaked-by-a-parser-7f3a",
            "value of a bad port": BAD_PORT,
            "a signature": "Signature=",
        }
        for principal in self.system.local.credentials.all():
            found[f"secret key of {principal}"] = principal.secret_key
            found[f"token of {principal}"] = principal.token
        return {name: text for name, text in found.items() if text}

    def written(self) -> dict[str, str]:
        """Everything that the functions ever wrote, by where."""
        tables = ("ext_file", "ext_file_history", "ext_file_audit")
        return {
            **{name: self.system.log_text(name) for name in (FILE_PROCESS, FILE_PROCESS_LOGGING)},
            **{
                name: json.dumps(
                    self.system.config_rows(f"select * from rdscnfg.{name}"), default=str
                )
                for name in tables
            },
            "answers": "\n".join(self._texts),
            "events given up": json.dumps(self.system.local.lambda_.failures),
            "notices": json.dumps(self.system.local.sns.messages, default=str),
            "statements": json.dumps(self.system.statements(), default=str),
            "requests": "\n".join(call.target for call in self.system.local.server.calls),
            "ledgers": json.dumps(
                [self.system.ledger(f"rdsftetl.t{9001 + number}") for number in range(3)],
                default=str,
            ),
            "objects": "\n".join(
                self.system.get(key).decode(errors="replace") for key in self.system.keys()
            ),
        }

    def forms(self, secret: str) -> set[str]:
        """As it is, in JSON, and in JSON within JSON."""
        once = json.dumps(secret)[1:-1]
        return {secret, once, json.dumps(once)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}

    def test_zz_nothing_was_told(self):
        """Runs last, over what the other tests left behind."""
        written = self.written()
        self.assertGreater(len(written[FILE_PROCESS]), 10_000)
        self.assertIn("password authentication failed", written[FILE_PROCESS])
        for name, secret in self.secrets().items():
            for place, text in written.items():
                for form in self.forms(secret):
                    self.assertFalse(form in text, f"{name} stands in: {place}")

    def test_private_objects_hold_none(self):
        """What lies in the bucket only while a file is under way."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        with self.paused():
            self.deliver(s3_record(key, ROWS))
            self.system.wait_state(key, "SUBMITTED")
            for name in self.system.private_objects():
                with self.system.local.s3.open_object(BUCKET, name) as file:
                    self._texts.append(file.read().decode())
        self.assertGreaterEqual(len(self._texts), 2)
        self.system.settle()


if __name__ == "__main__":
    unittest.main()
