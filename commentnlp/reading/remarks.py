"""What was odd in a file: why, how often, and on which lines first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_SHOWN = 5


class Remarks:
    """Counts reasons and keeps the first lines of each; two of them can be added up."""

    def __init__(self) -> None:
        """Start with nothing to remark."""
        self.counts: dict[str, int] = {}
        self.lines: dict[str, list[int]] = {}

    def add(self, why: str, line: int | None = None, count: int = 1) -> None:
        """Remark ``why``, ``count`` times, first seen on ``line``."""
        if not count:
            return
        self.counts[why] = self.counts.get(why, 0) + count
        shown = self.lines.setdefault(why, [])
        if line is not None and line not in shown and len(shown) < _SHOWN:
            shown.append(line)

    def update(self, other: Remarks) -> None:
        """Add what another part of the file gave."""
        for why, count in other.counts.items():
            self.add(why, None, count)
            shown = self.lines[why]
            shown += other.lines[why][: _SHOWN - len(shown)]

    def __len__(self) -> int:
        """How many things were remarked in all."""
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[tuple[str, int, list[int]]]:
        """``(why, count, first lines)``, the most frequent first."""
        for why in sorted(self.counts, key=lambda why: -self.counts[why]):
            yield why, self.counts[why], self.lines[why]

    def to_json(self) -> list[tuple[str, int, list[int]]]:
        """What `from_json` reads."""
        return list(self)

    @classmethod
    def from_json(cls, data: Iterable[tuple[str, int, list[int]]]) -> Remarks:
        """Remarks that `to_json` gave."""
        out = cls()
        for why, count, lines in data:
            out.counts[why], out.lines[why] = count, list(lines)
        return out

    def told(self) -> list[str]:
        """One sentence each: ``3 rows …: lines 5, 9, 12``."""
        out = []
        for why, count, lines in self:
            where = ", ".join(map(str, lines)) + (", …" if count > len(lines) else "")
            out.append(f"{count} × {why}" + (f" (line {where})" if lines else ""))
        return out
