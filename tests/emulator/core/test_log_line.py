import json
import unittest

from emulator.core.log_line import readable


class Readable(unittest.TestCase):
    def test_lines(self):
        entry = {
            "timestamp": "2026-11-20T23:20:58.123Z",
            "level": "INFO",
            "message": "file claimed",
            "requestId": "r",
            "key": "a b.txt",
            "state": "RECEIVED",
            "claim": 2,
            "again": False,
            "note": "",
            "odd": "\x1b[2J",
        }
        for line, expected in (
            (
                json.dumps(entry),
                '23:20:58.123 INFO  file claimed key="a b.txt" state=RECEIVED claim=2 again=false'
                ' note="" odd="\\u001b[2J"',
            ),
            ("START RequestId: 1 Version: $LATEST", None),
            ("REPORT RequestId: 1\tDuration: 3 ms", None),
            ('{"_aws": {"Timestamp": 1}, "Rows": 3}', None),
            (
                "RequestId: 1 Error: Runtime exited with error: exit status 1",
                "RequestId: 1 Error: Runtime exited with error: exit status 1",
            ),
            ("not \x1b[31mred", "not \ufffd[31mred"),
            ("[1]", "[1]"),
            ('{"message": "bare"}', "       bare"),
        ):
            with self.subTest(line):
                self.assertEqual(readable(line), expected)


if __name__ == "__main__":
    unittest.main()
