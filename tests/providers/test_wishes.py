"""Formatting, hesitations, languages and speakers: asked of each vendor in the vendor's words."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from tests.providers.clouds_stage import KEY, SAYS, account, hum, listening

from antiphon.events import TranscriptChanged
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.assemblyai import wire as assemblyai
from antiphon.providers.assemblyai.opening import universal_url
from antiphon.providers.assemblyai.settings import UniversalSettings
from antiphon.providers.aws import stt as aws
from antiphon.providers.aws.account import Secrets
from antiphon.providers.aws.settings import TranscribeSettings
from antiphon.providers.aws.stt import TranscribeRecogniser
from antiphon.providers.azure.recognition import RecognitionSession
from antiphon.providers.azure.settings_stt import RecognitionSettings
from antiphon.providers.azure.stt import AzureRecogniser
from antiphon.providers.deepgram.flux import flux_url
from antiphon.providers.deepgram.nova import nova_url
from antiphon.providers.deepgram.settings import FluxSettings, NovaSettings
from antiphon.providers.elevenlabs import scribe
from antiphon.providers.elevenlabs.settings import ScribeSettings
from antiphon.providers.google.session import opening
from antiphon.providers.google.settings import SpeechSettings
from antiphon.providers.openai.hints import Hints, hints
from antiphon.providers.openai.stt_items import Items
from antiphon.testing.cloud_aws import AmazonCloud
from antiphon.testing.cloud_azure import AzureCloud

ALL = Hearing(
    language="en-GB",
    detect=("en-GB", "es"),
    formatting="smart",
    keep_fillers=True,
    speakers=True,
)
HOME = "https://api.example.com"


def asked(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def changed(plain: str, all_: str) -> dict[str, list[str]]:
    """What the wishes change of a request."""
    before, after = asked(plain), asked(all_)
    assert not before.keys() - after.keys() - {"language_code"}
    return {name: value for name, value in after.items() if before.get(name) != value}


def test_nova() -> None:
    settings = NovaSettings(account=account(HOME))
    assert changed(nova_url(settings, Hearing()), nova_url(settings, ALL)) == {
        "language": ["multi"],
        "language_hint": ["en-GB", "es"],
        "smart_format": ["true"],
        "filler_words": ["true"],
        "diarize_model": ["latest"],
    }


def test_a_language_set_for_nova_goes_before_the_agents() -> None:
    settings = NovaSettings(account=account(HOME), language="es")
    query = asked(nova_url(settings, ALL))
    assert query["language"] == ["es"]
    assert "language_hint" not in query


def test_flux() -> None:
    settings = FluxSettings(account=account(HOME))
    assert changed(flux_url(settings, Hearing()), flux_url(settings, ALL)) == {
        "model": ["flux-general-multi"],
        "language_hint": ["en-GB", "es"],
        "numerals": ["true"],
    }


def test_an_english_flux_stays_english_where_it_is_set() -> None:
    settings = FluxSettings(account=account(HOME), model="flux-general-en")
    assert "language_hint" not in asked(flux_url(settings, ALL))


def test_universal() -> None:
    settings = UniversalSettings(account=account(HOME))
    assert changed(universal_url(settings, Hearing()), universal_url(settings, ALL)) == {
        "speech_model": ["universal-streaming-multilingual"],
        "format_turns": ["true"],
        "language_detection": ["true"],
        "speaker_labels": ["true"],
    }


def test_universal_3_is_told_which_languages() -> None:
    settings = UniversalSettings(account=account(HOME), speech_model="universal-3-6-pro")
    assert asked(universal_url(settings, ALL))["language_codes"] == ['["en","es"]']


@pytest.mark.parametrize("label, number", [("A", 0), ("C", 2), ("UNKNOWN", None), (None, None)])
def test_universals_speakers_are_letters(label: str | None, number: int | None) -> None:
    assert assemblyai.speaker(label) == number


def test_scribe() -> None:
    settings = ScribeSettings(account=account(HOME))
    plain, all_ = scribe.url(settings, Hearing()), scribe.url(settings, ALL)
    assert changed(plain, all_) == {"include_language_detection": ["true"]}
    assert "language_code" not in asked(all_)


@pytest.mark.parametrize(
    "model, told",
    [
        ("gpt-live-transcribe", Hints(languages=("en", "es"))),
        ("gpt-realtime-whisper", Hints(language=None)),
        ("whisper-1", Hints(language=None)),
    ],
)
def test_openais_models(model: str, told: Hints) -> None:
    assert hints(model, ALL, language=None, prompt=None) == told


def test_a_language_set_for_openai_goes_before_the_agents() -> None:
    assert hints("gpt-transcribe", ALL, language="es", prompt=None).languages == ("es",)


def test_openais_realtime_pieces_keep_the_language_told() -> None:
    told: list[Heard] = []
    items = Items(16_000, told.append)
    items.commit(16_000)
    assert items.acknowledged("item_1")
    items.read("item_1", "hola", "es")
    items.tell(16_000)
    last = told[-1]
    assert isinstance(last, TranscriptChanged)
    assert (last.text, last.language) == ("hola", "es")


def test_google() -> None:
    settings = SpeechSettings(account=account(HOME))
    config = opening(settings, "p", ALL)["streaming_config"]["config"]
    assert config["language_codes"] == ["en-GB", "es-ES"]
    assert "diarization_config" not in config["features"]


async def test_transcribe_identifies_one_of_several_and_numbers_speakers() -> None:
    cloud = AmazonCloud(key=KEY, says=SAYS, language="es-ES")
    settings = TranscribeSettings(
        account=account("https://transcribestreaming.us-east-1.amazonaws.com"),
        secrets=Secrets(secret=SecretStr("the-other-half")),
        vocabulary="names",
    )
    engine = TranscribeRecogniser(settings, cloud.transcribe_sdk)
    await engine.start()
    async with listening(engine, ALL) as ear:
        ear.feed(hum(300))
        final = await ear.final()
    request: Any = cloud.asked[0]
    assert {name: request[name] for name in ("language_code", "identify_language")} == {
        "language_code": None,
        "identify_language": True,
    }
    assert request["language_options"] == ["en-GB", "es-ES"]
    assert request["preferred_language"] == "en-GB"
    assert request["vocabulary_names"] == ["names"]
    assert request["show_speaker_label"] is True
    assert final.language == "es-ES"
    assert {word.speaker for word in final.words} == {0}


async def test_azure_chooses_among_several() -> None:
    cloud = AzureCloud(key=KEY, says=SAYS, language="es-ES")
    engine = AzureRecogniser(RecognitionSettings(account=account(HOME)), cloud.sdk)
    await engine.start()
    async with listening(engine, ALL) as ear:
        ear.feed(hum(300))
        final = await ear.final()
    request: Any = cloud.asked[0]
    assert (request.language, request.languages) == ("", ("en-GB", "es-ES"))
    assert list(request.config.properties.values()) == ["Continuous"]
    assert final.language == "es-ES"


# --- where the real packages are -------------------------------------------------------------


def test_googles_package_takes_it() -> None:
    types = pytest.importorskip("google.cloud.speech_v2.types")
    request = types.StreamingRecognizeRequest(
        opening(SpeechSettings(account=account(HOME)), "p", ALL)
    )
    assert list(request.streaming_config.config.language_codes) == ["en-GB", "es-ES"]
    assert types.StreamingRecognitionResult().language_code == ""


def test_amazons_package_takes_it() -> None:
    serialize = pytest.importorskip("amazon_transcribe.serialize")
    model = pytest.importorskip("amazon_transcribe.model")
    settings = TranscribeSettings(account=account(HOME), secrets=Secrets(), vocabulary="names")
    request = model.StartStreamTranscriptionRequest(
        media_sample_rate_hz=16_000, media_encoding="pcm", **aws._wishes(settings, ALL)
    )
    made = serialize.TranscribeStreamingSerializer()
    headers = made.serialize_start_stream_transcription_request("https://x", request).headers
    asked = {name.removeprefix("x-amzn-transcribe-"): value for name, value in headers.items()}
    assert asked["identify-language"] == asked["show-speaker-label"] == "True"
    assert asked["language-options"] == "en-GB,es-ES"
    assert asked["preferred-language"] == "en-GB"
    assert "language-code" not in asked
    item = model.Item(speaker="1")
    assert aws._speaker(item.speaker) == 1
    assert aws._speaker("spk_2") == 2
    assert aws._speaker(None) is None


async def test_azures_package_takes_it() -> None:
    sdk = pytest.importorskip("azure.cognitiveservices.speech")
    settings = RecognitionSettings(account=account("http://127.0.0.1:9"))
    session = RecognitionSession(sdk, settings, "azure/recognition")
    session._prepare(ALL)
    mode = sdk.PropertyId.SpeechServiceConnection_LanguageIdMode
    assert session._recognizer.properties.get_property(mode) == "Continuous"
    await session.aclose()
