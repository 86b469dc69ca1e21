"""MNIST: 70,000 grey images of handwritten digits, 28 x 28 pixels, in ten classes (LeCun, Cortes and Burges)."""

from spingan.data.idx_set import IdxSet

MNIST = IdxSet(
    name="mnist",
    title="MNIST",
    about="grey images of handwritten digits, 28 x 28, ten classes",
    licence="CC BY-SA 3.0 (Yann LeCun and Corinna Cortes)",
    source="LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86, 2278 (1998)",
    class_names=tuple("0123456789"),
    system_folders=(),  # no system package holds it
    url="https://storage.googleapis.com/cvdf-datasets/mnist/",  # the mirror that TensorFlow's data sets use
    sha256={  # of the publisher's compressed files, as TensorFlow's data sets check them
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    how_to_get="Name a folder that holds the four files (spingan data fetch mnist downloads them where there is a "
    "connection)",
    sample="sample_mnist",
    feature_net="mnist-cnn",
)
