"""Failures that a test chooses by name: `fail_next("s3_unavailable")`.

Texts marked UNPROVED are a guess; the others were seen on AWS.
"""

import dataclasses
import re

from .errors import serializable_violation

COMMIT = 0  # every SQL succeeds, and the transaction does not
LAST = "last"  # the last SQL fails
WHOLE = "whole"  # every part ends ABORTED, and only the whole statement has an error


@dataclasses.dataclass(frozen=True)
class Failure:
    """How one statement ends.

    part: the SQL that fails: its number, its first word, COMMIT, LAST or WHOLE. status: of the
    whole statement. commits: the statement succeeds, and is reported as if it had failed so. code:
    the Data API refuses the statement with this error and the HTTP status; nothing runs. name: only
    a statement fails whose name contains this.
    """

    error: str
    part: int | str = 1
    status: str = "FAILED"
    commits: bool = False
    code: str = ""
    http_status: int = 400
    name: str = ""

    def place(self, sqls: list[str]) -> int | None:
        """The number of the SQL that fails; for WHOLE that of none, and None where no SQL begins
        with the word."""
        if isinstance(self.part, int):
            return self.part
        if self.part in (LAST, WHOLE):
            return len(sqls) if self.part == LAST else -1
        words = [(sql.split() or [""])[0].upper() for sql in sqls]
        return words.index(self.part) + 1 if self.part in words else None

    def fits(self, name: str, sqls: list[str]) -> bool:
        return self.name in name and self.place(sqls) is not None


FAILURES = {
    # Another transaction was in the way.
    "serializable": Failure(serializable_violation("100500").text()),
    "conflict": Failure(
        "ERROR: could not complete because of conflict with concurrent transaction"
    ),
    "serialize": Failure("ERROR: could not serialize access due to concurrent update"),
    "deadlock": Failure("ERROR: deadlock detected"),
    # The session could not be opened, or was lost.
    "connection_limit": Failure(
        'FATAL: connection limit "500" exceeded for non-bootstrap users', WHOLE
    ),
    "connection_refused": Failure(  # UNPROVED but for its FATAL and "connection refused"
        "FATAL: connection refused", WHOLE
    ),
    "connection_lost": Failure(  # UNPROVED but for its FATAL
        "FATAL: terminating connection due to administrator command", WHOLE
    ),
    # The whole statement was stopped.
    "cancelled": Failure("ERROR: Query (4711) cancelled on user's request", WHOLE, "ABORTED"),
    "wlm_abort": Failure(  # UNPROVED for a batch
        'ERROR: Query (4711) cancelled by WLM abort action of Query Monitoring Rule "long".',
        WHOLE,
        "ABORTED",
    ),
    "restart": Failure("ERROR: Cluster is restarting", WHOLE, "ABORTED"),  # UNPROVED
    # One SQL failed for a reason that passes.
    "s3_unavailable": Failure(
        "ERROR: S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown,"
        "Rid 4F2C43A1B0D9E7C5,ExtRid ad80c730=,CanRetry 1",
        "COPY",
    ),
    "s3_internal": Failure(
        "ERROR: S3ServiceException:We encountered an internal error. Please try again.,Status 500,"
        "Error InternalError,Rid 4F2C43A1B0D9E7C5,ExtRid ad80c730=,CanRetry 1",
        "COPY",
    ),
    "relation_replaced": Failure("ERROR: could not open relation with OID 104711", "INSERT"),
    "relation_dropped": Failure(  # UNPROVED in its details
        "ERROR: 1018\n  Detail: Relation does not exist.", "INSERT"
    ),
    # The statement succeeded, and its report says something else.
    "committed_aborted": Failure(
        "ERROR: Query (4711) cancelled on user's request", WHOLE, "ABORTED", commits=True
    ),
    "committed_failed_last": Failure(
        "FATAL: terminating connection due to administrator command", LAST, commits=True
    ),
    "committed_failed_top": Failure(
        "FATAL: terminating connection due to administrator command", COMMIT, commits=True
    ),
    # The statement is not even accepted.
    "no_endpoint": Failure(
        "Redshift endpoint doesn't exist in this region.", code="ValidationException"
    ),
    "no_connection": Failure(  # UNPROVED words
        "Connection to the database failed.", code="DatabaseConnectionException", http_status=500
    ),
    "too_many_statements": Failure(
        "Active statements exceeded the allowed quota (500).",
        code="ActiveStatementsExceededException",
    ),
}


def choose(error: str | None, part: int | str | None, name: str) -> Failure:
    """The failure of that name, or one with that text; by default error 1023. `part` is another
    place than the usual one. Raises ValueError for a name that is none."""
    error = error or "serializable"
    if error not in FAILURES and re.fullmatch("[a-z0-9_]+", error):
        raise ValueError(f"{error!r} is no failure; there are {', '.join(FAILURES)}")
    failure = FAILURES.get(error) or Failure(error)
    changes = {"name": name} if part is None else {"name": name, "part": part}
    return dataclasses.replace(failure, **changes)


def take(failures: list[Failure], name: str, sqls: list[str], refusal: bool) -> Failure | None:
    """Removes and returns the first failure that is meant for such a statement: a refusal of the
    Data API, or a failure in Redshift."""
    for index, failure in enumerate(failures):
        if bool(failure.code) == refusal and failure.fits(name, sqls):
            return failures.pop(index)
    return None
