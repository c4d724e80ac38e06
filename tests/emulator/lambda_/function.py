"""One created function: its configuration, its code on disk, its environments and its queue."""

import dataclasses
import pathlib
import typing

from .async_queue import AsyncQueue, Job, RetryRules, failure_record
from .environment import Result
from .log import LogLine
from .package import make_root, unpack
from .policy import Policy
from .local_function import LocalFunction, Throttled
from ..core.service import Clock, CredentialStore


@dataclasses.dataclass
class LambdaOptions:
    region: str = "eu-west-1"
    concurrency: int = 10  # environments of one function
    retry_delays: tuple[float, ...] = (0.2, 0.4)  # seconds; 60 and 120 in the cloud
    platform_environment: dict[str, str] = dataclasses.field(
        default_factory=dict
    )  # AWS_ENDPOINT_URL for one
    enforce_permissions: bool = True  # other services invoke only what add-permission lets them
    # A function sees no file of this machine but its package in /var/task, an empty /tmp and these
    # files, by their path. Only root may do this. None: it sees all.
    root_files: typing.Mapping[str, bytes] | None = None


class FunctionHost(typing.Protocol):
    """What a function needs of the Lambda service that it lives in."""

    options: LambdaOptions
    clock: Clock
    credentials: CredentialStore
    on_log: typing.Callable[[LogLine], None]

    def log_file(self, name: str) -> pathlib.Path:
        ...

    def lost(self, function: "Function", record: dict) -> None:
        ...


class Function:
    """One created function: its configuration, its code on disk, its running environments."""

    def __init__(self, host: "FunctionHost", configuration: dict):
        self.host, self.configuration = host, configuration
        self.name = configuration["FunctionName"]
        self.rules: RetryRules | None = None
        self.policy = Policy(self.arn)
        self.folder: pathlib.Path | None = None  # of the unpacked package
        self.root: pathlib.Path | None = None  # of the files that it sees, if not all
        self.runner: LocalFunction | None = None
        self.violations: list[str] = []
        self.queue = AsyncQueue(
            self.run,
            lambda: self.rules or RetryRules(),
            host.clock,
            self._on_lost,
            host.options.retry_delays,
            host.options.concurrency,
        )

    @property
    def arn(self) -> str:
        return self.configuration["FunctionArn"]

    def place_code(self, package: bytes, folder: pathlib.Path) -> None:
        """Unpacks into a folder that is new."""
        files = self.host.options.root_files
        code = folder if files is None else folder / "var/task"
        unpack(package, code)
        if files is not None:
            make_root(folder, files)
        self.folder, self.root = code, None if files is None else folder

    def run(self, payload: bytes, request_id: str) -> Result:
        runner = self.runner
        if runner is None:
            raise Throttled("the function is being changed")
        return runner.invoke(payload, request_id=request_id)

    def _on_lost(self, job: Job, result: Result | None, condition: str) -> None:
        record = failure_record(job, result, condition, self.arn, self.host.clock.now())
        self.host.lost(self, record)

    def restart(self) -> None:
        """New environments for a new configuration; running invocations end in the old ones."""
        old, config, host = self.runner, self.configuration, self.host
        logging = config["LoggingConfig"]
        self.runner = LocalFunction(
            self.folder / "bootstrap",
            concurrency=host.options.concurrency,
            log_file=host.log_file(self.name),
            on_line=host.on_log,
            root=self.root,
            name=self.name,
            handler=config["Handler"],
            timeout=config["Timeout"],
            memory_mb=config["MemorySize"],
            region=host.options.region,
            arn=self.arn,
            environment={
                **host.options.platform_environment,
                **config.get("Environment", {}).get("Variables", {}),
            },
            credentials=self._credentials,
            log_group=logging["LogGroup"],
            log_format=logging["LogFormat"],
            log_level=logging.get("ApplicationLogLevel", ""),
        )
        self.runner.violations = self.violations
        if old:
            old.close()

    def _credentials(self) -> dict[str, str]:
        principal = self.host.credentials.assume_role(self.configuration["Role"], self.name)
        return {
            "AWS_ACCESS_KEY_ID": principal.access_key,
            "AWS_SECRET_ACCESS_KEY": principal.secret_key,
            "AWS_SESSION_TOKEN": principal.token,
        }

    def close(self) -> None:
        self.queue.stop()
        if self.runner:
            self.runner.close(abort=True)
