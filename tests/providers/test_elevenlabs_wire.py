"""ElevenLabs' codecs: what goes in comes out at both ends, and garbage has one way to fail."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import LocalProtocolError, RemoteProtocolError
from antiphon.providers.elevenlabs.wire import scribe, speech, timed, voices

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
maybe_text = st.none() | texts
maybe_bool = st.none() | st.booleans()
maybe_float = st.none() | st.floats(0, 2)
sounds = st.binary(max_size=40)
times = st.lists(st.integers(0, 10_000), max_size=4).map(tuple)
seconds = st.lists(st.floats(0, 100), max_size=4).map(tuple)
chars = st.lists(texts, max_size=4).map(tuple)

voice_settings = st.builds(
    speech.VoiceSettings,
    stability=maybe_float,
    similarity_boost=maybe_float,
    style=maybe_float,
    use_speaker_boost=maybe_bool,
    speed=maybe_float,
)
alignments = st.builds(speech.Alignment, chars=chars, starts_ms=times, durations_ms=times)
asked = st.builds(
    speech.Asked,
    text=maybe_text,
    context_id=maybe_text,
    context_id_too=maybe_text,
    voice_settings=st.none() | voice_settings,
    generation_config=st.none() | st.builds(speech.GenerationConfig, st.none() | times),
    flush=maybe_bool,
    try_trigger_generation=maybe_bool,
    close_context=maybe_bool,
    close_socket=maybe_bool,
    key=maybe_text,
)
told = st.builds(
    speech.Told,
    audio=st.none() | sounds,
    alignment=st.none() | alignments,
    normalized=st.none() | alignments,
    is_final=maybe_bool,
    is_final_too=maybe_bool,
    context_id=maybe_text,
    context_id_too=maybe_text,
    message=maybe_text,
    error=maybe_text,
    code=st.none() | st.integers(0, 5000) | texts,
)
requests = st.builds(
    timed.Request,
    text=texts,
    model_id=texts,
    language_code=maybe_text,
    voice_settings=st.none() | voice_settings,
    previous_text=maybe_text,
    next_text=maybe_text,
    seed=st.none() | st.integers(0, 2**32 - 1),
    apply_text_normalization=maybe_text,
)
characters = st.builds(
    timed.Characters,
    characters=chars,
    character_start_times_seconds=seconds,
    character_end_times_seconds=seconds,
)
chunks = st.builds(
    timed.Chunk,
    audio_base64=sounds,
    alignment=st.none() | characters,
    normalized_alignment=st.none() | characters,
)
inputs = st.builds(
    scribe.InputAudio,
    audio_base_64=sounds,
    commit=st.booleans(),
    sample_rate=st.none() | st.integers(0, 48_000),
    previous_text=maybe_text,
)
words = st.builds(
    scribe.Word, text=texts, start=maybe_float, end=maybe_float, type=texts, logprob=maybe_float
)
heard = st.one_of(
    st.builds(scribe.SessionStarted, texts, st.dictionaries(texts, st.booleans(), max_size=2)),
    st.builds(scribe.Partial, texts),
    st.builds(scribe.Committed, texts),
    st.builds(
        scribe.TimedCommitted, texts, maybe_text, st.none() | st.lists(words, max_size=3).map(tuple)
    ),
    st.builds(scribe.Trouble, st.sampled_from(sorted(scribe.TROUBLES)), texts),
    st.builds(scribe.Unknown, st.sampled_from(["edited_transcript", "warning"])),
)
listed = st.builds(
    voices.Voices,
    st.lists(
        st.builds(
            voices.Voice,
            voice_id=texts,
            name=maybe_text,
            category=maybe_text,
            labels=st.none() | st.dictionaries(texts, texts, max_size=2),
            description=maybe_text,
        ),
        max_size=3,
    ).map(tuple),
)

Decode = Callable[[Any], Any]
ENDS: dict[str, tuple[st.SearchStrategy[Any], Decode]] = {
    "speech client": (asked, speech.decode_client),
    "speech server": (told, speech.decode_server),
    "timed client": (requests, timed.decode_request),
    "timed server": (chunks, timed.decode_chunk),
    "scribe client": (inputs, scribe.decode_client),
    "scribe server": (heard, scribe.decode_server),
    "voices": (listed, voices.decode_voices),
    "a new voice": (st.builds(voices.Added, texts, st.booleans()), voices.decode_added),
}


@pytest.mark.parametrize("end", ENDS)
@given(data=st.data())
def test_what_is_said_is_understood(end: str, data: st.DataObject) -> None:
    messages, decode = ENDS[end]
    message = data.draw(messages)
    assert decode(speech.encode(message)) == message


@pytest.mark.parametrize("end", ENDS)
@given(data=st.data())
def test_fields_nobody_told_us_of_are_ignored(end: str, data: st.DataObject) -> None:
    messages, decode = ENDS[end]
    message = data.draw(messages)
    more = json.loads(speech.encode(message)) | {"brand_new": {"a": [1]}}
    assert decode(json.dumps(more)) == message


@pytest.mark.parametrize("end", ENDS)
@given(text=st.text(max_size=40))
def test_garbage_fails_in_one_way(end: str, text: str) -> None:
    try:
        ENDS[end][1](text)
    except RemoteProtocolError:
        return
    assert isinstance(json.loads(text), dict)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("text", ["\udc80", '{"a":' + "[" * 100_000, "[]", "null", ""])
def test_so_does_what_json_cannot_be(end: str, text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        ENDS[end][1](text)


def test_a_lone_surrogate_cannot_be_sent() -> None:
    with pytest.raises(LocalProtocolError):
        speech.encode(speech.Asked(text="\ud83d"))


def test_audio_is_base64_or_nothing() -> None:
    assert speech.decode_server('{"audio":"AAE="}').audio == b"\x00\x01"
    assert speech.decode_server('{"audio":""}').audio == b""
    for text in ('{"audio":"AA"}', '{"audio":"§"}', '{"audio":7}'):
        with pytest.raises(RemoteProtocolError):
            speech.decode_server(text)


def test_both_spellings_are_read() -> None:
    for text in ('{"isFinal":true,"contextId":"a"}', '{"is_final":true,"context_id":"a"}'):
        message = speech.decode_server(text)
        assert (message.final, message.context) == (True, "a")
    assert speech.decode_client('{"contextId":"a"}').context == "a"
    assert speech.decode_client('{"context_id":"a"}').context == "a"
    assert speech.decode_client('{"text":""}').context == ""
    assert not speech.decode_server('{"audio":"AAE=","isFinal":null}').final


def test_what_went_wrong_is_told_from_what_was_said() -> None:
    assert speech.decode_server('{"message":"no","error":"system_busy","code":1008}').wrong
    assert speech.decode_server('{"message":"no"}').wrong
    assert not speech.decode_server('{"audio":"AAE=","message":"a note"}').wrong
    assert not speech.decode_server('{"isFinal":true}').wrong


def test_times_are_seconds_and_only_where_the_lists_belong_together() -> None:
    alignment = speech.Alignment(chars=("H", "i"), starts_ms=(0, 80), durations_ms=(80, 70.5))
    assert alignment.times_s == [("H", 0.0, 0.08), ("i", 0.08, 0.1505)]
    assert speech.Alignment(chars=("H", "i"), starts_ms=(0,), durations_ms=(80, 70)).times_s == []
    both = timed.Characters(
        characters=("H",), character_start_times_seconds=(0.1,), character_end_times_seconds=(0.2,)
    )
    assert both.times_s == [("H", 0.1, 0.2)]
    assert timed.Characters(characters=("H",)).times_s == []


def test_a_voice_is_where_its_id_says() -> None:
    assert voices.path("a/b?") == "/v1/voices/a%2Fb%3F"
    assert speech.encode(voices.Deleted()) == '{"status":"ok"}'
