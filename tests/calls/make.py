"""Makes the golden conversations: `PYTHONPATH=src:. python tests/calls/make.py`.

They are held in pretended time, so making them twice gives the same files. Make them anew when
the machines are meant to decide otherwise, and read the difference before keeping it.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.call.conftest import Exchange, Holding

from antiphon.errors import Unavailable
from antiphon.transports.file.settings import LineSettings

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Golden:
    """One conversation."""

    script: str
    prepare: Callable[[Exchange], None] = lambda _: None
    how: dict[str, Any] = field(default_factory=dict)


def _troubled(exchange: Exchange) -> None:
    exchange.recogniser.dies_at.append(2.4)
    exchange.model.faults.append(Unavailable("gone"))


CALLS = {
    "question": Golden("""
- wait: agent_done
- say: What are your hours?
- wait: agent_done
- say: Goodbye.
- silence: 9
"""),
    "breath": Golden("""
- wait: agent_done
- say: Tell me, please, what is the <breath 0.7> price of a visit?
- silence: 1.5
"""),
    "overlap": Golden("""
- wait: agent_done
- say: What is the price?
- say: Mhm.
  role: backchannel
  while: agent_speaking
  after_s: 1.0
- say: Stop, where can I park?
  role: interruption
  while: agent_speaking
  after_s: 3.0
- wait: agent_done
"""),
    "guesses": Golden("""
- wait: agent_done
- say: I wonder if you know it. <breath 0.2> And what is the price?
- silence: 1.2
"""),
    "silence": Golden("- wait: agent_done\n- silence: 60", how={"turns": {"silence_s": 2.0}}),
    "trouble": Golden(
        """
- wait: agent_done
- say: Nice weather today.
- wait: agent_done
  quiet_s: 1.0
- say: What are your hours?
- wait: agent_done
""",
        _troubled,
        {"line": LineSettings(ducking="remote_gain", outages_s=((6.0, 6.5),))},
    ),
}


def make(name: str, folder: Path) -> Path:
    """Hold one of the calls; its log is in ``folder``."""
    golden = CALLS[name]
    Holding(folder)(golden.script, golden.prepare, name=name, **golden.how)
    return folder / f"{name}.jsonl"


if __name__ == "__main__":
    for name in sys.argv[1:] or CALLS:
        with tempfile.TemporaryDirectory() as folder:
            log = make(name, Path(folder))
            kept = FOLDER / log.name
            kept.write_bytes(log.read_bytes())
            print(f"{kept.relative_to(Path.cwd())}: {len(kept.read_bytes().splitlines())} lines")
