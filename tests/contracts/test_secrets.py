"""Keys go to the vendors and nowhere else: adapters, errors, logs and commands are searched."""

import contextlib
import logging
import traceback
from pathlib import Path

import pytest
from tests.contracts.stage import KEY, made, use

from antiphon.cli.main import main
from antiphon.config.environment import read
from antiphon.errors import AntiphonError
from antiphon.net.offering import Offer
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.wiring.providers import OFFERS

WRONG = "wrong-but-no-less-secret"
KEYED = [offer for offer in OFFERS if offer.proof == "wire" and offer.key]


@pytest.mark.parametrize("offer", KEYED, ids=lambda offer: f"{offer.port}-{offer.name}")
@pytest.mark.parametrize("key, fault", [(WRONG, None), (KEY, Fault(refuse=500, reason=KEY))])
async def test_an_adapter_shows_its_key_to_nobody(
    offer: Offer,
    key: str,
    fault: Fault | None,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault:
        sandbox.rules.add(fault, times=None)
    engine = made(offer, sandbox, **{offer.key: key})
    seen = [repr(engine), repr(vars(engine))]
    try:
        await engine.start()
        await use(offer, engine)
    except AntiphonError as error:
        seen += [repr(error), *traceback.format_exception(error)]
        seen.append(repr(error.__cause__))
    else:
        pytest.fail("the vendor did not refuse")
    finally:
        await engine.aclose()
    seen += [record.getMessage() + str(record.args) for record in caplog.records]
    assert len(seen) > 4
    assert not [text for text in seen if key in text]


@pytest.mark.parametrize("command", [["providers"], ["check"], ["sandbox", "--help"]])
def test_no_command_prints_a_key(
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for offer in KEYED:
        monkeypatch.setenv(offer.key, KEY)
    file = tmp_path / "agent.yaml"
    file.write_text(
        "name: A\nstt: deepgram/nova-3\ntts: elevenlabs/flash\nllm: anthropic/x\n"
        "endpoint: null\ndialog: {greeting: Hello}\n"
    )
    words = [*command, str(file)] if command == ["check"] else command
    for more in ([], ["--json"]):
        with contextlib.suppress(SystemExit):
            main([*words, *more])
    told = capsys.readouterr()
    assert told.out
    assert KEY not in told.out + told.err
    assert KEY not in repr(read())
