"""The live page in a real browser: comments arrive, corrections leave, a lost service is seen."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from commentnlp.records import SHANGHAI

from .browser import chromium, opened
from .live_stub import Stub, likely, nothing, sourced

pytestmark = pytest.mark.slow

HOSTILE = (
    '<img src=x onerror="document.title=1">', "</script><script>alert(1)</script>",
    "\u202e反过来写\u2066多少钱", "零\u200b宽\u200d空\ufeff格", "长" * 10_000,
    "👨‍👩‍👧👍🏻多少钱👍🏻", "a\u0301" * 90, "\x00\x1b[31m红", "javascript:alert(1)",
    "<b>粗</b>&amp;", "\n\n\t空白", "多少钱" * 80,
)  # fmt: skip
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def service() -> Iterator[Stub]:
    """A service that runs: ``url``, ``post(texts)``, ``corrected``, ``stop()``, ``start()``."""
    service = Stub()
    service.start()
    yield service
    service.stop()


@pytest.fixture
def busy(service) -> Stub:
    """The same on a busy evening."""
    state, service.comments = likely(datetime.now(SHANGHAI))
    service.state = lambda comments, at: state | {"at": at.isoformat()}
    return service


@pytest.fixture
def live(browser, service):
    """Its page, connected; nothing may be wrong in the end."""
    with opened(browser, service.url) as watched:
        watched.page.wait_for_selector(".state.connected")
        yield watched.page
        assert watched.complaints == []


def said(page) -> list[str]:
    """Comments of the stream, the latest first."""
    return page.locator("#list .said").all_inner_texts()


def test_a_comment_appears_with_its_tags_within_a_second(service, live):
    start = time.monotonic()
    service.post(["这款有色差，能退吗"])
    row = live.locator("#list .comment").first
    row.wait_for(timeout=5000)
    assert time.monotonic() - start < 3  # the service and the page together: test_live_service.py
    assert row.locator(".said").inner_text() == "这款有色差，能退吗"
    assert "颜色" in row.locator(".chip").all_inner_texts()
    marks = row.locator("mark.complaint").all_inner_texts()
    assert marks == ["色差", "退"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d", row.locator("time").inner_text())
    live.wait_for_selector(".spot")  # and what goes on now follows
    assert live.locator("#comments").inner_text() == "1"


def test_it_goes_on_behind_what_came_with_it(browser, service):
    service.take(f"第{n}条" for n in range(90))
    with opened(browser, service.url) as watched:
        watched.page.wait_for_selector(".state.connected")
        service.post(["新的"])
        watched.page.get_by_text("新的", exact=True).wait_for()
        assert said(watched.page) == ["新的", *(f"第{n}条" for n in range(89, 29, -1))]
        assert watched.complaints == []


def test_a_correction_reaches_the_service(service, live):
    service.post(["主播好看", "颜色不对劲，太贵"])
    live.get_by_text("颜色不对劲").click()
    editor = live.locator("#editor")
    assert "颜色不对劲，太贵" in editor.locator(".whole").inner_text()
    assert editor.get_by_label("价格", exact=False).first.is_checked()
    editor.get_by_label("颜色", exact=True).check()
    assert editor.locator("[value=product_quality]").is_checked()  # a leaf has its parent
    editor.get_by_label("不满").check()
    editor.get_by_label("你是谁").fill("小王")
    editor.get_by_label("备注").fill("看实物")
    editor.get_by_role("button", name="保存").click()
    live.get_by_text("已保存").first.wait_for()
    editor.wait_for(state="hidden")
    assert service.types == ["application/json"]
    assert service.corrected == [
        {"seq": 2, "intent": ["price"], "complaint": ["product_quality.color"],
         "act": ["complain"], "by": "小王", "note": "看实物"}
    ]  # fmt: skip
    row = live.locator(".comment.corrected")
    assert row.locator(".chip").all_inner_texts() == ["价格", "颜色", "不满"]
    # who that was is remembered; a parent that is taken away takes its leaves
    row.locator(".said").click()
    assert editor.get_by_label("你是谁").input_value() == "小王"
    editor.locator("[value=product_quality]").uncheck()
    assert not editor.get_by_label("颜色", exact=True).is_checked()


def test_what_was_deleted_leaves_an_open_page(service, live):
    service.post(["电话13600009999", "主播好看", "56圈口有吗"])
    live.locator(".comment").nth(2).wait_for()
    live.get_by_text("电话13600009999").click()
    assert "电话13600009999" in live.locator("#editor .whole").inner_text()
    service.delete(1, 3)
    live.locator("#editor").wait_for(state="hidden")
    live.wait_for_function("document.querySelectorAll('#list .comment').length === 1")
    assert said(live) == ["主播好看"]
    # nor does a filter bring it back
    live.locator("#filters [data-label='intent/fit']").click()
    live.wait_for_timeout(300)
    assert said(live) == []


def test_a_correction_is_seen_on_other_pages_and_after_a_reload(browser, service, live):
    service.post(["颜色不对劲，太贵"])
    with opened(browser, service.url) as other:
        other.page.locator(".comment .said").click()
        editor = other.page.locator("#editor")
        assert editor.get_by_role("button", name="撤销修改").is_hidden()
        editor.get_by_label("不满").check()
        editor.get_by_label("你是谁").fill("小王")
        editor.get_by_role("button", name="保存").click()
        row = live.locator(".comment.corrected")
        row.wait_for()
        assert row.locator(".chip").all_inner_texts() == ["价格", "不满"]
        assert row.locator(".chips").get_attribute("title") == "小王改过"
        other.page.reload()
        row = other.page.locator(".comment.corrected")
        row.wait_for()
        assert row.locator(".chips").get_attribute("title") == "小王改过"
        assert other.complaints == []
    row = live.locator(".comment.corrected")
    row.locator(".said").click()
    live.get_by_role("button", name="撤销修改").click()
    live.get_by_text("已撤销").wait_for()
    live.locator("#editor").wait_for(state="hidden")
    assert live.locator(".comment.corrected").count() == 0
    assert live.locator(".comment .chip").all_inner_texts() == ["价格"]


def test_a_correction_that_fails_says_why(browser, service):
    service.take(["多少钱"])
    service.refuses = "labels[0].by: say who you are"
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.locator(".comment .said").click()
        page.get_by_label("你是谁").fill("x")
        page.get_by_role("button", name="保存").click()
        page.get_by_text("没有保存：labels[0].by: say who you are").wait_for()
        service.stop()
        page.get_by_role("button", name="保存").click()
        page.get_by_text("没有保存：服务没有回应").wait_for()
        assert page.locator("#editor").is_visible()


def test_the_keyboard_suffices(service, live):
    service.post(["多少钱"])
    live.locator(".comment").wait_for()
    live.locator("#list").focus()
    live.keyboard.press("Tab")
    live.keyboard.press("Enter")
    live.get_by_label("你是谁").fill("小李")
    live.keyboard.press("Enter")
    live.locator("#editor").wait_for(state="hidden")
    assert service.corrected[0]["by"] == "小李"
    assert live.evaluate("document.activeElement.className") == "edit"
    live.keyboard.press("Enter")
    live.keyboard.press("Escape")
    assert live.locator("#editor").is_hidden()


def test_a_lost_service_is_seen_and_found_again(browser, service):
    service.take(["一", "二"])
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        service.post(["三"])
        page.get_by_text("三", exact=True).wait_for()
        service.stop()
        page.wait_for_selector(".state.reconnecting", timeout=3000)
        assert "重连" in page.locator("#state").inner_text()
        assert "重连" in page.locator("#told").inner_text()
        assert "数字停在" in page.locator("#old").inner_text()
        service.take(["四", "五"])
        service.start()
        page.wait_for_selector(".state.connected")
        page.get_by_text("五", exact=True).wait_for()
        service.post(["六"])
        page.get_by_text("六", exact=True).wait_for()
        assert said(page) == ["六", "五", "四", "三", "二", "一"]
        assert page.locator("#old").is_hidden()
        assert page.locator("#told").inner_text() == "已连接"


def test_silence_is_a_lost_connection(browser, service):
    with opened(browser, "about:blank") as watched:
        page = watched.page
        page.clock.install()
        page.goto(service.url)
        page.wait_for_selector(".state.connected")
        service.quiet = True
        page.wait_for_timeout(1500)
        page.clock.fast_forward(30_000)
        page.wait_for_selector(".state.reconnecting")
        service.quiet = False
        page.clock.fast_forward(5_000)
        page.wait_for_selector(".state.connected")


def test_hostile_comments_stay_text(browser, service):
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        service.post(HOSTILE)
        page.locator(".comment").nth(len(HOSTILE) - 1).wait_for()
        streamed = said(page)
        page.reload()
        page.wait_for_selector(".state.connected")
        written = said(page)
        # what the service wrote and what the script wrote look the same
        assert [" ".join(one.split()) for one in streamed] == [
            " ".join(one.split()) for one in written
        ]
        assert HOSTILE[0] in streamed
        assert HOSTILE[1] in streamed
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00\x1b]", "".join(streamed))
        assert max(map(len, streamed)) <= 301
        emoji = page.locator(".comment", has_text="👨‍👩‍👧").first
        assert emoji.locator("mark").inner_text() == "多少钱"
        page.locator(".comment", has_text="长长长").first.click()
        assert len(page.locator(".whole").inner_text()) == 2_000  # of one that came with the page
        page.keyboard.press("Escape")
        page.locator(".question").nth(1).wait_for()
        assert page.locator("img, #list script").count() == 0
        assert page.title() != "1"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert watched.complaints == []


def test_300_comments_a_second_do_not_freeze_it(service, live):
    live.evaluate(
        """() => { let before = performance.now(); window.longest = 0;
        const frame = (now) => { longest = Math.max(longest, now - before); before = now;
          requestAnimationFrame(frame); };
        requestAnimationFrame((now) => { before = now; frame(now); }); }"""
    )
    most, end, n = 0, time.monotonic() + 10, 0
    while time.monotonic() < end:
        service.take(f"第{n + k}条 多少钱 有色差吗" for k in range(30))
        n += 30
        most = max(most, live.locator("#list > li").count())
        time.sleep(max(0, 0.1 * (n / 30) - (10 - (end - time.monotonic()))))
    assert n >= 2500
    assert most <= 200
    assert live.evaluate("longest") < 500
    live.locator("#comments", has_text=f"{n:,}").wait_for()
    assert live.locator("#sampled").is_visible()
    assert f"第{n - 1}条" in said(live)[0]  # the latest is among them
    start = time.monotonic()
    live.get_by_role("button", name="暂停").click()
    assert time.monotonic() - start < 1


def test_filters(service, live):
    service.post(["多少钱", "56圈口有吗", "什么时候发货", "666", "已拍", "有色差"])
    live.get_by_text("666").wait_for()
    filters = live.locator("#filters")
    filters.get_by_role("button", name="提问").click()
    assert said(live) == ["什么时候发货", "56圈口有吗", "多少钱"]
    filters.get_by_role("button", name="价格").first.click()  # of two facets: both
    assert said(live) == ["多少钱"]
    filters.get_by_role("button", name="佩戴").click()  # of one facet: either
    assert said(live) == ["56圈口有吗", "多少钱"]
    service.post(["太贵了吗", "777"])
    live.locator(".comment", has_text="太贵了吗").wait_for()
    assert "777" not in said(live)
    filters.get_by_role("button", name="全部").click()
    assert len(said(live)) == 8
    live.locator(".comment .chip", has_text="发货与时效").click()  # of a comment
    assert said(live) == ["什么时候发货"]
    leaf = filters.get_by_role("button", name="发货与时效")
    assert leaf.get_attribute("aria-pressed") == "true"
    leaf.click()
    filters.get_by_role("button", name="好评").click()
    live.get_by_text("没有符合的评论").wait_for()


def test_a_filter_finds_what_the_page_never_had(browser, service):
    service.take(["什么时候发货"])
    service.take(["666"] * 300)
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.locator("#filters").get_by_role("button", name="物流").click()
        page.locator(".comment", has_text="什么时候发货").wait_for()
        assert said(page) == ["什么时候发货"]


def test_it_stands_still_under_the_pointer(service, live):
    service.post(["一"])
    live.get_by_text("一", exact=True).hover()
    service.post(["二"])
    live.get_by_text("1 条新评论").wait_for()
    assert said(live) == ["一"]
    live.mouse.move(5, 5)
    live.get_by_text("二", exact=True).wait_for()
    live.get_by_role("button", name="暂停").click()
    service.post(["三", "四"])
    live.get_by_text("2 条新评论").click()
    live.get_by_text("四", exact=True).wait_for()
    assert said(live) == ["四", "三", "二", "一"]


def test_it_stands_still_while_one_reads_further_down(service, live):
    service.post(f"第{n}条" for n in range(80))
    live.get_by_text("第79条").wait_for()
    live.locator("#list").evaluate("list => list.scrollTop = 600")
    service.post(["新的"])
    live.get_by_text("1 条新评论").click()
    live.get_by_text("新的", exact=True).wait_for()
    assert live.locator("#list").evaluate("list => list.scrollTop") == 0


def test_on_a_phone_it_stands_still_too(browser, service):
    service.take(f"第{n}条" for n in range(60))
    with opened(browser, service.url, **PHONE) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.get_by_text("第20条").scroll_into_view_if_needed()
        service.post(["新的"])
        fresh = page.get_by_text("1 条新评论")
        fresh.wait_for()
        top = page.get_by_text("第20条").bounding_box()["y"]
        service.post(["更新的"])
        page.get_by_text("2 条新评论").wait_for()
        assert page.get_by_text("第20条").bounding_box()["y"] == top
        page.get_by_text("2 条新评论").tap()
        page.get_by_text("更新的", exact=True).wait_for()
        assert said(page)[:2] == ["更新的", "新的"]
        assert watched.complaints == []


def test_languages(browser, busy):
    with opened(browser, busy.url, locale="en-GB") as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.wait_for_timeout(1300)  # until the script has written it anew
        assert "11.7× usual" in page.locator(".spot.rising").inner_text()
        assert page.locator(".spot.rising .badge").inner_text() == "rising"
        page.get_by_role("link", name="中文").click()
        page.wait_for_selector(".state.connected")
        assert "平时的 11.7 倍" in page.locator(".spot.rising").inner_text()
        assert watched.complaints == []


def test_what_the_script_writes_is_what_the_service_wrote(browser, busy):
    with opened(browser, busy.url, java_script_enabled=False) as plain:
        texts = {part: plain.page.locator(part).all_inner_texts() for part in PARTS}
        titles = plain.page.locator("#list mark").evaluate_all("some => some.map(one => one.title)")
        bars = plain.page.locator("#past").get_attribute("d")
    with opened(browser, busy.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.wait_for_timeout(300)
        page.evaluate("document.querySelectorAll('#spots li, .question').forEach(n => n.remove())")
        page.evaluate("document.querySelector('#past').setAttribute('d', '')")
        page.wait_for_selector(".spot")
        for part in PARTS:
            if part != ".age":
                assert page.locator(part).all_inner_texts() == texts[part], part
        assert page.locator("#past").get_attribute("d") == bars
        assert (
            page.locator("#list mark").evaluate_all("some => some.map(one => one.title)") == titles
        )
        assert watched.complaints == []


PARTS = (
    ".spot",
    ".question .said",
    ".question .by",
    ".reply",
    ".age",
    ".figures",
    "#filters",
    "#list",
)


def test_ages_tick_and_look_old(browser, busy):
    with opened(browser, busy.url) as watched:
        page = watched.page
        ages = page.locator(".age")
        assert ages.first.get_attribute("class") == "age burning"
        assert ages.last.get_attribute("class") == "age young"


def test_an_age_grows_between_two_messages(service, live):
    service.post(["多少钱"])
    live.locator(".age").wait_for()
    service.quiet = True
    for seconds in (2, 3, 4):
        live.locator(".age", has_text=f"0:0{seconds}").wait_for()


def test_sound_is_off_until_asked_for(browser, service):
    with opened(browser, "about:blank") as watched:
        page = watched.page
        page.add_init_script(
            """window.tones = 0;
            const { prototype } = AudioContext, make = prototype.createOscillator;
            prototype.createOscillator = function () { tones++; return make.call(this); };"""
        )
        page.goto(service.url)
        page.wait_for_selector(".state.connected")
        service.post(["有色差"] * 4)
        page.wait_for_selector(".spot.rising")
        assert page.evaluate("tones") == 0
        assert "投诉热点：产品质量 · 颜色，升温" in page.locator("#told").inner_text()
        assert page.title().startswith("(1)")
        page.get_by_role("button", name="提示音").click()
        assert page.get_by_role("button", name="提示音：开").get_attribute("aria-pressed") == "true"
        before = page.evaluate("tones")
        service.post(["什么时候发货"] * 4)
        page.locator(".spot.rising").nth(1).wait_for()
        assert page.evaluate("tones") > before
        page.get_by_role("button", name="提示音").click()
        service.post(["没声音"] * 4)
        page.locator(".spot.rising").nth(2).wait_for()
        assert page.evaluate("tones") == before + 2


def test_another_model_is_told(service, live):
    service.version = "ffff00001111"
    live.get_by_text("模型已换成 ffff00001111").wait_for()
    assert live.locator("#model").inner_text() == "模型 ffff00001111"
    live.get_by_role("button", name="知道了").click()
    assert live.locator("#notice").is_hidden()


def test_that_retraining_is_due_is_told(service, live):
    assert live.locator("#due").is_hidden()
    service.due = True
    live.locator("#due").wait_for()
    assert live.locator("#notice").is_hidden(), "it is the same model"
    service.due = False
    live.locator("#due").wait_for(state="hidden")


def test_another_room(browser, service):
    service.rooms = [("8801", 1_773_490_503_000), ("玉石2号", 1_773_486_000_000)]
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        with page.expect_navigation():
            page.locator("#rooms select").select_option("玉石2号")
        assert page.url.endswith("/?lang=zh&room=%E7%8E%89%E7%9F%B32%E5%8F%B7")


def test_nothing_is_asked_of_other_hosts(browser, busy):
    with opened(browser, "about:blank") as watched:
        asked = []
        watched.page.on("request", lambda request: asked.append(request.url))
        watched.page.goto(busy.url)
        watched.page.wait_for_selector(".state.connected")
        assert len(asked) >= 4
        assert all(url.startswith((busy.url, "data:image")) for url in asked)


def test_the_door(browser, service):
    for language, word in (("zh", "口令不对"), ("en", "not the token")):
        with opened(browser, f"{service.url}/login?lang={language}", **PHONE) as watched:
            page = watched.page
            page.locator("#token").fill("wrong")
            page.keyboard.press("Enter")
            page.get_by_text(word).wait_for()
            assert watched.complaints == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [390, 820, 1280, 1920])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_looks(browser, busy, scheme, width, language):
    """Nothing sticks out, letters stand out from their ground, fingers find their goal."""
    options = PHONE if width == 390 else {"viewport": {"width": width, "height": 800}}
    with opened(browser, f"{busy.url}/?lang={language}", color_scheme=scheme, **options) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(FAINT) == []
        if width == 390:
            assert page.evaluate(SMALL) == []
        page.locator(".comment .said").first.click()
        page.locator("#editor").wait_for()
        assert page.evaluate(FAINT) == []
        assert page.evaluate("editor.scrollWidth <= editor.clientWidth")
        assert watched.complaints == []


FAINT = r"""() => {
  const parse = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const linear = (v) => (v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), faint = [];
  for (let node; (node = walker.nextNode());) {
    const parent = node.parentElement;
    if (!node.data.trim() || !parent.checkVisibility() || parent.matches("option")) continue;
    const lights = [light(parse(getComputedStyle(parent).color)), light(ground(parent))];
    const contrast = (Math.max(...lights) + .05) / (Math.min(...lights) + .05);
    if (contrast < 4.5) faint.push([node.data, parent.className, contrast]);
  }
  return faint;
}"""
"""Text whose contrast is below 4.5 (WCAG AA)."""

SMALL = """() => [...document.querySelectorAll("button, select, nav a, #language, .comment")]
  .filter((node) => node.checkVisibility() && !node.matches(".comment .chip, dialog *"))
  .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect().height])
  .filter(([, height]) => height < 40)"""


def test_an_empty_room_says_so(browser, service):
    service.state = lambda comments, at: nothing(at)
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        for words in ("从没收到过", "看不出有没有投诉", "还没有评论", "最近没有人提问"):
            assert page.get_by_text(words).is_visible()
        assert page.get_by_text("没有投诉热点").is_hidden()  # who knows
        service.post(["来了"])
        page.get_by_text("来了", exact=True).wait_for()
        assert page.get_by_text("还没有评论").is_hidden()


# the source ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "source", "words", "calm"),
    [
        (20, "live", "直播中", True),
        (175, "live", "直播中", True),
        (200, "silent", "没有收到任何数据", False),
        (3 * 86_400, "ended", "最后一条数据是", False),
    ],
)
def test_the_page_knows_when_its_source_is_silent(browser, service, seconds, source, words, calm):
    last = datetime.now(SHANGHAI) - timedelta(seconds=seconds)
    service.state = lambda comments, at: sourced(nothing(at), at, last)
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        assert page.locator("body").get_attribute("data-source") == source
        page.get_by_text(words).first.wait_for()
        assert page.get_by_text("没有投诉热点").is_visible() == calm
        assert page.locator("#silent").is_visible() == (source != "live")
        if seconds > 86_400:  # a day is told where it is another
            assert re.search(r"\d\d-\d\d \d\d:\d\d", page.locator("#silent").inner_text())
        if seconds == 175:  # it grows old without a word of the service
            page.wait_for_selector("body[data-source=silent]", timeout=9_000)
            assert page.get_by_text("没有投诉热点").is_hidden()
        assert watched.complaints == []


# rows ---------------------------------------------------------------------------------------------


def test_the_same_words_are_one_row(browser, service):
    service.take(["抽周边", "多少钱", "抽周边", "多少钱？", "抽周边"])
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        rows = page.locator("#list .comment")
        assert rows.locator(".said").all_inner_texts() == ["抽周边", "多少钱？"]
        assert rows.locator(".same").all_inner_texts() == ["×3", "×2"]
        assert rows.locator(".kind").all_inner_texts() == ["快捷短语", ""]
        service.post(["多少钱", "有色差", "抽周边"])
        page.get_by_text("有色差").wait_for()
        assert rows.locator(".said").all_inner_texts() == ["有色差", "多少钱", "抽周边"]
        assert rows.locator(".same").all_inner_texts() == ["", "×3", "×4"]
        # what a button typed is not to be seen
        page.get_by_role("button", name="隐藏快捷短语和广告").click()
        assert rows.locator(".said").all_inner_texts() == ["有色差", "多少钱"]
        assert watched.complaints == []


def test_only_what_matters(browser, service):
    service.take(["好看", "多少钱", "有色差", "来了"])
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.get_by_role("button", name="只看投诉和提问").click()
        assert said(page) == ["有色差", "多少钱"]
        service.post(["真好看", "没声音"])
        page.get_by_text("没声音").first.wait_for()
        assert said(page) == ["没声音", "有色差", "多少钱"]
        # it stays so when the page is loaded again, and in the address
        assert "matters=1" in page.url
        page.goto(f"{service.url}/?room=8801")
        page.wait_for_selector(".state.connected")
        assert page.locator("#matters").get_attribute("aria-pressed") == "true"
        assert said(page) == ["没声音", "有色差", "多少钱"]
        assert watched.complaints == []


def test_filters_and_sound_are_kept(browser, service):
    service.take(["多少钱", "有色差", "来了"])
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.locator("#filters [data-label='intent/price']").click()
        page.locator("#sound").click()
        address = page.url
        page.reload()
        page.wait_for_selector(".state.connected")
        assert said(page) == ["多少钱"]
        assert page.locator("#sound").get_attribute("aria-pressed") == "true"
        assert page.locator("#sound").inner_text() != "提示音：关"
        assert watched.complaints == []
    with opened(browser, address) as watched:  # passed on to another
        watched.page.wait_for_selector(".state.connected")
        assert said(watched.page) == ["多少钱"]


# complaints ---------------------------------------------------------------------------------------


def spots(page):
    return page.locator("#spots > li")


def test_a_leaf_stands_under_its_parent_and_counts_once(browser, service):
    def spot(label, condition, people, **more):
        known = {"facet": "complaint", "label": label, "state": condition, "people": people}
        known |= {"comments": people, "of": 100, "usual": 0, "times": None, "p": 0.001}
        return known | {"since": None, "pasted": None, "quotes": []} | more

    def state(comments, at):
        hot = [
            spot("product_quality", "rising", 22),
            spot("product_quality.color", "rising", 16, usual=None),
            spot("livestream.tech", "steady", 4, usual=3.5,
                 pasted={"text": "没声音<b>", "people": 4}),
        ]  # fmt: skip
        return sourced(nothing(at), at, at) | {"hotspots": hot}

    service.state = state
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        for _ in range(2):  # as it was written, and as the script writes it
            assert spots(page).count() == 2
            assert spots(page).nth(0).locator(".leaves li").count() == 1
            assert "16 人" in spots(page).nth(0).locator(".leaves").inner_text()
            assert page.locator(".spot > .line .times").all_inner_texts() == [
                "平时没有", "和平时差不多",
            ]  # fmt: skip
            assert "还没有对照" in page.locator(".leaves").first.inner_text()
            assert "4 人在刷同一句：没声音<b>" in spots(page).nth(1).inner_text()
            assert page.title().startswith("(1) ")
            page.wait_for_timeout(1500)
        assert watched.complaints == []


def test_another_room_that_burns_is_seen_and_heard(browser, service):
    service.take(["来了"])
    service.rooms = [("8801", int(1000 * time.time())), ("乙<间", int(1000 * time.time()))]
    with opened(browser, service.url) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.locator("#sound").click()
        page.evaluate("""() => {
          window.tones = 0;
          const made = AudioContext.prototype.createOscillator;
          AudioContext.prototype.createOscillator = function () {
            tones += 1;
            return made.call(this);
          };
        }""")
        assert page.locator("#elsewhere").is_hidden()
        burning = {"facet": "complaint", "label": "livestream.tech", "state": "new", "people": 25}
        service.burning = {"乙<间": [burning]}
        link = page.locator("#elsewhere a")
        link.wait_for()
        assert "乙<间" in link.inner_text()
        assert "25 人" in link.inner_text()
        assert page.title().startswith("(1) 乙<间! ")
        assert page.locator("#rooms option").nth(1).inner_text().startswith("● ")
        assert page.evaluate("tones") == 2
        # that it goes on is no news
        service.burning = {"乙<间": [burning | {"people": 26}]}
        page.get_by_text("26 人").wait_for()
        assert page.evaluate("tones") == 2
        service.burning = {}
        link.wait_for(state="hidden")
        assert not page.title().startswith("(")
        assert watched.complaints == []


def test_a_time_never_breaks_and_text_follows_the_reader_s_size(browser, busy):
    with opened(browser, busy.url, **PHONE) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        heights = page.locator(".quotes time").evaluate_all(
            "nodes => nodes.map((node) => node.getBoundingClientRect().height)"
        )
        assert heights
        assert max(heights) < 30
        small = "document.querySelector('footer').computedStyleMap().get('font-size').value"
        before = page.evaluate(small)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(small) == 2 * before
        assert watched.complaints == []
