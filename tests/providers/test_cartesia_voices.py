"""Cartesia's voices against the sandbox: listed, cloned with a consent, deleted."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.providers.stage import KEY

from antiphon.errors import ConfigError, Rejected, Unavailable
from antiphon.net.account import Account
from antiphon.net.cloning import Consent, NewVoice, Recording, clone
from antiphon.providers.cartesia import voices as module
from antiphon.providers.cartesia.voices import CartesiaVoices
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

CLIP = Recording(filename="ann.wav", data=b"RIFF and so on")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY) as running:
        yield running


def cloner(sandbox: Sandbox) -> CartesiaVoices:
    return CartesiaVoices(Account.model_validate({"api_key": KEY, "base_url": sandbox.http_url}))


def wanted(*clips: Recording, name: str = "Ann") -> NewVoice:
    when = datetime(2026, 11, 21, tzinfo=UTC)
    consent = Consent.to(clips, who="Ann Lee", when=when, purpose="our shop's telephone agent")
    return NewVoice(
        name=name, recordings=clips, consent=consent, language="en-GB", description="warm"
    )


async def test_a_voice_is_made_kept_and_deleted(sandbox: Sandbox, tmp_path: Path) -> None:
    voices, consents = cloner(sandbox), tmp_path / "consents.jsonl"
    made = await clone(voices, wanted(CLIP), consents)
    lines = [json.loads(line) for line in consents.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["consented", "cloned"]
    assert lines[1]["voice_id"] == made.id
    found = {voice.id: voice for voice in await voices.list()}
    assert found[made.id].cloned
    assert found[made.id].name == "Ann"
    assert found[made.id].language == "en"
    assert not all(voice.cloned for voice in found.values())
    await voices.delete(made.id)
    assert made.id not in {voice.id for voice in await voices.list()}
    with pytest.raises(Rejected, match="404"):
        await voices.delete(made.id)
    await voices.aclose()


async def test_a_long_list_is_read_to_its_end(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    voices = cloner(sandbox)
    for number in range(4):
        await voices.clone(wanted(CLIP, name=f"Ann {number}"))
    assert [voice.name for voice in await voices.list()][1:] == [f"Ann {n}" for n in range(4)]
    pages = [request for request in sandbox.requests if request.path == "/voices"]
    assert len(pages) == 3
    monkeypatch.setattr(module, "MOST_PAGES", 1)
    assert len(await voices.list()) == 2
    await voices.aclose()


async def test_one_recording_it_is_and_a_consent_to_it(sandbox: Sandbox) -> None:
    voices = cloner(sandbox)
    other = Recording(filename="bob.wav", data=b"another")
    with pytest.raises(Rejected, match="one recording"):
        await voices.clone(wanted(CLIP, other))
    with pytest.raises(ConfigError, match="not consented"):
        NewVoice(name="x", recordings=(other,), consent=wanted(CLIP).consent)
    assert sandbox.requests == []
    await voices.aclose()


async def test_an_answer_nobody_can_read_is_theirs(sandbox: Sandbox) -> None:
    voices = cloner(sandbox)
    sandbox.rules.add(Fault(malformed=True))
    with pytest.raises(Unavailable, match="cannot be read"):
        await voices.list()
    sandbox.rules.add(Fault(refuse=429, retry_after_s=1))
    with pytest.raises(Exception, match="429") as caught:
        await voices.list()
    assert KEY not in str(caught.value)
    await voices.aclose()
