"""The catalogue: pins are complete, unique and safe to unpack."""

import re

import pytest

from antiphon.models.catalogue import MODELS, Model, find

NAMES = [model.name for model in MODELS]


def test_what_others_rely_on_is_there() -> None:
    assert NAMES == [
        "moonshine-tiny-en",
        "piper-joe",
        "silero-vad",
        "smart-turn",
        "smollm2-135m",
        "whisper-tiny-en",
        "speech-samples",
    ]


def test_find() -> None:
    assert find("silero-vad") is MODELS[2]
    assert find("Silero") is None


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_pin_is_whole(model: Model) -> None:
    hashes = [model.wheel.sha256, *(file.sha256 for file in model.files)]
    assert all(re.fullmatch(r"[0-9a-f]{64}", sha) for sha in hashes)
    assert all(file.size_bytes > 0 for file in model.files)
    assert model.wheel.size_bytes > 0
    assert model.licence
    assert model.purpose


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_file_names_are_plain_and_unique(model: Model) -> None:
    names = [file.name for file in model.files]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"\w[\w.-]*", name) for name in (*names, model.name, model.version))


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_the_wheel_is_of_the_project_and_version(model: Model) -> None:
    project = model.wheel.project.replace("-", "_")
    assert model.wheel.filename.startswith(f"{project}-{model.wheel.version}-")


def test_no_address_is_written_down() -> None:
    assert "://" not in repr(MODELS)
