"""Group robots on this machine: they check signatures as their makers document, and say no so."""

import base64
import hashlib
import hmac
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "a0b1c2d3e4f5"
SECRETS = {"dingtalk": "SECa0b1c2d3", "feishu": "9sKx0pQ", "lark": "9sKx0pQ", "wecombot": ""}
LATEST = 3600
"""Seconds for which a timestamp holds, of DingTalk and Feishu alike."""


def dingtalk(path, query, body, secret):
    if path != "/robot/send" or query.get("access_token") != TOKEN:
        return {"errcode": 300005, "errmsg": f"token {query.get('access_token')} is not exist"}
    if secret:
        stamp = query.get("timestamp", "")
        wanted = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        fresh = stamp.isdecimal() and abs(time.time() - int(stamp) / 1000) < LATEST
        if not fresh or query.get("sign") != base64.b64encode(wanted).decode():
            return {"errcode": 310000, "errmsg": "sign not match"}
    if body.get("msgtype") != "text" or not body["text"]["content"]:
        return {"errcode": 40035, "errmsg": "缺少参数"}
    return {"errcode": 0, "errmsg": "ok"}


def feishu(path, query, body, secret):
    if path != f"/open-apis/bot/v2/hook/{TOKEN}":
        return {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}
    if secret:
        stamp = body.get("timestamp", "")
        key = f"{stamp}\n{secret}".encode()
        wanted = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
        fresh = stamp.isdecimal() and abs(time.time() - int(stamp)) < LATEST
        if not fresh or body.get("sign") != wanted:
            return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"
                    " from current time"}  # fmt: skip
    if body.get("msg_type") != "text" or not body["content"]["text"]:
        return {"code": 9499, "msg": "Bad Request"}
    return {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


def wecom(path, query, body, secret):
    if path != "/cgi-bin/webhook/send" or query.get("key") != TOKEN:
        return {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1700000000]"}
    if body.get("msgtype") != "text" or len(body["text"]["content"].encode()) > 2048:
        return {"errcode": 40058, "errmsg": "text.content exceed max length 2048"}
    return {"errcode": 0, "errmsg": "ok"}


ROBOTS = {"dingtalk": dingtalk, "feishu": feishu, "lark": feishu, "wecombot": wecom}


class RobotStub:
    """One robot behind a port."""

    def __init__(self, scheme):
        self.secret = SECRETS[scheme]
        self.answers = []
        """What is said instead, first of all."""
        self.bodies = []
        """What was taken."""
        self.calls = 0
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                stub.calls += 1
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                told = ROBOTS[scheme](parts.path, query, body, stub.secret)
                if stub.answers:
                    told = stub.answers.pop(0)
                elif not told.get("errcode", told.get("code")):
                    stub.bodies.append(body)
                content = json.dumps(told, ensure_ascii=False).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def robot_stub(scheme):
    """A robot that answers until the end of the block."""
    stub = RobotStub(scheme)
    thread = threading.Thread(target=stub.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.server.shutdown()
        stub.server.server_close()
        thread.join()
