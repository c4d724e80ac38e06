"""Bucket notifications: their configuration, which of them a change concerns, and the events themselves."""

import base64
import dataclasses
import hashlib
import itertools
import json
import time
import typing
import urllib.parse
import uuid
from xml.etree import ElementTree

from . import errors, xml as s3_xml
from .store import NULL_VERSION, Bucket, ObjectVersion
from ..core.service import ACCOUNT_ID, Clock, Principal

OWNER_ID = hashlib.sha256(ACCOUNT_ID.encode()).hexdigest()
_CREATED = ("Put", "Post", "Copy", "CompleteMultipartUpload")
_REMOVED = ("Delete", "DeleteMarkerCreated")
_EVENTS = {
    *(f"s3:ObjectCreated:{how}" for how in ("*", *_CREATED)),
    *(f"s3:ObjectRemoved:{how}" for how in ("*", *_REMOVED)),
}
_REASONS = {"Put": "PutObject", "Post": "POST Object", "Copy": "CopyObject"}
_DELETIONS = {"Delete": "Permanently Deleted", "DeleteMarkerCreated": "Delete Marker Created"}
# The service of an ARN -> what the wire calls its kind; the name of a function there is older.
_KINDS = {"lambda": "CloudFunction", "sqs": "Queue", "sns": "Topic"}

Notify = typing.Callable[[str, dict], None]  # ARN, event
Emit = typing.Callable[[dict], None]  # event for EventBridge


@dataclasses.dataclass(frozen=True)
class Rule:
    """Who is told of what: a function, a queue or a topic."""

    id: str
    arn: str
    events: list[str]
    prefix: str = ""
    suffix: str = ""

    def concerns(self, event: str, key: str) -> bool:
        """`event` is for example ObjectCreated:Put."""
        kind = "s3:" + event
        wanted = kind in self.events or f"{kind.rpartition(':')[0]}:*" in self.events
        return wanted and key.startswith(self.prefix) and key.endswith(self.suffix)

    def overlaps(self, other: "Rule") -> bool:
        """Whether some event on some key would concern both."""
        events = any(_same_event(one, two) for one in self.events for two in other.events)
        prefixes = self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)
        suffixes = self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix)
        return events and prefixes and suffixes

    @property
    def kind(self) -> str:
        return _KINDS[self.arn.split(":")[2]]


def _same_event(one: str, two: str) -> bool:
    same_family = one.rpartition(":")[0] == two.rpartition(":")[0]
    return one == two or (same_family and (one.endswith("*") or two.endswith("*")))


@dataclasses.dataclass(frozen=True)
class Configuration:
    rules: list[Rule] = dataclasses.field(default_factory=list)
    event_bridge: bool = False

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Configuration":
        if not text:
            return cls()
        fields = json.loads(text)
        return cls([Rule(**rule) for rule in fields["rules"]], fields["event_bridge"])

    def to_xml(self) -> bytes:
        children: list[tuple[str, s3_xml.Content]] = [
            (f"{rule.kind}Configuration", _rule_content(rule)) for rule in self.rules
        ]
        if self.event_bridge:
            children.append(("EventBridgeConfiguration", []))
        return s3_xml.document("NotificationConfiguration", children)


def _rule_content(rule: Rule) -> "list[tuple[str, s3_xml.Content]]":
    content: list[tuple[str, s3_xml.Content]] = [("Id", rule.id), (rule.kind, rule.arn)]
    content += [("Event", event) for event in rule.events]
    filters: list[tuple[str, s3_xml.Content]] = [
        ("FilterRule", [("Name", name), ("Value", value)])
        for name, value in (("Prefix", rule.prefix), ("Suffix", rule.suffix))
        if value
    ]
    if filters:
        content.append(("Filter", [("S3Key", filters)]))
    return content


def parse_configuration(data: bytes) -> Configuration:
    root = s3_xml.parse(data, "NotificationConfiguration")
    kinds = {f"{kind}Configuration": (service, kind) for service, kind in _KINDS.items()}
    s3_xml.expect_children(root, *kinds, "EventBridgeConfiguration")
    rules = [_parse_rule(element, *kinds[element.tag]) for element in root if element.tag in kinds]
    for one, two in itertools.combinations(rules, 2):
        if one.overlaps(two):
            message = (
                "Configurations overlap. Configurations on the same bucket cannot share a common event type "
                "for the same keys."
            )
            raise errors.S3Error("InvalidArgument", message)
    return Configuration(rules, root.find("EventBridgeConfiguration") is not None)


def _parse_rule(element: ElementTree.Element, service: str, kind: str) -> Rule:
    s3_xml.expect_children(element, "Id", kind, "Event", "Filter")
    arn = s3_xml.required(element, kind)
    if not arn.startswith("arn:") or f":{service}:" not in arn:
        raise errors.invalid_argument("The ARN could not be parsed", kind, arn)
    if arn.endswith(".fifo"):
        raise errors.invalid_argument("FIFO queues and topics cannot be told", kind, arn)
    events = [event.text or "" for event in element.findall("Event")]
    for event in events:
        if event not in _EVENTS:
            raise errors.invalid_argument("The event is not supported for notifications", "Event", event)
    if not events:
        raise errors.malformed_xml(f"{kind}Configuration needs Event")
    prefix, suffix = _parse_filter(element.find("Filter"))
    return Rule(s3_xml.text(element, "Id") or str(uuid.uuid4()), arn, events, prefix, suffix)


def _parse_filter(element: ElementTree.Element | None) -> tuple[str, str]:
    if element is None:
        return "", ""
    s3_xml.expect_children(element, "S3Key")
    found: dict[str, str] = {}
    for rule in element.findall("S3Key/FilterRule"):
        name = s3_xml.required(rule, "Name").lower()
        if name not in ("prefix", "suffix"):
            message = "filter rule name must be either prefix or suffix"
            raise errors.invalid_argument(message, "FilterRule.Name", name)
        if name in found:
            message = "Cannot specify more than one prefix rule and one suffix rule in a filter."
            raise errors.invalid_argument(message, "FilterRule.Name", name)
        found[name] = s3_xml.text(rule, "Value") or ""
    return found.get("prefix", ""), found.get("suffix", "")


@dataclasses.dataclass(frozen=True)
class Actor:
    """Who made the change, and in which request."""

    principal: Principal
    request_id: str

    @property
    def principal_id(self) -> str:
        return f"AWS:{self.principal.access_key}:{self.principal.arn.rpartition('/')[2]}"


@dataclasses.dataclass(frozen=True)
class Change:
    """What happened to one key. `event` is for example ObjectCreated:Put; a removal has no size and ETag."""

    event: str
    bucket: Bucket
    key: str
    version_id: str
    sequencer: str
    version: ObjectVersion | None  # the object made; None for a removal


def created(bucket: Bucket, version: ObjectVersion, how: str) -> Change:
    return Change(f"ObjectCreated:{how}", bucket, version.key, version.version_id, version.sequencer, version)


def host_id(request_id: str) -> str:
    """x-amz-id-2, which S3 gives beside every request id."""
    return base64.b64encode(hashlib.sha384(request_id.encode()).digest()).decode()


class Notifier:
    """Tells functions, queues, topics and EventBridge of changes, after they are committed."""

    def __init__(self, clock: Clock, notify: Notify, emit: Emit | None):
        self._clock, self._notify, self._emit = clock, notify, emit

    def tell(self, change: Change, actor: Actor) -> None:
        configuration = Configuration.from_json(change.bucket.notification)
        for rule in configuration.rules:
            if rule.concerns(change.event, change.key):
                self._notify(rule.arn, {"Records": [self._record(change, actor, rule)]})
        if configuration.event_bridge and self._emit:
            self._emit(self._bridge_event(change, actor))

    def test(self, bucket: str, configuration: Configuration, actor: Actor) -> None:
        """s3:TestEvent, once to each destination of a new configuration."""
        for arn in dict.fromkeys(rule.arn for rule in configuration.rules):
            event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": self._time(), "Bucket": bucket}
            self._notify(arn, {**event, "RequestId": actor.request_id, "HostId": host_id(actor.request_id)})

    def _time(self) -> str:
        now = self._clock.now()
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"

    def _record(self, change: Change, actor: Actor, rule: Rule) -> dict:
        # The key is form-encoded: a space is `+`, so a `+` is %2B.
        target: dict = {"key": urllib.parse.quote_plus(change.key, safe="/")}
        if change.version:
            target.update(size=change.version.size, eTag=change.version.etag)
        if change.version_id != NULL_VERSION:
            target["versionId"] = change.version_id
        target["sequencer"] = change.sequencer
        name = change.bucket.name
        bucket = {"name": name, "ownerIdentity": {"principalId": OWNER_ID}, "arn": f"arn:aws:s3:::{name}"}
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": change.bucket.region,
            "eventTime": self._time(),
            "eventName": change.event,
            "userIdentity": {"principalId": actor.principal_id},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": actor.request_id, "x-amz-id-2": host_id(actor.request_id)},
            "s3": {"s3SchemaVersion": "1.0", "configurationId": rule.id, "bucket": bucket, "object": target},
        }

    def _bridge_event(self, change: Change, actor: Actor) -> dict:
        family, _, how = change.event.partition(":")
        target: dict = {"key": change.key}  # not encoded here
        if change.version:
            target.update(size=change.version.size, etag=change.version.etag)
        if change.version_id != NULL_VERSION:
            target["version-id"] = change.version_id
        target["sequencer"] = change.sequencer.lower()
        detail: dict = {"version": "0", "bucket": {"name": change.bucket.name}, "object": target}
        detail.update({"request-id": actor.request_id, "requester": ACCOUNT_ID, "source-ip-address": "127.0.0.1"})
        detail["reason"] = _REASONS.get(how, how) if change.version else "DeleteObject"
        if not change.version:
            detail["deletion-type"] = _DELETIONS[how]
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Object Created" if family == "ObjectCreated" else "Object Deleted",
            "source": "aws.s3",
            "account": ACCOUNT_ID,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock.now())),
            "region": change.bucket.region,
            "resources": [f"arn:aws:s3:::{change.bucket.name}"],
            "detail": detail,
        }
