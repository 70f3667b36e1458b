"""A call as one HTML file that needs nothing else: sound, timeline, transcript, latencies.

Lives here: putting the page together, and keeping it from others. What is drawn is decided in
`storyline`; the page itself is under page/. Whatever was said in the call is untrusted: it goes
into the page as text, and the page's own policy lets no script run but its own.
"""

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from antiphon.errors import Missing
from antiphon.observe.cost import Cost, cost_of, day_of
from antiphon.observe.costtable import bill
from antiphon.observe.fragments import (
    stage_table,
    subtitle,
    tiles,
    transcript,
    troubles,
    verdicts,
    waterfall,
)
from antiphon.observe.latency import STAGES, turns
from antiphon.observe.logreader import CallLog
from antiphon.observe.playback import Recording
from antiphon.observe.prices import built_in
from antiphon.observe.sound import PEAKS_HZ, mulaw_wav, peaks
from antiphon.observe.storyline import timeline
from antiphon.observe.timeline import Timeline

__all__ = ["report", "save"]

_PAGE: Final = files("antiphon.observe") / "page"
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; media-src blob:; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)


def report(
    log: CallLog,
    recording: Recording | None = None,
    audited: Mapping[str, Any] | None = None,
    *,
    title: str = "",
    cost: Cost | None = None,
) -> bytes:
    """The page, ready to be written to a file. ``audited`` is what `audit` found, if it was
    asked; without it the figures are the log's own, and no verdicts are shown. Without
    ``cost`` it is our own table of prices that says it."""
    drawn = timeline(log, recording.seconds if recording else 0.0)
    answered = turns(log.lines)
    script = _asset("report.js")
    parts = {
        "policy": _POLICY.format(_digest(script)),
        "css": _asset("report.css"),
        "js": script,
        "title": html.escape(title or log.header.call),
        "subtitle": subtitle(log, drawn),
        "verdicts": verdicts(audited),
        "troubles": troubles(audited, log),
        "tiles": tiles(drawn, answered, audited),
        "waterfall": waterfall(drawn),
        "stages": stage_table(answered),
        "cost": bill(cost or cost_of(log.lines, built_in(), day_of(log.header.started))),
        "transcript": transcript(drawn),
        "footer": html.escape(f"Antiphon {log.header.antiphon} · call {log.header.call}"),
        "data": _data(drawn, recording),
        "sound": base64.b64encode(mulaw_wav(recording)).decode() if recording else "",
    }
    # In one pass, so that nothing said in the call can stand for another part of the page.
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _asset("report.html"))
    return page.encode("utf-8", errors="replace")


def save(page: bytes, path: Path) -> None:
    """Write the page, readable by its owner only: it holds what the caller said. Raises
    `Missing` where it cannot be written; then there is no half of it either."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(page)
    except OSError as error:
        if path.is_file():
            path.unlink()
        raise Missing(
            f"cannot write the report {path}: {error.strerror}",
            fix="the call log has all that is in it: make room, then `antiphon report LOG`",
        ) from None


def _asset(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _data(drawn: Timeline, recording: Recording | None) -> str:
    sides = (recording.caller, recording.agent) if recording else ()
    looks = [peaks(side, recording.rate_hz) for side in sides] if recording else [b"", b""]
    data = {
        **_rounded(msgspec.to_builtins(drawn)),
        "stages": STAGES,
        "peaks": [base64.b64encode(side).decode() for side in looks],
        "peaks_hz": PEAKS_HZ,
    }
    # Inside a script element only "<" could end it.
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value
