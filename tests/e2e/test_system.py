"""The harness itself, with functions that only answer: what end-to-end tests rely on must be so."""

import json
import pathlib
import tempfile
import unittest

import psycopg2

from e2e.interface import Interface
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING, System, SystemTest, shared_system
from emulator.aws_cli import AwsCli
from emulator.deployment import SCHEDULE_RULE, Deployment, MissingPackage, Options
from emulator.local_test import package

STATUS_NAME = (
    "0b9e7a52-5c5e-4a4f-8a63-2f9f3f1f7a11|load|1|527|rdsftetl.dc_x_pa_flavor"
    "|external_file_framework"
)


class StandIn(SystemTest):
    """Both zips hold the scripted bootstrap of the emulator's tests, which echoes."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="stand-in-")
        cls.addClassCleanup(folder.cleanup)
        for name in (FILE_PROCESS, FILE_PROCESS_LOGGING):
            (pathlib.Path(folder.name) / f"{name}.zip").write_bytes(package())
        cls.options = {**cls.options, "packages": pathlib.Path(folder.name)}
        super().setUpClass()


class Deployed(StandIn):
    options = {"settings": {"timezone": "Europe/Berlin", "custom_error_msg": None}}

    def starts(self, function: str) -> int:
        return self.system.log_text(function).count("START RequestId: ")

    def test_arrivals_reach_file_process_and_nothing_else_does(self):
        before = self.starts(FILE_PROCESS)
        for key in (
            "external_input/A_527.txt",
            "archive/A_527.txt",
            "processing/A",
            "external_input",
        ):
            self.system.put(key, b"x" * 60)
        self.system.settle()
        self.assertEqual(self.starts(FILE_PROCESS), before + 1)
        self.assertEqual(self.system.get("archive/A_527.txt"), b"x" * 60)
        self.assertEqual(self.system.archive(), ["archive/A_527.txt"])
        self.assertEqual(self.system.private_objects(), ["processing/A"])

    def test_statements_of_the_project_reach_file_process_logging(self):
        before = self.starts(FILE_PROCESS_LOGGING)
        data = {
            "Sql": "select 1",
            "Database": "dev",
            "ClusterIdentifier": "dw",
            "WithEvent": True,
            "SecretArn": self.system.deployment.settings()["secret_redshift"],
        }
        for name in (STATUS_NAME, "somebody else's"):
            self.system.data_api("ExecuteStatement", {**data, "StatementName": name})
        self.system.settle()
        self.assertEqual(self.starts(FILE_PROCESS_LOGGING), before + 1)
        found = [item for item in self.system.statements() if item["StatementName"] == STATUS_NAME]
        self.assertEqual(
            [(item["Status"], item["Sqls"]) for item in found], [("FINISHED", ["select 1"])]
        )

    def test_schedule_reaches_file_process_only_when_fired(self):
        before = self.starts(FILE_PROCESS)
        self.system.fire_schedule()
        self.system.settle()
        self.assertEqual(self.starts(FILE_PROCESS), before + 1)
        rule = self.system.local.events.DescribeRule({"Name": SCHEDULE_RULE}, None)
        self.assertEqual(rule["State"], "DISABLED")

    def test_both_functions_share_role_and_settings(self):
        aws = AwsCli(self.system.local.environment())
        first, second = (
            aws.json("lambda", "get-function-configuration", "--function-name", name)
            for name in (FILE_PROCESS, FILE_PROCESS_LOGGING)
        )
        self.assertEqual(first["Role"], second["Role"])
        settings = first["Environment"]["Variables"]
        self.assertEqual(settings, second["Environment"]["Variables"])
        self.assertEqual((settings["timezone"], settings["region"]), ("Europe/Berlin", "eu-west-1"))
        self.assertNotIn("custom_error_msg", settings)
        self.assertNotIn("redshift_workgroup", settings)

    def test_sample_configuration_and_tables_are_there(self):
        rows = self.system.config_rows(
            "select ext_interface_cid::int as id from rdscnfg.ext_interface order by 1"
        )
        self.assertLessEqual({527, 558}, {row["id"] for row in rows})
        self.assertEqual(self.system.rows("rdsftetl.dc_x_pa_flavor"), [])
        self.assertEqual(self.system.ledger("rdsftetl.hospital_cost_report"), [])
        self.system.deployment.apply_sql()  # may be repeated

    def test_an_interface_of_a_test(self):
        self.system.add_interface(
            Interface(
                9001, [("a", 3), "b"], types={"b": "numeric(5)"}, options={"null_marker": "-"}
            )
        )
        self.system.set_config(9001, header_flag="Y")
        found = self.system.config_rows(
            "select * from rdscnfg.ext_file_config where ext_file_config_sid = 9001"
        )
        self.assertEqual(
            [
                (row["file_prefix"], row["tgt_table_name"], row["header_flag"], row["null_marker"])
                for row in found
            ],
            [("9001.", "t9001", "Y", "-")],
        )
        columns = self.system.config_rows(
            "select column_name, column_width_fixed::int as width from"
            " rdscnfg.ext_file_config_dtl where ext_file_config_sid = 9001 order by 1"
        )
        self.assertEqual([tuple(row.values()) for row in columns], [("a", 3), ("b", None)])
        self.system.redshift_execute(
            "insert into rdsftetl.t9001 (a, b) values ('x', 1); -- two\n"
            "insert into rdsftetl.t9001 (a, b) values (';', 2)"
        )
        self.assertEqual(
            [(row["a"], int(row["b"])) for row in self.system.rows("rdsftetl.t9001")],
            [(";", 2), ("x", 1)],
        )
        self.assertEqual(self.system.ledger("rdsftetl.t9001"), [])
        with self.assertRaisesRegex(AssertionError, "no configuration 9002"):
            self.system.set_config(9002, header_flag="Y")

    def test_waiting_in_vain_says_why(self):
        with self.assertRaisesRegex(AssertionError, "'none' is not DONE but unknown"):
            self.system.wait_state("none", "DONE", timeout=0.1)
        self.system.config_execute(
            "insert into rdscnfg.ext_file (file_id, bucket, key, etag, size_bytes, last_modified,"
            " received_at, state, state_at, reason) values (gen_random_uuid(), 'landing', 'K', 'e',"
            " 1, now(), now(), 'REJECTED', now(), 'bad suffix')"
        )
        with self.assertRaisesRegex(AssertionError, "bad suffix"):
            self.system.wait_state("K", "DONE")
        self.assertEqual(self.system.wait_state("K", ("DONE", "REJECTED"))["reason"], "bad suffix")

    def test_invoking(self):
        self.assertEqual(self.system.invoke(FILE_PROCESS, {"a": 1}).json(), {"a": 1})

    def test_notices(self):
        topic = self.system.deployment.settings()["sns_topic_arn"]
        bodies = {
            "default": json.dumps({"key": "k", "state": "DONE"}),
            "email": "text",
            "sms": "short",
        }
        self.system.local.sns.publish(topic, json.dumps(bodies), "subject", "json")
        self.assertEqual(
            self.system.notices("k"),
            [{"key": "k", "state": "DONE", "subject": "subject", "email": "text", "sms": "short"}],
        )
        self.assertEqual(self.system.notices("other"), [])


class Serverless(StandIn):
    options = {"serverless": True, "versioned": True}

    def test_settings(self):
        settings = self.system.deployment.settings()
        self.assertEqual(
            (settings["redshift_workgroup"], settings["redshift_database"]),
            ("dw-serverless", "dev"),
        )
        secret = json.loads(self.system.local.secrets.value(settings["secret_redshift"]))
        self.assertNotIn("dbClusterIdentifier", secret)
        self.assertNotEqual(self.system.put("archive/a", b"1"), self.system.put("archive/a", b"2"))


class Tap(StandIn):
    def setUp(self):
        self.system.tap.clear()

    def session(self):
        secret = json.loads(
            self.system.local.secrets.value(self.system.deployment.settings()["secret_postgres"])
        )
        connection = psycopg2.connect(
            host=secret["host"],
            port=secret["port"],
            user=secret["username"],
            password=secret["password"],
            dbname=secret["dbname"],
            application_name="probe",
        )
        self.addCleanup(connection.close)
        connection.autocommit = True
        return connection

    def test_counts(self):
        cursor = self.session().cursor()
        self.system.tap.clear()
        for number in (1, 2):
            cursor.execute("select %s + 1", (number,))
        self.assertEqual(self.system.tap.round_trips("probe"), 2)
        self.assertEqual(self.system.tap.statements_of("probe"), ["select 1 + 1", "select 2 + 1"])
        self.assertEqual(self.system.tap.round_trips("file-process"), 0)

    def test_refuses(self):
        self.system.tap.refuse = "53300"
        with self.assertRaisesRegex(psycopg2.OperationalError, "refused on purpose"):
            self.session()
        self.system.tap.refuse = ""
        self.session()

    def test_cuts(self):
        self.system.config_execute("create table if not exists probe (n int)")
        for when, count in (("before", 0), ("after", 1)):
            with self.subTest(when):
                cursor = self.session().cursor()
                self.system.tap.cut_at("INTO probe", when)
                with self.assertRaises(psycopg2.OperationalError):
                    cursor.execute("insert into probe values (1)")
                self.assertEqual(len(self.system.config_rows("select * from probe")), count)
        idle = self.session()
        self.system.tap.cut_all()
        with self.assertRaises(psycopg2.OperationalError):
            idle.cursor().execute("select 1")


class Shared(unittest.TestCase):
    """With the shipped zips, as JourneyTest has it."""

    KEY = "external_input/A_9000.txt"
    DATA = b"1|a row with more bytes than the threshold\n2|another of them\n"

    def test_the_next_class_finds_it_as_good_as_new(self):
        first = shared_system(timeout=30)
        interface = first.add_interface(Interface(9000, ["a", "b"]))
        self.assertEqual(first.process(self.KEY, self.DATA)["state"], "DONE")
        self.assertTrue(first.keys() and first.files() and first.notices() and first.statements())
        self.assertTrue(first.audit() and first.logs(FILE_PROCESS) and first.requests(FILE_PROCESS))
        first.local.faults.add("s3", "GetObject", "throttle", times=0)
        first.local.redshift.fail_next()
        first.local.redshift.pause()
        first.local.redshift.control({"events": "never", "sight": "session", "delay": 9})
        first.tap.on_statement = lambda statement: "before"

        second = shared_system(timeout=30)
        self.assertIs(second, first)
        self.assertIsNot(shared_system(timeout=31), first)
        for left in (second.keys(), second.files(), second.notices(), second.statements()):
            self.assertEqual(left, [])
        self.assertEqual(second.audit() + second.logs(FILE_PROCESS), [])
        self.assertEqual(second.requests(FILE_PROCESS), [])
        known = second.config_rows("select ext_interface_cid as id from rdscnfg.ext_interface")
        self.assertEqual(sorted(row["id"] for row in known), [527, 558])
        interface.configure(second.config_execute)
        self.assertEqual(second.process(self.KEY, self.DATA)["state"], "DONE")
        second.local.check()


class Missing(unittest.TestCase):
    def test_zips(self):
        with self.assertRaisesRegex(
            MissingPackage, "file-process.zip is missing: `make package` builds it"
        ):
            Deployment(None, Options(packages=pathlib.Path("/nonexistent"))).deploy()
        with self.assertRaises(MissingPackage):
            with System(packages=pathlib.Path("/nonexistent")):
                self.fail("it started")


if __name__ == "__main__":
    unittest.main()
