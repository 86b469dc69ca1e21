"""The commands and the Python lines that repeat what the page shows."""

import shlex
from collections.abc import Mapping
from typing import Any

from spingan.bench.settings import JUDGED, PICTURES, Settings
from spingan.training.recipe import shipped_recipes

FOLDER = "my-technology"
NODE_FILE = "my-node.yaml"
REPROGRAM_FIT = 4096  # `spingan.nn.weights.FIT_IMAGES`, which would load torch; a test compares them


def components_text(node_nm: float) -> str:
    """A components file that sets the node."""
    return (
        "schema_version: 1\norigin: bench\ndesign:\n"
        f"  node_nm: {{value: {node_nm:g}, source: chosen on the bench, sure: estimate}}\n"
    )


def repeat(settings: Settings, names: Mapping[str, str], made_by: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Lines for a shell and for Python that give the pictures and numbers of the page.

    Args:
        names: How the user's files are called, by the bench's names for them.
        made_by: Of files that were fitted on the bench, the command and the Python line that fit them.
    """
    lines = {"shell": _shell(settings, names, made_by), "python": _python(settings, names, made_by)}
    return {language: "\n".join(found) for language, found in lines.items()}


def _used(settings: Settings) -> list[str]:
    return [name for name in (settings.synapse, *settings.activations.values()) if name is not None]


def _shell(settings: Settings, names: Mapping[str, str], made_by: Mapping[str, tuple[str, str]]) -> list[str]:
    lines = [made_by[name][0] for name in _used(settings) if name in made_by]
    technology = settings.technology
    if settings.varies and technology is not None:
        line = ["spingan", "technology", "new", FOLDER, "--from", technology]
        if settings.synapse is not None:
            line += ["--synapse", names.get(settings.synapse, settings.synapse)]
        for key, name in settings.activations.items():
            line += ["--activation", f"{key}={names.get(name, name)}"]
        line += [] if settings.levels is None else ["--levels", str(settings.levels)]
        for setting in settings.technology_settings:
            line += ["--set", setting]
        lines.append(shlex.join(line))
        technology = FOLDER
    common = [settings.model]
    if technology is not None:
        common += ["--technology", technology]
        common += [] if settings.fit_images == REPROGRAM_FIT else ["--fit-images", str(settings.fit_images)]
    for setting in settings.condition_settings:
        common += ["--condition", setting]
    common += ["--seed", str(settings.seed)] if settings.seed else []
    common += ["--chip-seed", str(settings.chip_seed)] if settings.chip_seed else []
    lines.append(shlex.join(["spingan", "sample", *common, "--count", str(PICTURES), "--out", "grid.png"]))
    lines.append(shlex.join(["spingan", "evaluate", *common, "--count", str(JUDGED)]))
    if technology is not None and settings.model not in shipped_recipes():
        lines.append("# The bill of this model on another technology: in Python only.")
        return lines
    line = ["spingan", "cost", settings.model, "--accounting", "full"]
    line += [] if technology is None else ["--set", f"technology={technology}"]
    if settings.node_nm is not None:
        lines.append(f"printf %s {shlex.quote(components_text(settings.node_nm))} > {NODE_FILE}")
        line += ["--components", NODE_FILE]
    lines.append(shlex.join(line))
    return lines


def _python(settings: Settings, names: Mapping[str, str], made_by: Mapping[str, tuple[str, str]]) -> list[str]:
    lines = [] if settings.node_nm is None else ["from pathlib import Path", ""]
    lines += ["import spingan", "from spingan.arrays.conditions import conditions_from"]
    technology = "None" if settings.technology is None else repr(settings.technology)
    made = [made_by[name][1] for name in _used(settings) if name in made_by]
    if made:
        lines.append("from spingan.measured.fit import fit_activation, fit_synapse, write_fit")
    if settings.varies:
        lines.append("from spingan.technologies import varied_technology")
    lines += ["", *made]
    if settings.varies:
        asked = [technology]
        if settings.synapse is not None:
            asked.append(f"synapse={names.get(settings.synapse, settings.synapse)!r}")
        if settings.activations:
            asked.append(f"activations={ {key: names.get(name, name) for key, name in settings.activations.items()}!r}")
        asked += [] if settings.levels is None else [f"levels={settings.levels}"]
        asked += [f"settings={settings.technology_settings!r}"] if settings.set else []
        lines.append(f"technology = varied_technology({', '.join(asked)})")
        technology = "technology"
    model = f"spingan.load_model({settings.model!r})"
    if settings.technology is not None:
        fitted = "" if settings.fit_images == REPROGRAM_FIT else f", fit_images={settings.fit_images}"
        model = f"spingan.reprogram({settings.model!r}, {technology}{fitted})"
    chip = f"{settings.condition_settings!r}, seed={settings.chip_seed}"
    lines += [
        f"model = {model}",
        f"chip = conditions_from({chip})",
        f'spingan.sample(model, "grid.png", count={PICTURES}, seed={settings.seed}, conditions=chip)',
        f"quality = spingan.evaluate(model, count={JUDGED}, seed={settings.seed}, conditions=chip)",
    ]
    asked = [repr(settings.model)] + ([] if settings.technology is None else [technology])
    if settings.node_nm is not None:
        lines.append(f'Path("{NODE_FILE}").write_text({components_text(settings.node_nm)!r})')
        asked.append(f'components="{NODE_FILE}"')
    lines.append(f"bill = spingan.full_bill({', '.join(asked)})")
    lines.append("print(quality.value, quality.variety.recall, quality.variety.coverage, bill.drawing.energy_j)")
    return lines
