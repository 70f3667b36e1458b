"""Amazon Polly as a `Synthesiser`: a request for each clause, made in threads, for boto3 blocks."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar
from xml.sax.saxutils import escape

from antiphon.errors import Rejected
from antiphon.net.clauses import stressed
from antiphon.net.spoken_http import HttpUtterance
from antiphon.ports.tts import Speaking
from antiphon.providers.aws.account import Login
from antiphon.providers.aws.errors import of_polly
from antiphon.providers.aws.sdk import Body, Polly, PollySdk, load_polly
from antiphon.providers.aws.settings import POLLY, PollySettings

__all__ = ["HOME", "PollySynthesiser"]

HOME: Final = "https://polly.us-east-1.amazonaws.com"
CHUNK: Final = 3200
"""A tenth of a second at 16 kHz: a read blocks until it has so much."""
THREADS: Final = 16
LOWEST: Final = 0.667
HIGHEST: Final = 1.5
"""Times the voice's own pitch."""
NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

T = TypeVar("T")


class PollySynthesiser:
    """See `antiphon.ports.tts.Synthesiser`."""

    name = "aws/polly"

    def __init__(self, settings: PollySettings, sdk: Callable[[], PollySdk] = load_polly) -> None:
        self._settings, self._load = settings, sdk
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="polly")
        self._sdk: PollySdk | None = None
        self._client: Polly | None = None
        self._login: Login | None = None
        self.rate_hz: int = settings.rate_hz
        self.fingerprint = f"polly {settings.voice} {settings.engine} {settings.rate_hz}"

    async def start(self) -> None:
        """The vendor is met by the first utterance."""
        settings = self._settings
        login = Login.with_(settings.account, settings.secrets, settings.region, HOME)
        self._login = login
        self._sdk, self._client = await asyncio.to_thread(self._loaded, login)

    def utter(self, speaking: Speaking) -> HttpUtterance:
        sound = partial(self._sound, speaking)
        return HttpUtterance(sound, provider=self.name, stressed=sound)

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _loaded(self, login: Login) -> tuple[PollySdk, Polly]:
        sdk, settings = self._load(), self._settings
        return sdk, sdk.client(login, settings.connect_within_s, settings.audio_within_s)

    async def _sound(
        self, speaking: Speaking, text: str, stress: tuple[int, ...] = ()
    ) -> AsyncGenerator[bytes, None]:
        if self._client is None:
            raise Rejected("was not started", provider=self.name)
        request = partial(self._client.synthesize_speech, **self._request(speaking, text, stress))
        answer = await self._in_thread(request, given_up=_discard)
        body: Body = answer["AudioStream"]
        try:
            while chunk := await self._in_thread(partial(body.read, CHUNK)):
                yield chunk
        finally:
            body.close()

    async def _in_thread(
        self, work: Callable[[], T], given_up: Callable[[Future[T]], None] | None = None
    ) -> T:
        """Work that blocks. Where nobody waits for it any more it goes on all the same, and
        ``given_up`` gets what comes of it."""
        assert self._sdk is not None
        assert self._login is not None
        future = self._threads.submit(work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if given_up is not None and not future.cancelled():
                future.add_done_callback(given_up)
            raise
        except self._sdk.errors as error:
            raise of_polly(error, self._sdk, self._login, self.name) from None

    def _request(self, speaking: Speaking, text: str, stress: tuple[int, ...]) -> dict[str, str]:
        settings = self._settings
        said = NOT_XML.sub(" ", text)
        marked = self._marked(speaking, said, stress)
        return {
            "Text": marked or said,
            "TextType": "ssml" if marked else "text",
            "OutputFormat": "pcm",
            "SampleRate": str(settings.rate_hz),
            "VoiceId": speaking.voice or settings.voice,
            "Engine": settings.engine,
        }

    def _marked(self, speaking: Speaking, text: str, stress: tuple[int, ...]) -> str:
        """The text as a document; empty where plain text will do. What the engine does not know
        it refuses: only the standard one has a pitch and can stress words."""
        slowest, fastest = POLLY.speed or (1.0, 1.0)
        speed = min(max(speaking.speed, slowest), fastest)
        standard = self._settings.engine == "standard"
        pitch = 2 ** (speaking.pitch_semitones / 12) if standard else 1.0
        given = f' rate="{speed:.0%}"' if speed != 1.0 else ""
        if pitch != 1.0:
            given += f' pitch="{min(max(pitch, LOWEST), HIGHEST) - 1:+.0%}"'
        stress = stress if standard else ()
        if not given and not stress:
            return ""
        said = stressed(escape(text), stress, _emphasised)
        said = f"<prosody{given}>{said}</prosody>" if given else said
        return f"<speak>{said}</speak>"


def _emphasised(word: str) -> str:
    return f'<emphasis level="strong">{word}</emphasis>'


def _discard(answered: "Future[Any]") -> None:
    """An answer that came too late."""
    if not answered.cancelled() and answered.exception() is None:
        answered.result()["AudioStream"].close()
