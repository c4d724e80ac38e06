"""The index of the local S3 in SQLite, and the files that it points to.

Object bytes lie in files with random names, so no key ever becomes a path. A file never changes once the
index names it, which lets readers go on while the object is replaced, and copies be hard links.
"""

import contextlib
import os
import pathlib
import secrets
import shutil
import sqlite3
import threading
import typing

_SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY, region TEXT NOT NULL, created INTEGER NOT NULL,
    versioning TEXT NOT NULL DEFAULT '', notification TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL, version_id TEXT NOT NULL,
    latest INTEGER NOT NULL, marker INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified INTEGER NOT NULL, file TEXT NOT NULL, attributes TEXT NOT NULL, sequencer TEXT NOT NULL,
    UNIQUE (bucket, key, version_id));
CREATE INDEX IF NOT EXISTS versions_by_key ON versions (bucket, key, seq DESC);
CREATE INDEX IF NOT EXISTS current_by_key ON versions (bucket, key) WHERE latest = 1;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, initiated INTEGER NOT NULL,
    attributes TEXT NOT NULL, algorithm TEXT NOT NULL, checksum_type TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uploads_by_key ON uploads (bucket, key, initiated, id);
CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified INTEGER NOT NULL, file TEXT NOT NULL, checksums TEXT NOT NULL,
    PRIMARY KEY (upload, number)) WITHOUT ROWID;
"""
COPY_BLOCK = 1 << 20


class StagedFile:
    """A file being written. It is removed unless `keep` moved it to its final name."""

    def __init__(self, area: "FileArea"):
        self._area = area
        self.name = secrets.token_hex(16)
        self.path = area.temporary / self.name
        self._handle: typing.BinaryIO | None = None

    @property
    def handle(self) -> typing.BinaryIO:
        if self._handle is None:
            # Buffered, because a raw file may take less than it is given, on a full disk for one.
            self._handle = open(self.path, "xb")
        return self._handle

    def link_from(self, name: str) -> None:
        """Becomes a second name of a kept file: a copy that costs nothing."""
        os.link(self._area.path(name), self.path)

    def keep(self) -> str:
        """Gives the complete file its final name in one step and returns it for the index."""
        self.close()
        target = self._area.path(self.name)
        target.parent.mkdir(exist_ok=True)
        os.rename(self.path, target)
        self.path = target
        return self.name

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()


class FileArea:
    """The folder of object bytes: `data` for what the index names, `temporary` for what is on its way."""

    def __init__(self, root: pathlib.Path):
        self._data, self.temporary = root / "data", root / "temporary"
        self._data.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()

    def path(self, name: str) -> pathlib.Path:
        return self._data / name[:2] / name

    def open(self, name: str) -> typing.BinaryIO:
        return open(self.path(name), "rb", buffering=0)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.path(name).unlink()

    @contextlib.contextmanager
    def stage(self) -> typing.Iterator[StagedFile]:
        """A new file; if the block raises, nothing of it is left, even when it was kept already."""
        staged = StagedFile(self)
        try:
            yield staged
        except BaseException:
            with contextlib.suppress(OSError):  # what could not be written before cannot be now
                staged.close()
            staged.path.unlink(missing_ok=True)
            raise
        staged.close()
        if staged.path.parent == self.temporary:
            staged.path.unlink(missing_ok=True)


class Database:
    """One SQLite connection under one lock; blocks that nest share the outermost transaction."""

    def __init__(self, path: pathlib.Path, files: FileArea):
        self._lock = threading.RLock()
        self._depth = 0
        self._forgotten: list[str] = []
        self._files = files
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_SCHEMA)

    @contextlib.contextmanager
    def transaction(self) -> typing.Iterator[None]:
        """All or nothing, and alone: what is read inside still holds when it is written."""
        with self._lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._forgotten.clear()
                if self._connection.in_transaction:  # not when SQLite itself gave up, on a full disk
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1
            forgotten, self._forgotten = self._forgotten, []
        for name in forgotten:
            self._files.remove(name)

    def forget_file(self, name: str) -> None:
        """Removes the file once the transaction that dropped it is committed."""
        if name:
            self._forgotten.append(name)

    def execute(self, sql: str, *values: typing.Any) -> None:
        with self._lock:
            self._connection.execute(sql, values)

    def rows(self, sql: str, *values: typing.Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: typing.Any) -> sqlite3.Row | None:
        with self._lock:
            return self._connection.execute(sql, values).fetchone()

    def close(self) -> None:
        with self._lock:
            self._connection.close()
