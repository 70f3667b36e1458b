"""The antiphon.1 codec: what goes in comes out, and garbage has one way to fail."""

import json
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import json as msgspec_json

from antiphon.errors import LocalProtocolError, RemoteProtocolError
from antiphon.transports.websocket import wire

samples = st.integers(0, 2**53)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
floats = st.floats(allow_nan=False, allow_infinity=False)

client_messages = st.one_of(
    st.builds(
        wire.Hello,
        version=st.integers(-(2**40), 2**40),
        rate_hz=st.integers(-(2**40), 2**40),
        encoding=st.sampled_from(["pcm16", "mulaw"]),
        token=texts,
        client=texts,
    ),
    st.builds(wire.Played, samples=samples),
    st.builds(wire.Flushed, samples=samples),
    st.builds(wire.Digit, digit=st.sampled_from("0123456789*#ABCD")),
    st.builds(wire.Transferred),
    st.builds(wire.TransferFailed),
    st.builds(wire.Bye),
    st.builds(wire.Ping, id=samples),
    st.builds(wire.Pong, id=samples),
)
notices = st.one_of(
    st.builds(wire.State, state=st.sampled_from(["listening", "hearing", "thinking", "speaking"])),
    st.builds(wire.Transcript, segment=st.integers(0, 99), text=texts, final=st.booleans()),
    st.builds(
        wire.Speech,
        reply=st.integers(0, 99),
        text=texts,
        marks=st.lists(st.tuples(samples, samples), max_size=4).map(tuple),
    ),
    st.builds(wire.Stopped, reply=st.integers(0, 99), heard=texts),
    st.builds(
        wire.Latency,
        turn=st.integers(0, 99),
        total_ms=floats,
        parts_ms=st.dictionaries(texts, floats, max_size=3),
    ),
)
server_messages = st.one_of(
    notices,
    st.builds(
        wire.Welcome,
        call=texts,
        version=st.just(1),
        rate_hz=st.just(8000),
        encoding=st.just("mulaw"),
        heartbeat_s=floats,
        gone_s=floats,
        max_message_bytes=st.integers(1, 99999),
    ),
    st.builds(wire.Gain, decibels=floats, ramp_s=floats),
    st.builds(wire.Flush),
    st.builds(wire.Ended, reason=texts),
    st.builds(wire.Error, code=texts, what=texts),
    st.builds(wire.Ping, id=samples),
    st.builds(wire.Pong, id=samples),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
kinds = [kind.__struct_config__.tag for kind in get_args(wire.ClientMessage)]


@given(client_messages)
def test_what_a_client_says_arrives(message: wire.ClientMessage) -> None:
    assert wire.decode_client(wire.encode(message)) == message


@given(server_messages)
def test_what_a_server_says_arrives(message: wire.ServerMessage) -> None:
    assert wire.decode_server(wire.encode(message)) == message


@given(notices)
def test_a_notice_may_be_given_as_plain_values(message: wire.Notice) -> None:
    assert wire.notice(json.loads(msgspec_json.encode(message))) == message


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"type": "gain", "decibels": 0.0, "ramp_s": 0.0},
        {"type": "state", "state": "asleep"},
        {"type": "transcript", "segment": 0, "text": "half of it"},
    ],
)
def test_what_is_no_notice_is_our_own_mistake(record: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError, match="notice"):
        wire.notice(record)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
@example("[" * 100_000)
@example('{"type":' * 100_000)
@example('{"type":"bye","x":' + "[" * 100_000)
@example('{"type":"played","samples":1e999}')
@example('{"type":"played","samples":' + "9" * 5000 + "}")
@example('{"type":"digit","digit":"\\ud800"}')
@example('{"type":"digit","digit":"\ud800"}')
def test_garbage_is_a_protocol_error_and_nothing_else(text: str) -> None:
    for decode in (wire.decode_client, wire.decode_server):
        with pytest.raises(RemoteProtocolError):
            decode(text)


@given(st.sampled_from(kinds), st.dictionaries(texts, json_values, max_size=4))
def test_a_known_type_with_odd_fields_is_read_or_refused(
    kind: str, fields: dict[str, object]
) -> None:
    try:
        message = wire.decode_client(json.dumps({**fields, "type": kind}))
    except RemoteProtocolError:
        return
    assert isinstance(message, get_args(wire.ClientMessage))


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"played"}',
        '{"type":"played","samples":-1}',
        '{"type":"played","samples":"1"}',
        '{"type":"played","samples":1,"extra":1}',
        '{"type":"digit","digit":"12"}',
        '{"type":"digit","digit":"x"}',
        '{"type":"hello","version":1,"rate_hz":8000,"encoding":"opus"}',
        '{"type":"welcome"}',
        '{"samples":1}',
        "[]",
        "",
    ],
)
def test_a_client_is_read_strictly(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        wire.decode_client(text)


def test_a_client_ignores_what_a_newer_server_adds() -> None:
    text = '{"type":"ended","reason":"done","mood":"cheerful"}'
    assert wire.decode_server(text) == wire.Ended("done")


@given(st.integers(0, wire.MAX_POSITION), st.binary(min_size=1, max_size=50))
def test_agent_audio_arrives_with_its_position(start: int, payload: bytes) -> None:
    audio = wire.AgentAudio(start, payload)
    assert wire.decode_audio(wire.encode_audio(audio), "mulaw") == audio
    doubled = wire.AgentAudio(start, payload * 2)
    assert wire.decode_audio(wire.encode_audio(doubled), "pcm16") == doubled


@pytest.mark.parametrize("start", [-1, wire.MAX_POSITION + 1])
def test_a_position_beyond_the_header_is_our_own_mistake(start: int) -> None:
    with pytest.raises(LocalProtocolError, match="cannot start"):
        wire.encode_audio(wire.AgentAudio(start, b"\0\0"))


@given(st.binary(max_size=40).map(lambda data: data if len(data) % 2 else data[:4]))
def test_a_torn_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        wire.decode_audio(frame, "pcm16")
    assert refused.value.code == "bad_audio"


def test_every_error_code_has_a_close_code_of_its_kind() -> None:
    assert set(wire.CLOSE_CODES.values()) <= {1001, 1007, 1008, 1009, 1011, 1013}
    assert all(len(code) < 124 for code in wire.CLOSE_CODES)
