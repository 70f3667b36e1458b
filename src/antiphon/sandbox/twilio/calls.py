"""Calls and recordings as Twilio's REST knows them: what they become, and how they are written.

Nobody is rung and nothing is fetched: a call is answered a moment after it was made, and lasts
until it is ended or its time limit is over. Pure but for the names it makes up. Must not live
here: HTTP (`desks`).
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

__all__ = ["VERSION", "Book", "Call", "Recording"]

VERSION: Final = "2010-04-01"
RINGS_AFTER_S: Final = 0.05
ANSWERED_AFTER_S: Final = 0.15
"""How long a call is queued and rings: short, so that a test need not wait. Unproved: ours."""
TIME_LIMIT_S: Final = 14_400
"""Of a call that names none: four hours, as the vendor documents."""
OPEN: Final = ("queued", "ringing", "in-progress")


@dataclass(slots=True, kw_only=True)
class Recording:
    """Of one call."""

    call: "Call"
    source: str
    channels: int
    track: str
    began_s: float
    sid: str = field(default_factory=lambda: f"RE{secrets.token_hex(16)}")
    status: str = "in-progress"
    ended_s: float | None = None

    def stop(self, now_s: float) -> None:
        """There is nothing to be processed: it is there at once."""
        self.status, self.ended_s = "completed", now_s

    def to_json(self, wall: "Wall") -> dict[str, Any]:
        place = f"{self.call.place}/Recordings/{self.sid}.json"
        length_s = None if self.ended_s is None else round(self.ended_s - self.began_s)
        return {
            "account_sid": self.call.account,
            "api_version": VERSION,
            "call_sid": self.call.sid,
            "conference_sid": None,
            "date_created": wall.at(self.began_s),
            "date_updated": wall.at(self.ended_s or self.began_s),
            "start_time": wall.at(self.began_s),
            "duration": None if length_s is None else str(length_s),
            "sid": self.sid,
            "price": None,
            "uri": place,
            "encryption_details": None,
            "price_unit": "USD",
            "status": self.status,
            "channels": self.channels,
            "source": self.source,
            "error_code": None,
            "track": self.track,
        }


@dataclass(slots=True, kw_only=True)
class Call:
    """One call, made over REST."""

    account: str
    to: str
    caller: str
    began_s: float
    time_limit_s: float = TIME_LIMIT_S
    sid: str = field(default_factory=lambda: f"CA{secrets.token_hex(16)}")
    phone: str = field(default_factory=lambda: f"PN{secrets.token_hex(16)}")
    ended_s: float | None = None
    canceled: bool = False
    changed_s: float | None = None
    recordings: list[Recording] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"/{VERSION}/Accounts/{self.account}/Calls/{self.sid}"

    @property
    def answered_s(self) -> float:
        return self.began_s + ANSWERED_AFTER_S

    def status(self, now_s: float) -> str:
        """As the clock has it."""
        if self.canceled:
            return "canceled"
        if self.ended_s is None and now_s >= self.answered_s + self.time_limit_s:
            self.end(self.answered_s + self.time_limit_s)
        if self.ended_s is not None:
            return "completed"
        if now_s < self.began_s + RINGS_AFTER_S:
            return "queued"
        return "ringing" if now_s < self.answered_s else "in-progress"

    def end(self, now_s: float) -> None:
        """Hung up, or given up before anyone answered."""
        if now_s < self.answered_s:
            self.canceled = True
        self.ended_s = now_s
        for recording in self.recordings:
            if recording.ended_s is None:
                recording.stop(now_s)

    def to_json(self, now_s: float, wall: "Wall") -> dict[str, Any]:
        status = self.status(now_s)
        answered = status in ("in-progress", "completed")
        length_s = round((self.ended_s or now_s) - self.answered_s)
        return {
            "sid": self.sid,
            "date_created": wall.at(self.began_s),
            "date_updated": wall.at(self.changed_s or self.began_s),
            "parent_call_sid": None,
            "account_sid": self.account,
            "to": self.to,
            "to_formatted": _formatted(self.to),
            "from": self.caller,
            "from_formatted": _formatted(self.caller),
            "phone_number_sid": self.phone,
            "status": status,
            "start_time": wall.at(self.answered_s) if answered else None,
            "end_time": None if self.ended_s is None else wall.at(self.ended_s),
            "duration": str(length_s) if status == "completed" else None,
            "price": None,
            "price_unit": "USD",
            "direction": "outbound-api",
            "answered_by": None,
            "api_version": VERSION,
            "forwarded_from": None,
            "group_sid": None,
            "caller_name": None,
            "queue_time": "0",
            "trunk_sid": None,
            "uri": f"{self.place}.json",
            "subresource_uris": {
                name: f"{self.place}/{path}.json" for name, path in _SUBRESOURCES.items()
            },
        }


_SUBRESOURCES: Final = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


@dataclass(frozen=True, slots=True)
class Wall:
    """The sandbox's clock as dates."""

    now: datetime
    now_s: float

    def at(self, at_s: float) -> str:
        """RFC 2822, as this API writes every moment."""
        return format_datetime(self.now + timedelta(seconds=at_s - self.now_s))


@dataclass(slots=True)
class Book:
    """Every call there is, the newest last."""

    calls: dict[str, Call] = field(default_factory=dict)

    def of(self, account: str, sid: str) -> Call | None:
        call = self.calls.get(sid)
        return call if call is not None and call.account == account else None

    def made_by(self, account: str) -> list[Call]:
        """The newest first, as lists are told."""
        return [call for call in reversed(self.calls.values()) if call.account == account]


def _formatted(number: str) -> str:
    if len(number) == 12 and number.startswith("+1"):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number
