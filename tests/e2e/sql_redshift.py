"""The files of sql/redshift on the local Redshift."""

import pathlib

from emulator.redshift.fixture import DataApiTest
from emulator.redshift.tokens import join, split_statements, tokenize

SQL = pathlib.Path(__file__).resolve().parent.parent.parent / "sql/redshift"
FILES = sorted(SQL.glob("[0-9]*.sql"))


def literal(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def statements() -> list[str]:
    texts = [join(part) for file in FILES for part in split_statements(tokenize(file.read_text()))]
    return [text for text in texts if text.strip()]


class RedshiftSqlTest(DataApiTest):
    """The files are run once for a class, whose tests see what the ones before them left."""

    is_ready = False

    def setUp(self):
        super().setUp()
        if not type(self).is_ready:
            self.run_files()
            type(self).is_ready = True

    def run_files(self):
        for sql in statements():
            self.finished(self.execute(sql))

    def load(self, load: str, table: str, columns: str, *rows: str, separator: str = "|") -> None:
        """Rows of a file as COPY and the load batch would leave them; an empty field is an empty text."""
        values = [
            "(" + ", ".join(map(literal, [*row.split(separator), f"{load}.txt", load])) + ")" for row in rows
        ]
        sql = f"insert into {table} ({columns}, file_name, load_id) values {', '.join(values)}"
        self.finished(self.execute(sql))

    def transform(self, load: str, table: str) -> dict:
        """The batch that file-process-logging submits."""
        ledger = f"rdsftetl.{table}_ledger"
        return self.ended(
            self.batch(
                f"LOCK {ledger}",
                f"SELECT 1/CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM {ledger} "
                f"WHERE kind = 'transform' AND file_id = '{load}'",
                f"call rdsftorchestration.execute_sql_from_table('rdsftcore', '{table}', '{load}')",
                f"INSERT INTO {ledger} (kind, file_id, file_name, number, row_count) "
                f"VALUES ('transform', '{load}', '{load}.txt', 1, NULL)",
            )
        )

    def succeed(self, load: str, table: str) -> None:
        described = self.transform(load, table)
        self.assertEqual(described["Status"], "FINISHED", described.get("Error"))
