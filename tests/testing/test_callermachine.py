from antiphon.testing.callermachine import Begin, CallerMachine, FallSilent, GiveUp, PutDown
from antiphon.testing.script import HangUp, Moment, Say, Script, Silence, Step, Wait


def machine(*steps: Step) -> CallerMachine:
    return CallerMachine(Script(steps))


HELLO = Say(parts=("hello",))
MHM = Say(parts=("mhm",), role="backchannel", moment=Moment(after_s=1.2, timeout_s=10))


def test_a_line_without_a_moment_is_said_at_once_and_once() -> None:
    caller = machine(HELLO)
    assert caller.doing(0.0) == Begin(0, HELLO)
    assert caller.doing(0.02) is None
    caller.ended(1.0)
    assert caller.doing(1.0) == PutDown()


def test_waiting_ends_when_the_agent_has_spoken_and_been_silent() -> None:
    caller = machine(Wait(quiet_s=0.6), HELLO)
    assert caller.doing(5.0) is None
    caller.agent(True, 5.0)
    assert caller.doing(6.0) is None
    caller.agent(False, 6.0)
    assert caller.doing(6.58) is None
    assert caller.doing(6.6) == Begin(1, HELLO)


def test_a_pause_between_two_clauses_does_not_end_waiting() -> None:
    caller = machine(Wait(quiet_s=0.6), HELLO)
    caller.agent(True, 1.0)
    caller.agent(False, 2.0)
    caller.agent(True, 2.4)
    assert caller.doing(2.7) is None
    caller.agent(False, 3.0)
    assert caller.doing(3.6) == Begin(1, HELLO)


def test_what_the_agent_said_before_does_not_count_as_an_answer() -> None:
    caller = machine(HELLO, Wait(), HangUp())
    caller.agent(True, 0.0)
    caller.agent(False, 1.0)
    caller.doing(2.0)
    caller.ended(3.0)
    assert caller.doing(10.0) is None


def test_an_agent_already_speaking_when_waiting_begins_counts() -> None:
    caller = machine(HELLO, Wait(), HangUp())
    caller.doing(0.0)
    caller.agent(True, 0.5)
    caller.ended(1.0)
    caller.agent(False, 1.4)
    assert caller.doing(2.0) == PutDown()


def test_waiting_is_given_up_with_the_reason() -> None:
    step = Wait(timeout_s=5)
    silent = machine(step)
    assert silent.doing(4.9) is None
    assert silent.doing(5.0) == GiveUp(step, "the agent said nothing")
    assert silent.doing(5.0) == PutDown()

    endless = machine(step)
    endless.agent(True, 1.0)
    assert endless.doing(5.0) == GiveUp(step, "the agent is still speaking")

    late = machine(step)
    late.agent(True, 1.0)
    late.agent(False, 4.9)
    assert late.doing(5.0) == GiveUp(step, "the agent has only just fallen silent")


def test_a_backchannel_comes_into_the_agents_speech() -> None:
    caller = machine(MHM)
    assert caller.doing(1.0) is None
    caller.agent(True, 2.0)
    assert caller.doing(3.18) is None
    assert caller.doing(3.2) == Begin(0, MHM)


def test_a_moment_is_counted_over_the_pauses_of_one_reply() -> None:
    caller = machine(MHM)
    caller.agent(True, 2.0)
    caller.agent(False, 2.8)
    assert caller.doing(3.2) is None, "not into a pause"
    caller.agent(True, 3.2)
    assert caller.doing(3.2) == Begin(0, MHM)


def test_a_new_reply_counts_from_its_own_beginning() -> None:
    caller = machine(MHM)
    caller.agent(True, 0.0)
    caller.agent(False, 1.0)
    caller.agent(True, 1.6)
    assert caller.doing(2.7) is None
    assert caller.doing(2.8) == Begin(0, MHM)


def test_a_moment_that_does_not_come_is_given_up_and_the_script_goes_on() -> None:
    caller = machine(MHM, HELLO)
    assert caller.doing(9.9) is None
    assert caller.doing(10.0) == GiveUp(MHM, "the agent did not speak for 1.2 s")
    assert caller.doing(10.0) == Begin(1, HELLO)


def test_a_silence_lasts_whatever_the_agent_does() -> None:
    caller = machine(Silence(seconds=8), HELLO)
    assert caller.doing(1.0) == FallSilent(8.0), "counted from the end of the step before"
    caller.agent(True, 3.0)
    caller.agent(False, 4.0)
    assert caller.doing(7.98) is None
    assert caller.doing(8.0) == Begin(1, HELLO)


def test_a_silence_may_end_when_the_agent_has_spoken_up() -> None:
    caller = machine(Silence(seconds=20, quiet_s=0.6), HELLO)
    assert caller.doing(0.0) == FallSilent(20.0)
    assert caller.doing(7.0) is None
    caller.agent(True, 7.0)
    caller.agent(False, 8.5)
    assert caller.doing(9.0) is None
    assert caller.doing(9.1) == Begin(1, HELLO)

    unprompted = machine(Silence(seconds=20, quiet_s=0.6), HELLO)
    unprompted.doing(0.0)
    assert unprompted.doing(20.0) == Begin(1, HELLO)


def test_repeated_edges_change_nothing() -> None:
    caller = machine(Wait(quiet_s=0.6), HELLO)
    caller.agent(False, 0.5)
    caller.agent(True, 1.0)
    caller.agent(True, 1.5)
    caller.agent(False, 2.0)
    caller.agent(False, 2.5)
    assert caller.doing(2.6) == Begin(1, HELLO)
