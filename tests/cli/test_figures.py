"""What `bench`, `demo` and `report` print: figures and verdicts worked out of a call's traces."""

import json
from pathlib import Path

import pytest
from tests.observe.conftest import Script, demo_call

from antiphon.cli import bench, demo, report
from antiphon.cli.live import Traces
from antiphon.cli.main import main
from antiphon.config import agent
from antiphon.config.agent import AgentSettings
from antiphon.observe.calllog import CallLogWriter
from antiphon.turns.settings import TurnSettings


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    script = demo_call(Script(tmp_path))
    return Traces.of(script.log().path, script.wav())


def test_the_voice_bench_counts_waits_and_their_parts(traces: Traces) -> None:
    figures = bench._voice(traces, traces.audit())

    assert figures["turns"] == figures["answered"] == 4
    assert figures["voice_to_voice_ms"]["n"] == 4
    waits = figures["voice_to_voice_ms"]
    assert 300 < waits["p50"] < waits["p95"] < 1000
    assert figures["parts"]["total_ms"]["n"] == len(traces.answered) == 4
    assert figures["budget_ms"] == {"p50": 450.0, "p95": 800.0}
    assert figures["unanswered"] == []


def test_the_voice_bench_names_what_was_never_answered(traces: Traces) -> None:
    audited = traces.audit()
    audited["voice_to_voice_ms"]["each"][0]["ms"] = None

    figures = bench._voice(traces, audited)

    assert figures["answered"] == 3
    assert figures["unanswered"] == ["What are your opening hours?"]


def test_the_bargein_bench_counts_who_yielded_and_who_kept_on(traces: Traces) -> None:
    figures = bench._bargein(traces.audit())

    assert (figures["interruptions"], figures["yielded"]) == (1, 1)
    assert (figures["backchannels"], figures["kept"]) == (1, 1)
    assert 300 < figures["silent_ms"]["p50"] <= figures["silent_ms"]["p95"] < 600
    assert 0 < figures["ducked_ms"]["p95"] < 300
    assert figures["failed"] == []


def test_the_bargein_bench_shows_what_failed(traces: Traces) -> None:
    audited = traces.audit()
    audited["interruptions"][0]["yielded"] = audited["backchannels"][0]["kept"] = False

    figures = bench._bargein(audited)

    assert (figures["yielded"], figures["kept"]) == (0, 0)
    assert figures["silent_ms"] == {"p50": None, "p95": None}, "not yielding takes no time"
    assert [failed["text"] for failed in figures["failed"]] == [
        "Wait, no, two o'clock is better.",
        "Mhm.",
    ]


def test_the_bargein_bench_of_a_call_without_any(tmp_path: Path) -> None:
    script = Script(tmp_path)
    script.agent(1, "Hello.", 0.5, 1.0)
    figures = bench._bargein(Traces.of(script.log().path, script.wav()).audit())

    assert (figures["interruptions"], figures["backchannels"], figures["failed"]) == (0, 0, [])


# --- demo ----------------------------------------------------------------------------------------

EXAMPLE = Path(__file__).parents[2] / "examples" / "receptionist"


@pytest.mark.parametrize("feature", demo.WITHOUT)
def test_switching_a_feature_off_makes_settings_that_can_be(feature: str) -> None:
    plain = agent.load(EXAMPLE)
    without = demo._without(plain, [feature])

    assert without.turns != plain.turns
    assert without.model_copy(update={"turns": plain.turns}) == plain
    # What is laid over is checked too: a replay rebuilds the agent from the log.
    logged = without.model_dump(mode="json")
    assert AgentSettings.model_validate(logged).model_dump(mode="json") == logged


def test_several_features_can_be_off_at_once() -> None:
    turns = demo._without(agent.load(EXAMPLE), ["silence", "interruption"]).turns
    assert turns == TurnSettings(silence_s=3600.0, barge_in="off")


def test_the_verdicts_are_printed_with_their_troubles(
    traces: Traces, capsys: pytest.CaptureFixture[str]
) -> None:
    audited = traces.audit() | {"breath_not_cut": False, "troubles": ["the agent cut in"]}

    demo._print_verdicts(audited)

    said = capsys.readouterr().out
    assert "  yes  backchannel kept\n" in said
    assert "  NO   breath not cut\n" in said
    assert said.endswith("  !    the agent cut in\n")


def test_a_feature_nobody_has_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["demo", "--without", "gravity"])
    assert caught.value.code == 2


def test_a_demo_into_a_file_is_an_environment_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "demo").write_text("")

    assert main(["demo", "--out", str(tmp_path / "demo")]) == 3
    assert "File exists" in capsys.readouterr().err


# --- report --------------------------------------------------------------------------------------


def test_a_report_lies_beside_its_log(traces: Traces, capsys: pytest.CaptureFixture[str]) -> None:
    page = traces.log.path.with_suffix(".html")

    assert main(["report", str(traces.log.path), "--json"]) == 0

    nothing = {"dollars": None, "known": False, "estimated": False, "lines": []}
    assert json.loads(capsys.readouterr().out) == {"report": str(page), "turns": 4, "cost": nothing}
    assert page.read_text().startswith("<!doctype html>")


def test_a_report_says_what_the_call_cost_by_its_agents_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "call.jsonl"
    agent = AgentSettings.model_validate(
        {"name": "A", "tts": "elevenlabs/flash", "dialog": {"greeting": "Hello."}}
    )
    started = "2026-11-21T10:00:00Z"
    journal = CallLogWriter(log, call="c", started=started, agent=agent.model_dump(mode="json"))
    journal.note("used", 1.0, port="tts", provider="elevenlabs/flash", letters=500)
    journal.note("used", 2.0, port="stt", provider="nobody/knows", seconds=4.0)
    journal.close()

    assert main(["report", str(log), "--json"]) == 0
    cost = json.loads(capsys.readouterr().out)["cost"]
    assert cost["dollars"] == pytest.approx(0.025)
    assert not cost["known"]
    assert cost["lines"][0]["model"] == "eleven_flash_v2_5"

    assert main(["report", str(log)]) == 0
    said = capsys.readouterr().out
    assert "$0.0250" in said
    assert "price not known" in said


def test_a_report_with_the_recording_holds_more(traces: Traces, tmp_path: Path) -> None:
    out, log = tmp_path / "page.html", traces.log.path
    assert main(["report", str(log)]) == 0
    words = ["--recording", str(log.with_suffix(".wav")), "--out", str(out)]

    assert main(["report", str(log), *words]) == 0
    assert out.stat().st_size > log.with_suffix(".html").stat().st_size
    assert report.__doc__
