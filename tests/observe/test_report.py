"""The report: complete without a network, safe whatever was said, and alive in a browser."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Self

import pytest

from antiphon import actions as order
from antiphon import events as told
from antiphon.errors import Missing
from antiphon.observe.audit import audit
from antiphon.observe.logreader import read
from antiphon.observe.playback import load
from antiphon.observe.report import report, save

NASTY = "</script><img src=x onerror=\"document.title='owned'\"><b>{{js}} & 'more'</b>\ud83d"


class Elements(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(script: Any) -> bytes:
    recording, log = load(script.wav()), script.log()
    return report(log, recording, audit(recording, log), title="Front desk")


def data_of(page: bytes) -> Any:
    found = re.search(rb'id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def nasty(script: Any) -> bytes:
    script.hear(NASTY, 1.0, 2.0)
    script.decide(1, NASTY, 1.0, 2.0, 2.3, NASTY)
    script.order(2.3, order.Speak(reply=1, text=NASTY), order.StopSpeaking(why=NASTY))
    script.event(2.5, told.ReplyStarted(reply=1))
    script.event(3.5, told.ReplyStopped(reply=1, heard=NASTY, unheard=NASTY))
    script.note(3.6, NASTY, why=NASTY)
    log = script.log()
    return report(log, load(script.wav()), title=NASTY)


def test_the_page_needs_nothing_from_outside(demo: Any) -> None:
    page = page_of(demo)
    for _, attributes in Elements(page).tags:
        for name in ("src", "href", "action", "data", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:")
    assert b"@import" not in page
    assert b"url(" not in page


def test_the_story_is_there_without_scripts(demo: Any) -> None:
    text = Elements(page_of(demo)).text
    for words in (
        "What are your opening hours?",
        "4 March 2025, 10:00 · 38 s",
        "median of 4 answers, in the recording; p95 920 ms",
        "yields when interrupted",
        "stopped · words that ask for the floor: wait no",
        "0:16.9 · while listening",
        "turn 2 · score 0.81, after 420 ms",
        "prepared in time",
        "asking the recogniser for its final reading to getting it",
    ):
        assert words in text, words


def test_what_is_drawn_travels_with_the_page(demo: Any) -> None:
    data = data_of(page_of(demo))
    assert len(data["said"]) == 11
    assert data["waits"][0]["stages"][0]["name"] == "endpoint"
    assert [len(side) > 1000 for side in data["peaks"]] == [True, True]


def test_whatever_was_said_stays_text(script: Any) -> None:
    page = nasty(script)
    parsed = Elements(page)
    assert not [tag for tag, _ in parsed.tags if tag in ("img", "b") and _.get("src")]
    assert sum(tag == "script" for tag, _ in parsed.tags) == 3
    assert "<b>{{js}} & 'more'</b>" in parsed.text
    assert data_of(page)["said"][0]["text"].startswith("</script><img")


def test_a_log_alone_makes_a_report_too(demo: Any) -> None:
    log = demo.log()
    page = report(log)
    text = Elements(page).text
    assert "median of 4 answers, by the log" in text
    assert "front-desk" in text
    assert "yields when interrupted" not in text
    assert data_of(page)["peaks"] == ["", ""]


def test_the_page_says_what_the_call_cost(demo: Any) -> None:
    assert "does not say what was used" in Elements(report(demo.log())).text
    demo.note(9.0, "used", port="tts", provider="deepgram/aura-2", letters=1000)
    demo.note(9.1, "used", port="stt", provider="<img src=x>", seconds=3.0)
    page = report(demo.log())
    text = Elements(page).text
    for words in ("$0.03 / 1k letters", "$0.0300", "third party, 2026-05-04", "price not known"):
        assert words in text
    assert "<img src=x>" in text
    assert not [tag for tag, _ in Elements(page).tags if tag == "img"]
    assert "used" not in {mark["label"] for mark in data_of(page)["marks"]}, "no warning on it"


def test_a_disk_without_room_leaves_no_half_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Missing, match="cannot write the report /dev/full: No space left"):
        save(b"page", Path("/dev/full"))
    path = tmp_path / "page.html"
    path.symlink_to("/dev/full")
    with pytest.raises(Missing, match="`antiphon report LOG`"):
        save(b"page", path)
    assert Path("/dev/full").exists()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    whole = tmp_path / "other.html"
    monkeypatch.setattr(os, "fdopen", refuse)
    with pytest.raises(Missing, match=r"other\.html: No space left"):
        save(b"page", whole)
    assert not whole.exists()


def test_a_saved_page_is_its_owners_alone(demo: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    save(b"page", path)
    assert path.read_bytes() == b"page"
    assert path.stat().st_mode & 0o077 == 0


def test_what_is_wrong_is_said_at_the_top(demo: Any) -> None:
    demo.hush(1, 5.2, 8.5)
    assert "'What are your opening hours?' was never answered" in Elements(page_of(demo)).text
    log = demo.log()
    log.path.write_text(log.path.read_text() + '{"t":')
    assert "The last line of the call log was cut off." in Elements(report(read(log.path))).text


def test_what_the_caller_never_tried_is_no_trouble_of_the_call(script: Any) -> None:
    end_s = script.caller("What are your opening hours?", 1.0, 1.5, "question")
    script.decide(1, "What are your opening hours?", 1.0, end_s, end_s + 0.3, "score 0.9")
    script.length_s = 6.0
    recording, log = load(script.wav()), script.log()
    audited = audit(recording, log)
    assert not audited["yielded"]
    page = Elements(report(log, recording, audited)).text
    assert "answers every question" in page
    for unasked in ("yields when interrupted", "waits out a breath", "never did this"):
        assert unasked not in page


def test_a_call_in_which_nothing_happened(script: Any) -> None:
    script.length_s = 65.0
    recording, log = load(script.wav()), script.log()
    text = Elements(report(log, recording, audit(recording, log))).text
    assert "No turn was answered." in text
    assert "1 min 6 s" in text


def test_a_turn_never_answered_and_a_date_that_is_none(script: Any) -> None:
    script.hear("hello there", 1.0, 2.0)
    script.decide(1, "hello there", 1.0, 2.0, 2.3, "score")
    script.order(2.5, order.Speak(reply=3, text="One moment", kind="filler"))
    script.event(2.6, told.ReplyStarted(reply=3))
    script.event(3.0, told.ReplyFinished(reply=3, heard="One moment"))
    log = script.log()
    log.path.write_text(log.path.read_text().replace("2025-03-04T10:00:00Z", "yesterday"))
    text = Elements(report(read(log.path))).text
    assert "never answered" in text
    assert "yesterday" in text
    assert "0:02.6 · filler" in text


# --- in a browser --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = [os.environ.get("ANTIPHON_CHROMIUM"), *map(shutil.which, names)]
    path = next(filter(None, found), None)
    if path is None:
        pytest.skip("needs Chromium: ./run test installs it")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


class Tab:
    """A page in a browser that reports what goes wrong in it."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1400, "height": 900}, **context)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.fixture
def shown(demo: Any, tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_bytes(page_of(demo))
    return path


@pytest.mark.browser
def test_it_loads_without_an_error_or_a_request(chromium: Any, shown: Path) -> None:
    for scheme in ("light", "dark"):
        with Tab(chromium, shown, color_scheme=scheme) as tab:
            assert tab.page.locator("#items .flag").count() == 9
            assert tab.page.locator("#bands .band").count() == 11
            assert tab.page.locator("#items .stagebar").count() == 18
            box = tab.page.evaluate("[document.body.scrollWidth, innerWidth]")
            assert box[0] <= box[1], "the page itself must not scroll sideways"
            assert tab.wrong == []
            assert {url.split(":")[0] for url in tab.asked} <= {"file", "blob", "data"}


@pytest.mark.browser
def test_the_sound_plays_and_the_playhead_follows(chromium: Any, shown: Path) -> None:
    with Tab(chromium, shown, bypass_csp=True) as tab:  # waiting for a condition needs eval
        tab.page.locator("#transcript .bubble").nth(4).click()
        assert tab.page.locator("#time").inner_text() == "0:15.1"
        tab.page.click("#play")
        tab.page.wait_for_function("parseFloat(time.value.slice(2)) > 15.4")
        assert tab.page.locator("#transcript .bubble.now").inner_text().count("Thursday") == 1
        left = tab.page.evaluate("parseFloat(head.style.left)")
        assert left == pytest.approx(15.4 * 70, abs=120)
        tab.page.keyboard.press("Space")
        tab.page.wait_for_selector("#play[aria-label=Play]")
        assert tab.wrong == []


@pytest.mark.browser
def test_one_can_look_closer_and_step_back(chromium: Any, shown: Path) -> None:
    with Tab(chromium, shown) as tab:
        wide = "parseFloat(stage.style.width)"
        first = tab.page.evaluate(wide)
        tab.page.click("#in")
        assert tab.page.evaluate(wide) == pytest.approx(1.5 * first, rel=0.01)
        tab.page.click("#fit")
        fitted = tab.page.evaluate(wide)
        assert fitted == pytest.approx(
            tab.page.evaluate("document.getElementById('scroll').clientWidth"), abs=1
        )
        for _ in range(30):
            tab.page.keyboard.press("+")
        assert tab.page.evaluate(wide) == pytest.approx(38.0 * 600, rel=0.02)
        tab.page.keyboard.press("0")
        tab.page.locator("#stage").click(position={"x": fitted / 2, "y": 100})
        assert tab.page.locator("#time").inner_text() in ("0:19.0", "0:18.9", "0:19.1")
        tab.page.locator("#items .flag").first.hover()
        assert "score 0.93" in tab.page.locator("#tip").inner_text()
        assert tab.wrong == []


@pytest.mark.browser
def test_on_paper_the_whole_call_is_in_view_and_light(chromium: Any, shown: Path) -> None:
    with Tab(chromium, shown, color_scheme="dark", bypass_csp=True) as tab:
        tab.page.emulate_media(media="print")
        tab.page.wait_for_function(
            "parseFloat(stage.style.width) <= document.getElementById('scroll').clientWidth + 1"
        )
        paper = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(247, 245, 241)"
        assert tab.page.locator(".bar").is_hidden()


@pytest.mark.browser
def test_nothing_said_in_a_call_runs(chromium: Any, script: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(nasty(script))
    with Tab(chromium, path) as tab:
        assert "owned" not in tab.page.title().replace("title='owned'", "")
        assert tab.page.locator("img").count() == 0
        flag = tab.page.locator("#items .flag.m-stop").first
        flag.hover()
        assert "<img src=x" in tab.page.locator("#tip").inner_text()
        assert tab.wrong == []
        # Even what should get in by a mistake of ours could not run.
        tab.page.evaluate(
            "() => { const s = document.createElement('script');"
            " s.textContent = 'document.title = \"owned\"'; document.body.append(s); }"
        )
        assert tab.page.title() != "owned"
        assert any("Content Security Policy" in wrong for wrong in tab.wrong)
