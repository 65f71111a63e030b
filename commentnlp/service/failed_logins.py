"""How long an address that showed wrong tokens has to wait before it may show another."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_FAILURES = 5
"""Failures after which an address has to wait."""
FIRST_DELAY = 2.0
MAX_DELAY = 300.0
"""Seconds to wait after `FREE_FAILURES`, doubled with each further failure, and the most."""
FORGOTTEN_AFTER = 900.0
"""Seconds without a failure, over the delay, after which an address begins anew."""
MAX_ADDRESSES = 10_000
"""Addresses that are remembered; the one that failed longest ago goes first."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0


class FailedLogins:
    """Counts wrong tokens by the address they came from."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds that only grow."""
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def seconds_to_wait(self, address: str) -> float:
        """Seconds until the address may show a token; 0 where it may now."""
        failures = self._failures.get(address)
        if failures is None:
            return 0.0
        return max(0.0, failures.last + _delay(failures.count) - self._clock())

    def add(self, address: str) -> int:
        """Count a failure; returns how many there were in a row."""
        now = self._clock()
        failures = self._failures.pop(address, None)
        if failures is None or now - failures.last > _delay(failures.count) + FORGOTTEN_AFTER:
            failures = _Failures()
        failures.count += 1
        failures.last = now
        self._failures[address] = failures
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)
        return failures.count


def _delay(failures: int) -> float:
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(MAX_DELAY, FIRST_DELAY * 2 ** min(failures - FREE_FAILURES, 20)))
