"""Every error Antiphon raises on purpose.

    AntiphonError
    ├── ConfigError            an agent file, a setting, a command line: the user can fix it
    │   └── Missing            something that must be installed, pulled or plugged in first
    ├── ProtocolError          bytes that break an agreed wire format
    │   ├── LocalProtocolError     we were about to send them
    │   └── RemoteProtocolError    the peer sent them
    ├── ProviderError          a speech or language provider did not deliver
    │   ├── Unavailable        retryable: down, unreachable, died
    │   ├── TimedOut           retryable: no answer in time
    │   ├── AtCapacity         retryable, later: rate limit, quota, all slots busy
    │   └── Rejected           not retryable: bad key, bad request, unknown voice
    ├── ToolFailed             a tool ended without a result
    ├── ToolRetry              a tool asks to be called again with other arguments
    └── InternalError          a bug of ours: please report it

Barge-in, silence and hang-up are events, not exceptions. A foreign exception is translated
once, in the adapter that met it.
"""

__all__ = [
    "AntiphonError",
    "AtCapacity",
    "ConfigError",
    "InternalError",
    "LocalProtocolError",
    "Missing",
    "ProtocolError",
    "ProviderError",
    "Rejected",
    "RemoteProtocolError",
    "TimedOut",
    "ToolFailed",
    "ToolRetry",
    "Unavailable",
]


class AntiphonError(Exception):
    """Anything Antiphon raises on purpose; its message is fit to be read by the user."""


class ConfigError(AntiphonError):
    """What the user wrote cannot work.

    ``where`` is ``file:line`` where it is known, ``fix`` the next thing to do.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(
            "".join((f"{where}: " if where else "", what, f"\n  {fix}" if fix else ""))
        )


class Missing(ConfigError):
    """Something outside the configuration is not there: a model file, a device, a package."""


class ProtocolError(AntiphonError):
    """Bytes that break an agreed wire format."""


class LocalProtocolError(ProtocolError):
    """We were about to send something the peer would not understand."""


class RemoteProtocolError(ProtocolError):
    """The peer sent something we do not understand. ``code`` names it for the reply."""

    def __init__(self, what: str, *, code: str = "bad_message") -> None:
        self.code = code
        super().__init__(what)


class ProviderError(AntiphonError):
    """A provider did not deliver. ``provider`` is its name in the agent file; ``retry_after_s`` is
    for how long it asked to be left alone, where it did."""

    retryable = False

    def __init__(
        self, what: str, *, provider: str = "", retry_after_s: float | None = None
    ) -> None:
        self.provider, self.retry_after_s = provider, retry_after_s
        super().__init__(f"{provider}: {what}" if provider else what)


class Unavailable(ProviderError):
    """Down, unreachable, or gone in the middle of a request."""

    retryable = True


class TimedOut(ProviderError):
    """No answer within the time allowed."""

    retryable = True


class AtCapacity(ProviderError):
    """Rate limit, quota or concurrency limit; ``retry_after_s`` often says how long."""

    retryable = True


class Rejected(ProviderError):
    """The provider understood and refused: asking again the same way cannot help."""


class ToolFailed(AntiphonError):
    """A tool ended without a result."""


class ToolRetry(AntiphonError):
    """Raised by a tool that wants to be called again; the message tells the model why."""


class InternalError(AntiphonError):
    """A state that cannot be. Please report it, with the call log."""
