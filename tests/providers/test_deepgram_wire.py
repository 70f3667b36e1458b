"""Deepgram's codecs: what goes in comes out at both ends, and garbage has one way to fail."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import LocalProtocolError, RemoteProtocolError
from antiphon.providers.deepgram.wire import aura, codec, flux, nova

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
seconds = st.floats(0, 1e6)
counts = st.integers(0, 2**31)
maybe_texts = st.none() | st.lists(texts, max_size=3).map(tuple)
channels = st.lists(counts, max_size=2).map(tuple)

nova_clients = st.one_of(
    st.builds(nova.KeepAlive),
    st.builds(nova.Finalize, channel=st.none() | counts),
    st.builds(nova.CloseStream),
    st.builds(
        nova.Configure,
        keyterms=maybe_texts,
        features=st.none() | st.dictionaries(texts, st.booleans(), max_size=2),
    ),
)
nova_words = st.builds(
    nova.Word,
    word=texts,
    start=seconds,
    end=seconds,
    confidence=st.floats(0, 1),
    punctuated_word=st.none() | texts,
    speaker=st.none() | counts,
    language=st.none() | texts,
)
nova_servers = st.one_of(
    st.builds(
        nova.Results,
        channel_index=channels,
        start=seconds,
        duration=seconds,
        channel=st.builds(
            nova.Channel,
            st.lists(
                st.builds(
                    nova.Alternative,
                    transcript=texts,
                    confidence=st.floats(0, 1),
                    words=st.lists(nova_words, max_size=3).map(tuple),
                    languages=maybe_texts,
                ),
                max_size=2,
            ).map(tuple),
        ),
        metadata=st.builds(
            nova.ResultsMetadata, texts, st.builds(nova.ModelInfo, texts, texts, texts), texts
        ),
        is_final=st.none() | st.booleans(),
        speech_final=st.none() | st.booleans(),
        from_finalize=st.none() | st.booleans(),
    ),
    st.builds(nova.SpeechStarted, channels, seconds),
    st.builds(nova.UtteranceEnd, channels, seconds),
    st.builds(nova.Metadata, texts, texts, texts, texts, seconds, counts),
    st.builds(nova.ConfigureSuccess, texts, maybe_texts),
    st.builds(nova.ConfigureFailure, texts, texts, texts),
    st.builds(nova.Error, texts, texts, st.none() | texts, st.none() | texts),
)
thresholds = st.builds(
    flux.Thresholds, st.none() | seconds, st.none() | seconds, st.none() | counts
)
flux_clients = st.one_of(
    st.builds(flux.CloseStream),
    st.builds(flux.ForceEndTurn),
    st.builds(
        flux.Configure, st.none() | thresholds, maybe_texts, maybe_texts, st.none() | st.booleans()
    ),
)
flux_words = st.builds(flux.Word, texts, st.floats(0, 1), st.none() | seconds, st.none() | seconds)
flux_servers = st.one_of(
    st.builds(flux.Connected, texts, counts),
    st.builds(
        flux.TurnInfo,
        texts,
        counts,
        st.sampled_from(["Update", "StartOfTurn", "EndOfTurn", "SomethingNew"]),
        counts,
        seconds,
        seconds,
        texts,
        st.lists(flux_words, max_size=3).map(tuple),
        st.floats(0, 1),
        st.none() | texts,
        maybe_texts,
    ),
    st.builds(
        flux.ConfigureSuccess,
        texts,
        thresholds,
        st.lists(texts, max_size=2).map(tuple),
        counts,
        maybe_texts,
        st.none() | st.booleans(),
    ),
    st.builds(flux.ConfigureFailure, texts, counts),
    st.builds(flux.Warning, texts, counts, texts, texts),
    st.builds(flux.Error, counts, texts, texts),
)
aura_clients = st.one_of(
    st.builds(aura.Speak, texts),
    st.builds(aura.Flush),
    st.builds(aura.Clear),
    st.builds(aura.Close),
)
aura_servers = st.one_of(
    st.builds(aura.Metadata, texts, texts, texts, texts),
    st.builds(aura.Flushed, counts),
    st.builds(aura.Cleared, counts),
    st.builds(aura.Warning, texts, texts),
)

Decode = Callable[[str], Any]
ENDS: dict[str, tuple[st.SearchStrategy[Any], Decode]] = {
    "nova client": (nova_clients, nova.decode_client),
    "nova server": (nova_servers, nova.decode_server),
    "flux client": (flux_clients, flux.decode_client),
    "flux server": (flux_servers, flux.decode_server),
    "aura client": (aura_clients, aura.decode_client),
    "aura server": (aura_servers, aura.decode_server),
}


@pytest.mark.parametrize("end", ENDS)
@given(data=st.data())
def test_what_goes_in_comes_out(end: str, data: st.DataObject) -> None:
    messages, decode = ENDS[end]
    message = data.draw(messages)
    text = codec.encode(message)
    assert decode(text) == message
    newer = {**json.loads(text), "added_by_a_newer_version": 1}
    assert decode(json.dumps(newer)) == message


@pytest.mark.parametrize("end", ENDS)
@given(data=st.data())
def test_whatever_comes_there_is_one_error(end: str, data: st.DataObject) -> None:
    messages, decode = ENDS[end]
    whole = codec.encode(data.draw(messages))
    cut = data.draw(st.integers(0, len(whole) - 1))
    json_values = st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    )
    kind = json.loads(whole)["type"]
    fields = data.draw(st.dictionaries(texts, json_values, max_size=4))
    for text in (whole[:cut], data.draw(st.text()), json.dumps({**fields, "type": kind})):
        try:
            decode(text)
        except RemoteProtocolError:
            continue


@pytest.mark.parametrize("end", ENDS)
def test_a_kind_nobody_told_us_of_is_not_an_error(end: str) -> None:
    _, decode = ENDS[end]
    assert decode('{"type":"Cheer","loud":true}') == codec.Unknown("Cheer")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"type":1}', '{"type":"Results"}', '{"type":"KeepAlive"', "\ud800"]
)
def test_what_cannot_be_a_message_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        nova.decode_server(text)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        nova.decode_client('{"type":' + "[" * 100_000)
    deep = '{"type":"Configure","x":' + '{"a":' * 100_000 + "1" + "}" * 100_001
    with pytest.raises(RemoteProtocolError, match="nested too deeply"):
        nova.decode_client(deep)


def test_text_that_cannot_be_encoded_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="lone surrogate"):
        codec.encode(aura.Speak("\ud83d"))


def test_what_the_vendor_shows_is_what_we_send() -> None:
    assert codec.encode(nova.Finalize()) == '{"type":"Finalize"}'
    assert codec.encode(nova.KeepAlive()) == '{"type":"KeepAlive"}'
    assert codec.encode(nova.CloseStream()) == '{"type":"CloseStream"}'
    assert codec.encode(aura.Speak("Hi")) == '{"type":"Speak","text":"Hi"}'
    assert codec.encode(flux.Configure(thresholds=flux.Thresholds(eot_threshold=0.8))) == (
        '{"type":"Configure","thresholds":{"eot_threshold":0.8}}'
    )


def test_every_close_code_is_one() -> None:
    assert set(nova.CLOSE_CODES.values()) <= {1008, 1011}
