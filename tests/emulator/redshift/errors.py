"""SQL errors in Redshift's words."""

import re

import psycopg2

SERIALIZATION_FAILURES = ("40001",)
_DENIED = "permission denied for relation "  # as PostgreSQL 8.0, which Redshift comes from
BYTES_CHECK = (  # prefix of the constraints that tables.py adds: ..._<length>_<column>
    "redshift_bytes_"
)


class SqlError(Exception):
    """A statement failed; `message` stands without "ERROR: ", `position` counts characters from
    1."""

    def __init__(
        self,
        message: str,
        sqlstate: str = "XX000",
        position: int | None = None,
        detail: str = "",
        hint: str = "",
    ):
        super().__init__(message)
        self.message, self.sqlstate, self.position, self.detail, self.hint = (
            message,
            sqlstate,
            position,
            detail,
            hint,
        )

    def text(self) -> str:
        """As the Data API reports it."""
        text = (
            self.message
            if self.message.startswith(("ERROR:", "FATAL:"))
            else f"ERROR: {self.message}"
        )
        if self.detail:
            text += f"\n  Detail: {self.detail}"
        if self.hint:
            text += f"\n  Hint: {self.hint}"
        return f"{text}\n  Position: {self.position}" if self.position else text


def syntax_error(near: str, position: int | None) -> SqlError:
    where = f'at or near "{near}"' if near else "at end of input"
    return SqlError(f"syntax error {where}", "42601", position)


def serializable_violation(table: str = "0") -> SqlError:
    """Error 1023: the transaction lost against another one and must be tried again as a whole."""
    return SqlError(
        "1023",
        "40001",
        detail=(
            f"Serializable isolation violation on table - {table}, "
            "transactions forming the cycle are: 101, 102 (pid:103)"
        ),
    )


def from_postgres(error: psycopg2.Error, reads_table: bool = False) -> SqlError:
    """What Redshift says where Postgres said `error`. `reads_table`: the statement has a FROM; then
    the division is made on a compute node, whose words differ from the leader's."""
    state, diagnostic = error.pgcode or "08006", error.diag
    message = diagnostic.message_primary or str(error).strip().split("\n", 1)[0]
    constraint = diagnostic.constraint_name or ""
    if state in SERIALIZATION_FAILURES:
        return serializable_violation()
    if state == "22012" and reads_table:
        message = "Divide by zero"
    elif state == "2D000":
        return SqlError(
            "COMMIT cannot be invoked from a procedure that is executing in an atomic context.",
            state,
            hint=(
                "Try calling the procedure as a top-level call i.e. not from within an explicit"
                " transaction block."
            ),
        )
    elif state == "21000" and message.startswith("MERGE"):
        return SqlError("Found multiple matches to update the same tuple.", state)
    elif state == "23514" and constraint.startswith(BYTES_CHECK):
        length = constraint[len(BYTES_CHECK) :].split("_", 1)[0]
        return SqlError(f"value too long for type character varying({length})", "22001")
    elif state == "57014":
        message = "Query cancelled on user's request"
    elif state == "23502":  # UNPROVED words
        return SqlError(f"Cannot insert a NULL value into column {diagnostic.column_name}", state)
    elif state == "428C9":  # UNPROVED words
        return SqlError("cannot set an identity column to a value", state)
    elif state == "42501":
        message = re.sub("^permission denied for (table|view) ", _DENIED, message)
    position = int(diagnostic.statement_position) if diagnostic.statement_position else None
    detail = diagnostic.message_detail or ""
    return SqlError(message, state, position, detail, diagnostic.message_hint or "")
