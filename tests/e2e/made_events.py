"""Events as AWS sends them, made by tests."""

import datetime
import hashlib
import itertools
import time
import urllib.parse

from e2e.system import Row
from emulator.deployment import BUCKET

_sequence = itertools.count(0x0065D0)


def next_sequencer() -> str:
    """Later than all before it."""
    return f"{next(_sequence):010X}"


def s3_record(
    key: str,
    data: bytes | None = None,
    version_id: str = "",
    sequencer: str = "",
    event: str = "ObjectCreated:Put",
    event_time: float | None = None,
) -> Row:
    """One record of an S3 event on the bucket, for an object that was put in one piece, at
    `event_time` in seconds since 1970 or just now."""
    target: Row = {"key": urllib.parse.quote_plus(key, safe="/")}
    if data is not None:
        target.update(size=len(data), eTag=hashlib.md5(data).hexdigest())
    if version_id:
        target["versionId"] = version_id
    target["sequencer"] = sequencer or next_sequencer()
    bucket = {"name": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": _utc(time.time() if event_time is None else event_time),
        "eventName": event,
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "tests",
            "bucket": bucket,
            "object": target,
        },
    }


def _utc(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def s3_event(*records: Row) -> Row:
    return {"Records": list(records)}


def status_event(name: str, statement_id: str, state: str = "FINISHED") -> Row:
    """What EventBridge tells of a statement."""
    return {
        "version": "0",
        "id": "18e7079c-0000-4000-8000-000000000002",
        "detail-type": "Redshift Data Statement Status Change",
        "source": "aws.redshift-data",
        "detail": {
            "statementName": name,
            "statementId": statement_id,
            "redshiftQueryId": -1,
            "state": state,
            "rows": -1,
        },
    }
