"""The measures of variety agree with their definitions, and each moves the right way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter

from spingan import compiled
from spingan.data import FASHION_MNIST as fashion_mnist
from spingan.errors import UserError
from spingan.evaluation import neighbours
from spingan.evaluation.features import describe, feature_cnn
from spingan.evaluation.variety import held_out_copies, manifolds, variety_reference


def distances(a, b):
    return np.sqrt(((a[:, None].astype(float) - b[None].astype(float)) ** 2).sum(-1))


def nearest_neighbour_ratio(real, drawn):
    """The measure of images whose features say nothing."""
    features, others = (np.arange(len(images), dtype=float)[:, None] for images in (real, drawn))
    return variety_reference(features, real, k=1).measure(others, drawn).nearest_neighbour_ratio


def copies(drawn, held_out, training):
    """The measure of features whose images say nothing."""
    images = np.arange(len(held_out), dtype=np.uint8)[:, None, None]
    return variety_reference(held_out, images, training, k=1).measure(drawn, images).copies


def by_definition(real, drawn, k):
    """Precision, recall, density and coverage, one image at a time."""

    def radius(vectors, which):
        others = np.delete(distances(vectors[which : which + 1], vectors)[0], which)
        return sorted(others)[k - 1]

    real_radii = [radius(real, i) for i in range(len(real))]
    drawn_radii = [radius(drawn, j) for j in range(len(drawn))]
    between = distances(real, drawn)
    precise, covered, neighbours_inside = set(), set(), 0
    recalled = set()
    for i in range(len(real)):
        for j in range(len(drawn)):
            if between[i, j] <= real_radii[i]:
                precise.add(j)
                covered.add(i)
            if between[i, j] < real_radii[i]:
                neighbours_inside += 1
            if between[i, j] <= drawn_radii[j]:
                recalled.add(i)
    return (
        len(precise) / len(drawn),
        len(recalled) / len(real),
        neighbours_inside / (k * len(drawn)),
        len(covered) / len(real),
    )


def whole_numbers(most):  # distances tie often, and tie exactly
    return arrays(np.float64, st.tuples(st.integers(4, 12), st.just(3)), elements=st.integers(0, most).map(float))


@settings(deadline=None)
@given(whole_numbers(5), whole_numbers(5), st.integers(1, 3))
def test_the_four_measures_are_their_definitions_also_where_distances_tie(real, drawn, k):
    assert manifolds(real, drawn, k) == pytest.approx(by_definition(real, drawn, k), abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.floats(0.1, 3))
def test_the_four_measures_are_their_definitions_in_any_space(seed, k, scale):
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 40))
    real, drawn = random.standard_normal((20, size)), scale * random.standard_normal((15, size))
    assert manifolds(real, drawn, k) == pytest.approx(by_definition(real, drawn, k), abs=1e-12)


@settings(deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(2, 9), st.just(3), st.just(4))),
    arrays(np.uint8, st.tuples(st.integers(2, 9), st.just(2), st.just(2), st.just(3))),
)
def test_the_nearest_other_image_is_found_exactly(grey, colour):
    for images in (grey, colour):
        flat = images.reshape(len(images), -1)
        expected = distances(flat, flat)
        np.fill_diagonal(expected, np.inf)
        np.testing.assert_array_equal(neighbours.nearest_pixel_distances(images), expected.min(1))


@pytest.mark.parametrize("installed", [True, False])
def test_blocks_and_both_kinds_of_product_give_the_same_distances(installed, monkeypatch):
    monkeypatch.setattr(compiled, "INSTALLED", installed)
    random = np.random.default_rng(1)
    images = random.choice(np.array([0, 1], np.uint8), (75, 40, 40, 3))  # the values whose sums overflow first
    images[50:] ^= 255
    features = random.standard_normal((75, 40))
    flat = images.reshape(75, -1)
    pixels = distances(flat, flat) + np.diag(np.full(75, np.inf))
    radii = np.sort(((features[:, None] - features) ** 2).sum(-1), 1)[:, 3]
    monkeypatch.setattr(neighbours, "_BLOCK", 16)
    monkeypatch.setattr(neighbours, "_ROUGH_BLOCK", 16)
    monkeypatch.setattr(neighbours, "_TILE", 16)
    monkeypatch.setattr(neighbours, "_IMAGE_BLOCK", 16)
    for whole in (False, neighbours._whole_is_faster()):
        monkeypatch.setattr(neighbours, "_whole_is_faster", lambda whole=whole: whole)
        np.testing.assert_array_equal(neighbours.nearest_pixel_distances(images), pixels.min(1))
    np.testing.assert_allclose(neighbours.neighbour_radii(features, 3), radii, rtol=1e-12)
    nearest = distances(features[:40], features[40:]).min(1)
    np.testing.assert_allclose(neighbours.nearest_distances(features[:40], features[40:]), nearest, rtol=1e-12)


def test_images_of_one_pixel_have_their_distance_too():
    images = np.array([0, 200, 250], np.uint8)[:, None, None]
    np.testing.assert_array_equal(neighbours.nearest_pixel_distances(images), [200, 50, 50])


def test_images_too_large_for_whole_numbers_of_32_bits_have_their_distance_too():
    opposite = np.zeros((2, 128, 128, 3), np.uint8)
    opposite[1] = 255
    np.testing.assert_array_equal(neighbours.nearest_pixel_distances(opposite), np.sqrt(255**2 * 128**2 * 3))


@pytest.mark.parametrize(("offset", "scale"), [(0, 1e-30), (0, 1e40), (1e9, 1)])
def test_the_nearest_training_image_is_found_at_any_scale(offset, scale):
    random = np.random.default_rng(2)
    features, training = (offset + scale * random.standard_normal((count, 30)) for count in (50, 400))
    features[0] = training[7]
    training[200:] = training[:200] + 1e-7 * scale * random.standard_normal((200, 30))  # float32 cannot tell them
    found = neighbours.nearest_distances(features, training)
    np.testing.assert_allclose(found, distances(features, training).min(1), rtol=1e-12)
    assert found[0] == 0


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_a_set_against_itself_has_one_of_everything(seed, k):
    same = np.random.default_rng(seed).standard_normal((30, 5))
    assert manifolds(same, same, k) == (1, 1, 1, 1)
    images = np.random.default_rng(seed).integers(0, 256, (30, 4, 4), np.uint8)
    assert nearest_neighbour_ratio(images, images) == 1


@pytest.fixture(scope="module")
def sample():
    """Two halves of the shipped test images, with labels and features; the first stands for the real images."""
    images, labels = fashion_mnist.test_sample()
    features = describe(images, feature_cnn("fashion-cnn"))[0]
    return images[::2], features[::2], images[1::2], features[1::2], labels[1::2]


def measured(sample, images, features=None, k=5):
    real_images, real_features, *_ = sample
    found = describe(images, feature_cnn("fashion-cnn"))[0] if features is None else features
    return variety_reference(real_features, real_images, k=k).measure(found, images)


def test_other_real_images_are_as_varied_as_real_ones(sample):
    _, _, others, features, _ = sample
    found = measured(sample, others, features)
    assert min(found.precision, found.recall, found.coverage) > 0.85  # 1,000 images scatter by about 0.01
    assert found.density == pytest.approx(1, abs=0.1)
    assert found.nearest_neighbour_ratio == pytest.approx(1, abs=0.05)


def test_dropped_classes_lower_recall_and_coverage_and_leave_precision(sample):
    _, _, others, features, labels = sample
    whole = measured(sample, others, features)
    kept = np.flatnonzero(labels < 5)
    half = np.resize(kept, len(others))
    found = measured(sample, others[half], features[half])
    assert found.precision == pytest.approx(whole.precision, abs=0.05)
    assert found.recall < 0.65 * whole.recall
    assert found.coverage < 0.65 * whole.coverage


def test_few_images_again_and_again_have_precision_and_no_variety(sample):
    _, _, others, features, _ = sample
    few = np.resize(np.arange(20), len(others))
    found = measured(sample, others[few], features[few])
    assert found.precision > 0.8
    assert found.recall < 0.05 and found.coverage < 0.2
    assert found.nearest_neighbour_ratio == 0
    small_changes = others[few] // 2 + np.random.default_rng(3).integers(0, 3, others.shape, np.uint8)
    assert 0 < nearest_neighbour_ratio(sample[0], small_changes) < 0.1


def test_blur_lowers_precision_and_density_and_brings_images_closer(sample):
    _, _, others, features, _ = sample
    sets = [measured(sample, others, features)]
    sets += [measured(sample, gaussian_filter(others, (0, pixels, pixels))) for pixels in (0.8, 1.5)]
    for name in ("precision", "density", "nearest_neighbour_ratio"):
        values = [getattr(found, name) for found in sets]
        assert values == sorted(values, reverse=True) and values[-1] < 0.75 * values[0]


def test_copies_of_training_images_are_found_and_real_images_are_none(sample):
    _, real, _, training, _ = sample
    held_out, drawn = real[::2], real[1::2]
    assert copies(training[:500], held_out, training) == 1
    assert copies(drawn, held_out, training) == pytest.approx(0.01, abs=0.02)  # the limit is the sixth of 500
    assert copies(held_out, held_out, training) == pytest.approx(0.01, abs=0.002)
    mixed = np.concatenate([training[:250], drawn[:250]])
    assert copies(mixed, held_out, training) == pytest.approx(0.5, abs=0.02)
    nearly = training[:500] + 1e-3 * np.random.default_rng(4).standard_normal((500, 64))
    assert copies(nearly, held_out, training) == 1


def test_the_floor_of_copies_comes_from_the_test_images_and_not_from_training_images(sample):
    images, real, training_images, training, _ = sample
    reference = variety_reference(real, images, training)
    assert reference.measure(training, training_images).copies == 1
    floor = reference.floor(training, training_images)
    assert floor.copies == pytest.approx(0.01, abs=0.01)
    assert floor.training_images == len(training)
    assert held_out_copies(np.arange(1000.0)) == pytest.approx(0.01, abs=0.002)


def test_without_training_images_copies_are_not_measured_and_the_result_says_what_to_do(sample):
    images, real, others, features, _ = sample
    found = variety_reference(real, images, not_measured="fetch them").measure(features, others)
    assert found.copies is None and found.not_measured == "fetch them" and found.training_images == 0


def test_the_number_of_images_and_k_are_part_of_the_name(sample):
    images, real, others, features, _ = sample
    found = variety_reference(real, images, k=3, space="fashion-cnn").measure(features, others)
    assert found.metric == "variety(fashion-cnn, 1000, k=3)"
    assert (found.count, found.k) == (1000, 3)


def test_real_images_whose_nearest_others_are_equal_leave_no_ratio():
    same, different = np.zeros((4, 2, 2), np.uint8), np.arange(16, dtype=np.uint8).reshape(4, 2, 2)
    assert nearest_neighbour_ratio(same, different) is None
    assert nearest_neighbour_ratio(same, same) == 1
    assert nearest_neighbour_ratio(different, same) == 0


@pytest.mark.parametrize("k", [-1, 0, 5, 100])
def test_a_k_that_the_sets_do_not_allow_is_refused(k):
    vectors = np.random.default_rng(5).standard_normal((8, 3))
    with pytest.raises(UserError, match=f"k is {k}, and 5 images have 1 to 4"):
        manifolds(vectors, vectors[:5], k)


@pytest.mark.parametrize(
    ("a", "b", "problem"),
    [
        (np.zeros((5, 3)), np.zeros((5, 4)), r"shapes \(5, \d\) and \(5, \d\) do not compare"),
        (np.zeros(5), np.zeros((5, 4)), "do not compare"),
        (np.zeros((5, 3)), np.full((5, 3), np.nan), "not finite"),
        (np.full((5, 3), np.inf), np.zeros((5, 3)), "not finite"),
        (np.zeros((5, 3)), np.zeros((0, 3)), "no features"),
    ],
)
def test_features_that_do_not_compare_are_refused(a, b, problem):
    for measure in (lambda: manifolds(a, b, 1), lambda: copies(a, a, b), lambda: copies(a, b, a)):
        with pytest.raises(UserError, match=problem):
            measure()


@pytest.mark.parametrize(
    ("real", "drawn", "problem"),
    [
        (np.zeros((4, 2, 2), np.uint8), np.zeros((5, 2, 2), np.uint8), "do not compare"),
        (np.zeros((4, 2, 2), np.uint8), np.zeros((4, 3, 3), np.uint8), "do not compare"),
        (np.zeros((1, 2, 2), np.uint8), np.zeros((1, 2, 2), np.uint8), "no nearest other"),
        (np.zeros((4, 2, 2)), np.zeros((4, 2, 2)), "not 8 bit"),
    ],
)
def test_images_that_do_not_compare_are_refused(real, drawn, problem):
    with pytest.raises(UserError, match=problem):
        nearest_neighbour_ratio(real, drawn)


def test_images_without_their_features_are_refused(sample):
    images, real, others, features, _ = sample
    with pytest.raises(UserError, match="1,000 images have 999 feature vectors"):
        variety_reference(real[:-1], images)
    with pytest.raises(UserError, match="1,000 images have 999 feature vectors"):
        variety_reference(real, images).measure(features[:-1], others)


def test_test_images_against_training_images_reach_the_known_floor():
    if fashion_mnist.find() is None:
        pytest.skip("the training images of Fashion-MNIST are not on this machine")
    test, train = (fashion_mnist.load(part)[0][:2000] for part in ("test", "train"))
    real, drawn = (describe(images, feature_cnn("fashion-cnn"))[0] for images in (test, train))
    found = manifolds(real, drawn)
    assert found.recall == pytest.approx(0.93, abs=0.02)
    assert found.coverage == pytest.approx(0.97, abs=0.02)
