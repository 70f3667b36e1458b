"""Google's adapters: what they ask, how long a stream lasts, and whether the fakes are faithful.

With the vendor's packages installed, their own client talks to a gRPC server here.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.providers.clouds_stage import (
    FIRST,
    KEY,
    SAYS,
    SECOND,
    account,
    eventually,
    failure,
    hum,
    listening,
    silence,
)

from antiphon.call.clock import LoopClock
from antiphon.errors import AtCapacity, Missing, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.ports.stt import Hearing
from antiphon.ports.tts import Speaking
from antiphon.providers.google import sdk as google
from antiphon.providers.google.session import SpeechSession, opening
from antiphon.providers.google.settings import SpeechSettings, VoiceSettings
from antiphon.providers.google.stt import SpeechRecogniser
from antiphon.providers.google.tts import VoiceSynthesiser
from antiphon.testing.cloud_google import GoogleCloud
from antiphon.testing.conformance_tts import speak
from antiphon.testing.voice import ScriptedVoice

HOME = "https://speech.googleapis.com"


@asynccontextmanager
async def recogniser(cloud: GoogleCloud, **settings: Any) -> AsyncIterator[SpeechRecogniser]:
    brief = {"finalise_within_s": 1.0, "knock_s": 0.05}
    made = SpeechSettings(account=account(HOME), **{**brief, **settings})
    engine = SpeechRecogniser(made, cloud.speech_sdk)
    await engine.start()
    cloud.asked.clear()  # of the stream that was opened at start
    cloud.heard.clear()
    yield engine
    await engine.aclose()
    assert not cloud.clients


# --- what is asked ---------------------------------------------------------------------------


async def test_a_stream_is_configured_first_and_reads_a_telephone_as_it_is() -> None:
    cloud = GoogleCloud(key=KEY, says=SAYS)
    hearing = Hearing(rate_hz=8000, encoding="mulaw", language="de", keyterms=("Antiphon",))
    async with recogniser(cloud, model="telephony") as engine, listening(engine, hearing) as ear:
        ear.feed(hum(300, rate_hz=8000))
        assert (await ear.final()).text == FIRST

    (asked,) = cloud.asked
    assert asked == {
        "recognizer": "projects/a-project/locations/global/recognizers/_",
        "streaming_config": {
            "config": {
                "explicit_decoding_config": {
                    "encoding": "MULAW",
                    "sample_rate_hertz": 8000,
                    "audio_channel_count": 1,
                },
                "language_codes": ["de-DE"],
                "model": "telephony",
                "features": {
                    "enable_automatic_punctuation": True,
                    "enable_word_time_offsets": True,
                },
                "adaptation": {
                    "phrase_sets": [
                        {"inline_phrase_set": {"phrases": [{"value": "Antiphon", "boost": 10.0}]}}
                    ]
                },
            },
            "streaming_features": {"interim_results": True},
        },
    }
    assert len(cloud.heard[0]) == 8000 * 1.3


async def test_a_final_ends_a_stream_and_the_next_words_are_placed_where_they_were_fed() -> None:
    cloud = GoogleCloud(key=KEY, says=SAYS)
    async with recogniser(cloud) as engine, listening(engine) as ear:
        ear.feed(silence(0.5) + hum(300) + silence(0.2))
        first = await ear.final()
        assert first.text == FIRST
        assert first.words[0].start_s == pytest.approx(0.5, abs=0.05)
        ear.recognition.forget(ear.fed_s)
        began_s = ear.fed_s + 0.5
        ear.feed(silence(0.5) + hum(600) + silence(0.2))
        second = await ear.final()
        assert second.text == SECOND
        assert second.segment > first.segment
        assert second.words[0].start_s == pytest.approx(began_s, abs=0.05)
    assert len(cloud.heard) == 2


async def test_a_stream_that_grows_old_is_ended_in_a_pause_and_nothing_is_lost() -> None:
    cloud = GoogleCloud(key=KEY, says=SAYS)
    pcm = hum(300) + silence(0.3)
    async with recogniser(cloud, pause_after_s=0.5) as engine, listening(engine) as ear:
        ear.recognition.voice(SpeechStarted(at_s=0.0))
        ear.feed(pcm)
        await ear.until(lambda: bool(ear.told) and ear.told[-1].text == FIRST)
        assert len(cloud.heard) == 1, "it was ended in the middle of a word"
        ear.recognition.voice(SpeechStopped(at_s=1.3))
        ear.feed(silence(0.1))
        await eventually(lambda: not cloud.open)
        ear.recognition.voice(SpeechStarted(at_s=1.7))
        ear.feed(hum(600) + silence(0.3))
        await ear.until(lambda: ear.told[-1].text.endswith(SECOND))
        ear.recognition.voice(SpeechStopped(at_s=2.7))
        final = await ear.final()
    assert final.text == f"{FIRST} {SECOND}"
    assert len(cloud.heard) == 2
    assert len(b"".join(cloud.heard)) == len(pcm) + len(hum(600)) + len(silence(0.4))


async def test_a_stream_is_not_ended_amid_speech_to_ask_what_it_says() -> None:
    cloud = GoogleCloud(key=KEY, says=SAYS)
    async with recogniser(cloud) as engine, listening(engine) as ear:
        ear.recognition.voice(SpeechStarted(at_s=0.0))
        for at_s in (0.3, 0.6, 0.9):
            ear.feed(hum(300, seconds=0.3))
            ear.recognition.finalise(at_s)
            await asyncio.sleep(0.02)
        ear.feed(hum(300, seconds=0.3) + silence(0.2))
        await eventually(lambda: sum(map(len, cloud.heard)) == 44_800)
        assert len(cloud.heard) == 1
        assert not any(told.final for told in ear.told)
        ear.recognition.voice(SpeechStopped(at_s=1.2))
        await ear.until(lambda: ear.told[-1].final)
    assert ear.told[-1].text == FIRST


async def test_a_stream_as_old_as_can_be_is_ended_whoever_speaks() -> None:
    cloud = GoogleCloud(key=KEY, says=SAYS)
    old = {"pause_after_s": 0.5, "most_s": 1.0}
    async with recogniser(cloud, **old) as engine, listening(engine) as ear:
        ear.recognition.voice(SpeechStarted(at_s=0.0))
        ear.feed(hum(300, seconds=2.0))
        await eventually(lambda: sum(map(len, cloud.heard)) == 64_000)
        ear.recognition.voice(SpeechStopped(at_s=2.0))
        await ear.final()
    assert [len(heard) for heard in cloud.heard] == [32_000, 32_000]


async def test_no_stream_is_left_without_audio() -> None:
    cloud = GoogleCloud(key=KEY, says=SAYS)
    async with recogniser(cloud, silence_after_s=0.1) as engine, listening(engine) as ear:
        ear.feed(hum(300))
        await eventually(lambda: len(cloud.heard) > 0 and len(cloud.heard[0]) > len(hum(300)))
        assert not any(cloud.heard[0][len(hum(300)) :])
        final = await ear.final()
    assert final.text == FIRST
    assert final.end_s <= 1.3


async def test_a_project_is_the_settings_own_or_that_of_the_credentials() -> None:
    cloud = GoogleCloud(key=KEY, says=SAYS)
    where = {"project": "mine", "location": "eu"}
    async with recogniser(cloud, **where) as engine, listening(engine) as ear:
        ear.feed(hum(300))
        await ear.final()
    asked: Any = cloud.asked[0]
    assert asked["recognizer"] == "projects/mine/locations/eu/recognizers/_"


# --- the voice -------------------------------------------------------------------------------


async def test_each_clause_is_a_stream_with_its_voice_and_speed() -> None:
    clock = LoopClock()
    cloud = GoogleCloud(key=KEY, voice=ScriptedVoice(clock=clock, rate_hz=24_000))
    settings = VoiceSettings(account=account(HOME), knock_s=0.05)
    engine = VoiceSynthesiser(settings, cloud.voice_sdk)
    await engine.start()
    cloud.asked.clear()
    utterance = engine.utter(Speaking(voice="de-DE-Chirp3-HD-Kore", speed=3.0))
    for clause in ("One.", "Two."):
        utterance.say(clause)
    utterance.end()
    pieces = [piece async for piece in utterance.audio()]
    await engine.aclose()
    assert {piece.clause for piece in pieces if piece.pcm} == {0, 1}
    config: Any = {
        "voice": {"language_code": "de-DE", "name": "de-DE-Chirp3-HD-Kore"},
        "streaming_audio_config": {
            "audio_encoding": "PCM",
            "sample_rate_hertz": 24_000,
            "speaking_rate": 2.0,
        },
    }
    assert sorted(text for _, text in cloud.asked) == ["One.", "Two."]  # type: ignore[misc]
    assert [asked for asked, _ in cloud.asked] == [config, config]  # type: ignore[misc]
    assert not cloud.open


# --- credentials, and the vendor's own packages ----------------------------------------------


def _service_account(path: Path, **changes: str) -> Path:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    known = {
        "type": "service_account",
        "project_id": "from-the-file",
        "client_email": "somebody@from-the-file.iam.gserviceaccount.com",
        "private_key": private.decode(),
        "token_uri": "http://127.0.0.1:9/token",
        **changes,
    }
    path.write_text(json.dumps(known))
    return path


async def test_a_real_credentials_file_is_read_and_a_project_is_needed(tmp_path: Path) -> None:
    pytest.importorskip("google.cloud.speech_v2")
    path = _service_account(tmp_path / "key.json")
    key = google.load_speech().key(str(path))
    assert key.project == "from-the-file"

    _service_account(path, project_id="")
    engine = SpeechRecogniser(SpeechSettings(account=account(HOME, str(path))))
    with pytest.raises(Missing, match="needs a project"):
        await engine.start()
    await engine.aclose()


@pytest.mark.parametrize("content", [None, "not json", "[]", '{"type": "service_account"}', "{}"])
async def test_what_is_no_credentials_file_is_rejected_unshown(
    content: str | None, tmp_path: Path
) -> None:
    pytest.importorskip("google.cloud.texttospeech")
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    engine = VoiceSynthesiser(VoiceSettings(account=account(HOME, str(path))))
    with pytest.raises(Rejected, match="names no credentials file"):
        await engine.start()
    await engine.aclose()


class _Vendor:
    """The other end of the real client: a gRPC server with messages of the vendor's own types."""

    def __init__(self, cloud: GoogleCloud) -> None:
        self.cloud = cloud
        self.refuse: Any = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        import grpc
        from google.cloud import speech_v2, texttospeech

        def method(stub: Any, request: Any, response: Any) -> Any:
            return grpc.stream_stream_rpc_method_handler(
                stub,
                request_deserializer=request.deserialize,
                response_serializer=response.serialize,
            )

        server = grpc.aio.server()
        speech = method(
            self._recognise,
            speech_v2.StreamingRecognizeRequest,
            speech_v2.StreamingRecognizeResponse,
        )
        voice = method(
            self._synthesise,
            texttospeech.StreamingSynthesizeRequest,
            texttospeech.StreamingSynthesizeResponse,
        )
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    "google.cloud.speech.v2.Speech", {"StreamingRecognize": speech}
                ),
                grpc.method_handlers_generic_handler(
                    "google.cloud.texttospeech.v1.TextToSpeech", {"StreamingSynthesize": voice}
                ),
            )
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            await server.stop(None)

    async def _recognise(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        from google.cloud import speech_v2

        if self.refuse is not None:
            await context.abort(self.refuse, "refused by request")

        async def as_mappings() -> AsyncIterator[Any]:
            async for request in requests:
                whole = type(request).to_dict(request, use_integers_for_enums=False)
                yield {"audio": request.audio} if request.audio else whole

        call = await self.cloud.speech_sdk().client(KEY, "").stream(as_mappings())
        async for told in call:
            (result,) = told.results
            (best,) = result.alternatives
            yield speech_v2.StreamingRecognizeResponse(
                results=[
                    {
                        "alternatives": [
                            {
                                "transcript": best.transcript,
                                "confidence": best.confidence,
                                "words": [vars(word) for word in best.words],
                            }
                        ],
                        "is_final": result.is_final,
                        "result_end_offset": result.result_end_offset,
                    }
                ]
            )

    async def _synthesise(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        from google.cloud import texttospeech

        async def as_mappings() -> AsyncIterator[Any]:
            async for request in requests:
                whole = type(request).to_dict(request, use_integers_for_enums=False)
                yield {
                    name: whole[name] for name in ("streaming_config", "input") if whole.get(name)
                }

        call = await self.cloud.voice_sdk().client(KEY, "").stream(as_mappings())
        async for piece in call:
            yield texttospeech.StreamingSynthesizeResponse(audio_content=piece.audio_content)


def _at(sdk: google.Sdk, kind: Any, method: str, address: str) -> google.Sdk:
    """The real package, at an address without TLS."""
    import grpc

    def client(credentials: Any, host: str) -> google.Client:
        channel = grpc.aio.insecure_channel(address)
        made = kind(transport=kind.get_transport_class("grpc_asyncio")(channel=channel))
        return google._Client(getattr(made, method), made)

    def key(path: str) -> google.Key:
        return google.Key(credentials=None, project="a-project")

    return google.Sdk(key=key, client=client, errors=sdk.errors)


async def test_the_vendors_own_client_carries_what_is_asked_and_what_is_told() -> None:
    speech = pytest.importorskip("google.cloud.speech_v2")
    vendor = _Vendor(GoogleCloud(key=KEY, says=SAYS))
    async with vendor.serving() as address:
        sdk = _at(google.load_speech(), speech.SpeechAsyncClient, "streaming_recognize", address)
        settings = SpeechSettings(account=account(HOME), finalise_within_s=3.0, knock_s=0.1)
        engine = SpeechRecogniser(settings, lambda: sdk)
        await engine.start()
        async with listening(engine, Hearing(keyterms=("Antiphon",))) as ear:
            ear.feed(silence(0.5) + hum(300) + silence(0.2))
            first = await ear.final()
            ear.feed(hum(600) + silence(0.2))
            both = await ear.final()
        await engine.aclose()
    assert first.text == FIRST
    assert first.words[0].start_s == pytest.approx(0.5, abs=0.05)
    assert both.text == f"{FIRST} {SECOND}"
    config = vendor.cloud.asked[-1]["streaming_config"]["config"]  # type: ignore[index]
    assert config["explicit_decoding_config"]["encoding"] == "LINEAR16"
    phrases = config["adaptation"]["phrase_sets"][0]["inline_phrase_set"]["phrases"]
    assert phrases[0]["value"] == "Antiphon"


@pytest.mark.parametrize(
    "status, kind",
    [
        ("UNAUTHENTICATED", Rejected),
        ("RESOURCE_EXHAUSTED", AtCapacity),
        ("DEADLINE_EXCEEDED", TimedOut),
        ("ABORTED", Unavailable),
        ("OUT_OF_RANGE", Unavailable),
    ],
)
async def test_the_vendors_own_errors_are_understood(
    status: str, kind: type[ProviderError]
) -> None:
    speech = pytest.importorskip("google.cloud.speech_v2")
    import grpc

    vendor = _Vendor(GoogleCloud(key=KEY, says=SAYS))
    vendor.refuse = getattr(grpc.StatusCode, status)
    async with vendor.serving() as address:
        sdk = _at(google.load_speech(), speech.SpeechAsyncClient, "streaming_recognize", address)
        client = sdk.client(None, "")
        first = opening(SpeechSettings(account=account(HOME)), "a-project", Hearing())
        session = SpeechSession(sdk, "google/speech-v2")
        with pytest.raises(ProviderError) as caught:
            await _used(session, client, first)
        await session.aclose()
        await client.aclose()
    assert type(caught.value) is kind
    assert f"{status}: refused by request" in str(caught.value)


async def _used(session: SpeechSession, client: google.Client, first: google.Request) -> None:
    await session.begin(client, first, 2.0)
    async for _ in session.told():
        pass


async def test_a_refusal_of_the_vendors_own_is_known_at_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    speech = pytest.importorskip("google.cloud.speech_v2")
    import grpc

    vendor = _Vendor(GoogleCloud(key=KEY, says=SAYS))
    vendor.refuse = grpc.StatusCode.PERMISSION_DENIED
    async with vendor.serving() as address:
        sdk = _at(google.load_speech(), speech.SpeechAsyncClient, "streaming_recognize", address)
        engine = SpeechRecogniser(SpeechSettings(account=account(HOME)), lambda: sdk)
        with pytest.raises(Rejected, match="PERMISSION_DENIED: refused by request"):
            await engine.start()
        await engine.aclose()
        vendor.refuse = grpc.StatusCode.UNAVAILABLE
        await engine.start()
        assert "will be tried again" in caplog.text
        error = await failure(engine, hum(300))
        await engine.aclose()
    assert error.retryable


async def test_the_vendors_own_voice_client_carries_sound() -> None:
    speech = pytest.importorskip("google.cloud.texttospeech")
    voice = ScriptedVoice(clock=LoopClock(), rate_hz=24_000)
    vendor = _Vendor(GoogleCloud(key=KEY, voice=voice))
    async with vendor.serving() as address:
        kind = speech.TextToSpeechAsyncClient
        sdk = _at(google.load_voice(), kind, "streaming_synthesize", address)
        engine = VoiceSynthesiser(VoiceSettings(account=account(HOME)), lambda: sdk)
        await engine.start()
        pieces = await speak(engine, "Ever tried.", "Ever failed.")
        await engine.aclose()
        nowhere = await engine_failure(google.load_voice(), kind)
    assert sorted(voice.said) == ["Ever failed.", "Ever tried."]
    made = sum(len(piece.pcm) for piece in pieces) / 2 / 24_000
    assert made == pytest.approx(voice.length_s("Ever tried.") + voice.length_s("Ever failed."))
    assert nowhere.retryable


async def engine_failure(real: google.Sdk, kind: Any) -> ProviderError:
    """Where nobody listens."""
    sdk = _at(real, kind, "streaming_synthesize", "127.0.0.1:9")
    settings = VoiceSettings(account=account(HOME), connect_within_s=2.0, knock_s=0.05)
    engine = VoiceSynthesiser(settings, lambda: sdk)
    await engine.start()
    try:
        await speak(engine, "Hello?")
    except ProviderError as error:
        return error
    finally:
        await engine.aclose()
    raise AssertionError("somebody answered")


async def test_the_real_client_is_made_and_closed(tmp_path: Path) -> None:
    pytest.importorskip("google.cloud.speech_v2")
    path = _service_account(tmp_path / "key.json")
    settings = SpeechSettings(account=account(HOME, str(path)), location="nowhere-1", knock_s=0.1)
    engine = SpeechRecogniser(settings)
    await engine.start()
    await engine.aclose()
    await engine.aclose()
