"""The group robots of DingTalk, Feishu, Lark and WeCom, as their makers document them.

They say no with status 200 and a code in the body. A signature proves who posts: DingTalk's is
HMAC-SHA256 of ``timestamp\\nsecret`` keyed by the secret, in the address; that of Feishu and Lark
is HMAC-SHA256 of nothing keyed by ``timestamp\\nsecret``, in the body.
"""

from __future__ import annotations

import hmac
import json
import re
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit

from commentnlp.service.posting import Poster, Refused

HOSTS = {
    "dingtalk": "https://oapi.dingtalk.com",
    "feishu": "https://open.feishu.cn",
    "lark": "https://open.larksuite.com",
    "wecombot": "https://qyapi.weixin.qq.com",
}
"""Scheme of an address → where its robots are."""
LATER = {
    -1: "WeCom is busy", 45009: "too many for WeCom", 130101: "too many for DingTalk",
    410100: "too many for DingTalk", 9499: "too many for Feishu", 11232: "too many for Feishu",
}  # fmt: skip
"""Error codes after which the same message may be sent again."""

_PATHS = {
    "dingtalk": ("/robot/send", "access_token"),
    "feishu": ("/open-apis/bot/v2/hook/", ""),
    "lark": ("/open-apis/bot/v2/hook/", ""),
    "wecombot": ("/cgi-bin/webhook/send", "key"),
}
"""Scheme → path, and the parameter that holds the token; without one it ends the path."""
_TOKENS = {"dingtalk": r"[A-Za-z0-9]+"}
_TOKEN = r"[A-Za-z0-9-]+"
_UNSIGNED = ("wecombot",)
_MAX_REASON_CHARACTERS = 200


class RobotAddress(NamedTuple):
    """Which robot, and what proves that one may post."""

    scheme: str
    token: str
    secret: str
    """For the signature; empty for none."""


def read_address(address: str) -> RobotAddress | None:
    """The robot of ``dingtalk://SECRET@TOKEN`` and its like, or of an address as it is shown.

    None where it is no robot's. Raises ValueError, without a word of the address, for a robot's
    that cannot be.
    """
    parts = urlsplit(address)
    scheme = parts.scheme
    if scheme in HOSTS:
        # not `hostname`, which is lower case
        secret, _, token = f"{parts.netloc}{parts.path}".strip("/").rpartition("@")
    else:
        shown = [
            name
            for name, (path, _) in _PATHS.items()
            if parts.hostname == urlsplit(HOSTS[name]).hostname and parts.path.startswith(path)
        ]
        if not shown:
            return None
        scheme = shown[0]
        path, key = _PATHS[scheme]
        token = parse_qs(parts.query).get(key, [""])[0] if key else parts.path[len(path) :]
        secret, token = "", token.strip("/")
    if not re.fullmatch(_TOKENS.get(scheme, _TOKEN), token):
        raise ValueError(f"no {scheme} robot; copy its address as it is shown, or write"
                         f" {example(scheme)}")  # fmt: skip
    if secret and scheme in _UNSIGNED:
        raise ValueError(f"no {scheme} robot: these have no secret; write {example(scheme)}")
    return RobotAddress(scheme, token, unquote(secret))


def example(scheme: str) -> str:
    """How an address of a robot is written."""
    return (
        f"{scheme}://KEY" if scheme in _UNSIGNED else f"{scheme}://TOKEN or {scheme}://SECRET@TOKEN"
    )


class Robot:
    """Sends text to one robot."""

    def __init__(self, address: RobotAddress, clock: Callable[[], float] = time.time) -> None:
        """``clock`` tells seconds since 1970, for the signature."""
        self._robot = address
        self._clock = clock
        path, key = _PATHS[address.scheme]
        tail = f"?{key}={address.token}" if key else address.token
        self._poster = Poster(f"{HOSTS[address.scheme]}{path}{tail}")

    def send(self, text: str) -> str:
        """Send a text; returns what was answered. Raises Refused, also for an error code."""
        scheme, secret = self._robot.scheme, self._robot.secret
        query = ""
        if scheme in ("feishu", "lark"):
            body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
            if secret:
                body = {**signed_by_feishu(secret, int(self._clock())), **body}
        else:
            body = {"msgtype": "text", "text": {"content": text}}
            if scheme == "dingtalk":
                body["at"] = {"atMobiles": [], "isAtAll": False}
                query = signed_by_dingtalk(secret, int(self._clock() * 1000)) if secret else ""
        status, answer, _ = self._poster.post(json.dumps(body, ensure_ascii=False).encode(), query)
        code, why = error_of(answer)
        if code:
            for hidden in filter(None, (self._robot.token, secret)):
                why = why.replace(hidden, "…")
            what = f"error {code}" + (f" ({why})" if why else "")
            raise Refused(f"it answered {status} with {what}", again=code in LATER)
        return f"it answered {status}, error code 0"


def signed_by_dingtalk(secret: str, milliseconds: int) -> str:
    """``timestamp`` and ``sign`` for the address of a DingTalk robot."""
    sign = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), "sha256")
    return f"timestamp={milliseconds}&sign={quote_plus(b64encode(sign))}"


def signed_by_feishu(secret: str, seconds: int) -> dict[str, str]:
    """``timestamp`` and ``sign`` for the body of a message to Feishu or Lark."""
    sign = hmac.digest(f"{seconds}\n{secret}".encode(), b"", "sha256")
    return {"timestamp": str(seconds), "sign": b64encode(sign).decode()}


def error_of(answer: bytes) -> tuple[int, str]:
    """Code and text of the error that an answer names; 0 for none."""
    try:
        told = json.loads(answer)
    except ValueError:
        return 0, ""
    if not isinstance(told, dict):
        return 0, ""
    for name, text in (("errcode", "errmsg"), ("code", "msg"), ("StatusCode", "StatusMessage")):
        if isinstance(code := told.get(name), int):
            return code, str(told.get(text, ""))[:_MAX_REASON_CHARACTERS]
    return 0, ""
