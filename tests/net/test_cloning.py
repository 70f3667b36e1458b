"""Consent: nobody is cloned without one, and it is written down first."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from antiphon.errors import ConfigError, Unavailable
from antiphon.net.cloning import Cloner, Consent, KnownVoice, NewVoice, Recording, clone

WHEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SAMPLE = Recording(filename="ann.wav", data=b"RIFF")
CONSENT = Consent.to([SAMPLE], who="Ann Lee", when=WHEN, purpose="our telephone")


class Studio:
    """A cloner that makes a voice, or fails to."""

    name = "studio"

    def __init__(self, consents: Path, *, fails: bool = False) -> None:
        self._consents, self._fails = consents, fails
        self.known_before = ""

    async def list(self) -> tuple[KnownVoice, ...]:
        return ()

    async def clone(self, wanted: NewVoice) -> KnownVoice:
        self.known_before = self._consents.read_text()
        if self._fails:
            raise Unavailable("away", provider=self.name)
        return KnownVoice(id="v1", name=wanted.name, cloned=True)

    async def delete(self, voice_id: str) -> None:
        """There is none."""

    async def aclose(self) -> None:
        """Nothing to give back."""


def wanted(**other: object) -> NewVoice:
    given = {"name": "ann", "recordings": (SAMPLE,), "consent": CONSENT, **other}
    return NewVoice(**given)  # type: ignore[arg-type]


async def test_the_consent_is_written_before_anything_leaves(tmp_path: Path) -> None:
    consents = tmp_path / "consents.jsonl"
    studio = Studio(consents)
    cloner: Cloner = studio
    voice = await clone(cloner, wanted(), consents)
    assert voice.id == "v1"
    first = {
        "event": "consented",
        "provider": "studio",
        "name": "ann",
        "who": "Ann Lee",
        "when": "2026-11-20T09:30:00+00:00",
        "purpose": "our telephone",
        "recording_sha256": [SAMPLE.sha256],
    }
    assert json.loads(studio.known_before) == first
    lines = [json.loads(line) for line in consents.read_text().splitlines()]
    assert lines == [first, {**first, "event": "cloned", "voice_id": "v1"}]
    assert stat.S_IMODE(consents.stat().st_mode) == 0o600


async def test_a_clone_that_failed_leaves_the_consent_alone(tmp_path: Path) -> None:
    consents = tmp_path / "consents.jsonl"
    for _ in range(2):
        with pytest.raises(Unavailable):
            await clone(Studio(consents, fails=True), wanted(), consents)
    events = [json.loads(line)["event"] for line in consents.read_text().splitlines()]
    assert events == ["consented", "consented"]


async def test_where_nothing_can_be_written_nothing_is_cloned(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "consents.jsonl")
    with pytest.raises(ConfigError, match="cannot be written"):
        await clone(studio, wanted(), tmp_path / "no such folder" / "consents.jsonl")
    assert not studio.known_before


def test_a_consent_is_to_the_very_recording() -> None:
    other = Recording(filename="bob.wav", data=b"RIFX")
    with pytest.raises(ConfigError, match=r"Ann Lee has not consented to bob\.wav"):
        wanted(recordings=(SAMPLE, other))
    both = Consent.to([SAMPLE, other], who="Ann Lee", when=WHEN, purpose="our telephone")
    assert wanted(recordings=(other,), consent=both).recordings == (other,)


def test_there_is_no_voice_without_a_recording() -> None:
    for recordings in ((), (Recording(filename="ann.wav", data=b""),)):
        with pytest.raises(ConfigError, match="there are none, or empty ones"):
            wanted(recordings=recordings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"who": " "},
        {"purpose": ""},
        {"when": datetime(2026, 11, 20)},  # noqa: DTZ001 - without a zone, which is the point
        {"recording_sha256": ()},
    ],
)
def test_half_a_consent_is_none(wrong: dict[str, object]) -> None:
    given = {"who": "Ann", "when": WHEN, "purpose": "p", "recording_sha256": ("0" * 64,), **wrong}
    with pytest.raises(ConfigError, match="consent"):
        Consent(**given)  # type: ignore[arg-type]


def test_a_recording_is_not_shown() -> None:
    assert "RIFF" not in repr(wanted())
