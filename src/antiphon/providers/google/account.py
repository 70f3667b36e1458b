"""How Google is reached: the credentials file that the environment names, and a first look."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

from antiphon.errors import Rejected
from antiphon.net.account import Account
from antiphon.providers.google.sdk import Client, Key, Request, Sdk, translated

__all__ = ["key_of", "knock"]

log: Final = logging.getLogger(__name__)


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


async def knock(client: Client, first: Request, sdk: Sdk, provider: str, within_s: float) -> None:
    """Open a stream, send what configures it and wait for a refusal, to learn of a wrong key
    before a call does. Raises `Rejected`; what may pass is only logged.

    In a call the reason may be lost: where audio is being written while the refusal comes, gRPC
    tells of the writing that failed.
    """
    call = None
    try:
        async with asyncio.timeout(within_s):
            call = await client.stream(_held(first))
            async for _ in call:
                pass
    except TimeoutError:
        pass  # nobody refused
    except sdk.errors as error:
        trouble = translated(error, provider)
        if isinstance(trouble, Rejected):
            raise trouble from None
        log.warning("not reached at start, will be tried again: %s", trouble)
    finally:
        if call is not None:
            call.cancel()


async def _held(first: Request) -> AsyncIterator[Request]:
    """A stream that is configured, and not ended."""
    yield first
    await asyncio.get_running_loop().create_future()
