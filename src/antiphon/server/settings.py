"""What may be set about the server."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, SecretStr

from antiphon.transports.websocket.settings import WebSocketSettings

__all__ = ["ServerSettings"]


class ServerSettings(BaseModel):
    """Where it listens, whom it lets in, and how it goes down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    """Browsers give the microphone only to pages from this machine or over https."""
    port: int = Field(8000, ge=0, le=65535)
    """0 lets the system choose."""
    certificate: Path | None = None
    """PEM file with the certificate chain, for https."""
    certificate_key: Path | None = None
    """PEM file with its key, where that is a separate file."""
    max_calls: PositiveInt = 100
    """Further callers are turned away with a clear message."""
    allowed_origins: tuple[str, ...] = ()
    """Other sites whose pages may call, like ``https://shop.example``. Pages from this server
    always may, and so may programs, which send no Origin."""
    hosts: tuple[str, ...] = ()
    """Names this server may be addressed by. Empty: any, but on a loopback address only its
    own names, so that no other site can pass itself off as this one."""
    token: SecretStr | None = None
    """If set, a caller must present it: ``Authorization: Bearer``, or in hello."""
    drain_s: PositiveFloat = 30.0
    """When told to stop, how long calls may take to come to their own end."""
    websocket: WebSocketSettings = WebSocketSettings()
    """Limits and timing of each connection."""
