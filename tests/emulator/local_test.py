"""What tests of the whole local AWS share: one instance for each class, `aws`, packages."""

import io
import pathlib
import tempfile
import unittest
import zipfile

from .aws_cli import AwsCli, CliError
from .local import LocalAws

ROLE = "arn:aws:iam::111122223333:role/loader"
SCRIPTED = pathlib.Path(__file__).with_name("lambda_") / "scripted_bootstrap.py"


def package(bootstrap: bytes | None = None, mode: int = 0o755, name: str = "bootstrap") -> bytes:
    """A deployment package; by default of the scripted bootstrap."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (0o100000 | mode) << 16
        archive.writestr(entry, SCRIPTED.read_bytes() if bootstrap is None else bootstrap)
    return data.getvalue()


class LocalAwsTest(unittest.TestCase):
    """`options` are those of LocalAws."""

    options: dict = {"with_redshift": False}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="local-aws-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.local = LocalAws(cls.folder / "root", **cls.options)
        cls.addClassCleanup(cls.local.stop)
        cls.local.start()
        cls.aws = AwsCli(cls.local.environment())

    def refused(self, code: str, *arguments: str) -> str:
        """Runs a command that must be refused with this error code; what it wrote."""
        with self.assertRaises(CliError) as caught:
            self.aws.run(*arguments)
        self.assertIn(f"({code})", caught.exception.text)
        return caught.exception.text

    def file(self, name: str, data: bytes) -> str:
        """A file in the test's folder."""
        path = self.folder / name
        path.write_bytes(data)
        return str(path)
