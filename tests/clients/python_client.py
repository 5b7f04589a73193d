# SPDX-License-Identifier: Apache-2.0
"""A second implementation of the protocol: python-socketio (Debian's python3-socketio) against a gateway.

python_client.py URL TRANSPORT, where TRANSPORT is polling, websocket or upgrade. Prints one JSON object per step
that worked; python.test.mjs checks them. Exits 1 when an answer does not come.
"""
import json
import os
import sys
import threading
import traceback

import socketio

URL, TRANSPORT = sys.argv[1], sys.argv[2]
TRANSPORTS = None if TRANSPORT == "upgrade" else [TRANSPORT]
NAMESPACES = ["/", "/admin"]


class Mail:
    """Events that a client got, waited for with a deadline."""

    def __init__(self):
        self.items = []
        self.news = threading.Condition()

    def put(self, *item):
        with self.news:
            self.items.append(item)
            self.news.notify_all()

    def take(self, count):
        with self.news:
            if not self.news.wait_for(lambda: len(self.items) >= count, 10):
                raise TimeoutError(f"only {self.items} arrived")
            taken, self.items = self.items[:count], self.items[count:]
            return taken


def say(step, value):
    def binary(item):
        return {"$binary": item.hex()}

    print(json.dumps({"step": step, "value": value}, default=binary), flush=True)


def connect(mail):
    client = socketio.Client(reconnection=False)
    for namespace in NAMESPACES:
        client.on("news", lambda *args, ns=namespace: mail.put(ns, *args), namespace=namespace)
    client.connect(URL, transports=TRANSPORTS, namespaces=NAMESPACES, auth={"token": "t"}, wait_timeout=10)
    return client


def main():
    mail = Mail()
    one, two = connect(mail), connect(mail)
    say("transport", one.transport())
    say("ids differ", len({c.get_sid(ns) for c in (one, two) for ns in NAMESPACES}))
    say("ack", one.call("quiet", (1, "é€😀", {"a": [None, True]}), timeout=10))
    say("binary ack", one.call("quiet", (b"\x00\x01\xff", {"in": b"x"}), timeout=10))
    say("join", two.call("join", "py", timeout=10))
    say("publish", one.call("publish", ("py", "news", "text", {"n": 1}), timeout=10))
    say("publish binary", one.call("publish", ("py", "news", b"\x07\x08"), timeout=10))
    say("heard", mail.take(2))
    for ns in NAMESPACES:
        two.call("join", "both", namespace=ns, timeout=10)
    one.call("publish", ("both", "news", "admin"), namespace="/admin", timeout=10)
    one.call("publish", ("both", "news", "main"), timeout=10)
    say("namespaces", mail.take(2))
    say("leave", two.call("leave", "py", timeout=10))
    one.call("publish", ("py", "news", "nobody"), timeout=10)
    one.call("publish", ("both", "news", "fence"), timeout=10)
    say("after leaving", mail.take(1))
    say("error", one.call("join", "", timeout=10)["error"]["code"])
    for client in (one, two):
        client.disconnect()
    say("done", len(mail.items))


try:
    main()
except BaseException:
    traceback.print_exc()
    os._exit(1)  # the library's threads would wait for the server
