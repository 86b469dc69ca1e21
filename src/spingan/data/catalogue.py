"""The image sets that recipes and commands name. Those of the package load when they are first used."""

from typing import TYPE_CHECKING

from spingan.registry import Registry

if TYPE_CHECKING:
    from spingan.data.image_set import ImageSet

DATA: "Registry[ImageSet]" = Registry(
    "data set",
    {
        "fashion-mnist": "spingan.data.fashion_mnist:FASHION_MNIST",
        "mnist": "spingan.data.mnist:MNIST",
        "cartoon-faces": "spingan.data.cartoon_faces:CARTOON_FACES",
        "anime-faces": "spingan.data.folder:ANIME_FACES",
    },
)


def register_data(images: "ImageSet") -> None:
    """Let recipes and commands name an image set of your own. Every process that uses it registers it first.

    Raises:
        UserError: The name belongs to a set of the package.
    """
    DATA.register(images.name, images)
