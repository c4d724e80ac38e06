"""What layers/native reads of Debian's lists of sources."""

import os
import pathlib
import tempfile
import unittest

from e2e.commands import must


class DebianEntries(unittest.TestCase):
    """Where the sources come from, whatever form the machine's own lists of packages have."""

    SIGNED = "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "

    def entries(self, files: dict[str, str]) -> list[str]:
        with tempfile.TemporaryDirectory() as etc:
            os.mkdir(f"{etc}/sources.list.d")
            for name, text in files.items():
                pathlib.Path(etc, name).write_text(text)
            lines = must("layers/native/build.sh", "--debian-entries", etc, "bookworm").splitlines()
        self.assertTrue(all(line.startswith(self.SIGNED) for line in lines), lines)
        return [line.removeprefix(self.SIGNED) for line in lines]

    def test_lines(self):
        found = self.entries({"sources.list": (
            "# deb http://commented.test/debian bookworm main\n"
            "deb [arch=amd64 trusted=yes] http://mirror.test/debian bookworm contrib main # end\n"
            "deb http://mirror.test/debian trixie main\n"
            "deb http://mirror.test/debian bookworm-backports main\n"
            "deb http://mirror.test/other bookworm contrib\n"
            "deb-src http://mirror.test/debian bookworm main\n"
            "deb http://pgdg.test/repos bookworm-pgdg main"
        ), "sources.list.d/security.list": "deb http://mirror.test/security bookworm-security main\n"})
        self.assertEqual(found, [
            "http://mirror.test/debian bookworm main",
            "http://mirror.test/security bookworm-security main",
        ])

    def test_stanzas(self):
        other = "Types: deb\nURIs: http://%s.test\nSuites: bookworm\nComponents: main"
        found = self.entries({
            "sources.list.d/debian.sources": (
                "types: deb\n# a comment\nURIs: http://one.test/debian\n  http://two.test/debian\n"
                "Suites: bookworm\tbookworm-updates\nComponents: contrib\n main\nSigned-By: /x\n \n"
                "Types: deb\nURIs: http://off.test/debian\nSuites: bookworm\nComponents: main\nEnabled: No\n"
            ),
            "sources.list.d/other.sources": other % "three",
            "sources.list.d/another.sources": other % "four",
            "sources.list.d/old.sources.disabled": other % "disabled",
        })
        self.assertEqual(found, [
            "http://four.test bookworm main",
            "http://one.test/debian bookworm main",
            "http://one.test/debian bookworm-updates main",
            "http://three.test bookworm main",
            "http://two.test/debian bookworm main",
            "http://two.test/debian bookworm-updates main",
        ])

    def test_debian_itself_when_there_is_none(self):
        self.assertEqual(self.entries({}), [
            "http://deb.debian.org/debian bookworm main",
            "http://deb.debian.org/debian bookworm-updates main",
            "http://deb.debian.org/debian-security bookworm-security main",
        ])


if __name__ == "__main__":
    unittest.main()
