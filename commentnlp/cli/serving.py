"""The verb serve."""

from __future__ import annotations

import argparse
import logging
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from commentnlp.errors import CommentnlpError

if TYPE_CHECKING:
    from commentnlp.cli.options import Verbs
    from commentnlp.service.settings import Settings


def add(verbs: Verbs) -> None:
    """Add the verb."""
    verb = verbs.add_parser("serve", help="HTTP for a room's monitor, and the live page",
                            epilog="Each option but host and port can also be given as"
                            " COMMENTNLP_STORE, COMMENTNLP_MODEL, …; secrets only so:"
                            " COMMENTNLP_TOKEN, COMMENTNLP_READ_TOKEN, COMMENTNLP_SECRET,"
                            " COMMENTNLP_PUSH_SECRET, COMMENTNLP_WEBHOOKS.")  # fmt: skip
    verb.add_argument(
        "--host",
        default="127.0.0.1",
        help="where to listen; others than 127.0.0.1 need COMMENTNLP_TOKEN",
    )
    verb.add_argument("--port", type=int, default=8000)
    verb.add_argument("--store", metavar="STORE", help="SQLite file, or postgresql+psycopg://…;"
                      " commentnlp.db if not given")  # fmt: skip
    verb.add_argument("--model", type=Path, metavar="FOLDER", help="model folder, or a folder"
                      " whose file `current` names the one in use")  # fmt: skip
    verb.add_argument("--keep-days", type=float, metavar="DAYS",
                      help="delete what is older; nothing if not given")  # fmt: skip
    verb.add_argument("--keep-names", action="store_true", default=None,
                      help="keep nicknames readable")  # fmt: skip
    verb.add_argument("--tz", dest="zone", metavar="ZONE", help="Asia/Shanghai if not given")
    verb.add_argument(
        "--lang",
        dest="language",
        choices=("zh", "en"),
        help="of the page where a browser asks for neither; zh if not given",
    )
    verb.add_argument("--url", metavar="URL", help="where people reach the service, such as"
                      " https://live.example.com: alerts link to it")  # fmt: skip
    verb.add_argument("--log-format", choices=("text", "json"), help="of the log on stderr; text if"
                      " not given")  # fmt: skip
    verb.add_argument("--access-log", action="store_true", default=None,
                      help="a line in the log for every request")  # fmt: skip
    verb.add_argument("--test-alerts", action="store_true", help="send one test message to each"
                      " webhook, say what it answered, and stop")  # fmt: skip
    verb.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    try:
        import uvicorn

        from commentnlp.report import zone_named
        from commentnlp.service.app import create_app
        from commentnlp.service.guarded_http import Protocol
        from commentnlp.service.logs import set_up_logging
        from commentnlp.service.request_headers import is_this_machine
        from commentnlp.service.settings import settings_of
    except ImportError as error:
        raise CommentnlpError(f"the service needs more packages ({error.name} is missing):"
                              ' pip install "commentnlp[serve]"') from None  # fmt: skip
    given = ("store", "model", "keep_days", "keep_names", "zone", "language", "url",
             "log_format", "access_log")  # fmt: skip
    settings = settings_of(os.environ, **{name: getattr(options, name) for name in given})
    if options.test_alerts:
        return _test_alerts(settings)
    if not is_this_machine(options.host):
        _check_tokens(settings, options.host)
    with _listening(options.host, options.port) as listening:
        app = create_app(settings)
        host = f"[{options.host}]" if ":" in options.host else options.host
        set_up_logging(settings.log_format, zone_named(settings.zone))
        logging.getLogger(__name__).info("listening at http://%s:%d/ (Ctrl-C stops it)", host,
                                         listening.getsockname()[1])  # fmt: skip
        how = uvicorn.Config(app, http=Protocol, ws="none", access_log=False, log_config=None,
                             timeout_graceful_shutdown=10)  # fmt: skip
        uvicorn.Server(how).run(sockets=[listening])
    return 0


def _test_alerts(settings: Settings) -> int:
    from commentnlp.service.alerts import try_webhooks

    if not settings.webhooks:
        raise CommentnlpError("--test-alerts: no webhooks; set COMMENTNLP_WEBHOOKS, or this is"
                              " another environment than the service's")  # fmt: skip
    results = try_webhooks(settings)
    for result in results:
        print(f"{result.webhook}: {'ok' if result.taken else 'FAILED'}, {result.answer}")
    return 0 if all(result.taken for result in results) else 1


def _check_tokens(settings: Settings, host: str) -> None:
    """Refuse to listen where others could read all comments."""
    from commentnlp.service.access import MIN_TOKEN_CHARACTERS

    if not settings.token:
        raise CommentnlpError(f"--host {host}: who can reach it could read all comments;"
                              " set COMMENTNLP_TOKEN first")  # fmt: skip
    for name, token in (("TOKEN", settings.token), ("READ_TOKEN", settings.read_token)):
        if 0 < len(token) < MIN_TOKEN_CHARACTERS:
            raise CommentnlpError(f"--host {host}: COMMENTNLP_{name} can be guessed; give at least"
                                  f" {MIN_TOKEN_CHARACTERS} characters, such as"
                                  " python -c 'import secrets; print(secrets.token_urlsafe())'"
                                  " prints")  # fmt: skip


def _listening(host: str, port: int) -> socket.socket:
    """A socket that nobody else listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise CommentnlpError(f"--host {host} --port {port}: cannot be listened on ({error});"
                              " give another --port") from None  # fmt: skip
