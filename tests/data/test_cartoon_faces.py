"""Cartoon faces: drawn by a seed, each style as often, with what is known about each."""

from multiprocessing import current_process

import numpy as np
import pytest

from spingan.data import cartoon_faces
from spingan.data.cartoon_faces import ATTRIBUTES, JUDGES, STYLES, WHOLE, Drawing, draw, draw_face
from spingan.data.face_store import training_share

FEW = Drawing(count=72, training_images=60, seed=5)  # two chunks


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def drawn(cache):
    return draw(FEW, workers=2)


def test_the_set_has_the_papers_sizes_and_the_judges_faces_are_others():
    assert (WHOLE.count, WHOLE.training_images) == (63_565, 57_209)  # paper S, IV-A2
    assert training_share(WHOLE.count) == WHOLE.training_images
    assert JUDGES.seed != WHOLE.seed and JUDGES.folder() != WHOLE.folder()


def test_every_face_is_what_its_style_and_number_draw_whoever_draws_it(drawn):
    images = np.concatenate([drawn.images("train"), drawn.images("test")])
    known = np.concatenate([drawn.attributes("train"), drawn.attributes("test")])
    assert images.shape == (72, 64, 64, 3)
    names = [drawn.about["attributes"][attribute] for attribute in ATTRIBUTES]
    for number in (0, 63, 64, 71):
        pixels, chosen = draw_face(STYLES[FEW.styles()[number]], f"5-{number}")
        np.testing.assert_array_equal(images[number], pixels)
        assert tuple(values[code] for values, code in zip(names, known[number], strict=True)) == chosen


def test_each_style_is_drawn_as_often_and_mixed(drawn):
    styles = FEW.styles()
    assert np.bincount(styles).tolist() == [18] * 4
    assert len(set(styles[:10].tolist())) > 1
    order = [STYLES.index(name) for name in drawn.about["attributes"]["style"]]
    np.testing.assert_array_equal(np.array(order)[drawn.attributes("train")[:, 0]], styles[:60])


def test_a_set_is_drawn_once(drawn, monkeypatch):
    monkeypatch.setattr(cartoon_faces, "_drawn", lambda *_: pytest.fail("drawn again"))
    np.testing.assert_array_equal(draw(FEW).images("test"), drawn.images("test"))
    assert (len(drawn.images("train")), len(drawn.images("test"))) == (60, 12)


def test_a_worker_of_a_study_which_may_start_no_process_draws_the_same(drawn, cache, monkeypatch):
    monkeypatch.setitem(current_process()._config, "daemon", True)
    chunks = list(cartoon_faces._drawn(FEW.seed, FEW.styles(), None))
    alone = np.concatenate([images for _, images, _ in sorted(chunks, key=lambda chunk: chunk[0])])
    np.testing.assert_array_equal(alone, np.concatenate([drawn.images("train"), drawn.images("test")]))


def test_faces_fill_the_picture_and_their_background_is_white(drawn):
    inked = (drawn.images("train") < 250).any(3)
    assert inked.mean() > 0.55  # of the picture; 0.42 as the styles frame them
    assert inked[:, 16:48, 16:48].mean() > 0.95  # 0.93 as the styles frame them
    assert (drawn.images("train")[:, 0, 0].min(1) == 255).mean() > 0.8, "corners are free, but for much hair"


def test_the_artists_and_licences_are_kept_beside_the_images(drawn):
    text = (drawn.folder / "LICENCES.md").read_text()
    assert all(f"**{style}**" in text for style in STYLES)
    assert text.count("CC BY 4.0 (http") == 3 and text.count("CC0 1.0 (http") == 1
    assert "Lisa Wischofsky" in text and drawn.about["libraries"].keys() >= {"dicebear-styles", "resvg-py"}
