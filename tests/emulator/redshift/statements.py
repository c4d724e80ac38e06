"""Statements of the Data API: what is known of each, who may see it, and how long."""

import base64
import binascii
import dataclasses
import hashlib
import json
import threading
import typing
import uuid

from .session import Outcome
from ..core.service import Clock, Principal, ServiceError

RESULT_SECONDS = 24 * 3600.0
TOKEN_SECONDS = 8 * 3600.0
ACTIVE = ("SUBMITTED", "PICKED", "STARTED")
FINAL = ("FINISHED", "FAILED", "ABORTED")
STATUSES = (*ACTIVE, *FINAL)


@dataclasses.dataclass(frozen=True)
class Identity:
    """Where a statement runs and as whom."""

    database: str
    user: str
    cluster: str = ""
    workgroup: str = ""
    secret_arn: str = ""
    password: str | None = dataclasses.field(default=None, repr=False)

    def members(self) -> dict[str, str]:
        """As Execute and Describe report it."""
        values = {
            "ClusterIdentifier": self.cluster,
            "WorkgroupName": self.workgroup,
            "Database": self.database,
            "DbUser": self.user,
            "SecretArn": self.secret_arn,
        }
        if self.secret_arn:
            del values["DbUser"]
        return {name: value for name, value in values.items() if value}


@dataclasses.dataclass
class SubStatement:
    """One SQL of a batch; a single statement has exactly one."""

    id: str
    sql: str
    created: float
    updated: float
    status: str = "SUBMITTED"
    error: str = ""
    duration: int = -1  # nanoseconds
    outcome: Outcome | None = None

    @property
    def result_rows(self) -> int:
        return self.outcome.count if self.outcome else -1

    @property
    def has_result_set(self) -> bool:
        return self.outcome is not None and self.outcome.rows is not None

    @property
    def query_id(self) -> int:
        return self.outcome.query_id if self.outcome else -1


@dataclasses.dataclass
class Statement:
    """What Execute or BatchExecute began."""

    principal: Principal
    identity: Identity
    created: float
    sqls: dataclasses.InitVar[list[str]]
    is_batch: bool = False
    in_transaction: bool = True
    name: str = ""
    with_event: bool = False
    parameters: list[dict] = dataclasses.field(default_factory=list)
    result_format: str = "JSON"
    id: str = ""
    status: str = "SUBMITTED"
    error: str = ""
    updated: float = 0.0
    duration: int = -1
    pid: int = 0
    sequence: int = 0  # orders statements of the same instant
    subs: list[SubStatement] = dataclasses.field(default_factory=list)
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    told: threading.Event = dataclasses.field(
        default_factory=threading.Event
    )  # its status event is out
    cancelled: threading.Event = dataclasses.field(default_factory=threading.Event)

    def __post_init__(self, sqls: list[str]):
        self.id = str(uuid.uuid4())
        self.updated = self.created
        self.subs = [
            SubStatement(
                f"{self.id}:{number}" if self.is_batch else self.id, sql, self.created, self.created
            )
            for number, sql in enumerate(sqls, 1)
        ]

    @property
    def role(self) -> str:
        return role_of(self.principal)


def role_of(principal: Principal) -> str:
    """Statements are seen by the role, whatever its session, or by the user that ran them."""
    resource = principal.arn.rpartition(":")[2]
    kind, _, rest = resource.partition("/")
    return f"role/{rest.split('/', 1)[0]}" if kind == "assumed-role" else resource


class StatementStore:
    """All statements, by id, and the client tokens they were begun with."""

    def __init__(self, clock: Clock):
        self.lock = threading.RLock()
        self._clock = clock
        self._statements: dict[str, Statement] = {}
        self._tokens: dict[tuple[str, str], tuple[str, Statement, float]] = {}

    def add(self, statement: Statement, token: str, fingerprint: str) -> None:
        with self.lock:
            statement.sequence = len(self._statements)
            self._statements[statement.id] = statement
            if token:
                self._tokens[statement.role, token] = (fingerprint, statement, self._clock.now())

    def clear(self) -> None:
        with self.lock:
            self._statements.clear()
            self._tokens.clear()

    def by_token(self, principal: Principal, token: str, fingerprint: str) -> Statement | None:
        """The statement that this token began within the last 8 hours. The same token with another
        request is a mistake of the caller."""
        with self.lock:
            known = self._tokens.get((role_of(principal), token))
            if known is None or self._clock.now() - known[2] >= TOKEN_SECONDS:
                return None
            if known[0] != fingerprint:
                raise ServiceError(
                    "ValidationException", "ClientToken was used with other parameters before"
                )
            return known[1]

    def find(
        self, statement_id: str, principal: Principal
    ) -> tuple[Statement, SubStatement | None]:
        """The statement, and which of the batch when the id says so."""
        whole, _, number = statement_id.partition(":")
        with self.lock:
            statement = self._statements.get(whole)
        if statement is None or statement.role != role_of(principal) or self._expired(statement):
            raise not_found(statement_id, "Query does not exist.")
        if not number:
            return statement, None
        if not statement.is_batch or not 1 <= int(number) <= len(statement.subs):
            raise not_found(statement_id, "Query does not exist.")
        return statement, statement.subs[int(number) - 1]

    def active(self) -> int:
        with self.lock:
            return sum(statement.status in ACTIVE for statement in self._statements.values())

    def select(
        self, principal: Principal, wanted: typing.Callable[[Statement], bool]
    ) -> list[Statement]:
        """Newest first."""
        with self.lock:
            found = [
                statement
                for statement in self._statements.values()
                if statement.role == role_of(principal)
                and not self._expired(statement)
                and wanted(statement)
            ]
        return sorted(
            found, key=lambda statement: (statement.created, statement.sequence), reverse=True
        )

    def all(self) -> list[Statement]:
        with self.lock:
            return list(self._statements.values())

    def _expired(self, statement: Statement) -> bool:
        return self._clock.now() - statement.created >= RESULT_SECONDS


def not_found(statement_id: str, message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message, 404, ResourceId=statement_id)


def fingerprint(operation: str, data: dict) -> str:
    return hashlib.sha256(json.dumps([operation, data], sort_keys=True).encode()).hexdigest()


# --- paging ---


def make_token(what: str, offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([what, offset]).encode()).decode()


def read_token(token: str | None, what: str) -> int:
    """The offset in a token that make_token made for the same listing."""
    if token is None:
        return 0
    try:
        kind, offset = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error, TypeError):
        kind, offset = None, 0
    if kind != what or not isinstance(offset, int) or offset < 0:
        raise ServiceError("ValidationException", "NextToken is not valid")
    return offset
