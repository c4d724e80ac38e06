"""One event on its way through the Runtime API, and its outcome."""

import base64
import dataclasses
import json
import threading
import uuid


@dataclasses.dataclass
class Invocation:
    """One attempt to run the function on one event, and in the end its outcome."""

    event: bytes
    request_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    deadline: float = 0.0  # seconds since 1970
    trace_id: str = ""
    client_context: str = ""  # JSON text
    cognito_identity: str = ""  # JSON text
    tenant_id: str = ""
    content_type: str = "application/json"
    invocation_id: str = dataclasses.field(
        default_factory=lambda: base64.b64encode(uuid.uuid4().bytes).decode()
    )
    payload: bytes = b""
    error_type: str = ""  # empty: the function answered
    delivered: int = 0  # how often /next handed it out
    answered: threading.Event = dataclasses.field(default_factory=threading.Event)
    ended: threading.Event = dataclasses.field(
        default_factory=threading.Event
    )  # answered, and back in /next

    def fail(self, error_type: str, payload: bytes) -> None:
        self.error_type, self.payload = error_type, payload
        self.answered.set()


def error_payload(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()
