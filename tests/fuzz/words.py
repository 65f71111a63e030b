"""What an error says."""


def check_words(error: Exception) -> None:
    """One line, and nothing that acts on a terminal."""
    said = str(error)
    assert said
    assert "\n" not in said
    assert "\x1b" not in said
