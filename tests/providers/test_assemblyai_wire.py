"""AssemblyAI's codec: what goes in comes out at both ends, and garbage has one way to fail."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from antiphon.errors import LocalProtocolError, RemoteProtocolError
from antiphon.providers.assemblyai import wire

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.floats(0, 1e9)
counts = st.integers(0, 2**31)

clients = st.one_of(
    st.builds(wire.ForceEndpoint),
    st.builds(wire.KeepAlive),
    st.builds(wire.Terminate),
    st.builds(
        wire.UpdateConfiguration,
        end_of_turn_confidence_threshold=st.none() | st.floats(0, 1),
        min_turn_silence=st.none() | counts,
        max_turn_silence=st.none() | counts,
        format_turns=st.none() | st.booleans(),
        keyterms_prompt=st.none() | st.lists(texts, max_size=3).map(tuple),
    ),
)
words = st.builds(
    wire.Word,
    text=texts,
    start=numbers,
    end=numbers,
    confidence=st.floats(0, 1),
    word_is_final=st.booleans(),
    speaker=st.just(UNSET) | st.none() | texts,
)
servers = st.one_of(
    st.builds(wire.Begin, texts, counts | texts),
    st.builds(
        wire.Turn,
        turn_order=counts,
        turn_is_formatted=st.booleans(),
        end_of_turn=st.booleans(),
        transcript=texts,
        end_of_turn_confidence=st.floats(0, 1),
        words=st.lists(words, max_size=3).map(tuple),
        utterance=texts,
        language_code=st.just(UNSET) | st.none() | texts,
    ),
    st.builds(wire.SpeechStarted, numbers),
    st.builds(wire.Heartbeat, numbers, numbers, st.floats(0, 9), st.floats(0, 1)),
    st.builds(wire.Termination, st.none() | numbers, st.none() | numbers),
    st.builds(wire.Warned, counts, texts),
    st.builds(wire.Error, texts, st.none() | counts),
)


@given(clients)
def test_what_a_client_says_is_understood(message: wire.ClientMessage) -> None:
    assert wire.decode_client(wire.encode(message)) == message


@given(servers)
def test_what_the_server_says_is_understood(message: wire.ServerMessage) -> None:
    assert wire.decode_server(wire.encode(message)) == message


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda data: data.decode("latin-1")))
def test_garbage_is_one_kind_of_error(text: str) -> None:
    for decode in (wire.decode_client, wire.decode_server):
        with contextlib.suppress(RemoteProtocolError):
            decode(text)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"type":7}', '{"type":"Turn"}', '{"type":"Begin","id":1}', "[" * 5000]
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        wire.decode_server(text)


def test_messages_and_fields_nobody_told_us_of_pass() -> None:
    assert wire.decode_server('{"type":"Silence","start_ms":1}') == wire.Unknown("Silence")
    assert wire.decode_client('{"type":"New"}') == wire.Unknown("New")
    begin = wire.decode_server('{"type":"Begin","id":"a","expires_at":1,"configuration":{}}')
    assert begin == wire.Begin("a", 1)


def test_the_documented_turn_is_read() -> None:
    text = json.dumps(
        {
            "turn_order": 0,
            "turn_is_formatted": False,
            "end_of_turn": False,
            "transcript": "hi",
            "end_of_turn_confidence": 1.4e-05,
            "words": [
                {"start": 1920, "end": 2000, "text": "hi", "confidence": 0.87},
                {"start": 2800, "end": 2880, "text": "my", "confidence": 0.81}
                | {"word_is_final": False},
            ],
            "utterance": "",
            "type": "Turn",
        }
    )
    turn = wire.decode_server(text)
    assert isinstance(turn, wire.Turn)
    assert [word.word_is_final for word in turn.words] == [True, False]


def test_several_values_are_one_json_list() -> None:
    assert wire.listed(("a", 'b "c"')) == '["a","b \\"c\\""]'
    assert wire.listed(()) is None


def test_text_that_cannot_be_sent_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError):
        wire.encode(wire.UpdateConfiguration(keyterms_prompt=("\ud800",)))
