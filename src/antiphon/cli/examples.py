"""Where the example agent lies: in the checkout, or in the installed package."""

from pathlib import Path

from antiphon.errors import Missing

__all__ = ["folder"]


def folder() -> Path:
    """The receptionist's folder. Raises `Missing`."""
    package = Path(__file__).parent.parent
    for place in (package.parent.parent / "examples", package / "examples"):
        if (place / "receptionist" / "agent.yaml").is_file():
            return place / "receptionist"
    raise Missing("the example agent is not installed", fix="run this in a checkout of Antiphon")
