"""Header fields of a request, read in time that grows with their length and no faster.

Whoever reaches the port sends them, before any token is shown: nothing here raises, whatever they
hold.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache

PASSED_ON = frozenset((b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip"))
"""Names of fields that a proxy adds."""

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._~%-]{1,255}))(?::[0-9]{0,5})?")


def field_of(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """The value of a field, or nothing; of several the last."""
    value = b""
    for key, one in headers:
        if key == name:
            value = one
    return value


def is_host(host: str) -> bool:
    """Whether a ``Host`` field is a name or an address, perhaps with a port."""
    return _name_of(host) is not None


def is_foreign(headers: Iterable[tuple[bytes, bytes]], host: str) -> bool:
    """Whether a page of another site sends a request; only browsers say where one comes from."""
    fields = dict(headers)
    if site := fields.get(b"sec-fetch-site"):
        return site not in (b"same-origin", b"none")
    origin = fields.get(b"origin", b"").decode("latin-1")
    return bool(origin) and (not host or origin.partition("://")[2] != host)


def cookies_named(headers: Iterable[tuple[bytes, bytes]], name: str) -> list[bytes]:
    """The values of a cookie that are 64 hexadecimal digits: a browser may send several."""
    pattern = _cookie_pattern(name)
    return [value for key, field in headers if key == b"cookie" for value in pattern.findall(field)]


@lru_cache(4)
def _cookie_pattern(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![^;\s])%s=([0-9a-f]{64})(?![^;\s])" % re.escape(name).encode())


def is_this_machine(host: str) -> bool:
    """Whether a ``Host`` field, or the address of a client, is this machine's own."""
    name = _name_of(f"[{host}]" if host.count(":") > 1 and "[" not in host else host)
    return name is not None and (name == "localhost" or _is_loopback(name))


def address_of(client: object) -> str:
    """The address of an ASGI client for logs and counts, never text that somebody chose.

    Of IPv6 the first 64 bits, which one household or server has to itself.
    """
    try:
        address = ipaddress.ip_address(str(client[0]))  # type: ignore[index]
    except (TypeError, IndexError, ValueError):
        return "an unknown address"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        if not address.is_loopback:
            return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


@lru_cache(1024)
def _name_of(host: str) -> str | None:
    """The name or address of a ``Host`` field, in lower case; None for what is no host."""
    match = _HOST.fullmatch(host)
    if match is None:
        return None
    if match[1] is None:
        return match[2].lower()
    try:
        return str(ipaddress.IPv6Address(match[1]))
    except ValueError:
        return None


def _is_loopback(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
