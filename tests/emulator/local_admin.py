"""The routes below /_local/: clock, faults, messages, calls, functions."""

import dataclasses
import typing

from .core.admin import AdminError
from .core.service import ServiceError
from .sns.mail import mailbox

if typing.TYPE_CHECKING:
    from .local import LocalAws


def add_routes(admin, local: "LocalAws") -> None:
    def health(query, body):
        return {"status": "ok", "region": local.region, "services": sorted(local.server.services)}

    def clock(query, body):
        if body:
            unknown = set(body) - {"advance", "skew"}
            if unknown:
                raise AdminError(f"{sorted(unknown)}: the clock knows advance and skew")
            local.clock.advance(float(body.get("advance", 0)))
            local.server.skew = float(body.get("skew", local.server.skew))
        return {"now": local.clock.now(), "skew": local.server.skew}

    def add_fault(query, body):
        return dataclasses.asdict(local.faults.add(**body))

    def clear_faults(query, body):
        local.faults.clear()
        return {}

    def clear_calls(query, body):
        local.server.calls.clear()
        return {}

    def clear_messages(query, body):
        local.sns.messages.clear()
        return {}

    def notifications(query, body):
        return mailbox(list(local.sns.messages)).encode()

    def fire(query, body):
        try:
            return {"targets": local.events.fire(query["rule"])}
        except ServiceError as error:
            raise AdminError(
                str(error), 404 if error.code == "ResourceNotFoundException" else 400
            ) from None

    def logs(query, body):
        file = local.lambda_.log_file(query["function"])
        if not file.exists():
            raise AdminError(f"no log of {query['function']}", 404)
        return file.read_bytes()

    def wait(query, body):
        return {"idle": local.wait_idle(float(query.get("seconds", "30")))}

    def redshift(query, body):
        if local.redshift is None:
            raise AdminError("there is no Redshift here", 404)
        return local.redshift.control(body)

    admin.add("GET", "health", health)
    admin.add("GET", "clock", clock)
    admin.add("POST", "clock", clock)
    admin.add("GET", "faults", lambda query, body: local.faults.describe())
    admin.add("POST", "faults", add_fault)
    admin.add("DELETE", "faults", clear_faults)
    admin.add(
        "GET",
        "calls",
        lambda query, body: [dataclasses.asdict(call) for call in local.server.calls],
    )
    admin.add("DELETE", "calls", clear_calls)
    admin.add("GET", "sns/messages", lambda query, body: local.sns.messages)
    admin.add("DELETE", "sns/messages", clear_messages)
    admin.add("GET", "notifications", notifications)
    admin.add("POST", "events/fire", fire)
    admin.add("GET", "lambda/logs", logs)
    admin.add("GET", "wait", wait)
    admin.add("POST", "redshift", redshift)
    admin.add("GET", "lambda/failures", lambda query, body: local.lambda_.failures)
    admin.add("GET", "lambda/violations", lambda query, body: local.lambda_.violations())
