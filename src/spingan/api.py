"""What the commands do, for notebooks: the steps along the road that need more than one of its parts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spingan.costs.energy import Bill
from spingan.errors import UserError
from spingan.image_grid import picture_format, save_grid
from spingan.input_files import is_folder
from spingan.nn.analog import AnalogLayer
from spingan.nn.conversion import convert
from spingan.nn.cost import cost as cost_of_net
from spingan.nn.weights import Model, float_twin, load_model
from spingan.output import check_place
from spingan.papers.paper import printed_row
from spingan.spec.technology import Technology, load_technology
from spingan.training.nets import recalibrate
from spingan.training.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spingan.circuits.decks import Deck
    from spingan.evaluation.quality import FeatureSpace, Progress, Quality


def sample(
    model: str | Path | Model,
    out: str | Path,
    *,
    count: int = 64,
    seed: int = 0,
    chip_seed: int = 0,
    label: int | None = None,
) -> Path:
    """Draw `count` images with a model and write them to the picture file `out` as one grid.

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already.
        seed: Of the latents.
        chip_seed: Of what is frozen in the chip when its arrays are written.
        label: The class of all images, of a net that takes one; None: the classes in turn.

    Raises:
        UserError: There is no such model or class, or `out` cannot be written.
    """
    picture_format(out)
    check_place(out)
    return save_grid(_loaded(model).sample(count, seed, chip_seed, labels=label).numpy(), out)


def evaluate(
    model: str | Path | Model,
    *,
    count: int = 10_000,
    seed: int = 0,
    chip_seed: int = 0,
    features: "FeatureSpace" = "cnn",
    variety_count: int | None = None,
    k: int | None = None,
    data_name: str | None = None,
    data_path: str | Path | None = None,
    progress: "Progress" = lambda what, done, total: None,
) -> "Quality":
    """How good and how varied a model's images are, with the floor and the float twin (`spingan.evaluation.quality`).

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already.
        variety_count: Of the images, so many are used to measure the variety; by default 2,000.
        k: Which nearest neighbours the variety is measured with; by default 5.
        data_name: Set of images that the model was trained on, where its file does not say it.
        data_path: Folder with the real images; by default the one that the model was trained from, if it is there.

    Raises:
        UserError: There is no such model, nobody says what it was trained on, a count or k is out of range, or the data
            are damaged.
    """
    from spingan.evaluation import quality
    from spingan.evaluation.real_images import data_of

    chosen = _loaded(model)
    twin = float_twin(chosen)
    recorded = chosen.origin.data_path
    return quality.evaluate(
        lambda images, draw: chosen.sample(images, draw, chip_seed),
        count=count,
        seed=seed,
        data=data_of(chosen, data_name),
        data_path=data_path or (recorded if recorded and is_folder(recorded) else None),
        twin=None if twin is None else lambda images, draw: twin.sample(images, draw),
        features=features,
        variety_count=variety_count,
        k=k,
        progress=progress,
    )


def cost(recipe: str | Path | Recipe, overrides: tuple[str, ...] = (), *, accounting: str = "paper") -> Bill:
    """The energy bill of a recipe's pair of nets on its technology.

    Args:
        recipe: A shipped name, a YAML file, or a recipe that is loaded already.
        overrides: `key=value` on top of it, such as `technology=my_device`.

    Raises:
        UserError: An unknown recipe, key, technology or accounting.
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe, overrides)
    technology = load_technology(chosen.technology)
    return cost_of_net(
        chosen.net,
        technology,
        images=chosen.training_images,
        batch_size=chosen.batch_size,
        accounting=accounting,
        printed_key=printed_row(chosen.data.name, chosen.net, technology.name),
        latent_size=chosen.latent_size,
    )


def reprogram(model: str | Path | Model, technology: str | Path | Technology) -> Model:
    """A trained generator written into the arrays of another technology, without training it again.

    Gains, activation ranges and batch-norm statistics are measured anew on what the new devices hold. From columns that
    end in a load, whose weights depend on each other, what is written elsewhere is what they give.

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already.
        technology: A shipped name, a .yaml file, its folder, or a technology that is loaded already.

    Raises:
        UserError: There is no such model or technology, or the net does not fit the technology.
    """
    chosen = _loaded(model)
    target = technology if isinstance(technology, Technology) else load_technology(technology)
    plain = chosen.family.make_generator(chosen.latent_size)
    trained = chosen.generator.state_dict()
    plain.load_state_dict({name: trained[name] for name in plain.state_dict()})
    if target.load_conductance is None:
        for name, layer in chosen.generator.named_modules():
            if isinstance(layer, AnalogLayer) and layer.load is not None:
                weight = layer.effective_weight().detach()
                plain.get_parameter(f"{name}.weight").data.copy_(weight)
    conversion = convert(plain.eval(), target)
    recalibrate(conversion.model, chosen.family, chosen.latent_size, seed=0)
    info = {"trained as": chosen.name, "trained on": chosen.technology.name, **chosen.info}
    return Model(f"{chosen.name} on {target.name}", chosen.net, chosen.latent_size, target, conversion, info)


def crossbar_deck(
    *,
    model: str | Path | Model | None = None,
    weights: str | Path | None = None,
    technology: str | Path | Technology | None = None,
    layer: str | None = None,
    columns: Sequence[int] = (0,),
    input_v: "NDArray[np.float64] | None" = None,
    chip_seed: int = 0,
) -> "Deck":
    """Columns of a crossbar as a SPICE deck: of a layer on a model's chip, or of a CSV file of weights.

    Args:
        model: A run folder, a weights file, a shipped name, or a model that is loaded already; or give `weights`.
        technology: To build the array in; None: the model's own, and wox-memristor for weights.
        layer: Of the model, by its name; None: the last analog one.
        columns: Of the weight matrix.
        input_v: (rows,) volts; None: the read voltage on every row.

    Raises:
        UserError: There is no such model, layer, column or file, or the technology knows no siemens.
    """
    from spingan.nn.crossbar_export import chip_layer, layer_deck, weights_layer

    if weights is not None:
        chosen = technology or "wox-memristor"
        built_in = chosen if isinstance(chosen, Technology) else load_technology(chosen)
        return layer_deck(weights_layer(weights, built_in, chip_seed), columns, input_v)
    if model is None:
        raise UserError("there is no model and no weights", "Give one of the two")
    net = _loaded(model) if technology is None else reprogram(model, technology)
    return layer_deck(chip_layer(net, layer, chip_seed), columns, input_v)


def _loaded(model: str | Path | Model) -> Model:
    return model if isinstance(model, Model) else load_model(model)
