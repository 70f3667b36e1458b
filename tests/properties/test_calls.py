"""What holds in every call, whoever speaks when and whatever goes wrong."""

import os
from collections import Counter

from hypothesis import HealthCheck, given, settings

from antiphon import actions as order
from antiphon.events import TurnScored
from antiphon.turns.table import State
from tests.properties.calls import calls
from tests.properties.world import Bout, Call, World

NIGHTLY = "ANTIPHON_NIGHTLY" in os.environ
settings.register_profile(
    "calls",
    max_examples=20_000 if NIGHTLY else 250,
    derandomize=not NIGHTLY,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
profile = settings.get_profile("calls")


def played(call: Call) -> World:
    """The call with a calm end: the caller falls silent, whatever was begun is finished."""
    world = World(call)
    world.start()
    world.run(lambda: world.now > world.speech_over)
    world.pass_time(30)
    return world


@profile
@given(calls())
def test_no_word_is_lost_or_counted_twice(call: Call) -> None:
    world = played(call)
    dialog, turns = world.conversation.dialog, world.conversation.turns
    texts = [text for _, text in dialog.turns] + list(dialog.backchannels)
    if turns._turn and turns._turn.answered is None:
        texts.append(turns._said())
    counted = Counter(word for text in texts for word in text.split() if word != "eh")
    assert counted == Counter(world.spoken)
