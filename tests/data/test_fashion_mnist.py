"""Fashion-MNIST is found where it is, downloaded where it is not, and refused where it is wrong."""

import functools
import gzip
import hashlib
import http.server
import socket
import threading

import numpy as np
import pytest

from idx_files import write_idx
from spingan.data import FASHION_MNIST as fashion_mnist
from spingan.data.catalogue import DATA
from spingan.data.idx_set import Place
from spingan.errors import UserError


def write_set(folder, count=20, compressed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for images, labels in fashion_mnist.files.values():
        suffix = ".gz" if compressed else ""
        write_idx(folder / f"{images}{suffix}", np.full((count, 28, 28), 7, np.uint8))
        write_idx(folder / f"{labels}{suffix}", np.arange(count, dtype=np.uint8) % 10)
    return folder


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without Fashion-MNIST and without a connection."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(fashion_mnist, "system_folders", (tmp_path / "system",))
    monkeypatch.setattr(fashion_mnist, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(fashion_mnist, "url", f"http://127.0.0.1:{port}/")
    return tmp_path


@pytest.fixture
def server(nowhere, monkeypatch):
    """The publisher's server: the folder whose files it serves."""
    folder = write_set(nowhere / "served")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(fashion_mnist, "url", f"http://127.0.0.1:{served.server_port}/")
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in fashion_mnist.sha256}
    monkeypatch.setattr(fashion_mnist, "sha256", sums)
    yield folder
    served.shutdown()
    served.server_close()
    thread.join()


def test_the_sample_has_200_test_images_of_each_class():
    images, labels = fashion_mnist.test_sample()
    assert images.shape == (2000, 28, 28) and images.dtype == np.uint8
    assert np.bincount(labels).tolist() == [200] * 10


def test_the_sample_is_the_test_sets_first_200_of_each_class():
    if fashion_mnist.find() is None:
        pytest.skip("Fashion-MNIST is not on this machine")
    images, labels = fashion_mnist.load("test")
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == kind)[:200] for kind in range(10)]))
    sample_images, sample_labels = fashion_mnist.test_sample()
    np.testing.assert_array_equal(sample_images, images[chosen])
    np.testing.assert_array_equal(sample_labels, labels[chosen])


@pytest.mark.parametrize("compressed", [True, False])
def test_a_given_folder_comes_before_all_others(nowhere, compressed):
    write_set(nowhere / "system", count=5)
    images, labels = fashion_mnist.load("train", write_set(nowhere / "mine", 12, compressed))
    assert len(images) == len(labels) == 12
    assert str(fashion_mnist.find(nowhere / "mine")) == f"folder, {nowhere / 'mine'}"


def test_the_system_package_comes_before_the_cache(nowhere):
    write_set(nowhere / "cache", count=5)
    assert len(fashion_mnist.load("test")[0]) == 5
    write_set(nowhere / "system", count=6)
    assert len(fashion_mnist.load("test")[0]) == 6


def test_a_given_folder_without_a_file_is_an_error(nowhere):
    folder = write_set(nowhere / "mine")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UserError, match=r"mine: t10k-labels-idx1-ubyte.gz missing") as caught:
        fashion_mnist.load("train", folder)
    assert "data.path" in caught.value.remedy


def test_offline_the_error_names_the_package_and_the_key(nowhere):
    with pytest.raises(UserError, match="cannot download") as caught:
        fashion_mnist.load("train")
    assert "dataset-fashion-mnist" in caught.value.remedy and "data.path" in caught.value.remedy


def test_what_is_nowhere_is_downloaded_once(server, nowhere, capsys):
    assert len(fashion_mnist.load("train")[0]) == 20
    assert "train-images-idx3-ubyte.gz" in capsys.readouterr().err
    for path in server.iterdir():
        path.unlink()
    assert len(fashion_mnist.load("test")[0]) == 20
    assert fashion_mnist.find() == Place("cache", nowhere / "cache")


def test_a_download_with_another_checksum_is_not_kept(server, nowhere):
    name = "train-labels-idx1-ubyte.gz"
    (server / name).write_bytes(gzip.compress(b"tampered"))
    with pytest.raises(UserError, match="wrong SHA-256"):
        fashion_mnist.load("train")
    assert not (nowhere / "cache" / name).exists()


def test_a_server_without_the_file_is_a_user_error(server):
    (server / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(UserError, match="cannot download"):
        fashion_mnist.fetch()


def test_a_cache_that_cannot_be_written_is_a_user_error(server, nowhere):
    (nowhere / "cache").write_text("a file where a folder should be")
    with pytest.raises(UserError, match="cannot write"):
        fashion_mnist.fetch()


@pytest.mark.parametrize(
    ("stem", "array", "problem"),
    [
        ("t10k-labels-idx1-ubyte", np.zeros(19, np.uint8), "20 images, .* 19 labels"),
        ("t10k-labels-idx1-ubyte", np.full(20, 10, np.uint8), "holds class 10"),
        ("t10k-images-idx3-ubyte", np.zeros((20, 32, 32), np.uint8), "dimensions 20 x 32 x 32"),
    ],
)
def test_images_and_labels_that_do_not_fit_are_refused(nowhere, stem, array, problem):
    folder = write_set(nowhere / "mine")
    write_idx(folder / f"{stem}.gz", array)
    with pytest.raises(UserError, match=problem):
        fashion_mnist.load("test", folder)


def test_an_empty_set_is_refused(nowhere):
    with pytest.raises(UserError, match="holds no images"):
        fashion_mnist.load("test", write_set(nowhere / "mine", count=0))


def test_the_catalogue_says_where_each_set_is(nowhere):
    whole, sample = DATA["fashion-mnist"].places()
    assert (whole["name"], whole["place"], whole["how"]) == ("fashion-mnist", None, "spingan data fetch fashion-mnist")
    assert (sample["images"], sample["how"]) == (2000, "shipped, of the test set")
    write_set(nowhere / "cache")
    whole = DATA["fashion-mnist"].places()[0]
    assert (whole["place"], whole["how"]) == (str(nowhere / "cache"), "cache")


def test_fetching_puts_a_missing_set_into_the_cache(server, nowhere):
    assert str(DATA["fashion-mnist"].fetch()) == f"cache, {nowhere / 'cache'}"


def test_fetching_an_unknown_set_names_the_known_ones():
    with pytest.raises(UserError, match="unknown data set 'mnits'") as caught:
        DATA["mnits"].fetch()
    assert "fashion-mnist" in caught.value.remedy
