"""What it means that two runs are the same: every file that a run leaves, bit for bit, but for times."""

import csv
from pathlib import Path

from safetensors.torch import load_file

from spingan.nn.tensor_files import read_metadata


def _metrics(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return [{key: value for key, value in row.items() if key != "images_per_s"} for row in csv.DictReader(file)]


def assert_same_run(one: Path, other: Path) -> None:
    """Fail where two run folders differ in a tensor, a setting, a row without its speed, or a picture."""
    for name in ("checkpoint.safetensors", "weights.safetensors"):
        ours, theirs = load_file(one / name), load_file(other / name)
        assert ours.keys() == theirs.keys()
        for key, tensor in ours.items():
            assert tensor.numpy().tobytes() == theirs[key].numpy().tobytes(), f"{name}: {key}"
        about, theirs = (read_metadata(folder / name, name) for folder in (one, other))
        for header in (about, theirs):
            header.get("info", header).pop("seconds")
        assert about == theirs
    assert _metrics(one) == _metrics(other)
    assert (one / "recipe.yaml").read_bytes() == (other / "recipe.yaml").read_bytes()
    for picture in (one / "samples").iterdir():
        assert picture.read_bytes() == (other / "samples" / picture.name).read_bytes()
