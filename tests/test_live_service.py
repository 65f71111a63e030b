"""The live page and the service behind it, together, in a real browser."""

import signal
import threading
import time

import pytest

from commentnlp.service.store import Store

from .browser import chromium, opened
from .service_process import free_port, running, started
from .test_live_page import HOSTILE, said

ROOM = "翡翠一号间"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("直播")) as one:
        yield one


def post(service, *texts, user="u"):
    with service.client() as http:
        events = [
            {"room": ROOM, "user": f"{user}{i}", "text": text} for i, text in enumerate(texts)
        ]
        answer = http.post("/v1/events", json=events)
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]


def page_of(browser, service, **options):
    return opened(browser, f"{service.address}/?room={ROOM}", **options)


def test_a_comment_appears_with_its_tags_within_a_second(browser, service):
    with page_of(browser, service) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        took = []
        for turn in range(3):  # the machine may be busy with something else
            text = f"戴了{turn + 1}周就掉色了 能退吗"
            began = time.monotonic()
            post(service, text)
            row = page.locator("#list .comment", has_text=text)
            row.get_by_text("退换货退款").wait_for()
            took.append(time.monotonic() - began)
        assert min(took) < 1.0
        row = page.locator("#list .comment").first
        assert row.locator(".said").inner_text() == "戴了3周就掉色了 能退吗"
        assert {"品质", "瑕疵损坏掉色", "提问"} <= set(row.locator(".chip").all_inner_texts())
        assert "掉色" in row.locator("mark").all_inner_texts()
        # and what the room is like follows by itself
        page.locator("#comments").get_by_text("3", exact=True).wait_for(timeout=30_000)
        assert watched.complaints == []


def test_a_correction_arrives_in_the_store(browser, service):
    (result,) = post(service, "这颜色跟介绍的对不上啊", user="k")
    with page_of(browser, service) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.locator("#list .said", has_text="这颜色跟介绍的对不上啊").click()
        editor = page.locator("#editor")
        checked = editor.locator("input[type=checkbox]:checked")
        while checked.count():  # a parent takes its leaves along
            checked.first.uncheck()
        editor.locator("[value='product_quality.color']").check()
        editor.get_by_label("你是谁").fill("小王")
        editor.get_by_role("button", name="保存").click()
        page.get_by_text("已保存").first.wait_for()
        assert watched.complaints == []
    store = Store(f"sqlite:///{service.log.removesuffix('service.log')}弹幕.db")
    (kept,) = [one for _, one in store.corrections() if one.seq == result["seq"]]
    store.close()
    assert kept.by == "小王"
    assert kept.text == "这颜色跟介绍的对不上啊"
    assert kept.labels == {"intent": (), "complaint": ("product_quality.color",), "act": ()}


def test_hostile_comments_stay_text(browser, service):
    with page_of(browser, service) as watched:
        watched.page.wait_for_selector(".state.connected")
        post(service, *HOSTILE, user="h")
        watched.page.get_by_text("<b>粗</b>&amp;").first.wait_for()
        assert watched.page.title() != "1"
        assert watched.complaints == []
    with page_of(browser, service) as watched:  # and as the server writes them
        watched.page.get_by_text("<b>粗</b>&amp;").first.wait_for()
        assert watched.page.locator("#list img, #list script, #list b b").count() == 0
        assert watched.complaints == []


def test_a_killed_service_is_seen_and_found_again_without_doubles(browser, tmp_path):
    port = free_port()
    service = started(tmp_path, port=port).wait()
    try:
        post(service, "第一条")
        with page_of(browser, service) as watched:
            page = watched.page
            page.wait_for_selector(".state.connected")
            post(service, "第二条")
            page.get_by_text("第二条").wait_for()
            service.stop(signal.SIGKILL)
            page.wait_for_selector(".state:not(.connected)")
            service = started(tmp_path, port=port).wait()
            post(service, "第三条")
            page.wait_for_selector(".state.connected", timeout=20_000)
            page.get_by_text("第三条").wait_for()
            assert said(page) == ["第三条", "第二条", "第一条"]
    finally:
        service.stop(signal.SIGKILL)


def test_300_comments_a_second_do_not_freeze_it(browser, service):
    with page_of(browser, service) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        page.evaluate(
            """() => {
                window.worst = 0;
                let before = performance.now();
                const look = now => {
                    window.worst = Math.max(window.worst, now - before);
                    before = now;
                    requestAnimationFrame(look);
                };
                requestAnimationFrame(look);
            }"""
        )
        ended = threading.Event()

        def load():
            number = 0
            while not ended.wait(0.1):
                post(service, *(f"{number}-{i} 这个多少钱" for i in range(30)), user=f"x{number}-")
                number += 1

        thread = threading.Thread(target=load)
        thread.start()
        time.sleep(8)
        assert page.evaluate("window.worst") < 500
        assert page.locator("#list .comment").count() <= 200
        # the page samples, the counts do not
        shown = page.locator("#comments").inner_text().replace(",", "")
        ended.set()
        thread.join()
        assert int(shown) > 1000
        assert watched.complaints == []


def test_a_person_signs_in_with_the_token(browser, tmp_path):
    with (
        running(tmp_path, COMMENTNLP_TOKEN="五月") as service,
        opened(browser, service.address) as watched,
    ):
        page = watched.page
        page.locator("input[name=token]").fill("falsch")
        page.keyboard.press("Enter")
        page.locator("[role=alert]").wait_for()
        page.locator("input[name=token]").fill("五月")
        page.keyboard.press("Enter")
        page.wait_for_selector(".state.connected")


def test_the_first_room_appears_by_itself_and_so_do_others(browser, tmp_path):
    with running(tmp_path) as service, opened(browser, service.address) as watched:
        page = watched.page
        page.wait_for_selector(".state.connected")
        post(service, "有人吗")
        page.locator("#list .said", has_text="有人吗").wait_for(timeout=30_000)
        assert page.locator("h1").inner_text() == ROOM
        with service.client() as http:
            http.post("/v1/events", json={"room": "二号间", "text": "多少钱"})
        page.locator("#rooms option[value=二号间]").wait_for(state="attached")
        assert page.locator("#rooms").is_visible()
        assert watched.complaints == []
