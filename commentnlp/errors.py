"""The one root of every error that the library raises on purpose."""


class CommentnlpError(Exception):
    """A known problem: its text says what happened, where, and what to do about it."""


class ReadError(CommentnlpError):
    """A file cannot be read as comments or samples."""


class SampleError(CommentnlpError):
    """Labelled samples or the taxonomy contradict themselves."""


class FacetError(CommentnlpError, KeyError):
    """There is no facet of that name."""

    def __str__(self) -> str:
        """Give the message as it is; a KeyError would put it in quotation marks."""
        return str(self.args[0])


class ModelError(CommentnlpError):
    """A model folder is missing, damaged, foreign or of another format."""


class StoreError(CommentnlpError):
    """The service's store cannot be opened or written."""
