"""What a vendor's refusal is shown as."""

import pytest

from antiphon.errors import AtCapacity, ProviderError, Rejected
from antiphon.net.refusal import in_words, refusal


@pytest.mark.parametrize(
    "body, words",
    [
        ('{"detail":{"status":"invalid_api_key","message":"No such key."}}',
         "invalid_api_key: No such key."),
        ('{"error_code":"unauthorized","title":"Unauthorized","message":"Bad."}',
         "unauthorized: Bad."),
        ('{"message":"Bad.","code":401}', "Bad."),
        ('{"error":{"type":"quota","message":"quota: used up"}}', "quota: used up"),
        ('{"error":{"type":"authentication_error","message":"invalid x-api-key"}}',
         "authentication_error: invalid x-api-key"),
        ('{"error":"quota"}', "quota"),
        ('{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials."}',
         "INVALID_AUTH: Invalid credentials."),
        ('{"detail":[{"loc":["body"]}]}', '{"detail":[{"loc":["body"]}]}'),
        ('{"message":"","code":7}', '{"message":"","code":7}'),
        ("<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_person_reads_the_words_and_not_their_wrapping(body: str, words: str) -> None:
    assert in_words(body) == words


@pytest.mark.parametrize(
    "status, said, kind",
    [
        (401, "HTTP 401 No such key.", Rejected),
        (401, "HTTP 401 This request exceeds your quota of 10000.", AtCapacity),
        (403, "HTTP 403 Quota exceeded for the month", AtCapacity),
        (403, "HTTP 403 Not yours", Rejected),
        (402, "HTTP 402 Project does not have enough credits", AtCapacity),
    ],
)
def test_an_empty_purse_is_no_wrong_key(status: int, said: str, kind: type[ProviderError]) -> None:
    assert type(refusal(status, {}, said, provider="x")) is kind


@pytest.mark.parametrize("status", [403, 408, 429, 500, 503, 529])
def test_when_to_come_back_is_kept_whatever_went_wrong(status: int) -> None:
    assert refusal(status, {"retry-after": "7"}, "no", provider="x").retry_after_s == 7.0
    assert refusal(status, {}, "no", provider="x").retry_after_s is None
