"""Values of the nets, the recipes, the shipped weights and the image sets, read from them now."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from spingan.papers.printed import numbers_in, printed_rows
from spingan.papers.values import Value, Values

if TYPE_CHECKING:
    from torch import nn

PAPER_RECIPES = ("fashion-mnist", "anime-faces", "mnist-memristive")  # the trainings that the papers describe
OUR_FACES = "cartoon-faces"  # stands in for anime-faces where a net was trained


def nets() -> Values:
    """Paper S's pairs, from the modules that are trained."""
    import torch
    from torch import nn

    from spingan.nn.dcgan import COLOUR_64, FASHION, LATENT_SIZE
    from spingan.nn.zero_padded import ZeroPaddedConv2d

    found: dict[str, Value] = {"latent size": Value(LATENT_SIZE, "1")}
    for name, pair in (("Fashion-MNIST", FASHION), ("Anime", COLOUR_64)):
        with torch.device("meta"):
            generator, discriminator = pair.make_generator(LATENT_SIZE), pair.make_discriminator()
            drawn = generator(torch.empty(1, LATENT_SIZE, 1, 1))
        up = [layer for layer in generator if isinstance(layer, ZeroPaddedConv2d)]
        found[f"generator's channels, {name}"] = Value(tuple(layer.out_channels for layer in up), "1")
        found[f"zero-padded convolutions after the first layer, {name}"] = Value(len(up) - 1, "1")
        found[f"image size, {name}"] = Value(drawn.shape[-1], "1", "what the layers make of one latent")
        leaky = _of_type(discriminator, nn.LeakyReLU)
        maps = tuple(layer.out_channels for layer in _of_type(discriminator, nn.Conv2d))[: len(leaky)]
        found["discriminator's feature maps"] = Value(maps, "1")
        found["convolutions of the discriminator with leaky ReLU"] = Value(len(leaky), "1")
        found["slope of the nets' leaky ReLU"] = Value(leaky[0].negative_slope, "1")
    return found


def am_dcgan_nets() -> Values:
    """Paper M's pair as we read it."""
    import torch
    from torch import nn

    from spingan.nn.am_dcgan import AM_DCGAN
    from spingan.nn.dcgan import LATENT_SIZE
    from spingan.papers.am_dcgan import am_dcgan_numbers

    with torch.device("meta"):
        generator, discriminator = AM_DCGAN.make_generator(LATENT_SIZE), AM_DCGAN.make_discriminator()
        drawn = generator(torch.empty(1, LATENT_SIZE, 1, 1))
    arrays = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    layers = _of_type(discriminator, arrays)
    convolutions = _of_type(discriminator, nn.Conv2d)
    weights = sum(layer.weight.numel() for layer in (*_of_type(generator, arrays), *layers))
    paper = am_dcgan_numbers()
    return {
        "layers of a net": Value(len(layers), "1"),
        "filters": Value(tuple(layer.out_channels for layer in convolutions), "1"),
        "side of a filter": Value(convolutions[0].kernel_size[0], "1"),
        "image size": Value(drawn.shape[-1], "1", "what the layers make of one latent"),
        "memristive weights": Value(weights, "1"),
        "layers of the small pair's nets, convolutions": Value(len(convolutions), "1"),
        "filters of the small pair": Value(paper.small_filters, "1"),
        "side of the small pair's filters": Value(paper.small_kernel, "1"),
    }


def trainings() -> Values:
    """What the shipped nets were trained with; the recipe's figures where none is shipped, and the note says so."""
    from spingan.data.face_store import TEST_IMAGES, TRAIN_IMAGES

    fashion, anime, digits = (_training(name) for name in PAPER_RECIPES)
    faces = _training(OUR_FACES, default=anime)
    return {
        "training images, Fashion-MNIST": _of(fashion, "training_images"),
        "training images, Anime": _of(anime, "training_images"),
        "epochs, Fashion-MNIST": _of(fashion, "epochs"),
        "epochs, Anime": _of(faces, "epochs"),
        "batch size": _of(fashion, "batch_size"),
        "generator's learning rate, Fashion-MNIST": _of(fashion, "generator_learning_rate"),
        "generator's learning rate, Anime": _of(faces, "generator_learning_rate"),
        "discriminator's learning rate, Fashion-MNIST": _of(fashion, "discriminator_learning_rate"),
        "discriminator's learning rate, Anime": _of(faces, "discriminator_learning_rate"),
        "training images": _of(digits, "training_images"),
        "epochs, Table II": _of(digits, "epochs"),
        "epochs, figure 1 (b)": _of(digits, "epochs"),
        "epochs drawn, figure 9": _drawn_epochs(digits),
        "test images, Anime": Value(TEST_IMAGES, "1", "of folders of faces"),
        "images, Anime": Value(TRAIN_IMAGES + TEST_IMAGES, "1", "for training and for testing"),
    }


def _drawn_epochs(training: tuple[dict[str, Any], str]) -> Value:
    """Those of the paper's epochs after which the recipe draws samples, if a run goes so far."""
    recipe, origin = training
    (row,) = (row for row in printed_rows() if row.what == "epochs drawn, figure 9")
    printed = {epoch for _, epoch in numbers_in(row.printed)}
    return Value(tuple(epoch for epoch in recipe["sample_epochs"] if epoch in printed), "1", origin)


def fashion_mnist_files() -> Values:
    """Counts of the files on this machine.

    Raises:
        UserError: They are not here.
    """
    from spingan.data.fashion_mnist import FASHION_MNIST
    from spingan.errors import UserError

    if FASHION_MNIST.find() is None:
        raise UserError("Fashion-MNIST's files are not on this machine", FASHION_MNIST.how_to_get)
    (train, _), (test, labels) = FASHION_MNIST.load("train"), FASHION_MNIST.load("test")
    return {
        "test images, Fashion-MNIST": Value(len(test), "1", "counted in the files"),
        "images, Fashion-MNIST": Value(len(train) + len(test), "1", "counted in the files"),
        "classes, Fashion-MNIST": Value(len(set(labels.tolist())), "1", "counted in the labels"),
    }


def inception() -> Values:
    """The size of the images that go into Inception, and of the features that come out."""
    from spingan.evaluation.inception import FEATURES, SIZE

    return {"side of Inception's images": Value(SIZE, "px"), "features of Inception": Value(FEATURES, "1")}


def _training(recipe: str, default: tuple[dict[str, Any], str] | None = None) -> tuple[dict[str, Any], str]:
    """The recipe that the shipped net was trained by, and where it is from."""
    from spingan.nn.weights import load_model, shipped_models
    from spingan.training.recipe import load_recipe

    if recipe in shipped_models():
        return load_model(recipe).info["recipe"], f"the shipped {recipe}"
    return default or (load_recipe(recipe).model_dump(), f"recipe {recipe}; no net of it is shipped")


def _of(training: tuple[dict[str, Any], str], key: str) -> Value:
    recipe, origin = training
    number = recipe[key]
    return Value(tuple(number) if isinstance(number, list | tuple) else number, "1", origin)


def _of_type(net: "nn.Module", kinds: Any) -> list[Any]:
    modules: Iterable[nn.Module] = net.modules()
    return [module for module in modules if isinstance(module, kinds)]
