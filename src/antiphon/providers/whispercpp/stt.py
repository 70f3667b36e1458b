"""A whisper.cpp server as a `Recogniser`: one request at a time, whoever's call it is for."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.net.child_job import Urgency
from antiphon.net.http import Http
from antiphon.net.readings import RequestRecognition
from antiphon.net.start import trial
from antiphon.net.turnstile import Turnstile
from antiphon.net.utterances import Cadence
from antiphon.net.wav import to_wav
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.whispercpp import wire
from antiphon.providers.whispercpp.settings import WhisperCppSettings

__all__ = ["WhisperCppRecogniser"]

RATE_HZ: Final = 16_000
IDLE_S: Final = 4.0
"""The server closes what nobody used for five seconds."""


class WhisperCppRecogniser:
    """See `antiphon.ports.stt.Recogniser`."""

    name = "whispercpp/server"
    rates_hz = (RATE_HZ,)

    def __init__(self, settings: WhisperCppSettings) -> None:
        self._settings = settings
        within_s = settings.answer_within_s
        self._http = Http(self.name, settings.account, {}, silent_s=within_s, idle_s=IDLE_S)
        # The server takes one at a time and lets the others wait in no order: ours is better.
        self._turnstile = Turnstile()

    async def start(self) -> None:
        """Have a second of silence read, which warms the model. Raises `Rejected` where the
        server refuses it; one that is away for the moment does not keep the process from
        starting."""
        fields = {"rate_hz": RATE_HZ, "language": "en", "detect": (), "keyterms": (), "segment": 0}
        with trial():
            await self._read("start", fields, bytes(2 * RATE_HZ), Urgency.SOON)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> RequestRecognition:
        read = partial(self._read, secrets.token_hex(4))
        cadence = Cadence(
            first_partial_s=self._settings.first_partial_s,
            partial_every_s=self._settings.partial_every_s,
        )
        return RequestRecognition(self.name, read, hearing, tell, cadence)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _read(
        self, call: str, fields: Mapping[str, Any], pcm: bytes, urgency: Urgency
    ) -> Mapping[str, Any]:
        if self._settings.language or not fields["detect"]:
            heard = await self._ask(
                call, fields, pcm, urgency, self._settings.language or fields["language"]
            )
            return _answer(heard, "")
        heard = await self._ask(call, fields, pcm, urgency, wire.AUTO)
        told = wire.code(heard.language)
        if not told or told in (one.partition("-")[0] for one in fields["detect"]):
            return _answer(heard, told)
        # A guess at a word or a noise: nobody on this line speaks that.
        language = fields["language"]
        return _answer(await self._ask(call, fields, pcm, urgency, language), language)

    async def _ask(
        self, call: str, fields: Mapping[str, Any], pcm: bytes, urgency: Urgency, language: str
    ) -> wire.Heard:
        form = wire.form(language, tuple(fields["keyterms"]))
        # The name is the server's log's: which call, which utterance.
        file = (f"{call}-{fields['segment']}.wav", to_wav(pcm, fields["rate_hz"]), "audio/wav")
        async with self._turnstile.turn(urgency):
            request = self._http.ask("POST", wire.PATH, data=form, files={"file": file})
            async with request as answer:
                body = await answer.body()
        try:
            return wire.heard(wire.decode(body))
        except RemoteProtocolError as error:
            what = f"sent what cannot be read: {error}"
            raise Unavailable(what, provider=self.name) from None


def _answer(heard: wire.Heard, language: str) -> Mapping[str, Any]:
    return {
        "text": heard.text,
        "words": heard.words,
        "confidence": heard.confidence,
        "language": language,
    }
