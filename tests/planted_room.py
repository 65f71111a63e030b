"""Rooms with a known truth: when they are busy, what is complained of when, who is answered."""

import random
from datetime import datetime, timedelta

from commentnlp.records import SHANGHAI, Event, Tag

START = datetime(2026, 2, 7, 19, 0, tzinfo=SHANGHAI)

# text, then facet → label
CHAT = [(text, {}) for text in ("晚上好", "来了来了", "666", "主播加油", "哈哈哈", "我是新粉")]
TOPICS = [
    ("这个多少钱", {"intent": "price", "act": "ask"}),
    ("有证书吗", {"intent": "quality", "act": "ask"}),
    ("圈口多大", {"intent": "fit", "act": "ask"}),
    ("有没有别的款式", {"intent": "style", "act": "ask"}),
    ("真好看", {"intent": "style", "act": "praise"}),
    ("已拍", {"act": "order"}),
]
TROUBLES = {
    "product_quality.color": ["收到颜色不对", "跟视频差好多", "色差太大了", "颜色比镜头深"],
    "logistics.delay": ["怎么还没发货", "等一周了还不发", "快递一直不动", "几天了都没发"],
    "livestream.tech": ["没声音了", "画面卡住了", "黑屏了", "听不见"],
    "after_sales.return": ["怎么退货", "我要退款", "能换货吗", "退货找谁"],
    "price_fluctuation.change": ["昨买今降价", "买完就便宜了", "刚买就降了", "降价不补吗"],
}


def tags_of(labels):
    """The tags of a comment, every facet named."""
    return {
        facet: (Tag(labels[facet], 0.9),) if facet in labels else ()
        for facet in ("intent", "complaint", "act")
    }


def comment(time, user, text, labels, **more):
    return Event(
        "comment", text, time=time, user=user, name=f"名{user}", tags=tags_of(labels), **more
    )


def planted(seed, *, hours=5, per_minute=3.0, rates=None, burst=None, busy=(), people=400):
    """Events of a show in order of time.

    ``rates`` maps complaint labels to their share of comments; ``burst`` is (label, hour, times):
    in that hour the label comes so many times as often; ``busy`` lists (first minute, last,
    times): so many times the comments then.
    """
    rng = random.Random(seed)
    rates = dict.fromkeys(TROUBLES, 0.03) if rates is None else rates
    events = []
    for minute in range(hours * 60):
        level = per_minute
        for first, last, times in busy:
            if first <= minute < last:
                level *= times
        for _ in range(poisson(rng, level)):
            time = START + timedelta(minutes=minute, seconds=rng.random() * 60)
            user = f"u{rng.randrange(people)}"
            draw = rng.random()
            for label, share in rates.items():
                hot = burst and burst[0] == label and minute // 60 == burst[1]
                share *= burst[2] if hot else 1
                if draw < share:
                    text = rng.choice(TROUBLES[label]) + "呀啊哦嗯"[: rng.randrange(5)]
                    events.append(
                        comment(time, user, text, {"complaint": label, "act": "complain"})
                    )
                    break
                draw -= share
            else:
                text, labels = rng.choice(CHAT + TOPICS)
                events.append(comment(time, user, text + "～" * rng.randrange(3), labels))
    return sorted(events, key=lambda event: event.time)


def poisson(rng, mean):
    """One draw (Knuth, The Art of Computer Programming 2, 3.4.1)."""
    limit, product, count = 2.718281828459045**-mean, rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
