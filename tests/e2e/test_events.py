"""Events as S3 delivers them: twice, at once, late, in the wrong order, never."""

import concurrent.futures
import hashlib
import json
import time
import unittest

from e2e.journey import SilentTest, lines
from e2e.made_events import s3_event, s3_record
from e2e.system import FILE_PROCESS
from emulator.deployment import BUCKET

ROWS = lines(4)
OTHER = lines(4, first=100)


class Delivery:
    """S3's events. Which states a replaced or removed object comes to depends on the bucket."""

    def test_same_event_again(self):
        for times in (2, 3):
            with self.subTest(times=times):
                interface = self.new_interface()
                key = self.put_silently(interface, ROWS, f"T{times}")
                record = self.record(key, ROWS)
                for _ in range(times):
                    self.assertEqual(self.deliver(record).function_error, "")
                    self.system.settle()
                self.assert_done(key, interface, 4, ROWS)
                self.assertEqual(len(self.system.files(key)), 1)

    def test_same_record_twice_in_one_event(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        record = self.record(key, ROWS)
        self.assertEqual(self.deliver(record, record).function_error, "")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(len(self.system.files(key)), 1)

    def test_same_event_at_once(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        record = self.record(key, ROWS)
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            results = list(pool.map(lambda _: self.deliver(record), range(20)))
        self.system.settle()
        self.assertEqual({result.function_error for result in results}, {""})
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(len(self.system.files(key)), 1)
        self.assertEqual(len(self.names_of(key)), 1)

    def names_of(self, key: str) -> list[str]:
        file_id = str(self.system.file(key)["file_id"])
        return [
            item["StatementName"]
            for item in self.system.statements()
            if item["StatementName"].startswith(file_id)
        ]

    def test_several_records_with_bad_ones(self):
        """Each record gets its chance, whatever the others are."""
        interface = self.new_interface()
        first, last = (self.put_silently(interface, ROWS, name) for name in ("FIRST", "LAST"))
        broken = self.record(first, ROWS)
        broken["s3"]["object"]["key"] = "silent/%00_1.txt"
        alien = {**self.record(first, ROWS), "eventSource": "aws:sqs"}
        removed = s3_record(first, event="ObjectRemoved:Delete")
        unknown = f"{self.FOLDER}U_31337.txt"
        self.system.put(unknown, ROWS)
        result = self.deliver(
            broken,
            self.record(first, ROWS),
            alien,
            removed,
            {},
            self.record(unknown, ROWS),
            self.record(last, ROWS),
        )
        self.assertEqual(result.function_error, "Unhandled")
        self.assertRegex(result.json()["errorMessage"], "^3 of 7 objects: ")
        self.system.settle()
        for key in (first, last):
            self.assertEqual(self.system.file(key)["state"], "DONE")
            self.assert_rows(key, interface, 4)
        self.assertEqual(self.system.file(unknown)["state"], "REJECTED")
        self.assertEqual(len(self.system.notices(unknown)), 1)

    def test_one_of_several_fails(self):
        """The event comes again for all; those that are done are not touched."""
        interface = self.new_interface()
        keys = [self.put_silently(interface, ROWS, f"F{number}") for number in range(3)]
        event = s3_event(*(self.record(key, ROWS) for key in keys))
        self.system.local.faults.add(
            "s3", "HeadObject", "error", nth=2, code="AccessDenied", status=403
        )
        failed = self.system.invoke(FILE_PROCESS, event)
        self.assertEqual(failed.function_error, "Unhandled")
        self.assertIn("1 of 3 objects", failed.json()["errorMessage"])
        self.assertEqual(self.system.invoke(FILE_PROCESS, event).function_error, "")
        self.system.settle()
        for key in keys:
            self.assertEqual(self.system.file(key)["state"], "DONE")
            self.assert_rows(key, interface, 4)

    # --- the same key again ---

    def test_put_again_while_the_first_is_under_way(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        first = self.record(key, ROWS)
        with self.paused():
            self.deliver(first)
            self.system.wait_state(key, "SUBMITTED")
            self.put_silently(interface, OTHER)
            second = self.record(key, OTHER)
        self.system.settle()
        self.assertEqual(self.system.files(key)[0]["state"], "DONE")
        self.assertEqual(self.system.get(key), OTHER, "the newer upload survives the archive")
        self.deliver(second)
        self.deliver(first)
        self.system.settle()
        self.assert_both_loaded(key, interface)

    def test_put_again_after_the_archive(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        first = self.record(key, ROWS)
        self.deliver(first)
        self.system.settle()
        self.put_silently(interface, OTHER)
        second = self.record(key, OTHER)
        self.deliver(first)  # comes late, and again
        self.deliver(second)
        self.system.settle()
        self.deliver(first)
        self.system.settle()
        self.assert_both_loaded(key, interface)

    def test_put_again_between_the_archive_s_copy_and_delete(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        first = self.record(key, ROWS)
        self.strike("s3", "DeleteObject", lambda: self.put_silently(interface, OTHER))
        self.deliver(first)
        self.system.settle()
        self.assertEqual(self.system.get(key), OTHER, "the newer upload survives the archive")
        self.deliver(self.record(key, OTHER))
        self.system.settle()
        self.assert_both_loaded(key, interface)

    def assert_both_loaded(self, key, interface):
        rows = self.system.files(key)
        self.assertEqual([row["state"] for row in rows], ["DONE", "DONE"])
        self.assert_rows(key, interface, 8)
        self.assertEqual(len(self.copies(rows[0], str(interface.id))), 2)
        self.assertEqual(
            sorted(self.system.get(row["archived_key"]) for row in rows), sorted([ROWS, OTHER])
        )
        self.assertEqual(self.system.keys(key), [])
        self.assertEqual(len(self.system.notices(key)), 2)
        for row in rows:
            self.assert_no_leftovers(row)

    # --- manual and other events ---

    def test_manual_event(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        event = {"bucket": BUCKET, "key": key}
        for outcome in ("advanced", "nothing due"):
            result = self.system.invoke(FILE_PROCESS, event)
            self.assertEqual((result.function_error, result.json()["objects"]), ("", 1))
            (item,) = result.json()["items"]
            self.assertEqual((item["key"], item["result"]), (key, outcome))
            self.system.settle()
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(len(self.system.files(key)), 1)

    def test_manual_event_beside_the_bucket_s(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        record = self.record(key, ROWS)
        self.system.invoke(FILE_PROCESS, {"bucket": BUCKET, "key": key})
        self.deliver(record)
        self.system.settle()
        self.deliver(record)
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(len(self.system.files(key)), 1)

    def test_events_that_are_no_work(self):
        test_event = {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": "2026-11-20T20:27:53.104Z",
            "Bucket": BUCKET,
            "RequestId": "R",
            "HostId": "H",
        }
        known = len(self.system.files())
        told = self.system.log_text(FILE_PROCESS).count("the object is left alone")
        for event in (
            test_event,
            s3_event(),
            s3_event(s3_record("archive/1/A_527.txt", ROWS)),
            s3_event(s3_record("processing/1/data", ROWS)),
            s3_event(s3_record("folder/", b"")),
            s3_event(s3_record("silent/A_527.txt", event="ObjectRemoved:DeleteMarkerCreated")),
        ):
            with self.subTest(json.dumps(event)[:60]):
                self.assertEqual(self.system.invoke(FILE_PROCESS, event).function_error, "")
        self.assertEqual(len(self.system.files()), known)
        log = self.system.log_text(FILE_PROCESS)
        self.assertEqual(log.count("the object is left alone"), told + 4)

    def test_a_key_that_ends_in_a_slash_and_has_content(self):
        """Not a folder marker, but somebody's file without a name."""
        key = f"{self.FOLDER}no-folder/"
        self.system.put(key, ROWS)
        self.assertEqual(self.deliver(s3_record(key, ROWS)).function_error, "")
        self.system.settle()
        reason = 'no active configuration matches the file name "": its key ends in "/"'
        self.assert_refused(key, None, reason, data=ROWS)

    def test_events_that_are_nonsense(self):
        for event in (
            b"",
            b"null",
            b"[]",
            b"{}",
            b'{"Records":{}}',
            b'{"bucket":1,"key":2}',
            b'{"a":',
        ):
            with self.subTest(event):
                result = self.system.local.lambda_.function(FILE_PROCESS).invoke(event)
                self.assertEqual(result.function_error, "Unhandled")
                self.assertIn("event", result.json()["errorMessage"])


class Unversioned(Delivery, SilentTest):
    def record(self, key: str, data: bytes) -> dict:
        return s3_record(key, data)

    def end_of(self, key: str) -> dict:
        row = self.system.file(key)
        self.assertEqual(self.system.notices(key), [], "notified of what was not handled")
        self.assertIsNone(row["archived_key"])
        self.assertIsNone(row["lease_owner"])
        self.assertIsNotNone(row["cleaned_at"])
        return row

    def test_gone(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.remove(key)
        for _ in range(2):
            self.assertEqual(self.deliver(s3_record(key, ROWS, sequencer="0A")).function_error, "")
        self.assertEqual([row["state"] for row in self.system.files(key)], ["GONE"])
        self.assertIn("was gone", self.end_of(key)["reason"])
        self.assertEqual(self.system.audit(interface.id), [])

    def test_gone_although_the_key_is_known(self):
        """Yesterday's file of that name was loaded; today's was removed before it was handled."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        self.deliver(s3_record(key, OTHER))
        states = [row["state"] for row in self.system.files(key)]
        self.assertEqual(sorted(states), ["DONE", "GONE"])
        self.assert_rows(key, interface, 4)

    def test_the_same_bytes_gone_although_they_are_known(self):
        """Put again and again after the archive, and each time removed before that was handled."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        first = s3_record(key, ROWS)
        again, last = (s3_record(key, ROWS, event_time=time.time() + 3600) for _ in range(2))
        self.deliver(first)
        self.system.settle()
        for record in (again, first, last, again, last):
            self.assertEqual(self.deliver(record).function_error, "")
        rows = self.system.files(key)
        self.assertEqual([row["state"] for row in rows], ["DONE", "GONE", "GONE"])
        sequencers = [record["s3"]["object"]["sequencer"] for record in (first, again, last)]
        self.assertEqual([row["sequencer"] for row in rows], sequencers)
        self.assert_rows(key, interface, 4)
        self.assertEqual(len(self.system.notices(key)), 1)

    def test_the_same_bytes_gone_while_the_first_are_handled(self):
        """Each upload comes to its own end."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        first, again = s3_record(key, ROWS), s3_record(key, ROWS)
        self.system.local.faults.add("s3", "CopyObject", "error", code="SlowDown", status=503, times=0)
        self.assertEqual(self.deliver(first).function_error, "Unhandled")
        self.system.local.faults.clear()
        self.remove(key)
        self.assertEqual(self.deliver(again).function_error, "")
        self.assertEqual([row["state"] for row in self.system.files(key)], ["RECEIVED", "GONE"])
        self.assertEqual(self.deliver(first).function_error, "")
        self.assertEqual([row["state"] for row in self.system.files(key)], ["GONE", "GONE"])

    def test_overwritten(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        old, new = s3_record(key, ROWS), s3_record(key, OTHER)
        self.put_silently(interface, OTHER)
        self.deliver(old)
        self.assertIn("replaced", self.end_of(key)["reason"])
        self.deliver(new)
        self.system.settle()
        self.deliver(old)
        states = [row["state"] for row in self.system.files(key)]
        self.assertEqual(sorted(states), ["DONE", "SUPERSEDED"])
        self.assert_rows(key, interface, 4)
        self.assertEqual(len(self.system.notices(key)), 1)

    def test_reversed(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        old, new = s3_record(key, ROWS), s3_record(key, OTHER)
        self.put_silently(interface, OTHER)
        self.deliver(new)
        self.system.settle()
        self.deliver(old)
        self.system.settle()
        states = [row["state"] for row in self.system.files(key)]
        self.assertEqual(sorted(states), ["DONE", "GONE"])
        self.assert_rows(key, interface, 4)

    def test_late_event_of_a_loaded_file_while_a_newer_one_waits(self):
        """The older file is known: its event is no news, and no second row of it appears."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        old = s3_record(key, ROWS)
        self.deliver(old)
        self.system.settle()
        self.put_silently(interface, OTHER)
        self.assertEqual(self.deliver(old).function_error, "")
        self.assertEqual([row["state"] for row in self.system.files(key)], ["DONE"])
        self.assertEqual(self.system.get(key), OTHER)

    def test_replaced_between_look_and_copy(self):
        """Between HEAD and the copy another upload came: what was looked at is not there."""
        for action, state in (
            (lambda key: self.system.put(key, OTHER), "SUPERSEDED"),
            (self.remove, "GONE"),
        ):
            for fields in ({}, {"trailer_flag": "Y", "trailer_pstn": "2:8"}):
                with self.subTest(state, **fields):
                    interface = self.new_interface(**fields)
                    data = ROWS + b"T000004\n" if fields else ROWS
                    key = self.put_silently(interface, data, state)
                    operation = "GetObject" if fields else "CopyObject"
                    self.strike("s3", operation, lambda: action(key))
                    self.assertEqual(self.deliver(s3_record(key, data)).function_error, "")
                    self.assertEqual(self.end_of(key)["state"], state)
                    self.assert_no_leftovers(self.system.file(key))
                    self.assertEqual(self.system.audit(interface.id), [])

    def remove(self, key: str) -> None:
        self.system.local.s3.delete_key(BUCKET, key)


class Versioned(Delivery, SilentTest):
    options = {"versioned": True}

    def record(self, key: str, data: bytes) -> dict:
        """Of the newest version with these bytes."""
        wanted = hashlib.md5(data).hexdigest()
        for version_id in self.system.versions(key):
            with self.system.local.s3.open_object(BUCKET, key, version_id) as file:
                if hashlib.md5(file.read()).hexdigest() == wanted:
                    return s3_record(key, data, version_id)
        raise AssertionError(f"no version of {key} has these bytes")

    def test_every_version_is_a_file(self):
        """Overwritten before it was handled, and handled in reverse: both are loaded."""
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.put_silently(interface, OTHER)
        old, new = self.record(key, ROWS), self.record(key, OTHER)
        self.deliver(new)
        self.system.settle()
        self.deliver(old)
        self.system.settle()
        self.assert_both_loaded(key, interface)
        self.assertEqual(self.system.versions(key), [])

    def test_gone(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        record = self.record(key, ROWS)
        self.system.local.s3.delete_key(BUCKET, key, record["s3"]["object"]["versionId"])
        for _ in range(2):
            self.assertEqual(self.deliver(record).function_error, "")
        (row,) = self.system.files(key)
        self.assertEqual(
            (row["state"], row["version_id"]), ("GONE", record["s3"]["object"]["versionId"])
        )
        self.assertEqual(self.system.notices(key), [])

    def test_manual_event_for_a_version(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        version_id = self.record(key, ROWS)["s3"]["object"]["versionId"]
        self.put_silently(interface, OTHER)
        event = {"bucket": BUCKET, "key": key, "version_id": version_id}
        self.system.invoke(FILE_PROCESS, event)
        self.system.settle()
        self.assertEqual([row["version_id"] for row in self.system.files(key)], [version_id])
        self.assertEqual(self.system.get(key), OTHER)
        self.assert_rows(key, interface, 4)


class VersionedLater(SilentTest):
    """Versioning was turned on while files lay in the landing folder: they have no version id."""

    def deliver_versioned(self, interface) -> str:
        key = self.put_silently(interface, ROWS)
        self.system.local.s3.create_bucket(BUCKET, versioning=True)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        return key

    def test_private_objects_go_with_all_their_versions(self):
        interface = self.new_interface()
        key = self.deliver_versioned(interface)
        self.assertIn(self.system.file(key)["version_id"], ("", None))
        self.assert_done(key, interface, 4, ROWS)

    def test_what_an_attempt_left_goes_with_all_its_versions(self):
        self.system.local.faults.add("redshift-data", "BatchExecuteStatement", "error")
        interface = self.new_interface()
        key = self.deliver_versioned(interface)
        row = self.assert_done(key, interface, 4, ROWS)
        self.assertGreater(row["claim_no"], 1)


if __name__ == "__main__":
    unittest.main()
