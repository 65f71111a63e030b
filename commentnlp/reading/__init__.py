"""Files of any kind → records: encodings, tables, workbooks, JSON, what live-room tools write."""

from commentnlp.reading.names import files_of
from commentnlp.reading.remarks import Remarks
from commentnlp.reading.sources import Parser, Piece, Source, open_sources
from commentnlp.reading.tables import BLANK, RAGGED, Records

__all__ = [
    "BLANK",
    "RAGGED",
    "Parser",
    "Piece",
    "Records",
    "Remarks",
    "Source",
    "files_of",
    "open_sources",
]
