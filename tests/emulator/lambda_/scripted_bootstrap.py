#!/usr/bin/python3 -IS
"""A function process for tests of the local Lambda: does what the event's member `do` says.

Good manners and bad ones, each by hand over http.client, so that nothing is corrected on the way.
"""

import http.client
import json
import os
import signal
import socket
import sys
import time

BASE = "/2018-06-01/runtime/"


class Client:
    def __init__(self):
        self.connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, BASE + path, body, headers or {})
        reply = self.connection.getresponse()
        return reply.status, reply.headers, reply.read()


class Event:
    def __init__(self, client, headers, body):
        self.client, self.headers, self.body = client, headers, body
        self.request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        nonce = headers.get("Lambda-Runtime-Invocation-Id")
        self.echo = {"Lambda-Runtime-Invocation-Id": nonce} if nonce else {}

    def answer(self, body, **changed):
        headers = {"Content-Type": "application/json", **self.echo, **changed.get("headers", {})}
        path = f"invocation/{changed.get('request_id', self.request_id)}/response"
        return self.client.call(
            "POST", path, body, {name: value for name, value in headers.items() if value}
        )

    def fail(self, body=None, error_type="Function.Sad"):
        body = body or json.dumps({"errorMessage": "no luck", "errorType": "Sad", "stackTrace": []})
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Function-Error-Type": error_type,
            **self.echo,
        }
        return self.client.call("POST", f"invocation/{self.request_id}/error", body, headers)


def act(event):
    order = json.loads(event.body)
    records = order.get("Records", [{}])
    if "body" in records[0]:  # a batch of a queue: its first message says what to do
        order = {**json.loads(records[0]["body"]), "records": records}
    do = order.get("do", "echo")
    if do == "echo":
        event.answer(event.body)
    elif do == "describe":
        event.answer(
            json.dumps(
                {
                    "environment": dict(os.environ),
                    "headers": dict(event.headers),
                    "cwd": os.getcwd(),
                    "remaining": (
                        int(event.headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
                    ),
                }
            )
        )
    elif do == "log":
        print(order["text"], flush=True)
        print("to stderr", file=sys.stderr, flush=True)
        event.answer("null")
    elif do == "fail":
        event.fail()
    elif do == "fail some":
        names = [json.loads(record["body"])["name"] for record in order["records"]]
        print("batch " + json.dumps(names), flush=True)
        failed = [
            {"itemIdentifier": record["messageId"]}
            for record in order["records"]
            if json.loads(record["body"]).get("fail")
        ]
        time.sleep(order.get("seconds", 0))
        event.answer(json.dumps({"batchItemFailures": failed}))
    elif do == "exit":
        sys.stdout.flush()
        os._exit(order["status"])
    elif do == "signal":
        os.kill(os.getpid(), order["signal"])
    elif do == "sleep":
        time.sleep(order["seconds"])
        status = event.answer("null")[0]
        print(f"answered {status}", flush=True)
    elif do == "wait":  # for a file to appear
        while not os.path.exists(order["file"]):
            time.sleep(0.01)
        status = event.answer("null")[0]
        print(f"answered {status}", flush=True)
    elif do == "fork":
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        event.answer("null")
    elif do == "size":
        status = event.answer(b"x" * order["bytes"])[0]
        print(f"answered {status}", flush=True)
    elif do == "twice":
        event.answer("1")
        print(f"second {event.answer('2')[0]}", flush=True)
    elif do == "wrong id":
        print(f"wrong id {event.answer('1', request_id='nobody')[0]}", flush=True)
        event.answer("1")
    elif do == "no echo":
        event.answer("1", headers={"Lambda-Runtime-Invocation-Id": ""})
    elif do == "wrong echo":
        print(
            f"wrong echo {event.answer('1', headers={'Lambda-Runtime-Invocation-Id': 'x'})[0]}",
            flush=True,
        )
        event.answer("1")
    elif do == "bad mode":
        loud = {"Lambda-Runtime-Function-Response-Mode": "loud"}
        print(f"mode {event.answer('1', headers=loud)[0]}", flush=True)
        event.answer("1")
    elif do == "form":
        event.answer("1", headers={"Content-Type": "application/x-www-form-urlencoded"})
    elif do == "bad error type":
        event.fail(error_type="Sad")
    elif do == "bad error body":
        event.fail(body=order["body"])
    elif do == "forget":
        pass
    elif do == "late init error":
        print(f"init error {event.client.call('POST', 'init/error', '{}')[0]}", flush=True)
        event.answer("1")
    elif do == "short":
        connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        connection.putrequest("POST", BASE + f"invocation/{event.request_id}/response")
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": "10",
            **event.echo,
        }.items():
            connection.putheader(name, value)
        connection.endheaders(b"12345")
        connection.sock.shutdown(socket.SHUT_WR)
        connection.sock.recv(1)  # until the server has noticed
        connection.close()
    elif do == "reconnect":
        event.client.connection.close()
        event.answer("1")
    elif do == "unknown path":
        print(f"path {event.client.call('GET', 'nowhere')[0]}", flush=True)
        event.answer("1")
    else:
        raise ValueError(do)


def init(client):
    how = os.environ.get("INIT", "")
    if how.startswith("exit"):
        sys.exit(int(how[4:]))
    if how == "error":
        client.call(
            "POST",
            "init/error",
            json.dumps({"errorMessage": "no table", "errorType": "Config"}),
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Function-Error-Type": "Runtime.Config",
            },
        )
        sys.exit(3)
    if how.startswith("slow once"):
        marker = how.partition(":")[2]
        if not os.path.exists(marker):
            open(marker, "w").close()
            time.sleep(60)
    if how == "slow":
        time.sleep(60)
    if how == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif how == "tardy":
        signal.signal(signal.SIGTERM, lambda *_: (time.sleep(3), os._exit(0)))
    else:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def main():
    client = Client()
    init(client)
    print("ready", flush=True)
    while True:
        _, headers, body = client.call("GET", "invocation/next")
        act(Event(client, headers, body))


main()
