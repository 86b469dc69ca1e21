"""A programmed chip as an ONNX file, which is only kept once onnxruntime draws the same pictures from it."""

import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from spingan import __version__
from spingan.arrays.conditions import ChipConditions
from spingan.errors import UserError
from spingan.extras import needs
from spingan.nn.chip import Chip
from spingan.nn.plain import plain_chip
from spingan.nn.weights import Model
from spingan.output import atomic_path, check_place

TOLERANCE = 1e-5
"""Largest difference of a pixel, in -1..1, between onnxruntime and PyTorch in float64 that a file is kept with."""
OWN_TOLERANCE = 1e-4
"""The same between onnxruntime and the chip in float32, where both round: the chip's own sums are off by up to 1e-5."""
CHECKED = 16
"""Images that are compared."""


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX file and how it was checked.

    Attributes:
        inputs: Shapes by name; "batch" is any number.
        largest_difference: Of a pixel in -1..1, between onnxruntime and PyTorch in float64.
        own_difference: The same between onnxruntime and the chip in float32, as `Model.sample` draws with it.
        images: So many were compared.
        opset: Version of the operators.
    """

    file: Path
    inputs: dict[str, list[int | str]]
    largest_difference: float
    own_difference: float
    images: int
    opset: int
    size_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The same in JSON's types."""
        return {**asdict(self), "file": str(self.file)}


def write_onnx(
    model: Model, out: str | Path, conditions: ChipConditions = ChipConditions(), *, seed: int = 0
) -> OnnxFile:
    """Write a model's chip under `conditions` as an ONNX file in float32 that takes any number of latents at once.

    The file holds what the chip's arrays give after programming, faults, wires, time and calibration, and its devices'
    curves as look-ups and bent lines of standard operators. 16 images are then drawn in onnxruntime and compared.

    Args:
        out: The file; nothing stands there unless the check was passed.
        seed: Of the latents of the check.

    Raises:
        UserError: The extra `onnx` is not installed, the chip is no fixed function (`spingan.nn.plain`), its forward
            does not go into ONNX's operators, a pixel differs by more than `TOLERANCE`, or `out` cannot be written.
    """
    check_place(out)
    _onnx()
    latents = model.family.draw_latents(CHECKED, model.latent_size, torch.Generator().manual_seed(seed))
    inputs = {"latents": latents}
    for labels in model.family.labels(CHECKED):
        inputs["labels"] = labels
    about = {"model": model.name, "technology": model.technology.name, "images": "values in -1..1"}
    return write_chip(model.chip(conditions), out, inputs, about)


def write_chip(
    chip: Chip, out: str | Path, inputs: Mapping[str, Tensor], about: Mapping[str, str] | None = None
) -> OnnxFile:
    """As `write_onnx`, of a chip of any net.

    Args:
        inputs: Its arguments in order, several samples of each, by the names they get in the file; their first axis may
            be of any length there.
        about: Goes into the file's metadata, as do the chip's conditions.
    """
    onnx, onnxruntime = _onnx()
    given, count = tuple(inputs.values()), len(next(iter(inputs.values())))
    net = plain_chip(chip, *given)
    proto = onnx.load_from_string(_written(net, tuple(part[:2] for part in given), list(inputs)))
    _forget_the_code(proto)
    conditions = TypeAdapter(ChipConditions).dump_json(chip.conditions).decode()
    known = {"technology": chip.technology.name, "conditions": conditions, **(about or {})}
    onnx.helper.set_model_props(proto, {**known, "spingan": __version__})
    onnx.checker.check_model(proto, full_check=True)
    content = proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    drawn = torch.as_tensor(session.run(None, {name: part.numpy() for name, part in inputs.items()})[0])
    with torch.no_grad():
        meant = chip(*given).float()
        exact = net.double()(*(part.double() if part.is_floating_point() else part for part in given))
    difference, own = (float((drawn - found).abs().max()) for found in (exact, meant))
    if not (difference <= TOLERANCE and own <= OWN_TOLERANCE):  # nor where one is NaN
        raise UserError(
            "onnxruntime computes other images than PyTorch, and no file was kept: a pixel differs by "
            f"{difference:.2g} (allowed: {TOLERANCE:g}), and from the chip in float32 by {own:.2g} ({OWN_TOLERANCE:g})",
            "Numbers as large as 1e3 in a net do not bear float32: retrain it. If there are none, please report it.",
        )
    with atomic_path(out) as temporary:
        temporary.write_bytes(content)
    shapes: dict[str, list[int | str]] = {name: ["batch", *part.shape[1:]] for name, part in inputs.items()}
    opset = next(each.version for each in proto.opset_import if each.domain == "")
    return OnnxFile(Path(out), shapes, difference, own, count, opset, len(content))


def _onnx() -> tuple[Any, Any]:
    """The packages onnx and onnxruntime.

    Raises:
        UserError: One is not installed, or what PyTorch writes with is not.
    """
    with needs("the export to ONNX"):
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    return onnx, onnxruntime


def _written(net: nn.Module, example: tuple[Tensor, ...], names: list[str]) -> bytes:
    """The net in ONNX's operators, as PyTorch's own exporter writes it."""
    with _quiet():
        try:
            program = torch.onnx.export(
                net,
                example,
                input_names=names,
                output_names=["images"],
                dynamic_shapes=tuple({0: "batch"} for _ in example),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            cause: BaseException = error
            while cause.__cause__ is not None:
                cause = cause.__cause__
            raise UserError(
                f"the net's forward cannot be written in ONNX's operators: {(str(cause).splitlines() or [''])[0]}",
                "Replace what is no module of torch.nn; tensors' values may not choose what is computed.",
            ) from error
    assert program is not None
    return program.model_proto.SerializeToString()


def _forget_the_code(proto: Any) -> None:
    """Take out where in this machine's Python files each operator came from."""
    for part in (proto.graph, *proto.graph.node, *proto.graph.input, *proto.graph.output, *proto.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter tells of its own steps, of missing torchvision and of what PyTorch will change one day."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
