"""Objects whose event was lost: the schedule searches the landing prefixes and takes them in."""

import concurrent.futures
import contextlib
import itertools
import signal
import unittest

from e2e.journey import JourneyTest, SilentTest, lines
from e2e.system import FILE_PROCESS, LANDING
from emulator.deployment import ARCHIVE, BUCKET

ROWS, OTHER = lines(4), lines(4, first=100)
SCHEDULE = {"detail-type": "Scheduled Event"}
HOUR = 60
FOUND = "an object without a row was found"
REFUSED = "objects without a row could not be searched for"


class SearchTest(SilentTest):
    """Each test has a prefix of its own, which is searched."""

    _places = itertools.count()

    def setUp(self):
        super().setUp()
        self.FOLDER = f"silent/{next(self._places)}/"
        self.addCleanup(self.system.config_execute, "delete from rdscnfg.ext_landing")
        self.search_below(self.FOLDER)

    def search_below(self, prefix: str, bucket: str = BUCKET) -> None:
        self.system.config_execute(
            "insert into rdscnfg.ext_landing (bucket, prefix) values (%s, %s)", bucket, prefix
        )

    @contextlib.contextmanager
    def minutes_ago(self, minutes: float):
        """Objects that are put in this block are so old."""
        self.system.local.clock.advance(-60 * minutes)
        try:
            yield
        finally:
            self.system.local.clock.advance(60 * minutes)

    def put_unheard(self, interface, data=ROWS, stem="FILE", minutes=HOUR) -> str:
        """A file whose event was lost."""
        with self.minutes_ago(minutes):
            return self.put_silently(interface, data, stem)

    def schedule(self) -> dict:
        """The answer of one schedule event, and all that follows from it."""
        result = self.system.invoke(FILE_PROCESS, SCHEDULE)
        self.assertEqual(result.function_error, "", result.payload)
        self.system.settle()
        return result.json()

    def assert_answer(self, searched: int, found: int, failed: int = 0) -> None:
        answer = self.schedule()
        counts = tuple(answer[name] for name in ("searched", "found", "failed"))
        self.assertEqual(counts, (searched, found, failed))

    def place(self, prefix: str = "") -> dict:
        """The row of ext_landing."""
        (row,) = self.system.config_rows(
            "select * from rdscnfg.ext_landing where prefix = %s", prefix or self.FOLDER
        )
        return row

    def logged(self, message: str) -> list[dict]:
        return [line for line in self.system.logs(FILE_PROCESS) if line["message"] == message]

    def refuse(self, operation: str, nth: int = 1) -> None:
        """S3 answers 403, once."""
        self.system.local.faults.add(
            "s3", operation, "error", nth=nth, code="AccessDenied", status=403
        )

    def kill_at(self, operation: str, nth: int) -> None:
        """The schedule runs, and dies before that call reaches S3."""
        runner = self.system.local.lambda_.function(FILE_PROCESS)
        kill = lambda: runner.signal(signal.SIGKILL)
        self.strike("s3", operation, kill, nth=nth, kind="drop_before")
        self.assertEqual(runner.invoke(SCHEDULE).error_type, "Runtime.ExitError")

    def listings(self) -> int:
        return self.system.requests(FILE_PROCESS).count("s3.ListObjectsV2")


class LostEvents:
    def test_a_file_whose_event_was_lost_is_loaded(self):
        interface = self.new_interface()
        key = self.put_unheard(interface)
        self.assert_answer(searched=1, found=1)
        self.assert_done(key, interface, 4, ROWS)
        line = self.logged(FOUND)[-1]
        self.assertEqual((line["bucket"], line["key"]), (BUCKET, key))
        row = self.place()
        self.assertEqual(row["search_after"], "")
        self.assertLessEqual(row["search_began_at"], row["search_ended_at"])
        self.assert_answer(searched=0, found=0)

    def test_a_newer_upload_of_a_key_that_is_done(self):
        for data in (OTHER, ROWS):  # also the same bytes
            with self.subTest(data[:9]):
                interface = self.new_interface()
                key = self.put_unheard(interface, ROWS, minutes=3 * HOUR)
                self.schedule()
                self.put_unheard(interface, data, minutes=2 * HOUR)
                self.assert_answer(searched=1, found=1)
                states = [row["state"] for row in self.system.files(key)]
                self.assertEqual(states, ["DONE", "DONE"])
                self.assert_rows(key, interface, 8)

    def test_an_object_with_a_row_is_not_taken_again(self):
        interface = self.new_interface()
        key = self.put_unheard(interface)
        with self.paused():
            self.system.invoke(FILE_PROCESS, SCHEDULE)
            self.system.wait_state(key, "SUBMITTED")
            answer = self.system.invoke(FILE_PROCESS, SCHEDULE).json()
            self.assertEqual((answer["searched"], answer["found"]), (1, 0))
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)


class Unversioned(LostEvents, SearchTest):
    pass


class Versioned(LostEvents, SearchTest):
    options = {"versioned": True}


class WhatIsSearched(SearchTest):
    def test_younger_objects_are_left_to_their_events(self):
        interface = self.new_interface()
        young = self.put_unheard(interface, stem="YOUNG", minutes=29)
        old = self.put_unheard(interface, stem="OLD", minutes=31)
        self.assert_answer(searched=2, found=1)
        self.assert_done(old, interface, 4, ROWS)
        self.assertEqual(self.system.files(young), [])

    def test_without_rows_nothing_is_searched(self):
        interface = self.new_interface()
        key = self.put_unheard(interface)
        for change in ("update {} set is_active = false", "delete from {}"):
            with self.subTest(change):
                self.system.config_execute(change.format("rdscnfg.ext_landing"))
                self.system.clear_counts()
                self.assert_answer(searched=0, found=0)
                self.assertEqual(self.listings(), 0)
        self.assertEqual(self.system.files(key), [])

    def test_folders_of_ours_are_ignored_and_cost_a_page_at_most(self):
        """Below the prefix "" lies everything, also a large archive."""
        self.system.config_execute("update rdscnfg.ext_landing set prefix = 'arch'")
        with self.minutes_ago(HOUR):
            for number in range(2100):
                self.system.put(f"{ARCHIVE}/9/{number:04}_527.txt", b"x")
            self.system.put("archived_527.txt", b"x")  # not in the folder
        self.system.clear_counts()
        self.assertEqual(self.schedule()["found"], 1)
        self.assertEqual(self.listings(), 2)
        self.assertEqual(self.system.file("archived_527.txt")["state"], "REJECTED")
        self.assert_answer(searched=1000, found=0)

    def test_a_folder_marker_is_ignored_and_a_key_with_content_is_not(self):
        marker, content = f"{self.FOLDER}marker/", f"{self.FOLDER}no-folder/"
        with self.minutes_ago(HOUR):
            self.system.put(marker, b"")
            self.system.put(content, ROWS)
        self.assert_answer(searched=2, found=1)
        self.assertEqual(self.system.files(marker), [])
        self.assert_refused(content, None, 'its key ends in "/"', data=ROWS)


class WhatGoesWrong(SearchTest):
    def test_a_key_that_cannot_be_stored(self):
        interface = self.new_interface()
        keys = [self.put_unheard(interface, stem=stem) for stem in ("A", "B", "D")]
        bad = f"{self.FOLDER}C\0_{interface.id}.txt"
        with self.minutes_ago(HOUR):
            self.system.put(bad, ROWS)
        self.assert_answer(searched=4, found=3)
        self.assertEqual([self.system.file(key)["state"] for key in keys], ["DONE"] * 3)
        line = self.logged("an object cannot be handled: rename or remove it")[-1]
        self.assertIn("NUL", line["errorMessage"])
        self.system.local.s3.delete_key(BUCKET, bad)

    def test_one_bad_object_does_not_end_the_run(self):
        interface = self.new_interface()
        keys = [self.put_unheard(interface, stem=stem) for stem in ("A", "B", "C")]
        self.refuse("HeadObject", nth=2)
        self.assert_answer(searched=3, found=3, failed=1)
        self.assertEqual(self.system.files(keys[1]), [])
        self.assert_answer(searched=1, found=1)
        for key in keys:
            self.assertEqual(self.system.file(key)["state"], "DONE")
            self.assert_rows(key, interface, 4)

    def test_a_prefix_that_s3_refuses(self):
        """The others are searched, and what is due is done."""
        interface = self.new_interface()
        key = self.put_unheard(interface)
        self.search_below("first/")
        self.search_below("x/", "no-such-bucket")
        self.refuse("ListObjectsV2")
        self.assert_answer(searched=1, found=1)
        self.assert_done(key, interface, 4, ROWS)
        refused, missing = self.logged(REFUSED)[-2:]
        self.assertEqual((refused["bucket"], refused["prefix"]), (BUCKET, "first/"))
        self.assertIn("s3:ListBucket", refused["remedy"])
        self.assertEqual((missing["bucket"], missing["prefix"]), ("no-such-bucket", "x/"))
        self.assertIn("correct bucket in ext_landing", missing["remedy"])
        self.assertNotIn("key", missing)

    def test_a_database_without_the_table(self):
        rename = "alter table rdscnfg.{} rename to {}"
        self.system.config_execute(rename.format("ext_landing", "elsewhere"))
        self.addCleanup(self.system.config_execute, rename.format("elsewhere", "ext_landing"))
        self.assert_answer(searched=0, found=0)
        self.assertEqual(self.logged(REFUSED)[-1]["remedy"], "run sql/postgres/005_landing.sql")

    def test_two_schedules_at_once_load_each_file_once(self):
        interface = self.new_interface()
        keys = [self.put_unheard(interface, stem=f"F{number}") for number in range(6)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda _: self.system.invoke(FILE_PROCESS, SCHEDULE), range(4)))
        self.system.settle()
        self.assertEqual({result.function_error for result in results}, {""})
        for key in keys:
            self.assertEqual([row["state"] for row in self.system.files(key)], ["DONE"])
            self.assert_rows(key, interface, 4)
        self.assertEqual(self.place()["search_after"], "")

    def test_killed_before_the_position_is_stored(self):
        interface = self.new_interface()
        keys = [self.put_unheard(interface, stem=f"F{number}") for number in range(3)]
        self.kill_at("HeadObject", nth=2)
        self.assertIsNone(self.place()["search_began_at"])
        self.assert_answer(searched=3, found=2)
        self.assertEqual([self.system.file(key)["state"] for key in keys], ["DONE"] * 3)

    def test_a_session_that_ends_while_the_position_is_stored(self):
        interface = self.new_interface()
        for when in ("before", "after"):
            with self.subTest(when):
                key = self.put_unheard(interface, stem=when.upper())
                self.system.tap.cut_at("search_ended_at = case", when)
                self.assert_answer(searched=1, found=1)
                self.assertIn("next schedule", self.logged(REFUSED)[-1]["remedy"])
                self.assertEqual(self.place()["search_ended_at"] is None, when == "before")
                self.assert_answer(searched=0, found=0)
                self.assertEqual(self.system.file(key)["state"], "DONE")


class Pages(SearchTest):
    """2,500 objects; all but a few have a row."""

    options = {"timeout": 16}  # nothing is begun with in its second half

    def put_thousands(self) -> list[str]:
        """The keys of the files whose event was lost: two on each page of 1,000."""
        interface = self.new_interface()
        lost = {100, 900, 1100, 1900, 2100, 2400}
        keys = [f"{self.FOLDER}{number:04}_{interface.id}.txt" for number in range(2500)]
        with self.minutes_ago(HOUR):
            for key in keys:
                self.system.put(key, ROWS)
        self.system.config_execute(
            "insert into rdscnfg.ext_file (file_id, bucket, key, etag, size_bytes, last_modified,"
            " received_at, state, state_at, archived_at, noticed_at, cleaned_at)"
            " select gen_random_uuid(), %s, key, 'e1', 1, now(), now(), 'DONE', now(), now(),"
            " now(), now()"
            " from unnest(%s) key",
            BUCKET,
            [key for number, key in enumerate(keys) if number not in lost],
        )
        self.system.clear_counts()
        return [keys[number] for number in sorted(lost)]

    def states(self, keys: list[str]) -> list[str]:
        return [row["state"] for key in keys for row in self.system.files(key)]

    def test_the_whole_prefix_is_searched(self):
        keys = self.put_thousands()
        self.assert_answer(searched=2500, found=6)
        self.assertEqual(self.listings(), 3)
        self.assertEqual(self.states(keys), ["DONE"] * 6)

    def test_the_time_ends_in_the_middle(self):
        keys = self.put_thousands()
        self.system.local.faults.add("s3", "ListObjectsV2", "slow", nth=2, seconds=9.0)
        self.assert_answer(searched=1100, found=2)
        row = self.place()
        self.assertEqual(row["search_after"], self.FOLDER + f"1099_{keys[0].rpartition('_')[2]}")
        self.assertIsNone(row["search_ended_at"])
        self.assertEqual(self.states(keys), ["DONE"] * 2)
        self.assert_answer(searched=1400, found=4)
        self.assertEqual(self.states(keys), ["DONE"] * 6)
        self.assertEqual(self.place()["search_began_at"], row["search_began_at"])
        self.assertIsNotNone(self.place()["search_ended_at"])

    def test_killed_after_the_position_is_stored(self):
        keys = self.put_thousands()
        self.kill_at("ListObjectsV2", nth=2)
        self.system.settle()
        self.assertTrue(self.place()["search_after"].startswith(self.FOLDER + "0999_"))
        self.assert_answer(searched=1500, found=4)
        self.assertEqual(self.states(keys), ["DONE"] * 6)


class SearchedFromTheStart(JourneyTest):
    options = {"search": True}

    def test_the_landing_prefix_is_searched(self):
        rows = self.system.config_rows("select bucket, prefix, is_active from rdscnfg.ext_landing")
        self.assertEqual(rows, [{"bucket": BUCKET, "prefix": LANDING, "is_active": True}])


if __name__ == "__main__":
    unittest.main()
