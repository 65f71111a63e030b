"""Files of any kind → records: encodings, tables, workbooks, JSON, what live-room tools write."""

from commentnlp.reading.names import files_of
from commentnlp.reading.remarks import Remarks
from commentnlp.reading.sources import Parser, Piece, Source, open_sources
from commentnlp.reading.tables import BLANK, NO_HINTS, RAGGED, Records, TableHints

__all__ = [
    "BLANK",
    "NO_HINTS",
    "RAGGED",
    "Parser",
    "Piece",
    "Records",
    "Remarks",
    "Source",
    "TableHints",
    "files_of",
    "open_sources",
]
