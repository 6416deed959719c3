"""ONNX models, run by onnxruntime where it is installed (extra `models`): on one thread, for who runs one may start no others."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.errors import AudioError
from audio.models.table import PACKAGE, has_runtime
from audio.models.weights import BadWeights

Array = NDArray[np.float32]
Run = Callable[[Sequence[Array]], Sequence[Array]]
"""All inputs to all outputs, each in the model's order."""


class NoRuntime(AudioError):
    """The package that runs such models is not installed."""

    def __str__(self) -> str:
        return f"What runs such a model, {PACKAGE}, is not installed here."


def rehearse() -> None:
    """Import it and let it look at the machine, before a sandbox is entered. Raises NoRuntime. [main thread]"""
    if not has_runtime():
        raise NoRuntime
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(4)
    onnxruntime.get_available_providers()


def loaded(data: bytes) -> Run:
    """data: a model. It runs on this thread. Raises NoRuntime, BadWeights. [worker]"""
    rehearse()
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False  # what a step took is given back: a fence of memory is around it
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own kinds, of which each version has others
        raise BadWeights("The file of the model cannot be read.") from error
    names = [each.name for each in session.get_inputs()]

    def run(given: Sequence[Array]) -> Sequence[Array]:
        arrays = (np.ascontiguousarray(each, np.float32) for each in given)
        try:
            found: Sequence[Array] = session.run(None, dict(zip(names, arrays, strict=True)))
        except Exception as error:
            raise BadWeights("The model takes something else than what it is given.") from error
        return found

    return run
