"""Buckets and object versions: what is current, what a put or a delete makes of it."""

import dataclasses
import json
import pathlib
import re
import secrets
import sqlite3
import typing

from . import errors
from .database import Database, FileArea, StagedFile
from ..core.service import Clock

NULL_VERSION = "null"
_PAGE = 1000


@dataclasses.dataclass(frozen=True)
class Bucket:
    name: str
    region: str
    created: int
    versioning: str  # "" (never enabled), "Enabled" or "Suspended"
    notification: str  # JSON as notifications.py writes it, "" for none


@dataclasses.dataclass(frozen=True)
class Attributes:
    """What an object carries beside its bytes."""

    headers: dict[str, str] = dataclasses.field(default_factory=dict)  # as GET replies them
    checksums: dict[str, str] = dataclasses.field(default_factory=dict)  # algorithm to base64
    checksum_type: str = "FULL_OBJECT"
    tags: dict[str, str] = dataclasses.field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Attributes":
        return cls(**json.loads(text))


@dataclasses.dataclass(frozen=True)
class ObjectVersion:
    bucket: str
    key: str
    version_id: str
    seq: int
    latest: bool
    marker: bool  # a delete marker, which has no bytes
    size: int
    etag: str  # without quotes
    modified: int  # whole seconds, so that HEAD and a listing tell the same time
    file: str
    attributes: Attributes
    sequencer: str

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> "ObjectVersion":
        fields = dict(row)
        fields["latest"], fields["marker"] = bool(row["latest"]), bool(row["marker"])
        fields["attributes"] = Attributes.from_json(row["attributes"])
        return cls(**fields)


@dataclasses.dataclass(frozen=True)
class NewObject:
    """A complete body that only needs its place in the index."""

    staged: StagedFile
    size: int
    etag: str
    attributes: Attributes


@dataclasses.dataclass(frozen=True)
class Deletion:
    """What a delete did: `marker` is the delete marker made, `removed` the version that is gone."""

    marker: ObjectVersion | None = None
    removed: ObjectVersion | None = None
    sequencer: str = ""


def is_version_id(text: str) -> bool:
    """Whether S3 could have given this id; of the others it says that they are invalid, not that they are gone."""
    return text == NULL_VERSION or bool(re.fullmatch("[0-9a-f]{32}", text))


def _new_version_id(sequencer: str) -> str:
    """Carries its place in the history, so a listing can go on after a version that was deleted meanwhile."""
    return secrets.token_hex(7) + sequencer.lower()


def sequencer_of(version_id: str) -> str:
    return version_id[14:].upper()


# Decides inside the transaction whether the current version allows the write; raises if not.
Guard = typing.Callable[[ObjectVersion | None], None]


def always(_current: ObjectVersion | None) -> None:
    """The guard of an unconditional write."""


class ObjectStore:
    def __init__(self, root: pathlib.Path, clock: Clock):
        root.mkdir(parents=True, exist_ok=True)
        self.files = FileArea(root)
        self.database = Database(root / "index.sqlite", self.files)
        self._clock = clock
        self._last_sequencer = 0

    def now(self) -> int:
        return int(self._clock.now())

    # Buckets

    def buckets(self) -> list[Bucket]:
        return [Bucket(**dict(row)) for row in self.database.rows("SELECT * FROM buckets ORDER BY name")]

    def find_bucket(self, name: str) -> Bucket | None:
        row = self.database.row("SELECT * FROM buckets WHERE name = ?", name)
        return Bucket(**dict(row)) if row else None

    def bucket(self, name: str) -> Bucket:
        found = self.find_bucket(name)
        if found is None:
            raise errors.no_such_bucket(name)
        return found

    def create_bucket(self, name: str, region: str) -> None:
        sql = "INSERT INTO buckets (name, region, created) VALUES (?, ?, ?)"
        self.database.execute(sql, name, region, self.now())

    def delete_bucket(self, name: str) -> None:
        with self.database.transaction():
            self.bucket(name)
            if self.database.row("SELECT 1 FROM versions WHERE bucket = ? LIMIT 1", name):
                message = "The bucket you tried to delete is not empty"
                raise errors.S3Error("BucketNotEmpty", message, 409, BucketName=name)
            parts = "SELECT id FROM uploads WHERE bucket = ?"
            for row in self.database.rows(f"SELECT file FROM parts WHERE upload IN ({parts})", name):
                self.database.forget_file(row["file"])
            self.database.execute(f"DELETE FROM parts WHERE upload IN ({parts})", name)
            self.database.execute("DELETE FROM uploads WHERE bucket = ?", name)
            self.database.execute("DELETE FROM buckets WHERE name = ?", name)

    def set_versioning(self, name: str, status: str) -> None:
        self.database.execute("UPDATE buckets SET versioning = ? WHERE name = ?", status, name)

    def set_notification(self, name: str, configuration: str) -> None:
        self.database.execute("UPDATE buckets SET notification = ? WHERE name = ?", configuration, name)

    # Versions

    def latest(self, bucket: str, key: str) -> ObjectVersion | None:
        """The newest version, which may be a delete marker."""
        sql = "SELECT * FROM versions WHERE bucket = ? AND key = ? AND latest = 1"
        row = self.database.row(sql, bucket, key)
        return ObjectVersion.from_row(row) if row else None

    def version(self, bucket: str, key: str, version_id: str) -> ObjectVersion | None:
        sql = "SELECT * FROM versions WHERE bucket = ? AND key = ? AND version_id = ?"
        row = self.database.row(sql, bucket, key, version_id)
        return ObjectVersion.from_row(row) if row else None

    def put(self, bucket_name: str, key: str, new: NewObject, guard: Guard = always) -> ObjectVersion:
        """Makes the staged body the current version of the key, if `guard` lets it."""
        with self.database.transaction():
            bucket = self.bucket(bucket_name)
            guard(self.latest(bucket_name, key))
            return self._insert(bucket, key, new)

    def delete(self, bucket_name: str, key: str, version_id: str | None = None, guard: Guard = always) -> Deletion:
        """Deletes as the bucket's versioning has it; a key that is not there is no error."""
        with self.database.transaction():
            bucket = self.bucket(bucket_name)
            guard(self.latest(bucket_name, key))
            if version_id is not None:
                return Deletion(removed=self._remove(bucket_name, key, version_id), sequencer=self._sequencer())
            if not bucket.versioning:
                return Deletion(removed=self._remove(bucket_name, key, NULL_VERSION), sequencer=self._sequencer())
            marker = self._insert(bucket, key, None)
            return Deletion(marker=marker, sequencer=marker.sequencer)

    def set_tags(self, version: ObjectVersion, tags: dict[str, str]) -> None:
        attributes = dataclasses.replace(version.attributes, tags=tags)
        self.database.execute("UPDATE versions SET attributes = ? WHERE seq = ?", attributes.to_json(), version.seq)

    def _insert(self, bucket: Bucket, key: str, new: NewObject | None) -> ObjectVersion:
        """Adds a version, or a delete marker if there is no body."""
        sequencer = self._sequencer()
        version_id = _new_version_id(sequencer) if bucket.versioning == "Enabled" else NULL_VERSION
        if version_id == NULL_VERSION:
            self._remove(bucket.name, key, NULL_VERSION)
        outdated = "UPDATE versions SET latest = 0 WHERE bucket = ? AND key = ? AND latest = 1"
        self.database.execute(outdated, bucket.name, key)
        attributes = new.attributes if new else Attributes()
        columns = "bucket, key, version_id, latest, marker, size, etag, modified, file, attributes, sequencer"
        self.database.execute(
            f"INSERT INTO versions ({columns}) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
            *(bucket.name, key, version_id, new is None, new.size if new else 0, new.etag if new else ""),
            *(self.now(), new.staged.keep() if new else "", attributes.to_json(), sequencer),
        )
        inserted = self.version(bucket.name, key, version_id)
        assert inserted is not None
        return inserted

    def _remove(self, bucket: str, key: str, version_id: str) -> ObjectVersion | None:
        """Removes one version for good; the newest of those left becomes current."""
        gone = self.version(bucket, key, version_id)
        if gone is None:
            return None
        self.database.execute("DELETE FROM versions WHERE seq = ?", gone.seq)
        self.database.forget_file(gone.file)
        newest = "SELECT max(seq) FROM versions WHERE bucket = ? AND key = ?"
        self.database.execute(f"UPDATE versions SET latest = 1 WHERE seq = ({newest})", bucket, key)
        return gone

    def _sequencer(self) -> str:
        """Rises with every change (the caller holds the transaction), in the form of S3's own."""
        self._last_sequencer = max(self._last_sequencer + 1, int(self._clock.now() * 1_000_000))
        return f"{self._last_sequencer:018X}"

    # Listings, lazily and in pages so that no lock is held while a caller works

    def current_objects(self, bucket: str, prefix: str = "", after: str = "") -> typing.Iterator[ObjectVersion]:
        """Current objects in the order of their UTF-8 bytes, after the key `after`."""
        where = "bucket = ? AND latest = 1 AND marker = 0 AND key >= ? AND key > ?"
        sql = f"SELECT * FROM versions WHERE {where} ORDER BY key LIMIT {_PAGE}"
        while True:
            rows = self.database.rows(sql, bucket, prefix, after)
            for row in rows:
                if not row["key"].startswith(prefix):
                    return
                yield ObjectVersion.from_row(row)
            if len(rows) < _PAGE:
                return
            after = rows[-1]["key"]

    def all_versions(self, bucket: str, prefix: str, after: str, before: str) -> typing.Iterator[ObjectVersion]:
        """Every version and delete marker by key, newest first. Goes on after the key `after`, with those of
        its versions that are older than the sequencer `before` ("" for none)."""
        where = "bucket = ? AND key >= ? AND (key > ? OR (key = ? AND sequencer < ?))"
        sql = f"SELECT * FROM versions WHERE {where} ORDER BY key, seq DESC LIMIT {_PAGE}"
        while True:
            rows = self.database.rows(sql, bucket, max(prefix, after), after, after, before)
            for row in rows:
                if not row["key"].startswith(prefix):
                    return
                yield ObjectVersion.from_row(row)
            if len(rows) < _PAGE:
                return
            after, before = rows[-1]["key"], rows[-1]["sequencer"]

    def close(self) -> None:
        self.database.close()
