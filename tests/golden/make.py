"""Make the golden model: `python -m tests.golden.make`.

Only for a new format of the model folder. The point of a golden model is that programs of later
versions read what an earlier one wrote.
"""

import json
from pathlib import Path

from commentnlp.corpus import corpus, shipped_samples
from commentnlp.language import Language
from commentnlp.shipped import TRAINING_DATA
from commentnlp.training import Settings, train

HERE = Path(__file__).resolve().parent
TEXTS = [
    "这个多少米", "56圈口的有吗", "色差也太大了吧", "什麼時候發貨", "还没发货，催了三天没人理",
    "主播好", "哈哈哈", "证书在里面吗？能复检不", "手镯有纹裂 怎么退", "已拍18号", "", "👍👍[比心]",
    "卡了卡了没声音", "买完就降价，退差价吗", "收到了很喜欢", "40克的链子，男生能戴吗",
]  # fmt: skip


def main() -> None:
    samples, taxonomy = shipped_samples()
    whole = Language.read(TRAINING_DATA / "language")
    few = {
        name: dict(list(getattr(whole, name).items())[::40])
        for name in ("words", "concepts", "products")
    }
    language = Language(whole.normaliser, **few)
    settings = Settings(max_features=3000, min_count=3, jobs=1)
    model = train(corpus(samples[::16], taxonomy), language, settings=settings)
    model.save(HERE / "model", {"holdout.csv": b"text,intent,complaint,act\n"})
    expected = {
        "version": model.meta.version,
        "texts": TEXTS,
        "logits": model.logits(TEXTS).tolist(),
        "labels": [{f: list(t.labels(f)) for f in t.tags} for t in model.tag(TEXTS)],
    }
    text = json.dumps(expected, ensure_ascii=False, indent=1)
    (HERE / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
