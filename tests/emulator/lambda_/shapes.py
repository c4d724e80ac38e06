"""The members that Lambda's API takes here; all others are refused."""

import dataclasses

from ..core.protocols import Member, number, text

RUNTIMES = ("provided.al2", "provided.al2023")
RESERVED = {
    "_HANDLER",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_EXECUTION_ENV",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
}
INVALID = "InvalidParameterValueException"
NAME = "[a-zA-Z0-9-_]{1,64}"

CONFIGURATION = {
    "Runtime": text(choices=RUNTIMES),
    "Role": text(pattern=r"arn:aws:iam::\d{12}:role/[a-zA-Z0-9+=,.@_/-]+"),
    "Handler": text(1, 128, pattern=r"[^\s]+"),
    "Description": text(0, 256),
    "Timeout": number(1, 900),
    "MemorySize": number(128, 10240),
    "Environment": Member(dict, members={"Variables": Member(dict)}),
    "TracingConfig": Member(dict, members={"Mode": text(choices=("Active", "PassThrough"))}),
    "EphemeralStorage": Member(dict, members={"Size": number(512, 10240)}),
    "LoggingConfig": Member(
        dict,
        members={
            "LogFormat": text(choices=("JSON", "Text")),
            "LogGroup": text(1, 512),
            "ApplicationLogLevel": text(
                choices=("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
            ),
            "SystemLogLevel": text(choices=("DEBUG", "INFO", "WARN")),
        },
    ),
}
ARCHITECTURES = Member(list, least=1, most=1, items=text(choices=("x86_64", "arm64")))
CREATE = {
    **CONFIGURATION,
    "Role": dataclasses.replace(CONFIGURATION["Role"], required=True),
    "Runtime": dataclasses.replace(CONFIGURATION["Runtime"], required=True),
    "Handler": dataclasses.replace(CONFIGURATION["Handler"], required=True),
    "FunctionName": text(1, 140, required=True),
    "Code": Member(dict, required=True, members={"ZipFile": text(1, required=True)}),
    "Publish": Member(bool),
    "PackageType": text(choices=("Zip",)),
    "Architectures": ARCHITECTURES,
    "Tags": Member(dict),
}
UPDATE_CODE = {
    "ZipFile": text(1, required=True),
    "Architectures": ARCHITECTURES,
    "Publish": Member(bool),
    "DryRun": Member(bool),
    "RevisionId": text(),
}
UPDATE_CONFIGURATION = {**CONFIGURATION, "RevisionId": text()}
PERMISSION = {
    "StatementId": text(1, 100, required=True, pattern="[a-zA-Z0-9-_]+"),
    "Action": text(1, required=True),
    "Principal": text(1, required=True),
    "SourceArn": text(),
    "SourceAccount": text(12, 12),
}
INVOKE_CONFIG = {
    "MaximumRetryAttempts": number(0, 2),
    "MaximumEventAgeInSeconds": number(60, 21600),
    "DestinationConfig": Member(
        dict, members={"OnFailure": Member(dict, members={"Destination": text(0, 350)})}
    ),
}
