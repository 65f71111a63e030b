"""Render what was measured: Markdown tables in English and Chinese, and the picture.

All of it comes from one results file, so that no two places can disagree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import HERE, ROOT
from benchmarks.rivals import OURS, PLAIN
from commentnlp import CommentnlpError

OPEN, CLOSE = "<!-- benchmarks -->", "<!-- /benchmarks -->"
PICTURE = "speed.png"

Results = Mapping[str, Any]

ORDER = (OURS, *PLAIN, "fasttext", "fasttext_rjieba", "fasttext_given", "snownlp")

EN: dict[str, Any] = {
    OURS: "**commentnlp**",
    "plain": "plain: jieba, TF-IDF of words, scikit-learn",
    "plain_full": "plain: words, word pairs, 1–3 characters",
    "plain_same": "plain, all that commentnlp does",
    "fasttext": "fastText, words by jieba",
    "fasttext_rjieba": "fastText, words by rjieba",
    "fasttext_given": "fastText, words given (cutting not counted)",
    "snownlp": "SnowNLP (sentiment only)",
    "batch": "comments/s in batches of 1,000",
    "single": "comments/s one by one",
    "times": "commentnlp is",
    "shaped": "F1, rooms.csv",
    "holdout": "F1, holdout",
    "real": "F1, real comments",
    "whole": "{rows} rows, no comment twice",
    "stream": "{rows} rows of a made-up room, 84 % repeats",
    "rooms": "{rows} rows of real rooms' logs, looped; {share} are comments",
    "command": "whole command, CSV → CSV",
    "rows/s": "rows/s",
    "comments/s": "comments/s",
    "against": {
        "plain": "against plain: words",
        "plain_full": "against plain: words, pairs, characters",
        "plain_same": "against plain: all that commentnlp does",
    },
    "hundred": "A hundred rows, the whole process: {ours}; the plain ones {others}.",
    "memory": "Peak memory of the whole command, all its processes: {peaks}.",
    "peak": "{size} at {rows} rows",
    "and": " and ",
    "machine": "{cpu}, {cores} cores, {system}, Python {python}, model {models}; "
    "medians of {rounds} rounds; one core where not said otherwise.",
    "says": "×2 says that commentnlp is twice as fast on the same comments, ×0.5 half as fast. F1:"
    " micro-F1 on parents, the mean of the three facets, everybody trained on the same samples."
    " The plain pipelines beside the whole command tag in memory: reading and writing cost them"
    " nothing.",
    "alt": "Comments a second",
}
ZH: dict[str, Any] = {
    OURS: "**commentnlp**",
    "plain": "普通写法：jieba、词的 TF-IDF、scikit-learn",
    "plain_full": "普通写法：词、词对、1–3 字",
    "plain_same": "普通写法，做 commentnlp 所做的全部",
    "fasttext": "fastText，jieba 分词",
    "fasttext_rjieba": "fastText，rjieba 分词",
    "fasttext_given": "fastText，词已分好（不计分词时间）",
    "snownlp": "SnowNLP（只有情感）",
    "batch": "每批 1,000 条，条/秒",
    "single": "逐条，条/秒",
    "times": "commentnlp 是它的",
    "shaped": "F1，rooms.csv",
    "holdout": "F1，留出集",
    "real": "F1，真实评论",
    "whole": "{rows} 行，评论各不相同",
    "stream": "{rows} 行，模拟直播间，84 % 是重复",
    "rooms": "{rows} 行，真实直播间日志循环；其中评论占 {share}",
    "command": "整条命令，CSV → CSV",
    "rows/s": "行/秒",
    "comments/s": "条/秒",
    "against": {
        "plain": "对普通写法：词",
        "plain_full": "对普通写法：词、词对、字",
        "plain_same": "对普通写法：做同样的全部",
    },
    "hundred": "一百行，整个进程：{ours}；普通写法 {others}。",
    "memory": "整条命令的内存峰值（含所有子进程）：{peaks}。",
    "peak": "{rows} 行 {size}",
    "and": "，",
    "machine": "{cpu}，{cores} 核，{system}，Python {python}，模型 {models}；{rounds} 轮取中位数；"
    "未注明处只用一个核。",
    "says": "×2 表示同样的评论 commentnlp 快一倍，×0.5 表示只有一半快。"
    "F1：大类的微平均 F1，三个维度取平均，大家都用同一批样本训练。"
    "与整条命令对比的普通写法只在内存里打标签，不计读写文件。",
    "alt": "每秒评论数",
}
SETS = ("shaped", "holdout", "real")
"""Labelled comments that everybody is measured on."""

LANGUAGES: dict[str, dict[str, Any]] = {"en": EN, "zh": ZH}

PICTURE_NAMES = {
    OURS: "commentnlp",
    "plain": "plain: words",
    "plain_full": "plain: words, pairs, chars",
    "plain_same": "plain, all we do",
    "fasttext": "fastText, jieba",
    "fasttext_rjieba": "fastText, rjieba",
    "fasttext_given": "fastText, words given",
    "snownlp": "SnowNLP (sentiment)",
}


def read_results(path: Path) -> dict[str, Any]:
    """What earlier runs found; nothing where none ran."""
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def write_results(path: Path, results: Results) -> None:
    """Keep what was found."""
    path.write_text(
        json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n"
    )


# numbers ----------------------------------------------------------------------------------


def rate(found: Results, name: str) -> float:
    """Comments a second: the median over rounds."""
    return float(found["comments"] / median(found["seconds"][name]))


def times(found: Results, name: str) -> float:
    """How many times as fast as ``name`` commentnlp is: the median of each round's ratio."""
    ours, others = found["seconds"][OURS], found["seconds"][name]
    return float(median(other / own for own, other in zip(ours, others, strict=True)))


def times_command(found: Results, name: str) -> float:
    """The same of comments a second, for the whole command against ``name`` in-process."""
    share = found["comments"] / found["in_process"]
    rounds = zip(found["command"], found["seconds"][name], strict=True)
    return float(median(share * other / own for own, other in rounds))


# tables -----------------------------------------------------------------------------------


def summary(results: Results, language: str, picture: str) -> str:
    """The block of a README: picture, who is how fast and how right, the whole command."""
    words = LANGUAGES[language]
    parts = [
        f"![{words['alt']}]({picture})",
        systems_table(results, language),
        command_table(results, language),
        " ".join(_sentences(results, words)),
        words["says"],
        _machine(results, words),
    ]
    return "\n\n".join(part for part in parts if part)


def systems_table(results: Results, language: str) -> str:
    """A line for everybody: speed in batches and one by one, and F1."""
    words = LANGUAGES[language]
    speeds = [m for m in ("batch", "single") if m in results]
    sets = [s for s in SETS if s in results.get("accuracy", {})]
    if not speeds:
        return ""
    header = [""]
    for measure in speeds:
        header += [words[measure], words["times"]]
    rows = []
    for name in ORDER:
        if not any(name in results[m]["seconds"] for m in speeds):
            continue
        row = [words[name]]
        for measure in speeds:
            found = results[measure]
            row += [_figure(rate(found, name)), "" if name == OURS else _times(times(found, name))]
        for each in sets:
            f1 = results["accuracy"][each]["f1"].get(name)
            row.append(f"{f1['mean']:.3f}" if f1 else "")
        rows.append(row)
    return _markdown([*header, *(words[each] for each in sets)], rows)


def command_table(results: Results, language: str) -> str:
    """A line for every file: the whole command, and how it stands to the plain pipelines."""
    words = LANGUAGES[language]
    rows = []
    for measure in ("whole", "stream", "rooms"):
        found = results.get(measure)
        if not found:
            continue
        seconds = median(found["command"])
        what = words[measure].format(
            rows=f"{found['rows']:,}", share=f"{found['comments'] / found['rows']:.0%}"
        )
        row = [what, _figure(found["rows"] / seconds), _figure(found["comments"] / seconds)]
        rows.append([*row, *(_times(times_command(found, name)) for name in PLAIN)])
    if not rows:
        return ""
    against = [words["against"][name] for name in PLAIN]
    return _markdown([words["command"], words["rows/s"], words["comments/s"], *against], rows)


def accuracy_table(results: Results) -> str:
    """Micro-F1 on parents, facet by facet."""
    rows: list[list[str]] = []
    facets: list[str] = []
    for each, found in results.get("accuracy", {}).items():
        if each not in SETS:
            continue
        for name in ORDER:
            if name in found["f1"]:
                facets = list(found["f1"][name])
                figures = [f"{f1:.3f}" for f1 in found["f1"][name].values()]
                rows.append([f"{each}, {found['comments']:,} comments", EN[name], *figures])
    return _markdown(["comments", "", *facets], rows) if rows else ""


def spread_table(results: Results) -> str:
    """How far the rounds lie apart: the smallest and the greatest ratio."""
    rows: list[list[str]] = []
    for name in ORDER[1:]:
        row = [EN[name]]
        for measure in ("batch", "single"):
            seconds = results.get(measure, {}).get("seconds", {})
            if name in seconds:
                ratios = [b / a for a, b in zip(seconds[OURS], seconds[name], strict=True)]
                row.append(
                    f"{_times(median(ratios))} ({_times(min(ratios))}–{_times(max(ratios))})"
                )
        if len(row) == 3:
            rows.append(row)
    return _markdown(["commentnlp against", "batches of 1,000", "one by one"], rows) if rows else ""


FLOOR = {
    "read": "read CSV, Python's csv module",
    "write": "write CSV with the tags, Python's csv module",
    "rjieba": "cut words, rjieba, a thousand comments at once",
    "jieba": "cut words, jieba.lcut",
    "predict": "`model.predict`: normalise, cut, n-grams, scores",
    "tag": "`model.tag` with evidence: the same, and which characters raised each label",
}


def floor_table(results: Results) -> str:
    """Microseconds a comment: what cannot be saved, and what we take."""
    found = results.get("floor")
    if not found:
        return ""
    rows = [
        [what, f"{median(found['seconds'][name]) / found['comments'] * 1e6:.1f}"]
        for name, what in FLOOR.items()
    ]
    return _markdown(["one core", "µs a comment"], rows)


def details(results: Results) -> str:
    """The block of ``benchmarks/README.md``: everything."""
    parts = [
        summary(results, "en", PICTURE),
        "The ratios with the smallest and the greatest of the rounds:",
        spread_table(results),
        "Micro-F1 on parents:",
        accuracy_table(results),
        "Where the time goes:",
        floor_table(results),
    ]
    return "\n\n".join(part for part in parts if part)


def _sentences(results: Results, words: Mapping[str, Any]) -> list[str]:
    out = []
    if found := results.get("hundred"):
        seconds = {name: f"{median(all_):.2f} s" for name, all_ in found["seconds"].items()}
        ours = seconds.pop(OURS)
        out.append(words["hundred"].format(ours=ours, others=", ".join(seconds.values())))
    if peaks := results.get("memory", {}).get("peaks"):
        told = [
            words["peak"].format(rows=f"{peak['rows']:,}", size=f"{peak['megabytes']:,.0f} MB")
            for peak in peaks
        ]
        out.append(words["memory"].format(peaks=words["and"].join(told)))
    return out


def _machine(results: Results, words: Mapping[str, Any]) -> str:
    if "machine" not in results:
        return ""
    measures = [found for name, found in results.items() if name != "machine" and found]
    models = sorted({found["model"] for found in measures})
    rounds = sorted({found["rounds"] for found in measures})
    return str(
        words["machine"].format(
            **results["machine"],
            models=", ".join(models),
            rounds="–".join(map(str, rounds[:1] + rounds[1:][-1:])),
        )
    )


def _figure(number: float) -> str:
    """Three figures that count: 61,234 → 61,200."""
    return f"{float(f'{number:.3g}'):,.0f}"


def _times(ratio: float) -> str:
    return f"×{float(f'{ratio:.2g}'):g}"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


# files ------------------------------------------------------------------------------------


def put(path: Path, block: str) -> None:
    """Put ``block`` between the markers of a file. Raises CommentnlpError where it has none."""
    text = path.read_text(encoding="utf-8")
    new, found = re.subn(
        f"{OPEN}.*?{CLOSE}", lambda _: f"{OPEN}\n{block}\n{CLOSE}", text, flags=re.DOTALL
    )
    if found != 1:
        raise CommentnlpError(f"{path}: expected {OPEN} … {CLOSE} once, found it {found} times")
    path.write_text(new, encoding="utf-8", newline="\n")


def render(results: Results) -> None:
    """Draw the picture and put the tables into the READMEs."""
    draw(results, HERE / PICTURE)
    put(ROOT / "README.md", summary(results, "en", f"benchmarks/{PICTURE}"))
    put(ROOT / "README.zh-CN.md", summary(results, "zh", f"benchmarks/{PICTURE}"))
    put(HERE / "README.md", details(results))


# picture ----------------------------------------------------------------------------------

OUR_COLOUR, THEIR_COLOUR = "#1b7f5f", "#b9c2c9"


def draw(results: Results, path: Path) -> None:
    """Bars of comments a second, logarithmic: in batches, one by one, and the whole command."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [panel for panel in _panels(results) if panel[1]]
    heights = [len(bars) + 1.2 for _, bars in panels] or [1.0]
    figure = Figure(figsize=(8.3, 0.3 * sum(heights) + 0.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(max(len(panels), 1), 1, height_ratios=heights, squeeze=False)[:, 0]
    speeds = [speed for _, bars in panels for _, speed, _ in bars]
    for axis, (title, bars) in zip(axes, panels, strict=False):
        _bars(axis, title, bars)
        axis.set_xlim(min(speeds) / 3, max(speeds) * 2.2)  # one scale for all panels
    # without the name of the program the same results give the same bytes
    figure.savefig(path, dpi=200, metadata={"Software": None})


Bar = tuple[str, float, bool]
"""Name, comments a second, and whether it is ours."""


def _panels(results: Results) -> list[tuple[str, list[Bar]]]:
    panels: list[tuple[str, list[Bar]]] = []
    titles = {
        "batch": "Comments a second (logarithmic), batches of 1,000, one core",
        "single": "One comment a call, one core",
    }
    for measure, title in titles.items():
        found = results.get(measure) or {"seconds": {}}
        names = [name for name in ORDER if name in found["seconds"]]
        panels.append((title, [(PICTURE_NAMES[n], rate(found, n), n == OURS) for n in names]))
    bars: list[Bar] = []
    for measure, what in (("whole", "no comment twice"), ("stream", "84 % repeats")):
        if found := results.get(measure):
            speed = found["comments"] / median(found["command"])
            bars.append((f"commentnlp, {what}", speed, True))
    if bars:
        found = results.get("whole") or results["stream"]
        for name in PLAIN:
            speed = found["in_process"] / median(found["seconds"][name])
            bars.append((f"{PICTURE_NAMES[name]} *", speed, False))
    panels.append(("Whole command, CSV to CSV (* in memory, no reading or writing)", bars))
    return panels


def _bars(axis: Any, title: str, bars: Sequence[Bar]) -> None:
    names = [name for name, _, _ in bars]
    speeds = [speed for _, speed, _ in bars]
    at = range(len(bars))
    colours = [OUR_COLOUR if ours else THEIR_COLOUR for _, _, ours in bars]
    axis.barh(at, speeds, color=colours, height=0.72, log=True)
    axis.set_yticks(at, names, fontsize=9)
    axis.invert_yaxis()
    axis.set_title(title, fontsize=9.5, loc="left", x=0, color="#333333")
    for y, (_, speed, ours) in zip(at, bars, strict=True):
        weight = "bold" if ours else "normal"
        axis.text(speed * 1.06, y, _figure(speed), va="center", fontsize=9, fontweight=weight)
    axis.tick_params(axis="y", length=0)
    axis.xaxis.set_visible(False)
    for side in ("top", "right", "bottom", "left"):
        axis.spines[side].set_visible(False)
