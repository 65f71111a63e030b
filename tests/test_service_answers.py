import json
from datetime import timedelta, timezone

from commentnlp.records import SHANGHAI, Evidence, Tag, Tagged
from commentnlp.service.answers import answer_of, moment, stored_json, with_answer
from commentnlp.service.records import Stored


def test_an_answer_is_json_whatever_was_typed():
    text = '色"差\\\n\u2028</script>🌹'
    tagged = Tagged(
        text,
        {"intent": (Tag("price", 0.99996), Tag('odd "label"', 0.5)), "complaint": (), "act": ()},
        (Evidence("price", 0, 3, text, 2.0621),),
    )
    found = answer_of(tagged)
    assert json.loads(found.json) == {
        "intent": [{"label": "price", "score": 1.0}, {"label": 'odd "label"', "score": 0.5}],
        "complaint": [],
        "act": [],
        "evidence": [{"label": "price", "start": 0, "end": 3, "text": text, "weight": 2.062}],
    }
    assert found.labels == ("intent/price", 'intent/odd "label"')


def test_a_leaf_brings_its_parent_once():
    tags = (Tag("logistics.delay", 0.9), Tag("logistics.lost", 0.8), Tag("livestream", 0.7))
    found = answer_of(Tagged("x", {"complaint": tags}))
    assert found.labels == (
        "complaint/logistics", "complaint/logistics.delay", "complaint/logistics.lost",
        "complaint/livestream",
    )  # fmt: skip


def test_an_answer_joins_what_it_answers():
    assert with_answer({"id": "1"}, '{"act":[]}') == '{"id":"1","act":[]}'
    assert with_answer({"id": "1"}, "") == '{"id":"1"}'
    assert with_answer({"id": "1"}, "{}") == '{"id":"1"}'
    assert with_answer({}, '{"act":[]}') == '{"act":[]}'


def stored(**fields):
    whole = {
        "seq": 7, "time": 1_773_490_503_120, "received": 0, "room": "r", "kind": "comment",
        "id": "m", "user": "", "name": "3f9c", "role": "viewer", "text": "贵", "count": 1,
        "total": None, "item": "", "levels": "{}", "answer": '{"act":[]}', "model": "v",
    }  # fmt: skip
    return Stored(**{**whole, **fields})


def test_a_hash_is_no_name():
    told = json.loads(stored_json(stored(), SHANGHAI, names=False))
    assert (told["user"], told["name"]) == ("3f9c", "")  # it stands for the person
    told = json.loads(stored_json(stored(user="u1"), SHANGHAI, names=False))
    assert (told["user"], told["name"]) == ("u1", "")
    told = json.loads(stored_json(stored(name="小圆"), SHANGHAI, names=True))
    assert (told["user"], told["name"]) == ("", "小圆")


def test_times_are_those_of_a_zone():
    assert moment(1_773_490_503_120, SHANGHAI) == "2026-03-14T20:15:03.120+08:00"
    assert moment(1_773_490_503_120, timezone(timedelta(hours=-5))).endswith("07:15:03.120-05:00")
