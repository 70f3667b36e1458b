"""Twilio's REST in the sandbox, by a client that knows nothing of ours: plain HTTP, plain JSON."""

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

AC = "AC" + "0" * 32
CALLS = f"/2010-04-01/Accounts/{AC}/Calls.json"
NUMBERS = {"To": "+15017122661", "From": "+15558675310"}
ASKED = {**NUMBERS, "Twiml": "<Response><Hangup/></Response>"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key="a-token") as running:
        yield running


@pytest.fixture
def rest(sandbox: Sandbox) -> Iterator[httpx.Client]:
    sandbox.rules.clear()
    with httpx.Client(base_url=sandbox.http_url, auth=(AC, "a-token"), trust_env=False) as client:
        yield client


def path(call: Any, rest: str = "") -> str:
    return f"/2010-04-01/Accounts/{AC}/Calls/{call['sid']}{rest}.json"


def until(rest: httpx.Client, call: Any, status: str) -> Any:
    """The call, as soon as it is there."""
    for _ in range(400):
        shown = rest.get(path(call)).json()
        if shown["status"] == status:
            return shown
    raise AssertionError(f"never {status}, but {shown['status']}")


def answered(rest: httpx.Client, **more: str) -> Any:
    return until(rest, rest.post(CALLS, data={**ASKED, **more}).json(), "in-progress")


def test_a_call_is_made_and_answered_and_ended(rest: httpx.Client) -> None:
    made = rest.post(CALLS, data=ASKED)
    call = made.json()
    assert made.status_code == 201
    assert re.fullmatch(r"CA[0-9a-f]{32}", call["sid"])
    assert (call["status"], call["direction"], call["duration"]) == ("queued", "outbound-api", None)
    assert (call["to"], call["to_formatted"]) == ("+15017122661", "(501) 712-2661")
    assert call["uri"] == path(call)
    assert call["subresource_uris"]["recordings"] == path(call, "/Recordings")

    call = until(rest, call, "in-progress")
    assert call["start_time"].endswith("+0000")
    moved = rest.post(path(call), data={"Url": "https://example.com/twiml"}).json()
    assert moved["status"] == "in-progress"
    done = rest.post(path(call), data={"Status": "completed"}).json()
    assert (done["status"], done["duration"]) == ("completed", "0")
    assert done["end_time"] is not None
    again = rest.post(path(call), data={"Status": "completed"}).json()
    assert again["status"] == "completed"


def test_nobody_need_answer(rest: httpx.Client) -> None:
    for asked in ("canceled", "completed"):
        call = rest.post(CALLS, data=ASKED).json()
        assert rest.post(path(call), data={"Status": asked}).json()["status"] == "canceled"
        assert rest.get(path(call)).json()["duration"] is None


def test_a_time_limit_ends_a_call(rest: httpx.Client) -> None:
    call = rest.post(CALLS, data={**ASKED, "TimeLimit": "0"}).json()
    assert until(rest, call, "completed")["duration"] == "0"


@pytest.mark.parametrize(
    "form, code",
    [
        ({"From": "+15558675310"}, 21201),
        ({"To": "+15017122661"}, 21213),
        ({**ASKED, "To": "5017122661"}, 21211),
        ({**ASKED, "From": "me"}, 21212),
        (NUMBERS, 21205),
        ({**NUMBERS, "Url": "twiml.xml"}, 21205),
        ({**ASKED, "StatusCallback": "ftp://x"}, 21205),
        ({**NUMBERS, "Twiml": "Say hello"}, 12100),
        ({**ASKED, "TimeLimit": "soon"}, 20001),
        ({**ASKED, "Record": "true", "RecordingChannels": "three"}, 20001),
        ({**ASKED, "Record": "true", "RecordingTrack": "none"}, 20001),
    ],
)
def test_what_cannot_be_is_refused_with_its_code(
    form: dict[str, str], code: int, rest: httpx.Client
) -> None:
    refused = rest.post(CALLS, data=form)
    body = refused.json()
    assert refused.status_code == body["status"] == 400
    assert body["code"] == code
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert body["message"]


def test_a_form_is_a_form(rest: httpx.Client) -> None:
    assert rest.post(CALLS, json=ASKED).json()["code"] == 20415
    assert rest.post(CALLS, content=b"").json()["code"] == 20415


def test_a_call_in_the_wrong_state_is_not_changed(rest: httpx.Client) -> None:
    call = rest.post(CALLS, data=ASKED).json()
    assert rest.post(path(call), data={"Twiml": "<Response/>"}).json()["code"] == 21220
    assert rest.post(path(call), data={"Status": "gone"}).json()["code"] == 21218
    assert rest.post(path(call, "/Recordings"), data={}).status_code == 415
    call = until(rest, call, "in-progress")
    assert rest.post(path(call), data={"Status": "canceled"}).json()["code"] == 21220


def test_recordings_begin_pause_and_end(rest: httpx.Client) -> None:
    call = answered(rest, Record="true", RecordingChannels="dual")
    begun = rest.post(path(call, "/Recordings"), data={"RecordingTrack": "inbound"})
    recording = begun.json()
    assert begun.status_code == 201
    assert (recording["status"], recording["source"]) == ("in-progress", "StartCallRecordingAPI")
    assert (recording["channels"], recording["track"]) == (1, "inbound")
    listed = rest.get(path(call, "/Recordings")).json()["recordings"]
    assert [one["source"] for one in listed] == ["StartCallRecordingAPI", "OutboundAPI"]
    assert listed[1]["channels"] == 2

    place = path(call, f"/Recordings/{recording['sid']}")
    assert rest.post(place, data={"Status": "paused"}).json()["status"] == "paused"
    assert rest.post(place, data={"Status": "stopped"}).json()["status"] == "completed"
    assert rest.post(place, data={"Status": "paused"}).json()["code"] == 21220
    assert rest.post(place, data={"Status": "loud"}).json()["code"] == 20001
    assert rest.get(place).json()["duration"] == "0"
    assert rest.get(path(call, "/Recordings/RE0")).status_code == 404

    rest.post(path(call), data={"Status": "completed"})
    listed = rest.get(path(call, "/Recordings")).json()["recordings"]
    assert {one["status"] for one in listed} == {"completed"}
    late = rest.post(path(call, "/Recordings"), data={"RecordingTrack": "both"})
    assert late.json()["code"] == 21220


def test_lists_come_a_page_at_a_time(rest: httpx.Client) -> None:
    other = AC.replace("0", "1")
    account = CALLS.replace(AC, other)
    auth = (other, "a-token")
    made = [
        rest.post(account, data={**ASKED, "To": f"client:{n}"}, auth=auth).json()["sid"]
        for n in range(3)
    ]
    first = rest.get(account, params={"PageSize": "2"}, auth=auth).json()
    assert (first["page"], first["start"], first["end"]) == (0, 0, 1)
    assert first["previous_page_uri"] is None
    second = rest.get(first["next_page_uri"], auth=auth).json()
    assert second["next_page_uri"] is None
    assert second["previous_page_uri"] == first["uri"]
    found = [call["sid"] for call in first["calls"] + second["calls"]]
    assert found == made[::-1], "the newest first, and nobody else's"
    none = rest.get(account, params={"Status": "busy", "PageSize": "many"}, auth=auth).json()
    assert none["calls"] == []


@pytest.mark.parametrize(
    "auth", [(AC, "another"), ("me", "a-token"), None], ids=["token", "name", "nobody"]
)
def test_only_the_accounts_own_token_is_let_in(auth: Any, sandbox: Sandbox) -> None:
    refused = httpx.post(sandbox.http_url + CALLS, data=ASKED, auth=auth, trust_env=False)
    assert refused.status_code == 401
    assert refused.json()["code"] == 20003
    assert "a-token" not in repr(sandbox.requests)


@pytest.mark.parametrize("header", ["Basic !", "Basic /w==", "Bearer a-token"])
def test_a_damaged_name_is_nobody(header: str, sandbox: Sandbox) -> None:
    headers = {"Authorization": header}
    assert httpx.get(sandbox.http_url + CALLS, headers=headers, trust_env=False).status_code == 401


def test_what_is_not_there_and_what_is_too_much(rest: httpx.Client, sandbox: Sandbox) -> None:
    missing = rest.get(path({"sid": "CA" + "f" * 32}))
    assert (missing.status_code, missing.json()["code"]) == (404, 20404)
    assert missing.url.path in missing.json()["message"]
    sandbox.rules.add(Fault(refuse=429, retry_after_s=3))
    limited = rest.get(CALLS)
    assert (limited.status_code, limited.json()["code"]) == (429, 20429)
    assert limited.headers["retry-after"] == "3"


def test_every_byte_may_go_alone(rest: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(drip_s=0.002))
    began = time.perf_counter()
    listed = rest.get(path({"sid": "CA0"}))
    spent_s = time.perf_counter() - began
    assert listed.json()["code"] == 20404
    assert spent_s >= 0.002 * len(listed.content)
