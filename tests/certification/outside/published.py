"""Descriptions to hold the sandbox's frames against: the SDKs' own models, and published ones.

A vendor's model is used strictly: as the SDKs read, a missing field passes and an unknown one is
kept. Here both are mistakes. Published descriptions are other people's files and not part of this
checkout: `ANTIPHON_SPECS` names a folder that has them, and they count only in the very version
whose digest stands here.
"""

import functools
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pydantic
import pytest
import yaml

DIGESTS = {
    "deepgram-asyncapi.yml": "e0a6401dc8c7b2cd48a1d7a2e1dc538742e7184b0ab2e69ed682ce401f787b78",
    "openai-openapi.yaml": "db5d7478feae10b4d331834c60d9765a8aa042e38419f9b1694288c11aa8ebc8",
}
"""asyncapi.yml of deepgram/deepgram-api-specs, 2026-07-22; openapi.yaml of openai/openai-openapi,
2026-08-21. Save them under these names."""


# --- the SDKs' models -------------------------------------------------------------------------


def strictly(kind: Any, frame: str | bytes, besides: Collection[str] = ()) -> Any:
    """The frame as the vendor's own model reads it when it reads closely. ``besides`` names fields
    that the service has and this version of the SDK does not know; the table tells of them."""
    read = pydantic.TypeAdapter(kind).validate_json(frame, strict=True)
    unknown = [name for name in _unknown(read) if name.rpartition(".")[2] not in besides]
    assert not unknown, f"fields the SDK does not know: {unknown}"
    return read


def _unknown(read: Any, at: str = "") -> Iterator[str]:
    if isinstance(read, pydantic.BaseModel):
        yield from (f"{at}.{name}" for name in read.model_extra or {})
        for name in type(read).model_fields:
            yield from _unknown(getattr(read, name), f"{at}.{name}")
    elif isinstance(read, list):
        for number, item in enumerate(read):
            yield from _unknown(item, f"{at}[{number}]")


# --- published descriptions -------------------------------------------------------------------


@functools.cache
def description(name: str) -> dict[str, Any]:
    """A published description; skips the test where it is not here."""
    folder = os.environ.get("ANTIPHON_SPECS")
    file = Path(folder or ".") / name
    if not folder or not file.is_file():
        pytest.skip(f"{name} is not in ANTIPHON_SPECS")
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != DIGESTS[name]:
        pytest.skip(f"{name} is not the version this was written against")
    # The pure loader is slow on a megabyte; the one on libyaml reads the same.
    found: dict[str, Any] = yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return _nullable(found)


def _nullable(node: Any) -> Any:
    """OpenAPI's ``nullable`` in JSON Schema's words."""
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _nullable(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def looked_up(node: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to; anything else is itself."""
    while reference := node.get("$ref"):
        # No more cuts than these: some names hold a slash that the reference does not escape.
        _, kind, name = reference.removeprefix("#/").split("/", 2)
        node = whole["components"][kind][name]
    return node


def fits(schema: dict[str, Any], whole: dict[str, Any], instance: Any) -> None:
    """Raises where the instance is not what the schema says; ``whole`` holds what it refers to."""
    found = {**schema, "components": whole.get("components", {})}
    jsonschema.Draft202012Validator(found).validate(instance)


def fits_one(
    schemas: Iterable[dict[str, Any]], whole: dict[str, Any], instance: dict[str, Any]
) -> None:
    """As `fits`, with that schema of several whose constants the instance has."""
    kind = instance["type"]
    for schema in schemas:
        told = looked_up(schema.get("properties", {}).get("type", {}), whole)
        if kind in (told.get("const"), *told.get("enum", ())):
            fits(schema, whole, instance)
            return
    raise AssertionError(f"no message of type {kind} is described")
