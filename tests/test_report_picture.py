import struct
from dataclasses import replace

import pytest

from commentnlp import Model
from commentnlp.errors import CommentnlpError
from commentnlp.records import Event
from commentnlp.report import fonts, summarise
from commentnlp.report.picture import to_png

from .report_example import example, hostile


@pytest.fixture(autouse=True)
def _chinese_font(request):
    if "without_a_chinese_font" in request.node.name:
        return
    try:
        fonts.chinese()
    except CommentnlpError as missing:
        pytest.skip(str(missing))


def size_of(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_tall_picture(language):
    width, height = size_of(to_png(example(), language=language))
    assert width == 1080
    assert height > 3000


def test_it_grows_with_what_there_is():
    little = summarise([Event("comment", "多少钱")], Model.shipped())
    assert size_of(to_png(little))[1] < size_of(to_png(example()))[1] / 2
    assert size_of(to_png(summarise([Event("like")], Model.shipped())))[0] == 1080


def test_hostile_words_are_drawn_without_a_warning():
    assert size_of(to_png(hostile()))[0] == 1080


def test_a_font_shows_what_it_has_and_leaves_emoji_out():
    face = fonts.chinese()
    assert face.showable("好看🙂👍🏻 \u0e01") == "好看 ·"
    assert face.advance("中") == pytest.approx(1, abs=0.1)
    assert 0.1 < face.advance("i") < 0.6


def test_without_a_chinese_font_it_says_what_to_install(monkeypatch):
    fonts.chinese.cache_clear()
    latin = [path for path in fonts.findSystemFonts() if "DejaVu" in path]
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: latin)
    with pytest.raises(CommentnlpError, match="apt-get install fonts-noto-cjk"):
        to_png(example())
    fonts.chinese.cache_clear()


def test_figures_are_not_cut_at_the_end_of_a_line():
    from commentnlp.report.picture import _Story
    from commentnlp.report.wording import Wording

    story = _Story(example(), Wording("zh"))
    for width in range(60, 200, 3):
        lines = story._wrapped("这一段从21:05到22:30一共有1,234人，占12.5%，好。", width, 15, 99)
        assert "".join(lines) == "这一段从21:05到22:30一共有1,234人，占12.5%，好。"
        for figure in ("21:05", "22:30", "1,234", "12.5%"):
            assert any(figure in line for line in lines)
        assert not any(line[0] in "，。" for line in lines)


def test_steps_may_be_missing():
    report = example()
    activity = replace(report.activity, steps=(), cold=())
    assert size_of(to_png(replace(report, activity=activity)))[0] == 1080
