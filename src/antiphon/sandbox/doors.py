"""Every vendor the sandbox pretends: where WebSockets are opened, where HTTP requests are made.

A line for each vendor and kind; what is behind it stands in the vendor's folder.
"""

from typing import Final

from antiphon.sandbox.anthropic import doors as anthropic
from antiphon.sandbox.assemblyai import doors as assemblyai
from antiphon.sandbox.azure import doors as azure
from antiphon.sandbox.cartesia import doors as cartesia
from antiphon.sandbox.deepgram import doors as deepgram
from antiphon.sandbox.elevenlabs import doors as elevenlabs
from antiphon.sandbox.gemini import doors as gemini
from antiphon.sandbox.openai import chat as openai_chat
from antiphon.sandbox.openai import doors as openai
from antiphon.sandbox.openai import responses as openai_responses
from antiphon.sandbox.twilio import desks as twilio
from antiphon.sandbox.vendor import Desk, Door
from antiphon.sandbox.vosk import doors as vosk
from antiphon.sandbox.whispercpp import doors as whispercpp
from antiphon.sandbox.xtts import doors as xtts

__all__ = ["DESKS", "DOORS"]

DOORS: Final[tuple[Door, ...]] = (
    *assemblyai.DOORS,
    *cartesia.DOORS,
    *deepgram.DOORS,
    *elevenlabs.DOORS,
    *openai.DOORS,
    *vosk.DOORS,
)
DESKS: Final[tuple[Desk, ...]] = (
    *anthropic.DESKS,
    *gemini.DESKS,
    *openai.DESKS,
    *openai_chat.DESKS,
    *openai_responses.DESKS,
    *azure.DESKS,
    *cartesia.DESKS,
    *elevenlabs.DESKS,
    *twilio.DESKS,
    *whispercpp.DESKS,
    *xtts.DESKS,
)
