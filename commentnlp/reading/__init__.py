"""Bytes of any kind → tables: encodings, delimiters, what live-room tools write."""

from commentnlp.reading.tables import Table, read_table_file

__all__ = ["Table", "read_table_file"]
