"""Cartesia's codecs: what goes in comes out at both ends, and garbage has one way to fail."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import RemoteProtocolError
from antiphon.net.frames import Unknown
from antiphon.providers.cartesia import voice_wire, wire
from antiphon.providers.cartesia.words import WordTimes

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(0, 1e4)
flushes = st.none() | st.integers(1, 99)

generates = st.builds(
    wire.Generate,
    context_id=texts,
    model_id=texts,
    transcript=texts,
    voice=texts | st.builds(wire.Voice, texts, st.none() | texts),
    output_format=st.builds(
        wire.OutputFormat, st.sampled_from(["pcm_s16le", "pcm_mulaw"]), st.integers(1, 48000)
    ),
    language=st.none() | texts,
    add_timestamps=st.booleans(),
    max_buffer_delay_ms=st.none() | st.integers(0, 5000),
    generation_config=st.none() | st.builds(wire.GenerationConfig, speed=st.none() | numbers),
    pronunciation_dict_id=st.none() | texts,
    continue_=st.booleans(),
    flush=st.booleans(),
)
words = st.lists(st.tuples(texts, numbers, numbers), max_size=3).map(
    lambda rows: wire.WordTimestamps(
        tuple(row[0] for row in rows), tuple(row[1] for row in rows), tuple(row[2] for row in rows)
    )
)
servers = st.one_of(
    st.builds(wire.Chunk, context_id=texts, data=st.binary(max_size=20), flush_id=flushes),
    st.builds(
        wire.Timestamps, context_id=texts, flush_id=flushes, word_timestamps=st.none() | words
    ),
    st.builds(wire.PhonemeTimestamps, texts),
    st.builds(wire.FlushDone, context_id=texts, flush_id=st.integers(1, 99)),
    st.builds(wire.Done, context_id=texts),
    st.builds(wire.Error, context_id=st.none() | texts, message=st.none() | texts),
)
ENDS: dict[str, tuple[st.SearchStrategy[Any], Callable[[str], Any]]] = {
    "client": (generates | st.builds(wire.Cancel, texts), wire.decode_client),
    "server": (servers, wire.decode_server),
}


@pytest.mark.parametrize("end", ENDS)
@given(data=st.data())
def test_what_goes_in_comes_out(end: str, data: st.DataObject) -> None:
    messages, decode = ENDS[end]
    message = data.draw(messages)
    text = wire.encode(message)
    assert decode(text) == message
    assert decode(json.dumps({**json.loads(text), "added_by_a_newer_version": 1})) == message


@pytest.mark.parametrize("end", ENDS)
@given(data=st.data())
def test_whatever_comes_there_is_one_error(end: str, data: st.DataObject) -> None:
    messages, decode = ENDS[end]
    whole = wire.encode(data.draw(messages))
    cut = data.draw(st.integers(0, len(whole) - 1))
    for text in (whole[:cut], data.draw(st.text())):
        with pytest.raises(RemoteProtocolError):
            decode(text)


def test_a_kind_nobody_told_us_of_is_not_an_error() -> None:
    assert wire.decode_server('{"type":"cheer","context_id":"a"}') == Unknown("cheer")


def test_words_without_their_times_cannot_be_read() -> None:
    times = {"words": ["a", "b"], "start": [0.0], "end": [0.1, 0.2]}
    frame = json.dumps({"type": "timestamps", "context_id": "a", "word_timestamps": times})
    with pytest.raises(RemoteProtocolError, match="times"):
        wire.decode_server(frame)


def test_what_the_vendor_shows_is_what_we_send() -> None:
    asked = wire.Generate(
        context_id="c",
        model_id="sonic-3",
        transcript="Hi. ",
        voice=wire.Voice("v"),
        output_format=wire.OutputFormat("pcm_s16le", 24000),
        continue_=True,
        add_timestamps=True,
    )
    assert json.loads(wire.encode(asked)) == {
        "context_id": "c",
        "model_id": "sonic-3",
        "transcript": "Hi. ",
        "voice": {"id": "v"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000},
        "continue": True,
        "add_timestamps": True,
    }
    assert json.loads(wire.encode(wire.Cancel("c"))) == {"context_id": "c", "cancel": True}


voices = st.builds(
    voice_wire.Voice,
    id=texts,
    name=texts,
    language=texts,
    is_owner=st.none() | st.booleans(),
    locales=st.none() | st.just((voice_wire.Locale("en-US"),)),
)


@given(voices, st.lists(voices, max_size=2).map(tuple), st.none() | st.booleans())
def test_voices_come_out_as_they_went_in(
    voice: voice_wire.Voice, page: tuple[voice_wire.Voice, ...], more: bool | None
) -> None:
    assert voice_wire.decode_voice(voice_wire.encode(voice)) == voice
    whole = voice_wire.Page(page, more)
    assert voice_wire.decode_page(voice_wire.encode(whole)) == whole
    with pytest.raises(RemoteProtocolError):
        voice_wire.decode_page(msgspec.json.encode({"data": [{}]}))


# --- word times --------------------------------------------------------------------------------


def test_words_are_told_when_their_sound_is_there() -> None:
    times = WordTimes(1000, began=0, offset=0)
    times.word("one", 0.0, 0.3)
    times.word("two", 0.3, 0.8)
    assert [word.text for word in times.sound(500)] == ["one"]
    assert times.sound(200) == ()
    (two,) = times.rest()
    assert (two.start, two.end) == (300, 700)


@pytest.mark.parametrize("counted_from", [0.0, 2.0])
def test_times_count_from_the_stream_or_from_the_piece(counted_from: float) -> None:
    times = WordTimes(1000, began=2000, offset=500)
    times.word("one", counted_from + 0.1, counted_from + 0.4)
    times.word("two", counted_from + 0.3, counted_from + 0.9)
    told = times.sound(1000)
    assert [(word.start, word.end) for word in told] == [(600, 900), (900, 1400)]
