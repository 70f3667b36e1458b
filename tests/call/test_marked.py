"""Whole calls whose texts carry tags: nobody but the voice ever learns of them."""

from collections.abc import Mapping
from typing import Any

from tests.call.conftest import Exchange, Held, Holding

from antiphon.call.captions import Captions
from antiphon.mouth.settings import Manner
from antiphon.observe.storyline import timeline
from antiphon.ports.tts import Speaking
from antiphon.wiring.agent import conversation

MARKED: dict[str, Any] = {
    "greeting": 'Hello, <emphasis>how</emphasis> can I <break time="300ms"/>help?',
    "topics": [
        {
            "name": "hours",
            "asks": ["hours"],
            "says": 'We open at <sub alias="eight">8</sub>. <prosody rate="80%">We close at six.'
            "</prosody>",
            "from_now": "lawyer",
        }
    ],
}
ASK = """steps:
  - wait: agent_done
  - say: What are your hours?
  - wait: agent_done
  - say: I like it here
  - wait: agent_done
"""


class Screen:
    def __init__(self) -> None:
        self.shown: list[Mapping[str, Any]] = []

    def tell(self, notice: Mapping[str, object]) -> None:
        self.shown.append(notice)


def test_a_call_with_tags_is_shown_remembered_and_replayed_without_them(hold: Holding) -> None:
    screen = Screen()

    async def main(exchange: Exchange) -> tuple[Held, list[Any]]:
        mouth = exchange.settings.mouth.model_copy(
            update={"manners": {"lawyer": Manner(speed=1.1)}}
        )
        exchange.settings = exchange.settings.model_copy(update={"mouth": mouth})
        said = "I <prosody rate='fast'>see</prosody> what <sub alias='no'>you</sub>."
        exchange.model.says = [said]
        manners: list[Speaking] = []
        usual = exchange.voice.utter

        def utter(speaking: Speaking) -> Any:
            manners.append(speaking)
            return usual(speaking)

        exchange.voice.utter = utter  # type: ignore[method-assign]
        talk = conversation(exchange.settings)
        captions = Captions(talk, screen)  # type: ignore[arg-type]
        held = await exchange.call(ASK, talk=talk, watchers=(captions,))
        return held, manners

    held, manners = hold.exchange(main, dialog=MARKED)
    heard = [event.heard.strip() for event in held.told("ReplyFinished")]
    assert heard[:3] == [
        "Hello, how can I help?",
        "We open at 8. We close at six.",
        "I see what you.",
    ]
    assert held.heard.startswith("Hello, how can I help? We open at eight. We close at six. I see")
    spoken = [notice["text"] for notice in screen.shown if notice["type"] == "speech"]
    assert "We open at 8." in spoken
    assert not any("<" in str(notice) for notice in screen.shown)
    # Usual, then the manner of the topic, slower, and from now on the manner.
    speeds = [each.speed for each in manners]
    assert speeds[:4] == [1.0, 1.1, 0.88, 1.1]
    assert held.dialog.memory[0].heard.strip() == heard[1]
    assert held.replayed().difference is None
    told = [line.text for line in timeline(held.log).said if line.who == "agent"]
    assert told == heard[: len(told)]
    assert len(told) >= 3
