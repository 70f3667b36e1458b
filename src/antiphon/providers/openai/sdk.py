"""OpenAI's SDK: loaded when it is needed, pointed where we want, its errors ours.

Importing it takes a second or more, so nothing here imports it at once. Must not live here: what
is asked, what an answer says.
"""

from collections.abc import Mapping
from typing import Any, Final

from antiphon.errors import ProviderError
from antiphon.net.account import Account
from antiphon.net.sdk import SdkHttp

__all__ = ["Sdk", "refused_by_code"]

CODES: Final[Mapping[str, int]] = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "insufficient_quota": 429,
    "context_length_exceeded": 400,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
}
"""What an error in the middle of an answer would have been before it; any other is a 500."""


class Sdk:
    """One account at one address. Close it with `aclose`."""

    def __init__(self, name: str, account: Account) -> None:
        """Slow the first time: not for an event loop that has calls."""
        import openai  # noqa: PLC0415 - optional and slow

        self.http = SdkHttp(name, account, (openai.OpenAIError,), "openai")
        self.client = openai.AsyncOpenAI(
            # The SDK insists on one; where there is none, our connection leaves it out.
            api_key=account.api_key.get_secret_value() or "none",
            base_url=account.base_url,
            max_retries=0,
            http_client=self.http.client,
        )
        # Both are loaded by the first who asks for them, and he shall not wait.
        self.chat: Any = self.client.chat.completions.create
        self.responses: Any = self.client.responses.create
        self.bad_request = openai.BadRequestError
        self._status, self._error = openai.APIStatusError, openai.APIError

    def trouble(self, error: Exception) -> ProviderError:
        """What an error of the SDK means."""
        if isinstance(error, self._status):
            return self.http.refused(error.status_code, error.response.headers, error.message)
        if isinstance(error, self._error) and error.body is not None:
            return refused_by_code(self.http, error.code or error.type or "", error.message)
        return self.http.broken(error)

    async def aclose(self) -> None:
        """Give the connections back."""
        await self.http.aclose()


def refused_by_code(http: SdkHttp, code: str, said: str) -> ProviderError:
    """What an error in the middle of an answer means."""
    return http.refused(CODES.get(code, 500), {}, f"{code} {said}")
