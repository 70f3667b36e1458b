"""Twilio's own SDK places, changes and records calls in the sandbox."""

import time
from typing import Any

import pytest
from tests.certification.outside.conftest import Sandbox
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

SDK = "twilio"
ACCOUNT = "AC" + "0" * 32
CALLS = "/2010-04-01/Accounts/{account}/Calls"
ASKED = {"to": "+15017122661", "from_": "+15558675310"}
HANG_UP = "<Response><Hangup/></Response>"


def client(sandbox: Sandbox, token: str = "") -> Client:
    made = Client(ACCOUNT, token or sandbox.key)
    made.api.base_url = sandbox.http
    return made


def until(call: Any, status: str) -> Any:
    """The call, as soon as it is there."""
    for _ in range(200):
        if (shown := call.fetch()).status == status:
            return shown
        time.sleep(0.02)
    raise AssertionError(f"never {status}, but {shown.status}")


@pytest.mark.proves(f"POST {CALLS}.json", by=SDK, exchange="a call is placed")
@pytest.mark.proves(f"GET {CALLS}/{{call}}.json", by=SDK, exchange="a call is followed")
@pytest.mark.proves(f"POST {CALLS}/{{call}}.json", by=SDK, exchange="new TwiML, and the end")
@pytest.mark.proves(f"GET {CALLS}.json", by=SDK, exchange="pages of calls")
def test_calls_are_placed_changed_listed_and_ended(sandbox: Sandbox) -> None:
    calls = client(sandbox).calls
    call = calls.create(**ASKED, twiml=HANG_UP, async_amd="true", machine_detection="Enable")
    assert call.status == "queued"
    until(call, "in-progress")
    call.update(twiml="<Response><Pause/></Response>")
    assert call.sid in [each.sid for each in calls.stream(page_size=2, limit=50)]
    call.update(status="completed")
    until(call, "completed")


RECORDINGS = f"{CALLS}/{{call}}/Recordings"


@pytest.mark.proves(f"POST {RECORDINGS}.json", by=SDK, exchange="a recording is begun")
@pytest.mark.proves(f"GET {RECORDINGS}.json", by=SDK, exchange="pages of recordings")
@pytest.mark.proves(
    f"POST {RECORDINGS}/{{recording}}.json", by=SDK, exchange="a recording is paused and stopped"
)
@pytest.mark.proves(f"GET {RECORDINGS}/{{recording}}.json", by=SDK, exchange="one recording")
def test_calls_are_recorded(sandbox: Sandbox) -> None:
    call = client(sandbox).calls.create(**ASKED, twiml=HANG_UP)
    until(call, "in-progress")
    recording = call.recordings.create()
    assert recording.sid in [each.sid for each in call.recordings.list()]
    place = client(sandbox).calls(call.sid).recordings(recording.sid)
    for status in ("paused", "in-progress", "stopped"):
        place.update(status=status)
    assert place.fetch().status in ("stopped", "completed", "processing")


@pytest.mark.proves(
    f"POST {CALLS}.json", by=SDK, refusal="wrong token (401, 20003), no number (400, 21211)"
)
@pytest.mark.proves(f"GET {CALLS}/{{call}}.json", by=SDK, refusal="no such call (404, 20404)")
def test_refusals(sandbox: Sandbox) -> None:
    asks = [
        (401, 20003, lambda: client(sandbox, "wrong").calls.create(**ASKED, twiml=HANG_UP)),
        (400, 21211, lambda: client(sandbox).calls.create(**{**ASKED, "to": "5"}, twiml=HANG_UP)),
        (404, 20404, lambda: client(sandbox).calls("CA" + "0" * 32).fetch()),
    ]
    for status, code, ask in asks:
        with pytest.raises(TwilioRestException) as caught:
            ask()
        assert (caught.value.status, caught.value.code) == (status, code)
