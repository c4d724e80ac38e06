"""Who may invoke a function: the resource policy that `aws lambda add-permission` writes."""

import fnmatch
import json

from ..core.service import ACCOUNT_ID, ServiceError


class Policy:
    def __init__(self, function_arn: str):
        self._function_arn = function_arn
        self._statements: dict[str, dict] = {}

    def add(self, data: dict) -> dict:
        statement_id = data["StatementId"]
        if statement_id in self._statements:
            raise ServiceError(
                "ResourceConflictException",
                (
                    f"The statement id ({statement_id}) provided already exists. "
                    "Please provide a new statement id, or remove the existing statement."
                ),
                409,
            )
        principal = data["Principal"]
        if data["Action"] not in ("lambda:InvokeFunction", "lambda:*"):
            raise ServiceError(
                "ValidationException",
                f"{data['Action']!r} is not an action that can be permitted",
                400,
            )
        statement = {
            "Sid": statement_id,
            "Effect": "Allow",
            "Action": data["Action"],
            "Resource": self._function_arn,
            "Principal": (
                {"Service": principal}
                if principal.endswith(".amazonaws.com")
                else {"AWS": principal}
            ),
        }
        condition = {}
        if "SourceArn" in data:
            condition["ArnLike"] = {"AWS:SourceArn": data["SourceArn"]}
        if "SourceAccount" in data:
            condition["StringEquals"] = {"AWS:SourceAccount": data["SourceAccount"]}
        if condition:
            statement["Condition"] = condition
        self._statements[statement_id] = statement
        return statement

    def remove(self, statement_id: str) -> None:
        if self._statements.pop(statement_id, None) is None:
            raise ServiceError(
                "ResourceNotFoundException",
                f"Statement {statement_id} is not found in resource policy.",
                404,
            )

    def text(self) -> str:
        if not self._statements:
            raise ServiceError(
                "ResourceNotFoundException", "The resource you requested does not exist.", 404
            )
        return json.dumps(
            {"Version": "2012-10-17", "Id": "default", "Statement": list(self._statements.values())}
        )

    def allows(self, service: str, source_arn: str) -> bool:
        """Whether this service may invoke the function on behalf of that resource."""
        return any(
            statement["Principal"].get("Service") == service
            and self._condition_holds(statement, source_arn)
            for statement in list(self._statements.values())
        )

    @staticmethod
    def _condition_holds(statement: dict, source_arn: str) -> bool:
        condition = statement.get("Condition", {})
        pattern = condition.get("ArnLike", {}).get("AWS:SourceArn", "*")
        account = condition.get("StringEquals", {}).get("AWS:SourceAccount", ACCOUNT_ID)
        return fnmatch.fnmatchcase(source_arn, pattern) and account == ACCOUNT_ID
