"""What an agent asks of its preferred recogniser that this is not known to do.

No mistakes: the call goes on without. Must not live here: what keeps an agent from working
(`engines`, `manners`).
"""

from collections.abc import Iterator

from antiphon.config.agent import AgentSettings
from antiphon.errors import ConfigError
from antiphon.net.offering import Hears
from antiphon.wiring import providers
from antiphon.wiring.engines import Where, nowhere

__all__ = ["unheeded"]


def unheeded(settings: AgentSettings, where: Where = nowhere) -> list[ConfigError]:
    """To be shown, each with its line. A recogniser nobody knows is told of elsewhere."""
    name = settings.stt[0]
    try:
        can = providers.offered("stt", name).can
    except ConfigError:
        return []
    if not isinstance(can, Hears):
        return []
    return [
        ConfigError(
            f"hearing.{setting}: {name} {what}",
            where=where("hearing", setting) or where("stt", name),
            fix=f"leave it out, or name one that can: `antiphon providers stt` lists {ability!r}",
        )
        for setting, what, ability in _beyond(settings, can)
    ]


def _beyond(settings: AgentSettings, can: Hears) -> Iterator[tuple[str, str, str]]:
    """Setting, what is missing, and what to look for in the list."""
    wants = settings.hearing
    if wants.formatting == "smart" and can.formatting == "none":
        yield "formatting", "is not known to write sums and dates as one does", "formats"
    if wants.fillers == "keep" and can.fillers == "none":
        yield "fillers", "is not known to write hesitations down", "fillers"
    if wants.detect and not can.detects_language:
        yield "detect", f"cannot tell languages apart; it hears {settings.language}", "languages"
    if wants.speakers and can.speakers == "none":
        yield "speakers", "cannot tell speakers apart", "speakers"
    if wants.speakers and can.speakers == "stretch":
        yield "speakers", "numbers speakers anew after every final", "speakers"
