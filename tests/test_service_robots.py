"""The group robots, against stubs that check signatures and say no as the real ones do."""

import time

import pytest

from commentnlp.cli import main
from commentnlp.errors import CommentnlpError
from commentnlp.service import robots
from commentnlp.service.alerts import Alerts
from commentnlp.service.posting import Refused
from commentnlp.service.settings import Settings

from .robot_stub import ROBOTS, SECRETS, TOKEN, robot_stub
from .test_service_alerts import HOSTILE, TAXONOMY, hot, row, settled


def addresses(scheme):
    secret = SECRETS[scheme]
    return f"{scheme}://{secret}@{TOKEN}" if secret else f"{scheme}://{TOKEN}"


@pytest.fixture(params=ROBOTS)
def scheme(request):
    return request.param


@pytest.fixture
def stub(scheme, monkeypatch):
    with robot_stub(scheme) as stub:
        monkeypatch.setitem(robots.HOSTS, scheme, stub.base)
        yield stub


@pytest.fixture
def start():
    """Starts alerts whose waits take no time."""
    started = []

    def make(*addresses, **settings):
        alerts = Alerts(Settings(webhooks=addresses, **settings), TAXONOMY, sleep=lambda _: None)
        started.append(alerts)
        return alerts

    yield make
    for alerts in started:
        alerts.close()


def sent_text(body):
    return (body.get("text") or body["content"]).get("content") or body["content"]["text"]


def test_a_signed_message_is_taken(scheme, stub, start):
    alerts = start(addresses(scheme))
    alerts.comments([row(HOSTILE, at=time.time())])
    settled(alerts, 1)
    [body] = stub.bodies
    first, second, *_ = sent_text(body).splitlines()
    assert first == "评论告警：商品 · 颜色 1 条投诉"
    assert second == "直播间 8001"
    assert not set("<>@[]") & set(sent_text(body))
    if scheme == "dingtalk":
        assert body["at"] == {"atMobiles": [], "isAtAll": False}
    if scheme == "wecombot":
        assert set(body["text"]) == {"content"}  # nobody is mentioned


def test_messages_fit(scheme, stub, start):
    alerts = start(addresses(scheme), language="en", url="https://live.example.com/" + "a" * 200)
    long = {**hot()["quotes"][0], "text": "颜色发暗" * 500}
    alerts.hotspots("房" * 200, [hot(quotes=[long] * 9)], 10)
    settled(alerts, 1)
    assert sent_text(stub.bodies[0]).startswith("Comment alert: goods · colour is rising")


def test_a_wrong_signature_is_refused_and_told(scheme, stub, start, caplog):
    if not stub.secret:
        pytest.skip("these have none")
    alerts = start(f"{scheme}://WRONGs3cr3t@{TOKEN}")
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 0, 1)
    assert stub.calls == 1  # it is no use to try again
    code, why = ("310000", "sign not match") if scheme == "dingtalk" else ("19021", "sign match")
    [line] = caplog.messages
    assert line.startswith(f"webhook 1 ({scheme}://…) did not take an alert: it answered 200 with")
    assert f"error {code} ({why}" in line
    assert "s3cr3t" not in line


def test_a_wrong_token_is_told_without_it(scheme, stub, start, caplog):
    alerts = start(f"{scheme}://s3cr3t")
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 0, 1)
    code = {"dingtalk": 300005, "wecombot": 93000}.get(scheme, 19001)
    assert f"error {code}" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_too_many_is_tried_again(scheme, stub, start):
    code = {"dingtalk": 130101, "wecombot": 45009}.get(scheme, 11232)
    name = "code" if scheme in ("feishu", "lark") else "errcode"
    stub.answers = [{name: code, "msg": "too many"}] * 3
    alerts = start(addresses(scheme))
    alerts.hotspots("8001", [hot()], 10)
    settled(alerts, 1)
    assert stub.calls == 4


def test_addresses_as_the_robots_show_them():
    for address, expected in {
        f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}": ("dingtalk", TOKEN, ""),
        "https://open.feishu.cn/open-apis/bot/v2/hook/a-b": ("feishu", "a-b", ""),
        "https://open.larksuite.com/open-apis/bot/v2/hook/a-b/": ("lark", "a-b", ""),
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a-b": ("wecombot", "a-b", ""),
        "feishu://aB%2Fc@x-y/": ("feishu", "x-y", "aB/c"),
        "https://example.com/robot/send?access_token=a": None,
        "slack://a/b/c": None,
    }.items():
        assert robots.read_address(address) == expected


@pytest.mark.parametrize(
    "address",
    ["dingtalk://", "feishu://a b", "wecombot://s3cr3t@k", "lark://x/../y",
     "https://oapi.dingtalk.com/robot/send?token=s3cr3t"],
)  # fmt: skip
def test_what_is_no_robot_says_how_one_is_written(address):
    says = r"webhook 1 .* is no .* robot.*write .*://"
    with pytest.raises(CommentnlpError, match=says) as caught:
        Alerts(Settings(webhooks=(address,)), TAXONOMY)
    assert "s3cr3t" not in str(caught.value)


def test_what_is_no_json_is_taken_for_a_yes():
    assert robots.error_of(b"ok") == (0, "")
    assert robots.error_of(b"[1]") == (0, "")
    assert robots.error_of(b'{"errcode":"x"}') == (0, "")


def test_nobody_there(monkeypatch):
    monkeypatch.setitem(robots.HOSTS, "feishu", "http://127.0.0.1:1")
    robot = robots.Robot(robots.RobotAddress("feishu", TOKEN, ""))
    with pytest.raises(Refused, match="not reached") as caught:
        robot.send("x")
    assert caught.value.again


def test_test_alerts_tells_what_each_answered(monkeypatch, capsys):
    with robot_stub("dingtalk") as stub:
        monkeypatch.setitem(robots.HOSTS, "dingtalk", stub.base)
        good = f"dingtalk://{stub.secret}@{TOKEN}"
        monkeypatch.setenv("COMMENTNLP_WEBHOOKS", good)
        assert main(["serve", "--test-alerts", "--url", "https://live.example.com/"]) == 0
        out = capsys.readouterr().out
        assert out == "webhook 1 (dingtalk://…): ok, it answered 200, error code 0\n"
        assert sent_text(stub.bodies[0]).splitlines() == [
            "评论告警：测试", "这是一条测试消息，不是告警。", "页面：https://live.example.com"
        ]  # fmt: skip
        monkeypatch.setenv("COMMENTNLP_WEBHOOKS", f"dingtalk://{TOKEN} http://127.0.0.1:1/x {good}")
        assert main(["serve", "--test-alerts", "--lang", "en"]) == 1
        told = capsys.readouterr().out.splitlines()
        assert told == [
            "webhook 1 (dingtalk://…): FAILED, it answered 200 with error 310000 (sign not match)",
            "webhook 2 (http://127.0.0.1:1/…): FAILED, it was not reached (Connection refused)",
            "webhook 3 (dingtalk://…): ok, it answered 200, error code 0",
        ]
    monkeypatch.delenv("COMMENTNLP_WEBHOOKS")
    assert main(["serve", "--test-alerts"]) == 1
    assert "COMMENTNLP_WEBHOOKS" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["live.example.com", "ftp://h", "https://h/?a=1", "https://h:x"])
def test_an_address_of_the_page_that_is_none(url, capsys):
    assert main(["serve", "--test-alerts", "--url", url]) == 1
    assert "COMMENTNLP_URL: give the address of the live page" in capsys.readouterr().err
