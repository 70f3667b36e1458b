"""Azure's voice against the sandbox, and the document it is asked with."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.stage import account, failed_reply

from antiphon.errors import (
    ConfigError,
    ProviderError,
    Rejected,
    RemoteProtocolError,
    TimedOut,
    Unavailable,
)
from antiphon.net.offering import Order
from antiphon.ports.tts import Speaking, Spoken
from antiphon.providers.azure import wire
from antiphon.providers.azure.offer import OFFERS
from antiphon.providers.azure.settings import SpeechSettings
from antiphon.providers.azure.tts import SpeechSynthesiser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_tts import speak

CLAUSE = 'If 5 < 7 & "so" on, we open.'


def voice(sandbox: Sandbox, **other: object) -> SpeechSynthesiser:
    settings = SpeechSettings.model_validate({"account": account(sandbox), **other})
    return SpeechSynthesiser(settings)


def documents(sandbox: Sandbox) -> list[wire.Said]:
    return [wire.decode(request.audio("client")) for request in sandbox.requests]


# --- the document ------------------------------------------------------------------------------


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=40),
    st.integers(50, 200),
    st.sampled_from(["", "es-ES"]),
)
def test_what_is_said_is_a_document_and_comes_out_again(
    text: str, percent: int, language: str
) -> None:
    said = wire.Said(text=text, voice="en-US-X", speed=percent / 100, language=language)
    body = wire.encode(said)
    ET.fromstring(body)
    back = wire.decode(body)
    assert (back.voice, back.language) == (said.voice, said.language)
    assert back.speed == pytest.approx(said.speed)
    assert set(text) >= set(back.text)
    assert [c for c in back.text if c.isalnum()] == [c for c in text if c.isalnum()]


@given(
    st.text("ab <>&'\"é", max_size=30),
    st.sampled_from(["", "calm", "<&'\">", "narration-professional"]),
    st.sampled_from([0.0, 2.5, -12.0]),
    st.lists(st.integers(0, 9), max_size=4),
)
def test_how_it_is_said_comes_out_again(
    text: str, style: str, semitones: float, stress: list[int]
) -> None:
    words = tuple(sorted({word for word in stress if word < len(text.split())}))
    said = wire.Said(
        text=text, voice="en-US-X", style=style, pitch_semitones=semitones, stress=words
    )
    assert wire.decode(wire.encode(said)) == said


def test_a_style_a_pitch_and_a_stress_are_tags_of_the_vendors() -> None:
    said = wire.Said(
        text="Not & now!", voice="en-US-X", style="calm", pitch_semitones=-2.0, stress=(2,)
    )
    assert wire.encode(said).decode() == (
        '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" '
        'xmlns:mstts="https://www.w3.org/2001/mstts" xml:lang="en-US"><voice name="en-US-X">'
        '<mstts:express-as style="calm"><prosody pitch="-2st">Not &amp; '
        '<emphasis level="strong">now!</emphasis></prosody></mstts:express-as></voice></speak>'
    )


def test_nothing_in_a_text_is_markup() -> None:
    evil = '</voice></speak><voice name="x">&amp;'
    body = wire.encode(wire.Said(text=evil, voice='a"b'))
    back = wire.decode(body)
    assert back.text == evil
    assert back.voice == 'a"b'
    assert back.speed == 1.0


def test_a_voice_has_a_locale() -> None:
    assert wire.locale("zh-CN-XiaoxiaoNeural") == "zh-CN"
    assert wire.locale("MyOwn") == "en-US"
    assert b'xml:lang="zh-CN"' in wire.encode(wire.Said(text="x", voice="zh-CN-XiaoxiaoNeural"))


@pytest.mark.parametrize("rate, speed", [("fast", 1.0), ("1.5", 1.5), ("-20%", 0.8), ("", 1.0)])
def test_a_rate_may_be_said_in_other_ways(rate: str, speed: float) -> None:
    body = (
        f'<speak version="1.0" xmlns="{wire.SSML}" xml:lang="en-US">'
        f'<voice name="v"><prosody rate="{rate}">x</prosody></voice></speak>'
    )
    assert wire.decode(body.encode()).speed == pytest.approx(speed)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<speak>",
        b"\xff\xfe",
        b"<!DOCTYPE x><speak/>",
        b"<speak/>",
        f'<speak xmlns="{wire.SSML}"><voice name="v">x</voice></speak>'.encode(),
        f'<speak xmlns="{wire.SSML}" xml:lang="en-US"><voice>x</voice></speak>'.encode(),
        b"x" * (wire.DOCUMENT_BYTES + 1),
    ],
)
def test_what_is_no_document_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        wire.decode(body)


# --- the voice ---------------------------------------------------------------------------------


async def test_each_clause_is_a_request_that_says_all(sandbox: Sandbox) -> None:
    engine = voice(sandbox, rate_hz=16_000)
    utterance = engine.utter(Speaking(voice="de-DE-KatjaNeural", speed=9, language="de-DE"))
    utterance.say(CLAUSE)
    utterance.say("Ja.")
    utterance.end()
    pieces = [piece async for piece in utterance.audio()]
    assert [piece.clause for piece in pieces if piece.last] == [0, 1]
    first, second = documents(sandbox)
    assert first == wire.Said(text=CLAUSE, voice="de-DE-KatjaNeural", speed=2.0)
    assert second.text == "Ja."
    asked = sandbox.requests[0]
    assert asked.headers["x-microsoft-outputformat"] == "raw-16khz-16bit-mono-pcm"
    assert asked.headers["content-type"] == "application/ssml+xml"
    assert asked.headers["ocp-apim-subscription-key"] == "***"
    await engine.aclose()


async def test_a_voice_is_asked_for_what_it_can(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    for name in ("en-US-GuyNeural", "en-US-AvaNeural"):
        utterance = engine.utter(Speaking(voice=name, style="calm", pitch_semitones=12.0))
        utterance.say("Not now.", (1,))
        utterance.end()
        assert [piece async for piece in utterance.audio()]
    stressing, other = documents(sandbox)
    assert (stressing.style, stressing.pitch_semitones, stressing.stress) == ("calm", 7.0, (1,))
    assert other.stress == ()
    await engine.aclose()


async def test_a_voice_of_many_languages_is_told_which(sandbox: Sandbox) -> None:
    engine = voice(sandbox, voice="en-US-AvaMultilingualNeural")
    for language in ("es-MX", "es"):
        utterance = engine.utter(Speaking(language=language))
        utterance.say("Hola.")
        utterance.end()
        assert [piece async for piece in utterance.audio()]
    assert [said.language for said in documents(sandbox)] == ["es-MX", ""]
    await engine.aclose()


async def test_telephone_audio_is_asked_for_and_decoded(sandbox: Sandbox) -> None:
    engine = voice(sandbox, encoding="mulaw", rate_hz=8000)
    pieces: list[Spoken] = await speak(engine, CLAUSE)
    assert 0.5 < sum(len(piece.pcm) for piece in pieces) / 16_000 < 3.0
    assert sandbox.requests[0].headers["x-microsoft-outputformat"] == wire.MULAW_FORMAT
    with pytest.raises(ConfigError, match="mulaw"):
        voice(sandbox, encoding="mulaw")
    await engine.aclose()


FAULTS = [
    (Fault(refuse=401), Rejected),
    (Fault(refuse=408), TimedOut),
    (Fault(refuse=502), Unavailable),
    (Fault(vanish=True, after=2), Unavailable),
    (Fault(stall=True, after=2), TimedOut),
    (Fault(malformed=True, after=1), Unavailable),
]


@pytest.mark.parametrize("fault, kind", FAULTS, ids=str)
async def test_a_failure_is_one_of_ours_and_the_next_reply_is_whole(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    error = await failed_reply(voice(sandbox, audio_within_s=0.5), sandbox, fault)
    assert type(error) is kind
    assert error.provider == "azure/speech"


async def test_a_wrong_key_is_found_at_the_start_and_a_vendor_away_is_not(
    sandbox: Sandbox,
) -> None:
    engine = voice(sandbox)
    sandbox.rules.add(Fault(refuse=401))
    with pytest.raises(Rejected):
        await engine.start()
    sandbox.rules.add(Fault(refuse=503))
    await engine.start()
    await engine.aclose()


def test_the_address_is_made_of_the_region() -> None:
    def models(name: str) -> Any:
        raise AssertionError(name)

    def made(**options: object) -> SpeechSynthesiser:
        environ = {"AZURE_SPEECH_KEY": "k"}
        order = Order(name="azure/speech", options=options, environ=environ, models=models)
        engine: SpeechSynthesiser = OFFERS[0].made(order)
        return engine

    assert "https://westeurope.tts.speech.microsoft.com" in repr(made(region="westeurope")._http)
    with pytest.raises(ConfigError):
        made(region="not a region")
