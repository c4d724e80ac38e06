// EventBridge by SDK v3. A topic stands for the targets: the local AWS keeps what it gets.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import {
    DeleteRuleCommand, DescribeRuleCommand, DisableRuleCommand, EnableRuleCommand,
    EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand, PutEventsCommand,
    PutRuleCommand, PutTargetsCommand, RemoveTargetsCommand, TestEventPatternCommand,
} from "@aws-sdk/client-eventbridge";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { callsOf, fault, local, refused } from "./local.mjs";

const events = new EventBridgeClient({});
const sns = new SNSClient({});
let Arn;

before(async () => {
    Arn = (await sns.send(new CreateTopicCommand({ Name: "events" }))).TopicArn;
});
beforeEach(() => local("DELETE", "sns/messages"));
after(() => sns.destroy());

const putRule = (Name, more) => events.send(new PutRuleCommand({ Name, ...more }));
const putTargets = (Rule, ...Targets) => events.send(new PutTargetsCommand({ Rule, Targets }));
const putEvents = (...Entries) => events.send(new PutEventsCommand({ Entries }));
const entry = (detail, more = {}) =>
    ({ Source: "app.loads", DetailType: "Load ended", Detail: JSON.stringify(detail), ...more });
const received = async () =>
    (await local("GET", "sns/messages")).map((message) => JSON.parse(message.Message));

test("a rule that matches brings the event to its target", async () => {
    const EventPattern = JSON.stringify({
        source: ["app.loads"],
        detail: { state: [{ "anything-but": "DONE" }], key: [{ prefix: "in/" }] },
    });
    const { RuleArn } = await putRule("failures", { EventPattern, Description: "loads that fail" });
    assert.equal(RuleArn, "arn:aws:events:eu-west-1:111122223333:rule/failures");
    const put = await putTargets("failures", { Id: "topic", Arn });
    assert.equal(put.FailedEntryCount, 0);

    const Time = new Date("2026-11-20T20:27:53Z");
    const answer = await putEvents(
        entry({ state: "FAILED", key: "in/é" }, { Time, Resources: ["arn:aws:s3:::landing"] }),
        entry({ state: "DONE", key: "in/b" }),
        entry({ state: "FAILED", key: "out/c" }),
        entry({ state: "FAILED", key: "in/d" }, { Source: "other" }),
    );
    assert.equal(answer.FailedEntryCount, 0);
    assert.equal(new Set(answer.Entries.map((each) => each.EventId)).size, 4);
    assert.deepEqual(await received(), [{
        version: "0",
        id: answer.Entries[0].EventId,
        "detail-type": "Load ended",
        source: "app.loads",
        account: "111122223333",
        time: "2026-11-20T20:27:53Z",
        region: "eu-west-1",
        resources: ["arn:aws:s3:::landing"],
        detail: { state: "FAILED", key: "in/é" },
    }]);

    const described = await events.send(new DescribeRuleCommand({ Name: "failures" }));
    assert.equal(described.EventPattern, EventPattern);
    assert.equal(described.State, "ENABLED");
    assert.equal(described.Description, "loads that fail");
});

test("a target gets a part of the event, or a constant", async () => {
    await putRule("parts", { EventPattern: JSON.stringify({ source: ["parts"] }) });
    await putTargets(
        "parts",
        { Id: "part", Arn, InputPath: "$.detail.inner" },
        { Id: "constant", Arn, Input: '{"a": 1}' },
    );
    await putEvents(entry({ inner: { b: [2] } }, { Source: "parts" }));
    assert.deepEqual(await received(), [{ b: [2] }, { a: 1 }]);
    const targets = await events.send(new ListTargetsByRuleCommand({ Rule: "parts" }));
    assert.deepEqual(targets.Targets.map((target) => target.Id), ["part", "constant"]);
});

test("a disabled rule is silent", async () => {
    await putRule("switched", { EventPattern: JSON.stringify({ source: ["switched"] }) });
    await putTargets("switched", { Id: "topic", Arn });
    await events.send(new DisableRuleCommand({ Name: "switched" }));
    await putEvents(entry({ n: 1 }, { Source: "switched" }));
    await events.send(new EnableRuleCommand({ Name: "switched" }));
    await putEvents(entry({ n: 2 }, { Source: "switched" }));
    assert.deepEqual((await received()).map((event) => event.detail), [{ n: 2 }]);
});

test("events that are refused leave the others", async () => {
    await putRule("all", { EventPattern: JSON.stringify({ source: ["mixed"] }) });
    await putTargets("all", { Id: "topic", Arn, InputPath: "$.detail" });
    const answer = await putEvents(
        entry({}, { Source: "aws.s3" }),
        entry({ good: true }, { Source: "mixed" }),
        { Source: "mixed", DetailType: "x", Detail: "[" },
        { Source: "mixed", Detail: "{}" },
    );
    assert.equal(answer.FailedEntryCount, 3);
    assert.deepEqual(answer.Entries.map((each) => each.ErrorCode), [
        "NotAuthorizedForSourceException", undefined, "MalformedDetail", "InvalidArgument",
    ]);
    assert.deepEqual(await received(), [{ good: true }]);
    const many = Array.from({ length: 11 }, () => entry({}));
    await refused(putEvents(...many), "ValidationException", 400);
});

test("a schedule", async () => {
    await putRule("sweep", { ScheduleExpression: "rate(5 minutes)" });
    await putTargets("sweep", { Id: "topic", Arn });
    assert.deepEqual(await local("POST", "events/fire?rule=sweep"), { targets: 1 });
    const [event] = await received();
    assert.equal(event["detail-type"], "Scheduled Event");
    assert.deepEqual(event.resources, ["arn:aws:events:eu-west-1:111122223333:rule/sweep"]);
    await refused(
        putRule("bad", { ScheduleExpression: "rate(1 minutes)" }), "ValidationException", 400,
    );
});

test("rules are listed in pages and deleted without targets only", async () => {
    const names = ["page-1", "page-2", "page-3"];
    for (const name of names)
        await putRule(name, { EventPattern: '{"source": ["x"]}', State: "DISABLED" });
    const list = (NextToken) =>
        events.send(new ListRulesCommand({ NamePrefix: "page-", Limit: 2, NextToken }));
    const first = await list();
    const second = await list(first.NextToken);
    const states = [...first.Rules, ...second.Rules].map((rule) => [rule.Name, rule.State]);
    assert.deepEqual(states, names.map((name) => [name, "DISABLED"]));
    assert.equal(second.NextToken, undefined);

    await putTargets("page-1", { Id: "topic", Arn });
    const remove = () => events.send(new DeleteRuleCommand({ Name: "page-1" }));
    await refused(remove(), "ValidationException", 400);
    await events.send(new RemoveTargetsCommand({ Rule: "page-1", Ids: ["topic"] }));
    await remove();
    assert.deepEqual((await list()).Rules.map((rule) => rule.Name), ["page-2", "page-3"]);
});

test("a pattern is tried on an event", async () => {
    const event = {
        id: "1", account: "111122223333", source: "aws.s3", time: "2026-11-20T20:27:53Z",
        region: "eu-west-1", resources: [], "detail-type": "Object Created",
        detail: { object: { key: "in/a.csv", size: 42 } },
    };
    const matches = async (pattern) => {
        const order = { EventPattern: JSON.stringify(pattern), Event: JSON.stringify(event) };
        return (await events.send(new TestEventPatternCommand(order))).Result;
    };
    const onObject = (object) => ({ source: ["aws.s3"], detail: { object } });
    assert.equal(await matches(onObject({ key: [{ suffix: ".csv" }] })), true);
    assert.equal(await matches(onObject({ key: [{ suffix: ".gz" }] })), false);
    assert.equal(await matches(onObject({ size: [{ numeric: [">", 41, "<=", 42] }] })), true);
    assert.equal(await matches(onObject({ version: [{ exists: false }] })), true);
    await refused(matches({ source: "aws.s3" }), "InvalidEventPatternException", 400);
});

test("what is not there", async () => {
    const missing = { Name: "none" };
    await refused(events.send(new DescribeRuleCommand(missing)), "ResourceNotFoundException", 400);
    await refused(putTargets("none", { Id: "a", Arn }), "ResourceNotFoundException", 400);
    const pattern = { EventPattern: '{"source": ["x"]}', EventBusName: "no-bus" };
    await refused(putRule("r", pattern), "ResourceNotFoundException", 400);
});

test("a throttled call is tried again", async () => {
    await fault("events", "PutEvents", "throttle");
    assert.deepEqual(await callsOf(() => putEvents(entry({}))), ["PutEvents", "PutEvents"]);
});
