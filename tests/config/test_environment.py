"""The environment, read once."""

from pathlib import Path

import pytest

from antiphon.config.environment import read


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


def test_the_cache_lies_in_the_home_folder() -> None:
    assert read({"HOME": "/home/joe"}).cache == Path("/home/joe/.cache/antiphon")


@pytest.mark.parametrize("name", ["HOME", "XDG_CACHE_HOME", "ANTIPHON_CALLS", "ANTIPHON_TOKEN"])
def test_an_empty_variable_is_as_good_as_none(name: str) -> None:
    """An empty token must not be one that an empty header would match."""
    assert read({name: ""}) == read({})
