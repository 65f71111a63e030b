"""Files of any kind → records: encodings, tables, workbooks, JSON, what live-room tools write."""

from commentnlp.reading.remarks import Remarks
from commentnlp.reading.sheets import ONLY_SHEET
from commentnlp.reading.sources import Parser, Piece, Source, open_sources
from commentnlp.reading.tables import BLANK, RAGGED, Records

__all__ = [
    "BLANK",
    "ONLY_SHEET",
    "RAGGED",
    "Parser",
    "Piece",
    "Records",
    "Remarks",
    "Source",
    "open_sources",
]
