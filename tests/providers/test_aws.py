"""Amazon's adapters: what they ask, what they make of answers, and whether the fakes are faithful.

With the vendor's packages installed, boto3 talks to a server here, and what amazon-transcribe
parses and raises is read as it would be in a call.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from tests.providers.clouds_stage import (
    FIRST,
    KEY,
    SAYS,
    SECOND,
    account,
    failure,
    hum,
    listening,
    silence,
)

from antiphon.call.clock import LoopClock
from antiphon.errors import (
    AtCapacity,
    ConfigError,
    Missing,
    ProviderError,
    Rejected,
    TimedOut,
    Unavailable,
)
from antiphon.net.offering import Order
from antiphon.ports.stt import Hearing
from antiphon.ports.tts import Speaking
from antiphon.providers.aws import offer as aws
from antiphon.providers.aws import stt, tts
from antiphon.providers.aws.account import Login, Secrets
from antiphon.providers.aws.errors import of_transcribe
from antiphon.providers.aws.settings import PollySettings, TranscribeSettings
from antiphon.testing.cloud_aws import AmazonCloud
from antiphon.testing.clouds import Trouble
from antiphon.testing.conformance_tts import speak
from antiphon.testing.voice import ScriptedVoice

SECRETS = Secrets(secret=SecretStr("the-other-half"))
LOGIN = Login(key_id=KEY, secret="the-other-half", token="", region="eu-west-1", endpoint="")


@asynccontextmanager
async def recogniser(
    cloud: AmazonCloud, **settings: Any
) -> AsyncIterator[stt.TranscribeRecogniser]:
    made = TranscribeSettings(account=account(stt.HOME), secrets=SECRETS, **settings)
    engine = stt.TranscribeRecogniser(made, cloud.transcribe_sdk)
    await engine.start()
    yield engine
    await engine.aclose()


# --- Transcribe ------------------------------------------------------------------------------


async def test_a_telephones_audio_is_sent_as_pcm_with_its_language_and_vocabulary() -> None:
    cloud = AmazonCloud(key=KEY, says=SAYS)
    hearing = Hearing(rate_hz=8000, encoding="mulaw", language="de-AT")
    wanted = {"vocabulary": "names", "stability": None}
    async with recogniser(cloud, **wanted) as engine, listening(engine, hearing) as ear:
        ear.feed(silence(0.5, 8000) + hum(300, rate_hz=8000))
        final = await ear.final()
    assert final.text == FIRST
    assert [word.text for word in final.words] == FIRST.split()
    assert final.words[0].start_s == pytest.approx(0.5, abs=0.05)
    assert final.words[0].confidence == 0.9
    assert cloud.asked == [
        {
            "language_code": "de-AT",
            "media_sample_rate_hz": 8000,
            "media_encoding": "pcm",
            "vocabulary_name": "names",
            "enable_partial_results_stabilization": False,
            "partial_results_stability": None,
        }
    ]
    assert len(cloud.heard[0]) == 2 * 8000 * 1.8


async def test_a_final_ends_a_stream_and_the_next_words_begin_another() -> None:
    cloud = AmazonCloud(key=KEY, says=SAYS)
    async with recogniser(cloud) as engine, listening(engine) as ear:
        ear.feed(hum(300) + silence(0.2))
        assert (await ear.final()).text == FIRST
        ear.recognition.forget(ear.fed_s)
        ear.feed(hum(600) + silence(0.2))
        second = await ear.final()
    assert second.text == SECOND
    assert second.words[0].start_s == pytest.approx(1.5, abs=0.05)
    assert len(cloud.heard) == 2


async def test_a_connection_lost_before_the_last_words_is_not_taken_for_the_end() -> None:
    cloud = AmazonCloud(key=KEY, says=SAYS, always=Trouble(after=3, vanish=True))
    async with recogniser(cloud) as engine:
        error = await failure(engine, hum(300))
    assert isinstance(error, Unavailable)


@pytest.mark.parametrize(
    "name, text, kind",
    [
        ("BadRequestException", "wrong rate", Rejected),
        ("BadRequestException", "Your request timed out because no new audio came", TimedOut),
        ("LimitExceededException", "too many", AtCapacity),
        ("ServiceUnavailableException", "later", Unavailable),
        ("InternalFailureException", "oh", Unavailable),
        ("ConflictException", "another", Rejected),
        ("SerializationException", "what", Rejected),
        ("CredentialsException", "none", Rejected),
        ("HTTPException", "no HTTP/2", Unavailable),
    ],
)
def test_the_vendors_own_errors_are_understood(
    name: str, text: str, kind: type[ProviderError]
) -> None:
    theirs = pytest.importorskip("amazon_transcribe.exceptions")
    error = of_transcribe(getattr(theirs, name)(text), LOGIN, "aws/transcribe")
    assert type(error) is kind
    assert text in str(error)


@pytest.mark.parametrize(
    "status, code, kind",
    [
        (403, "UnrecognizedClientException", Rejected),
        (400, "ThrottlingException", AtCapacity),
        (503, "Whatever", Unavailable),
    ],
)
def test_an_error_the_sdk_has_no_class_for_is_known_by_its_status(
    status: int, code: str, kind: type[ProviderError]
) -> None:
    theirs = pytest.importorskip("amazon_transcribe.exceptions")
    unknown = theirs.UnknownServiceException(status, code, f"about {KEY}")
    error = of_transcribe(unknown, LOGIN, "aws/transcribe")
    assert type(error) is kind
    assert KEY not in str(error)


async def test_what_the_vendors_own_parser_makes_of_an_event_is_read() -> None:
    parsing = pytest.importorskip("amazon_transcribe.deserialize")
    items = [
        {"Content": "ever", "Type": "pronunciation", "StartTime": 0.5, "EndTime": 0.7},
        {"Content": "tried", "Type": "pronunciation", "StartTime": 0.7, "EndTime": 1.0},
        {"Content": ".", "Type": "punctuation", "StartTime": 1.0, "EndTime": 1.0},
    ]
    result = {
        "StartTime": 0.5,
        "EndTime": 1.0,
        "IsPartial": False,
        "Alternatives": [{"Transcript": "ever tried.", "Items": items}],
    }
    payload = json.dumps({"Transcript": {"Results": [result, {**result, "Alternatives": []}]}})
    raw = SimpleNamespace(
        headers={":message-type": "event", ":event-type": "TranscriptEvent"}, payload=payload
    )
    event = parsing.TranscribeStreamingEventParser().parse(raw)

    async def events() -> AsyncIterator[Any]:
        yield event

    stream: Any = SimpleNamespace(output_stream=events())
    session = stt.TranscribeSession(stream, AmazonCloud().transcribe_sdk(), LOGIN, "aws/transcribe")
    (told,) = [told async for told in session.told()]
    assert told.closed
    assert told.piece.text == "ever tried."
    assert [(word.text, word.start_s, word.end_s) for word in told.piece.words] == [
        ("ever", 0.5, 0.7),
        ("tried.", 0.7, 1.0),
    ]


# --- keys and places -------------------------------------------------------------------------


def _order(name: str, environ: dict[str, str], **options: object) -> Order:
    return Order(name=name, options=options, environ=environ, models=_no_models)


def _no_models(model: str) -> Any:
    raise AssertionError(f"asked for {model}")


TRANSCRIBE, POLLY = aws.OFFERS


async def test_half_a_key_is_said_to_be_missing_before_anything_is_made() -> None:
    cloud = AmazonCloud(key=KEY)
    order = _order("aws/transcribe", {"AWS_ACCESS_KEY_ID": KEY})
    with pytest.raises(Missing, match="aws/transcribe needs AWS_SECRET_ACCESS_KEY"):
        aws.make_transcribe(TRANSCRIBE, order, cloud.transcribe_sdk)


async def test_the_environment_has_both_halves_and_a_region() -> None:
    environ = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_REGION": "eu-west-1",
    }
    cloud = AmazonCloud(key=KEY)
    engine = aws.make_polly(POLLY, _order("aws/polly", environ), cloud.polly_sdk)
    await engine.start()
    await engine.aclose()
    assert cloud.logins == [
        Login(key_id=KEY, secret="s", token="t", region="eu-west-1", endpoint="")
    ]
    assert KEY not in repr(cloud.logins)


async def test_an_agent_file_has_the_last_word_on_the_region_and_none_on_the_key() -> None:
    environ = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}
    cloud = AmazonCloud(key=KEY)
    order = _order(
        "aws/polly", {**environ, POLLY.address: "http://127.0.0.1:1"}, region="us-west-2"
    )
    engine = aws.make_polly(POLLY, order, cloud.polly_sdk)
    await engine.start()
    await engine.aclose()
    assert (cloud.logins[0].region, cloud.logins[0].endpoint) == ("us-west-2", "http://127.0.0.1:1")
    with pytest.raises(ConfigError, match="secrets cannot be set here"):
        aws.make_polly(POLLY, _order("aws/polly", environ, secrets={"secret": "x"}))


# --- Polly -----------------------------------------------------------------------------------


async def test_another_speed_is_asked_for_in_ssml_that_holds_any_text() -> None:
    cloud = AmazonCloud(key=KEY, voice=ScriptedVoice(clock=LoopClock()))
    settings = PollySettings(account=account(tts.HOME), secrets=SECRETS)
    engine = tts.PollySynthesiser(settings, cloud.polly_sdk)
    await engine.start()
    await speak(engine, "Tom & <Jerry>\x00\ufffe!", speed=1.5)
    utterance = engine.utter(Speaking(voice="Vicki"))
    utterance.say("Hallo!")
    utterance.end()
    assert [piece async for piece in utterance.audio()]
    await engine.aclose()
    fast, plain = cloud.asked
    assert fast == {
        "Text": '<speak><prosody rate="150%">Tom &amp; &lt;Jerry&gt;  !</prosody></speak>',
        "TextType": "ssml",
        "OutputFormat": "pcm",
        "SampleRate": "16000",
        "VoiceId": "Joanna",
        "Engine": "neural",
    }
    assert plain == {**fast, "Text": "Hallo!", "TextType": "text", "VoiceId": "Vicki"}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "kind, text",
    [
        ("neural", None),
        (
            "standard",
            (
                '<speak><prosody pitch="+12%">Tom &amp; '
                '<emphasis level="strong">&lt;me&gt;</emphasis></prosody></speak>'
            ),
        ),
    ],
)
async def test_pitch_and_stress_are_for_the_engine_that_knows_them(
    kind: str, text: str | None
) -> None:
    cloud = AmazonCloud(key=KEY, voice=ScriptedVoice(clock=LoopClock()))
    settings = PollySettings(account=account(tts.HOME), secrets=SECRETS, engine=kind)  # type: ignore[arg-type]
    engine = tts.PollySynthesiser(settings, cloud.polly_sdk)
    await engine.start()
    utterance = engine.utter(Speaking(pitch_semitones=2.0, style="calm"))
    utterance.say("Tom & <me>", (2,))
    utterance.end()
    assert [piece async for piece in utterance.audio()]
    await engine.aclose()
    assert cloud.asked[0]["Text"] == (text or "Tom & <me>")  # type: ignore[index]


SOUND = bytes(range(256)) * 40


class _Server(ThreadingHTTPServer):
    asked: list[tuple[str, dict[str, str]]]
    answer: str


class _Answers(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers["Authorization"], json.loads(body)))
        match self.server.answer:
            case "sound":
                self._send(200, "audio/pcm", SOUND)
            case "half":
                self._send(200, "audio/pcm", SOUND, of=2 * len(SOUND))
            case "slow":
                self._send(200, "audio/pcm", SOUND, of=2 * len(SOUND), wait=True)
            case status_and_code:
                status, code = status_and_code.split()
                self._send(int(status), "application/json", b"{}", code=code)

    def _send(
        self,
        status: int,
        kind: str,
        body: bytes,
        *,
        of: int = 0,
        code: str = "",
        wait: bool = False,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(of or len(body)))
        self.send_header("x-amzn-ErrorType", code)
        self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if wait:
            self.rfile.read(1)  # until the client leaves
        self.close_connection = True

    def log_message(self, *said: object) -> None:
        """Quiet."""


@contextmanager
def serving(answer: str) -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Answers) as server:
        server.asked, server.answer, server.daemon_threads = [], answer, True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@asynccontextmanager
async def real_polly(port: int) -> AsyncIterator[tts.PollySynthesiser]:
    pytest.importorskip("boto3")
    settings = PollySettings(
        account=account(f"http://127.0.0.1:{port}"), secrets=SECRETS, audio_within_s=0.5
    )
    engine = tts.PollySynthesiser(settings)
    await engine.start()
    yield engine
    await engine.aclose()


async def test_boto3_carries_what_is_asked_and_what_is_said() -> None:
    with serving("sound") as server:
        async with real_polly(server.server_port) as engine:
            pieces = await speak(engine, "Ever tried.")
    assert b"".join(piece.pcm for piece in pieces) == SOUND
    ((authorization, asked),) = server.asked
    assert f"Credential={KEY}/" in authorization
    assert asked["Text"] == "Ever tried."
    assert asked["OutputFormat"] == "pcm"


@pytest.mark.parametrize(
    "answer, kind",
    [
        ("403 UnrecognizedClientException", Rejected),
        ("400 ThrottlingException", AtCapacity),
        ("503 ServiceUnavailableException", Unavailable),
        ("half", Unavailable),
        ("slow", TimedOut),
    ],
)
async def test_boto3s_errors_are_understood(answer: str, kind: type[ProviderError]) -> None:
    with serving(answer) as server:
        async with real_polly(server.server_port) as engine:
            with pytest.raises(ProviderError) as caught:
                await speak(engine, "Ever tried.")
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)
    if isinstance(caught.value, AtCapacity):
        assert caught.value.retry_after_s == 7


async def test_where_nobody_listens_another_may_be_asked() -> None:
    async with real_polly(9) as engine:
        with pytest.raises(Unavailable):
            await speak(engine, "Hello?")


async def test_the_vendors_own_transcribe_client_tells_that_nobody_listens() -> None:
    pytest.importorskip("amazon_transcribe")
    where = account("http://127.0.0.1:9")
    settings = TranscribeSettings(account=where, secrets=SECRETS)
    engine = stt.TranscribeRecogniser(settings)
    await engine.start()
    error = await failure(engine, hum(300))
    await engine.aclose()
    assert type(error) in (Unavailable, TimedOut)


async def test_a_request_given_up_is_closed_when_it_is_answered() -> None:
    cloud = AmazonCloud(key=KEY, voice=ScriptedVoice(clock=LoopClock()))
    engine = tts.PollySynthesiser(
        PollySettings(account=account(tts.HOME), secrets=SECRETS), cloud.polly_sdk
    )
    await engine.start()
    for _ in range(20):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(speak(engine, "Ever tried."))
            await asyncio.wait([task], timeout=0.001)
            task.cancel()
    async with asyncio.timeout(5):
        while cloud.open:
            await speak(engine, "Ever failed.")
    await engine.aclose()
