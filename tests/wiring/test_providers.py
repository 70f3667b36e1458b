"""From a name in an agent file to an engine, or to what is wrong with the name."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from antiphon.config.agent import load, parse, where
from antiphon.errors import ConfigError, Missing
from antiphon.net.offering import Offer, Order
from antiphon.observe.prices import Price, built_in
from antiphon.wiring import engines, providers
from antiphon.wiring.providers import OFFERS

LOCAL = [offer for offer in OFFERS if offer.proof == "local"]
HOSTED = [offer for offer in OFFERS if offer.key]


def name(offer: Offer) -> str:
    """A name that means this offer."""
    return offer.name.replace("*", "some-model")


def order(offer: str, environ: Mapping[str, str] | None = None, **options: object) -> Order:
    return Order(name=offer, models=_no_models, environ=environ or {}, options=options)


def _no_models(model: str) -> Path:
    raise AssertionError(f"asked for {model}")


@pytest.mark.parametrize("offer", LOCAL, ids=lambda offer: offer.name)
def test_every_local_name_makes_its_engine_without_starting_it(offer: Offer) -> None:
    asked: list[str] = []

    def models(model: str) -> Path:
        asked.append(model)
        return Path("/models") / model

    engine = providers.make(offer.port, Order(name=offer.name, models=models))

    assert len(asked) == 1
    assert engine.name


@pytest.mark.parametrize("offer", LOCAL, ids=lambda offer: offer.name)
def test_a_model_that_is_not_here_is_said_to_be_missing(offer: Offer) -> None:
    def models(model: str) -> Path:
        raise Missing(f"model {model} is not here", fix=f"antiphon models pull {model}")

    with pytest.raises(Missing, match="antiphon models pull"):
        providers.make(offer.port, Order(name=offer.name, models=models))


@pytest.mark.parametrize(
    "wrong, hint", [("local/mooshine", "did you mean 'local/moonshine'? "), ("cloud/ear", "")]
)
def test_a_name_nobody_has_is_shown_those_there_are(wrong: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        providers.make("stt", order(wrong))

    known = sorted(offer.name for offer in OFFERS if offer.port == "stt")
    assert caught.value.what == f"stt: no provider {wrong!r}"
    assert caught.value.fix == f"{hint}there are: {', '.join(known)}"


@pytest.mark.parametrize("offer", HOSTED, ids=lambda offer: f"{offer.port}-{offer.name}")
def test_a_hosted_name_needs_a_key_and_nothing_else(offer: Offer) -> None:
    if offer.installed:
        environ = {offer.key: "a-secret", "AWS_SECRET_ACCESS_KEY": "its other half"}
        engine = providers.make(offer.port, order(name(offer), environ))
        assert engine.name == name(offer)
        assert "a-secret" not in repr(engine)
        with pytest.raises(Missing, match=f"{offer.key}, which is not set"):
            providers.make(offer.port, order(name(offer)))
    else:
        with pytest.raises(Missing, match=f"needs the Python package {offer.sdk}"):
            providers.make(offer.port, order(name(offer)))


def test_an_address_that_is_none_is_said_without_the_key() -> None:
    environ = {"DEEPGRAM_API_KEY": "a-secret", "DEEPGRAM_BASE_URL": "localhost:8100/v1"}
    with pytest.raises(ConfigError, match="DEEPGRAM_BASE_URL cannot be") as caught:
        providers.make("stt", order("deepgram/nova-3", environ))
    assert "a-secret" not in str(caught.value)


def test_a_setting_nobody_knows_is_named_with_the_one_that_was_meant() -> None:
    asked = order("deepgram/nova-3", {"DEEPGRAM_API_KEY": "k"}, endpointing=300)
    with pytest.raises(ConfigError) as caught:
        providers.make("stt", asked)
    assert caught.value.what == "providers: deepgram/nova-3: no setting 'endpointing'"
    assert caught.value.fix.startswith("did you mean 'endpointing_ms'? ")


def test_what_is_wrong_under_providers_is_named_with_its_own_line(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(
        "name: A\n"
        "llm: anthropic/claude-haiku-5.5\n"
        "tts: elevenlabs/flash\n"
        "providers:\n"
        "  anthropic/claude-haiku-5.5: {\n"
        "    efort: low}\n"
        "  elevenlabs/flash:\n"
        "    settle_s: 1.0\n"
        "    stability: 9.0\n"
        "  elevenlabs/flush:\n"
        "    voice: x\n"
        "dialog: {greeting: Hello}\n"
    )
    environ = {"ANTHROPIC_API_KEY": "k", "ELEVENLABS_API_KEY": "k"}
    found = engines.mistakes(load(file), environ, lambda _: file, where(file))
    said = {error.where.removeprefix(f"{file}:"): error for error in found}
    assert "anthropic/claude-haiku-5.5: no setting 'efort'" in said["6"].what
    assert said["6"].fix.startswith("did you mean 'effort'? ")
    assert "elevenlabs/flash: stability cannot be 9.0" in said["9"].what
    assert said["10"].what == "providers: elevenlabs/flush is not used by this agent"
    assert said["10"].fix.startswith("did you mean 'elevenlabs/flash'? it uses ")


def test_a_key_cannot_be_written_into_an_agent_file() -> None:
    asked = order("deepgram/nova-3", {"DEEPGRAM_API_KEY": "k"}, account={"api_key": "x"})
    with pytest.raises(ConfigError, match="account cannot be set here"):
        providers.make("stt", asked)


@pytest.mark.parametrize(
    "offer", [o for o in OFFERS if o.port != "endpoint"], ids=lambda offer: offer.name
)
def test_every_name_can_stand_in_an_agent_file(offer: Offer) -> None:
    meant = name(offer)
    agent = parse(
        f"name: An agent\ndialog: {{}}\nmouth: {{}}\n{offer.port}: {meant}\n", "agent.yaml"
    )
    assert meant in getattr(agent, offer.port)


def test_no_provider_answers_to_two_ports() -> None:
    """Or a file that swaps two of them would be right. A bridged class says itself which it
    is."""
    names = [offer.name for offer in OFFERS if not offer.name.startswith("livekit:")]
    assert len(names) == len(set(names))


# --- models ------------------------------------------------------------------------------------


def test_a_call_that_does_not_say_which_model_it_used_can_be_priced_by_its_agent() -> None:
    text = (
        "name: A\nstt: deepgram/flux\ntts: [elevenlabs/flash, local/piper]\n"
        "llm: anthropic/claude-haiku-5.5\n"
        "providers: {deepgram/flux: {model: flux-general-multi}}\ndialog: {greeting: Hello}\n"
    )
    settings = parse(text, "a.yaml")

    assert engines.models(settings) == {
        ("stt", "deepgram/flux"): "flux-general-multi",
        ("tts", "elevenlabs/flash"): "eleven_flash_v2_5",
    }
    gone = settings.model_copy(update={"stt": ("gone/ear",)})
    assert ("stt", "gone/ear") not in engines.models(gone), "a log may be of another time"


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: f"{offer.port} {offer.name}")
def test_every_engine_has_a_row_in_the_price_table(offer: Offer) -> None:
    """Where the price is not known the row says so, and from whom one would learn it."""
    rows = built_in().of(offer.port, offer.name, engines.model_of(offer))
    assert rows or [row for row in built_in().rows if row.offer == offer.name]


@pytest.mark.parametrize("row", built_in().rows, ids=lambda row: f"{row.port} {row.offer}")
def test_every_price_is_of_an_engine_there_is(row: Price) -> None:
    names = [offer.name for offer in OFFERS if offer.port == row.port]
    assert row.port == "line" or any(fnmatchcase(name, row.offer) for name in names)


@pytest.mark.parametrize("setting", ["account", "api_key", "API_KEY", "base_url"])
def test_whoever_tries_is_told_where_keys_and_addresses_belong(setting: str) -> None:
    asked = order("elevenlabs/flash", {"ELEVENLABS_API_KEY": "k"}, **{setting: "a-secret"})
    with pytest.raises(ConfigError) as caught:
        providers.make("tts", asked)
    assert "out of the environment, never out of a file" in caught.value.fix
    assert "a-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "key, flaw",
    [
        ("a-secret\r", "line break"),
        (" a-secret", "space"),
        ("a-se\ncret", "line break"),
        ('"a-secret"', "quotes"),
        ("a-secr\u0435t", "not ASCII"),
    ],
)
def test_what_cannot_be_a_key_is_no_trouble_of_the_network(key: str, flaw: str) -> None:
    with pytest.raises(ConfigError) as caught:
        providers.make("stt", order("deepgram/nova-3", {"DEEPGRAM_API_KEY": key}))
    assert caught.value.what.startswith("DEEPGRAM_API_KEY cannot be a key: ")
    assert flaw in caught.value.what
    assert "a-se" not in str(caught.value)


def test_a_missing_key_is_told_with_what_works_without_one() -> None:
    for offer in HOSTED:
        with pytest.raises(Missing) as caught:
            order(name(offer)).account(offer)
        assert f"export {offer.key}=" in caught.value.fix
        assert ("--sandbox" in caught.value.fix) == (offer.proof == "wire")
