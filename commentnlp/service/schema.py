"""Tables of the store, the same for SQLite and PostgreSQL.

Names of rooms and labels are kept once and are numbers elsewhere: a label row is a quarter of the
size, and there are several to a comment.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

VERSION = "0002"
"""The migration that makes these tables; a store that says so needs none."""
VERSION_TABLE = "commentnlp_version"
"""Where a store says so."""

# rowids of SQLite must be called INTEGER
_SEQ = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("room", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("item", Text, nullable=False),
    Column("levels", Text, nullable=False),
    # as people corrected it, where they did
    Column("answer", Text, nullable=False),
    Column("model", Text, nullable=False),
    # JSON object: the latest correction, and what the model had said; empty where there is none
    Column("correction", Text, nullable=False),
    Index("events_key", "key", unique=True),
    Index("events_time", "time", "seq", "room"),
    Index("events_room", "room", "seq"),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("room", Text, nullable=False),
    # times of its earliest and latest event; null where nothing is kept of it any more
    Column("first", BigInteger),
    Column("last", BigInteger),
)

label_names = Table(
    "label_names",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    # the empty one stands on every viewer's comment
    Column("label", Text, nullable=False),
)

labels = Table(
    "labels",
    metadata,
    Column("label", SmallInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("room", Integer, nullable=False),
    # the room is in it so that a page of one room reads nothing but the index
    PrimaryKeyConstraint("label", "time", "seq", "room", name="labels_pkey"),
    sqlite_with_rowid=False,
)

minutes = Table(
    "minutes",
    metadata,
    Column("room", Integer, nullable=False),
    Column("minute", BigInteger, nullable=False),
    # JSON object: number of the label → comments; a row for each of them takes three times as
    # long to read, and thirty of them change where one does
    Column("comments", Text, nullable=False),
    PrimaryKeyConstraint("room", "minute", name="minutes_pkey"),
    sqlite_with_rowid=False,
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", _SEQ, primary_key=True, autoincrement=True),
    # of its text; an index over long texts would be refused
    Column("digest", LargeBinary, nullable=False),
    Column("text", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("seq", BigInteger),
    Column("room", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("note", Text, nullable=False),
    # who wrote what is corrected
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Index("corrections_digest", "digest"),
    # a number that was given is never given again
    sqlite_autoincrement=True,
)

deletions = Table(
    "deletions",
    metadata,
    Column("id", _SEQ, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    # who asked for it
    Column("by", Text, nullable=False),
    # "person" or "room"; never which
    Column("what", Text, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("labels", BigInteger, nullable=False),
    # JSON array: the latest numbers of the events, for pages that were not open meanwhile
    Column("seqs", Text, nullable=False),
    sqlite_autoincrement=True,
)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
