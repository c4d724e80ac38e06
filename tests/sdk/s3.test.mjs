// S3 by SDK v3. The endpoint is an IP address, so the SDK addresses buckets by path of itself; for
// any other name of a local endpoint users set forcePathStyle.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { after, before, beforeEach, test } from "node:test";
import {
    AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CopyObjectCommand,
    CreateBucketCommand, CreateMultipartUploadCommand, DeleteBucketCommand, DeleteObjectCommand,
    DeleteObjectsCommand, GetBucketLocationCommand, GetObjectCommand, GetObjectTaggingCommand,
    HeadBucketCommand, HeadObjectCommand, ListBucketsCommand, ListMultipartUploadsCommand,
    ListObjectVersionsCommand, ListPartsCommand, PutBucketVersioningCommand, PutObjectCommand,
    S3Client, UploadPartCommand, paginateListObjectsV2, waitUntilObjectExists,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { callsOf, fault, refused } from "./local.mjs";

const s3 = new S3Client({});
const MIB = 1 << 20;
const CreateBucketConfiguration = { LocationConstraint: process.env.AWS_REGION };
let folder;
let Bucket;
let buckets = 0;

const put = (Key, Body, more = {}) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key, more = {}) => s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
const head = (Key, more = {}) => s3.send(new HeadObjectCommand({ Bucket, Key, ...more }));
const remove = (Key, more = {}) => s3.send(new DeleteObjectCommand({ Bucket, Key, ...more }));
const text = async (Key, more = {}) => (await get(Key, more)).Body.transformToString();
const bytes = async (Key) => Buffer.from(await (await get(Key)).Body.transformToByteArray());
const md5 = (data) => `"${createHash("md5").update(data).digest("hex")}"`;

async function file(data) {
    const name = path.join(folder, randomBytes(8).toString("hex"));
    await writeFile(name, data);
    return name;
}

async function keys(more = {}) {
    const found = [];
    for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, ...more }))
        found.push(...(page.Contents ?? []).map((object) => object.Key));
    return found;
}

before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "sdk-s3-"));
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
    Bucket = `box-${++buckets}`;
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
});

// --- objects ---

test("an object comes back as it was put", async () => {
    const written = await put("a.txt", "123456789", {
        ContentType: "text/plain",
        CacheControl: "no-store",
        Metadata: { sender: "Zoë" },
        Tagging: "team=claims&kind=test",
    });
    assert.equal(written.ETag, md5("123456789"));
    assert.equal(written.ChecksumCRC32, "y/Q5Jg==");
    const read = await get("a.txt");
    assert.equal(await read.Body.transformToString(), "123456789");
    assert.equal(read.ETag, written.ETag);
    assert.equal(read.ContentLength, 9);
    assert.equal(read.ContentType, "text/plain");
    assert.equal(read.CacheControl, "no-store");
    assert.equal(read.ChecksumCRC32, "y/Q5Jg==");
    assert.equal(read.ChecksumType, "FULL_OBJECT");
    assert.equal(read.TagCount, 2);
    assert.ok(Math.abs(read.LastModified - Date.now()) < 60_000);
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "a.txt" }));
    assert.deepEqual(TagSet, [{ Key: "team", Value: "claims" }, { Key: "kind", Value: "test" }]);
});

test("an empty object", async () => {
    assert.equal((await put("empty", "")).ETag, md5(""));
    assert.equal(await text("empty"), "");
    assert.equal((await head("empty")).ContentLength, 0);
});

test("a stream whose length is known arrives over http", async () => {
    const data = randomBytes(3 * MIB + 17);
    for (const size of [0, 5, data.length]) {
        const part = data.subarray(0, size);
        const streams = {
            file: createReadStream(await file(part)),
            pieces: Readable.from(size ? [part.subarray(0, 3), part.subarray(3)] : []),
        };
        for (const [Key, Body] of Object.entries(streams)) {
            const calls = await callsOf(() => put(Key, Body, { ContentLength: size }));
            assert.deepEqual(calls, ["PutObject"]);
            assert.deepEqual(await bytes(Key), part);
            assert.equal((await head(Key)).ETag, md5(part));
            assert.equal((await head(Key)).ContentEncoding, undefined);
        }
    }
});

test("a stream of a file needs no length", async () => {
    await put("a", createReadStream(await file("from a file")));
    assert.equal(await text("a"), "from a file");
});

test("a stream that is packed keeps its encoding", async () => {
    const stream = Readable.from([Buffer.from("packed")]);
    await put("a.gz", stream, { ContentLength: 6, ContentEncoding: "gzip" });
    assert.equal((await head("a.gz")).ContentEncoding, "gzip");
});

test("a stream that ends early leaves no object", async () => {
    const stream = Readable.from([Buffer.from("four")]);
    await refused(put("a", stream, { ContentLength: 9 }), "IncompleteBody", 400);
    await refused(head("a"), "NotFound", 404);
});

test("a stream without any checksum is refused over http", async () => {
    const bare = new S3Client({ requestChecksumCalculation: "WHEN_REQUIRED" });
    const Body = createReadStream(await file("nothing vouches for this"));
    const order = new PutObjectCommand({ Bucket, Key: "a", Body });
    const error = await refused(bare.send(order), "InvalidRequest", 400);
    assert.match(error.message, /over https only, or with a trailing checksum/);
    await bare.send(new PutObjectCommand({ Bucket, Key: "a", Body: "signed" }));
    assert.equal(await text("a"), "signed");
});

test("a large stream that is refused", async () => {
    await put("a", "x");
    const large = () => Readable.from(Array(4).fill(Buffer.alloc(MIB)));
    const more = { ContentLength: 4 * MIB };
    await refused(put("a", large(), { ...more, IfNoneMatch: "*" }), "PreconditionFailed", 412);
    await refused(put("a", large(), { ...more, Bucket: "no-such-bucket" }), "NoSuchBucket", 404);
    await put("a", large(), more);
    assert.equal((await head("a")).ContentLength, 4 * MIB);
});

test("a large object is read as a stream", async () => {
    const data = randomBytes(8 * MIB);
    await put("large", data);
    const hash = createHash("sha256");
    for await (const block of (await get("large")).Body) hash.update(block);
    assert.equal(hash.digest("hex"), createHash("sha256").update(data).digest("hex"));
});

test("a part of an object", async () => {
    await put("a", "0123456789");
    const read = await get("a", { Range: "bytes=2-4" });
    assert.equal(read.$metadata.httpStatusCode, 206);
    assert.equal(await read.Body.transformToString(), "234");
    assert.equal(read.ContentRange, "bytes 2-4/10");
    assert.equal(await text("a", { Range: "bytes=-3" }), "789");
    assert.equal(await text("a", { Range: "bytes=7-" }), "789");
    await refused(get("a", { Range: "bytes=10-" }), "InvalidRange", 416);
});

test("a copy takes metadata along, or replaces it", async () => {
    await put("from here+1.txt", "copied", { Metadata: { a: "1" }, ContentType: "text/plain" });
    const CopySource = `${Bucket}/${encodeURIComponent("from here+1.txt")}`;
    const copy = (Key, more) =>
        s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));
    assert.equal((await copy("same")).CopyObjectResult.ETag, md5("copied"));
    assert.deepEqual((await head("same")).Metadata, { a: "1" });
    await copy("other", { MetadataDirective: "REPLACE", Metadata: { b: "2" } });
    const replaced = await head("other");
    assert.deepEqual(replaced.Metadata, { b: "2" });
    assert.equal(replaced.ContentType, "binary/octet-stream");
    assert.equal(await text("other"), "copied");
    const missing = new CopyObjectCommand({ Bucket, Key: "to", CopySource: `${Bucket}/nothing` });
    await refused(s3.send(missing), "NoSuchKey", 404);
});

test("what is deleted is gone, and may be deleted again", async () => {
    await put("a", "x");
    for (const _ of [1, 2]) assert.equal((await remove("a")).$metadata.httpStatusCode, 204);
    await refused(get("a"), "NoSuchKey", 404);
});

test("many are deleted at once", async () => {
    for (const key of ["a", "b & <c>", "d"]) await put(key, "x");
    const Objects = [{ Key: "a" }, { Key: "b & <c>" }, { Key: "never was" }];
    const answer = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    assert.deepEqual(answer.Deleted.map((item) => item.Key), ["a", "b & <c>", "never was"]);
    assert.equal(answer.Errors, undefined);
    assert.deepEqual(await keys(), ["d"]);
});

test("odd keys", async () => {
    const odd = [
        "a b.txt", "a+b=c&d?e#f.txt", "100%.txt", "%41.txt", "é/日本/😀.txt",
        "quote's \"both\".txt", "in/./dot/../up.txt", "..", "../up", "//double//", "/leading",
        "trailing/", "<a>&amp;.txt", "~-._!*'();:@$,[]", "k".repeat(1024),
    ];
    for (const key of odd) {
        await put(key, key);
        assert.equal(await text(key), key);
        const CopySource = `${Bucket}/${encodeURIComponent(key)}`;
        await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource }));
        assert.equal(await text("copy"), key);
    }
    const inOrder = (all) => all.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(await keys(), inOrder(["copy", ...odd]));
    assert.deepEqual(await keys({ EncodingType: "url", Prefix: "k" }), ["k".repeat(1024)]);
    for (const key of odd) await remove(key);
    assert.deepEqual(await keys(), ["copy"]);
    await refused(put("k".repeat(1025), "x"), "KeyTooLongError", 400);
});

// --- conditions ---

test("a write on condition", async () => {
    const { ETag } = await put("a", "one", { IfNoneMatch: "*" });
    const error = await refused(put("a", "two", { IfNoneMatch: "*" }), "PreconditionFailed", 412);
    assert.equal(error.Condition, "If-None-Match");
    await refused(put("a", "two", { IfMatch: md5("other") }), "PreconditionFailed", 412);
    await refused(put("b", "two", { IfMatch: ETag }), "NoSuchKey", 404);
    await put("a", "two", { IfMatch: ETag });
    assert.equal(await text("a"), "two");
});

test("a read on condition", async () => {
    const { ETag } = await put("a", "one");
    assert.equal(await text("a", { IfMatch: ETag }), "one");
    await refused(get("a", { IfMatch: md5("other") }), "PreconditionFailed", 412);
    const unchanged = await get("a", { IfNoneMatch: ETag }).catch((error) => error);
    assert.equal(unchanged.$metadata.httpStatusCode, 304);
});

test("of writers that create one key, one wins", async () => {
    const tries = await Promise.allSettled(
        Array.from({ length: 8 }, (_, n) => put("lock", `writer ${n}`, { IfNoneMatch: "*" })),
    );
    const lost = tries.filter((each) => each.status === "rejected").map((each) => each.reason.name);
    assert.deepEqual(lost, Array(7).fill("PreconditionFailed"));
    const winner = tries.findIndex((each) => each.status === "fulfilled");
    assert.equal(await text("lock"), `writer ${winner}`);
});

// --- checksums ---

test("a checksum that does not fit its bytes", async () => {
    await refused(put("a", "hello", { ChecksumCRC32: "AAAAAA==" }), "BadDigest", 400);
    const ChecksumSHA256 = Buffer.alloc(32).toString("base64");
    await refused(put("a", "hello", { ChecksumSHA256 }), "BadDigest", 400);
    await refused(head("a"), "NotFound", 404);
});

test("other checksums, of bytes and of streams", async () => {
    const sha256 = createHash("sha256").update("hello").digest("base64");
    const sha1 = createHash("sha1").update("hello").digest("base64");
    await put("bytes", "hello", { ChecksumAlgorithm: "SHA256" });
    const stream = Readable.from([Buffer.from("hello")]);
    await put("stream", stream, { ContentLength: 5, ChecksumAlgorithm: "SHA1" });
    assert.equal((await head("bytes", { ChecksumMode: "ENABLED" })).ChecksumSHA256, sha256);
    assert.equal((await head("stream", { ChecksumMode: "ENABLED" })).ChecksumSHA1, sha1);
});

test("a reply that is damaged on its way is noticed by its checksum", async () => {
    await put("a", "hello");
    const damaging = new S3Client({});
    damaging.middlewareStack.addRelativeTo(
        (next) => async (given) => {
            const result = await next(given);
            result.response.body.resume();
            result.response.body = Readable.from([Buffer.from("hellO")]);
            return result;
        },
        { relation: "after", toMiddleware: "flexibleChecksumsResponseMiddleware", name: "damage" },
    );
    const { Body } = await damaging.send(new GetObjectCommand({ Bucket, Key: "a" }));
    await assert.rejects(Body.transformToString(), /[Cc]hecksum mismatch/);
});

test("a reply that is cut short is noticed", async () => {
    await put("a", "0123456789");
    await fault("s3", "GetObject", "truncate", { keep_bytes: 4 });
    await assert.rejects(text("a"), /aborted/);
});

// --- listings ---

test("a listing in pages", async () => {
    for (let n = 0; n < 25; n++) await put(`p/${String(n).padStart(2, "0")}`, "x".repeat(n));
    await put("q", "x");
    const pages = [];
    const calls = await callsOf(async () => {
        const order = { Bucket, Prefix: "p/" };
        for await (const page of paginateListObjectsV2({ client: s3, pageSize: 10 }, order))
            pages.push(page);
    });
    assert.deepEqual(calls, Array(3).fill("ListObjectsV2"));
    assert.deepEqual(pages.map((page) => page.KeyCount), [10, 10, 5]);
    assert.deepEqual(pages.map((page) => page.IsTruncated), [true, true, false]);
    const found = pages.flatMap((page) => page.Contents);
    assert.deepEqual(found.map((object) => object.Size), Array.from({ length: 25 }, (_, n) => n));
    assert.equal(found[3].ETag, md5("xxx"));
    assert.deepEqual(await keys({ StartAfter: "p/22" }), ["p/23", "p/24", "q"]);
});

test("a listing by folders", async () => {
    for (const key of ["in/2026/a", "in/2026/b", "in/2027/c", "in/d", "out/e"]) await put(key, "x");
    const pages = paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: "in/", Delimiter: "/" });
    const page = (await pages.next()).value;
    assert.deepEqual(page.CommonPrefixes, [{ Prefix: "in/2026/" }, { Prefix: "in/2027/" }]);
    assert.deepEqual(page.Contents.map((object) => object.Key), ["in/d"]);
    assert.equal(page.KeyCount, 3);
});

// --- versions ---

test("an object in a bucket with versions", async () => {
    const Status = "Enabled";
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
    const one = await put("a", "one");
    const two = await put("a", "two");
    assert.notEqual(one.VersionId, two.VersionId);
    assert.equal(await text("a"), "two");
    assert.equal(await text("a", { VersionId: one.VersionId }), "one");

    const removed = await remove("a");
    assert.equal(removed.DeleteMarker, true);
    const gone = await refused(get("a"), "NoSuchKey", 404);
    assert.equal(gone.$response.headers["x-amz-delete-marker"], "true");
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    const shown = (each) => [each.VersionId, each.IsLatest];
    assert.deepEqual(listed.Versions.map(shown), [[two.VersionId, false], [one.VersionId, false]]);
    assert.deepEqual(listed.DeleteMarkers.map(shown), [[removed.VersionId, true]]);

    await remove("a", { VersionId: removed.VersionId });
    assert.equal(await text("a"), "two");
    await remove("a", { VersionId: two.VersionId });
    assert.equal(await text("a"), "one");
    await refused(get("a", { VersionId: two.VersionId }), "NoSuchVersion", 404);
});

// --- uploads by parts ---

test("a stream of unknown length goes up in parts", async () => {
    const data = randomBytes(11 * MIB);
    const pieces = Array.from({ length: 11 }, (_, n) => data.subarray(n * MIB, (n + 1) * MIB));
    const upload = new Upload({
        client: s3,
        params: { Bucket, Key: "large", Body: Readable.from(pieces), ContentType: "text/csv" },
        partSize: 5 * MIB,
    });
    let result;
    const calls = await callsOf(async () => {
        result = await upload.done();
    });
    assert.deepEqual(calls.sort(), [
        "CompleteMultipartUpload", "CreateMultipartUpload", ...Array(3).fill("UploadPart"),
    ]);
    assert.match(result.ETag, /-3"$/);
    assert.equal(result.Bucket, Bucket);
    const read = await get("large");
    assert.equal(read.ContentType, "text/csv");
    assert.ok(read.ChecksumCRC32);
    assert.deepEqual(Buffer.from(await read.Body.transformToByteArray()), data);
});

test("a short stream of unknown length goes up in one piece", async () => {
    const Body = Readable.from(["ab", "cd"]);
    const upload = new Upload({ client: s3, params: { Bucket, Key: "short", Body } });
    assert.deepEqual(await callsOf(() => upload.done()), ["PutObject"]);
    assert.equal(await text("short"), "abcd");
});

test("an upload whose part is refused is aborted", async () => {
    await fault("s3", "UploadPart", "error", { nth: 2, code: "AccessDenied", status: 403 });
    const Body = Readable.from([randomBytes(6 * MIB), randomBytes(6 * MIB)]);
    const upload = new Upload({ client: s3, params: { Bucket, Key: "a", Body }, queueSize: 1 });
    const calls = await callsOf(() => refused(upload.done(), "AccessDenied", 403));
    assert.equal(calls.at(-1), "AbortMultipartUpload");
    assert.equal((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads, undefined);
    await refused(head("a"), "NotFound", 404);
});

test("an upload by hand", async () => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "a" }));
    const order = { Bucket, Key: "a", UploadId };
    const part = (PartNumber, Body) =>
        s3.send(new UploadPartCommand({ ...order, PartNumber, Body }));
    const complete = (Parts) =>
        s3.send(new CompleteMultipartUploadCommand({ ...order, MultipartUpload: { Parts } }));
    const first = randomBytes(5 * MIB);
    const Parts = [
        { PartNumber: 1, ETag: (await part(1, first)).ETag },
        { PartNumber: 2, ETag: (await part(2, createReadStream(await file("the end")))).ETag },
    ];
    const listed = await s3.send(new ListPartsCommand(order));
    assert.deepEqual(listed.Parts.map((each) => each.Size), [5 * MIB, 7]);
    assert.deepEqual(listed.Parts.map((each) => each.ETag), Parts.map((each) => each.ETag));
    await refused(complete([...Parts].reverse()), "InvalidPartOrder", 400);
    await refused(complete([{ PartNumber: 1, ETag: md5("other") }]), "InvalidPart", 400);
    assert.match((await complete(Parts)).ETag, /-2"$/);
    assert.deepEqual(await bytes("a"), Buffer.concat([first, Buffer.from("the end")]));
    await refused(s3.send(new AbortMultipartUploadCommand(order)), "NoSuchUpload", 404);
});

test("an upload with a small part in its middle", async () => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "a" }));
    const order = { Bucket, Key: "a", UploadId };
    const Parts = [];
    for (const PartNumber of [1, 2]) {
        const part = new UploadPartCommand({ ...order, PartNumber, Body: "small" });
        Parts.push({ PartNumber, ETag: (await s3.send(part)).ETag });
    }
    const complete = new CompleteMultipartUploadCommand({ ...order, MultipartUpload: { Parts } });
    await refused(s3.send(complete), "EntityTooSmall", 400);
});

// --- buckets, refusals, retries ---

test("buckets", async () => {
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    assert.ok(Buckets.some((bucket) => bucket.Name === Bucket));
    const located = await s3.send(new GetBucketLocationCommand({ Bucket }));
    assert.equal(located.LocationConstraint, process.env.AWS_REGION);
    const looked = await s3.send(new HeadBucketCommand({ Bucket }));
    assert.equal(looked.BucketRegion, process.env.AWS_REGION);
    const again = new CreateBucketCommand({ Bucket, CreateBucketConfiguration });
    await refused(s3.send(again), "BucketAlreadyOwnedByYou", 409);
    await put("a", "x");
    await refused(s3.send(new DeleteBucketCommand({ Bucket })), "BucketNotEmpty", 409);
    await remove("a");
    await s3.send(new DeleteBucketCommand({ Bucket }));
    await refused(s3.send(new HeadBucketCommand({ Bucket })), "NotFound", 404);
});

test("names of refusals", async () => {
    const error = await refused(get("missing"), "NoSuchKey", 404);
    assert.equal(error.Key, "missing");
    assert.match(error.$metadata.requestId, /^[0-9A-F]{16}$/);
    await refused(head("missing"), "NotFound", 404);
    await refused(get("a", { Bucket: "no-such-bucket" }), "NoSuchBucket", 404);
    await refused(put("a", "x", { ExpectedBucketOwner: "999999999999" }), "AccessDenied", 403);
});

test("a key that is wrong", async () => {
    const credentials = { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: "wrong" };
    const order = new GetObjectCommand({ Bucket, Key: "a" });
    await refused(new S3Client({ credentials }).send(order), "SignatureDoesNotMatch", 403);
    credentials.accessKeyId = "AKIAUNKNOWN000000000";
    await refused(new S3Client({ credentials }).send(order), "InvalidAccessKeyId", 403);
});

test("a busy S3 is tried three times", async () => {
    await fault("s3", "PutObject", "throttle", { times: 2 });
    assert.deepEqual(await callsOf(() => put("a", "x")), Array(3).fill("PutObject"));
    await fault("s3", "PutObject", "throttle", { times: 3 });
    await refused(put("a", "y"), "SlowDown", 503);
    assert.equal(await text("a"), "x");
});

test("a call whose reply is lost is sent again", async () => {
    await fault("s3", "PutObject", "drop_after");
    assert.deepEqual(await callsOf(() => put("a", "x")), ["PutObject", "PutObject"]);
    assert.equal(await text("a"), "x");
});

test("a stream cannot be sent again", async () => {
    await fault("s3", "PutObject", "throttle");
    const stream = Readable.from([Buffer.from("once")]);
    const calls = await callsOf(() =>
        refused(put("a", stream, { ContentLength: 4 }), "SlowDown", 503));
    assert.deepEqual(calls, ["PutObject"]);
});

test("waiting for an object", async () => {
    setTimeout(() => put("late", "x"), 300);
    const order = { client: s3, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
    const { state } = await waitUntilObjectExists(order, { Bucket, Key: "late" });
    assert.equal(state, "SUCCESS");
});
