"""The project's SQL files on the local AWS's databases, as a user's SQL client would run them."""

import pathlib

import psycopg2

from .core.postgres import CONFIG_DATABASE, CONFIG_PASSWORD, CONFIG_USER, Postgres
from .redshift.copy_files import Objects
from .redshift.database import USER, RedshiftDatabase
from .redshift.errors import SqlError
from .redshift.session import Session
from .redshift.tokens import join, split_statements, tokenize


class SqlFileError(Exception):
    """A file that the database refuses; the text names both."""


def run_on_postgres(postgres: Postgres, files: list[pathlib.Path]) -> None:
    """Each file as one script, by the user that owns the configuration database."""
    connection = postgres.connect(CONFIG_DATABASE, CONFIG_USER, CONFIG_PASSWORD)
    try:
        for file in files:
            connection.cursor().execute(file.read_text())
    except psycopg2.Error as error:
        raise SqlFileError(f"{file}: {str(error).strip()}") from None
    finally:
        connection.close()


def search_on_postgres(postgres: Postgres, bucket: str, prefix: str) -> None:
    """Adds a landing prefix, once, for the schedule to search."""
    connection = postgres.connect(CONFIG_DATABASE, CONFIG_USER, CONFIG_PASSWORD)
    try:
        connection.cursor().execute(
            "insert into rdscnfg.ext_landing (bucket, prefix) values (%s, %s)"
            " on conflict do nothing",
            (bucket, prefix),
        )
    finally:
        connection.close()


def run_on_redshift(
    database: RedshiftDatabase, objects: Objects, files: list[pathlib.Path]
) -> None:
    """Statement by statement, each in a transaction of its own."""
    session = Session(database.connect(USER), objects, database)
    try:
        for file in files:
            run_script(session, file.read_text())
    except SqlError as error:
        raise SqlFileError(f"{file}: {error.text()}") from None
    finally:
        session.close()


def run_script(session: Session, text: str) -> None:
    for statement in split_statements(tokenize(text)):
        session.run(join(statement))
