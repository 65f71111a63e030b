"""The live page as it is written: strangers' words are text, both languages are whole."""

import json
import re
from datetime import datetime
from html.parser import HTMLParser

import pytest

from commentnlp.errors import CommentnlpError
from commentnlp.records import SHANGHAI
from commentnlp.service import page as module
from commentnlp.service.page import (
    ASSETS,
    asset,
    language_of,
    login_page,
    logout_page,
    page,
    pieces,
)

from .live_stub import MODEL, TAXONOMY, comment, likely, nothing

pytestmark = pytest.mark.slow

AT = datetime(2026, 3, 14, 20, 15, 3, tzinfo=SHANGHAI)
ROOMS = [("8801", 1_773_490_503_000)]
HOSTILE = (
    '<img src=x onerror="document.title=1">', "</script><script>alert(1)</script>", '"><b>x',
    "\u202e反过来\u2066", "零\u200b宽\ufeff", "\ud800半个", "\x00\x1b[31m红", "长" * 10_000,
    "👨‍👩‍👧👍🏻",
    "{{ 7 * 7 }}", "Z\u0301\u0302\u0303\u0304\u0305\u0306\u0307",
)  # fmt: skip


class Parsed(HTMLParser):
    """Elements with their attributes, and all text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def written(language="zh", room="8801", rooms=ROOMS, now=None, comments=None, **options):
    known, some = likely(AT)
    return page(
        now or known, some if comments is None else comments, MODEL, rooms,
        room=room, language=language, **options,
    )  # fmt: skip


def hostile_room():
    """Strangers' words wherever there can be any."""
    known, _ = likely(AT)
    spots = known["hotspots"]
    known["hotspots"] = []
    for place, text in enumerate(HOSTILE):
        for part in ("asked", "unanswered"):
            known[part].append(known[part][0] | {"text": text})
        quote = spots[0]["quotes"][0] | {"text": text, "start": 1, "end": 3 + place}
        known["hotspots"].append(spots[0] | {"quotes": [quote]})
    comments = [comment(n + 1, text, AT, name=text) for n, text in enumerate(HOSTILE)]
    return known, comments


@pytest.mark.parametrize("language", ["zh", "en"])
def test_strangers_words_are_text(language):
    known, comments = hostile_room()
    text = written(language, HOSTILE[0], [(one, 0) for one in HOSTILE], known, comments)
    text.encode("utf-8")
    parsed = Parsed(text)
    tags = [tag for tag, _ in parsed.elements]
    assert tags.count("script") == 1
    assert "img" not in tags
    words = "".join(parsed.words)
    assert "</script><script>alert(1)</script>" in words
    assert "{{ 7 * 7 }}" in words
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00\x1b]", words)
    assert "长" * (module.LONGEST + 1) not in words


@pytest.mark.parametrize(
    "text", [written(), login_page("zh", True), logout_page("zh")], ids=["live", "login", "logout"]
)
def test_it_keeps_its_own_policy(text):
    for tag, attributes in Parsed(text).elements:
        assert tag not in ("style", "iframe", "object", "base")
        assert "style" not in attributes
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("href", "src", "action"):
                assert value == "" or value[0] in "/#" or value.startswith("data:image/svg+xml,")
    assert "unsafe" not in module.POLICY


def test_each_id_is_there_once():
    ids = [attributes["id"] for _, attributes in Parsed(written()).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_script_finds_what_it_looks_for():
    script, text = asset("live.js").decode(), written(rooms=[*ROOMS, ("2", 0)])
    ids = {attributes.get("id") for _, attributes in Parsed(text).elements}
    for name in re.findall(r'"#([\w-]+)', script):
        assert name in ids, name
    for key in re.findall(r'say\("([\w.]+)"', script):
        assert key in module._WORDS, key


def test_both_languages_are_whole():
    for chinese, english in module._WORDS.values():
        assert set(re.findall(r"{\w+}", chinese)) == set(re.findall(r"{\w+}", english))
    for some in (likely(AT), (nothing(AT), [])):
        parsed = Parsed(page(*some, MODEL, ROOMS, room="8801", language="en"))
        said = {one["text"] for one in some[1]} | {"中文"}
        data = "".join(said) + json.dumps(some, ensure_ascii=False)
        for word in parsed.words:
            chinese = re.findall("[\u4e00-\u9fff]+", word)
            assert all(one in data or one == "中文" for one in chinese), word
    assert '<html lang="zh-CN">' in written("zh")
    assert '<html lang="en">' in written("en")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_label_is_named_in_the_filter_and_the_editor(language):
    text = written(language)
    editor = text[text.index("<dialog") :]
    for facet, label in TAXONOMY.columns:
        name = TAXONOMY.name(facet, label, language=language)
        button = re.search(
            f'data-label="{facet}/{label}"[^>]*aria-pressed="false"[^>]*>(.*?)</button>', text
        )
        assert button is not None
        assert f"<span>{name}</span>" in button[1]
        assert re.search(f'name="{facet}" value="{label}"[^>]*><span>{name}</span>', editor)


def test_a_comment_with_its_tags():
    text = written(comments=[comment(7, "收到的有色差 能退吗", AT)])
    row = re.search('<li class="comment trouble".*?</li>', text, re.DOTALL)[0]
    assert '收到的有<mark class="complaint" title="品质 · 颜色 · 不满">色差</mark> 能<mark' in row
    assert re.findall('data-label="(.*?)"', row) == [
        "intent/quality", "complaint/product_quality.color", "complaint/after_sales.return",
        "act/ask", "act/complain",
    ]  # fmt: skip
    assert 'title="产品质量 · 颜色 97%">颜色</button>' in row
    assert ">20:15:03</time>" in row
    assert 'data-after="7"' in text


def test_what_the_script_must_know_comes_out_unchanged():
    _, comments = hostile_room()
    rows = [attributes for tag, attributes in Parsed(written(comments=comments)).elements
            if tag == "li" and "data-known" in attributes]  # fmt: skip
    told = [json.loads(attributes["data-known"]) for attributes in rows]
    assert [one["text"] for one in told] == [text[:2000] for text in reversed(HOSTILE)]


def test_the_stream_goes_on_behind_what_was_read():
    assert 'data-after="60"' in written()
    assert 'data-after="99"' in written(after=99)
    assert 'data-after="0"' in written(comments=[])


def test_figures_are_those_of_now():
    text = written()
    assert re.search('<strong id="voice_rate" title=".*?">12.5</strong>', text)
    assert '<small id="rate">全部 19.5 条/分</small>' in text
    assert '<dd id="comments">216</dd>' in text
    assert "最高 33 条" in text
    assert "<span>品质</span> <small>31</small>" in text
    assert '<b class="age burning" data-seconds="424">7:04</b>' in text
    assert '<b class="times">平时的 11.7 倍</b>' in text
    assert '<b class="times">平时没有</b>' in text


def test_what_needs_an_eye_stands_first():
    text = written()
    assert re.findall('<li class="spot (.*?)"', text) == [
        "new",
        "rising",
        "steady",
        "falling",
        "quiet",
    ]
    open_ones = text[text.index('id="unanswered"') : text.index('id="asked"')]
    assert re.findall('data-seconds="(.*?)"', open_ones) == ["424", "211", "95", "70", "12"]


def test_that_retraining_is_due_is_told_quietly():
    def line(model):
        known, some = likely(AT)
        text = page(known, some, MODEL | model, ROOMS, room="8801", language="zh")
        return next(attributes for _, attributes in Parsed(text).elements
                    if attributes.get("id") == "due")  # fmt: skip

    assert "hidden" in line({})
    assert "hidden" in line({"drift": None})
    assert "hidden" in line({"drift": {"due": False}})
    shown = line({"drift": {"due": True}})
    assert "hidden" not in shown
    week_ago = int(AT.timestamp()) - 7 * 24 * 3600
    assert shown["href"] == f"/v1/report?format=html&lang=zh&since={week_ago}#fit"


def test_an_empty_room():
    for language in ("zh", "en"):
        text = page(nothing(AT), [], MODEL, [], room="", language=language)
        assert re.search('id="voice_rate" title=".*?">0<', text)
        assert 'data-source="none"' in text
    assert "还没有直播间" in page(nothing(AT), [], MODEL, [], room="", language="zh")
    bare = nothing(AT) | {"series": []}
    assert 'd=""' in page(bare, [], MODEL, [], room="", language="zh")


def test_rooms_to_choose_from():
    assert 'id="rooms" hidden' in written()
    text = written(rooms=[("8801", 1_773_490_503_000), ("玉石&2号", 1_773_486_000_000)])
    assert '<option value="8801" selected>8801</option>' in text
    assert '<option value="玉石&amp;2号">玉石&amp;2号 · 19:00</option>' in text
    gone = written(room="旧的", rooms=ROOMS)
    assert '<option value="旧的" selected>旧的</option>' in gone


def test_language_of():
    assert language_of("en", "zh") == "en"
    assert language_of("fr", "zh-TW,zh;q=0.9,en;q=0.8", "en") == "zh"
    assert language_of("", "en-US,en;q=0.9,zh-CN;q=0.8") == "en"
    assert language_of("", "de", "en") == "en"
    assert language_of("", "en;q=x, zh;q=0.1") == "zh"
    assert language_of("", "zh;q=0", "en") == "en"


def test_another_language_is_refused():
    with pytest.raises(CommentnlpError, match="zh and en"):
        written("fr")
    with pytest.raises(CommentnlpError, match="zh and en"):
        login_page("fr", False)


def test_the_login_page_keeps_what_was_asked_for_and_says_how_long_to_wait():
    text = login_page("zh", seconds=37, query="room=%E5%AE%B6&x=%22%3E")
    assert 'action="/login?lang=zh&amp;room=%E5%AE%B6&amp;x=%22%3E"' in text
    assert 'href="/login?lang=en&amp;room=%E5%AE%B6&amp;x=%22%3E"' in text
    assert "37 秒后再试" in text
    assert "<script>" not in login_page("zh", query='"><script>')


def test_the_logout_page_changes_nothing_by_itself():
    for language, word in (("zh", "退出登录"), ("en", "Sign out")):
        text = logout_page(language)
        assert f'<form method="post" action="/logout?lang={language}"' in text
        assert word in text


def test_the_login_page():
    for language, wrong in (("zh", "口令不对"), ("en", "That is not the token")):
        assert wrong not in login_page(language)
        text = login_page(language, True)
        assert wrong in text
        form = dict(Parsed(text).elements)["form"]
        assert form["method"] == "post"
        assert form["action"] == f"/login?lang={language}"
        assert 'name="token" type="password"' in text


def test_pieces():
    proof = {"label": "a", "start": 1, "end": 3}
    assert pieces("一二三四", []) == [("一二三四", ())]
    assert pieces("", []) == []
    both = [proof, {"label": "b", "start": 2, "end": 9}]
    assert pieces("一二三四", both) == [
        ("一", ()),
        ("二", ("a",)),
        ("三", ("a", "b")),
        ("四", ("b",)),
    ]
    assert pieces("一二三四", [proof], 2) == [("一", ()), ("二", ("a",)), ("…", ())]
    assert pieces("👍🏻好", [{"label": "a", "start": 2, "end": 3}])[-1] == ("好", ("a",))
    assert pieces("一", [{"label": "a", "start": -3, "end": 0}]) == [("一", ())]


def test_assets():
    for name in ASSETS:
        assert f"/static/{name}?v=" in written()
        assert asset(name)
    assert "url(" not in asset("live.css").decode()
    script = asset("live.js").decode()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)
