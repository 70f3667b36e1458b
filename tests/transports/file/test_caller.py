import numpy as np

from antiphon.transports.file.caller import FileCaller

RATE_HZ = 8_000
FRAME = 160
LOUD = np.full(FRAME, 3000, "<i2").tobytes()
QUIET = bytes(2 * FRAME)


def stays_s(caller: FileCaller, agent: "dict[tuple[float, float], bytes]") -> float:
    """How long the caller stays; the agent speaks in the stretches given."""
    frames = 0
    while caller.next(FRAME) is not None:
        at_s = frames / 50
        speaks = any(start <= at_s < end for start, end in agent)
        caller.hear(LOUD if speaks else QUIET)
        frames += 1
    return frames / 50


def caller(seconds: float = 2.0) -> FileCaller:
    pcm = bytes(2 * round(seconds * RATE_HZ))
    return FileCaller(pcm, RATE_HZ, tail_s=4.0, quiet_s=1.5, cap_s=20.0)


def test_the_recording_is_said_whole_and_padded_to_a_frame() -> None:
    pcm = np.arange(1, 251, dtype="<i2").tobytes()
    speaker = FileCaller(pcm, RATE_HZ)
    said = b"".join(speaker.next(FRAME) or b"" for _ in range(3))
    assert said == pcm.ljust(960, b"\0")


def test_a_caller_nobody_answers_leaves_after_the_tail() -> None:
    assert stays_s(caller(), {}) == 6.0


def test_an_answer_is_heard_to_its_end() -> None:
    assert stays_s(caller(), {(4.0, 9.0): b""}) == 10.5


def test_a_pause_in_the_answer_does_not_end_it() -> None:
    assert stays_s(caller(), {(3.0, 6.0): b"", (7.0, 9.0): b""}) == 10.5


def test_an_agent_who_never_stops_is_left_at_the_cap() -> None:
    assert stays_s(caller(), {(0.0, 99.0): b""}) == 22.0


# --- the greeting --------------------------------------------------------------------------------


def speaks_from_s(agent: "list[tuple[float, float]]") -> float:
    """When a caller who waits for the greeting begins; the agent speaks in the stretches given."""
    waiting = FileCaller(LOUD, RATE_HZ, patience_s=5.0, cap_s=20.0)
    for frame in range(2000):
        if waiting.next(FRAME) == LOUD:
            return frame / 50
        waiting.hear(LOUD if any(a <= frame / 50 < b for a, b in agent) else QUIET)
    raise AssertionError("never")


def test_a_caller_hears_the_greeting_out() -> None:
    assert speaks_from_s([(0.4, 3.0)]) == 3.7
    assert speaks_from_s([(0.4, 1.0), (1.4, 3.0)]) == 3.7, "a pause between sentences is no end"


def test_a_caller_nobody_greets_begins_all_the_same() -> None:
    assert speaks_from_s([]) == 5.0


def test_a_greeting_that_never_ends_is_talked_over() -> None:
    assert speaks_from_s([(0.0, 99.0)]) == 20.0
