"""Secrets Manager: versions with staging labels, idempotent by ClientRequestToken."""

import dataclasses
import re
import secrets
import threading

from ..core.protocols import JsonService, Member, number, text
from ..core.service import ACCOUNT_ID, Clock, Request, ServiceError

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
_ID = text(1, 2048, required=True)
_TOKEN = text(32, 64)
_VALUE = {"SecretString": text(0, 65536), "SecretBinary": text(0, 87384)}
_TAGS = Member(
    list,
    most=50,
    items=Member(dict, members={"Key": text(1, 128, required=True), "Value": text(0, 256)}),
)


@dataclasses.dataclass
class Version:
    version_id: str
    value: dict[str, str]  # SecretString or SecretBinary
    stages: set[str]
    created: float


@dataclasses.dataclass
class Secret:
    name: str
    arn: str
    created: float
    description: str = ""
    kms_key: str = ""
    tags: list = dataclasses.field(default_factory=list)
    changed: float = 0.0
    deleted: float = 0.0  # when it was marked for deletion
    versions: dict[str, Version] = dataclasses.field(default_factory=dict)

    def staged(self, stage: str) -> Version | None:
        return next(
            (version for version in self.versions.values() if stage in version.stages), None
        )


def _missing(text_: str = "Secrets Manager can't find the specified secret.") -> ServiceError:
    return ServiceError("ResourceNotFoundException", text_)


class SecretsManagerService(JsonService):
    name = "secretsmanager"
    target_prefix = "secretsmanager"
    shapes = {
        "CreateSecret": {
            "Name": text(1, 512, required=True, pattern=r"[A-Za-z0-9/_+=.@-]+"),
            "ClientRequestToken": _TOKEN,
            "Description": text(0, 2048),
            "KmsKeyId": text(0, 2048),
            "Tags": _TAGS,
            **_VALUE,
        },
        "GetSecretValue": {"SecretId": _ID, "VersionId": _TOKEN, "VersionStage": text(1, 256)},
        "PutSecretValue": {
            "SecretId": _ID,
            "ClientRequestToken": _TOKEN,
            **_VALUE,
            "VersionStages": Member(list, least=1, most=20, items=text(1, 256)),
        },
        "UpdateSecret": {
            "SecretId": _ID,
            "ClientRequestToken": _TOKEN,
            "Description": text(0, 2048),
            "KmsKeyId": text(0, 2048),
            **_VALUE,
        },
        "UpdateSecretVersionStage": {
            "SecretId": _ID,
            "VersionStage": text(1, 256, required=True),
            "RemoveFromVersionId": _TOKEN,
            "MoveToVersionId": _TOKEN,
        },
        "DescribeSecret": {"SecretId": _ID},
        "ListSecrets": {
            "IncludePlannedDeletion": Member(bool),
            "MaxResults": number(1, 100),
            "NextToken": text(1, 4096),
            "SortOrder": text(choices=("asc", "desc")),
            "Filters": Member(
                list,
                most=10,
                items=Member(
                    dict,
                    members={
                        "Key": text(choices=("name",), required=True),
                        "Values": Member(list, required=True, least=1, most=10, items=text(1, 512)),
                    },
                ),
            ),
        },
        "DeleteSecret": {
            "SecretId": _ID,
            "RecoveryWindowInDays": number(7, 30),
            "ForceDeleteWithoutRecovery": Member(bool),
        },
        "RestoreSecret": {"SecretId": _ID},
    }

    def __init__(self, clock: Clock, region: str = "eu-west-1"):
        self._clock, self._region = clock, region
        self._lock = threading.RLock()
        self._secrets: dict[str, Secret] = {}  # by name

    # --- for other services and tests ---

    def create(self, name: str, value: str) -> str:
        """A secret with this value, new or a new version of it; its ARN."""
        with self._lock:
            secret = self._secrets.get(name) or self._new_secret(name)
            self._add_version(secret, secrets.token_hex(16), {"SecretString": value}, {CURRENT})
            return secret.arn

    def value(self, secret_id: str) -> str | None:
        """The current text of a secret by name or ARN; None if there is none."""
        try:
            version = self._find(secret_id).staged(CURRENT)
            return version.value.get("SecretString") if version else None
        except ServiceError:
            return None

    # --- mechanism ---

    def _new_secret(self, name: str) -> Secret:
        suffix = "".join(
            secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789")
            for _ in range(6)
        )
        arn = f"arn:aws:secretsmanager:{self._region}:{ACCOUNT_ID}:secret:{name}-{suffix}"
        secret = self._secrets[name] = Secret(
            name, arn, self._clock.now(), changed=self._clock.now()
        )
        return secret

    def _find(self, secret_id: str, *, deleted_too: bool = False) -> Secret:
        secret = self._secrets.get(secret_id)
        if secret is None and secret_id.startswith("arn:"):
            secret = next(
                (item for item in self._secrets.values() if secret_id in (item.arn, item.arn[:-7])),
                None,
            )
        if secret is None:
            raise _missing()
        if secret.deleted and not deleted_too:
            raise ServiceError(
                "InvalidRequestException",
                (
                    "You can't perform this operation on the secret because it was "
                    "marked for deletion."
                ),
            )
        return secret

    def _add_version(
        self, secret: Secret, version_id: str, value: dict[str, str], stages: set[str]
    ) -> Version:
        existing = secret.versions.get(version_id)
        if existing:
            if existing.value != value:
                raise ServiceError(
                    "ResourceExistsException",
                    (
                        f"You can't use ClientRequestToken {version_id} because that value is"
                        f" already in use for a version of secret {secret.arn}."
                    ),
                )
            return existing  # the same request once more
        version = secret.versions[version_id] = Version(version_id, value, set(), self._clock.now())
        for stage in stages:
            self._move_stage(secret, stage, version)
        if len(secret.versions) == 1:
            version.stages.add(CURRENT)
        secret.changed = self._clock.now()
        return version

    @staticmethod
    def _move_stage(secret: Secret, stage: str, target: Version) -> None:
        holder = secret.staged(stage)
        if holder is target:
            return
        if holder:
            holder.stages.discard(stage)
            if stage == CURRENT:
                for version in secret.versions.values():
                    version.stages.discard(PREVIOUS)
                holder.stages.add(PREVIOUS)
        target.stages.add(stage)

    @staticmethod
    def _value(data: dict, required: bool) -> dict[str, str]:
        value = {
            name: data[name]
            for name in ("SecretString", "SecretBinary")
            if data.get(name) is not None
        }
        if len(value) > 1:
            raise ServiceError(
                "InvalidParameterException",
                (
                    "You can't specify both a binary secret value and a string secret "
                    "value in the same secret."
                ),
            )
        if required and not value:
            raise ServiceError(
                "InvalidParameterException", "You must provide either SecretString or SecretBinary."
            )
        return value

    @staticmethod
    def _token(data: dict) -> str:
        if not data.get("ClientRequestToken"):
            raise ServiceError(
                "InvalidParameterException",
                "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
            )
        return data["ClientRequestToken"]

    # --- the API ---

    def CreateSecret(self, data: dict, request: Request) -> dict:
        value, token = self._value(data, required=False), self._token(data)
        with self._lock:
            secret = self._secrets.get(data["Name"])
            if secret is not None:
                version = secret.versions.get(token)
                if secret.deleted:
                    raise ServiceError(
                        "InvalidRequestException",
                        (
                            "You can't create this secret because a secret with this "
                            "name is already scheduled for deletion."
                        ),
                    )
                if version is None or version.value != value:
                    raise ServiceError(
                        "ResourceExistsException",
                        f"The operation failed because the secret {data['Name']} already exists.",
                    )
                return {"ARN": secret.arn, "Name": secret.name, "VersionId": token}
            secret = self._new_secret(data["Name"])
            secret.description, secret.kms_key = data.get("Description", ""), data.get(
                "KmsKeyId", ""
            )
            secret.tags = data.get("Tags", [])
            if value:
                self._add_version(secret, token, value, {CURRENT})
            return {
                "ARN": secret.arn,
                "Name": secret.name,
                **({"VersionId": token} if value else {}),
            }

    def GetSecretValue(self, data: dict, request: Request) -> dict:
        with self._lock:
            secret = self._find(data["SecretId"])
            stage, version_id = data.get("VersionStage"), data.get("VersionId")
            if version_id:
                version = secret.versions.get(version_id)
                if version is None:
                    raise _missing(
                        "Secrets Manager can't find the specified secret value for VersionId:"
                        f" {version_id}"
                    )
                if stage and stage not in version.stages:
                    raise ServiceError(
                        "InvalidRequestException",
                        (
                            "You provided a VersionStage that is not associated to the "
                            "provided VersionId."
                        ),
                    )
            else:
                version = secret.staged(stage or CURRENT)
                if version is None:
                    raise _missing(
                        "Secrets Manager can't find the specified secret value for staging label: "
                        f"{stage or CURRENT}"
                    )
            return {
                "ARN": secret.arn,
                "Name": secret.name,
                "VersionId": version.version_id,
                **version.value,
                "VersionStages": sorted(version.stages),
                "CreatedDate": version.created,
            }

    def PutSecretValue(self, data: dict, request: Request) -> dict:
        value, token = self._value(data, required=True), self._token(data)
        with self._lock:
            secret = self._find(data["SecretId"])
            version = self._add_version(
                secret, token, value, set(data.get("VersionStages") or [CURRENT])
            )
            return {
                "ARN": secret.arn,
                "Name": secret.name,
                "VersionId": version.version_id,
                "VersionStages": sorted(version.stages),
            }

    def UpdateSecret(self, data: dict, request: Request) -> dict:
        value, token = self._value(data, required=False), self._token(data)
        with self._lock:
            secret = self._find(data["SecretId"])
            secret.description = data.get("Description", secret.description)
            secret.kms_key = data.get("KmsKeyId", secret.kms_key)
            answer = {"ARN": secret.arn, "Name": secret.name}
            if value:
                answer["VersionId"] = self._add_version(secret, token, value, {CURRENT}).version_id
            return answer

    def UpdateSecretVersionStage(self, data: dict, request: Request) -> dict:
        with self._lock:
            secret = self._find(data["SecretId"])
            stage, source, target = (
                data["VersionStage"],
                data.get("RemoveFromVersionId"),
                data.get("MoveToVersionId"),
            )
            for version_id in (source, target):
                if version_id and version_id not in secret.versions:
                    raise _missing(
                        "Secrets Manager can't find the specified secret value for VersionId:"
                        f" {version_id}"
                    )
            holder = secret.staged(stage)
            if holder and target and holder.version_id != target and holder.version_id != source:
                raise ServiceError(
                    "InvalidParameterException",
                    (
                        "The parameter RemoveFromVersionId can't be empty. Staging label"
                        f" {stage} is currently attached to version {holder.version_id}, so you"
                        " must explicitly reference that version in RemoveFromVersionId."
                    ),
                )
            if target:
                self._move_stage(secret, stage, secret.versions[target])
            elif source:
                secret.versions[source].stages.discard(stage)
            return {"ARN": secret.arn, "Name": secret.name}

    def DescribeSecret(self, data: dict, request: Request) -> dict:
        with self._lock:
            return self._describe(
                self._find(data["SecretId"], deleted_too=True), "VersionIdsToStages"
            )

    def ListSecrets(self, data: dict, request: Request) -> dict:
        with self._lock:
            found = [
                secret
                for secret in self._secrets.values()
                if not secret.deleted or data.get("IncludePlannedDeletion")
            ]
            for rule in data.get("Filters", []):
                found = [
                    secret
                    for secret in found
                    if any(self._name_matches(secret.name, value) for value in rule["Values"])
                ]
            found.sort(
                key=lambda secret: (secret.created, secret.name),
                reverse=data.get("SortOrder") != "asc",
            )
            start = self._page_start(data.get("NextToken"))
            end = start + data.get("MaxResults", 100)
            answer = {
                "SecretList": [
                    self._describe(secret, "SecretVersionsToStages") for secret in found[start:end]
                ]
            }
            if end < len(found):
                answer["NextToken"] = f"from-{end}"
            return answer

    @staticmethod
    def _name_matches(name: str, value: str) -> bool:
        return not name.startswith(value[1:]) if value.startswith("!") else name.startswith(value)

    @staticmethod
    def _page_start(token: str | None) -> int:
        match = re.fullmatch("from-([0-9]{1,9})", token or "from-0")
        if not match:
            raise ServiceError("InvalidNextTokenException", "The NextToken value is invalid.")
        return int(match[1])

    @staticmethod
    def _describe(secret: Secret, versions_member: str) -> dict:
        stages = {
            version.version_id: sorted(version.stages)
            for version in secret.versions.values()
            if version.stages
        }
        answer = {
            "ARN": secret.arn,
            "Name": secret.name,
            "LastChangedDate": secret.changed,
            "CreatedDate": secret.created,
            "Tags": secret.tags,
            versions_member: stages,
        }
        if secret.description:
            answer["Description"] = secret.description
        if secret.kms_key:
            answer["KmsKeyId"] = secret.kms_key
        if secret.deleted:
            answer["DeletedDate"] = secret.deleted
        return answer

    def DeleteSecret(self, data: dict, request: Request) -> dict:
        if data.get("ForceDeleteWithoutRecovery") and "RecoveryWindowInDays" in data:
            raise ServiceError(
                "InvalidParameterException",
                (
                    "You can't use ForceDeleteWithoutRecovery in conjunction with "
                    "RecoveryWindowInDays."
                ),
            )
        with self._lock:
            secret = self._find(data["SecretId"])
            now = self._clock.now()
            if data.get("ForceDeleteWithoutRecovery"):
                del self._secrets[secret.name]
            else:
                now += data.get("RecoveryWindowInDays", 30) * 86400
                secret.deleted = now
            return {"ARN": secret.arn, "Name": secret.name, "DeletionDate": now}

    def RestoreSecret(self, data: dict, request: Request) -> dict:
        with self._lock:
            secret = self._find(data["SecretId"], deleted_too=True)
            secret.deleted = 0.0
            return {"ARN": secret.arn, "Name": secret.name}
