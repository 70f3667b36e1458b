"""Twilio's REST as the sandbox opens it: forms in, JSON out, Basic authentication.

Shapes are those of the vendor's published client and specification. Which code answers which
mistake is the vendor's list of errors as we remember it: unconfirmed, as are the words.
"""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec
from starlette.requests import HTTPConnection

from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.twilio.calls import OPEN, TIME_LIMIT_S, VERSION, Book, Call, Recording, Wall
from antiphon.sandbox.vendor import Desk, Means, Refusal

__all__ = ["DESKS"]

ACCOUNT: Final = f"/{VERSION}/Accounts/{{account}}"
CODES: Final = {401: 20003, 403: 20403, 404: 20404, 429: 20429, 500: 20500, 503: 20503}
NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}|client:\S+|sip:\S+@\S+")
DONE: Final = ("completed", "canceled")
PAGE_SIZE: Final = 50

Form = Mapping[str, str]


class _Wrong(Exception):
    """What the client asked for cannot be."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def _key(connection: HTTPConnection) -> str:
    """The auth token; the account or an API key is the name beside it."""
    kind, _, given = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        name, _, token = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return token if re.fullmatch(r"(AC|SK)[0-9a-fA-F]{32}", name) else ""


def _refuse(status: int, why: str) -> Refusal:
    message = "Authenticate" if status == 401 else why
    return Refusal(status, {}, _error(status, CODES.get(status, 20001), message))


def _error(status: int, code: int, message: str) -> dict[str, Any]:
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


# --- calls -----------------------------------------------------------------------------------


async def _calls(exchange: Exchange, means: Means) -> None:
    book, account = _book(means), exchange.path["account"]
    if exchange.method == "GET":
        now_s = means.clock.now()
        asked = exchange.query.get("Status")
        found = [call for call in book.made_by(account) if asked in (None, call.status(now_s))]
        await _answer(
            exchange, 200, _page(exchange, "calls", [c.to_json(now_s, _wall(means)) for c in found])
        )
        return
    call = _placed(account, await _form(exchange), means.clock.now())
    book.calls[call.sid] = call
    await _answer(exchange, 201, call.to_json(means.clock.now(), _wall(means)))


def _placed(account: str, form: Form, now_s: float) -> Call:
    to, caller = form.get("To", ""), form.get("From", "")
    if not to:
        raise _Wrong(400, 21201, "No 'To' number is specified")
    if not caller:
        raise _Wrong(400, 21213, "No 'From' number is specified")
    if not NUMBER.fullmatch(to):
        raise _Wrong(
            400, 21211, f"The phone number you are attempting to call, {to}, is not valid."
        )
    if not NUMBER.fullmatch(caller):
        raise _Wrong(400, 21212, f"The source phone number provided, {caller}, is not valid.")
    _check_instructions(form)
    if not any(name in form for name in ("Url", "Twiml", "ApplicationSid")):
        raise _Wrong(400, 21205, "Url parameter is required.")
    limit = form.get("TimeLimit", str(TIME_LIMIT_S))
    if not limit.isdecimal():
        raise _Wrong(400, 20001, f"TimeLimit {limit} is not a number")
    call = Call(account=account, to=to, caller=caller, began_s=now_s, time_limit_s=float(limit))
    if form.get("Record", "").lower() == "true":
        call.recordings.append(_recording(call, form, "OutboundAPI", call.answered_s))
    return call


def _check_instructions(form: Form) -> None:
    for name in ("Url", "FallbackUrl", "StatusCallback"):
        given = form.get(name)
        if given is not None and urlsplit(given).scheme not in ("http", "https"):
            raise _Wrong(400, 21205, f"{name} is not a valid URL: {given}")
    if "Twiml" in form and not re.search(r"<Response\b", form["Twiml"]):
        raise _Wrong(400, 12100, "Twiml is not a document with <Response>")


async def _call(exchange: Exchange, means: Means) -> None:
    call, now_s = _found(exchange, means), means.clock.now()
    if exchange.method == "POST":
        _change(call, await _form(exchange), now_s)
    await _answer(exchange, 200, call.to_json(now_s, _wall(means)))


def _change(call: Call, form: Form, now_s: float) -> None:
    status, asked = call.status(now_s), form.get("Status")
    if asked is not None:
        if asked not in DONE:
            raise _Wrong(400, 21218, f"Invalid status {asked}: completed or canceled")
        if asked == "canceled" and status == "in-progress":
            raise _Wrong(400, 21220, "Call is in progress. Cannot cancel.")
        if status in OPEN:
            call.end(now_s)
    elif "Url" in form or "Twiml" in form:
        _check_instructions(form)
        if status != "in-progress":
            raise _Wrong(400, 21220, "Call is not in-progress. Cannot redirect.")
    call.changed_s = now_s


# --- recordings ------------------------------------------------------------------------------


async def _recordings(exchange: Exchange, means: Means) -> None:
    call, wall, now_s = _found(exchange, means), _wall(means), means.clock.now()
    status = call.status(now_s)
    if exchange.method == "GET":
        begun = [one for one in reversed(call.recordings) if one.began_s <= now_s]
        rows = [one.to_json(wall) for one in begun]
        await _answer(exchange, 200, _page(exchange, "recordings", rows))
        return
    form = await _form(exchange)
    if status != "in-progress":
        raise _Wrong(400, 21220, "Requested resource is not eligible for recording")
    recording = _recording(call, form, "StartCallRecordingAPI", now_s)
    call.recordings.append(recording)
    await _answer(exchange, 201, recording.to_json(wall))


def _recording(call: Call, form: Form, source: str, now_s: float) -> Recording:
    channels = {"mono": 1, "dual": 2}.get(form.get("RecordingChannels", "mono"))
    if channels is None:
        raise _Wrong(400, 20001, "RecordingChannels is mono or dual")
    track = form.get("RecordingTrack", "both")
    if track not in ("inbound", "outbound", "both"):
        raise _Wrong(400, 20001, "RecordingTrack is inbound, outbound or both")
    return Recording(call=call, source=source, channels=channels, track=track, began_s=now_s)


async def _one_recording(exchange: Exchange, means: Means) -> None:
    call, now_s = _found(exchange, means), means.clock.now()
    call.status(now_s)
    sid = exchange.path["recording"]
    recording = next((one for one in call.recordings if one.sid == sid), None)
    if recording is None:
        raise _gone(exchange)
    if exchange.method == "POST":
        asked = (await _form(exchange)).get("Status")
        if asked not in ("stopped", "paused", "in-progress"):
            raise _Wrong(400, 20001, "Status is stopped, paused or in-progress")
        if recording.ended_s is not None:
            raise _Wrong(400, 21220, "Requested resource is not eligible for recording")
        if asked == "stopped":
            recording.stop(now_s)
        else:
            recording.status = asked
    await _answer(exchange, 200, recording.to_json(_wall(means)))


# --- what they share -------------------------------------------------------------------------


def _book(means: Means) -> Book:
    book: Book = means.kept.setdefault("twilio", Book())
    return book


def _wall(means: Means) -> Wall:
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - a label
    return Wall(now, means.clock.now())


def _found(exchange: Exchange, means: Means) -> Call:
    call = _book(means).of(exchange.path["account"], exchange.path["call"])
    if call is None:
        raise _gone(exchange)
    return call


def _gone(exchange: Exchange) -> _Wrong:
    return _Wrong(404, 20404, f"The requested resource {exchange.request.path} was not found")


async def _form(exchange: Exchange) -> Form:
    """The last value counts where a name comes more than once."""
    kind = exchange.headers.get("content-type", "").partition(";")[0]
    if kind != "application/x-www-form-urlencoded":
        raise _Wrong(415, 20415, f"Content type {kind or 'none'} is not supported")
    body = (await exchange.body()).decode("utf-8", errors="replace")
    return dict(parse_qsl(body, keep_blank_values=True))


def _page(exchange: Exchange, name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A list, a page at a time."""
    path, query = exchange.request.path, exchange.query
    size = min(max(1, _number(query.get("PageSize"), PAGE_SIZE)), 1000)
    page = max(0, _number(query.get("Page"), 0))
    shown = rows[page * size : (page + 1) * size]

    def uri(number: int) -> str:
        return f"{path}?PageSize={size}&Page={number}"

    return {
        name: shown,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, len(shown) - 1),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1) if (page + 1) * size < len(rows) else None,
        "previous_page_uri": uri(page - 1) if page else None,
    }


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() else otherwise


async def _answer(exchange: Exchange, status: int, value: Mapping[str, Any]) -> None:
    await exchange.answer(msgspec.json.encode(value), status=status)


def _desk(path: str, serve: Callable[[Exchange, Means], Awaitable[None]], *methods: str) -> Desk:
    async def told(exchange: Exchange, means: Means) -> None:
        try:
            await serve(exchange, means)
        except _Wrong as wrong:
            error = _error(wrong.status, wrong.code, str(wrong))
            await _answer(exchange, wrong.status, error)

    return Desk(path=ACCOUNT + path, key=_key, refuse=_refuse, serve=told, methods=methods)


DESKS: Final = (
    _desk("/Calls.json", _calls, "GET", "POST"),
    _desk("/Calls/{call}.json", _call, "GET", "POST"),
    _desk("/Calls/{call}/Recordings.json", _recordings, "GET", "POST"),
    _desk("/Calls/{call}/Recordings/{recording}.json", _one_recording, "GET", "POST"),
)
