"""The environment, read once."""

from pathlib import Path

import pytest

from antiphon.config.environment import folder_for_calls, read
from antiphon.errors import Missing


def test_everything_has_a_default() -> None:
    found = read({})

    assert (found.cache, found.calls, found.token) == (
        Path(".cache/antiphon"),
        Path("calls"),
        None,
    )


def test_what_is_set_is_taken() -> None:
    found = read(
        {"HOME": "/h", "XDG_CACHE_HOME": "/c", "ANTIPHON_CALLS": "/k", "ANTIPHON_TOKEN": "t"}
    )

    assert (found.cache, found.calls, found.token) == (Path("/c/antiphon"), Path("/k"), "t")


def test_a_folder_for_calls_that_cannot_be_made_is_said_with_what_sets_it(tmp_path: Path) -> None:
    assert folder_for_calls(read({"ANTIPHON_CALLS": str(tmp_path / "a" / "b")})).is_dir()

    (tmp_path / "file").touch()
    with pytest.raises(Missing, match=r"call logs cannot go into .*file/b: Not a dir") as caught:
        folder_for_calls(read({"ANTIPHON_CALLS": str(tmp_path / "file" / "b")}))
    assert "ANTIPHON_CALLS" in caught.value.fix


def test_the_cache_lies_in_the_home_folder() -> None:
    assert read({"HOME": "/home/joe"}).cache == Path("/home/joe/.cache/antiphon")


@pytest.mark.parametrize("name", ["HOME", "XDG_CACHE_HOME", "ANTIPHON_CALLS", "ANTIPHON_TOKEN"])
def test_an_empty_variable_is_as_good_as_none(name: str) -> None:
    """An empty token must not be one that an empty header would match."""
    assert read({name: ""}) == read({})
