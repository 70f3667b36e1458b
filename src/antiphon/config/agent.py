"""The agent file: what one agent is, in YAML, and what is wrong with it if it cannot work.

Every mistake is reported with file and line, what stands there, and what could stand there
instead. Settings of a part live beside that part; here they are only put together.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from antiphon.call.settings import HearingSettings, Language
from antiphon.config import texts
from antiphon.config.mistakes import Contradiction, compose, explained, written_at
from antiphon.dialog.settings import ReceptionistSettings
from antiphon.errors import ConfigError
from antiphon.mouth.settings import MouthSettings
from antiphon.net.chunks import ChunkMs
from antiphon.net.tiers import Tiers
from antiphon.turns.settings import PRESETS, TurnSettings

__all__ = ["AgentSettings", "load", "where"]

Provider = Annotated[str, Field(pattern=r"^[a-z0-9_-]+[/:][A-Za-z0-9._:/-]+$")]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _apart(names: tuple[str, ...]) -> tuple[str, ...]:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise Contradiction(
                f"{name} stands here twice: nobody stands in for themselves",
                at,
                fix="leave one of them out",
            )
    return names


Providers = Annotated[
    tuple[Provider, ...],
    Field(min_length=1),
    BeforeValidator(_listed),
    AfterValidator(_apart),
]
"""The first is preferred; the others stand in for it, in this order."""


class AgentSettings(BaseModel):
    """One agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Who answers; shown by commands and pages, never spoken."""
    language: Language = "en"
    """Of the caller's speech, as the recogniser is told: ``en``, ``en-GB``."""
    stt: Providers = ("local/moonshine",)
    """Who listens: one name, or a list whose later ones stand in for the first."""
    tts: Providers = ("local/piper",)
    """Who speaks; a list as above."""
    llm: Providers | None = ("local/smollm2",)
    """Who makes small talk; a list as above; none: nobody."""
    llm_large: Providers | None = None
    """Who is asked instead where a question needs more: a larger model, slower and dearer; a list
    as above."""
    tiers: Tiers = Tiers()
    """When ``llm_large`` is asked."""
    endpoint: Provider | None = "local/smart-turn"
    """The end-of-turn model; none: silence and words decide alone."""
    providers: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    """Settings of single providers, under the names used above; what each knows is listed in
    docs/reference/providers.md."""
    keyterms: tuple[str, ...] = ()
    """Names and words the recogniser should expect."""
    chunk_ms: ChunkMs = "auto"
    """How much caller audio a streaming recogniser over the network is sent in one message, in
    milliseconds, as near as its vendor takes it. ``auto``: ``phone`` (20) for lines of 8 kHz,
    ``browser`` (40) for others, and not less than suits the vendor; ``batch`` (200) where nobody
    waits. ``providers`` may say another number for one of them."""
    hearing: HearingSettings = HearingSettings()
    """How what the caller says is written down."""
    preset: str = "receptionist"
    """The turn-taking preset that ``turns`` starts from."""
    turns: TurnSettings = TurnSettings()
    """How patient, how polite and how long; only what differs from the preset."""
    mouth: MouthSettings = MouthSettings()
    """How replies are cut, cached and played."""
    dialog: ReceptionistSettings
    """What the agent says."""
    _folder: Path = PrivateAttr(Path())

    @property
    def folder(self) -> Path:
        """Where the agent file lies: what it names lies there or below. Not a setting, so not
        written into call logs."""
        return self._folder

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, data: Any) -> Any:
        """Lay ``turns`` over the preset it names."""
        if not isinstance(data, Mapping):
            return data
        preset, turns = data.get("preset", "receptionist"), data.get("turns") or {}
        if isinstance(preset, str) and preset not in PRESETS:
            raise Contradiction(f"no preset {preset!r}; there are {', '.join(PRESETS)}", "preset")
        if isinstance(preset, str) and isinstance(turns, Mapping):
            return {**data, "turns": {**PRESETS[preset].model_dump(), **turns}}
        return data

    @model_validator(mode="after")
    def _texts(self, info: ValidationInfo) -> Self:
        """What a file has said can be: its markup is right, and the manners and clips it names
        exist. What a call log holds was right once."""
        if info.context is not None:
            texts.check(self.dialog, self.mouth, info.context["folder"])
        return self

    @model_validator(mode="after")
    def _patience(self) -> Self:
        turns = self.turns
        if not turns.floor_s <= turns.sure_s <= turns.unsure_s <= turns.ceiling_s:
            raise Contradiction(
                "turns: floor_s <= sure_s <= unsure_s <= ceiling_s must hold; they are "
                f"{turns.floor_s}, {turns.sure_s}, {turns.unsure_s}, {turns.ceiling_s}",
                "turns",
                fix="change its neighbour too; what is not set here is as the preset has it",
            )
        if self.llm is None and self.llm_large is not None:
            raise Contradiction(
                "llm_large stands behind llm, and llm is null; name the smaller model there",
                "llm_large",
            )
        if self.hearing.detect and self.language not in self.hearing.detect:
            raise Contradiction(
                f"hearing.detect leaves out {self.language}, which is the agent's language",
                "hearing",
                "detect",
                fix=f"add {self.language} to it, or set language to one of them",
            )
        if self.llm is None and self.dialog.small_talk is not None:
            raise Contradiction(
                "dialog.small_talk needs a language model, and llm is null; remove one of them",
                "dialog",
                "small_talk",
            )
        return self


def load(path: Path) -> AgentSettings:
    """Read an agent file, or a directory with an ``agent.yaml``. Raises `ConfigError`."""
    file = _file(path)
    settings = parse(_text(file), str(file), file.parent)
    settings._folder = file.parent
    return settings


def where(path: Path) -> Callable[[str, str], str]:
    """Tells in which line of an agent file a setting has a value: ``where(path)("stt",
    "deepgram/flux")``. Empty where the file does not say it. Raises `ConfigError`."""
    file = _file(path)
    return partial(written_at, compose(_text(file), str(file)), str(file))


def _file(path: Path) -> Path:
    return path / "agent.yaml" if path.is_dir() else path


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"not UTF-8 text: {error.reason}", where=f"{file}:{line}", fix="save it as UTF-8"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot read the agent file: {error.strerror}",
            where=str(file),
            fix="name an agent.yaml, or the directory that holds one",
        ) from None


def parse(text: str, file: str, folder: Path | None = None) -> AgentSettings:
    """An agent from the text of its file; ``folder`` is where the recordings lie that it names.
    Raises `ConfigError`."""
    node = None
    try:
        node = compose(text, file)
        data = yaml.safe_load(text)
        if not isinstance(data, dict):
            raise ConfigError(
                "an agent file is a list of settings, one a line, each a name and a value",
                where=f"{file}:1",
                fix=f"known: {', '.join(AgentSettings.model_fields)}",
            )
        return AgentSettings.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        raise explained(error, AgentSettings, node, file) from None
    except RecursionError:
        raise ConfigError("nested too deeply, or inside itself", where=f"{file}:1") from None
