"""Several processes that tag pieces of one file, in order."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path

from commentnlp.errors import CommentnlpError
from commentnlp.layouts import Layout
from commentnlp.model import Model
from commentnlp.reading import Parser, Piece
from commentnlp.tag_columns import TagColumns
from commentnlp.tagging import Done, Tagger

_tagger: Tagger | None = None
"""Of this process, if it is a worker."""


def tag_pieces(tagger: Tagger, folder: Path, pieces: Iterable[Piece], jobs: int) -> Iterator[Done]:
    """Tag ``pieces``, in order, with ``jobs`` processes, this one among them.

    The others load the model from ``folder`` once. No more than a few pieces are held at a time.
    Raises CommentnlpError where one of them is ended from outside.
    """
    # spawned, not forked: numpy may have threads, and a fork with threads can hang
    pool = ProcessPoolExecutor(
        jobs - 1,
        get_context("spawn"),
        _start,
        (folder, tagger.parser, tagger.layout, tagger.columns),
    )
    begun: deque[Future[Done]] = deque()
    try:
        for piece in pieces:
            # this process tags, too, while the others are busy or still loading the model
            if sum(not one.done() for one in begun) < 2 * (jobs - 1):
                begun.append(pool.submit(_tag, piece))
            else:
                begun.append(Future())
                begun[-1].set_result(tagger.tag(piece))
            while begun and (len(begun) > 8 * jobs or begun[0].done()):
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    except BrokenProcessPool:
        raise CommentnlpError(
            "a process that tagged was ended from outside (is memory short?);"
            " run again with --jobs 1"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start(folder: Path, parser: Parser, layout: Layout | None, columns: TagColumns) -> None:
    global _tagger
    # an interrupt reaches every process of the terminal; the parent decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # as the parent does
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _tagger = Tagger(Model.load(folder), parser, layout, columns)


def _end_with_parent() -> None:
    """A parent that was killed says nothing; its workers would wait for pieces for ever."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _tag(piece: Piece) -> Done:
    assert _tagger is not None
    return _tagger.tag(piece)
