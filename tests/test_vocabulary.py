"""Every fact and every order survives JSON, and nothing else is taken for one."""

import json
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon import actions, events
from antiphon.errors import RemoteProtocolError

KINDS = [(events, kind) for kind in events.KINDS.values()]
KINDS += [(actions, kind) for kind in actions.KINDS.values()]
IDS = [kind.__name__ for _, kind in KINDS]

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def instances(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any instance at all, from the types of its fields."""
    return st.builds(kind, **dict.fromkeys(kind.__dataclass_fields__, ...))


@pytest.mark.parametrize("module, kind", KINDS, ids=IDS)
@given(data=st.data())
@settings(max_examples=15, derandomize=True, deadline=None, database=None)
def test_survives_json(module: ModuleType, kind: type[Any], data: st.DataObject) -> None:
    thing = data.draw(instances(kind))
    record = json.loads(json.dumps(module.to_json(thing)))
    assert record["type"] == kind.__name__
    assert module.from_json(record) == thing
    assert type(module.from_json(record)) is kind


@pytest.mark.parametrize("module, kind", KINDS, ids=IDS)
def test_is_frozen_and_takes_no_other_field(module: ModuleType, kind: type[Any]) -> None:
    assert kind.__dataclass_params__.frozen
    assert not hasattr(kind, "__dict__") or "__slots__" in kind.__dict__
    with pytest.raises(RemoteProtocolError, match=f"{kind.__name__} has no field colour"):
        module.from_json({"type": kind.__name__, "colour": "red"})


@pytest.mark.parametrize("module", [events, actions])
@pytest.mark.parametrize("name", ["Nonsense", None, 7, ["Duck"], "", "Event", "Word"])
def test_an_unknown_type_is_refused_with_the_known_ones(module: ModuleType, name: object) -> None:
    with pytest.raises(RemoteProtocolError, match=r"unknown type .*; known: "):
        module.from_json({"type": name})


def test_no_type_at_all_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="unknown type None"):
        events.from_json({"at_s": 1.0})


@pytest.mark.parametrize(
    "record",
    [
        {"type": "SpeechStarted"},
        {"type": "SpeechStarted", "at_s": "soon"},
        {"type": "CallEnded", "by": "nobody"},
        {"type": "ReplyStarted", "reply": 1.5},
        {"type": "ExpectationSet", "expectation": {"kind": "sermon"}},
        {"type": "TranscriptChanged", "segment": 0, "text": "a", "start_s": 0, "end_s": 1,
         "final": True, "words": [{"text": "a"}]},
    ],
    ids=lambda record: json.dumps(record)[:50],
)  # fmt: skip
def test_a_bad_value_is_refused_by_the_name_of_its_type(record: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError, match=str(record["type"])):
        events.from_json(record)


def test_an_order_with_a_bad_value_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match=r"AskModel: .*messages"):
        actions.from_json({"type": "AskModel", "request": 1, "messages": [{"role": "king"}]})


def test_reading_leaves_the_record_as_it_was() -> None:
    record = {"type": "Duck", "at_s": 1.0}
    actions.from_json(record)
    assert record == {"type": "Duck", "at_s": 1.0}


def test_facts_and_orders_share_no_name() -> None:
    assert not events.KINDS.keys() & actions.KINDS.keys()


def test_what_no_recogniser_told_is_not_in_the_log() -> None:
    word = events.Word(text="hello", start_s=0.1, end_s=0.4)
    plain = events.TranscriptChanged(
        segment=0, text="hello", start_s=0.1, end_s=0.4, final=True, words=(word,)
    )
    assert events.to_json(plain) == {
        "type": "TranscriptChanged",
        "segment": 0,
        "text": "hello",
        "start_s": 0.1,
        "end_s": 0.4,
        "final": True,
        "words": ({"text": "hello", "start_s": 0.1, "end_s": 0.4, "confidence": 1.0},),
        "confidence": 1.0,
    }
    told = {**events.to_json(plain), "language": "es"}
    told["words"][0]["speaker"] = 0
    assert events.to_json(events.from_json(told)) == told
