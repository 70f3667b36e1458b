"""What other packages pretend: found by its entry point, listed, served, and no danger to ours."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from antiphon.cli.main import main
from antiphon.sandbox import plugged
from antiphon.sandbox.doors import DESKS, DOORS
from antiphon.sandbox.server import Sandbox
from antiphon.wiring import providers

DESK = """
from antiphon.sandbox.vendor import Desk, Door, Refusal

async def answer(exchange, means):
    await exchange.answer(b'"zephyr"')

async def talk(line, websocket, means):
    await line.send("zephyr")
    await line.close(1000)

def refuse(status, why):
    return Refusal(status, {}, {"zephyr says": why})

def desk(path):
    return Desk(path=path, key=None, refuse=refuse, serve=answer, methods=("GET",))

def door(path):
    return Door(path=path, key=None, refuse=refuse, mistake=lambda _: "", headers=dict, serve=talk)
"""
OFFER = """
from pydantic import BaseModel
from antiphon.net.offering import Offer

OFFERS = (Offer(name="zephyr/breath", port="tts", can=None, proof="wire", settings=BaseModel,
                make=lambda *_: None, sandbox="/zephyr"),)
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package with one module where Python finds it, as an installer would."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def put(module: str, source: str, **entries: str) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        facts = tmp_path / f"antiphon_{module}-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: antiphon-{module}\nVersion: 1.0\n"
        )
        groups = [f"[{group}]\n{module} = {module}:{it}" for group, it in entries.items()]
        (facts / "entry_points.txt").write_text("\n".join(groups).replace("antiphon_", "antiphon."))

    plugged.forget()
    providers._others.cache_clear()
    yield put
    plugged.forget()
    providers._others.cache_clear()
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) == str(tmp_path / f"{name}.py"):
            del sys.modules[name]


def test_what_a_package_pretends_is_served_and_listed(
    install: Install, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    install(
        "zephyr", f"{DESK}\nALL = [desk('/zephyr'), door('/zephyr/talk')]\n", antiphon_sandbox="ALL"
    )
    with Sandbox() as sandbox:
        assert httpx.get(f"{sandbox.http_url}/zephyr").json() == "zephyr"
        with connect(f"{sandbox.url}/zephyr/talk", proxy=None) as socket:
            assert list(socket) == ["zephyr"]
    assert main(["sandbox", "--endpoints", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    theirs = [(e["method"], e["path"]) for e in listed if e["vendor"] == "zephyr"]
    assert theirs == [("GET", "/zephyr"), ("WS", "/zephyr/talk")]
    assert not caplog.records


def test_a_place_that_is_taken_stays_with_whoever_has_it(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("zephyr", f"{DESK}\nALL = desk('/languages'), desk('/mine')\n", antiphon_sandbox="ALL")
    with Sandbox() as sandbox:
        assert httpx.get(f"{sandbox.http_url}/languages").json() != "zephyr"
        assert httpx.get(f"{sandbox.http_url}/mine").json() == "zephyr"
    (warned,) = (record.getMessage() for record in caplog.records)
    assert warned == (
        "the package antiphon-zephyr pretends GET /languages, but that place is taken: left out"
    )


@pytest.mark.parametrize(
    "source, why",
    [
        ("import no_such_module", "ModuleNotFoundError: No module"),
        ("", "AttributeError: module 'zephyr' has no attribute 'ALL'"),
        ("ALL = 3", "TypeError: a tuple of Door and Desk is wanted, not int"),
        ("ALL = ('x',)", "TypeError: a tuple of Door and Desk is wanted, and one is a str"),
    ],
)
def test_a_broken_package_is_warned_of_and_ours_are_pretended(
    source: str, why: str, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("zephyr", source, antiphon_sandbox="ALL")
    assert plugged.all_doors() == DOORS
    assert plugged.all_desks() == DESKS
    (warned,) = caplog.records
    assert warned.levelno == logging.WARNING
    told = warned.getMessage()
    assert told.startswith(f"the package antiphon-zephyr is not pretended: zephyr:ALL: {why}")


AGENT = """\
name: Test
stt: deepgram/flux
tts: zephyr/breath
llm: null
dialog: {greeting: Hello.}
"""


def test_an_offer_without_anybody_to_play_it_cannot_be_pretended(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("zephyr", OFFER, antiphon_providers="OFFERS")
    agent = tmp_path / "agent.yaml"
    agent.write_text(AGENT)
    assert main(["check", str(agent), "--sandbox=scripted"]) == 2
    assert "tts: zephyr/breath cannot be pretended: the package" in capsys.readouterr().err
