"""One-tap phrases and spam: what they are, and that report, inspect and service agree."""

import asyncio
import json
from dataclasses import replace

import pytest

from commentnlp.errors import ReadError
from commentnlp.inspection import inspect
from commentnlp.language import Language
from commentnlp.noise import Noise, without_complaint
from commentnlp.records import Event
from commentnlp.report.log import read_log
from commentnlp.report.room import Room
from commentnlp.report.settings import Settings
from commentnlp.service.classify import Classifier
from commentnlp.service.intake import Intake
from commentnlp.service.records import Placed

from .conftest import TRAINING_DATA
from .planted_room import START, comment
from .test_service_classify import Served

BUTTONS = (
    "购物袋领大额券", "购物袋领大额劵！！", "互动下单抽周边", "领券享专属优惠", "点关注领福袋啦",
    "点击领取福利大礼", "满299减50元券", "下单点关注抽金钞🎁",
)  # fmt: skip
SPAM = ("加微信 13800138000", "厂家同款半价 加👉012-00O0-34l0", "点 www.example.com 退款",
        "加我微信vx12345678看好货")  # fmt: skip
PEOPLE = (
    "没声音", "退钱退钱", "主播退钱！退钱！", "发错货了客服不理人", "收到的颜色和直播间完全不一样",
    "下单领不了券", "怎么领30元券", "优惠券怎么领", "关注了没抽到周边", "抽奖是假的", "领券",
    "下单送的赠品没有收到", "电话13600009999 退款", "订单号 123456789012 还没发货",
    "订单 123456789012 的券没减", "",
)  # fmt: skip


@pytest.mark.parametrize(("texts", "kind"), [(BUTTONS, "one_tap"), (SPAM, "spam"), (PEOPLE, "")])
def test_noise_is_told_by_what_it_says(shipped, texts, kind):
    normal = [text.text for text in shipped.normaliser.normalise_all(texts)]
    assert {text: shipped.noise.kind_of(text) for text in normal} == dict.fromkeys(normal, kind)


def test_a_shop_adds_its_own_phrases(tmp_path, shipped):
    (tmp_path / "noise.tsv").write_text("phrase\t零食就買這一家\n", encoding="utf-8")
    language = Language.extended(tmp_path, TRAINING_DATA / "language", add=True)
    for text, kind in (
        ("零食就买这一家！", "one_tap"),
        ("购物袋领大额券", "one_tap"),
        ("没声音", ""),
    ):
        assert language.noise.kind_of(language.normaliser.normalise(text).text) == kind
    assert shipped.noise.kind_of("零食就买这一家") == ""
    alone = Language.extended(tmp_path, TRAINING_DATA / "language", add=False)
    assert alone.noise.kind_of("购物袋领大额券") == ""


def test_an_unknown_kind_is_refused():
    with pytest.raises(ReadError, match=r"x\.tsv: unknown kind 'button'; there are phrase, get"):
        Noise.of([("button", "领券")], "x.tsv")


def test_a_model_keeps_its_table(tiny, tmp_path):
    noise = Noise.of([("phrase", "太贵太贵")], "x")
    parts = replace(tiny.parts(), noise=noise)
    assert parts.fingerprint() != tiny.parts().fingerprint()
    model = type(tiny)(**vars(parts))
    model.save(tmp_path / "m")
    assert type(tiny).load(tmp_path / "m").noise == noise
    assert tiny.noise == Noise.shipped()


def test_a_complaint_leaves_with_its_evidence(shipped):
    (tagged,) = shipped.tag(["发错货了客服不理人"], evidence=True)
    assert tagged.labels("complaint")
    assert "complain" in tagged.labels("act")
    quiet = without_complaint(tagged)
    assert quiet.labels("complaint") == quiet.evidence == ()
    assert "complain" not in quiet.labels("act")
    assert quiet.tags.keys() == tagged.tags.keys()


class Writer:
    """Keeps rows in memory."""

    async def add(self, rows):
        return [Placed(n, True, row.answer, row.model) for n, row in enumerate(rows, 1)]


def taken(shipped, *calls):
    """Answers to the comments of several calls, and the labels counted."""

    async def run():
        classifier = Classifier(Served(shipped), 1_000)
        intake = Intake(classifier, Writer(), name_key=None)
        found = [await intake.take(events) for events in calls]
        return [json.loads(p.answer) for one in found for p in one.placed if p.answer], classifier

    answers, classifier = asyncio.run(run())
    return answers, +classifier.labels


def said(text, role="viewer"):
    return Event("comment", text, role=role, room="r", user="u")


def test_the_service_finds_no_complaint_in_noise(shipped):
    # a model that is sure of nothing but complaints
    class Angry:
        def __getattr__(self, name):
            return getattr(shipped, name)

        def tag(self, texts, *, evidence=False):
            (angry,) = shipped.tag(["发错货了客服不理人"])
            return [replace(angry, text=text) for text in texts]

    answers, labels = taken(Angry(), [said(text) for text in (*BUTTONS, *SPAM)])
    assert all(answer["complaint"] == [] for answer in answers)
    assert [answer["noise"] for answer in answers] == ["one_tap"] * len(BUTTONS) + ["spam"] * len(
        SPAM
    )
    assert labels == {"noise/one_tap": len(BUTTONS), "noise/spam": len(SPAM)}
    answers, labels = taken(Angry(), [said(text) for text in PEOPLE if text])
    assert all(answer["complaint"] and "noise" not in answer for answer in answers)


def test_the_host_s_own_words_are_no_complaint(shipped):
    text = "没货了的宝宝可以退款"
    assert shipped.tag([text])[0].labels("complaint")
    answers, labels = taken(shipped, [said(text, "host")], [said(f"{text}！"), said(text)])
    assert [(one["complaint"], one["noise"]) for one in answers] == [([], "one_tap")] * 2
    assert not any(label.startswith("complaint/") for label in labels)
    # the host repeats what viewers typed first
    answers, _ = taken(shipped, [said(text), said(text, "host")], [said(text)])
    assert all(answer["complaint"] and "noise" not in answer for answer in answers)
    # short words are anybody's
    answers, _ = taken(shipped, [said("没声音", "staff"), said("没声音")])
    assert answers[0]["complaint"]


def test_report_and_inspect_find_the_same(shipped, tmp_path):
    lines = [*BUTTONS, *SPAM, *PEOPLE[:5], "优惠券怎么领", "零食还得是这家店"]
    rows = [(f"u{n}", text) for n in range(30) for text in lines]
    path = tmp_path / "弹幕.csv"
    table = "".join(f"2026-02-07 20:00:{n:02},{user},{text}\n"
                    for n, (user, text) in enumerate(rows[:60]))  # fmt: skip
    table += "".join(f"2026-02-07 20:10:00,{user},{text}\n" for user, text in rows[60:])
    path.write_text(f"时间,用户ID,弹幕内容\n{table}", encoding="utf-8")
    (found,) = inspect(path)
    events = [replace(comment(START, user, text, {}), tags=None) for user, text in rows]
    room = Room(read_log([events]), shipped, Settings())
    canned = {room.log.texts[n] for n in room.text[room.canned]}
    assert canned == {*BUTTONS, "零食还得是这家店"}
    assert found.canned_comments == room.canned.sum()
    assert found.spam == room.spam.sum() == 30 * len(SPAM)
