"""The database that plays Redshift: `dev` with its user, the functions of functions.sql,
the settings in which Redshift differs, and the system tables."""

import pathlib
import threading

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
import psycopg2.sql

from ..core.postgres import ADMINISTRATOR, Content, Postgres

DATABASE, USER, PASSWORD = "dev", "awsuser", "Awsuser-password-1"
CLUSTER, WORKGROUP = "dw", "dw-serverless"
_FUNCTIONS = pathlib.Path(__file__).with_name("functions.sql")
_SETTINGS = {
    "search_path": '"$user", public, redshift, pg_catalog',
    "standard_conforming_strings": "off",  # a backslash escapes in plain literals
    "escape_string_warning": "off",
    "backslash_quote": "on",
    "default_transaction_isolation": (
        "'repeatable read'"
    ),  # a batch sees one snapshot, taken at its first query
    "plpgsql.variable_conflict": "use_variable",
    "client_min_messages": "warning",
    "datestyle": "'ISO, MDY'",
    "extra_float_digits": "0",
    "timezone": "'UTC'",
}
# So that numbers, dates and times come as Redshift writes them.
_AS_TEXT = psycopg2.extensions.new_type(
    (1700, 1082, 1083, 1114, 1184, 1186, 1266), "AS_TEXT", lambda value, _cursor: value
)


class RedshiftDatabase:
    """`dev` in a running Postgres that was made with CONTENT. The user's password is known to tests and to the secret of the
    local AWS. `region`: where the cluster is."""

    def __init__(self, postgres: Postgres, region: str = "eu-west-1"):
        self._postgres, self.region = postgres, region
        self._lock = threading.Lock()
        self._next_query = 100_000
        self._system = postgres.connect(DATABASE)

    def close(self) -> None:
        self._system.close()

    def connect(
        self, user: str, password: str | None = None, database: str = DATABASE
    ) -> psycopg2.extensions.connection:
        """A session of that user; with a password it is checked, as by Redshift. Autocommit
        mode."""
        connection = self._postgres.connect(database, user, password)
        psycopg2.extensions.register_type(_AS_TEXT, connection)
        return connection

    def ensure_user(self, name: str, member_of: str | None) -> None:
        """The database user of an IAM identity, made at its first use."""
        identifier = psycopg2.sql.Identifier(name)
        with self._lock:
            cursor = self._system.cursor()
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
            if cursor.fetchone():
                return
            cursor.execute(psycopg2.sql.SQL("CREATE ROLE {} LOGIN").format(identifier))
            if member_of:
                cursor.execute(
                    psycopg2.sql.SQL("GRANT {} TO {}").format(
                        psycopg2.sql.Identifier(member_of), identifier
                    )
                )

    def next_query_id(self) -> int:
        with self._lock:
            self._next_query += 1
            return self._next_query

    def record_load(self, files: list[tuple], details: list[tuple], errors: list[tuple]) -> None:
        now = "current_timestamp AT TIME ZONE 'UTC'"
        self._insert(
            (
                f"INSERT INTO redshift.sys_load_detail VALUES (%s, %s, 0, %s, %s, %s, {now}, %s,"
                " %s, %s)"
            ),
            files,
        )
        self._insert(
            (
                "INSERT INTO redshift.sys_load_error_detail VALUES (%s, %s, 0, %s, %s, %s, "
                f"{now}, %s, %s, %s, %s, %s, %s, %s, %s)"
            ),
            details,
        )
        self._insert(
            (
                f"INSERT INTO redshift.stl_load_errors VALUES (%s, 0, %s, {now}, %s, %s, "
                "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0)"
            ),
            errors,
        )

    def record_query(
        self,
        query_id: int,
        kind: str,
        pid: int,
        status: str,
        seconds: float,
        error: str,
        rows: int,
        text: str,
    ) -> None:
        self._insert(
            (
                "INSERT INTO redshift.sys_query_history VALUES (100, %s, %s, 0, %s, 'dev', %s,"
                " current_timestamp AT TIME ZONE 'UTC' - %s * interval '1 second',"
                " current_timestamp AT TIME ZONE 'UTC', %s, %s, %s, %s)"
            ),
            [
                (
                    query_id,
                    kind[:32],
                    pid,
                    status,
                    seconds,
                    int(seconds * 1e6),
                    error[:512],
                    rows,
                    text.replace("\0", "")[:4000],
                )
            ],
        )

    def _insert(self, statement: str, rows: list[tuple]) -> None:
        with self._lock:
            if rows:
                psycopg2.extras.execute_batch(self._system.cursor(), statement, rows)


def _install(postgres: Postgres) -> None:
    postgres.create_role(USER, PASSWORD, "CREATEROLE")
    postgres.create_database(DATABASE, USER)
    connection = postgres.connect(DATABASE)
    try:
        cursor = connection.cursor()
        cursor.execute("CREATE SCHEMA redshift; SET search_path TO redshift, pg_catalog")
        cursor.execute(_FUNCTIONS.read_text())
        cursor.execute(
            "GRANT USAGE ON SCHEMA redshift TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC"
        )
        for name, value in _SETTINGS.items():
            cursor.execute(f"ALTER DATABASE {DATABASE} SET {name} TO {value}")
        cursor.execute(
            f"ALTER ROLE {ADMINISTRATOR} IN DATABASE {DATABASE} SET"
            " default_transaction_isolation TO 'read committed'"
        )
    finally:
        connection.close()


CONTENT = Content((pathlib.Path(__file__), _FUNCTIONS), _install)
