"""Bodies that no careful caller sends, and what each must be answered with.

``BODIES``: name → headers, body, statuses that are right for `POST /v1/classify` and for
`POST /v1/events` alike. Sizes fit the limits that the settings begin with. ``TABLES`` are right for
events and wrong for classify.
"""

import gzip
import zlib

JSON = {"content-type": "application/json"}
GZIP = {**JSON, "content-encoding": "gzip"}
OK = range(200, 300)
BROKEN = range(400, 401)
TOO_LARGE = range(413, 414)
NO_SUCH_TYPE = range(415, 416)
WRONG = range(422, 423)


def one(text: bytes, more: bytes = b"") -> bytes:
    """A body of one comment: what stands for its text, and further fields."""
    return b'{"comments":[{"text":' + text + more + b"}]}"


def nested(left: bytes, right: bytes, depth: int = 100_000) -> bytes:
    return left * depth + right * depth


GOOD = '{"comments":[{"id":"1","text":"这串能退吗"}]}'
PACKED = gzip.compress(GOOD.encode())
BOMB = gzip.compress(b" " * 16_000_000 + GOOD.encode())

BODIES = {
    # no JSON
    "empty": (JSON, b"", BROKEN),
    "blank": (JSON, b" \r\n\t ", BROKEN),
    "cut off": (JSON, GOOD.encode()[:-4], BROKEN),
    "cut inside a character": (JSON, GOOD.encode()[:-7], BROKEN),
    "cut inside an escape": (JSON, rb'{"comments":[{"text":"\u4f', BROKEN),
    "comma at the end": (JSON, b'{"comments":[{"text":"a"},]}', BROKEN),
    "single quotes": (JSON, b"{'comments':[{'text':'a'}]}", BROKEN),
    "key without quotes": (JSON, b'{comments:[{"text":"a"}]}', BROKEN),
    "number as key": (JSON, b'{1:[{"text":"a"}]}', BROKEN),
    "comment in the JSON": (JSON, b'{"comments":[{"text":"a"}] /* all */}', BROKEN),
    "something behind": (JSON, b'{"comments":[{"text":"a"}]} and more', BROKEN),
    "line break in a string": (JSON, one(b'"a\nb"'), BROKEN),
    "escape that is none": (JSON, one(rb'"\q"'), BROKEN),
    "NaN": (JSON, one(b"NaN"), BROKEN),
    "Infinity": (JSON, one(b'"a"', b',"score":-Infinity'), BROKEN),
    "hexadecimal": (JSON, one(b'"a"', b',"id":0x10'), BROKEN),
    "words": (JSON, b"hello", BROKEN),
    "Chinese words": (JSON, "这串能退吗".encode(), BROKEN),
    "form": (
        {"content-type": "application/x-www-form-urlencoded"}, b"text=a&id=1", BROKEN,
    ),
    "form of parts": (
        {"content-type": "multipart/form-data; boundary=x"},
        b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + GOOD.encode() + b"\r\n--x--",
        NO_SUCH_TYPE,
    ),
    "web page": ({"content-type": "text/html"}, b"<!DOCTYPE html><p>a</p>", BROKEN),
    "XML": ({"content-type": "text/xml"}, b'<?xml version="1.0"?><a>b</a>', BROKEN),
    "picture": ({"content-type": "image/png"}, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", BROKEN),
    "zip": ({}, b"PK\3\4" + b"\0" * 60, BROKEN),
    "zeros": ({}, b"\0" * 1000, BROKEN),
    "any bytes": ({}, bytes(range(256)) * 4, BROKEN),
    # wrong encodings
    "UTF-16": (JSON, GOOD.encode("utf-16"), BROKEN),
    "UTF-16 without a mark": (JSON, GOOD.encode("utf-16-le"), BROKEN),
    "UTF-16, the other way": (JSON, GOOD.encode("utf-16-be"), BROKEN),
    "UTF-32": (JSON, GOOD.encode("utf-32"), BROKEN),
    "GB18030": (JSON, GOOD.encode("gb18030"), BROKEN),
    "Big5": (JSON, GOOD.replace("这", "這").replace("吗", "嗎").encode("big5"), BROKEN),
    "Latin-1": (JSON, one('"café"'.encode("latin-1")), BROKEN),
    "overlong UTF-8": (JSON, one(b'"\xc0\xaf"'), BROKEN),
    "surrogates in UTF-8": (JSON, one(b'"\xed\xa0\xbd"'), BROKEN),
    "UTF-8 beyond Unicode": (JSON, one(b'"\xf5\x80\x80\x80"'), BROKEN),
    "byte-order mark": (JSON, b"\xef\xbb\xbf" + GOOD.encode(), OK),
    # halves of characters, as tools make that cut texts short
    "lone high surrogate": (JSON, one(rb'"\ud83d"'), WRONG),
    "lone low surrogate": (JSON, one(rb'"\ude00 a"'), WRONG),
    "surrogates the wrong way round": (JSON, one(rb'"\ude00\ud83d"'), WRONG),
    "surrogate in the id": (JSON, one(b'"a"', rb',"id":"\ud83d"'), WRONG),
    "surrogate in a key": (JSON, one(b'"a"', rb',"\ud83d":1'), OK),
    "NUL": (JSON, one(rb'"a\u0000b"', rb',"id":"\u0000"'), OK),
    "control characters": (JSON, one(rb'"\u0001\u001b[2J\u007f\u202e\ufeff"'), OK),
    # nesting
    "arrays in arrays": (JSON, nested(b"[", b"]"), range(400, 423)),
    "open arrays": (JSON, b"[" * 100_000, range(400, 423)),
    "objects in objects": (JSON, nested(b'{"a":', b"}").replace(b":}", b":1}", 1), BROKEN),
    "open objects": (JSON, b'{"comments":' * 100_000, range(400, 423)),
    "nested beside a text": (JSON, one(b'"a"', b',"x":' + nested(b"[", b"]")), BROKEN),
    "nested as a text": (JSON, one(nested(b"[", b"]")), range(400, 423)),
    "nested in many lines": (JSON, b"[\n" * 100_000, range(400, 423)),
    # wrong types
    "null": (JSON, b"null", range(400, 423)),
    "true": (JSON, b"true", range(400, 423)),
    "number": (JSON, b"42", range(400, 423)),
    "string": (JSON, '"这串能退吗"'.encode(), range(400, 423)),
    "no comments": (JSON, b"{}", WRONG),
    "comments that are null": (JSON, b'{"comments":null}', WRONG),
    "comments that are a string": (JSON, b'{"comments":"a"}', range(200, 423)),
    "comments that are an object": (JSON, b'{"comments":{"text":"a"}}', WRONG),
    "strings for comments": (JSON, b'{"comments":["a","b"]}', WRONG),
    "arrays for comments": (JSON, b'{"comments":[[],[1]]}', WRONG),
    "nulls for comments": (JSON, b'{"comments":[' + b"null," * 999 + b"null]}", WRONG),
    "array of strings": (JSON, b'["a","b"]', WRONG),
    "array of nulls": (JSON, b"[null,null]", WRONG),
    "text that is missing": (JSON, b'{"comments":[{"id":"1"}]}', WRONG),
    "text that is null": (JSON, one(b"null"), WRONG),
    "text that is a number": (JSON, one(b"666"), WRONG),
    "text that is an array": (JSON, one(b'["a"]'), WRONG),
    "text that is an object": (JSON, one(b'{"zh":"a"}'), WRONG),
    "text that is true": (JSON, one(b"true"), WRONG),
    "id that is a fraction": (JSON, one(b'"a"', b',"id":1.5'), WRONG),
    "id that is an object": (JSON, one(b'"a"', b',"id":{}'), WRONG),
    "id that is false": (JSON, one(b'"a"', b',"id":false'), WRONG),
    # numbers
    "id of 400 digits": (JSON, one(b'"a"', b',"id":1' + b"0" * 400), WRONG),
    "id of 10,000 digits": (JSON, one(b'"a"', b',"id":1' + b"0" * 10_000), range(400, 423)),
    "id of a million digits": (JSON, one(b'"a"', b',"id":1' + b"0" * 10**6), range(400, 423)),
    "id 1e400": (JSON, one(b'"a"', b',"id":1e400'), WRONG),
    "id that is a long string": (JSON, one(b'"a"', b',"id":"' + b"1" * 10_000 + b'"'), WRONG),
    "text 1e400": (JSON, one(b"1e400"), WRONG),
    "text -1e-400": (JSON, one(b"-1e-400"), WRONG),
    "number of a million digits beside": (
        JSON, one(b'"a"', b',"x":' + b"9" * 10**6), range(200, 401),
    ),
    # too much of it
    "10 MB string": (JSON, one(b'"' + b"a" * 10_000_000 + b'"'), TOO_LARGE),
    "3 MB string": (JSON, one(b'"' + b"a" * 3_000_000 + b'"'), WRONG),
    "10,001 characters": (JSON, one(b'"' + "慢".encode() * 10_001 + b'"'), WRONG),
    "10,000 characters": (JSON, one(b'"' + "慢".encode() * 10_000 + b'"'), OK),
    "too many comments": (JSON, b'{"comments":[' + b'{"text":"a"},' * 5000 + b'{"text":"a"}]}',
        TOO_LARGE),
    "a million empty objects": (JSON, b'{"comments":[' + b"{}," * 10**6 + b"{}]}",
        range(413, 423)),
    "100,000 keys": (
        JSON, b"{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}", WRONG,
    ),
    "length that lies": ({**JSON, "content-length": "99999999999"}, GOOD.encode(), TOO_LARGE),
    "length of 400 digits": ({**JSON, "content-length": "9" * 400}, GOOD.encode(), TOO_LARGE),
    # forgiven
    "key twice": (JSON, b'{"comments":[{"text":1,"text":"a"}],"comments":[{"text":"b"}]}',
        range(200, 423)),
    "text twice": (JSON, one(b'"a"', b',"text":"b"'), OK),
    "ids that are the same": (JSON, b'{"comments":[{"id":1,"text":"a"},{"id":1,"text":"b"}]}', OK),
    "id that is null": (JSON, one(b'"a"', b',"id":null'), OK),
    "other fields": (JSON, one(b'"a"', b',"price":1e400,"__proto__":{},"":[]'), OK),
    "empty text": (JSON, one(b'""'), OK),
    "no comments in the array": (JSON, b'{"comments":[]}', OK),
    # packed
    "gzip": (GZIP, PACKED, OK),
    "gzip, in capitals": ({**JSON, "content-encoding": " GZIP"}, PACKED, OK),
    "gzip in two pieces": (
        GZIP, gzip.compress(GOOD[:9].encode()) + gzip.compress(GOOD[9:].encode()), OK,
    ),
    "gzip in a thousand pieces": (GZIP, gzip.compress(b" ") * 1000 + PACKED, BROKEN),
    "deflate": ({**JSON, "content-encoding": "deflate"}, zlib.compress(GOOD.encode()), OK),
    "deflate without a frame": (
        {**JSON, "content-encoding": "deflate"}, zlib.compress(GOOD.encode())[2:-4], OK,
    ),
    "gzip, cut off": (GZIP, PACKED[:-9], BROKEN),
    "gzip, cut in its head": (GZIP, PACKED[:5], BROKEN),
    "gzip with a wrong sum": (GZIP, PACKED[:-8] + b"\0" * 8, BROKEN),
    "gzip, damaged": (GZIP, PACKED[:14] + b"\xff" * 8 + PACKED[22:], BROKEN),
    "gzip that is none": (GZIP, GOOD.encode(), BROKEN),
    "gzip of nothing": (GZIP, gzip.compress(b""), BROKEN),
    "gzip without a body": (GZIP, b"", BROKEN),
    "gzip and something behind": (GZIP, PACKED + b"more", BROKEN),
    "gzip that is not told": (JSON, PACKED, BROKEN),
    "gzip of a gzip": (GZIP, gzip.compress(PACKED), BROKEN),
    "gzip bomb": (GZIP, BOMB, TOO_LARGE),
    "gzip bomb in a gzip bomb": (GZIP, gzip.compress(BOMB), BROKEN),
    "deflate bomb": (
        {**JSON, "content-encoding": "deflate"}, zlib.compress(b"[" * 16_000_000), TOO_LARGE,
    ),
    "Brotli": ({**JSON, "content-encoding": "br"}, b"\x0b\x02\x80", NO_SUCH_TYPE),
    "packed twice": ({**JSON, "content-encoding": "gzip, gzip"}, PACKED, NO_SUCH_TYPE),
    "packed somehow": ({**JSON, "content-encoding": "x" * 10_000}, PACKED, NO_SUCH_TYPE),
}  # fmt: skip

TABLES = {
    "CSV": "昵称,评论内容\n小棠,这串能退吗\n",
    "CSV in GB18030": "昵称,评论内容\n小棠,这串能退吗\n".encode("gb18030"),
    "CSV in UTF-16": "昵称\t评论内容\n小棠\t这串能退吗\n".encode("utf-16"),
    "printed lines": "【聊天msg】[880011]小棠: 这串能退吗\n",
    "NDJSON": '{"text":"这串能退吗"}\n{"text":"多少钱"}\n',
    "array": '[{"text":"这串能退吗"}]',
}
