"""Header fields that anybody may send."""

import pytest

from commentnlp.service.request_headers import (
    address_of,
    cookies_named,
    is_foreign,
    is_host,
    is_this_machine,
)

VALUE = b"0123456789abcdef" * 4
OTHER = b"f" * 64


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (b"c=" + VALUE, [VALUE]),
        (b"a=b; c=" + VALUE + b"; d=e", [VALUE]),
        (b"a=b;c=" + VALUE, [VALUE]),
        (b"c=" + VALUE + b"; c=" + OTHER, [VALUE, OTHER]),
        (b"xc=" + VALUE, []),
        (b"c=" + VALUE + b"0", []),
        (b"c=" + VALUE[:-1], []),
        (b"C=" + VALUE, []),
        (b"c=" + VALUE.upper(), []),
        (b'c="' + VALUE + b'"', []),
        (b"\x07;;;=", []),
        (b"", []),
    ],
)
def test_a_cookie_is_found_by_its_name(field, values):
    assert cookies_named([(b"cookie", field), (b"x", b"c=" + OTHER)], "c") == values


@pytest.mark.parametrize(
    "unit", [b"\\", b'"', b"c=", b"c=" + VALUE, b"; ", b"a=b; ", b"c=" + VALUE[:-1] + b";"]
)
def test_cookies_of_megabytes_do_not_keep_the_service_busy(unit):
    """Were time to grow with the square of the length, this would not end today."""
    field = b'c="' + unit * (4_000_000 // len(unit))
    assert cookies_named([(b"cookie", field + b"; c=" + VALUE)], "c")[-1] == VALUE


@pytest.mark.parametrize(
    ("host", "good", "here"),
    [
        ("127.0.0.1:8000", True, True),
        ("127.8.8.8", True, True),
        ("LOCALHOST", True, True),
        ("localhost:", True, True),
        ("[::1]:8000", True, True),
        ("[::ffff:127.0.0.1]", True, True),
        ("shop.example", True, False),
        ("xn--fiq228c.example:443", True, False),
        ("10.0.0.1", True, False),
        ("[fe80::1]", True, False),
        # names that a name server with search domains could give to anybody
        ("testserver", True, False),
        ("testclient", True, False),
        ("localhost.evil.example", True, False),
        ("", False, False),
        ("[", False, False),
        ("[]", False, False),
        ("[::1", False, False),
        ("[1:2]", False, False),
        ("[v1.x]", False, False),
        ("a b", False, False),
        ("a/b", False, False),
        ("user@127.0.0.1", False, False),
        ("127.0.0.1:8000:1", False, False),
        ("127.0.0.1\n", False, False),
        ("localhost\x00", False, False),
        ("a" * 70_000, False, False),
    ],
)
def test_hosts(host, good, here):
    assert is_host(host) == good
    assert is_this_machine(host) == here


def test_the_address_of_a_client_is_this_machines():
    assert is_this_machine("::1")
    assert is_this_machine("::ffff:127.0.0.1")
    assert not is_this_machine("::ffff:10.0.0.1")
    assert not is_this_machine("fe80::1")


@pytest.mark.parametrize(
    "origin", ["http://[", "null", "http://", "//a:8000", "http://a:8000/", "http://a:80000"]
)
def test_an_origin_that_is_not_ours_is_foreign(origin):
    assert is_foreign([(b"origin", origin.encode())], "a:8000")
    assert is_foreign([(b"origin", origin.encode())], "")


def test_our_own_origin():
    assert not is_foreign([(b"origin", b"https://a:8000")], "a:8000")
    assert not is_foreign([], "a:8000")


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("10.0.0.7", 4711), "10.0.0.7"),
        (("::ffff:10.0.0.7", 4711), "10.0.0.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("::1", 1), "::1"),
        (("1\nERROR: forged", 1), "an unknown address"),
        (("", 1), "an unknown address"),
        ((), "an unknown address"),
        (None, "an unknown address"),
    ],
)
def test_the_address_of_a_client_in_logs(client, address):
    assert address_of(client) == address
