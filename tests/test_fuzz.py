"""The fuzzers, briefly; ``python -m tests.fuzz`` runs them for longer."""

import sys

import pytest

from .fuzz import models, readers, resume, service, texts


def test_readers(tmp_path):
    readers.run(400, 1, tmp_path)


def test_texts(tmp_path):
    texts.run(3000, 1, tmp_path)


def test_models(tmp_path):
    models.run(60, 1, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_resume(tmp_path):
    resume.run(2, 1, tmp_path)


@pytest.mark.slow
def test_service(tmp_path):
    service.run(4, 1, tmp_path)
