"""Models and layers that conversion refuses, each with the reason and what to do instead."""

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from spingan.errors import UserError
from spingan.nn.rules import Array
from spingan.nn.zero_padded import ZeroPaddedConv2d
from spingan.spec.technology import Technology

ARRAYS = (nn.Conv2d, nn.ConvTranspose2d, ZeroPaddedConv2d, nn.Linear)
_NO_COMPUTING = {  # what a subclass may define and still compute as its base does
    *("__init__", "__module__", "__qualname__", "__doc__", "__annotations__", "__annotate__", "__annotate_func__"),
    *("__annotations_cache__", "__static_attributes__", "__firstlineno__", "__parameters__", "__orig_bases__"),
    *("__constants__", "__repr__", "extra_repr"),
}


def computes_as(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a module is a `kind` in class, not only in name, and adds nothing to it but a constructor."""
    kinds = type(module).__mro__
    if kind not in kinds or {"forward", "__call__"} & vars(module).keys():
        return False
    return all(vars(own).keys() <= _NO_COMPUTING for own in kinds[: kinds.index(kind)])


_EXACT = {  # parts of torch.nn whose modules hold no matrix: exact where everything is
    *("activation", "batchnorm", "channelshuffle", "distance", "dropout", "flatten", "fold", "instancenorm"),
    *("normalization", "padding", "pixelshuffle", "pooling", "sparse", "upsampling"),
}


def is_exact(technology: Technology) -> bool:
    """Whether the technology has no devices, so that everything on it is computed exactly."""
    return technology.synapse is None and not technology.activations


def is_digital(module: nn.Module, technology: Technology) -> bool:
    """Whether the technology lists the module's type. A name that torch.nn has means torch.nn's own class.

    Without devices every type of torch.nn is listed that holds no matrix: GroupNorm, SiLU, Embedding, Upsample, ...
    """
    if is_exact(technology):
        kinds = (kind for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn.modules."))
        kind = next(kinds, nn.Module)
        if kind.__module__.rpartition(".")[2] in _EXACT and computes_as(module, kind):
            return True
    for name in technology.digital:
        kind = getattr(nn, name, None)
        if type(module).__name__ == name if kind is None else computes_as(module, kind):
            return True
    return False


def refuse_model(model: nn.Module) -> None:
    """Refuse what conversion cannot copy or compute as it is: compiled, without shapes, in half precision."""
    for name, module in model.named_modules():
        if hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None:
            raise UserError(
                f"{name or 'the model'} is compiled by torch.compile",
                "Convert the plain model, and compile what comes out: torch.compile(conversion.model).",
            )
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        layer, _, leaf = name.rpartition(".")
        if isinstance(tensor, UninitializedParameter | UninitializedBuffer):
            raise UserError(
                f"layer {layer or 'model'}: its {leaf} has no shape yet", "Run the model once, then convert."
            )
        if (tensor.is_floating_point() or tensor.is_complex()) and tensor.dtype not in (torch.float32, torch.float64):
            raise UserError(
                f"layer {layer or 'model'}: its {leaf} is {str(tensor.dtype).removeprefix('torch.')}",
                "Convert model.float(); run the converted model under torch.autocast if it should compute in less.",
            )


def refuse_own_weight(name: str, module: Array) -> None:
    """Refuse an array whose weight is computed, or that computes otherwise than PyTorch's layer."""
    if "weight" not in dict(module.named_parameters(recurse=False)):
        raise UserError(
            f"layer {name}: its weight is computed from other parameters (weight norm, spectral norm or the like)",
            "Remove the parametrization first: an array holds the weight itself.",
        )
    if not any(computes_as(module, kind) for kind in ARRAYS):
        refuse_own_forward(name, module)


def refuse_own_forward(name: str, module: nn.Module) -> None:
    """Refuse a module that derives from one that a technology has and computes otherwise."""
    raise UserError(
        f"layer {name or 'model'}: {type(module).__name__} has a forward of its own, which conversion would drop",
        "Use PyTorch's layer, or put the rest into a module around it. A digital type needs a name of its own.",
    )


def refuse_own_parameters(name: str, module: nn.Module) -> None:
    """Refuse parameters that belong to no layer."""
    own = ", ".join(key for key, _ in module.named_parameters(recurse=False))
    if own:
        raise UserError(
            f"module {name or type(module).__name__} holds parameters of its own beside its submodules: {own}",
            "Move them into a Linear or convolution layer, which an array can hold.",
        )


def refuse_geometry(name: str, module: Array) -> None:
    """Refuse a convolution that one array with zeros around the map does not compute."""
    if isinstance(module, nn.Linear):
        return
    if module.groups != 1:
        raise UserError(
            f"layer {name}: a convolution in {module.groups} groups does not fit one array a layer",
            "Split it into one convolution a group.",
        )
    if module.padding_mode != "zeros":
        raise UserError(f"layer {name}: padding_mode {module.padding_mode}", "The arrays pad with zeros only.")
    if not isinstance(module, nn.ConvTranspose2d):
        return
    geometry = (module.kernel_size, module.stride, module.padding, module.output_padding)
    square = all(len(set(pair)) == 1 for pair in geometry)
    if not (square and module.dilation == (1, 1) and int(module.padding[0]) < module.kernel_size[0]):
        raise UserError(
            f"layer {name}: {module} is not a zero-padded convolution",
            "Use a square kernel larger than its padding, no dilation, the same along both sides.",
        )
