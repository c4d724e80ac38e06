"""Manual orders are answered with what really happened; and one file has one owner at a time."""

import concurrent.futures
import datetime
import unittest
import uuid

from e2e.journey import StatementTest, lines
from e2e.made_events import s3_event, s3_record
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING
from e2e.test_lease import Owner
from emulator.deployment import BUCKET

ROWS, OTHER_ROWS = lines(4), lines(6, first=11)
NO_ROWS = "select 1 where 1 = 0"
LEASE_SECONDS = 60  # and one for every 20 MB


class OrderTest(StatementTest):
    options = {"timeout": 300}  # more than any lease here

    def order(self, **members) -> dict:
        """The one item of the answer to that event."""
        result = self.system.invoke(FILE_PROCESS, members)
        self.assertEqual(result.function_error, "", result.payload)
        (item,) = self.items(result)
        return item

    def items(self, result) -> list[dict]:
        answer = result.json()
        self.assertEqual(set(answer), {"objects", "items"})
        self.assertEqual(answer["objects"], len(answer["items"]))
        return answer["items"]

    def advance(self, row: dict) -> dict:
        return self.order(order="advance", file_id=str(row["file_id"]))

    def assert_item(self, item: dict, row: dict, result: str, state: str) -> None:
        self.assertEqual(
            {name: item.get(name) for name in ("bucket", "key", "file_id", "state", "result")},
            {
                "bucket": BUCKET,
                "key": row["key"],
                "file_id": str(row["file_id"]),
                "state": state,
                "result": result,
            },
        )

    def assert_busy(self, item: dict, row: dict, state: str) -> None:
        self.assert_item(item, row, "busy", state)
        until = datetime.datetime.fromisoformat(item["until"].replace("Z", "+00:00"))
        self.assertIsNotNone(until.tzinfo, "a time without its zone")
        lease_until = self.system.file(row["key"])["lease_until"]
        self.assertLess(abs((until - lease_until).total_seconds()), 1)

    def owner(self) -> Owner:
        """A file-process of its own; its file has `interface` and `event`."""
        interface = self.new_interface()
        owner = Owner(self, self.put_silently(interface, ROWS), 300.0)
        owner.interface = interface
        owner.event = s3_event(s3_record(owner.key, ROWS))
        return owner

    def frozen(self, operation: str = "CopyObject", request_id: str = "") -> Owner:
        """It was frozen during that call of S3, with the lease in its hands."""
        owner = self.owner()
        self.strike("s3", operation, owner.freeze)
        owner.begin(owner.event, request_id)
        return owner

    def thaw(self, owner: Owner) -> None:
        owner.thaw()
        self.assertEqual(owner.answer.result().function_error, "")
        self.system.settle()

    def killed(self, operation: str = "CopyObject") -> dict:
        """A file whose owner is dead, and its lease not yet."""
        key = self.put_silently(self.new_interface(), ROWS)
        self.killed_at("s3", operation, FILE_PROCESS, s3_event(s3_record(key, ROWS)))
        return self.system.file(key)


class Advanced(OrderTest):
    """The order goes on with the file."""

    def test_by_key(self):
        for members in ({"order": "advance"}, {}):  # as the Python framework has it
            with self.subTest(**members):
                interface = self.new_interface()
                key = self.put_silently(interface, ROWS)
                with self.paused():
                    item = self.order(**members, bucket=BUCKET, key=key)
                    self.assert_item(item, self.system.file(key), "advanced", "SUBMITTED")
                self.system.settle()
                self.assert_done(key, interface, 4, ROWS)

    def test_the_log_says_who_gave_it(self):
        key, who = self.put_silently(self.new_interface(), ROWS), f"Ann, ticket {uuid.uuid4()}"
        with self.paused():
            row = self.order(order="advance", bucket=BUCKET, key=key, by=who)
        self.order(order="advance", file_id=row["file_id"], by=who)
        found = [line for line in self.system.logs(FILE_PROCESS) if line.get("by") == who]
        self.assertEqual([line["message"] for line in found], ["file ordered"] * 2)
        self.assertEqual((found[0]["bucket"], found[0]["key"]), (BUCKET, key))
        self.assertEqual(found[1]["file"], row["file_id"])

    def test_log_lines_name_the_object(self):
        key = self.put_silently(self.new_interface(), ROWS)
        with self.paused():
            self.order(order="advance", bucket=BUCKET, key=key)
        claimed = [
            line
            for line in self.system.logs(FILE_PROCESS)
            if line["message"] == "file claimed" and line.get("key") == key
        ]
        self.assertEqual(len(claimed), 1)

    def test_by_file_id(self):
        row = self.killed()
        self.system.let_time_pass(LEASE_SECONDS + 10)
        with self.paused():
            self.assert_item(self.advance(row), row, "advanced", "SUBMITTED")
        self.system.settle()
        self.assertEqual(self.system.file(row["key"])["state"], "DONE")

    def test_a_statement_whose_event_was_lost(self):
        interface = self.new_interface(query=NO_ROWS)
        row = self.unheard(interface)
        with self.silence():
            self.assert_item(self.advance(row), row, "advanced", "TRANSFORMING")
        self.assert_item(self.advance(row), row, "advanced", "DONE")
        self.assert_done(row["key"], interface, 4, ROWS)

    def test_a_pause_does_not_hold_an_order_up(self):
        """Who gives the order knows that what was in the way is gone."""
        interface = self.new_interface()
        self.system.local.redshift.fail_next("connection_limit", name="|load|1|")
        row = self.unheard(interface)
        self.assertEqual(self.tell(self.end_of(self.submissions(row)[0])), "Unhandled")
        self.assertEqual(self.advance(row)["result"], "advanced")
        self.system.settle()
        self.assertEqual(self.assert_done(row["key"], interface, 4, ROWS)["load_no"], 2)

    def test_an_older_file_while_a_newer_one_lies_under_its_key(self):
        interface = self.new_interface()
        first = self.unheard(interface)
        self.put_silently(interface, OTHER_ROWS)
        self.assert_item(self.advance(first), first, "advanced", "DONE")
        (row,) = self.system.files(first["key"])
        self.assertEqual((row["state"], row["rows_loaded"]), ("DONE", 4))
        self.assertEqual(self.system.get(first["key"]), OTHER_ROWS)
        self.assertEqual(self.system.get(row["archived_key"]), ROWS)
        self.assert_no_leftovers(row)


class Busy(OrderTest):
    """Somebody works on the file, or nobody knows yet that he does not."""

    def test_the_answer_says_until_when(self):
        owner = self.frozen()
        row = self.system.file(owner.key)
        self.assert_busy(self.advance(row), row, "RECEIVED")
        self.assert_busy(self.order(order="advance", bucket=BUCKET, key=owner.key), row, "RECEIVED")
        self.assert_busy(self.order(bucket=BUCKET, key=owner.key), row, "RECEIVED")
        self.thaw(owner)
        self.assert_done(owner.key, owner.interface, 4, ROWS)

    def test_the_lease_of_a_dead_owner_is_told_too(self):
        row = self.killed()
        self.assert_busy(self.advance(row), row, "RECEIVED")
        self.assert_busy(self.order(bucket=BUCKET, key=row["key"]), row, "RECEIVED")
        self.system.let_time_pass(LEASE_SECONDS + 10)
        self.assertEqual(self.advance(row)["result"], "advanced")
        self.system.settle()
        self.assertEqual(self.system.file(row["key"])["state"], "DONE")


class NothingDue(OrderTest):
    """There is nothing to do, and the message says why."""

    def assert_nothing_due(self, row: dict, state: str) -> None:
        for members in ({"file_id": str(row["file_id"])}, {"bucket": BUCKET, "key": row["key"]}):
            with self.subTest(by=list(members)):
                item = self.order(order="advance", **members)
                self.assert_item(item, row, "nothing due", state)
                self.assertRegex(item["message"], r"\w+ \w+")

    def test_a_statement_that_runs(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        with self.paused():
            self.deliver(s3_record(key, ROWS))
            row = self.system.wait_state(key, "SUBMITTED")
            self.assert_nothing_due(row, "SUBMITTED")
        self.system.settle()
        self.assert_done(key, interface, 4, ROWS)

    def test_a_settled_file(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        self.deliver(s3_record(key, ROWS))
        self.system.settle()
        row = self.assert_done(key, interface, 4, ROWS)
        item = self.advance(row)
        self.assert_item(item, row, "nothing due", "DONE")
        self.assertRegex(item["message"], r"\w+ \w+")
        self.assertEqual(self.system.file(key), row)


class Ignored(OrderTest):
    """What is no file of a sender is left alone."""

    def test_folders_and_our_own_objects(self):
        known = self.system.files()
        for key in ("silent/folder/", "archive/1/A_527.txt", "processing/1/data-1"):
            for members in ({"order": "advance"}, {}):
                with self.subTest(key, **members):
                    item = self.order(**members, bucket=BUCKET, key=key)
                    self.assertEqual(
                        (item["bucket"], item["key"], item["result"]), (BUCKET, key, "ignored")
                    )
        self.assertEqual(self.system.files(), known)

    def test_a_removal(self):
        record = s3_record("silent/A_527.txt", event="ObjectRemoved:DeleteMarkerCreated")
        self.assertEqual(self.order(**s3_event(record))["result"], "ignored")

    def test_each_object_of_an_event_has_an_item(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        with self.paused():
            result = self.deliver(
                s3_record("silent/folder/", b""),
                s3_record(key, ROWS),
                s3_record("archive/1/A_527.txt", ROWS),
            )
        self.system.settle()
        results = [item["result"] for item in self.items(result)]
        self.assertEqual(results, ["ignored", "advanced", "ignored"])


class Unknown(OrderTest):
    """An order that cannot be carried out fails, and says why."""

    def test_an_unknown_file_id(self):
        file_id = str(uuid.uuid4())
        result = self.system.invoke(FILE_PROCESS, {"order": "advance", "file_id": file_id})
        self.assertEqual(result.function_error, "Unhandled")
        self.assertIn(file_id, result.json()["errorMessage"])

    def test_a_file_id_that_is_none(self):
        result = self.system.invoke(FILE_PROCESS, {"order": "advance", "file_id": "FILE_527.txt"})
        self.assertEqual(result.function_error, "Unhandled")
        self.assertIn("file_id", result.json()["errorMessage"])

    def test_an_unknown_order(self):
        row = self.unheard(self.new_interface())
        event = {"order": "undo everything", "file_id": str(row["file_id"])}
        result = self.system.invoke(FILE_PROCESS, event)
        self.assertEqual(result.function_error, "Unhandled")
        self.assertIn("undo everything", result.json()["errorMessage"])
        self.assertEqual(self.system.file(row["key"]), row)


class OneOwner(OrderTest):
    """Asynchronous events may come twice at once, even with the same request id."""

    def test_the_same_request_does_not_take_over_from_a_living_owner(self):
        request_id = str(uuid.uuid4())
        owner = self.frozen("CopyObject", request_id)
        before = self.system.file(owner.key)
        function = self.system.local.lambda_.function(FILE_PROCESS)
        result = function.invoke(owner.event, request_id=request_id)
        self.assertEqual(result.function_error, "")
        self.assertEqual(self.system.file(owner.key), before)
        self.assertEqual(before["claim_no"], 1)
        self.thaw(owner)
        self.assert_done(owner.key, owner.interface, 4, ROWS)

    def test_the_same_request_many_times_at_once(self):
        interface = self.new_interface()
        key = self.put_silently(interface, ROWS)
        event, request_id = s3_event(s3_record(key, ROWS)), str(uuid.uuid4())
        function = self.system.local.lambda_.function(FILE_PROCESS)
        self.system.local.faults.add("s3", "CopyObject", "slow", seconds=0.5, times=0)
        with self.paused(), concurrent.futures.ThreadPoolExecutor(6) as pool:
            results = list(
                pool.map(lambda _: function.invoke(event, request_id=request_id), range(6))
            )
        self.system.settle()
        self.assertEqual({result.function_error for result in results}, {""})
        row = self.assert_done(key, interface, 4, ROWS)
        self.assertEqual(len(self.submissions(row)), 1)

    def test_the_same_status_event_many_times_at_once(self):
        interface = self.new_interface(query=NO_ROWS)
        row = self.unheard(interface)
        event, request_id = self.end_of(self.submissions(row)[0]), str(uuid.uuid4())
        function = self.system.local.lambda_.function(FILE_PROCESS_LOGGING)
        self.system.local.faults.add("s3", "CopyObject", "slow", seconds=0.3, times=0)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            results = list(
                pool.map(lambda _: function.invoke(event, request_id=request_id), range(6))
            )
        self.system.settle()
        self.assertEqual({result.function_error for result in results}, {""})
        row = self.assert_done(row["key"], interface, 4, ROWS)
        self.assertEqual(len(self.submissions(row, "transform")), 1)


class LeaseTime(OrderTest):
    """A lease is as long as the work may take without a word, and no longer."""

    def test_it_follows_the_size_of_the_file_and_not_the_timeout(self):
        owner = self.frozen()
        row = self.system.file(owner.key)
        length = (row["lease_until"] - row["received_at"]).total_seconds()
        self.assertAlmostEqual(length, LEASE_SECONDS, delta=0.002)
        self.thaw(owner)
        self.assert_done(owner.key, owner.interface, 4, ROWS)

    def test_a_dead_owner_is_followed_soon(self):
        row = self.killed()
        self.system.let_time_pass(LEASE_SECONDS + 2)
        self.assertEqual(self.deliver(s3_record(row["key"], ROWS)).function_error, "")
        self.system.settle()
        row = self.system.file(row["key"])
        self.assertEqual((row["state"], row["attempts"]), ("DONE", 1))


if __name__ == "__main__":
    unittest.main()
