"""`/_local/…`: how a test or a person looks into the local AWS and turns its knobs; never signed.

The server listens on loopback only, so nobody but this machine can reach it.
"""

import json
import urllib.parse
from typing import Any, Callable

Handler = Callable[[dict[str, str], Any], Any]


class AdminError(Exception):
    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status


class AdminRoutes:
    """(method, path) -> handler(query, JSON body) -> what is answered as JSON, or bytes as text."""

    def __init__(self):
        self._routes: dict[tuple[str, str], Handler] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        self._routes[method, "/_local/" + path] = handler

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, Any]:
        handler = self._routes.get((method, path))
        if handler is None:
            known = sorted(f"{verb} {route}" for verb, route in self._routes)
            return 404, {"message": f"{method} {path} is not known", "routes": known}
        try:
            data = json.loads(body) if body.strip() else {}
            if not isinstance(data, dict):
                raise AdminError("the body is no JSON object")
            return 200, handler(dict(urllib.parse.parse_qsl(query)), data)
        except AdminError as error:
            return error.status, {"message": str(error)}
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            return 400, {"message": f"{type(error).__name__}: {error}"}
