"""A real Chromium with a fake microphone, and a server for its page.

``browse`` opens the page of any server, so the same fixture serves the tests of the page, with a
pretended agent, and a test of a whole agent.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.async_api import Page, async_playwright

from antiphon.call.clock import LoopClock
from antiphon.server.app import Answer, create_app
from antiphon.server.calls import Calls
from antiphon.server.serve import listen, serve
from antiphon.server.settings import ServerSettings

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


@dataclass(frozen=True)
class Played:
    """What a page's playback rendered while its tap was on."""

    rate_hz: int
    samples: NDArray[np.float32]
    frames: NDArray[np.int64]
    """Of the page's audio clock, at the end of each 128 samples."""
    positions: NDArray[np.int64]
    """The agent's sample count at those frames."""

    def position_at(self, context_s: float) -> float:
        """Which of the agent's samples was being rendered at a time of the page's audio clock."""
        return float(np.interp(context_s * self.rate_hz, self.frames, self.positions))


class Browsed:
    """The page, and what a test does with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        """Console errors and uncaught exceptions; a test expects none."""
        self.requested: list[str] = []
        """Every address the page asked for."""

    async def call(self, *, tap: bool = True) -> None:
        """Press Call and wait until the call has begun."""
        await self.page.evaluate("tap => { window.antiphon.tap = tap }", tap)
        await self.page.click("#call")
        await self.page.wait_for_selector("[data-phase=calling]")

    async def hang_up(self) -> None:
        """Press Hang up and wait until the page is ready for another call."""
        await self.page.click("#call")
        await self.page.wait_for_selector("[data-phase=idle]")

    async def captions(self) -> list[tuple[str, str]]:
        """The conversation as shown: who, and the text."""
        shown = await self.page.evaluate(
            """[...document.querySelectorAll("#captions > li:not([hidden])")].map((li) =>
              [li.className.split(" ")[0], (li.querySelector("p") ?? li).innerText.trim()])"""
        )
        return [(who, text) for who, text in shown]

    async def played(self) -> Played:
        """Everything rendered since the call began. The tap must have been on."""
        taps = await self.page.evaluate(
            """window.antiphon.taps.map(({ frames, samples, positions }) =>
              ({ frames, positions, samples: samples.flatMap((s) => [...s]) }))"""
        )
        rate_hz = await self.page.evaluate("new AudioContext().sampleRate")
        return Played(
            rate_hz=round(rate_hz),
            samples=np.array([s for tap in taps for s in tap["samples"]], np.float32),
            frames=128 + np.array([f for tap in taps for f in tap["frames"]], np.int64),
            positions=np.array([p for tap in taps for p in tap["positions"]], np.int64),
        )


Browse = Callable[..., AbstractAsyncContextManager[Browsed]]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is. Skips without it, except in CI, where that is a failure."""
    found = os.environ.get("ANTIPHON_CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found:
        return found
    why = "Chromium is not installed (Debian: apt-get install chromium)"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture
def browse(chromium: str) -> Browse:
    """``async with browse(url, microphone=wav) as browsed``: the page at ``url``, loaded.

    ``microphone`` is played once into the page's microphone from the moment it opens; without
    one, there is no microphone. ``allow=False`` has the person refuse it. ``prepare`` is a script
    that runs before the page's own, ``hosts`` maps names to addresses.
    """

    @asynccontextmanager
    async def opened(
        url: str,
        *,
        microphone: Path | None,
        allow: bool = True,
        size: tuple[int, int] = (900, 760),
        dark: bool = False,
        prepare: str = "",
        hosts: str = "",
    ) -> AsyncIterator[Browsed]:
        flags = [*FLAGS, "--use-fake-ui-for-media-stream" if allow else "--deny-permission-prompts"]
        if microphone:
            flags.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
        else:
            flags.remove("--use-fake-device-for-media-stream")
        if hosts:
            flags.append(f"--host-resolver-rules={hosts}")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
            page = await browser.new_page(
                viewport={"width": size[0], "height": size[1]},
                color_scheme="dark" if dark else "light",
            )
            browsed = Browsed(page)
            page.on("pageerror", lambda error: browsed.problems.append(str(error)))
            page.on(
                "console",
                lambda line: browsed.problems.append(line.text) if line.type == "error" else None,
            )
            page.on("request", lambda request: browsed.requested.append(request.url))
            page.on("websocket", lambda socket: browsed.requested.append(socket.url))
            if prepare:
                await page.add_init_script(prepare)
            await page.goto(url)
            try:
                yield browsed
            finally:
                await browser.close()

    return opened


Serving = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def serving() -> Serving:
    """``async with serving(answer) as url``: a server whose calls ``answer`` answers."""

    @asynccontextmanager
    async def run(answer: Answer, **given: Any) -> AsyncIterator[str]:
        settings = ServerSettings(**{"port": 0, "drain_s": 0.1} | given)
        calls, clock = Calls(settings.max_calls), LoopClock()
        listening, ready = listen(settings), asyncio.Event()
        app = create_app(answer, settings, calls, clock)
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(app, listening, settings, calls, clock, ready.set))
            await ready.wait()
            try:
                yield f"http://127.0.0.1:{listening.port}/"
            finally:
                calls.draining = True

    return run
