"""How Google is reached: the credentials file that the environment names."""

import asyncio

from antiphon.errors import Rejected
from antiphon.net.account import Account
from antiphon.providers.google.sdk import Key, Sdk

__all__ = ["key_of"]


async def key_of(sdk: Sdk, account: Account, provider: str) -> Key:
    """The credentials. Raises `Rejected` where the file is none; its content is not shown."""
    unreadable: tuple[type[Exception], ...] = (OSError, ValueError, *sdk.errors)
    try:
        return await asyncio.to_thread(sdk.key, account.api_key.get_secret_value())
    except unreadable as error:
        why = type(error).__name__
    raise Rejected(
        f"GOOGLE_APPLICATION_CREDENTIALS names no credentials file: {why}", provider=provider
    )
