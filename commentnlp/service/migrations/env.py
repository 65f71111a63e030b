"""Run by Alembic; the connection comes from `commentnlp.service.store`."""

from alembic import context

from commentnlp.service.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
