"""Deployment packages: what a zip must hold for an OS-only runtime, unpacking it, and a file system
of its own around it."""

import base64
import hashlib
import io
import pathlib
import stat
import typing
import zipfile

from ..core.service import ServiceError

MAX_UNZIPPED = 250 << 20


def code_sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def unpack(data: bytes, folder: pathlib.Path) -> None:
    """Unpacks into a new folder; refuses what would not start in Lambda."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            _check(members)
            folder.mkdir(parents=True)
            for member in members:
                _extract(package, member, folder)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise _refused(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
            f" ({error})"
        ) from None


def make_root(folder: pathlib.Path, files: typing.Mapping[str, bytes]) -> None:
    """Adds these files, by their absolute path, and /tmp."""
    (folder / "tmp").mkdir(mode=0o700)
    for name, data in files.items():
        file = folder / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def _check(members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise _refused("the package holds a name twice")
    for member in members:
        parts = pathlib.PurePosixPath(member.filename).parts
        if member.filename.startswith("/") or ".." in parts or "\\" in member.filename:
            raise _refused(f"the package holds the unsafe name {member.filename!r}")
        if stat.S_ISLNK(_mode(member)):
            raise _refused(f"{member.filename!r} is a symbolic link")
    if sum(member.file_size for member in members) > MAX_UNZIPPED:
        raise _refused(f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes")
    bootstrap = next((member for member in members if member.filename == "bootstrap"), None)
    if bootstrap is None:
        raise _refused("an OS-only runtime needs a file `bootstrap` at the root of the package")
    if _mode(bootstrap) & 0o777 != 0o755:
        raise _refused(
            f"`bootstrap` has mode {_mode(bootstrap) & 0o777:04o}; Lambda starts it only with 0755"
        )


def _extract(package: zipfile.ZipFile, member: zipfile.ZipInfo, folder: pathlib.Path) -> None:
    target = folder / member.filename
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(package.read(member))
    target.chmod(_mode(member) & 0o777 or 0o644)


def _mode(member: zipfile.ZipInfo) -> int:
    return member.external_attr >> 16


def _refused(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValueException", message, 400)
