"""Multipart uploads that are not complete yet, and their parts."""

import dataclasses
import json
import secrets
import sqlite3
import typing

from . import errors
from .database import StagedFile
from .store import Attributes, ObjectStore


@dataclasses.dataclass(frozen=True)
class Upload:
    id: str
    bucket: str
    key: str
    initiated: int
    attributes: Attributes
    algorithm: str  # "" if none was declared
    checksum_type: str  # "COMPOSITE" or "FULL_OBJECT", "" without an algorithm

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> "Upload":
        return cls(**{**dict(row), "attributes": Attributes.from_json(row["attributes"])})


@dataclasses.dataclass(frozen=True)
class Part:
    number: int
    size: int
    etag: str
    modified: int
    file: str
    checksums: dict[str, str]

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> "Part":
        fields = {**dict(row), "checksums": json.loads(row["checksums"])}
        del fields["upload"]
        return cls(**fields)


class UploadStore:
    def __init__(self, store: ObjectStore):
        self._store, self._database = store, store.database

    def create(self, bucket: str, key: str, attributes: Attributes, algorithm: str, checksum_type: str) -> Upload:
        now = self._store.now()
        # Ids rise with time, because listings go on after an id.
        upload_id = f"{now:010x}.{secrets.token_urlsafe(30)}"
        upload = Upload(upload_id, bucket, key, now, attributes, algorithm, checksum_type)
        values = (upload_id, bucket, key, now, attributes.to_json(), algorithm, checksum_type)
        with self._database.transaction():
            self._store.bucket(bucket)
            self._database.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?)", *values)
        return upload

    def find(self, bucket: str, key: str, upload_id: str) -> Upload:
        sql = "SELECT * FROM uploads WHERE id = ? AND bucket = ? AND key = ?"
        row = self._database.row(sql, upload_id, bucket, key)
        if row is None:
            raise errors.no_such_upload(upload_id)
        return Upload.from_row(row)

    def put_part(
        self, upload: Upload, number: int, staged: StagedFile, size: int, etag: str, checksums: dict[str, str]
    ) -> Part:
        """Adds or replaces a part, unless the upload ended while its body came."""
        with self._database.transaction():
            self.find(upload.bucket, upload.key, upload.id)
            old = self._database.row("SELECT file FROM parts WHERE upload = ? AND number = ?", upload.id, number)
            if old:
                self._database.forget_file(old["file"])
            part = Part(number, size, etag, self._store.now(), staged.keep(), checksums)
            values = (upload.id, number, size, etag, part.modified, part.file, json.dumps(checksums))
            self._database.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)", *values)
        return part

    def parts(self, upload: Upload) -> list[Part]:
        sql = "SELECT * FROM parts WHERE upload = ? ORDER BY number"
        return [Part.from_row(row) for row in self._database.rows(sql, upload.id)]

    def remove(self, upload: Upload) -> None:
        """Ends the upload and drops its parts; NoSuchUpload if somebody else ended it first."""
        with self._database.transaction():
            self.find(upload.bucket, upload.key, upload.id)
            for part in self.parts(upload):
                self._database.forget_file(part.file)
            self._database.execute("DELETE FROM parts WHERE upload = ?", upload.id)
            self._database.execute("DELETE FROM uploads WHERE id = ?", upload.id)

    def list(self, bucket: str, prefix: str, key_marker: str, id_marker: str) -> typing.Iterator[Upload]:
        """By key, then by id; after the key marker, or within it after the id marker if there is one."""
        where = "bucket = ? AND (key > ? OR (key = ? AND ? != '' AND id > ?))"
        sql = f"SELECT * FROM uploads WHERE {where} ORDER BY key, id"
        for row in self._database.rows(sql, bucket, key_marker, key_marker, id_marker, id_marker):
            if row["key"].startswith(prefix):
                yield Upload.from_row(row)
