"""A call that is under way keeps no audio it has no more use for."""

import gc

from tests.call.conftest import Exchange, Held, Holding, steps_of

from antiphon.mouth.reply import Reply


def test_what_was_said_is_let_go_of_while_the_call_goes_on(hold: Holding) -> None:
    kept: list[list[str]] = []

    def count() -> None:
        gc.collect()
        replies = [one for one in gc.get_objects() if isinstance(one, Reply)]
        kept.append([clause.spoken.text for one in replies for clause in one.clauses])

    async def main(exchange: Exchange) -> Held:
        gc.collect()
        exchange.later(6.0, count)
        return await exchange.call(steps_of("- wait: agent_done\n- silence: 5.0"))

    call = hold.exchange(main)
    (finished,) = call.told("ReplyFinished")
    assert finished.heard == "Hello, how can I help?"
    assert call.when("ReplyFinished")[0] < 6.0 < call.when("CallEnded")[0]
    assert kept == [[]]
