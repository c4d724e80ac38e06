"""What follows the end of a file: notification, archive, clean-up; no duty waits for another."""

import threading
import time
import unittest

from e2e.journey import StatementTest, lines
from e2e.made_events import s3_event, s3_record
from e2e.system import FILE_PROCESS
from e2e.test_lease import Owner

ROWS = lines(4)
TRAILED = {"trailer_flag": "Y", "trailer_pstn": "2:8"}
TRAILER = b"T000004\n"
WRONG_TRAILER = b"T000009\n"
HOUR = 3600
COPY = 4  # the statement of a load
FAULTS = ({"code": "SlowDown", "status": 503}, {"code": "InternalError", "status": 500})


class DutyTest(StatementTest):
    def tearDown(self):
        self.system.tap.on_statement = lambda statement: ""
        super().tearDown()

    def sweep_later(self) -> None:
        self.system.let_time_pass(HOUR)
        self.system.sweep()

    def owner(self, key: str) -> Owner:
        """A file-process of its own for that file."""
        owner = Owner(self, key, 300.0)
        owner.event = s3_event(s3_record(key, ROWS))
        return owner

    def freeze_at(self, owner: Owner, service: str, operation: str, **options) -> None:
        """The call is answered, and the owner does not learn of it yet."""
        self.strike(service, operation, owner.freeze, **options)
        owner.begin(owner.event)

    def freeze_after(self, owner: Owner, service: str, operation: str) -> None:
        """The same of the first statement for Postgres after that call."""
        called = threading.Event()

        def judge(statement) -> str:
            if statement.application == FILE_PROCESS and called.is_set():
                called.clear()
                owner.freeze()
            return ""

        self.system.tap.on_statement = judge
        self.strike(service, operation, called.set)
        owner.begin(owner.event)
        self.system.tap.on_statement = lambda statement: ""


class Reuploads(DutyTest):
    """In a bucket without versions the archive's DELETE may hit an equal upload that came after its
    HEAD: S3 takes no condition that tells them apart, and the archive copy is all that is left."""

    def archive_meets_a_reupload(self, interface) -> tuple[str, float]:
        """A loaded file, and when its bytes were put again."""
        key, again = self.put_silently(interface, ROWS), []

        def put_again() -> None:
            if not again and self.system.keys(f"archive/{interface.id}/"):
                time.sleep(0.01)
                again.append(time.time())
                self.system.put(key, ROWS)

        self.strike("s3", "DeleteObject", put_again, times=0)
        self.deliver(s3_record(key, ROWS, event_time=time.time() - 1))
        self.system.settle()
        self.system.local.faults.clear()
        self.assertEqual(len(again), 1, "the archive deletes the source")
        self.assert_done(key, interface, 4, ROWS)
        self.assertNotIn(key, self.system.keys(self.FOLDER))
        return key, again[0]

    def test_an_equal_upload_that_the_archive_deleted_is_loaded_from_its_copy(self):
        interface = self.new_interface()
        key, put_at = self.archive_meets_a_reupload(interface)
        (first,) = self.system.files(key)
        self.assertEqual(
            self.deliver(s3_record(key, ROWS, event_time=put_at)).function_error, ""
        )
        self.system.settle()
        rows = self.system.files(key)
        self.assertEqual([row["state"] for row in rows], ["DONE", "DONE"])
        self.assert_rows(key, interface, 8)
        self.assertEqual(rows[0]["archived_key"], first["archived_key"])
        self.assertEqual(len({row["archived_key"] for row in rows}), 2)
        for row in rows:
            self.assertEqual(self.system.get(row["archived_key"]), ROWS)
            self.assert_no_leftovers(row)
        self.assertEqual(self.notified(key), ["DONE", "DONE"])

    def test_its_event_may_come_twice(self):
        interface = self.new_interface()
        key, put_at = self.archive_meets_a_reupload(interface)
        record = s3_record(key, ROWS, event_time=put_at)
        for _ in range(2):
            self.assertEqual(self.deliver(record).function_error, "")
            self.system.settle()
        self.assertEqual([row["state"] for row in self.system.files(key)], ["DONE", "DONE"])
        self.assert_rows(key, interface, 8)

    def test_an_upload_after_the_archive_that_was_removed_is_gone(self):
        interface = self.new_interface()
        key, put_at = self.archive_meets_a_reupload(interface)
        record = s3_record(key, ROWS, event_time=put_at + HOUR)
        self.assertEqual(self.deliver(record).function_error, "")
        self.system.settle()
        self.assertEqual([row["state"] for row in self.system.files(key)], ["DONE", "GONE"])
        self.assert_rows(key, interface, 4)
        self.assertEqual(self.notified(key), ["DONE"])


class WithoutArchive(DutyTest):
    """The archive cannot make its copy for some time."""

    def break_archive(self, fault: dict) -> None:
        self.system.local.faults.add("s3", "CopyObject", "error", times=0, **fault)

    def test_a_rejected_file_is_notified_once_and_archived_later(self):
        for fault in FAULTS:
            with self.subTest(fault["code"]):
                interface = self.new_interface(**TRAILED)
                data = ROWS + WRONG_TRAILER
                key = self.put_silently(interface, data)
                self.break_archive(fault)
                self.deliver(s3_record(key, data))
                row = self.system.file(key)
                self.assertEqual((row["state"], self.notified(key)), ("REJECTED", ["REJECTED"]))
                self.assertIsNone(row["archived_at"])
                self.assertEqual(self.system.get(key), data, "the source stays")
                self.system.local.faults.clear()
                self.sweep_later()
                self.assert_refused(key, interface, "promises 9 records", data=data)

    def test_the_notification_names_the_place_of_the_copy_to_come(self):
        interface = self.new_interface(**TRAILED)
        data = ROWS + WRONG_TRAILER
        key = self.put_silently(interface, data)
        self.break_archive(FAULTS[0])
        self.deliver(s3_record(key, data))
        self.system.local.faults.clear()
        self.assertEqual(self.notified(key), ["REJECTED"])
        (notice,) = self.system.notices(key)
        self.sweep_later()
        row = self.assert_refused(key, interface, "promises 9 records", data=data)
        self.assertEqual(notice["archived_key"], row["archived_key"])

    def test_a_sweep_that_meets_the_same_fault_notifies_nobody_again(self):
        interface = self.new_interface(**TRAILED)
        data = ROWS + WRONG_TRAILER
        key = self.put_silently(interface, data)
        self.break_archive(FAULTS[0])
        self.deliver(s3_record(key, data))
        self.sweep_later()
        self.assertEqual(self.notified(key), ["REJECTED"])
        self.system.local.faults.clear()
        self.sweep_later()
        self.assert_refused(key, interface, "promises 9 records", data=data)

    def test_a_loaded_file_is_notified_once_and_archived_later(self):
        interface = self.new_interface(**TRAILED)  # such a file is prepared without CopyObject
        data = ROWS + TRAILER
        key = self.put_silently(interface, data)
        self.break_archive(FAULTS[0])
        self.deliver(s3_record(key, data))
        self.system.settle()
        self.assertEqual(self.notified(key), ["DONE"])
        self.system.local.faults.clear()
        self.sweep_later()
        self.assert_done(key, interface, 4, data)

    def test_the_transformation_is_submitted_although_the_archive_fails(self):
        interface = self.new_interface(**TRAILED)
        interface.query = f"insert into {interface.table} (a) values ('transformed')"
        self.system.set_config(interface.id, query=interface.query)
        data = ROWS + TRAILER
        key = self.put_silently(interface, data)
        self.break_archive(FAULTS[1])
        self.deliver(s3_record(key, data))
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual([item.status for item in self.submissions(row, "transform")], ["FINISHED"])
        self.assertEqual((row["state"], row["archived_at"]), ("DONE", None))
        self.assertEqual(self.notified(key), ["DONE"])
        self.system.local.faults.clear()
        self.sweep_later()
        self.assert_done(key, interface, 4, data)

    def test_the_transformation_does_not_wait_for_a_slow_archive(self):
        """It is under way before the archive begins."""
        interface = self.new_interface(query="select 1 where 1 = 0", **TRAILED)
        data, seen = ROWS + TRAILER, []
        key = self.put_silently(interface, data)
        look = lambda: seen.append(len(self.submissions(self.system.file(key), "transform")))
        self.strike("s3", "CopyObject", look, times=0)
        self.deliver(s3_record(key, data))
        self.system.settle()
        self.assertEqual(set(seen), {1})
        self.assert_done(key, interface, 4, data)


class Notifications(DutyTest):
    """Each outcome is notified once, and nothing is notified after it."""

    def notifying(self):
        interface = self.new_interface()
        self.system.set_config(interface.id, notify_submission="Y")
        return interface

    def test_the_submission_comes_before_the_outcome(self):
        interface = self.notifying()
        key = self.put_silently(interface, ROWS)
        with self.paused():
            self.deliver(s3_record(key, ROWS))
        self.system.settle()
        self.assertEqual(self.notified(key), ["SUBMITTED", "DONE"])

    def test_no_submission_is_notified_after_the_outcome(self):
        """The function is frozen when it has submitted the load, or when it has noted that."""
        submission = ("redshift-data", "BatchExecuteStatement")
        for freeze in (self.freeze_at, self.freeze_after):
            with self.subTest(freeze.__name__):
                interface = self.notifying()
                key = self.put_silently(interface, ROWS)
                owner = self.owner(key)
                freeze(owner, *submission)
                self.system.settle()
                owner.thaw()
                owner.answer.result()
                self.system.settle()
                self.sweep_later()
                told = self.notified(key)
                self.assertEqual((told[-1], told.count("DONE")), ("DONE", 1), told)
                self.assertEqual(self.system.file(key)["state"], "DONE")


class Cleaning(DutyTest):
    """No private object stays, whatever changed meanwhile and whoever comes late."""

    def test_each_private_key_carries_the_claim(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        with self.paused():
            self.deliver(s3_record(key, ROWS))
            row = self.system.wait_state(key, "SUBMITTED")
            self.assertEqual(self.private_names(row), ["data-1", "manifest-1"])
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(self.private_names(row), [])

    def test_the_configuration_may_change_meanwhile(self):
        for before, after, data in (
            ({}, TRAILED, ROWS),
            (TRAILED, {"trailer_flag": "N", "trailer_pstn": None}, ROWS + TRAILER),
        ):
            with self.subTest(before=before):
                interface = self.new_interface(**before)
                key = self.put_silently(interface, data)
                with self.silence():
                    self.deliver(s3_record(key, data))
                self.system.set_config(interface.id, **after)
                self.assertEqual(self.tell(self.event_of(self.system.file(key))), "")
                self.assert_done(key, interface, 4, data)

    def thaw_after_the_clean_up(self, interface, owner: Owner, manifest: str) -> set[str]:
        """Another one has finished with that manifest; what the first one leaves behind."""
        self.system.let_time_pass(400)
        self.assertEqual(self.system.invoke(FILE_PROCESS, owner.event).function_error, "")
        self.system.settle()
        row = self.assert_done(owner.key, interface, 4, ROWS)
        (statement,) = self.submissions(row)
        self.assertIn(f"/{row['file_id']}/{manifest}'", statement.subs[COPY - 1].sql)
        history = self.system.history(owner.key)
        owner.thaw()
        owner.answer.result()
        self.system.settle()
        self.assertEqual(self.system.file(owner.key), row)
        self.assertEqual(self.system.history(owner.key), history)
        self.assertEqual(len(self.submissions(row)), 1)
        self.assert_rows(owner.key, interface, 4)
        self.assertEqual(self.notified(owner.key), ["DONE"])
        return set(self.private_names(row))

    def test_an_owner_that_copies_the_file_too_late_writes_nothing_that_copy_reads(self):
        """It was frozen before it copied the file, and another one has done all meanwhile."""
        interface = self.new_interface()
        owner = self.owner(self.put_silently(interface, ROWS))
        self.freeze_at(owner, "s3", "CopyObject", kind="drop_before")
        left = self.thaw_after_the_clean_up(interface, owner, "manifest-2")
        self.assertLessEqual(left, {"data-1"})

    def test_an_owner_that_writes_its_manifest_too_late_leaves_no_data(self):
        """It had numbered the load: whoever takes over submits the very same statement."""
        interface = self.new_interface()
        owner = self.owner(self.put_silently(interface, ROWS))
        self.freeze_after(owner, "s3", "CopyObject")
        left = self.thaw_after_the_clean_up(interface, owner, "manifest-1")
        self.assertLessEqual(left, {"manifest-1"})


class Uploads(DutyTest):
    """A file with a trailer is written anew, by parts if it is large."""

    def test_an_upload_by_parts_is_aborted_although_the_configuration_changed(self):
        """The reply to its begin was lost, so it was begun twice."""
        interface = self.new_interface(**TRAILED)
        row = b"%d|" + b"x" * 250 + b"|" + b"y" * 250 + b"\n"
        count = 20_000
        data = b"".join(row % number for number in range(count)) + b"T%06d\n" % count
        key = self.put_silently(interface, data)
        fault = self.system.local.faults.add("s3", "CreateMultipartUpload", "drop_after")
        with self.silence():
            self.deliver(s3_record(key, data))
        self.assertEqual(fault.struck, 1)
        self.system.set_config(interface.id, trailer_flag="N", trailer_pstn=None)
        self.assertEqual(self.tell(self.event_of(self.system.file(key))), "")
        self.assert_done(key, interface, count)


if __name__ == "__main__":
    unittest.main()
