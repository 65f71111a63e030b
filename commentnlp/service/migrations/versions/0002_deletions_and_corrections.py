"""Records of deletions; a place for what the model had said of a corrected comment."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    op.add_column("events", sa.Column("correction", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "deletions",
        sa.Column("id", SEQ, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("labels", sa.BigInteger, nullable=False),
        sa.Column("seqs", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
