"""EventBridge patterns: what matches, and what is no pattern."""

import json
import unittest

from emulator.events import pattern as event_pattern

EVENT = {
    "source": "aws.redshift-data",
    "detail-type": "Status",
    "resources": ["arn:one", "arn:two"],
    "account": None,
    "detail": {
        "state": "FINISHED",
        "name": "17|load|2|external_file_framework",
        "rows": 5,
        "share": 0.5,
        "ok": True,
        "ip": "10.1.2.3",
        "steps": [{"id": 1, "end": "x"}, {"id": 2, "end": "y"}],
        "empty": [],
        "deep": {"a": {"b": "c"}},
    },
}

CASES = (  # pattern of detail, matches
    ({"state": ["FINISHED"]}, True),
    ({"state": ["FAILED", "ABORTED"]}, False),
    ({"state": ["FAILED"], "rows": [5]}, False),
    ({"name": [{"prefix": "17|"}]}, True),
    ({"name": [{"prefix": "7|"}]}, False),
    ({"name": [{"suffix": "|external_file_framework"}]}, True),
    ({"name": [{"suffix": "EXTERNAL_file_framework"}]}, False),
    ({"name": [{"suffix": {"equals-ignore-case": "EXTERNAL_file_framework"}}]}, True),
    ({"name": [{"wildcard": "17|*|2|*"}]}, True),
    ({"name": [{"wildcard": "17|load"}]}, False),
    ({"state": [{"anything-but": "FINISHED"}]}, False),
    ({"state": [{"anything-but": ["FAILED", "ABORTED"]}]}, True),
    ({"state": [{"anything-but": {"prefix": "FIN"}}]}, False),
    ({"state": [{"anything-but": {"prefix": ["A", "B"]}}]}, True),
    ({"state": [{"anything-but": {"suffix": "ED"}}]}, False),
    ({"rows": [{"anything-but": [4, 6]}]}, True),
    ({"gone": [{"anything-but": "x"}]}, False),
    ({"state": [{"equals-ignore-case": "finished"}]}, True),
    ({"state": [{"exists": True}]}, True),
    ({"state": [{"exists": False}]}, False),
    ({"gone": [{"exists": False}]}, True),
    ({"gone": [{"exists": True}]}, False),
    ({"deep": [{"exists": True}]}, False),
    ({"empty": [{"exists": False}]}, True),
    ({"rows": [{"numeric": [">", 4, "<=", 5]}]}, True),
    ({"rows": [{"numeric": ["=", 5.0]}]}, True),
    ({"share": [{"numeric": [">=", 1]}]}, False),
    ({"state": [{"numeric": [">", 0]}]}, False),
    ({"rows": ["5"]}, False),
    ({"ok": [True]}, True),
    ({"ok": [1]}, False),
    ({"ip": [{"cidr": "10.0.0.0/8"}]}, True),
    ({"ip": [{"cidr": "11.0.0.0/8"}]}, False),
    ({"steps": {"id": [2]}}, True),
    ({"steps": {"id": [1], "end": ["y"]}}, False),
    ({"deep": {"a": {"b": ["c"]}}}, True),
    ({"deep": {"a": {"b": ["d"]}}}, False),
    ({"deep": {"z": {"b": [{"exists": False}]}}}, True),
    ({"$or": [{"state": ["FAILED"]}, {"rows": [{"numeric": [">", 1]}]}]}, True),
    ({"$or": [{"state": ["FAILED"]}, {"rows": [0]}], "ok": [True]}, False),
)

INVALID = (
    "",
    "[]",
    "{}",
    '{"a":"b"}',
    '{"a":[]}',
    '{"a":{}}',
    '{"a":[{"prefix":1}]}',
    '{"a":[{"prefix":""}]}',
    '{"a":[{"sufix":"x"}]}',
    '{"a":[{"prefix":"x","suffix":"y"}]}',
    '{"a":[[1]]}',
    '{"a":[{"exists":"yes"}]}',
    '{"a":[{"numeric":[">"]}]}',
    '{"a":[{"numeric":["<",1,">",2]}]}',
    '{"a":[{"numeric":[">",2,"<",1]}]}',
    '{"a":[{"anything-but":[]}]}',
    '{"a":[{"anything-but":["x",1]}]}',
    '{"a":[{"anything-but":{"exists":true}}]}',
    '{"$or":[{"a":["b"]}]}',
    '{"$or":{"a":["b"]}}',
    '{"a":[{"cidr":"x"}]}',
    '{"a":[{"equals-ignore-case":5}]}',
)


class Patterns(unittest.TestCase):
    def test_matching(self):
        for detail, expected in CASES:
            with self.subTest(detail):
                pattern = event_pattern.parse(
                    json.dumps({"source": ["aws.redshift-data"], "detail": detail})
                )
                self.assertEqual(event_pattern.matches(pattern, EVENT), expected)

    def test_top_level_lists_and_null(self):
        self.assertTrue(
            event_pattern.matches(event_pattern.parse('{"resources":["arn:two"]}'), EVENT)
        )
        self.assertFalse(
            event_pattern.matches(event_pattern.parse('{"resources":["arn:three"]}'), EVENT)
        )
        self.assertTrue(event_pattern.matches(event_pattern.parse('{"account":[null]}'), EVENT))

    def test_invalid(self):
        for text in INVALID:
            with self.subTest(text), self.assertRaises(event_pattern.InvalidPattern):
                event_pattern.parse(text)


if __name__ == "__main__":
    unittest.main()
