"""The operations on buckets themselves."""

from . import errors, notifications, xml as s3_xml
from .call import Call, is_bucket_name, require_owner, small_body
from .listing import iso_time
from .notifications import OWNER_ID, Actor, Configuration, Notifier
from .store import ObjectStore
from ..core.service import Response

_XML = {"Content-Type": "application/xml"}


class BucketOperations:
    def __init__(self, store: ObjectStore, notifier: Notifier):
        self._store, self._notifier = store, notifier

    def list_buckets(self, call: Call) -> Response:
        buckets: list[tuple[str, s3_xml.Content]] = [
            ("Bucket", [("Name", bucket.name), ("CreationDate", iso_time(bucket.created))])
            for bucket in self._store.buckets()
        ]
        children: list[tuple[str, s3_xml.Content]] = [("Owner", [("ID", OWNER_ID)]), ("Buckets", buckets)]
        return Response(200, dict(_XML), s3_xml.document("ListAllMyBucketsResult", children))

    def create_bucket(self, call: Call) -> Response:
        if not is_bucket_name(call.bucket):
            raise errors.S3Error("InvalidBucketName", "The specified bucket is not valid.", BucketName=call.bucket)
        region = _location(small_body(call.request), call.request.region)
        existing = self._store.find_bucket(call.bucket)
        if existing is None:
            self._store.create_bucket(call.bucket, region)
        elif existing.region != "us-east-1" or region != "us-east-1":  # there, and only there, S3 does not mind
            message = "Your previous request to create the named bucket succeeded and you already own it."
            raise errors.S3Error("BucketAlreadyOwnedByYou", message, 409, BucketName=call.bucket)
        return Response(200, {"Location": f"/{call.bucket}"})

    def delete_bucket(self, call: Call) -> Response:
        require_owner(call)
        self._store.delete_bucket(call.bucket)
        return Response(204)

    def head_bucket(self, call: Call) -> Response:
        require_owner(call)
        return Response(200, dict(_XML))

    def get_bucket_location(self, call: Call) -> Response:
        region = self._store.bucket(call.bucket).region
        name = "" if region == "us-east-1" else s3_xml.escape(region)  # us-east-1 is told as nothing
        body = f'{s3_xml.DECLARATION}<LocationConstraint xmlns="{s3_xml.NAMESPACE}">{name}</LocationConstraint>'
        return Response(200, dict(_XML), body.encode())

    def get_bucket_versioning(self, call: Call) -> Response:
        require_owner(call)
        status = self._store.bucket(call.bucket).versioning
        document = s3_xml.document("VersioningConfiguration", [("Status", status or None)])
        return Response(200, dict(_XML), document)

    def put_bucket_versioning(self, call: Call) -> Response:
        require_owner(call)
        root = s3_xml.parse(small_body(call.request), "VersioningConfiguration")
        s3_xml.expect_children(root, "Status")
        status = s3_xml.required(root, "Status")
        if status not in ("Enabled", "Suspended"):
            message = "The Versioning element must be specified"
            raise errors.S3Error("IllegalVersioningConfigurationException", message)
        self._store.set_versioning(call.bucket, status)
        return Response(200)

    def get_bucket_notification(self, call: Call) -> Response:
        require_owner(call)
        stored = self._store.bucket(call.bucket).notification
        return Response(200, dict(_XML), Configuration.from_json(stored).to_xml())

    def put_bucket_notification(self, call: Call) -> Response:
        require_owner(call)
        configuration = notifications.parse_configuration(small_body(call.request))
        # The test event proves the destinations: whoever takes it may refuse, and then nothing changes.
        if call.headers.get("x-amz-skip-destination-validation", "false").lower() != "true":
            self._notifier.test(call.bucket, configuration, Actor(call.request.principal, call.request.request_id))
        self._store.set_notification(call.bucket, configuration.to_json())
        return Response(200)


def _location(body: bytes, requested: str) -> str:
    """The region of a new bucket; only the global endpoint, us-east-1, creates in another region."""
    constraint = "us-east-1"
    if body:
        root = s3_xml.parse(body, "CreateBucketConfiguration")
        s3_xml.expect_children(root, "LocationConstraint")
        constraint = s3_xml.text(root, "LocationConstraint") or "us-east-1"
    if requested not in (constraint, "us-east-1"):
        message = (
            f"The {constraint if body else 'unspecified'} location constraint is incompatible for the region "
            "specific endpoint this request was sent to."
        )
        raise errors.S3Error("IllegalLocationConstraintException", message)
    return constraint
