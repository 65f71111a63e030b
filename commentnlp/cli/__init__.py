"""The command line: each verb is one library call.

Results go to files or stdout, talk to stderr. Exit status 0, 1 (a known problem, told in one
line), 2 (wrong usage) or 130 (interrupted).
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from commentnlp import __version__
from commentnlp.cli import learning, models, reporting, sending, serving, stores, tagging
from commentnlp.compiled_core import core_name
from commentnlp.errors import CommentnlpError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that cannot show every character
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(argv)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except CommentnlpError as error:
        print(f"commentnlp: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("commentnlp: interrupted; nothing half-written is left", file=sys.stderr)
        return 130
    except MemoryError:
        print("commentnlp: out of memory; what is done is kept where --resume can go on with it",
              file=sys.stderr)  # fmt: skip
        return 1
    except OSError as error:
        if error.filename is not None:
            print(f"commentnlp: {error.filename}: {error.strerror}", file=sys.stderr)
            return 1
        if not isinstance(error, BrokenPipeError):  # the reader of stdout left, as `head` does
            print(f"commentnlp: stdout cannot be written ({error.strerror})", file=sys.stderr)
        # what is still buffered would fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "commentnlp", description="Tags what viewers write in Chinese livestream shops."
    )
    parser.add_argument(
        "--version", action="version", version=f"commentnlp {__version__}, {core_name()} core"
    )
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for family in (tagging, reporting, serving, sending, stores, learning, models):
        family.add(verbs)
    return parser
