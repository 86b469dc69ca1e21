"""Colour images are judged as grey ones are: against real ones, with a floor, by a network that knows them."""

import numpy as np
import pytest
import torch
from PIL import Image

from spingan.data import cartoon_faces
from spingan.data.cartoon_faces import STYLES, Drawing
from spingan.data.catalogue import DATA
from spingan.errors import UserError
from spingan.evaluation.quality import evaluate
from spingan.evaluation.real_images import image_bytes, real_images, test_images


@pytest.fixture(scope="module")
def judges(tmp_path_factory):
    """A machine with 320 drawn faces to judge by."""
    few = Drawing(count=320, training_images=160, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(cartoon_faces, "JUDGES", few)
        yield cartoon_faces.draw(few, workers=2)


def sampler(images):
    return lambda count, seed: torch.from_numpy(images[:count]).permute(0, 3, 1, 2).float() / 127.5 - 1


def test_real_faces_have_distance_zero_and_others_the_floor(judges):
    result = evaluate(sampler(judges.images("test")), count=160, data="cartoon-faces")
    assert result.metric == "FD(cartoon-cnn, 160)"
    assert result.value < 1e-6 < result.floor
    others = evaluate(sampler(judges.images("train")), count=160, data="cartoon-faces")
    assert others.value == pytest.approx(result.floor)
    assert "no net was trained on" in result.protocol


def test_spoilt_faces_are_further_off_and_a_style_that_is_missing_is_named(judges):
    images, styles = judges.images("train"), judges.attributes("train")[:, 0]
    blurred = images.reshape(160, 16, 4, 16, 4, 3).mean((2, 4)).repeat(4, 1).repeat(4, 2).round().astype(np.uint8)
    lorelei = sorted(STYLES).index("lorelei")
    others = np.concatenate([images[styles != lorelei]] * 2)
    real, spoilt, without = (
        evaluate(sampler(shown), count=160, data="cartoon-faces") for shown in (images, blurred, others)
    )
    assert spoilt.value > 1.5 * real.value  # 160 faces in 64 dimensions: the floor is high, 25
    assert without.value > 1.2 * real.value
    assert without.missing_classes == ("lorelei",)
    assert real.missing_classes == ()
    shares = np.bincount(styles, minlength=4) / len(styles)
    assert list(real.class_histogram.values()) == pytest.approx(shares.tolist(), abs=0.02)  # the net knows the styles


def test_more_faces_than_were_drawn_are_refused(judges):
    with pytest.raises(UserError, match="has 160"):
        evaluate(sampler(judges.images("test")), count=161, data="cartoon-faces")


def test_a_folder_of_pictures_is_judged_by_its_own_test_part_without_classes(judges, tmp_path):
    for number, face in enumerate(judges.images("train")):
        Image.fromarray(face).save(tmp_path / f"{number:03}.png")
    with pytest.raises(UserError, match="no folder is given"):
        real_images("anime-faces", 10)
    result = evaluate(sampler(judges.images("test")), count=16, data="anime-faces", data_path=tmp_path)
    assert result.metric == "FD(cartoon-cnn, 16)"
    assert result.class_histogram == {} and result.missing_classes == ()
    assert len(test_images("anime-faces", 16, tmp_path)) == 16


def test_the_shapes_are_those_of_the_nets():
    shapes = {name: (DATA[name].channels, DATA[name].size) for name in DATA}
    assert shapes == {"fashion-mnist": (1, 28), "mnist": (1, 28), "cartoon-faces": (3, 64), "anime-faces": (3, 64)}
    assert image_bytes(torch.ones(2, 3, 4, 5)).shape == (2, 4, 5, 3)
