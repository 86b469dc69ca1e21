"""Check standard FID against a second implementation, in an environment with torchvision and torch-fidelity.

    python tests/fid/check_inception.py            (make test-fid builds the environment and runs it)

spingan's path is torch-fidelity's Inception-V3 through torchmetrics. The second path shares none of that code: it is
torchvision's Inception-V3, its pooling changed to that of the FID network, a 299 x 299 resize by Pillow and the
distance by SciPy's matrix square root. Both get the same random weights, so neither the original weights nor a
connection is needed. Random weights are no quality measure; equal numbers from equal weights are all that is asked.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.linalg import sqrtm
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.inception import Inception3, InceptionA, InceptionC, InceptionE

from spingan.data import test_sample
from spingan.evaluation.frechet import frechet_distance
from spingan.evaluation.inception import inception_features, network, prepare

IMAGES = 40  # a side; 2,048 features from so few give singular covariances, the hardest case for a matrix root
FEATURE_TOLERANCE = 2e-3  # of the features' standard deviation: single precision through 94 layers
DISTANCE_TOLERANCE = 2e-3  # relative; the root of a singular matrix loses half the digits
PIXEL_TOLERANCE = 1  # of 255: Pillow and torch round a bilinear resize differently


class PoolWithoutBorder(nn.Module):
    """Corrects a 3 x 3 mean pool that counted its zero border into one that does not, ahead of `branch`."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, pooled: Tensor) -> Tensor:
        inside = functional.avg_pool2d(torch.ones_like(pooled[:1, :1]), 3, stride=1, padding=1)
        return self.branch(pooled / inside)


class MaxPooledE(InceptionE):
    """The last block of the FID network, which pools by the maximum where torchvision's takes the mean."""

    def forward(self, x: Tensor) -> Tensor:
        narrow, wide = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        parts = [
            self.branch1x1(x),
            self.branch3x3_2a(narrow),
            self.branch3x3_2b(narrow),
            self.branch3x3dbl_3a(wide),
            self.branch3x3dbl_3b(wide),
            self.branch_pool(functional.max_pool2d(x, 3, stride=1, padding=1)),
        ]
        return torch.cat(parts, 1)


def second_network(weights: dict[str, Tensor]) -> nn.Module:
    """torchvision's network with the FID network's pooling and these weights, to its 2,048 features."""
    net = Inception3(num_classes=1008, aux_logits=False, transform_input=False, init_weights=False)
    net.Mixed_7c = MaxPooledE(2048)
    net.load_state_dict(weights)
    for block in net.modules():
        if isinstance(block, InceptionA | InceptionC | InceptionE) and not isinstance(block, MaxPooledE):
            block.branch_pool = PoolWithoutBorder(block.branch_pool)
    net.dropout, net.fc = nn.Identity(), nn.Identity()
    return net.eval()


def random_weights(seed: int) -> dict[str, Tensor]:
    """Weights and batch norm statistics that keep the signal's size through the depth of the network."""
    torch.manual_seed(seed)
    net = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.normal_(module.bias, 0.0, 0.1)
    return net.state_dict()


def second_pixels(images: np.ndarray) -> np.ndarray:
    """28 x 28 grey images resized by Pillow to 299 x 299, 8 bit, three channels first."""
    large = [np.asarray(Image.fromarray(image).resize((299, 299), Image.Resampling.BILINEAR)) for image in images]
    return np.repeat(np.stack(large)[:, None], 3, axis=1)


def second_distance(a: np.ndarray, b: np.ndarray) -> float:
    """The Fréchet distance with SciPy's matrix square root."""
    covariances = np.cov(a.T), np.cov(b.T)
    root = sqrtm(covariances[0] @ covariances[1])
    difference = a.mean(0) - b.mean(0)
    return float(difference @ difference + np.trace(covariances[0] + covariances[1] - 2 * root.real))


def main() -> int:
    """Print each comparison; 0 if all are within their tolerance, else 1."""
    images = test_sample()[0]
    sets = images[:IMAGES], np.flip(images[IMAGES : 2 * IMAGES], axis=2).copy()
    weights = random_weights(seed=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        torch.save(weights, path)
        first = network(path)
    second = second_network(weights)
    ours = [inception_features(each, first) for each in sets]
    theirs = []
    worst_pixel = 0
    for each in sets:
        pixels = second_pixels(each)
        prepared = prepare(each).numpy()
        worst_pixel = max(worst_pixel, int(np.abs(pixels.astype(int) - prepared).max()))
        with torch.inference_mode():  # the networks are compared on the same pixels, the resizes on their own
            theirs.append(second((torch.from_numpy(prepared.copy()).float() - 128) / 128).double().numpy())
    worst_feature = max(float(np.abs(a - b).max() / a.std()) for a, b in zip(ours, theirs, strict=True))
    distance, expected = frechet_distance(*ours), second_distance(*theirs)
    results = (
        ("resize, levels of 255", worst_pixel, PIXEL_TOLERANCE),
        ("features, standard deviations", worst_feature, FEATURE_TOLERANCE),
        (f"FID {distance:.6g} against {expected:.6g}, relative", abs(distance / expected - 1), DISTANCE_TOLERANCE),
    )
    for name, found, tolerance in results:
        print(f"{name}: {found:.3g} (tolerance {tolerance:g})")
    return 0 if all(found <= tolerance for _, found, tolerance in results) else 1


if __name__ == "__main__":
    sys.exit(main())
