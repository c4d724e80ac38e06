"""The local AWS as one object: every service, wired to the others as in the cloud.

    with LocalAws(folder) as local:
        local.endpoint, local.environment()          for programs
        local.s3, local.lambda_, local.sns …         for tests

    S3 ──notification──> Lambda <──target── EventBridge <──status events── Redshift Data
                           ├──failure record──> SNS ──subscription──> Lambda
                           └──lines──> CloudWatch Logs
    S3, SNS, EventBridge ──message──> SQS ──event source mapping──> Lambda
"""

import json
import logging
import pathlib
import time
import typing

from .core.admin import AdminRoutes
from .event_sources import EventSources
from .events.service import EventsService
from .lambda_.function import LambdaOptions
from .lambda_.log import LogLine
from .lambda_.service import LambdaService
from .local_admin import add_routes
from .logs.service import LogsService
from .s3.service import S3Service
from .secrets.service import SecretsManagerService
from .core.server import LocalServer, Settings
from .core.service import Clock, CredentialStore, ServiceError
from .sns.service import SnsService
from .sqs.service import SqsService
from .core.sts import StsService

log = logging.getLogger("emulator")

REGION = "eu-west-1"
ACCESS_KEY, SECRET_KEY = "AKIALOCAL0000000USER", "local-secret-key/for+development+only"


class LocalAws:
    """Everything below `root`, which should be empty. `with_redshift` brings a Postgres with it.
    `on_log(function, line)` is called for every line that a function logs."""

    def __init__(
        self,
        root: str | pathlib.Path,
        port: int = 0,
        *,
        with_redshift: bool = True,
        region: str = REGION,
        logs: pathlib.Path | None = None,
        on_log: typing.Callable[[str, str], None] | None = None,
        settings: Settings | None = None,
        lambda_options: LambdaOptions | None = None,
    ):
        self.root = pathlib.Path(root).resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.region = region
        self.clock, self.credentials = Clock(), CredentialStore()
        self.user = self.credentials.add_user("local", ACCESS_KEY, SECRET_KEY)
        self.server = LocalServer(
            self.credentials, self.clock, settings or Settings(region=region), port
        )
        options = lambda_options or LambdaOptions(region=region)
        options.platform_environment = {
            "AWS_ENDPOINT_URL": self.endpoint,
            **options.platform_environment,
        }
        self.sns = SnsService(
            self.clock, region, self._message_to_function, self._message_to_queue
        )
        self.sqs = SqsService(self.clock, self.endpoint, region)
        self.logs = LogsService(self.clock, region)
        self._on_log = on_log
        self.lambda_ = LambdaService(
            self.root / "lambda",
            self.clock,
            self.credentials,
            options,
            on_log=self._log_line,
            deliver=self._failure_record,
            logs=logs,
        )
        self.event_sources = self.lambda_.event_sources = EventSources(
            self.lambda_.function, self.clock, self.sqs, self._strike_queue
        )
        self.events = EventsService(self.clock, self._event_to_target, region)
        self.s3 = S3Service(
            self.root / "s3", self.clock, self._object_event, self.events.publish
        )
        self.secrets = SecretsManagerService(self.clock, region)
        self.postgres: typing.Any = None
        self.redshift: typing.Any = None
        self.postgres_secret = self.redshift_secret = ""  # ARNs, once there is a Postgres
        self._with_redshift = with_redshift
        services = (self.s3, self.lambda_, self.events, self.sns, self.sqs, self.secrets, self.logs)
        for service in (*services, StsService()):
            self.server.add(service)
        add_routes(self.admin, self)

    # --- life ---

    def __enter__(self) -> "LocalAws":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """Starts all; call it from a thread that lives as long, because Postgres ends with it."""
        if self._with_redshift:
            self._start_redshift()
        self.server.start()
        self.events.start()

    def _start_redshift(self) -> None:
        # psycopg2 is wanted here only; what needs no Redshift runs without it.
        from .core.postgres import CONFIG_DATABASE, CONFIG_PASSWORD, CONFIG_USER, Postgres
        from .redshift.service import RedshiftDataService
        from .redshift.database import CLUSTER, CONTENT, DATABASE, PASSWORD, USER

        self.postgres = Postgres(self.root / "postgres", CONTENT)
        self.postgres.start()
        self.redshift = RedshiftDataService(
            self.postgres, self.clock, self.s3, self.events.publish, self.secrets.value, self.region
        )
        self.server.add(self.redshift)
        where = {"host": self.postgres.host, "port": self.postgres.port}
        config = {"engine": "postgres", "username": CONFIG_USER, "password": CONFIG_PASSWORD}
        self.postgres_secret = self._secret(
            "postgres", {**config, **where, "dbname": CONFIG_DATABASE}
        )
        cluster = {"engine": "redshift", "username": USER, "password": PASSWORD}
        place = {"dbname": DATABASE, "dbClusterIdentifier": CLUSTER}
        self.redshift_secret = self._secret("redshift", {**cluster, **where, **place})

    def _secret(self, name: str, value: dict) -> str:
        return self.secrets.create(f"local/{name}", json.dumps(value))

    def stop(self) -> None:
        """What calls the others stops first: schedules, then functions."""
        self.events.stop()
        self.sqs.stop()
        self.lambda_.stop()
        self.server.stop()
        if self.redshift is not None:
            self.redshift.close()
        self.s3.close()
        if self.postgres is not None:
            self.postgres.stop()

    # --- for tests and programs ---

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    @property
    def faults(self):
        return self.server.faults

    @property
    def admin(self) -> AdminRoutes:
        return self.server.admin

    def environment(self) -> dict[str, str]:
        """What a client needs, and the PG* variables when there is a Postgres."""
        values = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.user.access_key,
            "AWS_SECRET_ACCESS_KEY": self.user.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }
        if self.postgres is not None:
            values.update(self.postgres.environment())
        return values

    def wait_idle(self, seconds: float = 60.0) -> bool:
        """True once no statement, no asynchronous invocation, no message for a function and no call
        is left. A message that waits for a later time does not count.

        Each can start the others, so all must be found idle with no call in between. A call may
        outlive the function that sent it.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            before = self.server.total_calls, self.sqs.total_sends
            statements = self.redshift is None or self.redshift.wait_idle(left)
            idle = statements and self.lambda_.wait_idle(left) and self.server.is_quiet()
            if idle and before == (self.server.total_calls, self.sqs.total_sends):
                return True
            time.sleep(0.002)
        return False

    def check(self) -> None:
        """Raises if a function broke the Runtime API's rules or a service lacked a permission."""
        problems = self.lambda_.violations() + self.lambda_.refused + self.sqs.refused
        if problems:
            raise AssertionError("\n".join(problems))

    # --- wires ---

    def _object_event(self, arn: str, event: dict) -> None:
        bucket = (
            event["Bucket"] if "Bucket" in event else event["Records"][0]["s3"]["bucket"]["name"]
        )
        source = f"arn:aws:s3:::{bucket}"
        if event.get("Event") == "s3:TestEvent" and not self._may_be_told(arn, source):
            raise ServiceError(
                "InvalidArgument",
                "Unable to validate the following destination configurations",
                400,
                ArgumentName=arn,
                ArgumentValue="Not authorized to invoke function, or to send to the destination",
            )
        if arn.startswith("arn:aws:sqs:"):
            self._to_queue(arn, json.dumps(event), "s3.amazonaws.com", source)
        elif arn.startswith("arn:aws:sns:"):
            self._to_topic(arn, json.dumps(event), "Amazon S3 Notification")
        else:
            self._invoke(arn, event, "s3.amazonaws.com", source)

    def _may_be_told(self, arn: str, source: str) -> bool:
        """Whether S3 may send the bucket's events there. Topics let it if they exist."""
        if arn.startswith("arn:aws:sqs:"):
            return self.sqs.allows(arn, "s3.amazonaws.com", source)
        if arn.startswith("arn:aws:sns:"):
            return self.sns.has_topic(arn)
        return self.lambda_.allows(arn, "s3.amazonaws.com", source)

    def _log_line(self, line: LogLine) -> None:
        self.logs.store.put(line.group, line.stream, line.text)
        if self._on_log:
            self._on_log(line.function, line.text)

    def _message_to_function(self, function_arn: str, event: dict, topic_arn: str) -> None:
        self._invoke(function_arn, event, "sns.amazonaws.com", topic_arn)

    def _message_to_queue(self, arn: str, body: str, attributes: dict, topic_arn: str) -> None:
        self._to_queue(arn, body, "sns.amazonaws.com", topic_arn, attributes=attributes)

    def _event_to_target(self, arn: str, payload: bytes, rule_arn: str, group: str) -> None:
        if arn.startswith("arn:aws:sqs:"):
            self._to_queue(arn, payload.decode(), "events.amazonaws.com", rule_arn, group=group)
        elif arn.startswith("arn:aws:sns:"):
            self._to_topic(arn, payload.decode())
        else:
            self._invoke(arn, payload, "events.amazonaws.com", rule_arn)

    def _failure_record(self, destination: str, record: dict) -> None:
        if destination.startswith("arn:aws:sns:"):
            self._to_topic(destination, json.dumps(record))
        elif destination.startswith("arn:aws:sqs:"):
            self._to_queue(destination, json.dumps(record), "", "")
        else:
            self._invoke(destination, record, "", "")

    def _to_topic(self, arn: str, message: str, subject: str = "") -> None:
        try:
            self.sns.publish(arn, message, subject)
        except ServiceError as error:
            log.error("nothing sent to %s: %s", arn, error)

    def _to_queue(self, arn: str, body: str, service: str, source_arn: str, **options) -> None:
        """A fault of sqs.SendMessage loses the message; drop_after doubles it, as the sender sends
        it again."""
        try:
            for _ in range(2 if self._strike_queue("SendMessage") == "drop_after" else 1):
                self.sqs.deliver(arn, body, service, source_arn, **options)
        except ServiceError as error:
            log.error("nothing sent to %s: %s", arn, error)

    def _strike_queue(self, operation: str) -> str:
        """Services that use SQS meet its faults as a client does. Empty if no fault strikes, or its
        kind if the call happens all the same."""
        fault = self.faults.next_for("sqs", operation)
        if fault is None:
            return ""
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        elif fault.kind not in ("drop_after", "truncate"):
            raise ServiceError(fault.code or "InternalFailure", fault.message, fault.status or 500)
        return fault.kind

    def _invoke(
        self, function_arn: str, event: dict | bytes, principal: str, source_arn: str
    ) -> None:
        """In the cloud nobody learns that a function is missing; here the terminal does."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        try:
            self.lambda_.invoke_async(
                function_arn, payload, principal=principal, source_arn=source_arn
            )
        except ServiceError as error:
            log.error("%s is not invoked: %s", function_arn, error)
