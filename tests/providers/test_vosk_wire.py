"""Vosk's codec: exact words where the server compares letter by letter, tolerance elsewhere."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from antiphon.errors import RemoteProtocolError
from antiphon.providers.vosk import wire

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
words = st.builds(wire.Word, texts, st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1))
results = st.just(UNSET) | st.lists(words, max_size=3).map(tuple)
configs = st.builds(
    wire.Config,
    sample_rate=st.just(UNSET) | st.floats(1000, 96_000),
    words=st.just(UNSET) | st.booleans(),
    max_alternatives=st.just(UNSET) | st.integers(0, 9),
    phrase_list=st.just(UNSET) | st.lists(texts, max_size=3).map(tuple),
)


@given(configs)
def test_a_configuration_is_understood(config: wire.Config) -> None:
    assert wire.decode_client(wire.configure(config)) == config


@given(st.builds(wire.Partial, texts) | st.builds(wire.Heard, texts, results))
def test_what_the_server_says_is_understood(message: wire.ServerMessage) -> None:
    assert wire.decode_server(wire.encode(message)) == message


def test_of_several_hypotheses_the_best_is_taken() -> None:
    word = wire.Word("two", 0.1, 0.3, 0.9)
    several = (wire.Hypothesis("two", 201.0, (word,)), wire.Hypothesis("too"))
    assert wire.decode_server(wire.encode(wire.Heards(several))) == wire.Heard("two", (word,))
    assert wire.decode_server('{"alternatives":[]}') == wire.Heard("")


def test_the_end_is_compared_letter_by_letter() -> None:
    assert wire.decode_client('{"eof" : 1}') == wire.Eof()
    assert wire.decode_client('{"reset" : 1}') == wire.Reset()
    for nearly in (json.dumps({"eof": 1}), '{"reset":1}', "eof"):
        assert wire.decode_client(nearly) == wire.Unknown(nearly)


def test_numbers_stand_for_truth_as_in_the_servers_own_examples() -> None:
    with pytest.raises(RemoteProtocolError):
        wire.decode_client('{"config" : ')
    told = wire.decode_client('{"config" : {"sample_rate" : 8000, "words" : 1, "model" : "x"}}')
    assert told == wire.Config(sample_rate=8000, words=1)


def test_silence_may_be_no_word_at_all() -> None:
    assert wire.decode_server("{}") == wire.Heard("")
    assert wire.decode_server('{\n  "partial" : ""\n}') == wire.Partial("")


@given(st.text(max_size=40))
def test_garbage_is_one_kind_of_error(text: str) -> None:
    for decode in (wire.decode_client, wire.decode_server):
        with contextlib.suppress(RemoteProtocolError):
            decode(text)
