"""Where a model's weights file is: a shipped name, a file, or a run folder. Nothing here loads torch."""

from pathlib import Path

from spingan.errors import UserError, did_you_mean
from spingan.input_files import exists, is_folder

WEIGHTS = "weights.safetensors"
HUB_WEIGHTS = "model.safetensors"
"""The same file where a folder is as the Hugging Face Hub has it."""
IN_FOLDERS = (WEIGHTS, HUB_WEIGHTS)
"""The files of a folder that hold a model; the first that is there is meant."""
TOO_LARGE = (
    "clothes-float",
    "clothes-longer-float",
    "clothes-on-chip",
    "clothes-simulated",
    "clothes-wox",
    "digits-float",
    "digits-on-chip",
    "faces",
    "faces-float",
    "mnist-memristive-on-chip",
)
"""Names whose weights are not in the wheel: they stay in the repository's folder `weights`."""
REPOSITORY = Path(__file__).parents[3] / "weights"
_PLACES = (REPOSITORY, Path(__file__).parents[1] / "pretrained")


def shipped_files() -> dict[str, Path]:
    """The weights file of each shipped name, sorted by name."""
    suffix = f".{WEIGHTS}"
    files = (file for place in _PLACES for file in place.glob(f"*{suffix}"))
    return dict(sorted((file.name.removesuffix(suffix), file) for file in files))


def shipped_models() -> tuple[str, ...]:
    """Names of the generators that come with the package, or with the repository if this is a checkout of it."""
    return tuple(shipped_files())


def model_file(model: str | Path) -> Path:
    """The weights file that a shipped name, a file's path, a run folder or a folder of `save_pretrained` means.

    Raises:
        UserError: There is none.
    """
    name, path, shipped = str(model), Path(model), shipped_files()
    if name in shipped:
        return shipped[name]
    if is_folder(path):
        found = next((path / file for file in IN_FOLDERS if (path / file).exists()), None)
        if found is None:
            raise UserError(
                f"folder {name!r} holds no {WEIGHTS} and no {HUB_WEIGHTS}",
                "Give the folder of a training that reached its first samples, or of save_pretrained.",
            )
        return found
    if not exists(path):
        outside = "Its weights are not in the package: folder weights of the repository. " if name in TOO_LARGE else ""
        hint = outside or did_you_mean(name, tuple(shipped))
        raise UserError(
            f"there is no model {name!r}",
            f"{hint}Give a run folder, a weights file, or a shipped name: {', '.join(shipped) or 'none'}.",
        )
    return path
