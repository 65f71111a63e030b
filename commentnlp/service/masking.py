"""Masks who a quoted comment names: @names, names behind 收货人, telephones, order numbers.

The length of a text stays the same, so that evidence keeps its place.
"""

from __future__ import annotations

import re

MASK = "*"
MIN_DIGITS = 7
"""Figures in a row from which on a number may be a telephone, an order or a parcel."""

_ROLES = "主播|客服|助理|小助理|老板|店家|掌柜|管理"
_DIGIT = "[0-9０-９]"
_LIKE_DIGIT = "[0-9０-９oOlI]"
_MASKED = re.compile(
    # a role is no name; what is glued to it may be the complaint itself (@客服怎么还不发货)
    rf"[@＠](?:{_ROLES})(?:(?P<of_role>[^\s@＠:：,，。!！?？]{{1,6}})(?=\s))?"
    r"|[@＠](?P<mention>[^\s@＠:：,，。!！?？、/\[\]]{1,24})"
    r"|(?:回复|//)\s?(?P<reply>[^\s@＠:：/]{1,20})\s?(?=[:：])"
    r"|(?:收货人|收件人|联系人|姓名|名字)(?:叫|是|[:：\s])*(?P<person>[\u4e00-\u9fff·]{2,4})"
    r"|(?P<mail>[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z]{2,8})"
    r"|(?:微信|薇信|[VvWw][Xx]|[VvWw]信|加[VvＶ]|[Qq]{2})[号是:：\s]*(?P<account>[A-Za-z0-9_-]{5,20})"
    rf"|(?<!{_DIGIT})20[0-9]{{2}}[-./年][0-9]{{1,2}}[-./月][0-9]{{1,2}}(?!{_DIGIT})"  # a date stays
    rf"|(?P<number>(?<!{_DIGIT})(?={_DIGIT})(?:"
    # in one piece, or as telephones are written; 38 124 125 126 are item numbers
    rf"(?:{_LIKE_DIGIT}[-_.·]?){{{MIN_DIGITS - 1},}}{_LIKE_DIGIT}"
    rf"|(?:{_DIGIT} ){{{MIN_DIGITS - 1},}}{_DIGIT}"
    rf"|1{_DIGIT}{{2}} {_DIGIT}{{4}} {_DIGIT}{{4}}"
    rf"|0{_DIGIT}{{2,3}} {_DIGIT}{{7,8}}))"
    rf"|(?P<spelt>[零〇一二三四五六七八九幺]{{{MIN_DIGITS},}})"
)


def mask_identities(text: str) -> str:
    """Replace names, telephones, order numbers and contacts by ``*``; the length stays the same.

    >>> mask_identities("@小美 我电话13800001234 还不发货")
    '@** 我电话*********** 还不发货'
    """
    return _MASKED.sub(_mask_group, text)


def _mask_group(match: re.Match[str]) -> str:
    whole = match.group()
    if match.lastgroup is None:
        return whole
    start, end = (place - match.start() for place in match.span(match.lastgroup))
    return whole[:start] + MASK * (end - start) + whole[end:]
