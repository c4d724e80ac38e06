"""Notifications of the local S3: configuration, matching, and events to the letter."""

import base64
import hashlib
import json
import unittest
import unittest.mock

from emulator.s3.fixture import FUNCTION, REGION, S3Test
from emulator.s3.notifications import Configuration, Rule
from emulator.core.service import ServiceError

OTHER = FUNCTION + "-logging"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:arrivals"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:arrivals"


def rule_xml(
    *events: str, arn: str = FUNCTION, id: str = "cfg", kind: str = "CloudFunction", **filters: str
) -> str:
    rules = "".join(
        f"<FilterRule><Name>{name}</Name><Value>{value}</Value></FilterRule>" for name, value in filters.items()
    )
    inner = f"<Filter><S3Key>{rules}</S3Key></Filter>" if rules else ""
    shown = "".join(f"<Event>{event}</Event>" for event in events)
    return (f"<{kind}Configuration><Id>{id}</Id><{kind}>{arn}</{kind}>{shown}{inner}"
            f"</{kind}Configuration>")


def configuration(*rules: str, more: str = "") -> bytes:
    return f"<NotificationConfiguration>{''.join(rules)}{more}</NotificationConfiguration>".encode()


class NotificationTest(S3Test):
    def configure(self, *rules: str, more: str = "", **headers: str) -> None:
        self.send("PUT", "/box?notification", configuration(*rules, more=more), **headers)

    def records(self) -> list[dict]:
        """The records told since the last call, test events left out."""
        told, self.told[:] = list(self.told), []
        return [record for _, event in told for record in event.get("Records", [])]


class ConfigurationTest(NotificationTest):
    def test_test_event_to_each_function(self):
        self.configure(rule_xml("s3:ObjectCreated:*", prefix="in/"),
                       rule_xml("s3:ObjectCreated:*", id="2", prefix="more/"),
                       rule_xml("s3:ObjectRemoved:*", arn=OTHER, id="3"))
        self.assertEqual([FUNCTION, OTHER], [arn for arn, _ in self.told])
        event = self.told[0][1]
        self.assertRegex(event.pop("Time"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertTrue(event.pop("HostId"))
        self.assertEqual({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "box", "RequestId": "REQ1"}, event)

    def test_validation_can_be_skipped(self):
        self.configure(rule_xml("s3:ObjectCreated:*"), x_amz_skip_destination_validation="true")
        self.assertEqual([], self.told)

    def test_a_destination_may_refuse(self):
        def refuse(_arn: str, _event: dict) -> None:
            raise ServiceError("InvalidArgument", "Unable to validate the following destination configurations")

        with unittest.mock.patch.object(self.s3._notifier, "_notify", refuse):
            self.refuse(
                "InvalidArgument", 400, "PUT", "/box?notification", configuration(rule_xml("s3:ObjectCreated:*"))
            )
        self.assertEqual([], list(self.xml(self.send("GET", "/box?notification"))))

    def test_get_returns_what_was_put(self):
        self.assertEqual([], list(self.xml(self.send("GET", "/box?notification"))))
        self.configure(rule_xml("s3:ObjectCreated:Put", "s3:ObjectCreated:Copy", prefix="in/", Suffix=".csv"))
        root = self.xml(self.send("GET", "/box?notification"))
        self.assertEqual(["cfg", FUNCTION, "s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"],
                         [e.text for e in root[0] if e.tag != "Filter"])
        self.assertEqual(["Prefix", "in/", "Suffix", ".csv"], [e.text for e in root.findall(".//FilterRule/*")])
        self.configure()
        self.assertEqual([], list(self.xml(self.send("GET", "/box?notification"))))

    def test_queues_and_topics(self):
        self.configure(
            rule_xml("s3:ObjectCreated:*", arn=QUEUE, kind="Queue", prefix="in/"),
            rule_xml("s3:ObjectCreated:*", arn=TOPIC, id="2", kind="Topic", prefix="out/"),
        )
        self.assertEqual([QUEUE, TOPIC], [arn for arn, _ in self.told])
        self.assertEqual([QUEUE], self.texts(self.send("GET", "/box?notification"), "QueueConfiguration/Queue"))
        self.assertEqual([TOPIC], self.texts(self.send("GET", "/box?notification"), "TopicConfiguration/Topic"))
        self.told.clear()
        self.put("/box/in/a", b"")
        self.assertEqual([QUEUE], [arn for arn, _ in self.told])

    def test_an_id_is_made_up(self):
        self.configure(rule_xml("s3:ObjectCreated:*").replace("<Id>cfg</Id>", ""))
        self.assertRegex(self.texts(self.send("GET", "/box?notification"), "*/Id")[0], "^[0-9a-f-]{36}$")

    def test_refusals(self):
        both = "s3:ObjectCreated:Put"
        for code, status, body in (
            ("InvalidArgument", 400, configuration(rule_xml("s3:ObjectCreated:Never"))),
            ("InvalidArgument", 400, configuration(rule_xml(both, arn="arn:aws:sns:eu-west-1:1:t"))),
            ("InvalidArgument", 400, configuration(rule_xml(both, infix="x"))),
            ("InvalidArgument", 400, configuration(rule_xml(both, prefix="x", Prefix="y"))),
            ("InvalidArgument", 400, configuration(rule_xml(both), rule_xml("s3:ObjectCreated:*", arn=OTHER, id="2", prefix="in/"))),
            ("MalformedXML", 400, configuration(rule_xml())),
            ("MalformedXML", 400, configuration(more="<Unknown/>")),
            ("MalformedXML", 400, configuration(more="<QueueConfiguration/>")),
            ("InvalidArgument", 400, configuration(rule_xml(both, arn=FUNCTION, kind="Queue"))),
            ("InvalidArgument", 400, configuration(rule_xml(both, arn=QUEUE + ".fifo", kind="Queue"))),
        ):
            with self.subTest(body=body):
                self.refuse(code, status, "PUT", "/box?notification", body)
        self.assertEqual([], self.told)

    def test_rules_that_share_no_key_do_not_overlap(self):
        self.configure(rule_xml("s3:ObjectCreated:*", prefix="in/"), rule_xml("s3:ObjectCreated:*", id="2", prefix="out/"),
                       rule_xml("s3:ObjectRemoved:*", id="3"))
        self.configure(
            rule_xml("s3:ObjectCreated:*", suffix=".gz"), rule_xml("s3:ObjectCreated:*", id="2", suffix=".csv")
        )


class EventTest(NotificationTest):
    def setUp(self):
        super().setUp()
        self.s3.set_notification(
            "box", Configuration([Rule("cfg", FUNCTION, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])])
        )

    def test_put_event_to_the_letter(self):
        self.put("/box/in/red%20flower%2B1.csv", b"x" * 42)
        (arn, event), = self.told
        record, = event["Records"]
        self.assertEqual(FUNCTION, arn)
        self.assertRegex(record.pop("eventTime"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertRegex(record["s3"]["object"].pop("sequencer"), "^[0-9A-F]{18}$")
        self.assertTrue(record["s3"]["bucket"].pop("ownerIdentity")["principalId"])
        self.assertTrue(record["responseElements"].pop("x-amz-id-2"))
        self.assertEqual(
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": REGION,
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AWS:AKIATEST:tester"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": "REQ1"},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "cfg",
                    "bucket": {"name": "box", "arn": "arn:aws:s3:::box"},
                    "object": {
                        "key": "in/red+flower%2B1.csv",
                        "size": 42,
                        "eTag": hashlib.md5(b"x" * 42).hexdigest(),
                    },
                },
            },
            record,
        )
        json.dumps(event)

    def test_keys_are_form_encoded(self):
        for path, shown in (
            ("a%25%22%0A", "a%25%22%0A"), ("%C3%A9/x", "%C3%A9/x"), ("a%3Db%26c", "a%3Db%26c"), ("~", "~")
        ):
            self.put(f"/box/{path}", b"")
            self.assertEqual([shown], [record["s3"]["object"]["key"] for record in self.records()])

    def test_kinds_of_creation(self):
        self.put("/box/a", b"0123456789")
        self.send("PUT", "/box/b", x_amz_copy_source="box/a")
        upload = self.texts(self.send("POST", "/box/c?uploads"), "UploadId")[0]
        etag = self.put(f"/box/c?partNumber=1&uploadId={upload}", b"part")
        part = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
        self.send(
            "POST", f"/box/c?uploadId={upload}", f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
        )
        records = self.records()
        self.assertEqual(["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload"],
                         [record["eventName"] for record in records])
        self.assertEqual((4, "-1"), (records[2]["s3"]["object"]["size"], records[2]["s3"]["object"]["eTag"][-2:]))

    def test_deletes_have_no_size_and_etag(self):
        self.put("/box/a", b"1")
        self.send("DELETE", "/box/a")
        self.send("DELETE", "/box/a")  # nothing was there
        record = self.records()[1:]
        self.assertEqual(["ObjectRemoved:Delete"], [each["eventName"] for each in record])
        self.assertEqual({"key", "sequencer"}, set(record[0]["s3"]["object"]))

    def test_versioned_bucket(self):
        self.s3.create_bucket("box", versioning=True)
        version = self.send("PUT", "/box/a", b"1").headers["x-amz-version-id"]
        marker = self.send("DELETE", "/box/a").headers["x-amz-version-id"]
        body = f"<Delete><Object><Key>a</Key><VersionId>{version}</VersionId></Object></Delete>".encode()
        digest = base64.b64encode(hashlib.md5(body).digest()).decode()
        self.send("POST", "/box?delete", body, content_md5=digest)
        self.assertEqual([("ObjectCreated:Put", version), ("ObjectRemoved:DeleteMarkerCreated", marker), ("ObjectRemoved:Delete", version)],
                         [(record["eventName"], record["s3"]["object"]["versionId"]) for record in self.records()])

    def test_sequencers_rise(self):
        for number in range(50):
            self.put("/box/a", str(number).encode())
        found = [record["s3"]["object"]["sequencer"] for record in self.records()]
        self.assertEqual(sorted(set(found)), found)

    def test_what_was_refused_tells_nobody(self):
        self.refuse("InvalidDigest", 400, "PUT", "/box/a", b"1", content_md5="x")
        self.put("/box/a", b"1")
        self.refuse("PreconditionFailed", 412, "PUT", "/box/a", b"2", if_none_match="*")
        self.assertEqual(1, len(self.records()))

    def test_object_is_there_when_the_event_comes(self):
        seen = []
        self.s3._notifier._notify = lambda arn, event: seen.append(self.s3.list_keys("box"))
        self.put("/box/a", b"1")
        self.assertEqual([["a"]], seen)


class MatchingTest(NotificationTest):
    def test_prefix_suffix_and_kind(self):
        rule = Rule("1", FUNCTION, ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"], "in/", ".csv")
        for event, key, expected in (
            ("ObjectCreated:Put", "in/a.csv", True),
            ("ObjectCreated:Copy", "in/a.csv", False),
            ("ObjectRemoved:Delete", "in/a.csv", True),
            ("ObjectCreated:Put", "in/a.txt", False),
            ("ObjectCreated:Put", "out/in/a.csv", False),
        ):
            with self.subTest(event=event, key=key):
                self.assertEqual(expected, rule.concerns(event, key))

    def test_two_functions(self):
        self.configure(rule_xml("s3:ObjectCreated:*", prefix="in/"), rule_xml(
            "s3:ObjectCreated:*", arn=OTHER, id="2", prefix="out/"
        ))
        self.told.clear()
        self.put("/box/in/a", b"")
        self.put("/box/out/a", b"")
        self.put("/box/else", b"")
        self.assertEqual([FUNCTION, OTHER], [arn for arn, _ in self.told])


class EventBridgeTest(NotificationTest):
    def setUp(self):
        super().setUp()
        self.configure(more="<EventBridgeConfiguration/>")

    def test_created(self):
        self.put("/box/in/red%20flower%2B1.csv", b"x" * 42)
        event, = self.bridged
        self.assertEqual(("Object Created", "aws.s3", "111122223333", REGION, ["arn:aws:s3:::box"]), (
            event["detail-type"], event["source"], event["account"], event["region"], event["resources"]))
        self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        detail = event["detail"]
        self.assertEqual(("PutObject", "box", "REQ1", "0"), (
            detail["reason"], detail["bucket"]["name"], detail["request-id"], detail["version"]))
        self.assertRegex(detail["object"].pop("sequencer"), "^[0-9a-f]{18}$")
        self.assertEqual(
            {"key": "in/red flower+1.csv", "size": 42, "etag": hashlib.md5(b"x" * 42).hexdigest()}, detail["object"]
        )

    def test_deleted(self):
        self.put("/box/a", b"1")
        self.send("DELETE", "/box/a")
        event = self.bridged[1]
        self.assertEqual(
            ("Object Deleted", "Permanently Deleted"), (event["detail-type"], event["detail"]["deletion-type"])
        )
        self.assertNotIn("size", event["detail"]["object"])

    def test_is_told_on_get(self):
        self.assertEqual(["EventBridgeConfiguration"], [e.tag for e in self.xml(self.send("GET", "/box?notification"))])


if __name__ == "__main__":
    unittest.main()
