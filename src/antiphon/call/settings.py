"""Settings of how a call is heard, the same for every recogniser. What each makes of them is its
own business; what it cannot do is data in its offer."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from antiphon.dialog.fillers import without_fillers
from antiphon.ports.stt import Formatting

__all__ = ["HearingSettings", "Language"]

Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]


class HearingSettings(BaseModel):
    """How what the caller says is written down. `antiphon check` warns where the preferred
    recogniser cannot do what is asked for here; the call goes on without."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formatting: Formatting = "plain"
    """``smart``: sums, dates, times and the like as one writes them, by the recogniser.
    ``plain``: as it writes of itself."""
    fillers: Literal["as-heard", "keep", "drop"] = "as-heard"
    """Hesitations: "um", "uh". ``as-heard``: some recognisers leave them out, some do not.
    ``keep``: asked of those that leave them out; they help to know that a caller has not
    finished. ``drop``: taken out, of English, before the agent is told what was said; the log,
    the report and turn-taking keep what was heard."""
    detect: tuple[Language, ...] = ()
    """The languages a caller may speak, the file's ``language`` among them: ``[en, es]``. Empty:
    ``language`` alone. Finding out takes most recognisers time."""
    speakers: bool = False
    """Tell several people on one line apart."""

    def tidied(self, language: str) -> Callable[[str, str], str]:
        """What the dialog is told for a text and the language told with it; ``language`` is the
        agent's, and stands in where none was told."""

        def tidy(text: str, told: str) -> str:
            drop = self.fillers == "drop" and (told or language).lower().startswith("en")
            return without_fillers(text) if drop else text

        return tidy

    @model_validator(mode="after")
    def _several(self) -> "HearingSettings":
        languages = {one.partition("-")[0] for one in self.detect}
        if len(self.detect) == 1 or len(languages) < len(self.detect):
            raise ValueError("detect needs two languages or more, and of each no second region")
        return self
