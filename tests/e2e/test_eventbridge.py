"""eventbridge/: each pattern takes the statements that it is for, and no others."""

import json
import pathlib
import unittest

from emulator.events import pattern as event_pattern

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "eventbridge"
OURS = "0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11|transform|1|527|rdsftetl.dc_x_pa_flavor|external_file_framework"
FRAMEWORK = "527|s|t|s3://b/k_527.txt|527|call p()|None|external_file_frameowrk"
PLACES = {"REGION": "eu-west-1", "ACCOUNT": "111122223333", "CLUSTER": "dw"}
CLUSTER = "arn:aws:redshift:eu-west-1:111122223333:cluster:dw"
WORKGROUP = "arn:aws:redshift-serverless:eu-west-1:111122223333:workgroup/0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11"


def event(name: str = OURS, state: str = "FINISHED", resource: str = CLUSTER, **changes) -> dict:
    return {
        "version": "0", "id": "18e7079c-0000-4000-8000-000000000002", "source": "aws.redshift-data",
        "detail-type": "Redshift Data Statement Status Change", "account": "111122223333", "region": "eu-west-1",
        "time": "2026-11-20T20:28:10Z", "resources": [resource],
        "detail": {"statementName": name, "statementId": "dd2e1ec9-2ee3-49a0-819f-905fa7d75a4a", "state": state},
        **changes,
    }  # fmt: skip


class Patterns(unittest.TestCase):
    def matches(self, file: str, told: dict) -> bool:
        text = (FOLDER / file).read_text()
        for place, value in PLACES.items():
            text = text.replace(place, value)
        return event_pattern.matches(event_pattern.parse(text), told)

    def test_ends_of_our_statements_anywhere(self):
        for state in ("FINISHED", "FAILED", "ABORTED"):
            for resource in (CLUSTER, WORKGROUP):
                self.assertTrue(self.matches("statement_status.json", event(state=state, resource=resource)))
        for other in (event(state="STARTED"), event(name=FRAMEWORK), event(name="external_file_framework"),
                      event(name=OURS + "2"), event(source="aws.redshift"), event(detail={})):  # fmt: skip
            self.assertFalse(self.matches("statement_status.json", other))

    def test_of_one_cluster(self):
        file = "statement_status_cluster.json"
        self.assertTrue(self.matches(file, event()))
        for resource in (CLUSTER + "2", CLUSTER.replace("eu-west-1", "eu-west-2"), WORKGROUP):
            self.assertFalse(self.matches(file, event(resource=resource)))

    def test_of_serverless_workgroups(self):
        file = "statement_status_serverless.json"
        self.assertTrue(self.matches(file, event(resource=WORKGROUP)))
        self.assertFalse(self.matches(file, event()))
        self.assertFalse(self.matches(file, event(resource=WORKGROUP.replace("1111", "2222"))))

    def test_of_the_framework(self):
        file = "statement_status_legacy.json"
        self.assertTrue(self.matches(file, event(name=FRAMEWORK)))
        self.assertFalse(self.matches(file, event()))

    def test_objects_under_a_landing_prefix(self):
        file = "object_created.json"
        for kind, bucket, key, expected in (
            ("Object Created", "landing", "external_input/A_527.txt", True),
            ("Object Deleted", "landing", "external_input/A_527.txt", False),
            ("Object Created", "landing", "archive/A_527.txt", False),
            ("Object Created", "landing2", "external_input/A_527.txt", False),
        ):
            detail = {"bucket": {"name": bucket}, "object": {"key": key}}
            told = {"source": "aws.s3", "detail-type": kind, "detail": detail}
            self.assertEqual(self.matches(file, told), expected)

    def test_the_schedule_is_on(self):
        rule = json.loads((FOLDER / "schedule.json").read_text())
        self.assertEqual((rule["ScheduleExpression"], rule["State"]), ("rate(5 minutes)", "ENABLED"))

    def test_every_file_is_explained(self):
        explained = (FOLDER / "README.md").read_text()
        for file in FOLDER.glob("*.json"):
            self.assertIn(f"`{file.name}`", explained)


if __name__ == "__main__":
    unittest.main()
