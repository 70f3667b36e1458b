"""What goes wrong, on demand: a fault as data, and which connections it befalls.

A fault comes with one request (header ``X-Sandbox-Fault``, query ``sandbox_fault``, as JSON) or
by a rule, in Python or in a file (`rulefile`). Lives here: the data. What a fault does to a
connection is in `line` and `exchange`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from antiphon.errors import RemoteProtocolError

__all__ = ["FAULT_HEADER", "FAULT_QUERY", "Fault", "Rule", "Rules"]

FAULT_HEADER: Final = "x-sandbox-fault"
FAULT_QUERY: Final = "sandbox_fault"

Seconds = Annotated[float, Meta(ge=0, le=600)]


class Fault(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What befalls one connection."""

    refuse: Annotated[int, Meta(ge=0, le=599)] = 0
    """The HTTP status of the answer to the opening request."""
    retry_after_s: Seconds | None = None
    """Told with a refusal."""
    connect_s: Seconds = 0.0
    """How long the opening request waits for its answer."""
    latency_s: Seconds = 0.0
    """Before every frame the vendor sends."""
    jitter_s: Seconds = 0.0
    """Up to so much more, by luck."""
    after: Annotated[int, Meta(ge=0)] = 0
    """Of the vendor's frames, how many go well before what follows here."""
    drip_s: Annotated[float, Meta(ge=0, le=10)] = 0.0
    """Every byte goes alone, so long after the one before."""
    malformed: bool = False
    """The next text frame, or the next piece of an HTTP answer, is cut in two and only its first
    half sent."""
    reorder: bool = False
    """One frame changes places with the next."""
    stall: bool = False
    """The vendor sends nothing more, but reads on."""
    half_open: bool = False
    """The vendor neither sends nor reads, and nobody tells."""
    vanish: bool = False
    """The connection is gone without a word."""
    close: Annotated[int, Meta(ge=0, le=4999)] = 0
    """The vendor closes with this code."""
    reason: Annotated[str, Meta(max_length=120)] = ""
    """Said with ``close``."""


NO_FAULT: Final = Fault()
_decoder: Final = msgspec.json.Decoder(Fault)


@dataclass(slots=True, kw_only=True)
class Rule:
    """A fault for the connections to come."""

    fault: Fault
    path: str = ""
    """Only where the path begins so."""
    times: int | None = 1
    """So many connections; None: all."""


@dataclass(slots=True)
class Rules:
    """All rules there are, oldest first; the first that fits a connection befalls it."""

    rules: list[Rule] = field(default_factory=list)

    def add(self, fault: Fault, *, path: str = "", times: int | None = 1) -> None:
        self.rules.append(Rule(fault=fault, path=path, times=times))

    def clear(self) -> None:
        self.rules.clear()

    def fault(self, path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> Fault:
        """What befalls this connection. Raises `RemoteProtocolError` for a fault that is none."""
        asked = headers.get(FAULT_HEADER) or query.get(FAULT_QUERY)
        if asked:
            try:
                return _decoder.decode(asked)
            except msgspec.DecodeError as error:
                raise RemoteProtocolError(f"not a fault: {error}") from None
        for rule in self.rules:
            if path.startswith(rule.path) and (rule.times is None or rule.times > 0):
                if rule.times is not None:
                    rule.times -= 1
                return rule.fault
        return NO_FAULT
