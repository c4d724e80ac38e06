// Lambda by SDK v3. The function is tests/emulator/lambda_/scripted_bootstrap.py, which does what
// the event says.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import {
    AddPermissionCommand, CreateFunctionCommand, DeleteFunctionCommand, GetFunctionCommand,
    GetFunctionConfigurationCommand, GetPolicyCommand, InvokeCommand, LambdaClient,
    PutFunctionEventInvokeConfigCommand, UpdateFunctionCodeCommand,
    UpdateFunctionConfigurationCommand, paginateListFunctions, waitUntilFunctionActiveV2,
    waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import {
    EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import {
    CreateBucketCommand, PutBucketNotificationConfigurationCommand, PutObjectCommand, S3Client,
} from "@aws-sdk/client-s3";
import {
    CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand,
} from "@aws-sdk/client-sns";
import { callsOf, fault, local, refused } from "./local.mjs";

const lambda = new LambdaClient({});
const ZipFile = await readFile(process.env.FUNCTION_ZIP);
const Role = process.env.FUNCTION_ROLE;
const decode = (payload) => JSON.parse(Buffer.from(payload).toString());

const create = (FunctionName, more = {}) =>
    lambda.send(new CreateFunctionCommand({
        FunctionName, Role, Runtime: "provided.al2023", Handler: "any", Code: { ZipFile },
        Timeout: 10, ...more,
    }));
const invoke = (event, more = {}) =>
    lambda.send(new InvokeCommand({
        FunctionName: "scripted", Payload: JSON.stringify(event), ...more,
    }));
const configuration = (FunctionName) =>
    lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));

before(async () => {
    await create("scripted", { Environment: { Variables: { GREETING: "hello é" } } });
    await waitUntilFunctionActiveV2(
        { client: lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName: "scripted" },
    );
});

test("a function answers", async () => {
    const event = { do: "echo", text: "é 😀", n: [1, 2.5, null] };
    const answer = await invoke(event);
    assert.deepEqual(decode(answer.Payload), event);
    assert.equal(answer.StatusCode, 200);
    assert.equal(answer.FunctionError, undefined);
    assert.equal(answer.ExecutedVersion, "$LATEST");
    assert.equal(answer.LogResult, undefined);
});

test("what a function finds around it", async () => {
    const ClientContext = Buffer.from('{"custom": {"a": "b"}}').toString("base64");
    const { Payload } = await invoke({ do: "describe" }, { ClientContext });
    const { environment, headers } = decode(Payload);
    assert.equal(environment.GREETING, "hello é");
    assert.equal(environment.AWS_LAMBDA_FUNCTION_NAME, "scripted");
    assert.equal(environment.AWS_REGION, "eu-west-1");
    assert.equal(headers["Lambda-Runtime-Client-Context"], '{"custom": {"a": "b"}}');
});

test("the end of the log comes along", async () => {
    const event = { do: "log", text: "a line of the log" };
    const { LogResult } = await invoke(event, { LogType: "Tail" });
    const log = Buffer.from(LogResult, "base64").toString();
    assert.match(log, /^START RequestId: [0-9a-f-]{36} Version: \$LATEST\n/);
    assert.match(log, /^a line of the log$/m);
    assert.match(log, /^REPORT RequestId: .*Max Memory Used/m);
});

test("an error of the function is an answer", async () => {
    const answer = await invoke({ do: "fail" });
    assert.equal(answer.StatusCode, 200);
    assert.equal(answer.FunctionError, "Unhandled");
    const said = { errorMessage: "no luck", errorType: "Sad", stackTrace: [] };
    assert.deepEqual(decode(answer.Payload), said);
});

test("a function that dies", async () => {
    const answer = await invoke({ do: "exit", status: 3 });
    assert.equal(answer.FunctionError, "Unhandled");
    const { errorType, errorMessage } = decode(answer.Payload);
    assert.equal(errorType, "Runtime.ExitError");
    assert.match(errorMessage, /^RequestId: [0-9a-f-]{36} Error: Runtime exited .*exit status 3$/);
    assert.deepEqual(decode((await invoke({ n: 1 })).Payload), { n: 1 });
});

test("a function that takes too long", async () => {
    await create("slow", { Timeout: 1 });
    const answer = await invoke({ do: "sleep", seconds: 30 }, { FunctionName: "slow" });
    assert.equal(answer.FunctionError, "Unhandled");
    assert.match(decode(answer.Payload).errorMessage, /Task timed out after 1\.00 seconds$/);
});

test("an event is taken at once and handled later", async () => {
    const event = { do: "log", text: "handled later" };
    const answer = await invoke(event, { InvocationType: "Event" });
    assert.equal(answer.StatusCode, 202);
    assert.equal(answer.Payload?.length ?? 0, 0);
    assert.deepEqual(await local("GET", "wait"), { idle: true });
    assert.match(await local("GET", "lambda/logs?function=scripted"), /^handled later$/m);
});

test("an event that fails ends in the failure record", async () => {
    await create("failing");
    const FunctionName = "failing";
    const rules = { FunctionName, MaximumRetryAttempts: 0 };
    await lambda.send(new PutFunctionEventInvokeConfigCommand(rules));
    await invoke({ do: "fail" }, { FunctionName, InvocationType: "Event" });
    await local("GET", "wait");
    const [record] = await local("GET", "lambda/failures");
    assert.deepEqual(record.requestPayload, { do: "fail" });
    assert.equal(record.requestContext.condition, "RetriesExhausted");
    assert.equal(record.responsePayload.errorMessage, "no luck");
});

test("a dry run runs nothing", async () => {
    const answer = await invoke({ do: "log", text: "never run" }, { InvocationType: "DryRun" });
    assert.equal(answer.StatusCode, 204);
    assert.doesNotMatch(await local("GET", "lambda/logs?function=scripted"), /never run/);
});

test("the configuration of a function", async () => {
    await create("configured", { MemorySize: 256, Description: "first" });
    const first = await configuration("configured");
    assert.equal(first.FunctionArn, "arn:aws:lambda:eu-west-1:111122223333:function:configured");
    assert.equal(first.State, "Active");
    assert.equal(first.CodeSize, ZipFile.length);
    assert.deepEqual(
        [first.Runtime, first.Role, first.Timeout, first.MemorySize, first.Description],
        ["provided.al2023", Role, 10, 256, "first"],
    );
    const FunctionName = "configured";
    const update = (more) =>
        lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...more }));
    await update({ Timeout: 20, Environment: { Variables: { AB: "1" } } });
    const patience = { client: lambda, maxWaitTime: 30, minDelay: 1 };
    await waitUntilFunctionUpdatedV2(patience, { FunctionName });
    const second = await configuration(FunctionName);
    assert.deepEqual([second.Timeout, second.Environment.Variables], [20, { AB: "1" }]);
    const stale = update({ Timeout: 30, RevisionId: first.RevisionId });
    await refused(stale, "PreconditionFailedException", 412);
    const reserved = update({ Environment: { Variables: { AWS_REGION: "x" } } });
    await refused(reserved, "InvalidParameterValueException", 400);
    await refused(update({ Timeout: 901 }), "InvalidParameterValueException", 400);
});

test("new code", async () => {
    const FunctionName = "configured";
    const before = await configuration(FunctionName);
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile }));
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    assert.equal(Configuration.CodeSha256, before.CodeSha256);
    assert.notEqual(Configuration.RevisionId, before.RevisionId);
    const nonsense = { FunctionName, ZipFile: Buffer.from("no zip") };
    const update = lambda.send(new UpdateFunctionCodeCommand(nonsense));
    await refused(update, "InvalidParameterValueException", 400);
});

test("who may invoke a function", async () => {
    const statement = {
        FunctionName: "scripted", StatementId: "bucket", Action: "lambda:InvokeFunction",
        Principal: "s3.amazonaws.com", SourceArn: "arn:aws:s3:::landing",
    };
    const permit = () => lambda.send(new AddPermissionCommand(statement));
    await permit();
    const { Policy } = await lambda.send(new GetPolicyCommand({ FunctionName: "scripted" }));
    const [kept] = JSON.parse(Policy).Statement;
    assert.equal(kept.Sid, "bucket");
    assert.deepEqual(kept.Principal, { Service: "s3.amazonaws.com" });
    await refused(permit(), "ResourceConflictException", 409);
});

/** A new function: its ARN, who may invoke it, and how often it ran once nothing is left to do. */
async function countedFunction(FunctionName) {
    const { FunctionArn } = await create(FunctionName);
    const Action = "lambda:InvokeFunction";
    const permit = (Principal, SourceArn) =>
        lambda.send(new AddPermissionCommand({
            FunctionName, StatementId: "source", Action, Principal, SourceArn,
        }));
    const runs = async () => {
        await local("GET", "wait");
        const log = await local("GET", `lambda/logs?function=${FunctionName}`);
        return log.match(/^START /gm)?.length ?? 0;
    };
    return { FunctionArn, permit, runs };
}

test("a bucket invokes a function that permits it", async () => {
    const s3 = new S3Client({});
    const Bucket = "notifying";
    const CreateBucketConfiguration = { LocationConstraint: "eu-west-1" };
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    const { FunctionArn, permit, runs } = await countedFunction("by-bucket");
    const Filter = { Key: { FilterRules: [{ Name: "prefix", Value: "in/" }] } };
    const rule = { LambdaFunctionArn: FunctionArn, Events: ["s3:ObjectCreated:*"], Filter };
    const NotificationConfiguration = { LambdaFunctionConfigurations: [rule] };
    const configure = () => s3.send(
        new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }),
    );
    await refused(configure(), "InvalidArgument", 400);
    await permit("s3.amazonaws.com", `arn:aws:s3:::${Bucket}`);
    await configure();
    const before = await runs();
    for (const Key of ["in/a", "out/b", "in/c"])
        await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
    assert.equal(await runs() - before, 2);
    s3.destroy();
});

test("a topic invokes a function that permits it", async () => {
    const sns = new SNSClient({});
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "invoking" }));
    const { FunctionArn: Endpoint, permit, runs } = await countedFunction("by-topic");
    await permit("sns.amazonaws.com", TopicArn);
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "lambda", Endpoint }));
    await sns.send(new PublishCommand({ TopicArn, Message: "run" }));
    assert.equal(await runs(), 1);
    sns.destroy();
});

test("a rule invokes a function that permits it", async () => {
    const events = new EventBridgeClient({});
    const { FunctionArn: Arn, permit, runs } = await countedFunction("by-rule");
    const EventPattern = JSON.stringify({ source: ["by.rule"] });
    const { RuleArn } = await events.send(new PutRuleCommand({ Name: "invoking", EventPattern }));
    const Input = JSON.stringify({ do: "log", text: "the rule's own words" });
    const target = { Rule: "invoking", Targets: [{ Id: "function", Arn, Input }] };
    await events.send(new PutTargetsCommand(target));
    await permit("events.amazonaws.com", RuleArn);
    const Entries = [{ Source: "by.rule", DetailType: "any", Detail: "{}" }];
    await events.send(new PutEventsCommand({ Entries }));
    assert.equal(await runs(), 1);
    assert.match(await local("GET", "lambda/logs?function=by-rule"), /^the rule's own words$/m);
    events.destroy();
});

test("functions are listed, and gone once deleted", async () => {
    const names = async () => {
        const found = [];
        for await (const page of paginateListFunctions({ client: lambda }, {}))
            found.push(...page.Functions.map((each) => each.FunctionName));
        return found;
    };
    await create("short-lived");
    assert.ok((await names()).includes("short-lived"));
    await refused(create("short-lived"), "ResourceConflictException", 409);
    await lambda.send(new DeleteFunctionCommand({ FunctionName: "short-lived" }));
    assert.ok(!(await names()).includes("short-lived"));
    const gone = await refused(configuration("short-lived"), "ResourceNotFoundException", 404);
    assert.match(gone.message, /Function not found: arn:aws:lambda:.*:function:short-lived/);
});

test("invocations that are refused", async () => {
    const missing = invoke({}, { FunctionName: "missing" });
    await refused(missing, "ResourceNotFoundException", 404);
    await refused(invoke({}, { Payload: "{" }), "InvalidRequestContentException", 400);
    const large = { text: "x".repeat(1 << 20) };
    await refused(invoke(large, { InvocationType: "Event" }), "RequestTooLargeException", 413);
    assert.deepEqual(decode((await invoke(large)).Payload), large);
});

test("a throttled invocation is tried again", async () => {
    await fault("lambda", "Invoke", "error", { code: "TooManyRequestsException", status: 429 });
    assert.deepEqual(await callsOf(() => invoke({})), ["Invoke", "Invoke"]);
});
