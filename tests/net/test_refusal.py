"""What a vendor's refusal is shown as."""

import pytest

from antiphon.net.refusal import in_words


@pytest.mark.parametrize(
    "body, words",
    [
        ('{"detail":{"status":"invalid_api_key","message":"No such key."}}', "No such key."),
        ('{"error_code":"unauthorized","title":"Unauthorized","message":"Bad."}', "Bad."),
        ('{"error":{"type":"authentication_error","message":"invalid x-api-key"}}',
         "invalid x-api-key"),
        ('{"error":"quota"}', "quota"),
        ('{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials."}', "Invalid credentials."),
        ('{"detail":[{"loc":["body"]}]}', '{"detail":[{"loc":["body"]}]}'),
        ('{"message":"","code":7}', '{"message":"","code":7}'),
        ("<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_person_reads_the_words_and_not_their_wrapping(body: str, words: str) -> None:
    assert in_words(body) == words
