"""The Redshift Data API of the local AWS: cluster `dw`, workgroup `dw-serverless`, database `dev`.

    service      the operations         shapes       their members
    statements   what is known          runner       how statements run
    session      one connection         sql …        the dialect
    load …       COPY                   database     the Postgres below
    failures     failures on purpose

Not here: sessions that outlive a statement, results as CSV.
"""

import dataclasses
import json
import typing

from . import results
from ..core.postgres import ADMINISTRATOR, Postgres
from ..core.protocols import JsonService
from .catalogue import Catalogue
from .copy_files import Objects
from .database import CLUSTER, USER, WORKGROUP, RedshiftDatabase
from .errors import SqlError
from .failures import choose
from .runner import Publish, Runner
from .shapes import SHAPES
from .sql import parameter_names
from .statements import (
    ACTIVE,
    Identity,
    Statement,
    StatementStore,
    fingerprint,
    make_token,
    not_found,
    read_token,
    role_of,
)
from ..core.service import Clock, Principal, Request, ServiceError

SQL_BYTES = 100 * 1024
WAIT_FOR_EVENT = 30.0


class RedshiftDataService(JsonService):
    """`read_secret(name or ARN)` answers a secret's text or None. `iam_member_of`: the role whose
    rights the database user of an IAM identity gets; None gives it none, as a fresh cluster
    does."""

    name = "redshift-data"
    target_prefix = "RedshiftData"
    shapes = SHAPES

    def __init__(
        self,
        postgres: Postgres,
        clock: Clock,
        objects: Objects,
        publish_event: Publish = lambda event: None,
        read_secret: typing.Callable[[str], str | None] = lambda arn: None,
        region: str = "eu-west-1",
        iam_member_of: str | None = USER,
    ):
        self.database = RedshiftDatabase(postgres, region)
        self.active_limit = 500
        self.page_bytes = results.PAGE_BYTES
        self._clock, self._read_secret, self._iam_member_of = clock, read_secret, iam_member_of
        self._store = StatementStore(clock)
        self._runner = Runner(self.database, objects, clock, publish_event, region)
        self._catalogue = Catalogue(self.database)
        self.knobs = self._runner.knobs

    def close(self) -> None:
        self._runner.close(self._store.all())
        self.database.close()

    # --- knobs ---

    def fail_next(
        self, error: str | None = None, statement: int | str | None = None, name: str = ""
    ) -> None:
        """The next Execute or Batch whose name contains `name` fails: as a failure of
        failures.py does, or with that text, at its first SQL. `statement` is another place:
        its nth SQL (0: at the commit), or what Failure.part may be. By default error 1023."""
        self.knobs.failures.append(choose(error, statement, name))

    def pause(self) -> None:
        """Statements stay in STARTED until `resume`."""
        self.knobs.running.clear()

    def resume(self) -> None:
        self.knobs.running.set()

    def wait_idle(self, seconds: float = 30.0) -> bool:
        """Whether all statements have ended, and their events are out, within that time."""
        return all(statement.told.wait(seconds) for statement in self._store.all())

    def forget(self) -> None:
        """All statements, as if none had ever been; what they did stays. Call it when idle."""
        self._store.clear()

    def control(self, data: dict) -> dict:
        """The knobs as one JSON object; answers how they stand. `fail`: the arguments of
        fail_next."""
        known = {"fail", "events", "sight", "unknown", "delay", "paused"}
        known |= {"active_limit", "page_bytes"}
        if unknown := set(data) - known:
            raise ValueError(f"{sorted(unknown)}: the knobs are {sorted(known)}")
        if "fail" in data:
            self.fail_next(**data["fail"])
        if data.get("events", "normal") not in ("normal", "early", "twice", "never"):
            raise ValueError("events are normal, early, twice or never")
        if data.get("sight", "role") not in ("role", "session"):
            raise ValueError("sight is role or session")
        self.knobs.events = data.get("events", self.knobs.events)
        self.knobs.sight = data.get("sight", self.knobs.sight)
        self.knobs.unknown = int(data.get("unknown", self.knobs.unknown))
        self.knobs.delay = float(data.get("delay", self.knobs.delay))
        self.active_limit = int(data.get("active_limit", self.active_limit))
        self.page_bytes = int(data.get("page_bytes", self.page_bytes))
        if "paused" in data:
            self.pause() if data["paused"] else self.resume()
        return {
            "events": self.knobs.events,
            "sight": self.knobs.sight,
            "unknown": self.knobs.unknown,
            "delay": self.knobs.delay,
            "paused": not self.knobs.running.is_set(),
            "active_limit": self.active_limit,
            "page_bytes": self.page_bytes,
            "failures": [dataclasses.asdict(failure) for failure in self.knobs.failures],
            "active": self._store.active(),
        }

    # --- running ---

    def ExecuteStatement(self, data: dict, request: Request) -> dict:
        return self._submit("ExecuteStatement", data, [data["Sql"]], request)

    def BatchExecuteStatement(self, data: dict, request: Request) -> dict:
        return self._submit("BatchExecuteStatement", data, data["Sqls"], request)

    def _submit(self, operation: str, data: dict, sqls: list[str], request: Request) -> dict:
        data = _present(data)
        for member in ("SessionId", "SessionKeepAliveSeconds"):
            if member in data:
                raise ServiceError(
                    "ValidationException", f"{member}: sessions are not in the local AWS"
                )
        _check_sqls(sqls)
        parameters = data.get("Parameters", [])
        _check_parameters(parameters, sqls)
        statement = self._known_or_new(operation, data, sqls, parameters, request.principal)
        if statement.with_event and self.knobs.events == "early":
            statement.told.wait(WAIT_FOR_EVENT)
        reply = {"Id": statement.id, "CreatedAt": statement.created, **statement.identity.members()}
        if "WaitTimeSeconds" in data:
            statement.done.wait(data["WaitTimeSeconds"])
            described = results.describe(statement)
            reply.update(
                {name: described[name] for name in ("Status", "RedshiftPid", "HasResultSet")}
            )
        return reply

    def _known_or_new(
        self,
        operation: str,
        data: dict,
        sqls: list[str],
        parameters: list[dict],
        principal: Principal,
    ) -> Statement:
        token = data.get("ClientToken", "")
        mark = fingerprint(
            operation, {name: value for name, value in data.items() if name != "WaitTimeSeconds"}
        )
        with self._store.lock:
            known = self._store.by_token(principal, token, mark) if token else None
            if known is not None:
                return known
            self._refuse_on_purpose(data.get("StatementName", ""), sqls)
            identity = self._identity(data, principal)
            if self._store.active() >= self.active_limit:
                raise ServiceError(
                    "ActiveStatementsExceededException",
                    f"Active statements exceeded the allowed quota ({self.active_limit}).",
                )
            statement = Statement(
                principal,
                identity,
                self._clock.now(),
                sqls,
                operation.startswith("Batch"),
                data.get("ExecutionMode") != "AUTO_COMMIT",
                data.get("StatementName", ""),
                data.get("WithEvent", False),
                parameters,
                data.get("ResultFormat", "JSON"),
            )
            self._store.add(statement, token, mark)
        self._runner.start(statement)
        return statement

    def _refuse_on_purpose(self, name: str, sqls: list[str]) -> None:
        if refusal := self._runner.take_failure(name, sqls, refusal=True):
            raise ServiceError(refusal.code, refusal.error, refusal.http_status)

    # --- who ---

    def _identity(self, data: dict, principal: Principal) -> Identity:
        cluster, workgroup = data.get("ClusterIdentifier", ""), data.get("WorkgroupName", "")
        if bool(cluster) == bool(workgroup):
            raise ServiceError(
                "ValidationException", "Give either ClusterIdentifier or WorkgroupName"
            )
        if cluster not in ("", CLUSTER) or workgroup.rpartition("/")[2] not in ("", WORKGROUP):
            raise ServiceError(
                "ValidationException", "Redshift endpoint doesn't exist in this region."
            )
        if not data.get("Database"):
            raise ServiceError("ValidationException", "Database is required")
        place = {
            "database": data["Database"],
            "cluster": cluster,
            "workgroup": workgroup.rpartition("/")[2],
        }
        if "SecretArn" in data and "DbUser" in data:
            raise ServiceError(
                "ValidationException", "SecretArn and DbUser cannot be given together"
            )
        if "SecretArn" in data:
            return self._by_secret(data["SecretArn"], place)
        if "DbUser" in data:
            if workgroup:
                raise ServiceError(
                    "ValidationException", "DbUser cannot be given with WorkgroupName"
                )
            return Identity(user=_database_user(data["DbUser"]), **place)
        return self._by_iam(principal, place)

    def _by_secret(self, arn: str, place: dict[str, str]) -> Identity:
        text = self._read_secret(arn)
        if text is None:
            raise ServiceError(
                "ValidationException", "Secrets Manager can't find the specified secret."
            )
        try:
            secret = json.loads(text)
            user, password = secret["username"], secret["password"]
        except (ValueError, TypeError, KeyError):
            raise ServiceError(
                "ValidationException", "The secret holds no username and password"
            ) from None
        holder = secret.get("dbClusterIdentifier")
        if place["cluster"] and holder and holder != place["cluster"]:
            raise ServiceError(
                "ValidationException", "The secret's dbClusterIdentifier is another cluster"
            )
        return Identity(user=str(user), password=str(password), secret_arn=arn, **place)

    def _by_iam(self, principal: Principal, place: dict[str, str]) -> Identity:
        kind, _, name = role_of(principal).partition("/")
        user = f"IAMR:{name}" if kind == "role" else f"IAM:{name}"
        self.database.ensure_user(user, self._iam_member_of)
        return Identity(user=user, **place)

    # --- asking ---

    def _find(self, operation: str, data: dict, request: Request):
        """The statement, and which of the batch. With the knob `sight` at session the caller's
        policy has the condition redshift-data:statement-owner-iam-userid = ${aws:userid}."""
        statement, sub = self._store.find(data["Id"], request.principal)
        if not self._may_see(statement, request.principal):
            raise ServiceError(
                "AccessDeniedException",
                f"User: {request.principal.arn} is not authorized to perform: "
                f"redshift-data:{operation} because no identity-based policy allows the "
                f"redshift-data:{operation} action",
            )
        return statement, sub

    def _may_see(self, statement: Statement, principal: Principal) -> bool:
        return self.knobs.sight == "role" or statement.principal.arn == principal.arn

    def DescribeStatement(self, data: dict, request: Request) -> dict:
        statement, sub = self._find("DescribeStatement", data, request)
        statement.done.wait(data.get("WaitTimeSeconds") or 0)
        if sub:
            return results.describe_sub(sub)
        reply = results.describe(statement)
        if statement.status not in ACTIVE and self._is_unknown():
            reply["Status"] = "UNKNOWN"
            reply.pop("Error", None)
        return reply

    def _is_unknown(self) -> bool:
        """Counts the knob `unknown` down."""
        with self._store.lock:
            found = self.knobs.unknown > 0
            self.knobs.unknown -= found
            return found

    def GetStatementResult(self, data: dict, request: Request) -> dict:
        statement, sub = self._find("GetStatementResult", data, request)
        part = sub or (None if statement.is_batch else statement.subs[0])
        if part is None or statement.status != "FINISHED" or not part.has_result_set:
            raise not_found(
                data["Id"],
                "Query does not have result. Please check query status with DescribeStatement.",
            )
        if statement.result_format != "JSON":
            raise ServiceError(
                "ValidationException", f"The result is in the format {statement.result_format}"
            )
        assert part.outcome and part.outcome.rows is not None
        start = read_token(data.get("NextToken"), part.id)
        end = results.page_end(part.outcome, start, self.page_bytes)
        reply = {
            "Records": [results.record(row) for row in part.outcome.rows[start:end]],
            "ColumnMetadata": [results.column_metadata(column) for column in part.outcome.columns],
            "TotalNumRows": len(part.outcome.rows),
        }
        if end < len(part.outcome.rows):
            reply["NextToken"] = make_token(part.id, end)
        return reply

    def ListStatements(self, data: dict, request: Request) -> dict:
        """By default only what has finished, of all sessions of the caller's role."""
        data = _present(data)
        status, prefix = data.get("Status", "FINISHED"), data.get("StatementName", "")

        def wanted(statement: Statement) -> bool:
            place = statement.identity
            return (
                status in ("ALL", statement.status)
                and statement.name.startswith(prefix)
                and self._may_see(statement, request.principal)
                and (
                    data.get("RoleLevel", True) or statement.principal.arn == request.principal.arn
                )
                and data.get("ClusterIdentifier", place.cluster) == place.cluster
                and data.get("WorkgroupName", place.workgroup) == place.workgroup
                and data.get("Database", place.database) == place.database
            )

        found = self._store.select(request.principal, wanted)
        kind = fingerprint("ListStatements", {**data, "NextToken": None})
        start = read_token(data.get("NextToken"), kind)
        end = start + (data.get("MaxResults") or 100)
        reply: dict[str, typing.Any] = {
            "Statements": [results.summary(statement) for statement in found[start:end]]
        }
        if end < len(found):
            reply["NextToken"] = make_token(kind, end)
        return reply

    def CancelStatement(self, data: dict, request: Request) -> dict:
        statement, sub = self._find("CancelStatement", data, request)
        if sub is not None:
            raise ServiceError("ValidationException", "A part of a batch cannot be cancelled")
        if statement.status not in ACTIVE:
            raise ServiceError(
                "ValidationException",
                (
                    "Could not cancel a query that is already in "
                    f"{statement.status} state with ID: {statement.id}"
                ),
            )
        self._runner.cancel(statement)
        return {"Status": True}

    # --- catalogue ---

    def ListDatabases(self, data: dict, request: Request) -> dict:
        return self._catalogue.databases(
            self._identity(_present(data), request.principal), _present(data)
        )

    def ListSchemas(self, data: dict, request: Request) -> dict:
        return self._catalogue.schemas(
            self._identity(_present(data), request.principal), _present(data)
        )

    def ListTables(self, data: dict, request: Request) -> dict:
        return self._catalogue.tables(
            self._identity(_present(data), request.principal), _present(data)
        )

    def DescribeTable(self, data: dict, request: Request) -> dict:
        return self._catalogue.describe(
            self._identity(_present(data), request.principal), _present(data)
        )


def _present(data: dict) -> dict:
    """Without the members that are null, which is how JSON says that they are absent."""
    return {name: value for name, value in data.items() if value is not None}


def _database_user(name: str) -> str:
    """The administrator of the Postgres below is no user of Redshift."""
    return f"no user {name}" if name == ADMINISTRATOR else name


def _check_sqls(sqls: list[str]) -> None:
    for sql in sqls:
        if len(sql.encode("utf-8", "surrogatepass")) > SQL_BYTES:
            raise ServiceError(
                "ValidationException", f"The SQL statement is over {SQL_BYTES} bytes"
            )
        if "\0" in sql or any("\ud800" <= character <= "\udfff" for character in sql):
            raise ServiceError(
                "ValidationException", "The SQL statement holds a character that is not allowed"
            )


def _check_parameters(parameters: list[dict], sqls: list[str]) -> None:
    """Every parameter is used by some statement, and every :name has a value."""
    if not parameters:
        return
    names = [parameter["name"] for parameter in parameters]
    if len(set(names)) != len(names):
        raise ServiceError("ValidationException", "Parameters list contains duplicate parameters.")
    used: set[str] = set()
    for sql in sqls:
        try:
            used |= parameter_names(sql)
        except SqlError:
            return  # the statement itself will say what is wrong
    if unused := sorted(set(names) - used):
        raise ServiceError(
            "ValidationException",
            f"Parameters list contains unused parameters. Unused parameters: {unused}",
        )
    if missing := sorted(used - set(names)):
        raise ServiceError(
            "ValidationException", f"Parameters list is missing parameters: {missing}"
        )
