"""Whose account at Amazon, and where: two halves of a key, and a region."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, SecretStr

from antiphon.errors import Missing
from antiphon.net.account import Account

__all__ = ["REGION", "Login", "Secrets"]

REGION: Final = "us-east-1"


class Secrets(BaseModel):
    """What belongs to the key in the account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretStr = SecretStr("")
    """``AWS_SECRET_ACCESS_KEY``."""
    token: SecretStr = SecretStr("")
    """``AWS_SESSION_TOKEN``, of temporary credentials."""

    @classmethod
    def of(cls, environ: Mapping[str, str], provider: str) -> Self:
        """Those of an environment. Raises `Missing` where half of the key is not there."""
        secret = environ.get("AWS_SECRET_ACCESS_KEY", "")
        if not secret:
            raise Missing(
                f"{provider} needs AWS_SECRET_ACCESS_KEY, which is not set",
                fix="put both halves of the account's key into the environment",
            )
        return cls(
            secret=SecretStr(secret),
            token=SecretStr(environ.get("AWS_SESSION_TOKEN", "")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """All the SDKs want to know. Never shown."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    token: str = field(repr=False)
    region: str
    endpoint: str
    """Empty: the region's own."""

    @classmethod
    def with_(cls, account: Account, secrets: Secrets, region: str, home: str) -> Self:
        """Of one engine."""
        return cls(
            key_id=account.api_key.get_secret_value(),
            secret=secrets.secret.get_secret_value(),
            token=secrets.token.get_secret_value(),
            region=region,
            endpoint="" if account.base_url == home else account.base_url,
        )
