"""The service: ``python serve.py``, or with COMMENTNLP_… variables
``uvicorn serve:app --http commentnlp.service.guarded_http:Protocol``."""

import logging
import os
import sys


def __getattr__(name: str) -> object:
    """Make ``app`` when a server asks for it first."""
    if name != "app":
        raise AttributeError(name)
    from commentnlp.errors import CommentnlpError
    from commentnlp.report import zone_named
    from commentnlp.service.app import create_app
    from commentnlp.service.logs import set_up_logging
    from commentnlp.service.settings import settings_of

    try:
        settings = settings_of(os.environ)
        app = globals()["app"] = create_app(settings)
        set_up_logging(settings.log_format, zone_named(settings.zone), logging.INFO)
    except CommentnlpError as error:
        sys.exit(f"commentnlp: {error}")
    return app


if __name__ == "__main__":
    from commentnlp.cli import main

    sys.exit(main(["serve", *sys.argv[1:]]))
