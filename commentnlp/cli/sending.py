"""The verb send."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from commentnlp.cli.options import add_files, hints_of, printable, progress_line, tell_failed
from commentnlp.errors import CommentnlpError
from commentnlp.reading import Remarks, files_of

if TYPE_CHECKING:
    from commentnlp.cli.options import Verbs
    from commentnlp.client import Client, SendResult
    from commentnlp.sending import EventToSend

MAX_SHOWN = 5
"""Rejected events and lost lines of a file that are named."""


def add(verbs: Verbs) -> None:
    """Add the verb."""
    verb = verbs.add_parser(
        "send",
        help="send files of comments to a running service",
        description="Sends files to a service. Sent again, nothing is kept twice: after an"
        " interruption give the same command once more.",
    )
    add_files(verb)
    verb.add_argument("--room", default="", metavar="ROOM",
                      help="where all of it goes; the files' own rooms if not given")  # fmt: skip
    verb.add_argument("--url", metavar="URL", help="of the service; COMMENTNLP_URL or"
                      " http://127.0.0.1:8000 if not given")  # fmt: skip
    verb.add_argument("--token", metavar="TOKEN", help="COMMENTNLP_TOKEN if not given, which others"
                      " on this machine cannot read")  # fmt: skip
    verb.add_argument("--tz", default="Asia/Shanghai", metavar="ZONE",
                      help="clock of times that name none; Asia/Shanghai if not given")  # fmt: skip
    verb.add_argument("-q", "--quiet", action="store_true", help="say nothing where all went well")
    verb.set_defaults(run=_send)


def _send(options: argparse.Namespace) -> int:
    from commentnlp.client import Client
    from commentnlp.report import zone_named

    zone = zone_named(options.tz)
    url = options.url or os.environ.get("COMMENTNLP_URL") or "http://127.0.0.1:8000"
    token = options.token or os.environ.get("COMMENTNLP_TOKEN", "")
    failed: list[CommentnlpError] = []
    rejected = 0
    with Client(url, token, waiting=_tell_waiting) as client:
        for path in files_of(options.files):
            try:
                rejected += _send_file(client, path, options, zone, failed)
            except KeyboardInterrupt:
                print(f"commentnlp: {path}: interrupted; give the same command again: what is kept"
                      " is not kept twice", file=sys.stderr)  # fmt: skip
                return 130
    return tell_failed(failed) or int(rejected > 0)


def _send_file(
    client: Client, path: str, options: argparse.Namespace, zone: Any, failed: list[CommentnlpError]
) -> int:
    """Send one file; returns how many of its events were rejected."""
    from commentnlp.client import ServiceError
    from commentnlp.sending import events_to_send, lines_lost

    lost, places = Remarks(), list[str]()
    latest: list[EventToSend] = []

    def events() -> Iterator[dict[str, Any]]:
        found = events_to_send(path, room=options.room, text=options.text, day=options.date,
                               zone=zone, hints=hints_of(options), unreadable=failed.append,
                               lost=lost)  # fmt: skip
        for one in found:
            places.append(one.place)
            latest[:] = [one]
            yield one.event

    done: list[SendResult] = []
    with progress_line(path, options.quiet) as show:

        def tell(result: SendResult) -> None:
            done[:] = [result]
            show(result.sent, latest[0].position, latest[0].size)

        try:
            result = client.send(events(), progress=tell)
        except ServiceError as error:
            kept = done[0].kept + done[0].repeated if done else 0
            raise ServiceError(f"{path}: {kept:,} events are kept, then: {error}; give the same"
                               " command again to go on", error.status) from None  # fmt: skip
        except CommentnlpError as error:
            failed.append(error)
            return 0
    told = [f"{places[one.at]}: {one.why}" for one in result.rejected]
    _tell(path, "rejected", told)
    _tell(path, "no event", lines_lost(lost))
    if not options.quiet:
        print(f"{path}: {result.kept:,} kept, {result.repeated:,} kept before,"
              f" {len(result.rejected):,} rejected")  # fmt: skip
    return len(result.rejected)


def _tell(path: str, what: str, sentences: list[str]) -> None:
    for sentence in sentences[:MAX_SHOWN]:
        print(f"commentnlp: {what}: {printable(sentence, 300)}", file=sys.stderr)
    if len(sentences) > MAX_SHOWN:
        print(f"commentnlp: {path}: and {len(sentences) - MAX_SHOWN:,} more {what}",
              file=sys.stderr)  # fmt: skip


def _tell_waiting(why: str, seconds: float) -> None:
    print(f"commentnlp: {why}; next try in {seconds:.0f} s", file=sys.stderr)
