"""`antiphon chat AGENT`: the same agent in text, without ears and mouth.

A line typed is a turn that ended; what the agent says is taken to be heard at once. The dialog
cannot tell the difference, so this is the quickest way to try one.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.call.clock import LoopClock
from antiphon.cli.live import say
from antiphon.cli.output import Exit, print_json
from antiphon.cli.pretended import pretended, sandbox_argument
from antiphon.config import agent, environment
from antiphon.dialog.receptionist import Receptionist
from antiphon.errors import ProviderError
from antiphon.events import (
    CallStarted,
    ModelFailed,
    ModelFinished,
    ModelSaid,
    ReplyFinished,
    TurnEnded,
)
from antiphon.models.store import ModelStore
from antiphon.mouth.markup import plain
from antiphon.net.minds import Minds
from antiphon.net.roster import Roster
from antiphon.ports.llm import Asking, LanguageModel
from antiphon.wiring.engines import made, ordered

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", type=Path, metavar="AGENT", help="agent.yaml, or its folder")
    sandbox_argument(parser)


def run(args: argparse.Namespace) -> int:
    settings = agent.load(args.agent)
    models, where = ModelStore().path, agent.where(args.agent)
    with pretended(args.sandbox, settings, environment.read()) as around:
        minds = [
            made("llm", ordered(settings, name, around.vendors, models), where)
            for name in settings.llm or ()
        ]
        chat = _Chat(Receptionist(settings.dialog), minds, as_json=bool(args.json))
        asyncio.run(chat.run())
    return Exit.OK


class _Chat:
    """A dialog on the terminal."""

    def __init__(
        self, dialog: Receptionist, minds: Sequence[LanguageModel], *, as_json: bool
    ) -> None:
        self._dialog = dialog
        self._roster = Roster(minds) if minds else None
        self._model = Minds(self._roster, LoopClock()) if self._roster else None
        self._as_json = as_json
        self._turns = 0
        self._said: dict[int, str] = {}
        self._over = False

    async def run(self) -> None:
        """Until the caller or the agent leaves."""
        try:
            await self._start()
            await self._perform(self._dialog.receive(CallStarted(channel="text"), 0.0))
            while not self._over:
                line = self._read()
                if line is None:
                    return
                if not line:  # nothing was said
                    continue
                self._turns += 1
                ended = TurnEnded(turn=self._turns, text=line, start_s=0.0, end_s=0.0)
                await self._perform(self._dialog.receive(ended, 0.0))
        finally:
            for mind in self._roster.engines if self._roster else ():
                await mind.aclose()

    async def _start(self) -> None:
        """All models. Raises the first `ProviderError` where none can be started."""
        if not (roster := self._roster):
            return
        errors = []
        for mind in roster.engines:
            try:
                await mind.start()
            except ProviderError as error:
                errors.append(error)
                roster.failed(mind, error, LoopClock().now())
        if len(errors) == len(roster):
            raise errors[0]

    def _read(self) -> str | None:
        """The next line. The loop may wait for it: nothing else goes on meanwhile."""
        if sys.stdin.isatty():
            print("> ", end="", flush=True)
        # The loop's own answer to Ctrl-C would come only after the line.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            line = sys.stdin.readline()
        finally:
            signal.signal(signal.SIGINT, before)
        return line.strip() if line else None

    async def _perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case order.Speak():
                    await self._speak(action)
                case order.AskModel():
                    await self._ask(action)
                case order.Transfer():
                    self._handed_over(action.to)
                case order.HangUp():
                    self._over = True
                case _:
                    pass

    def _handed_over(self, to: str) -> None:
        """A chat ends where a call would be somebody else's."""
        self._over = True
        if self._as_json:
            print_json({"transfer": to})
        else:
            print(f"(the caller is handed to {to})", flush=True)

    async def _speak(self, piece: order.Speak) -> None:
        text = self._said.get(piece.reply, "") + piece.text
        self._said[piece.reply] = text
        said = " ".join(plain(text).split())  # a break leaves two spaces
        if piece.last and text:
            if self._as_json:
                print_json({"reply": piece.reply, "text": said})
            else:
                print(said, flush=True)
            heard = ReplyFinished(reply=piece.reply, heard=said)
            await self._perform(self._dialog.receive(heard, 0.0))

    async def _ask(self, ask: order.AskModel) -> None:
        if self._model is None:
            failed = ModelFailed(request=ask.request, reason="no language model is configured")
            await self._perform(self._dialog.receive(failed, 0.0))
            return
        try:
            asking = Asking(messages=ask.messages, max_tokens=ask.max_tokens)
            async for piece in self._model.answer(asking):
                if piece.lost:
                    say(f"language model lost: {piece.lost}")
                said = ModelSaid(request=ask.request, text=piece.text)
                await self._perform(self._dialog.receive(said, 0.0))
            done = ModelFinished(request=ask.request)
            await self._perform(self._dialog.receive(done, 0.0))
        except ProviderError as error:
            failed = ModelFailed(request=ask.request, reason=str(error))
            await self._perform(self._dialog.receive(failed, 0.0))
