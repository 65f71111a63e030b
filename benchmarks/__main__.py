"""``python -m benchmarks``: measure, keep what was found, render it."""

from __future__ import annotations

import argparse
import sys

from benchmarks import RESULTS, WORK
from benchmarks.speed import MEASURES, Settings, machine, run
from benchmarks.table import PICTURE, details, draw, read_results, render, write_results


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, metavar="N", help="interleaved rounds; 5, or 2 with --quick")
    add("--quick", action="store_true", help="small files, a few minutes; changes no README")
    add("--only", action="append", choices=MEASURES, metavar="NAME",
        help=f"one of {', '.join(MEASURES)}; may be given several times")  # fmt: skip
    add("--memory", action="store_true", help="peak memory at 1 and 10 million rows, too; long")
    add("--render", action="store_true", help="redraw, measure nothing")
    options = parser.parse_args()

    folder = WORK / "quick" if options.quick else RESULTS.parent
    WORK.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    results = read_results(folder / RESULTS.name)
    if not options.render:
        rounds = options.rounds or (2 if options.quick else 5)
        settings = Settings(str(WORK), rounds, options.quick)
        names = options.only or [n for n in MEASURES if n != "memory" or options.memory]
        run("fit", settings)
        for name in names:
            print(name, file=sys.stderr)
            results[name] = run(name, settings)
            # each as soon as it is there: a later one that fails takes nothing away
            write_results(folder / RESULTS.name, {**results, "machine": machine()})
        results = read_results(folder / RESULTS.name)
    if options.quick:
        draw(results, folder / PICTURE)
        print(details(results))
    else:
        render(results)


if __name__ == "__main__":
    main()
