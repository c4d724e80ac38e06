"""CloudWatch Logs: the operations behind `aws logs tail`, `filter-log-events` and the describers.

Events are written by the functions only, through LogStore.
"""

import re
import typing

from .pattern import BadPattern, compile_pattern
from .store import Event, Group, LogStore
from ..core.protocols import JsonService, Member, number, text
from ..core.service import ACCOUNT_ID, Clock, Request, ServiceError

MOST_EVENTS = 10_000
PAGE_BYTES = 1 << 20
DESCRIBED = 50

_GROUP = text(1, 512, pattern=r"[.\-_/#A-Za-z0-9]+")
_GROUP_ID = text(1, 2048, pattern=r"[\w#+=/:,.@-]*")
_STREAM = text(1, 512, pattern=r"[^:*]*")
_TOKEN = text(1)
_TIME = number(0)
_FLAG = Member(bool)
_WHERE = {"logGroupName": _GROUP, "logGroupIdentifier": _GROUP_ID}
_WHEN = {
    "startTime": _TIME,
    "endTime": _TIME,
    "limit": number(1, MOST_EVENTS),
    "nextToken": _TOKEN,
    "unmask": _FLAG,
}


class LogsService(JsonService):
    name = "logs"
    target_prefix = "Logs_20140328"
    validation_code = "InvalidParameterException"
    shapes = {
        "DescribeLogGroups": {
            "logGroupNamePrefix": _GROUP,
            "logGroupNamePattern": text(0, 512),
            "limit": number(1, DESCRIBED),
            "nextToken": _TOKEN,
        },
        "DescribeLogStreams": {
            **_WHERE,
            "logStreamNamePrefix": _STREAM,
            "orderBy": text(choices=("LogStreamName", "LastEventTime")),
            "descending": _FLAG,
            "limit": number(1, DESCRIBED),
            "nextToken": _TOKEN,
        },
        "FilterLogEvents": {
            **_WHERE,
            **_WHEN,
            "logStreamNames": Member(list, least=1, most=100, items=_STREAM),
            "logStreamNamePrefix": _STREAM,
            "filterPattern": text(0, 1024),
            "interleaved": _FLAG,
        },
        "GetLogEvents": {
            **_WHERE,
            **_WHEN,
            "logStreamName": text(1, 512, required=True, pattern=r"[^:*]*"),
            "startFromHead": _FLAG,
        },
    }

    def __init__(self, clock: Clock, region: str = "eu-west-1"):
        self.store = LogStore(clock)
        self._region = region

    # --- groups and streams ---

    def DescribeLogGroups(self, data: dict, request: Request) -> dict:
        prefix, part = data.get("logGroupNamePrefix", ""), data.get("logGroupNamePattern", "")
        if prefix and part:
            raise _invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive.")
        groups = [
            group
            for group in self.store.groups()
            if group.name.startswith(prefix) and part in group.name
        ]
        return _page("logGroups", [self._describe(group) for group in groups], "logGroupName", data)

    def _describe(self, group: Group) -> dict:
        arn = self._arn(group)
        return {
            "logGroupName": group.name,
            "creationTime": group.created,
            "metricFilterCount": 0,
            "arn": f"{arn}:*",
            "logGroupArn": arn,
            "logGroupClass": "STANDARD",
            "storedBytes": group.size,
        }

    def _arn(self, group: Group) -> str:
        return f"arn:aws:logs:{self._region}:{ACCOUNT_ID}:log-group:{group.name}"

    def DescribeLogStreams(self, data: dict, request: Request) -> dict:
        group = self._group(data)
        prefix = data.get("logStreamNamePrefix", "")
        by_time = data.get("orderBy") == "LastEventTime"
        if prefix and by_time:
            raise _invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        streams = [item for item in self.store.streams(group) if item.name.startswith(prefix)]
        if by_time:
            streams.sort(key=lambda stream: stream.last)
        if data.get("descending"):
            streams.reverse()
        described = [
            {
                "logStreamName": stream.name,
                "creationTime": stream.created,
                "firstEventTimestamp": stream.first,
                "lastEventTimestamp": stream.last,
                "lastIngestionTime": stream.last,
                "arn": f"{self._arn(group)}:log-stream:{stream.name}",
                "storedBytes": 0,
            }
            for stream in streams
        ]
        return _page("logStreams", described, "logStreamName", data)

    def _group(self, data: dict) -> Group:
        """By name or ARN."""
        name, identifier = data.get("logGroupName"), data.get("logGroupIdentifier")
        if (name is None) == (identifier is None):
            raise _invalid("Exactly one of logGroupName and logGroupIdentifier is needed.")
        group = self.store.group(name or re.sub(r"^arn:aws:logs:.*:log-group:", "", identifier))
        if group is None:
            raise _missing("The specified log group does not exist.")
        return group

    # --- events ---

    def FilterLogEvents(self, data: dict, request: Request) -> dict:
        names, prefix = data.get("logStreamNames"), data.get("logStreamNamePrefix")
        if names is not None and prefix is not None:
            raise _invalid("logStreamNames and logStreamNamePrefix are mutually exclusive.")
        try:
            matches = compile_pattern(data.get("filterPattern", ""))
        except BadPattern as error:
            raise _invalid(f"Invalid filter pattern: {error}") from None
        group = self._group(data)
        _, after = _cursor(data.get("nextToken", "f/0"))
        found = (
            event
            for event in self.store.events(group)
            if event.number > after
            and data.get("startTime", 0) <= event.at <= data.get("endTime", event.at)
            and (names is None or event.stream in names)
            and (prefix is None or event.stream.startswith(prefix))
            and matches(event.message)
        )
        events, more = _fill(found, data)
        answer = {
            "events": [
                {
                    "logStreamName": event.stream,
                    "timestamp": event.at,
                    "message": event.message,
                    "ingestionTime": event.at,
                    "eventId": f"{event.number:056}",
                }
                for event in events
            ],
            "searchedLogStreams": [],
        }
        return {**answer, "nextToken": f"f/{events[-1].number}"} if more else answer

    def GetLogEvents(self, data: dict, request: Request) -> dict:
        """Pages in both directions; a page at an end has the token that asked for it."""
        group = self._group(data)
        events = [
            event for event in self.store.events(group) if event.stream == data["logStreamName"]
        ]
        if not events:
            raise _missing("The specified log stream does not exist.")
        events = [
            event
            for event in events
            if data.get("startTime", 0) <= event.at < data.get("endTime", event.at + 1)
        ]
        start = "f/0" if data.get("startFromHead") else f"b/{self.store.last + 1}"
        forward, place = _cursor(data.get("nextToken", start))
        if forward:
            page, _ = _fill([event for event in events if event.number > place], data)
            first, last = place + 1, place
        else:
            page = _fill([event for event in events[::-1] if event.number < place], data)[0][::-1]
            first, last = place, place - 1
        if page:
            first, last = page[0].number, page[-1].number
        return {
            "events": [
                {"timestamp": event.at, "message": event.message, "ingestionTime": event.at}
                for event in page
            ],
            "nextForwardToken": f"f/{last}",
            "nextBackwardToken": f"b/{first}",
        }


def _fill(events: typing.Iterable[Event], data: dict) -> tuple[list[Event], bool]:
    """As many events as one answer may hold, and whether any are left."""
    page: list[Event] = []
    size = 0
    for event in events:
        size += event.size
        if page and (len(page) == data.get("limit", MOST_EVENTS) or size > PAGE_BYTES):
            return page, True
        page.append(event)
    return page, False


def _page(member: str, items: list[dict], key: str, data: dict) -> dict:
    """The token is the name of the last item shown."""
    names = [item[key] for item in items]
    token = data.get("nextToken")
    if token is not None and token not in names:
        raise _invalid("The specified nextToken is invalid.")
    begin = names.index(token) + 1 if token is not None else 0
    end = begin + data.get("limit", DESCRIBED)
    answer: dict = {member: items[begin:end]}
    return {**answer, "nextToken": names[end - 1]} if end < len(items) else answer


def _cursor(token: str) -> tuple[bool, int]:
    """Whether to go forward, and the number of the event from which."""
    parts = re.fullmatch("([fb])/([0-9]{1,18})", token)
    if not parts:
        raise _invalid("The specified nextToken is invalid.")
    return parts[1] == "f", int(parts[2])


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)


def _missing(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message)
