"""What plugins share."""

from dataclasses import dataclass


@dataclass
class APIConnectOptions:
    max_retry: int = 3


class APIError(Exception):
    retryable = True


class APIStatusError(APIError):
    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code
