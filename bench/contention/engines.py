"""The four local engines, each as a bare loop over a pipe: what contention.py loads cores with."""

# The environment that sets an engine's threads must be there before the engine is imported.
# ruff: noqa: PLC0415

import ctypes
import os
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one engine runs."""

    threads: int
    nice: int = 0
    spinning: bool = False


@dataclass(frozen=True, slots=True)
class Weights:
    moonshine: Path
    piper: Path
    smollm2: Path
    smart_turn: Path


def _enter(place: Placement) -> None:
    os.environ["OMP_NUM_THREADS"] = str(place.threads)
    if place.threads == 1:
        os.environ["MOONSHINE_ORT_SINGLE_THREAD"] = "1"
    os.nice(place.nice)


def _onnx_options(place: Placement) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = place.threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(place.spinning)))
    return options


def recogniser(pipe: Connection, weights: Weights, place: Placement) -> None:
    _enter(place)
    import numpy as np
    from moonshine_voice.moonshine_api import ModelArch, TranscriptC
    from moonshine_voice.transcriber import Transcriber

    options = {"vad_threshold": "0", "return_audio_data": "false"}
    model = Transcriber(str(weights.moonshine), ModelArch.TINY, options=options)
    pipe.send("ready")
    while (job := pipe.recv()) is not None:
        tag, audio = job
        pcm = np.frombuffer(audio, np.int16).astype(np.float32) / 32768
        found = ctypes.POINTER(TranscriptC)()
        pointer = pcm.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        model._lib.moonshine_transcribe_without_streaming(
            model._handle, pointer, len(pcm), 16000, 0, ctypes.byref(found)
        )
        text = " ".join(line.text for line in model._parse_transcript(found).lines)
        pipe.send((tag, text, True))


def endpoint(pipe: Connection, weights: Weights, place: Placement) -> None:
    _enter(place)
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(weights.smart_turn), _onnx_options(place), providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    features = np.random.default_rng(0).standard_normal((1, 80, 800)).astype(np.float32)
    session.run(None, {name: features})
    pipe.send("ready")
    while (job := pipe.recv()) is not None:
        session.run(None, {name: features})
        pipe.send((job[0], "", True))


def voice(pipe: Connection, weights: Weights, place: Placement) -> None:
    _enter(place)
    import onnxruntime
    from piper import PiperVoice

    speaker = PiperVoice.load(weights.piper)
    speaker.session = onnxruntime.InferenceSession(
        str(weights.piper), _onnx_options(place), providers=["CPUExecutionProvider"]
    )
    list(speaker.synthesize("Ready."))
    pipe.send("ready")
    while (job := pipe.recv()) is not None:
        tag, text = job
        for _ in speaker.synthesize(text):
            pipe.send((tag, "", False))
        pipe.send((tag, "", True))


def language(pipe: Connection, weights: Weights, place: Placement) -> None:
    _enter(place)
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights.smollm2)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = place.threads
    params.n_ctx, params.n_parallel, params.verbosity = 2048, 1, 0
    server = xllamacpp.Server(params)
    system = "You are the receptionist of a small clinic. Answer in one or two short sentences."
    pipe.send("ready")
    stopped: set[Any] = set()
    waiting: deque[Any] = deque()

    def chunk(tag: Any, piece: dict[str, Any]) -> bool:
        while pipe.poll():
            job = pipe.recv()
            if job is not None and job[0] == "stop":
                stopped.add(job[1])
            else:
                waiting.append(job)
        if piece.get("choices") and (text := piece["choices"][0]["delta"].get("content")):
            pipe.send((tag, text, False))
        return tag in stopped

    while (job := waiting.popleft() if waiting else pipe.recv()) is not None:
        tag, text = job
        if tag == "stop":
            continue
        request = {
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": text},
            ],
            "stream": True,
            "max_tokens": 120,
            "temperature": 0.0,
            "cache_prompt": True,
        }
        server.handle_chat_completions(request, lambda piece, tag=tag: chunk(tag, piece))
        pipe.send((tag, str(time.perf_counter()), True))
