"""``python -m tests.fuzz readers --count 100000 --seed 1``."""

import argparse
import time
from pathlib import Path

from . import models, readers, resume, service, texts

FUZZERS = {"readers": readers, "texts": texts, "models": models, "resume": resume,
           "service": service}  # fmt: skip

options = argparse.ArgumentParser("python -m tests.fuzz")
options.add_argument("what", choices=FUZZERS)
options.add_argument("--count", type=int, default=1000)
options.add_argument("--seed", type=int, default=0)
chosen = options.parse_args()
folder = Path("fuzz-found")
folder.mkdir(exist_ok=True)
began = time.perf_counter()
FUZZERS[chosen.what].run(chosen.count, chosen.seed, folder)
print(f"{chosen.what}: {chosen.count:,} in {time.perf_counter() - began:,.0f} s, nothing found")
