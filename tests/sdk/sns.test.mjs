// SNS by SDK v3. What was published is looked up in the local AWS.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
    CreateTopicCommand, DeleteTopicCommand, GetTopicAttributesCommand, ListTopicsCommand,
    PublishBatchCommand, PublishCommand, SNSClient, SubscribeCommand, UnsubscribeCommand,
    paginateListSubscriptionsByTopic,
} from "@aws-sdk/client-sns";
import { callsOf, fault, local, refused } from "./local.mjs";

const sns = new SNSClient({});
const TopicArn = (await sns.send(new CreateTopicCommand({ Name: "notices" }))).TopicArn;

const publish = (Message, more = {}) =>
    sns.send(new PublishCommand({ TopicArn, Message, ...more }));
const message = async (id) =>
    (await local("GET", "sns/messages")).find((each) => each.MessageId === id);

test("a topic is made once", async () => {
    assert.equal(TopicArn, "arn:aws:sns:eu-west-1:111122223333:notices");
    const again = await sns.send(new CreateTopicCommand({ Name: "notices" }));
    assert.equal(again.TopicArn, TopicArn);
    const { Topics } = await sns.send(new ListTopicsCommand({}));
    assert.deepEqual(Topics.filter((topic) => topic.TopicArn === TopicArn).length, 1);
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    assert.equal(Attributes.Owner, "111122223333");
});

test("a message with its subject and attributes", async () => {
    const text = "5 < 7 & é 😀\nsecond line + 100%";
    const { MessageId } = await publish(text, {
        Subject: "Load failed",
        MessageAttributes: { state: { DataType: "String", StringValue: "FAILED" } },
    });
    const kept = await message(MessageId);
    assert.equal(kept.Message, text);
    assert.equal(kept.Subject, "Load failed");
    assert.equal(kept.TopicArn, TopicArn);
    assert.deepEqual(kept.MessageAttributes, { state: { Type: "String", Value: "FAILED" } });
});

test("a message in a form for each protocol", async () => {
    const bodies = { default: "for all", email: "Dear reader", sms: "short" };
    const MessageStructure = "json";
    const { MessageId } = await publish(JSON.stringify(bodies), { MessageStructure });
    assert.deepEqual((await message(MessageId)).Bodies, bodies);
    for (const wrong of ['{"email": "no default"}', "no JSON"])
        await refused(publish(wrong, { MessageStructure }), "InvalidParameterException", 400);
});

test("messages that SNS does not take", async () => {
    for (const Subject of ["two\nlines", "x".repeat(101), "é"])
        await refused(publish("x", { Subject }), "InvalidParameterException", 400);
    const large = await refused(publish("x".repeat(262145)), "InvalidParameterException", 400);
    assert.equal(large.message, "Invalid parameter: Message too long");
    await refused(publish(""), "InvalidParameterException", 400);
    await publish("x".repeat(262144));
});

test("a batch is answered entry by entry", async () => {
    const entries = [
        { Id: "a", Message: "one" },
        { Id: "b", Message: "two", Subject: "two\nlines" },
        { Id: "c", Message: "three" },
    ];
    const batch = (PublishBatchRequestEntries) =>
        sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    const answer = await batch(entries);
    assert.deepEqual(answer.Successful.map((entry) => entry.Id), ["a", "c"]);
    assert.deepEqual(answer.Failed.map((entry) => [entry.Id, entry.Code, entry.SenderFault]), [
        ["b", "InvalidParameter", true],
    ]);
    assert.equal((await message(answer.Successful[1].MessageId)).Message, "three");
    await refused(batch([entries[0], entries[0]]), "BatchEntryIdsNotDistinctException", 400);
    const many = Array.from({ length: 11 }, (_, n) => ({ Id: `${n}`, Message: "x" }));
    await refused(batch(many), "TooManyEntriesInBatchRequestException", 400);
});

test("subscriptions", async () => {
    const subscribe = (Protocol, Endpoint) =>
        sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint }));
    const { SubscriptionArn } = await subscribe("email", "a@example.org");
    await subscribe("sqs", "arn:aws:sqs:eu-west-1:111122223333:queue");
    const listed = async () => {
        const found = [];
        for await (const page of paginateListSubscriptionsByTopic({ client: sns }, { TopicArn }))
            found.push(...(page.Subscriptions ?? []).map((each) => each.Endpoint));
        return found;
    };
    assert.deepEqual(await listed(), ["a@example.org", "arn:aws:sqs:eu-west-1:111122223333:queue"]);
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    assert.deepEqual(await listed(), ["arn:aws:sqs:eu-west-1:111122223333:queue"]);
    await refused(subscribe("pigeon", "coo"), "InvalidParameterException", 400);
});

test("a topic that is not there", async () => {
    const other = { TopicArn: "arn:aws:sns:eu-west-1:111122223333:gone" };
    const error = await refused(publish("x", other), "NotFoundException", 404);
    assert.equal(error.message, "Topic does not exist");
    await refused(publish("x", { TopicArn: "gone" }), "InvalidParameterException", 400);
    const { TopicArn: gone } = await sns.send(new CreateTopicCommand({ Name: "gone" }));
    await publish("x", { TopicArn: gone });
    await sns.send(new DeleteTopicCommand({ TopicArn: gone }));
    await refused(publish("x", other), "NotFoundException", 404);
    const misnamed = new CreateTopicCommand({ Name: "no topic name" });
    await refused(sns.send(misnamed), "InvalidParameterException", 400);
});

test("a throttled call is tried again", async () => {
    await fault("sns", "Publish", "throttle");
    assert.deepEqual(await callsOf(() => publish("x")), ["Publish", "Publish"]);
});
