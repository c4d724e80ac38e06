"""Files and replies that a careless system would miscount, lose or be held up by, on the shipped zips."""

import gzip
import unittest

from e2e.system import FILE_PROCESS_LOGGING, Interface, SystemTest

TRAILER = {"trailer_flag": "Y", "trailer_pstn": "4:14"}
GUARD = 2  # the statement of a batch that asks the ledger


class Counting(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.add_interface(Interface(701, ["a", "b"], **TRAILER))
        cls.system.add_interface(Interface(702, ["a", "b"], header_flag="Y", **TRAILER))
        cls.system.add_interface(
            Interface(703, ["a", "b"], file_format="csv", file_type="csv", delimiter="\\t",
                      options={"quote_char": '"'}, **TRAILER)
        )  # fmt: skip
        cls.system.add_interface(Interface(704, ["a", "b"], options={"copy_options": "ESCAPE"}, **TRAILER))
        cls.system.add_interface(Interface(705, ["a", "b"], trailer_flag="Y", trailer_pstn="8:11"))
        cls.system.add_interface(Interface(706, ["a", "b"], file_format="gz", file_type="gz", **TRAILER))

    def loaded(self, interface: int, data: bytes, suffix: str = "txt") -> list[tuple[str, str]]:
        """The rows that the file brought."""
        file = self.system.process(f"external_input/{self._testMethodName}_{interface}.{suffix}", data)
        self.assertEqual((file["state"], file["reason"]), ("DONE", None))
        rows = self.system.redshift_rows(
            f"select a, b from rdsftetl.t{interface} where file_name = %s order by 1", file["key"].split("/")[1]
        )
        self.assertEqual(file["rows_loaded"], len(rows))
        return [(row["a"], row["b"]) for row in rows]

    def rejected(self, interface: int, data: bytes, reason: str, suffix: str = "txt") -> None:
        file = self.system.process(f"external_input/{self._testMethodName}_{interface}.{suffix}", data)
        self.assertEqual(file["state"], "REJECTED", file["reason"])
        self.assertIn(reason, file["reason"])
        self.assertEqual(self.ledger(interface, file), [])
        self.assertEqual(self.system.private_objects(), [])
        (notification,) = self.system.notices(file["key"])
        self.assertIn(reason, notification["reason"])

    def ledger(self, interface: int, file: dict) -> list[str]:
        known = self.system.ledger(f"rdsftetl.t{interface}")
        return [row["kind"] for row in known if row["file_id"] == str(file["file_id"])]

    def test_characters_before_the_count(self):
        self.assertEqual(self.loaded(705, "1|x\n2|y\nZähler 2  \n".encode()), [("1", "x"), ("2", "y")])

    def test_tabs_and_line_feeds_in_quotes(self):
        data = b'1\t"x\ny"\n"2"\t"a""b\tc"\nTRL0000000002\n'
        self.assertEqual(self.loaded(703, data, "csv"), [("1", "x\ny"), ("2", 'a"b\tc')])

    def test_escaped_line_feeds(self):
        self.assertEqual(self.loaded(704, b"1|x\\\ny\n2|z\nTRL0000000002\n"), [("1", "x\ny"), ("2", "z")])

    def test_blank_lines_are_the_sender_s_records_and_nobody_s_rows(self):
        self.assertEqual(self.loaded(701, b"1|x\n\n2|y\nTRL0000000003\n\n"), [("1", "x"), ("2", "y")])

    def test_utf16(self):
        self.rejected(701, "1|x\n2|y\nTRL0000000002\n".encode("utf-16"), "UTF-16")

    def test_carriage_returns_alone(self):
        self.rejected(701, b"1|x\r2|y\rTRL0000000002\r" * 3, "carriage return")

    def test_a_blank_header(self):
        self.rejected(702, b"\na|b\n1|x\nTRL0000000002\n", "first line is blank")

    def test_an_open_quote(self):
        self.rejected(703, b'1\t"x\n2\ty\nTRL0000000002\n', "record 1 opens a quote", "csv")

    def test_a_pack_with_rubbish_behind_it(self):
        packed = gzip.compress(b"1|x\n2|y\nTRL0000000002\n")
        self.rejected(706, packed + b"rubbish" * 10, "damaged in member 2", "gz")
        self.assertEqual(self.loaded(706, packed + b"\0" * 100, "gz"), [("1", "x"), ("2", "y")])


class Outcomes(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        query = "insert into rdsftetl.t711 (a) select cast(count(*) as varchar) from rdsftetl.t711"
        cls.system.add_interface(Interface(711, ["a", "b"], query=query))

    def tearDown(self):
        self.system.local.redshift.control({"events": "normal"})
        super().tearDown()

    def process(self) -> dict:
        return self.system.process(f"external_input/{self._testMethodName}_711.txt", b"1|x\n" * 20)

    def ledger(self, file: dict) -> list[tuple[str, int, bool]]:
        """(kind, number, is_void) of that file."""
        return [
            (row["kind"], row["number"], row["is_void"])
            for row in self.system.ledger("rdsftetl.t711")
            if row["file_id"] == str(file["file_id"])
        ]

    def load_only(self) -> dict:
        """A file that was loaded, of which no event has come yet."""
        self.system.local.redshift.control({"events": "never"})
        file = self.process()
        self.assertEqual(file["state"], "SUBMITTED")
        self.system.local.redshift.control({"events": "normal"})
        return file

    def tell(self, file: dict) -> None:
        """The status event that did not come."""
        name = f"{file['file_id']}|load|{file['load_no']}|711|rdsftetl.t711|external_file_framework"
        detail = {"statementId": file["load_statement_id"], "statementName": name, "state": "FINISHED"}
        self.system.invoke(FILE_PROCESS_LOGGING, {"source": "aws.redshift-data", "detail": detail})
        self.system.settle()

    def test_an_error_text_of_any_length_is_kept_in_part(self):
        self.system.local.redshift.fail_next("ERROR: invalid input: " + "é" * 30000, 3)
        file = self.process()
        self.assertEqual(file["state"], "FAILED")
        self.assertIn("Redshift refused the load into rdsftetl.t711: ERROR: invalid input", file["reason"])
        self.assertLessEqual(len(file["reason"]), 4000)

    def test_one_of_a_transformation_too(self):
        file = self.load_only()
        self.system.local.redshift.fail_next("ERROR: invalid input: " + "é" * 30000, 3)
        self.tell(file)
        file = self.system.file(file["key"])
        self.assertEqual(file["state"], "TRANSFORM_FAILED")
        self.assertIn("the transformation failed: ERROR: invalid input", file["reason"])

    def test_a_guard_that_is_cancelled_is_asked_again(self):
        file = self.load_only()
        self.system.local.redshift.fail_next("ERROR: query cancelled on user's request", GUARD)
        self.tell(file)
        file = self.system.file(file["key"])
        self.assertEqual((file["state"], file["transform_no"]), ("DONE", 2), file["reason"])
        self.assertEqual(self.ledger(file), [("load", 1, False), ("transform", 2, False)])

    def test_so_is_that_of_a_load(self):
        self.system.local.redshift.fail_next("ERROR: query cancelled on user's request", GUARD)
        file = self.process()
        self.assertEqual((file["state"], file["load_no"]), ("DONE", 2), file["reason"])
        self.assertEqual(file["rows_loaded"], 20)

    def test_a_guard_that_fails_for_another_reason_is_no_transformation(self):
        file = self.load_only()
        self.system.local.redshift.fail_next("ERROR: integer out of range", GUARD)
        self.tell(file)
        file = self.system.file(file["key"])
        self.assertEqual(file["state"], "TRANSFORM_FAILED")
        self.assertIn("the ledger rdsftetl.t711_ledger cannot be used", file["reason"])
        self.assertIn("integer out of range", file["reason"])
        self.assertEqual(self.ledger(file), [("load", 1, False), ("transform", 1, True)])

    def test_nor_is_it_a_load(self):
        self.system.local.redshift.fail_next("ERROR: integer out of range", GUARD)
        file = self.process()
        self.assertEqual(file["state"], "FAILED")
        self.assertIn("integer out of range", file["reason"])
        self.assertEqual(self.ledger(file), [("load", 1, True)])

    def test_a_failure_at_the_commit_blames_no_ledger(self):
        self.system.local.redshift.fail_next("ERROR: could not commit", 0)
        file = self.process()
        self.assertEqual(file["state"], "FAILED")
        self.assertIn("could not commit", file["reason"])
        self.assertNotIn("ledger", file["reason"])
        self.assertEqual(self.ledger(file), [("load", 1, True)])

    def test_1023_in_a_text_is_no_conflict(self):
        self.system.local.redshift.fail_next('ERROR: invalid input syntax for integer: "1023"', 3)
        file = self.process()
        self.assertEqual((file["state"], file["load_no"]), ("FAILED", 1))

    def test_1023_itself_is_loaded_by_the_next_number(self):
        self.system.local.redshift.fail_next()
        file = self.process()
        self.assertEqual((file["state"], file["load_no"], file["rows_loaded"]), ("DONE", 2, 20))


if __name__ == "__main__":
    unittest.main()
