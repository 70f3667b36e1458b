"""Whose account at a vendor, and where the vendor is: what every hosted provider's settings hold.

Lives here: the key, the address and how a request's address is made of it. Must not live here:
where either comes from (`antiphon.net.offering`), and what a vendor calls its header.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, SecretStr

__all__ = ["Account"]


class Account(BaseModel):
    """Whose account, and where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: SecretStr = SecretStr("")
    """Sent with every opening request and never shown. Empty where a server wants none."""
    base_url: str = Field(pattern=r"^https?://[^/?#]+(/[^?#]*)?$")
    """The vendor's own address, or another: a sandbox, a proxy, servers in another region."""
    connect_within_s: PositiveFloat = 3.0
    """For TCP, TLS and the opening request together."""

    def url(self, path: str, query: Sequence[tuple[str, object]] = ()) -> str:
        """The address of a request; what is None in the query is left to the vendor."""
        pairs = [(name, _said(value)) for name, value in query if value is not None]
        asked = f"?{urlencode(pairs)}" if pairs else ""
        return f"{self.base_url.rstrip('/')}{path}{asked}"

    def socket_url(self, path: str, query: Sequence[tuple[str, object]] = ()) -> str:
        """The same for a WebSocket."""
        return "ws" + self.url(path, query).removeprefix("http")


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
