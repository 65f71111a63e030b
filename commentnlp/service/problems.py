"""What a caller is told who sent something that cannot be served: RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from commentnlp.errors import CommentnlpError

MEDIA_TYPE = "application/problem+json"

# as RFC 9110 names them; older Pythons know older names
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


class Problem(CommentnlpError):
    """An answer that is no success: its status, and one sentence what is wrong and what to do."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        field: str = "",
        title: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``field`` names what is wrong in the body, such as ``comments[3].text``."""
        # what is told may quote the caller
        detail = detail.encode("utf-8", "replace").decode()
        super().__init__(detail)
        self.status = status
        self.title = title or _TITLES.get(status) or HTTPStatus(status).phrase
        self.detail = detail
        self.field = field
        self.headers = dict(headers or {})

    def to_bytes(self) -> bytes:
        """The body of the answer, as `MEDIA_TYPE`."""
        told = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.field:
            told["field"] = self.field
        return msgspec.json.encode(told)
