"""The system on a local AWS, as a customer would deploy it: SQL, secrets, bucket, functions, rules.

    with LocalAws(folder) as local:
        Deployment(local, Options(serverless=True)).deploy()
"""

import dataclasses
import json
import pathlib
import typing

from . import deployment_sql
from .local import LocalAws
from .core.postgres import CONFIG_DATABASE, CONFIG_PASSWORD, CONFIG_USER
from .redshift.database import CLUSTER, DATABASE, PASSWORD, USER, WORKGROUP
from .s3.notifications import Configuration, Rule
from .core.service import ACCOUNT_ID

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "tests/demo"
PACKAGES = ROOT / "dist"
FILE_PROCESS, FILE_PROCESS_LOGGING = FUNCTIONS = ("file-process", "file-process-logging")
BUCKET, LANDING, ARCHIVE, PROCESSING = "landing", "external_input/", "archive", "processing"
TOPIC, STATUS_RULE, SCHEDULE_RULE = (
    "external-file-notices",
    "external-file-statements",
    "external-file-schedule",
)
QUEUE, DEAD_QUEUE = "external-file-arrivals", "external-file-arrivals-dead"
MAX_RECEIVES = 5
# Both functions have one role: a statement is seen only by the role that began it.
FUNCTION_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/external-file-functions"
COPY_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/external-file-copy"


class MissingPackage(Exception):
    """There is no zip to deploy; the text says what to do."""


@dataclasses.dataclass(frozen=True)
class Options:
    """`settings` change environment variables of both functions; None takes one away. `postgres` is
    where the functions find Postgres when not directly, as (host, port). Managed secrets hold what
    RDS and Redshift put into theirs, a username and a password; settings say the rest. An enabled
    schedule fires by itself; tests disable it and fire it when they want to. With `queue` the bucket
    announces its files to a queue that feeds the function, not to the function. `demo_interface` adds
    interface 601, which two of the sample files in tests/data need. `search` lets the schedule
    search the landing prefix for files whose event was lost."""

    packages: pathlib.Path = PACKAGES
    settings: typing.Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    serverless: bool = False
    managed_secrets: bool = False
    versioned: bool = False
    schedule_enabled: bool = True
    queue: bool = False
    demo_interface: bool = False
    search: bool = False
    postgres: tuple[str, int] | None = None
    timeout: int = 60
    memory_mb: int = 128
    log_level: str = "INFO"


class Deployment:
    def __init__(self, local: LocalAws, options: Options = Options()):
        self.local, self.options = local, options

    def deploy(self) -> None:
        packages = {name: read_package(self.options.packages, name) for name in FUNCTIONS}
        self.apply_sql()
        if self.options.demo_interface:
            self.add_demo_interface()
        if self.options.search:
            self.search_landing()
        settings = self.settings()
        arns = {name: self._function(name, package, settings) for name, package in packages.items()}
        self._bucket(arns[FILE_PROCESS])
        self.rules(arns)

    # --- databases ---

    def apply_sql(self) -> None:
        """All migrations and the sample configuration; may be repeated."""
        migrations = sorted((ROOT / "sql/postgres").glob("[0-9]*.sql"))
        deployment_sql.run_on_postgres(self.local.postgres, migrations)
        self.sample_configuration()
        self.redshift_sql(sorted((ROOT / "sql/redshift").glob("*.sql")))

    def sample_configuration(self) -> None:
        file = ROOT / "sql/postgres/sample_configuration.sql"
        deployment_sql.run_on_postgres(self.local.postgres, [file])

    def add_demo_interface(self) -> None:
        """What a customer does for a new kind of file: rows in Postgres, tables in Redshift."""
        deployment_sql.run_on_postgres(self.local.postgres, [DEMO / "configuration.sql"])
        self.redshift_sql([DEMO / "tables.sql"])

    def search_landing(self) -> None:
        deployment_sql.search_on_postgres(self.local.postgres, BUCKET, LANDING)

    def redshift_sql(self, files: list[pathlib.Path]) -> None:
        deployment_sql.run_on_redshift(self.local.redshift.database, self.local.s3, files)

    # --- settings ---

    def settings(self) -> dict[str, str]:
        """The environment variables of both functions. Makes the secrets and the topic in them."""
        postgres, redshift = self._postgres_login(), self._redshift_login()
        values: dict[str, str | None] = {
            "secret_postgres": self._secret("external-files/postgres", postgres),
            "secret_redshift": self._secret("external-files/redshift", redshift),
            "sns_topic_arn": self.local.sns.create_topic(TOPIC),
            "postgres_config_table": "RDSCNFG.EXT_FILE_CONFIG",
            "postgres_config_audit_table": "RDSCNFG.EXT_FILE_AUDIT",
            "iam_role": COPY_ROLE,
            "archive_folder": ARCHIVE,
            "processing_folder": PROCESSING,
            "region": self.local.region,
            "custom_error_msg": "Questions? Ask the data desk: data-desk@example.org",
        }
        if self.options.serverless:
            values.update(redshift_workgroup=WORKGROUP, redshift_database=DATABASE)
        if self.options.managed_secrets:
            values.update(
                postgres_host=postgres["host"],
                postgres_port=str(postgres["port"]),
                postgres_database=postgres["dbname"],
                redshift_cluster=redshift.get("dbClusterIdentifier"),
                redshift_database=redshift["database"],
            )
        values.update(self.options.settings)
        return {name: value for name, value in values.items() if value is not None}

    def _secret(self, name: str, login: dict) -> str:
        members = ("username", "password") if self.options.managed_secrets else login
        return self.local.secrets.create(name, json.dumps({m: login[m] for m in members}))

    def _postgres_login(self) -> dict:
        host, port = self.options.postgres or (
            self.local.postgres.host,
            self.local.postgres.port,
        )
        return {
            "engine": "postgres",
            "host": host,
            "port": port,
            "username": CONFIG_USER,
            "password": CONFIG_PASSWORD,
            "dbname": CONFIG_DATABASE,
        }

    def _redshift_login(self) -> dict:
        """A Serverless secret names no cluster."""
        name = WORKGROUP if self.options.serverless else CLUSTER
        login = {
            "engine": "redshift",
            "host": f"{name}.example.{self.local.region}.redshift.amazonaws.com",
            "port": 5439,
            "database": DATABASE,
            "username": USER,
            "password": PASSWORD,
        }
        return login if self.options.serverless else {**login, "dbClusterIdentifier": CLUSTER}

    # --- functions and what calls them ---

    def _function(self, name: str, package: bytes, settings: dict[str, str]) -> str:
        return self.local.lambda_.create(
            name,
            package,
            FUNCTION_ROLE,
            Timeout=self.options.timeout,
            MemorySize=self.options.memory_mb,
            Environment={"Variables": settings},
            LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": self.options.log_level},
        )

    def _bucket(self, function: str) -> None:
        self.local.s3.create_bucket(BUCKET, self.local.region, self.options.versioned)
        source = f"arn:aws:s3:::{BUCKET}"
        if self.options.queue:
            target = self._queue(function)
            self.local.sqs.permit(target, "s3.amazonaws.com", source)
        else:
            target = function
            self.local.lambda_.permit(function, "s3.amazonaws.com", source)
        rule = Rule("arrivals", target, ["s3:ObjectCreated:*"], LANDING)
        self.local.s3.set_notification(BUCKET, Configuration([rule]))

    def _queue(self, function: str) -> str:
        """A queue that feeds the function; its ARN."""
        dead = self.local.sqs.create(DEAD_QUEUE)
        queue = self.local.sqs.create(
            QUEUE,
            VisibilityTimeout=str(6 * self.options.timeout),
            RedrivePolicy={"deadLetterTargetArn": dead, "maxReceiveCount": MAX_RECEIVES},
        )
        self.local.event_sources.create(
            function, queue, FunctionResponseTypes=["ReportBatchItemFailures"]
        )
        return queue

    def rules(self, arns: typing.Mapping[str, str]) -> None:
        """EventBridge's rules, and their targets: the functions with these ARNs."""
        self._rule(STATUS_RULE, "statement_status.json", arns[FILE_PROCESS_LOGGING])
        self._rule(SCHEDULE_RULE, "schedule.json", arns[FILE_PROCESS])
        if not self.options.schedule_enabled:
            self.local.events.DisableRule({"Name": SCHEDULE_RULE}, None)

    def _rule(self, name: str, file: str, function: str) -> None:
        """A file holds a pattern, or what put-rule wants for a schedule."""
        text = (ROOT / "eventbridge" / file).read_text()
        content = json.loads(text)
        members = content if "ScheduleExpression" in content else {"EventPattern": text}
        events = self.local.events
        rule = events.PutRule({"Name": name, **members}, None)["RuleArn"]
        events.PutTargets({"Rule": name, "Targets": [{"Id": "function", "Arn": function}]}, None)
        self.local.lambda_.permit(function, "events.amazonaws.com", rule)


def check_packages(folder: pathlib.Path) -> None:
    """Raises MissingPackage unless there is a zip of each function."""
    for name in FUNCTIONS:
        read_package(folder, name)


def read_package(folder: pathlib.Path, name: str) -> bytes:
    file = folder / f"{name}.zip"
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise MissingPackage(f"{file} is missing: `make package` builds it") from None
