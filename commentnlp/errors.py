"""The one root of every error that the library raises on purpose."""


class CommentnlpError(Exception):
    """A known problem: its text says what happened, where, and what to do about it."""


class ReadError(CommentnlpError):
    """A file cannot be read as comments or samples."""


class SampleError(CommentnlpError):
    """Labelled samples or the taxonomy contradict themselves."""


class ModelError(CommentnlpError):
    """A model folder is missing, damaged, foreign or of another format."""


class StoreError(CommentnlpError):
    """The service's store cannot be opened or written."""
