// What the tests share: the local AWS's own routes, and refusals judged by name and status.
//
// Clients are made as users make them, with the SDK's own defaults: AWS_ENDPOINT_URL, region and
// credentials come from the environment, streams go up with a trailing CRC32, and a failed call is
// tried three times.

import assert from "node:assert/strict";

/** Asks a route below /_local/ of the local AWS. */
export async function local(method, route, body) {
    const reply = await fetch(`${process.env.AWS_ENDPOINT_URL}/_local/${route}`, {
        method,
        body: body && JSON.stringify(body),
    });
    assert.equal(reply.status, 200, `${method} ${route}`);
    return reply.headers.get("content-type").startsWith("text/plain") ? reply.text() : reply.json();
}

/** The operations that `work` asked for, in order. */
export async function callsOf(work) {
    await local("DELETE", "calls");
    await work();
    return (await local("GET", "calls")).map((call) => call.operation);
}

/** Something goes wrong at the next call of an operation, as tests/emulator/core/faults.py says. */
export async function fault(service, operation, kind, options = {}) {
    await local("POST", "faults", { service, operation, kind, ...options });
}

/** The error of a call that must be refused with this name and HTTP status. */
export async function refused(call, name, status) {
    const error = await call.then(
        () => assert.fail(`${name} was expected, and the call was answered`),
        (thrown) => thrown,
    );
    assert.equal(error.name, name, error.message);
    assert.equal(error.$metadata.httpStatusCode, status, error.message);
    return error;
}
