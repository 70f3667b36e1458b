"""Providers of other packages: found by their entry points, and no danger to what else there is."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from antiphon.cli.main import main
from antiphon.errors import ConfigError
from antiphon.net.offering import Order
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.line import Line
from antiphon.sandbox.server import Sandbox
from antiphon.sandbox.vendor import Desk, Door, Means, Refusal
from antiphon.wiring import providers
from antiphon.wiring.providers import OFFERS, everyones

OFFER = """
from pydantic import BaseModel
from antiphon.net.offering import Offer

def offer(name, port="tts", **more):
    return Offer(name=name, port=port, can=None, proof="wire", settings=BaseModel,
                 make=lambda offer, order: order.name, **more)

OFFERS = ({offers},)
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package with one module where Python finds it, as an installer would."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def put(module: str, source: str, *, entry: str = "OFFERS") -> None:
        (tmp_path / f"{module}.py").write_text(source)
        facts = tmp_path / f"antiphon_{module}-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: antiphon-{module}\nVersion: 1.0\n"
        )
        (facts / "entry_points.txt").write_text(
            f"[{providers.GROUP}]\n{module} = {module}:{entry}\n"
        )

    providers._others.cache_clear()
    yield put
    providers._others.cache_clear()
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) == str(tmp_path / f"{name}.py"):
            del sys.modules[name]


def offering(*offers: str) -> str:
    return OFFER.format(offers=", ".join(f"offer({offer})" for offer in offers))


def others() -> list[str]:
    return [offer.name for offer in everyones()[len(OFFERS) :]]


def made(name: str) -> Any:
    return providers.make("tts", Order(name=name, models=Path))


# --- found -------------------------------------------------------------------------------------


def test_what_other_packages_offer_comes_after_our_own(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("zephyr", offering('"zephyr/breath"', '"zephyr/ear", "stt"'))
    install("brook", offering('"brook/*"'))

    assert everyones()[: len(OFFERS)] == OFFERS
    assert others() == ["brook/*", "zephyr/breath", "zephyr/ear"]
    assert made("brook/any") == "brook/any"
    assert not caplog.records


def test_they_are_listed_as_ours_are(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("zephyr", offering('"zephyr/breath"'))
    assert main(["providers", "tts"]) == 0
    assert "zephyr/breath" in capsys.readouterr().out


def test_a_misspelt_name_of_theirs_is_understood(install: Install) -> None:
    install("zephyr", offering('"zephyr/breath"'))
    with pytest.raises(ConfigError) as caught:
        made("zephyr/breth")
    assert caught.value.fix.startswith("did you mean 'zephyr/breath'? ")


def test_nothing_is_loaded_before_a_name_is_looked_for(install: Install) -> None:
    install("zephyr", offering('"zephyr/breath"'))
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    assert "zephyr" not in sys.modules
    assert others() == ["zephyr/breath"]


def test_the_sandbox_stands_in_for_them(install: Install) -> None:
    theirs = '"zephyr/breath", key="ZEPHYR_KEY", address="ZEPHYR_URL", home="https://zephyr/v3"'
    install("zephyr", offering(theirs))
    with Sandbox(key="the-key") as sandbox:
        environ = sandbox.environ()
        assert environ["ZEPHYR_KEY"] == "the-key"
        assert environ["ZEPHYR_URL"] == f"{sandbox.http_url}/v3"


# --- broken ------------------------------------------------------------------------------------

BROKEN = {
    "a module it needs is not there": ("import no_such_module", "ModuleNotFoundError: No module"),
    "it is written for another version": (
        "from antiphon.net.offering import Whistles",
        "ImportError: cannot import name 'Whistles'",
    ),
    "it has no list": ("", "AttributeError: module 'brook' has no attribute 'OFFERS'"),
    "its list is none": ("OFFERS = 3", "TypeError: a tuple of Offer is wanted, not int"),
    "its list holds another thing": (
        "OFFERS = ('brook/whisper',)",
        "TypeError: a tuple of Offer is wanted, and one is a str",
    ),
    "its offer lacks something": (
        "from antiphon.net.offering import Offer\nOFFERS = (Offer(name='brook/whisper'),)",
        "TypeError: Offer.__init__() missing",
    ),
}


@pytest.mark.parametrize("source, why", BROKEN.values(), ids=BROKEN)
def test_a_broken_package_is_warned_of_once_and_all_else_works(
    source: str, why: str, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("brook", source)
    install("zephyr", offering('"zephyr/breath"'))

    assert others() == others() == ["zephyr/breath"]
    assert made("zephyr/breath") == "zephyr/breath"
    (warned,) = caplog.records
    assert warned.levelno == logging.WARNING
    said = warned.getMessage()
    assert said.startswith(f"no providers from the package antiphon-brook: brook:OFFERS: {why}")


TAKEN = {
    "ours": ('"local/piper"', "tts local/piper"),
    "ours at another port": ('"local/piper", "stt"', "tts local/piper"),
    "one that our pattern covers": ('"anthropic/own", "llm"', "llm anthropic/*"),
    "a pattern that covers ours": ('"deepgram/*", "stt"', "stt deepgram/nova-3"),
    "that of a package before it": ('"brook/whisper"', "tts brook/whisper"),
}


@pytest.mark.parametrize("offer, taken", TAKEN.values(), ids=TAKEN)
def test_a_name_that_is_taken_is_left_out_with_a_warning(
    offer: str, taken: str, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("brook", offering('"brook/whisper"'))
    install("zephyr", offering(offer, '"zephyr/breath"'))

    assert others() == ["brook/whisper", "zephyr/breath"]
    (warned,) = caplog.records
    said = warned.getMessage()
    assert said.startswith("the package antiphon-zephyr offers ")
    assert said.endswith(f"that name is taken by {taken}: left out")


# --- pretended ---------------------------------------------------------------------------------


def _key(connection: HTTPConnection) -> str:
    return connection.headers.get("zephyr-key", "")


def _refuse(status: int, why: str) -> Refusal:
    return Refusal(status, {}, {"zephyr says": why})


async def _serve(exchange: Exchange, means: Means) -> None:
    await exchange.answer(b'"zephyr"')


def test_a_sandbox_has_desks_of_other_vendors_which_go_before_ours() -> None:
    desks = [
        Desk(path=path, key=_key, refuse=_refuse, serve=_serve, methods=("GET",))
        for path in ("/zephyr", "/studio_speakers")
    ]
    with Sandbox(key="the-key", desks=desks) as sandbox:
        for path in ("/zephyr", "/studio_speakers"):
            refused = httpx.get(sandbox.http_url + path)
            assert (refused.status_code, refused.json().keys()) == (401, {"zephyr says"})
            let_in = httpx.get(sandbox.http_url + path, headers={"zephyr-key": "the-key"})
            assert let_in.json() == "zephyr"
        assert httpx.get(f"{sandbox.http_url}/languages").status_code == 200


async def _talk(line: Line, websocket: WebSocket, means: Means) -> None:
    await line.send("zephyr")
    await line.close(1000)


def test_a_sandbox_has_doors_of_other_vendors() -> None:
    door = Door(
        path="/zephyr", key=_key, refuse=_refuse, mistake=lambda _: "", headers=dict, serve=_talk
    )
    with (
        Sandbox(key="the-key", doors=[door]) as sandbox,
        connect(
            f"{sandbox.url}/zephyr", additional_headers={"zephyr-key": "the-key"}, proxy=None
        ) as socket,
    ):
        assert list(socket) == ["zephyr"]
