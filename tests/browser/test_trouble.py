"""What the page says when something is wrong, in words a caller can act on."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


async def silent(transport, channel) -> None:
    """An agent that only listens."""

    class Line:
        def heard(self, pcm: bytes) -> None: ...
        def played(self, samples: int) -> None: ...
        def flushed(self, samples: int) -> None: ...
        def pressed(self, digit: str) -> None: ...
        def warned(self, what: str) -> None: ...

    await transport.run(Line())


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    """Two seconds of silence."""
    import wave

    with wave.open(str(tmp_path / "silence.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48000)
        out.writeframes(bytes(2 * 96000))
    return tmp_path / "silence.wav"


async def trouble_after_calling(browsed) -> str:
    await browsed.page.click("#call")
    await browsed.page.wait_for_selector(".trouble")
    assert await browsed.page.get_attribute("body", "data-phase") == "idle"
    assert await browsed.page.locator("#call").is_enabled()
    return await browsed.page.inner_text(".trouble")


async def test_a_refused_microphone(browse, serving, microphone):
    refusing = {"microphone": microphone, "allow": False}
    async with serving(silent) as url, browse(url, **refusing) as browsed:
        assert "Allow it in the address bar" in await trouble_after_calling(browsed)


async def test_no_microphone(browse, serving):
    async with serving(silent) as url, browse(url, microphone=None) as browsed:
        assert "No microphone was found" in await trouble_after_calling(browsed)


async def test_a_page_that_is_not_secure(browse, serving, microphone):
    async with serving(silent) as url:
        other = url.replace("127.0.0.1", "calls.test")
        async with browse(
            other, microphone=microphone, hosts="MAP calls.test 127.0.0.1"
        ) as browsed:
            assert "http://localhost, or over https" in await trouble_after_calling(browsed)


async def test_all_lines_busy(browse, serving, microphone):
    async with serving(silent, max_calls=1) as url, browse(url, microphone=microphone) as first:
        await first.call()
        async with browse(url, microphone=microphone) as second:
            assert "lines are busy" in await trouble_after_calling(second)
        assert await first.page.get_attribute("body", "data-phase") == "calling"


async def test_a_token_is_taken_from_the_address_and_missed_where_it_is_not(
    browse, serving, microphone
):
    async with serving(silent, token="sesam") as url:
        async with browse(url, microphone=microphone) as browsed:
            assert "token" in await trouble_after_calling(browsed)
        async with browse(f"{url}#token=sesam", microphone=microphone) as browsed:
            await browsed.call()
            await browsed.hang_up()


async def test_a_server_that_is_gone(browse, serving, microphone):
    async with AsyncExitStack() as later:
        async with serving(silent) as url:
            browsed = await later.enter_async_context(browse(url, microphone=microphone))
            await browsed.call()
        assert "Call again" in await browsed.page.inner_text(".trouble")
        await browsed.page.click("#call")
        await browsed.page.wait_for_selector(".trouble:has-text('still running')")


async def test_a_call_the_agent_ends(browse, serving, microphone):
    async def brief(transport, channel) -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(silent(transport, channel))
            await asyncio.sleep(0.5)
            running.cancel()
        await transport.aclose("goodbye")

    async with serving(brief) as url, browse(url, microphone=microphone) as browsed:
        await browsed.call()
        await browsed.page.wait_for_selector(".note:not(.trouble)")
        assert await browsed.page.inner_text(".note") == "The call is over."


async def test_a_caller_who_is_handed_over(browse, serving, microphone):
    async def handing(transport, channel) -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(silent(transport, channel))
            await transport.transfer("the front desk")
            running.cancel()
        await transport.aclose("transferred to the front desk")

    async with serving(handing) as url, browse(url, microphone=microphone) as browsed:
        await browsed.page.click("#call")
        await browsed.page.wait_for_selector(".note:not(.trouble)")
        shown = await browsed.page.inner_text(".note")
        assert shown == "You are being connected to the front desk."


async def test_a_call_in_which_our_side_fails(browse, serving, microphone):
    async def broken(transport, channel) -> None:
        raise ZeroDivisionError

    async with serving(broken) as url, browse(url, microphone=microphone) as browsed:
        assert "Something went wrong; call " in await trouble_after_calling(browsed)
