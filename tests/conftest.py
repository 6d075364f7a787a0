"""Fixtures that several test files share, and which tests are slow."""

import pytest

from fer_models.paths import EXAMPLES
from tests.support.slow import is_slow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and is_slow(item):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """What is exported in a test, or by whoever works here, is not another test's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_MODELS_CACHE", str(tmp_path_factory.mktemp("fer-models")))
        yield


@pytest.fixture
def data_cache(tmp_path_factory, monkeypatch):
    """Tables read in a test are memory-mapped from a temporary folder, not from the user's cache."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


def _example(name: str):
    from fer_models.faces import read_photo

    return read_photo(EXAMPLES / name)


@pytest.fixture(scope="session")
def portrait():
    """A photo of one person who smiles at the camera, 420 x 420."""
    return _example("portrait.jpg")


@pytest.fixture(scope="session")
def several_faces():
    """A montage of three people side by side, 1008 x 420."""
    return _example("several_faces.jpg")


@pytest.fixture(scope="session")
def hard_light():
    """A face that is tilted by 20 degrees and lit from the right, 520 x 520."""
    return _example("hard_light.jpg")


@pytest.fixture(scope="session")
def no_face():
    """A cup of coffee, 600 x 400."""
    return _example("no_face.jpg")
