"""The ReLU of a circuit with a supply."""

from torch import nn


class ClippedReLU(nn.Hardtanh):
    """ReLU that clips at 1, the supply: min(max(x, 0), 1).

    Paper M, figure 2: "ReLU function in analog domain has an ability to clip the maximum voltage level and does not
    allow the output to exceed VDD". On a technology it becomes the ReLU's device with 1 at its full scale.
    """

    function = "relu"

    def __init__(self) -> None:
        super().__init__(0.0, 1.0)

    def extra_repr(self) -> str:
        return "clips at 1"
