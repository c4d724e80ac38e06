"""Schedule rules: which fire by themselves, and when a deployment's does."""

import json
import threading
import time
import unittest

from emulator.deployment import FUNCTIONS, SCHEDULE_RULE, STATUS_RULE, Deployment, Options
from emulator.events.service import EventsService
from emulator.events.schedule import is_schedule, rate_minutes
from emulator.local_test import ROLE, LocalAwsTest, package
from emulator.core.service import Clock

TARGET = "arn:aws:sns:eu-west-1:111122223333:t"
MINUTE_SECONDS = 0.02


class Expressions(unittest.TestCase):
    def test_rates(self):
        for expression, minutes in (
            ("rate(1 minute)", 1),
            ("rate(5 minutes)", 5),
            ("rate(2 hours)", 120),
            ("rate(1 day)", 1440),
            ("rate(1 minutes)", 0),
            ("rate(5 minute)", 0),
            ("rate(0 minutes)", 0),
            ("rate(5 weeks)", 0),
            ("", 0),
        ):
            self.assertEqual(rate_minutes(expression), minutes, expression)
            self.assertEqual(is_schedule(expression), minutes > 0, expression)

    def test_cron(self):
        self.assertTrue(is_schedule("cron(0 12 * * ? *)"))
        self.assertFalse(is_schedule("cron(0 12 * * * *)"))


class Firing(unittest.TestCase):
    def setUp(self):
        self.delivered: list[tuple[str, dict]] = []
        self.changed = threading.Condition()
        self.events = EventsService(Clock(), self.deliver, minute_seconds=MINUTE_SECONDS)
        self.events.start()
        self.addCleanup(self.events.stop)

    def deliver(self, arn: str, payload: bytes, rule: str, group: str) -> None:
        with self.changed:
            self.delivered.append((rule.rpartition("/")[2], json.loads(payload)))
            self.changed.notify_all()

    def put(self, name: str, schedule: str = "rate(1 minute)", state: str = "ENABLED") -> None:
        self.events.PutRule({"Name": name, "ScheduleExpression": schedule, "State": state}, None)
        self.events.PutTargets({"Rule": name, "Targets": [{"Id": "1", "Arn": TARGET}]}, None)

    def wait_for(self, name: str, count: int) -> None:
        def enough() -> bool:
            return sum(rule == name for rule, _ in self.delivered) >= count

        with self.changed:
            self.assertTrue(self.changed.wait_for(enough, 30), self.delivered)

    def names(self) -> set[str]:
        return {rule for rule, _ in self.delivered}

    def test_an_enabled_rate_fires_again_and_again(self):
        self.put("sweep", "rate(2 minutes)")
        self.wait_for("sweep", 3)
        event = self.delivered[0][1]
        self.assertEqual(
            (event["source"], event["detail-type"]), ("aws.events", "Scheduled Event")
        )

    def test_other_rules_do_not_fire_by_themselves(self):
        self.put("disabled", state="DISABLED")
        self.put("daily", "cron(0 12 * * ? *)")
        self.put("yearly", "rate(365 days)")
        self.put("sweep")
        self.wait_for("sweep", 3)
        self.assertEqual(self.names(), {"sweep"})

    def test_what_is_disabled_or_deleted_stops(self):
        for name in ("disabled", "deleted", "enabled"):
            self.put(name, state="DISABLED" if name == "enabled" else "ENABLED")
        self.wait_for("disabled", 1)
        self.wait_for("deleted", 1)
        self.events.DisableRule({"Name": "disabled"}, None)
        self.events.RemoveTargets({"Rule": "deleted", "Ids": ["1"]}, None)
        self.events.DeleteRule({"Name": "deleted"}, None)
        self.events.EnableRule({"Name": "enabled"}, None)
        self.wait_for("enabled", 1)  # a delivery that was under way is over by now
        self.delivered.clear()
        self.wait_for("enabled", 3)
        self.assertEqual(self.names(), {"enabled"})

    def test_nothing_fires_after_the_end(self):
        self.put("sweep")
        self.wait_for("sweep", 1)
        self.events.stop()
        self.delivered.clear()
        time.sleep(5 * MINUTE_SECONDS)
        self.assertEqual(self.delivered, [])


class Deployed(LocalAwsTest):
    """The deployment's option says whether its schedule fires by itself."""

    def state(self, rule: str) -> str:
        return self.aws.json("events", "describe-rule", "--name", rule)["State"]

    def test_the_schedule_is_enabled_unless_the_option_disables_it(self):
        arns = {name: self.local.lambda_.create(name, package(), ROLE) for name in FUNCTIONS}
        for options, state in (
            (Options(), "ENABLED"),
            (Options(schedule_enabled=False), "DISABLED"),
        ):
            Deployment(self.local, options).rules(arns)
            self.assertEqual(self.state(SCHEDULE_RULE), state)
            self.assertEqual(self.state(STATUS_RULE), "ENABLED")


if __name__ == "__main__":
    unittest.main()
