"""The members that SQS takes here; all others are refused."""

from ..core.protocols import Member, Shape, number, text

_URL = text(1, 1000, required=True)
_NAME = text(required=True)
_TEXT_MAP = Member(dict)
_NAMES = Member(list, items=text(1, 256))
_ATTRIBUTE_VALUES = Member(dict)
_SEND = {
    "MessageBody": text(required=True),
    "DelaySeconds": number(0, 900),
    "MessageAttributes": _ATTRIBUTE_VALUES,
    "MessageSystemAttributes": _ATTRIBUTE_VALUES,
    "MessageDeduplicationId": text(1, 128, pattern="[!-~]+"),
    "MessageGroupId": text(1, 128, pattern="[!-~]+"),
}
_HANDLE = text(required=True)
_CHANGE = {"ReceiptHandle": _HANDLE, "VisibilityTimeout": number(0, 43200, required=True)}
_ID = {"Id": text(required=True)}
ATTRIBUTE_VALUE: Shape = {
    "DataType": text(required=True),
    "StringValue": text(),
    "BinaryValue": text(),
    "StringListValues": Member(list, most=0),
    "BinaryListValues": Member(list, most=0),
}


def _entries(shape: Shape) -> Member:
    return Member(list, required=True, items=Member(dict, members={**_ID, **shape}))


SHAPES = {
    "CreateQueue": {"QueueName": _NAME, "Attributes": _TEXT_MAP, "tags": _TEXT_MAP},
    "DeleteQueue": {"QueueUrl": _URL},
    "GetQueueUrl": {"QueueName": _NAME, "QueueOwnerAWSAccountId": text()},
    "ListQueues": {
        "QueueNamePrefix": text(),
        "NextToken": text(),
        "MaxResults": number(1, 1000),
    },
    "ListDeadLetterSourceQueues": {
        "QueueUrl": _URL,
        "NextToken": text(),
        "MaxResults": number(1, 1000),
    },
    "GetQueueAttributes": {"QueueUrl": _URL, "AttributeNames": _NAMES},
    "SetQueueAttributes": {"QueueUrl": _URL, "Attributes": Member(dict, required=True)},
    "PurgeQueue": {"QueueUrl": _URL},
    "SendMessage": {"QueueUrl": _URL, **_SEND},
    "SendMessageBatch": {"QueueUrl": _URL, "Entries": _entries(_SEND)},
    "ReceiveMessage": {
        "QueueUrl": _URL,
        "AttributeNames": _NAMES,
        "MessageSystemAttributeNames": _NAMES,
        "MessageAttributeNames": _NAMES,
        "MaxNumberOfMessages": number(1, 10),
        "VisibilityTimeout": number(0, 43200),
        "WaitTimeSeconds": number(0, 20),
        "ReceiveRequestAttemptId": text(1, 128),
    },
    "DeleteMessage": {"QueueUrl": _URL, "ReceiptHandle": _HANDLE},
    "DeleteMessageBatch": {"QueueUrl": _URL, "Entries": _entries({"ReceiptHandle": _HANDLE})},
    "ChangeMessageVisibility": {"QueueUrl": _URL, **_CHANGE},
    "ChangeMessageVisibilityBatch": {"QueueUrl": _URL, "Entries": _entries(_CHANGE)},
}
