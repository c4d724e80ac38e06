// A file's whole way by SDK v3 alone: into the landing bucket of the deployed system, through both
// functions into Redshift, to its notification and into the archive.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
    ExecuteStatementCommand, GetStatementResultCommand, RedshiftDataClient,
} from "@aws-sdk/client-redshift-data";
import {
    GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client,
} from "@aws-sdk/client-s3";
import { local, refused } from "./local.mjs";

const s3 = new S3Client({});
const redshift = new RedshiftDataClient({});
const lambda = new LambdaClient({});
const Bucket = "landing";

const put = (Key, Body, more = {}) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
async function keys(Prefix) {
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
    return (Contents ?? []).map((object) => object.Key);
}

async function rows(Sql) {
    const where = { ClusterIdentifier: "dw", Database: "dev", DbUser: "awsuser" };
    const order = { ...where, Sql, WaitTimeSeconds: 30 };
    const { Id, Status } = await redshift.send(new ExecuteStatementCommand(order));
    assert.equal(Status, "FINISHED");
    const { Records } = await redshift.send(new GetStatementResultCommand({ Id }));
    return Records.map((row) => row.map((field) => field.stringValue ?? field.longValue ?? null));
}

/** What was published about a file, once everything is done for it. */
async function notice(key) {
    assert.deepEqual(await local("GET", "wait?seconds=60"), { idle: true });
    const messages = await local("GET", "sns/messages");
    const all = messages.map(({ Subject, Bodies }) => ({ Subject, ...JSON.parse(Bodies.default) }));
    const found = all.filter((each) => each.key === key);
    assert.equal(found.length, 1);
    return found[0];
}

test("a file that is put as a stream reaches Redshift", async () => {
    const key = "external_input/SDK_20261101_PA_FLAVOR_527.txt";
    const lines = [
        "00990000201|C|1|20260101|20791231|20260101|20791231\n",
        "00990000202|N|0|20260401|20791231|20260401|20791231\n",
        "00990000203|Q|0|20261301|20791231|20260401|20791231\n", // month 13
    ];
    const stream = Readable.from(lines.map((line) => Buffer.from(line)));
    await put(key, stream, { ContentLength: lines.join("").length });

    const told = await notice(key);
    assert.equal(told.state, "DONE");
    assert.match(told.Subject, /^External File Processing Framework logging --> SUCCESS/);
    const name = "SDK_20261101_PA_FLAVOR_527.txt";
    assert.deepEqual(await rows(`
        select ndc, pa_type, file_name from rdsftetl.dc_x_pa_flavor
        where file_name = '${name}' order by ndc`),
    [["00990000201", "C", name], ["00990000202", "N", name], ["00990000203", "Q", name]]);
    assert.deepEqual(await rows(`
        select ndc from rdsftcore.dc_x_pa_flavor where file_name = '${name}' order by ndc`),
    [["00990000201"], ["00990000202"]]);

    assert.deepEqual(await keys("external_input/"), []);
    assert.deepEqual(await keys("archive/"), [told.archived_key]);
    const archived = await s3.send(new GetObjectCommand({ Bucket, Key: told.archived_key }));
    assert.equal(await archived.Body.transformToString(), lines.join(""));
    await refused(s3.send(new GetObjectCommand({ Bucket, Key: key })), "NoSuchKey", 404);
});

test("a file that nobody configured is rejected", async () => {
    const key = "external_input/SDK_999.txt";
    await put(key, "a|b|c\n".repeat(20));
    const told = await notice(key);
    assert.equal(told.state, "REJECTED");
    assert.match(told.Subject, /^External File Processing Framework Submission --> FAILED/);
    assert.match(told.reason, /no active configuration matches the file name/);
});

test("an order for a file that is done", async () => {
    const key = "external_input/SDK_20261101_PA_FLAVOR_527.txt";
    const Payload = JSON.stringify({ order: "advance", bucket: Bucket, key, by: "the SDK's test" });
    const answer = await lambda.send(new InvokeCommand({ FunctionName: "file-process", Payload }));
    assert.equal(answer.FunctionError, undefined);
    const { objects, items } = JSON.parse(answer.Payload.transformToString());
    assert.equal(objects, 1);
    assert.equal(items[0].result, "nothing due");
});
