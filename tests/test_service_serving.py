import shutil

import pytest

from commentnlp import Model
from commentnlp.errors import ModelError
from commentnlp.model_folder import folder_in_use
from commentnlp.service.serving import Serving


def saved(model, folder, version):
    """The model under another name: all but its version is the same."""
    from dataclasses import replace

    model.meta = replace(model.meta, version=version)
    model.save(folder)
    return folder


def point(models, name):
    (models / ".current").write_text(f"{name}\n", encoding="utf-8")
    (models / ".current").replace(models / "current")


@pytest.fixture
def models(tiny, tmp_path):
    """A folder of two models, the first in use."""
    folder = tmp_path / "模型"
    folder.mkdir()
    saved(tiny, folder / "一", "v1")
    saved(tiny, folder / "二", "v2")
    point(folder, "一")
    return folder


def test_the_pointer_names_the_folder_in_use(models):
    assert folder_in_use(models) == models / "一"
    assert folder_in_use(models / "二") == models / "二"
    assert Model.load(models).meta.version == "v1"
    assert Model.load(models).folder == models / "一"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".."])
def test_a_pointer_to_elsewhere_is_refused(models, name):
    (models / "current").write_text(name, encoding="utf-8")
    with pytest.raises(ModelError, match="names no folder beside it"):
        folder_in_use(models)


def test_a_moved_pointer_swaps_the_model(models):
    serving = Serving(models)
    before = serving.model
    assert not serving.changed()
    point(models, "二")
    assert serving.changed()
    assert serving.reload()
    assert not serving.changed()
    assert serving.model.meta.version == "v2"
    assert before.meta.version == "v1"  # who works with the old one goes on with it


def test_a_folder_that_was_written_anew_swaps_the_model(models, tiny):
    serving = Serving(models / "一")
    saved(tiny, models / "一", "v3")
    assert serving.changed()
    assert serving.reload()
    assert serving.model.meta.version == "v3"


@pytest.mark.parametrize("damage", ["gone", "weights", "pointer"])
def test_a_broken_model_leaves_the_old_one_in_use(models, damage):
    serving = Serving(models)
    if damage == "gone":
        shutil.rmtree(models / "二")
        point(models, "二")
    elif damage == "weights":
        (models / "二" / "weights.npy").write_bytes(b"no array")
        point(models, "二")
    else:
        point(models, "..")
    assert serving.changed()
    assert not serving.reload()
    assert serving.model.meta.version == "v1"
    assert serving.failed is not None
    assert "二" in serving.failed.error or ".." in serving.failed.error
    assert not serving.changed()  # it is not tried again until something changes
    point(models, "一")
    assert serving.changed()
    assert not serving.reload()  # the same version as before
    assert serving.failed is None


def test_the_first_model_must_be_there(tmp_path):
    with pytest.raises(ModelError):
        Serving(tmp_path)
