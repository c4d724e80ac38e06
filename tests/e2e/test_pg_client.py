"""Runs the C tests of the Postgres client (tests/wire/test_pg.c, test_pg_transactions.c) against a private server with TLS."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import psycopg2.sql

from e2e import wire_program
from emulator.core.postgres import ADMINISTRATOR, Postgres


def openssl(folder: pathlib.Path, *arguments: str) -> None:
    subprocess.run(["/usr/bin/openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def make_certificates(folder: pathlib.Path) -> None:
    """roots.pem signed server.pem, for the name localhost and not for its address; other.pem signed nothing."""
    for name in ("roots", "other"):
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server",
            "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "roots.pem", "-CAkey", "roots.key", "-days", "2",
            "-set_serial", "1", "-extfile", "names", "-out", "server.pem")


def socket_folder(postgres: Postgres) -> str:
    connection = postgres.connect()
    try:
        cursor = connection.cursor()
        cursor.execute("SHOW unix_socket_directories")
        return cursor.fetchone()[0]
    finally:
        connection.close()


def switch_on_tls(postgres: Postgres, folder: pathlib.Path) -> None:
    """The server reads the files itself, so they must be its user's."""
    for name in ("server.key", "server.pem"):
        if os.geteuid() == 0:
            shutil.chown(folder / name, ADMINISTRATOR)
        (folder / name).chmod(0o600)
    connection = postgres.connect()
    try:
        cursor = connection.cursor()
        for setting, value in (("ssl_cert_file", str(folder / "server.pem")),
                               ("ssl_key_file", str(folder / "server.key")), ("ssl", "on")):
            cursor.execute(psycopg2.sql.SQL("ALTER SYSTEM SET {} = {}").format(
                psycopg2.sql.Identifier(setting), psycopg2.sql.Literal(value)))
        cursor.execute("SELECT pg_reload_conf()")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            cursor.execute("SHOW ssl")
            if cursor.fetchone() == ("on",):
                return
            time.sleep(0.02)
        raise AssertionError(f"the server does not switch TLS on:\n{postgres.log()[-2000:]}")
    finally:
        connection.close()


class PgClientTest(unittest.TestCase):
    def test_against_a_real_server(self):
        with tempfile.TemporaryDirectory(prefix="pg-client-") as name:
            folder = pathlib.Path(name)
            folder.chmod(0o755)
            make_certificates(folder)
            with Postgres(folder / "postgres") as postgres:
                switch_on_tls(postgres, folder)
                for program in ("test_pg", "test_pg_transactions"):
                    wire_program.check(self, program, postgres, PG_TEST_ROOTS=str(folder / "roots.pem"),
                                       PG_TEST_OTHER_ROOTS=str(folder / "other.pem"),
                                       PG_TEST_SOCKETS=socket_folder(postgres))


if __name__ == "__main__":
    unittest.main()
