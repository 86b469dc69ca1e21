"""Fashion-MNIST: 70,000 grey images of clothes, 28 x 28 pixels, in ten classes (Xiao et al., arXiv 1708.07747)."""

from pathlib import Path

from spingan.data.idx_set import IdxSet, Images
from spingan.data.image_set import Labels

FASHION_MNIST = IdxSet(
    name="fashion-mnist",
    title="Fashion-MNIST",
    about="grey images of clothes, 28 x 28, ten classes",
    licence="MIT (Zalando SE)",
    source="arXiv 1708.07747",
    class_names=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    system_folders=(
        Path("/usr/share/datasets/fashion-mnist"),  # the Debian and Ubuntu package dataset-fashion-mnist
        Path("/usr/local/share/datasets/fashion-mnist"),
    ),
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",  # plain HTTP: hence SHA-256
    # SHA-256 of the publisher's compressed files; MD5 of the same files is printed on
    # github.com/zalandoresearch/fashion-mnist. The system package holds the same compressed data under another gzip
    # header, from which both sums were worked out.
    sha256={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    how_to_get="Install the system package dataset-fashion-mnist (Debian, Ubuntu), or name a folder that holds the "
    "four files",
    sample="sample",
    feature_net="fashion-cnn",
)


def test_sample() -> tuple[Images, Labels]:
    """The shipped sample of Fashion-MNIST: the first 200 images of each class of the test set, in its order."""
    return FASHION_MNIST.test_sample()


test_sample.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]  # its name makes pytest collect it
