"""Side-by-side measurements: the shipped model against what one would use instead.

``python -m benchmarks`` measures and writes ``results.json``, the tables and the picture.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TRAINING_DATA = ROOT / "training_data"
REAL = ROOT.parent / "shared" / "data"
"""Real rooms and labelled real comments. Not in this repository; measured where they are there."""

RESULTS = HERE / "results.json"
WORK = ROOT / "build" / "benchmarks"
"""Fitted rivals, made files, and all that a quick run writes."""
