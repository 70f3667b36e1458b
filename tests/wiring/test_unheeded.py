"""What is asked of a recogniser that cannot do it, and which model several languages take."""

from antiphon.config.agent import AgentSettings
from antiphon.wiring.engines import models
from antiphon.wiring.unheeded import unheeded

ALL = {"formatting": "smart", "fillers": "keep", "detect": ["en", "es"], "speakers": True}


def agent(stt: str, **other: object) -> AgentSettings:
    dialog = {"greeting": "Hello."}
    told = {"name": "Desk", "stt": stt, "llm": None, "dialog": dialog, "hearing": ALL, **other}
    return AgentSettings.model_validate(told)


def warned(stt: str) -> list[str]:
    return [warning.what.partition(":")[0] for warning in unheeded(agent(stt))]


def test_only_what_the_preferred_one_cannot_do_is_told() -> None:
    assert warned("deepgram/nova-3") == []
    assert warned("deepgram/flux") == ["hearing.fillers", "hearing.speakers"]
    assert warned("elevenlabs/scribe") == ["hearing.speakers"]
    assert len(warned("vosk/server")) == 4


def test_speakers_that_are_numbered_anew_are_told_of() -> None:
    *_, speakers = unheeded(agent("aws/transcribe"))
    assert "numbers speakers anew after every final" in speakers.what


def test_somebody_unknown_is_told_of_elsewhere() -> None:
    assert unheeded(agent("nobody/nothing")) == []


def test_several_languages_are_another_model_with_another_price() -> None:
    flux = ("stt", "deepgram/flux")
    assert models(agent("deepgram/flux"))[flux] == "flux-general-multi"
    assert flux not in models(agent("deepgram/flux", hearing={}))
    english = {"deepgram/flux": {"model": "flux-general-en"}}
    assert models(agent("deepgram/flux", providers=english))[flux] == "flux-general-en"
