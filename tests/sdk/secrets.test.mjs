// Secrets Manager by SDK v3.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
    CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, GetSecretValueCommand,
    PutSecretValueCommand, RestoreSecretCommand, SecretsManagerClient, UpdateSecretCommand,
    UpdateSecretVersionStageCommand, paginateListSecrets,
} from "@aws-sdk/client-secrets-manager";
import { callsOf, fault, refused } from "./local.mjs";

const secrets = new SecretsManagerClient({});

const create = (Name, SecretString, more = {}) =>
    secrets.send(new CreateSecretCommand({ Name, SecretString, ...more }));
const put = (SecretId, SecretString, more = {}) =>
    secrets.send(new PutSecretValueCommand({ SecretId, SecretString, ...more }));
const get = (SecretId, more = {}) =>
    secrets.send(new GetSecretValueCommand({ SecretId, ...more }));
const describe = (SecretId) => secrets.send(new DescribeSecretCommand({ SecretId }));
const moveStage = (SecretId, VersionStage, RemoveFromVersionId, MoveToVersionId) =>
    secrets.send(new UpdateSecretVersionStageCommand({
        SecretId, VersionStage, RemoveFromVersionId, MoveToVersionId,
    }));

test("a secret is found by name, by ARN, and by ARN without its suffix", async () => {
    const value = JSON.stringify({ username: "loader", password: "é\"\\" });
    const created = await create("app/db", value, { Description: "the loader's login" });
    assert.match(created.ARN, /^arn:aws:secretsmanager:eu-west-1:\d{12}:secret:app\/db-\w{6}$/);
    for (const id of ["app/db", created.ARN, created.ARN.slice(0, -7)]) {
        const read = await get(id);
        assert.equal(read.SecretString, value);
        assert.equal(read.Name, "app/db");
        assert.equal(read.VersionId, created.VersionId);
        assert.deepEqual(read.VersionStages, ["AWSCURRENT"]);
        assert.ok(Math.abs(read.CreatedDate - Date.now()) < 60_000);
    }
});

test("a new value leaves the previous one", async () => {
    const one = await create("rotated", "one");
    const two = await put("rotated", "two");
    assert.equal((await get("rotated")).SecretString, "two");
    assert.equal((await get("rotated", { VersionStage: "AWSPREVIOUS" })).SecretString, "one");
    assert.equal((await get("rotated", { VersionId: one.VersionId })).SecretString, "one");
    await secrets.send(new UpdateSecretCommand({ SecretId: "rotated", Description: "changed" }));
    const described = await describe("rotated");
    assert.equal(described.Description, "changed");
    assert.deepEqual(described.VersionIdsToStages, {
        [one.VersionId]: ["AWSPREVIOUS"],
        [two.VersionId]: ["AWSCURRENT"],
    });
});

test("a rotation by stages", async () => {
    const one = await create("staged", "one");
    const two = await put("staged", "two", { VersionStages: ["AWSPENDING"] });
    assert.equal((await get("staged")).SecretString, "one");
    assert.equal((await get("staged", { VersionStage: "AWSPENDING" })).SecretString, "two");
    const unsaid = moveStage("staged", "AWSCURRENT", undefined, two.VersionId);
    await refused(unsaid, "InvalidParameterException", 400);
    await moveStage("staged", "AWSCURRENT", one.VersionId, two.VersionId);
    assert.equal((await get("staged")).SecretString, "two");
    assert.equal((await get("staged", { VersionStage: "AWSPREVIOUS" })).SecretString, "one");
    await moveStage("staged", "AWSPENDING", two.VersionId, undefined);
    await refused(get("staged", { VersionStage: "AWSPENDING" }), "ResourceNotFoundException", 400);
});

test("bytes", async () => {
    const SecretBinary = Uint8Array.from({ length: 256 }, (_, n) => n);
    await secrets.send(new CreateSecretCommand({ Name: "bytes", SecretBinary }));
    const read = await get("bytes");
    assert.equal(read.SecretString, undefined);
    assert.deepEqual(Uint8Array.from(read.SecretBinary), SecretBinary);
});

test("a request that is repeated makes one version", async () => {
    const ClientRequestToken = "0123456789abcdef0123456789abcdef";
    const one = await create("once", "value", { ClientRequestToken });
    assert.deepEqual((await create("once", "value", { ClientRequestToken })).ARN, one.ARN);
    assert.equal(one.VersionId, ClientRequestToken);
    const other = put("once", "other", { ClientRequestToken });
    await refused(other, "ResourceExistsException", 400);
    await refused(create("once", "value"), "ResourceExistsException", 400);
});

test("a call whose reply is lost is sent again, with its token", async () => {
    await fault("secretsmanager", "CreateSecret", "drop_after");
    const calls = await callsOf(() => create("lost", "value"));
    assert.deepEqual(calls, ["CreateSecret", "CreateSecret"]);
    assert.equal(Object.keys((await describe("lost")).VersionIdsToStages).length, 1);
});

test("a throttled call is tried again", async () => {
    await create("busy", "value");
    await fault("secretsmanager", "GetSecretValue", "throttle");
    const calls = await callsOf(() => get("busy"));
    assert.deepEqual(calls, ["GetSecretValue", "GetSecretValue"]);
});

test("what is not there", async () => {
    const error = await refused(get("nothing"), "ResourceNotFoundException", 400);
    assert.equal(error.message, "Secrets Manager can't find the specified secret.");
    assert.equal(error.$fault, "client");
    await refused(describe("nothing"), "ResourceNotFoundException", 400);
    await create("there", "value");
    const version = get("there", { VersionId: "f".repeat(32) });
    await refused(version, "ResourceNotFoundException", 400);
});

test("a deleted secret can be restored", async () => {
    await create("deleted", "value");
    const order = { SecretId: "deleted", RecoveryWindowInDays: 7 };
    const { DeletionDate } = await secrets.send(new DeleteSecretCommand(order));
    assert.ok(Math.abs(DeletionDate - Date.now() - 7 * 86400_000) < 60_000);
    const error = await refused(get("deleted"), "InvalidRequestException", 400);
    assert.match(error.message, /marked for deletion/);
    await secrets.send(new RestoreSecretCommand({ SecretId: "deleted" }));
    assert.equal((await get("deleted")).SecretString, "value");
});

test("secrets are listed in pages", async () => {
    const names = ["list/a", "list/b", "list/c"];
    for (const name of names) await create(name, "value");
    const Filters = [{ Key: "name", Values: ["list/"] }];
    const found = [];
    const calls = await callsOf(async () => {
        const pages = paginateListSecrets({ client: secrets, pageSize: 2 }, { Filters });
        for await (const page of pages) found.push(...page.SecretList.map((secret) => secret.Name));
    });
    assert.deepEqual(calls, ["ListSecrets", "ListSecrets"]);
    assert.deepEqual(found.sort(), names);
});
