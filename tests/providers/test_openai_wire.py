"""OpenAI's codecs for speech: what goes in comes out at both ends, and garbage has one way to
fail."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from antiphon.errors import LocalProtocolError, RemoteProtocolError
from antiphon.net.frames import Unknown, encode
from antiphon.providers.openai.wire import realtime, speech, transcribe

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
maybe = st.none() | texts
counts = st.integers(0, 2**31)
maybe_counts = st.none() | counts
facts = st.dictionaries(texts, st.none() | texts | counts, max_size=3)
several = st.none() | st.lists(texts, max_size=3).map(tuple)
left_out = st.just(UNSET)

inputs = st.builds(
    realtime.AudioInput,
    format=left_out | st.builds(realtime.AudioFormat, texts, maybe_counts),
    transcription=left_out
    | st.none()
    | st.builds(realtime.Transcription, maybe, maybe, several, several, maybe, maybe),
    noise_reduction=left_out | st.none() | st.builds(realtime.NoiseReduction, maybe, st.none()),
    turn_detection=left_out
    | st.none()
    | st.builds(realtime.TurnDetection, texts, st.none() | st.floats(0, 1), maybe_counts),
)
sessions = st.builds(
    realtime.Session,
    texts,
    left_out | st.builds(realtime.SessionAudio, left_out | inputs),
    several,
)
realtime_clients = st.one_of(
    st.builds(realtime.SessionUpdate, sessions, maybe),
    st.builds(realtime.AudioAppend, st.binary(max_size=50), maybe),
    st.builds(realtime.AudioCommit, maybe),
    st.builds(realtime.AudioClear, maybe),
)
items = st.builds(
    realtime.Item,
    texts,
    texts,
    maybe,
    maybe,
    st.none() | st.lists(st.builds(realtime.Content, texts, maybe), max_size=2).map(tuple),
)
problems = st.builds(realtime.Problem, maybe, maybe, maybe, maybe, maybe)
limits = st.builds(realtime.RateLimit, maybe, maybe_counts, maybe_counts, st.none() | st.floats(0))
realtime_servers = st.one_of(
    st.builds(realtime.SessionCreated, facts, texts),
    st.builds(realtime.SessionUpdated, facts, texts),
    st.builds(realtime.AudioCommitted, texts, maybe, texts),
    st.builds(realtime.AudioCleared, texts),
    st.builds(realtime.SpeechStarted, texts, counts, texts),
    st.builds(realtime.SpeechStopped, texts, counts, texts),
    st.builds(realtime.ItemAdded, items, maybe, texts),
    st.builds(realtime.ItemDone, items, maybe, texts),
    st.builds(realtime.TranscriptionDelta, texts, texts, maybe_counts, texts),
    st.builds(
        realtime.TranscriptionCompleted, texts, texts, maybe_counts, st.none() | facts, texts
    ),
    st.builds(realtime.TranscriptionFailed, texts, problems, maybe_counts, texts),
    st.builds(realtime.RateLimitsUpdated, st.lists(limits, max_size=2).map(tuple), texts),
    st.builds(realtime.Error, problems, texts),
)
speech_events = st.one_of(
    st.builds(speech.AudioDelta, st.binary(max_size=50)),
    st.builds(speech.AudioDone, st.none() | st.builds(speech.Usage, counts, counts, counts)),
)
usages = st.none() | st.builds(
    transcribe.Usage, texts, st.none() | st.floats(0, 1e6), maybe_counts, maybe_counts
)
transcribe_events = st.one_of(
    st.builds(transcribe.TextDelta, texts), st.builds(transcribe.TextDone, texts, usages)
)

Decode = Callable[[str], Any]
ENDS: dict[str, tuple[st.SearchStrategy[Any], Decode]] = {
    "realtime client": (realtime_clients, realtime.decode_client),
    "realtime server": (realtime_servers, realtime.decode_server),
    "speech events": (speech_events, speech.decode_event),
    "transcription events": (transcribe_events, transcribe.decode_event),
}


@pytest.mark.parametrize("end", ENDS)
@given(data=st.data())
def test_what_goes_in_comes_out(end: str, data: st.DataObject) -> None:
    messages, decode = ENDS[end]
    message = data.draw(messages)
    text = encode(message)
    assert decode(text) == message
    newer = {**json.loads(text), "obfuscation": "x8"}
    assert decode(json.dumps(newer)) == message


@pytest.mark.parametrize("end", ENDS)
@given(data=st.data())
def test_whatever_comes_there_is_one_error(end: str, data: st.DataObject) -> None:
    messages, decode = ENDS[end]
    whole = encode(data.draw(messages))
    cut = data.draw(st.integers(0, len(whole) - 1))
    values = st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    )
    fields = data.draw(st.dictionaries(texts, values, max_size=4))
    kind = json.loads(whole)["type"]
    for text in (whole[:cut], data.draw(st.text()), json.dumps({**fields, "type": kind})):
        try:
            decode(text)
        except RemoteProtocolError:
            continue


@pytest.mark.parametrize("end", ENDS)
def test_a_kind_nobody_told_us_of_is_not_an_error(end: str) -> None:
    _, decode = ENDS[end]
    assert decode('{"type":"response.created","response":{}}') == Unknown("response.created")


def test_null_and_nothing_are_two_things() -> None:
    off = realtime.AudioInput(turn_detection=None)
    update = realtime.SessionUpdate(realtime.Session("transcription", realtime.SessionAudio(off)))
    assert encode(update) == (
        '{"type":"session.update","session":'
        '{"type":"transcription","audio":{"input":{"turn_detection":null}}}}'
    )
    assert encode(realtime.AudioAppend(b"\x00\xff")) == (
        '{"type":"input_audio_buffer.append","audio":"AP8="}'
    )
    assert encode(realtime.AudioCommit()) == '{"type":"input_audio_buffer.commit"}'


def test_a_request_for_speech_leaves_out_what_is_usual() -> None:
    request = speech.SpeechRequest("gpt-4o-mini-tts", "Hi", "marin", response_format="pcm")
    body = encode(request)
    assert body == (
        '{"model":"gpt-4o-mini-tts","input":"Hi","voice":"marin","response_format":"pcm"}'
    )
    assert speech.decode_request(body.encode()) == request
    with pytest.raises(RemoteProtocolError):
        speech.decode_request(b'{"model":"tts-1"}')
    with pytest.raises(LocalProtocolError):
        encode(speech.SpeechRequest("m", "\ud83d", "v"))


@given(text=texts, usage=usages)
def test_a_transcript_comes_out_as_it_went_in(text: str, usage: transcribe.Usage | None) -> None:
    transcript = transcribe.Transcript(text, usage)
    assert transcribe.decode_answer(encode(transcript).encode()) == transcript
    with pytest.raises(RemoteProtocolError):
        transcribe.decode_answer(b'{"txt":1}')


def test_a_forms_lists_are_named_as_the_vendors_own_client_names_them() -> None:
    form = transcribe.fields(
        {"model": "gpt-transcribe", "language": None, "languages": ("en",), "keywords": ()}
    )
    assert form == {"model": "gpt-transcribe", "languages[]": ["en"]}
