// The Redshift Data API by SDK v3.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
    BatchExecuteStatementCommand, CancelStatementCommand, DescribeStatementCommand,
    DescribeTableCommand, ExecuteStatementCommand, ListDatabasesCommand, ListSchemasCommand,
    ListTablesCommand, RedshiftDataClient, paginateGetStatementResult, paginateListStatements,
} from "@aws-sdk/client-redshift-data";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { callsOf, fault, local, refused } from "./local.mjs";

const redshift = new RedshiftDataClient({});
const cluster = { ClusterIdentifier: "dw", Database: "dev", DbUser: "awsuser" };

const execute = (Sql, more = {}) =>
    redshift.send(new ExecuteStatementCommand({ ...cluster, Sql, ...more }));
const batch = (Sqls, more = {}) =>
    redshift.send(new BatchExecuteStatementCommand({ ...cluster, Sqls, ...more }));
const knobs = (changes) => local("POST", "redshift", changes);
const describe = (Id, more = {}) => redshift.send(new DescribeStatementCommand({ Id, ...more }));

/** The description of a statement once it has ended. */
async function ended({ Id }) {
    for (;;) {
        const described = await describe(Id);
        if (["FINISHED", "FAILED", "ABORTED"].includes(described.Status)) return described;
        await pause(20);
    }
}

async function result(Id) {
    const pages = [];
    for await (const page of paginateGetStatementResult({ client: redshift }, { Id }))
        pages.push(page);
    return { ...pages[0], pages: pages.length, Records: pages.flatMap((page) => page.Records) };
}

/** Runs one statement to its end; its rows, if it has any. */
async function run(Sql, more) {
    const described = await ended(await execute(Sql, more));
    assert.equal(described.Status, "FINISHED", described.Error);
    return described.HasResultSet ? (await result(described.Id)).Records : [];
}

before(() =>
    run("create table public.claims (id int not null, name varchar(20), paid numeric(8,2))"));

test("a statement and its result", async () => {
    const begun = await execute(
        "select 7 as n, 'é' as t, null::int as z, true as b, 0.5::float8 as f,"
            + " 1.20::numeric(8,2) as d",
        { StatementName: "one|of|each" },
    );
    assert.match(begun.Id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.ok(Math.abs(begun.CreatedAt - Date.now()) < 60_000);
    assert.deepEqual({ ...begun, ...cluster }, begun);
    const described = await ended(begun);
    assert.equal(described.Status, "FINISHED", described.Error);
    assert.equal(described.HasResultSet, true);
    assert.equal(described.ResultRows, 1);
    assert.ok(described.Duration > 0);
    const { Records, ColumnMetadata, TotalNumRows } = await result(begun.Id);
    assert.deepEqual(Records, [[
        { longValue: 7 }, { stringValue: "é" }, { isNull: true }, { booleanValue: true },
        { doubleValue: 0.5 }, { stringValue: "1.20" },
    ]]);
    assert.equal(TotalNumRows, 1);
    assert.deepEqual(ColumnMetadata.map((column) => column.name), ["n", "t", "z", "b", "f", "d"]);
    assert.deepEqual(
        ColumnMetadata.map((column) => column.typeName),
        ["int4", "varchar", "int4", "bool", "float8", "numeric"],
    );
});

test("a statement that waits for its end", async () => {
    const begun = await execute("select 1", { WaitTimeSeconds: 30 });
    assert.equal(begun.Status, "FINISHED");
    assert.equal(begun.HasResultSet, true);
    const calls = await callsOf(() => describe(begun.Id, { WaitTimeSeconds: 30 }));
    assert.deepEqual(calls, ["DescribeStatement"]);
});

test("parameters are values, whatever they hold", async () => {
    const value = "x'); drop table public.claims; --";
    const Parameters = [{ name: "id", value: "3" }, { name: "name", value }];
    const insert = "insert into public.claims (id, name) values (:id::int, left(:name, 20))";
    await run(insert, { Parameters });
    const rows = await run("select name from public.claims where id = :id::int", {
        Parameters: [{ name: "id", value: "3" }],
    });
    assert.deepEqual(rows, [[{ stringValue: value.slice(0, 20) }]]);
    const unused = execute("select 1", { Parameters: [{ name: "a", value: "b" }] });
    await refused(unused, "ValidationException", 400);
});

test("a batch is one transaction", async () => {
    const begun = await batch(
        [
            "create table public.b (n int)",
            "insert into public.b values (1), (2)",
            "select n from public.b order by n",
        ],
        { StatementName: "f-1|load|1" },
    );
    const described = await ended(begun);
    assert.equal(described.Status, "FINISHED", described.Error);
    const parts = described.SubStatements;
    assert.deepEqual(parts.map((part) => part.Id), [1, 2, 3].map((n) => `${begun.Id}:${n}`));
    assert.deepEqual(parts.map((part) => part.ResultRows), [-1, 2, 2]);
    const { Records } = await result(`${begun.Id}:3`);
    assert.deepEqual(Records, [[{ longValue: 1 }], [{ longValue: 2 }]]);
    await refused(result(begun.Id), "ResourceNotFoundException", 404);

    const failed = await ended(await batch(
        ["insert into public.b values (3)", "select 1/0", "insert into public.b values (4)"],
    ));
    assert.equal(failed.Status, "FAILED");
    assert.match(failed.Error, /division by zero|[Dd]ivide by zero/);
    assert.deepEqual(
        failed.SubStatements.map((part) => part.Status), ["FINISHED", "FAILED", "ABORTED"],
    );
    assert.deepEqual(await run("select count(*) from public.b"), [[{ longValue: 2 }]]);
});

test("a batch that commits each statement", async () => {
    const ExecutionMode = "AUTO_COMMIT";
    const failed = await ended(await batch(
        ["create table public.c (n int)", "insert into public.c values (1)", "select 1/0"],
        { ExecutionMode },
    ));
    assert.equal(failed.Status, "FAILED");
    assert.deepEqual(await run("select n from public.c"), [[{ longValue: 1 }]]);
});

test("a result in pages", async (t) => {
    t.after(() => knobs({ page_bytes: 1 << 20 }));
    await knobs({ page_bytes: 100_000 });
    const numbers = Array.from({ length: 30 }, (_, n) => n);
    const table = numbers.map((n) => `select ${n}`).join(" union all ");
    const { Id } = await ended(
        await execute(`select n, repeat('é', 5000) from (${table}) t(n) order by n`),
    );
    const { Records, pages } = await result(Id);
    assert.equal(pages, 3);
    assert.deepEqual(Records.map((row) => row[0].longValue), numbers);
    assert.ok(Records.every((row) => row[1].stringValue === "é".repeat(5000)));
});

test("a load from S3", async () => {
    const s3 = new S3Client({});
    const CreateBucketConfiguration = { LocationConstraint: "eu-west-1" };
    const put = (Key, Body) => s3.send(new PutObjectCommand({ Bucket: "loads", Key, Body }));
    await s3.send(new CreateBucketCommand({ Bucket: "loads", CreateBucketConfiguration }));
    await put("a b.txt", "11|é|1.5\n12|b|\n");
    const iam = "iam_role 'arn:aws:iam::111122223333:role/copy'";
    await run(`copy public.claims from 's3://loads/a b.txt' ${iam}`);
    const loaded = await run("select id, name, paid from public.claims where id > 10 order by id");
    assert.deepEqual(loaded, [
        [{ longValue: 11 }, { stringValue: "é" }, { stringValue: "1.50" }],
        [{ longValue: 12 }, { stringValue: "b" }, { isNull: true }],
    ]);
    await put("bad.txt", "x|y|z\n");
    const copy = `copy public.claims from 's3://loads/bad.txt' ${iam}`;
    const failed = await ended(await execute(copy));
    assert.equal(failed.Status, "FAILED");
    assert.match(failed.Error, /stl_load_errors|sys_load_error_detail/);
    s3.destroy();
});

test("ways to log in", async () => {
    const who = async (more) => {
        const described = await ended(await redshift.send(
            new ExecuteStatementCommand({ Database: "dev", Sql: "select current_user", ...more }),
        ));
        assert.equal(described.Status, "FINISHED", described.Error);
        return (await result(described.Id)).Records[0][0].stringValue;
    };
    const SecretArn = process.env.REDSHIFT_SECRET;
    assert.equal(await who({ ClusterIdentifier: "dw", DbUser: "awsuser" }), "awsuser");
    assert.equal(await who({ ClusterIdentifier: "dw", SecretArn }), "awsuser");
    assert.equal(await who({ WorkgroupName: "dw-serverless" }), "IAM:local");
});

test("statements that are refused", async () => {
    const words = async (more) =>
        (await refused(execute("select 1", more), "ValidationException", 400)).message;
    assert.match(await words({ ClusterIdentifier: "none" }), /endpoint doesn't exist/);
    const both = { WorkgroupName: "dw-serverless" };
    assert.match(await words(both), /either ClusterIdentifier or WorkgroupName/);
    assert.match(await words({ Database: undefined }), /Database/);
    await refused(batch(Array(41).fill("select 1")), "ValidationException", 400);
    const id = "00000000-0000-0000-0000-000000000000";
    const missing = await refused(describe(id), "ResourceNotFoundException", 404);
    assert.equal(missing.ResourceId, id);
    await refused(describe("no-id"), "ValidationException", 400);
});

test("a statement that fails says why", async () => {
    const failed = await ended(await execute("select * from public.nothing"));
    assert.equal(failed.Status, "FAILED");
    assert.match(failed.Error, /relation "public.nothing" does not exist/);
    assert.equal(failed.HasResultSet, false);
    await refused(result(failed.Id), "ResourceNotFoundException", 404);
});

test("too many statements at a time", async (t) => {
    const usual = { paused: false, active_limit: 500 };
    t.after(() => knobs(usual));
    await knobs({ paused: true, active_limit: 2 });
    const running = [await execute("select 1"), await execute("select 2")];
    const error = await refused(execute("select 3"), "ActiveStatementsExceededException", 400);
    assert.match(error.message, /exceeded/);
    await knobs(usual);
    for (const statement of running) assert.equal((await ended(statement)).Status, "FINISHED");
});

test("a statement is cancelled while it runs, and not later", async (t) => {
    t.after(() => knobs({ paused: false }));
    const cancel = (Id) => redshift.send(new CancelStatementCommand({ Id }));
    await knobs({ paused: true });
    const { Id } = await execute("select 1");
    assert.equal((await cancel(Id)).Status, true);
    await knobs({ paused: false });
    assert.equal((await ended({ Id })).Status, "ABORTED");
    const late = await refused(cancel(Id), "ValidationException", 400);
    assert.match(late.message, /already in ABORTED state/);
});

test("a token begins one statement", async () => {
    const ClientToken = "token-1";
    const { Id } = await execute("select 1", { ClientToken });
    assert.equal((await execute("select 1", { ClientToken })).Id, Id);
    await refused(execute("select 2", { ClientToken }), "ValidationException", 400);
});

test("a call whose reply is lost begins one statement", async () => {
    await fault("redshift-data", "ExecuteStatement", "drop_after");
    const StatementName = "lost|reply";
    const calls = await callsOf(() => execute("select 1", { StatementName }));
    assert.deepEqual(calls, ["ExecuteStatement", "ExecuteStatement"]);
    assert.equal((await named("lost|")).length, 1);
});

async function named(StatementName, pageSize) {
    const found = [];
    const order = { StatementName, Status: "ALL" };
    for await (const page of paginateListStatements({ client: redshift, pageSize }, order))
        found.push(...page.Statements);
    return found;
}

test("statements are listed by name, the newest first", async () => {
    const ids = [];
    for (const n of [1, 2, 3])
        ids.unshift((await execute(`select ${n}`, { StatementName: `list|${n}` })).Id);
    let found;
    const calls = await callsOf(async () => {
        found = await named("list|", 2);
    });
    assert.deepEqual(calls, ["ListStatements", "ListStatements"]);
    assert.deepEqual(found.map((each) => each.Id), ids);
    assert.deepEqual(found.map((each) => each.QueryString), ["select 3", "select 2", "select 1"]);
});

test("databases, schemas and tables", async () => {
    const ask = (Command, more = {}) => redshift.send(new Command({ ...cluster, ...more }));
    assert.ok((await ask(ListDatabasesCommand)).Databases.includes("dev"));
    assert.ok((await ask(ListSchemasCommand)).Schemas.includes("public"));
    const patterns = { SchemaPattern: "public", TablePattern: "claim%" };
    const tables = await ask(ListTablesCommand, patterns);
    assert.deepEqual(tables.Tables, [{ name: "claims", schema: "public", type: "TABLE" }]);
    const { ColumnList } = await ask(DescribeTableCommand, { Schema: "public", Table: "claims" });
    assert.deepEqual(
        ColumnList.map((column) => [column.name, column.typeName, column.nullable]),
        [["id", "int4", 0], ["name", "varchar", 1], ["paid", "numeric", 1]],
    );
});

test("a throttled call is tried again", async () => {
    await fault("redshift-data", "ListStatements", "throttle");
    const calls = await callsOf(() => named("none"));
    assert.deepEqual(calls, ["ListStatements", "ListStatements"]);
});
