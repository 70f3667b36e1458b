"""An agent file to try commands on, and models that only seem to be here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.models.store import ModelStore

Write = Callable[..., Path]

DESK = """\
name: Front Desk
llm: null
dialog:
  greeting: Hello, front desk.
  topics:
    - {name: hours, asks: [hours, open], says: We are open from eight to six.}
    - {name: booking, asks: [appointment], says: Who, expects: name, then: "Noted, {answer}."}
  farewell: Goodbye!
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An agent without a language model."""
    file = tmp_path / "agent.yaml"
    file.write_text(DESK)
    return file


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has fetched nothing yet."""
    root = tmp_path / "no-models"
    monkeypatch.setenv("ANTIPHON_MODELS", str(root))
    return root


@pytest.fixture
def all_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that seems to have every model."""
    monkeypatch.setattr(ModelStore, "path", lambda self, name: tmp_path / name)
