"""Numbers that no device can hold: refused wherever a net enters or leaves the hardware."""

import torch
from torch import nn

from spingan.errors import UserError


def require_finite(model: nn.Module) -> None:
    """Refuse a net with a parameter or buffer that is not finite. A level, a code and a clip would hide it.

    Raises:
        UserError: Some are NaN or infinite; it names the layer and counts them.
    """
    for name, tensor in model.state_dict().items():
        if not isinstance(tensor, torch.Tensor) or tensor.is_meta or not tensor.is_floating_point():
            continue
        count = tensor.numel() - int(tensor.isfinite().sum())
        if count:
            layer, _, leaf = name.rpartition(".")
            raise UserError(
                f"layer {layer or 'model'}: {count} of {tensor.numel()} numbers in its {leaf} are NaN or infinite",
                "No device can hold them. The training probably diverged: take an earlier checkpoint, or train again "
                "with a lower learning rate.",
            )
