"""Random input for readers, texts, model folders and broken-off runs.

``python -m tests.fuzz readers --count 100000 --seed 1`` runs one of them for as long as one likes;
the tests run each of them briefly. The same seed gives the same input. What is found stands in the
error: the input is written to ``fuzz-found`` in the working directory.
"""
