"""What Twilio's pretended REST interface answers, held against the description Twilio publishes."""

import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from tests.certification.outside.conftest import Sandbox
from tests.certification.outside.published import TWILIO, closed, description, fits
from tests.certification.outside.test_twilio import ACCOUNT, CALLS, HANG_UP

CALL = f"{CALLS}/{{call}}"
RECORDING = f"{CALL}/Recordings/{{recording}}"
SCHEMA = "every field, in its type, and no other"
BASE = "/2010-04-01/Accounts/{AccountSid}/Calls"


def proves(endpoint: str) -> Any:
    return pytest.mark.proves(endpoint, by=TWILIO, schema=SCHEMA)


class Account:
    """Asks, and holds each answer against what is published of the place that was asked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._whole = closed(description("twilio_api_v2010.json"))
        self._http = httpx.Client(base_url=sandbox.http, auth=(ACCOUNT, sandbox.key), timeout=10)

    def ask(self, method: str, place: str, call: str = "", recording: str = "", **data: str) -> Any:
        last = recording or call
        path = place.format(AccountSid=ACCOUNT, CallSid=call, Sid=last)
        form = {"content-type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        answer = self._http.request(method, path, content=urlencode(data), headers=form)
        described = self._whole["paths"][place][method.lower()]["responses"]
        schema = described[str(answer.status_code)]["content"]["application/json"]["schema"]
        found: dict[str, Any] = answer.json()
        fits(schema, self._whole, found)
        return found

    def until_answered(self, call: str) -> None:
        for _ in range(200):
            if self.ask("GET", f"{BASE}/{{Sid}}.json", call)["status"] == "in-progress":
                return
            time.sleep(0.02)
        raise AssertionError("it was never answered")


@proves(f"POST {CALLS}.json")
@proves(f"GET {CALLS}.json")
@proves(f"GET {CALL}.json")
@proves(f"POST {CALL}.json")
@proves(f"POST {CALL}/Recordings.json")
@proves(f"GET {CALL}/Recordings.json")
@proves(f"POST {RECORDING}.json")
@proves(f"GET {RECORDING}.json")
def test_calls_and_recordings_are_as_twilio_publishes_them(sandbox: Sandbox) -> None:
    account = Account(sandbox)
    placed = {"To": "+15017122661", "From": "+15558675310", "Twiml": HANG_UP}
    call = account.ask("POST", f"{BASE}.json", **placed)["sid"]
    account.until_answered(call)
    of_call = f"{BASE}/{{CallSid}}/Recordings"
    recording = account.ask("POST", f"{of_call}.json", call)["sid"]
    assert account.ask("GET", f"{of_call}.json", call)["recordings"]
    account.ask("POST", f"{of_call}/{{Sid}}.json", call, recording, Status="stopped")
    account.ask("GET", f"{of_call}/{{Sid}}.json", call, recording)
    account.ask("POST", f"{BASE}/{{Sid}}.json", call, Status="completed")
    assert account.ask("GET", f"{BASE}.json")["calls"]
