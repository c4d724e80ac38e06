"""EventBridge: rules on the default bus, by pattern or by schedule, with functions as targets."""

import copy
import dataclasses
import datetime
import json
import re
import threading
import typing
import uuid

from . import pattern as event_pattern
from .schedule import Scheduler, is_schedule
from .target_input import check_input, input_of
from ..core.protocols import JsonService, Member, number, text
from ..core.service import ACCOUNT_ID, Clock, Request, ServiceError

MAX_EVENTS_BYTES = 256 * 1024
_RULE = text(1, 64, required=True, pattern=r"[.\-_A-Za-z0-9]+")
_BUS = text(1, 1600)
_TARGET_ID = text(1, 64, required=True, pattern=r"[.\-_A-Za-z0-9]+")
_TARGET = Member(
    dict,
    members={
        "Id": _TARGET_ID,
        "Arn": text(1, 1600, required=True),
        "Input": text(0, 8192),
        "InputPath": text(0, 256),
        "RoleArn": text(1, 1600),
        "RetryPolicy": Member(
            dict,
            members={
                "MaximumRetryAttempts": number(0, 185),
                "MaximumEventAgeInSeconds": number(60, 86400),
            },
        ),
        "SqsParameters": Member(dict, members={"MessageGroupId": text(1, 128)}),
        "DeadLetterConfig": Member(dict, members={"Arn": text(1, 1600)}),
    },
)
_ENTRY = Member(
    dict,
    members={
        "Time": Member((int, float)),
        "Source": text(),
        "Resources": Member(list, items=text(0, 2048)),
        "DetailType": text(),
        "Detail": text(),
        "EventBusName": _BUS,
        "TraceHeader": text(1, 500),
    },
)

Deliver = typing.Callable[[str, bytes, str, str], None]


@dataclasses.dataclass
class Rule:
    name: str
    arn: str
    pattern: dict | None = None
    pattern_text: str = ""
    schedule: str = ""
    enabled: bool = True
    description: str = ""
    role: str = ""
    targets: dict[str, dict] = dataclasses.field(default_factory=dict)

    def describe(self) -> dict:
        optional = {
            "EventPattern": self.pattern_text,
            "ScheduleExpression": self.schedule,
            "Description": self.description,
            "RoleArn": self.role,
        }
        return {
            "Name": self.name,
            "Arn": self.arn,
            "State": "ENABLED" if self.enabled else "DISABLED",
            "EventBusName": "default",
            **{name: value for name, value in optional.items() if value},
        }


class EventsService(JsonService):
    name = "events"
    target_prefix = "AWSEvents"
    shapes = {
        "PutRule": {
            "Name": _RULE,
            "ScheduleExpression": text(0, 256),
            "EventPattern": text(0, 4096),
            "State": text(choices=("ENABLED", "DISABLED")),
            "Description": text(0, 512),
            "RoleArn": text(1, 1600),
            "Tags": Member(list),
            "EventBusName": _BUS,
        },
        "DescribeRule": {"Name": _RULE, "EventBusName": _BUS},
        "EnableRule": {"Name": _RULE, "EventBusName": _BUS},
        "DisableRule": {"Name": _RULE, "EventBusName": _BUS},
        "DeleteRule": {"Name": _RULE, "EventBusName": _BUS, "Force": Member(bool)},
        "ListRules": {
            "NamePrefix": text(1, 64),
            "EventBusName": _BUS,
            "NextToken": text(1, 2048),
            "Limit": number(1, 100),
        },
        "PutTargets": {
            "Rule": _RULE,
            "EventBusName": _BUS,
            "Targets": Member(list, required=True, least=1, most=100, items=_TARGET),
        },
        "RemoveTargets": {
            "Rule": _RULE,
            "EventBusName": _BUS,
            "Force": Member(bool),
            "Ids": Member(list, required=True, least=1, most=100, items=_TARGET_ID),
        },
        "ListTargetsByRule": {
            "Rule": _RULE,
            "EventBusName": _BUS,
            "NextToken": text(1, 2048),
            "Limit": number(1, 100),
        },
        "PutEvents": {
            "Entries": Member(list, required=True, least=1, most=10, items=_ENTRY),
            "EndpointId": text(1, 50),
        },
        "TestEventPattern": {"EventPattern": text(required=True), "Event": text(required=True)},
    }

    def __init__(
        self,
        clock: Clock,
        deliver: Deliver,
        region: str = "eu-west-1",
        minute_seconds: float = 60.0,
    ):
        """`deliver(target_arn, payload, rule_arn, group)` brings an event to a target; only a FIFO
        queue has a group. Enabled rules with a rate fire by themselves from start() on;
        `minute_seconds` is how long a minute of it lasts."""
        self.published: list[dict] = []  # every event that came in
        self._clock, self._deliver, self._region = clock, deliver, region
        self._lock = threading.RLock()
        self._rules: dict[str, Rule] = {}
        self._scheduler = Scheduler(self._fire_if_enabled, minute_seconds)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.stop()

    # --- for other services and tests ---

    def publish(self, event: dict) -> int:
        """An event of an AWS service, complete; how many targets took it."""
        with self._lock:
            self.published.append(copy.deepcopy(event))
            hit = [
                (rule, list(rule.targets.values()))
                for rule in self._rules.values()
                if rule.enabled
                and rule.pattern is not None
                and event_pattern.matches(rule.pattern, event)
            ]
        return sum(self._send(rule, targets, event) for rule, targets in hit)

    def fire(self, name: str) -> int:
        """Runs a schedule rule now; how many targets took it."""
        with self._lock:
            rule = self._find(name)
            if not rule.schedule:
                raise ServiceError("ValidationException", f"{name} is no schedule rule")
            if not rule.enabled:
                raise ServiceError("ValidationException", f"{name} is disabled")
            targets = list(rule.targets.values())
        return self._send_scheduled(rule, targets)

    def _fire_if_enabled(self, name: str) -> None:
        with self._lock:
            rule = self._rules.get(name)
            if rule is None or not rule.enabled:
                return
            targets = list(rule.targets.values())
        self._send_scheduled(rule, targets)

    def _send_scheduled(self, rule: Rule, targets: list[dict]) -> int:
        event = self.envelope("aws.events", "Scheduled Event", {}, [rule.arn])
        return self._send(rule, targets, event)

    def envelope(
        self,
        source: str,
        detail_type: str,
        detail: dict,
        resources: list[str],
        at: float | None = None,
    ) -> dict:
        moment = datetime.datetime.fromtimestamp(
            self._clock.now() if at is None else at, datetime.timezone.utc
        )
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT_ID,
            "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": resources,
            "detail": detail,
        }

    def _send(self, rule: Rule, targets: list[dict], event: dict) -> int:
        for target in targets:
            group = target.get("SqsParameters", {}).get("MessageGroupId", "")
            self._deliver(target["Arn"], input_of(target, event), rule.arn, group)
        return len(targets)

    def _schedule(self, rule: Rule) -> None:
        self._scheduler.set(rule.name, rule.schedule if rule.enabled else "")

    def _find(self, name: str) -> Rule:
        rule = self._rules.get(name)
        if rule is None:
            raise ServiceError(
                "ResourceNotFoundException", f"Rule {name} does not exist on EventBus default."
            )
        return rule

    # --- the API ---

    @staticmethod
    def _check_bus(data: dict) -> None:
        bus = data.get("EventBusName", "default")
        if bus.rpartition("/")[2] != "default":
            raise ServiceError("ResourceNotFoundException", f"Event bus {bus} does not exist.")

    def PutRule(self, data: dict, request: Request) -> dict:
        self._check_bus(data)
        pattern_text, schedule = data.get("EventPattern", ""), data.get("ScheduleExpression", "")
        if not pattern_text and not schedule:
            raise ServiceError(
                "ValidationException",
                "Parameter(s) EventPattern or ScheduleExpression must be specified.",
            )
        if schedule and not is_schedule(schedule):
            raise ServiceError("ValidationException", "Parameter ScheduleExpression is not valid.")
        pattern = _parse_pattern(pattern_text) if pattern_text else None
        with self._lock:
            old = self._rules.get(data["Name"])
            self._rules[data["Name"]] = rule = Rule(
                data["Name"],
                f"arn:aws:events:{self._region}:{ACCOUNT_ID}:rule/{data['Name']}",
                pattern,
                pattern_text,
                schedule,
                data.get("State", "ENABLED") == "ENABLED",
                data.get("Description", ""),
                data.get("RoleArn", ""),
                old.targets if old else {},
            )
            self._schedule(rule)
            return {"RuleArn": rule.arn}

    def DescribeRule(self, data: dict, request: Request) -> dict:
        self._check_bus(data)
        with self._lock:
            return {**self._find(data["Name"]).describe(), "CreatedBy": ACCOUNT_ID}

    def EnableRule(self, data: dict, request: Request) -> None:
        self._check_bus(data)
        with self._lock:
            rule = self._find(data["Name"])
            rule.enabled = True
            self._schedule(rule)

    def DisableRule(self, data: dict, request: Request) -> None:
        self._check_bus(data)
        with self._lock:
            rule = self._find(data["Name"])
            rule.enabled = False
            self._schedule(rule)

    def DeleteRule(self, data: dict, request: Request) -> None:
        self._check_bus(data)
        with self._lock:
            rule = self._rules.get(data["Name"])
            if rule and rule.targets:
                raise ServiceError(
                    "ValidationException", "Rule can't be deleted since it has targets."
                )
            self._rules.pop(data["Name"], None)
            self._scheduler.set(data["Name"], "")

    def ListRules(self, data: dict, request: Request) -> dict:
        self._check_bus(data)
        with self._lock:
            names = sorted(
                name for name in self._rules if name.startswith(data.get("NamePrefix", ""))
            )
            return _page([self._rules[name].describe() for name in names], "Rules", data)

    def PutTargets(self, data: dict, request: Request) -> dict:
        self._check_bus(data)
        with self._lock:
            rule = self._find(data["Rule"])
            for target in data["Targets"]:
                if not target["Arn"].startswith("arn:aws:"):
                    raise ServiceError(
                        "ValidationException",
                        (
                            f"Parameter {target['Arn']} is not valid. Reason: Provided Arn is "
                            "not in correct format."
                        ),
                    )
                if target.get("Input") and target.get("InputPath"):
                    raise ServiceError(
                        "ValidationException",
                        "Only one of Input, InputPath, or InputTransformer must be provided.",
                    )
                check_input(target)
            ids = set(rule.targets) | {target["Id"] for target in data["Targets"]}
            if len(ids) > 5:
                raise ServiceError(
                    "LimitExceededException",
                    "The requested resource exceeds the maximum number allowed.",
                )
            for target in data["Targets"]:
                rule.targets[target["Id"]] = target
            return {"FailedEntryCount": 0, "FailedEntries": []}

    def RemoveTargets(self, data: dict, request: Request) -> dict:
        self._check_bus(data)
        with self._lock:
            rule = self._find(data["Rule"])
            for target_id in data["Ids"]:
                rule.targets.pop(target_id, None)
            return {"FailedEntryCount": 0, "FailedEntries": []}

    def ListTargetsByRule(self, data: dict, request: Request) -> dict:
        self._check_bus(data)
        with self._lock:
            return _page(list(self._find(data["Rule"]).targets.values()), "Targets", data)

    def PutEvents(self, data: dict, request: Request) -> dict:
        size = sum(
            len(entry.get(name, "").encode())
            for entry in data["Entries"]
            for name in ("Source", "DetailType", "Detail")
        )
        if size > MAX_EVENTS_BYTES:
            raise ServiceError(
                "ValidationException", "Total size of the entries in the request is over the limit."
            )
        results = [self._put_event(entry) for entry in data["Entries"]]
        return {
            "FailedEntryCount": sum("ErrorCode" in result for result in results),
            "Entries": results,
        }

    def _put_event(self, entry: dict) -> dict:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                return _failed(
                    "InvalidArgument",
                    f"Parameter {name} is not valid. Reason: {name} is a required argument.",
                )
        if len(entry["DetailType"]) > 128:
            return _failed(
                "InvalidArgument",
                "Parameter DetailType is not valid. Reason: DetailType is too long.",
            )
        if entry["Source"].startswith("aws."):
            return _failed("NotAuthorizedForSourceException", "Not authorized for the source.")
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return _failed("MalformedDetail", "Detail is malformed.")
        try:
            self._check_bus(entry)
        except ServiceError:
            return {
                "EventId": str(uuid.uuid4())
            }  # EventBridge takes events for a bus that does not exist, and drops them
        event = self.envelope(
            entry["Source"],
            entry["DetailType"],
            detail,
            entry.get("Resources", []),
            entry.get("Time"),
        )
        self.publish(event)
        return {"EventId": event["id"]}

    def TestEventPattern(self, data: dict, request: Request) -> dict:
        pattern = _parse_pattern(data["EventPattern"])
        try:
            event = json.loads(data["Event"])
        except ValueError:
            event = None
        needed = ("id", "account", "source", "time", "region", "resources", "detail-type")
        if not isinstance(event, dict) or any(name not in event for name in needed):
            raise ServiceError(
                "ValidationException",
                "Parameter Event is not valid. Reason: it needs " + ", ".join(needed),
            )
        return {"Result": event_pattern.matches(pattern, event)}


def _failed(code: str, message: str) -> dict:
    return {"ErrorCode": code, "ErrorMessage": message}


def _parse_pattern(pattern: str) -> dict:
    try:
        return event_pattern.parse(pattern)
    except event_pattern.InvalidPattern as error:
        raise ServiceError("InvalidEventPatternException", str(error)) from None


def _page(items: list[dict], name: str, data: dict) -> dict:
    token = data.get("NextToken", "from-0")
    match = re.fullmatch("from-([0-9]{1,9})", token)
    if not match:
        raise ServiceError("ValidationException", "NextToken is not valid.")
    start = int(match[1])
    end = start + data.get("Limit", 100)
    return {name: items[start:end], **({"NextToken": f"from-{end}"} if end < len(items) else {})}
