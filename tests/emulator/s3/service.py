"""The S3 of the local AWS: finds the operation, asks its room, and writes errors as S3 writes them.

    call      a request taken apart         routes         which operation it is
    buckets   objects   copy   multipart   listing         the operations
    store     uploads   on database                        what is kept, and where
    notifications   who is told             script         rare answers on order
"""

import io
import pathlib
import time
import typing

from . import call as s3_call, errors, notifications, objects, routes, xml as s3_xml
from .buckets import BucketOperations
from .call import Call, Limits
from .checksums import Digests
from .copy import CopyOperations
from .listing import ListingOperations
from .multipart import MultipartOperations
from .notifications import Actor, Configuration, Emit, Notifier, Notify
from .objects import ObjectOperations
from .script import Script
from .store import Attributes, NewObject, ObjectStore
from .uploads import UploadStore
from ..core.service import ACCOUNT_ID, Clock, Principal, Request, Response, ServiceError

Handler = typing.Callable[[Call], Response]

_INTERNAL = Principal(f"arn:aws:iam::{ACCOUNT_ID}:user/local", "AKIALOCALINTERNAL000", "")
# These answer from every region: one asks where the bucket is, the others are about no bucket yet.
_REGIONLESS = {"ListBuckets", "CreateBucket", "GetBucketLocation"}


def _nobody(_function_arn: str, _event: dict) -> None:
    """Without a Lambda service nobody is told."""


class S3Service:
    """Objects below `root`; `notify(function ARN, event)` is called after each change that a bucket's
    configuration tells a function of, `emit(event)` for those that go to EventBridge."""

    name = "s3"

    def __init__(
        self,
        root: str | pathlib.Path,
        clock: Clock | None = None,
        notify: Notify = _nobody,
        emit: Emit | None = None,
        limits: Limits = Limits(),
    ):
        clock = clock or Clock()
        self.script = Script()
        self._store = ObjectStore(pathlib.Path(root), clock)
        self._notifier = Notifier(clock, notify, emit)
        parts = (self._store, self._notifier, limits, self.script)
        self._handlers = _handlers(
            BucketOperations(self._store, self._notifier),
            ListingOperations(self._store),
            ObjectOperations(*parts),
            CopyOperations(*parts),
            MultipartOperations(*parts),
        )

    def close(self) -> None:
        self._store.close()

    # The service protocol

    def operation(self, request: Request) -> str:
        """The name of the operation, for fault hooks and the call log."""
        try:
            return routes.find(s3_call.parse(request)).name
        except ServiceError:
            return request.method

    def handle(self, request: Request) -> Response:
        try:
            response = self._answer(request)
        except errors.S3Error as error:
            if request.method != "HEAD":
                raise
            response = self.error(request.request_id, error)
            response.body = b""
        response.headers["x-amz-request-id"] = request.request_id
        response.headers["x-amz-id-2"] = notifications.host_id(request.request_id)
        return response

    def _answer(self, request: Request) -> Response:
        call = s3_call.parse(request)
        operation = routes.find(call)
        region = self._require_region(call, operation.name)
        routes.require_known(call, operation)
        response = self.script.around(operation.name, lambda: self._handlers[operation.name](call))
        if region and operation.name == "HeadBucket":
            response.headers["x-amz-bucket-region"] = region
        return response

    def _require_region(self, call: Call, operation: str) -> str:
        """The region of the bucket, which the request must be signed for."""
        if not call.bucket or operation in _REGIONLESS:
            return ""
        region = self._store.bucket(call.bucket).region
        if call.request.region != region:
            raise errors.wrong_region(call.bucket, region, call.request.region)
        return region

    def error(self, request_id: str, error: ServiceError) -> Response:
        children: list[tuple[str, s3_xml.Content]] = [("Code", error.code), ("Message", error.message)]
        children += list(error.extra.items())
        host_id = notifications.host_id(request_id)
        children += [("RequestId", request_id), ("HostId", host_id)]
        headers = {"Content-Type": "application/xml", "x-amz-request-id": request_id, "x-amz-id-2": host_id}
        headers.update(getattr(error, "headers", {}))
        return Response(error.status, headers, s3_xml.document("Error", children, namespace=""))

    # For the other parts of the local AWS, and for tests

    def create_bucket(self, name: str, region: str = "eu-west-1", versioning: bool = False) -> None:
        """Makes sure that the bucket exists."""
        if self._store.find_bucket(name) is None:
            self._store.create_bucket(name, region)
        self._store.set_versioning(name, "Enabled" if versioning else self._store.bucket(name).versioning)

    def bucket_region(self, bucket: str) -> str:
        return self._store.bucket(bucket).region

    def set_notification(self, bucket: str, configuration: Configuration) -> None:
        """As PutBucketNotificationConfiguration, without a test event."""
        self._store.bucket(bucket)
        self._store.set_notification(bucket, configuration.to_json())

    def open_object(self, bucket: str, key: str, version: str | None = None) -> typing.BinaryIO:
        """The bytes of an object as a buffered file; raises NoSuchBucket, NoSuchKey, NoSuchVersion."""
        _, file = objects.open_version(self._store, self._store.bucket(bucket), key, version)
        return io.BufferedReader(typing.cast(io.RawIOBase, file), 1 << 18)

    def list_keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of all current objects under the prefix, in S3's order."""
        self._store.bucket(bucket)
        return [version.key for version in self._store.current_objects(bucket, prefix)]

    def list_versions(self, bucket: str, prefix: str = "") -> list[tuple[str, str]]:
        """(key, version id) of everything there is, delete markers included."""
        versions = self._store.all_versions(bucket, prefix, "", "")
        return [(version.key, version.version_id) for version in versions]

    def list_uploads(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of all uploads by parts that are open."""
        return [upload.key for upload in UploadStore(self._store).list(bucket, prefix, "", "")]

    def open_upload(self, bucket: str, key: str) -> None:
        """As CreateMultipartUpload."""
        UploadStore(self._store).create(bucket, key, Attributes(), "", "")

    def abort_uploads(self, bucket: str) -> None:
        """As AbortMultipartUpload for all that are open."""
        uploads = UploadStore(self._store)
        for upload in list(uploads.list(bucket, "", "", "")):
            uploads.remove(upload)

    def object_exists(self, bucket: str, key: str) -> bool:
        latest = self._store.latest(bucket, key)
        return latest is not None and not latest.marker

    def delete_key(self, bucket: str, key: str, version_id: str | None = None) -> None:
        """As DeleteObject, but nobody is told."""
        self._store.bucket(bucket)
        self._store.delete(bucket, key, version_id)

    def put_object_bytes(self, bucket_name: str, key: str, data: bytes, headers: dict[str, str] | None = None) -> str:
        """Puts an object as any client would, events included; `headers` are those that GET replies.
        Returns its version id, "null" without versioning."""
        digests = Digests()
        digests.update(data)
        bucket = self._store.bucket(bucket_name)
        s3_call.require_key(key)
        attributes = Attributes(headers=headers or {"Content-Type": "binary/octet-stream"})
        with self._store.files.stage() as staged:
            staged.handle.write(data)
            version = self._store.put(bucket_name, key, NewObject(staged, len(data), digests.md5, attributes))
        actor = Actor(_INTERNAL, f"LOCAL{time.time_ns():X}")
        self._notifier.tell(notifications.created(bucket, version, "Put"), actor)
        return version.version_id


def _handlers(
    buckets: BucketOperations,
    listings: ListingOperations,
    objects: ObjectOperations,
    copies: CopyOperations,
    multipart: MultipartOperations,
) -> dict[str, Handler]:
    """Every operation of routes.py and who answers it."""
    return {
        "ListBuckets": buckets.list_buckets,
        "CreateBucket": buckets.create_bucket,
        "DeleteBucket": buckets.delete_bucket,
        "HeadBucket": buckets.head_bucket,
        "GetBucketLocation": buckets.get_bucket_location,
        "GetBucketVersioning": buckets.get_bucket_versioning,
        "PutBucketVersioning": buckets.put_bucket_versioning,
        "GetBucketNotificationConfiguration": buckets.get_bucket_notification,
        "PutBucketNotificationConfiguration": buckets.put_bucket_notification,
        "ListObjectsV2": listings.list_objects_v2,
        "ListObjects": listings.list_objects,
        "ListObjectVersions": listings.list_object_versions,
        "PutObject": objects.put_object,
        "GetObject": objects.get_object,
        "HeadObject": objects.head_object,
        "DeleteObject": objects.delete_object,
        "DeleteObjects": objects.delete_objects,
        "GetObjectTagging": objects.get_object_tagging,
        "PutObjectTagging": objects.put_object_tagging,
        "DeleteObjectTagging": objects.delete_object_tagging,
        "CopyObject": copies.copy_object,
        "CreateMultipartUpload": multipart.create_multipart_upload,
        "UploadPart": multipart.upload_part,
        "UploadPartCopy": multipart.upload_part_copy,
        "CompleteMultipartUpload": multipart.complete_multipart_upload,
        "AbortMultipartUpload": multipart.abort_multipart_upload,
        "ListParts": multipart.list_parts,
        "ListMultipartUploads": multipart.list_multipart_uploads,
    }
