"""Every mistake in a recipe is one clear error."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spingan.errors import UserError
from spingan.training.recipe import load_recipe, recipe_from, shipped_recipes


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shipped_recipe_says_what_it_is_called(name):
    assert load_recipe(name).name == name


def test_overrides_go_on_top_and_reach_into_sections():
    recipe = load_recipe(
        "fashion-mnist", ["epochs=50", "generator_learning_rate=1e-3", "data.path=/images", "read_noise.fraction=0.02"]
    )
    assert recipe.epochs == 50
    assert recipe.generator_learning_rate == 1e-3
    assert recipe.data.path == "/images"
    assert recipe.read_noise is not None
    assert recipe.read_noise.fraction == 0.02


def test_a_recipe_written_out_reads_back_the_same(tmp_path):
    recipe = load_recipe("anime-faces", ["programming_noise={fraction: 0.1, of: value}"])
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(recipe.model_dump(mode="json")))
    assert load_recipe(path) == recipe


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epoch=5", r"unknown key epoch\n  Did you mean epochs\?"),
        ("data.pth=/x", r"unknown key data\.pth\n  Did you mean path\?"),
        ("read_noise={fraction: 0.1, ofs: value}", r"unknown key read_noise\.ofs\n  Did you mean of\?"),
        ("epochs=-1", r"epochs -1: .*greater than 0"),
        ("epochs=0", "epochs"),
        ("epochs=2.5", "epochs"),
        ("epochs=", "epochs"),
        ("batch_size=-128", "batch_size"),
        ("batch_size=1", "batch_size"),
        ("latent_size=0", "latent_size"),
        ("sample_count=-4", "sample_count"),
        ("sample_epochs=[5, -1]", r"sample_epochs\.1"),
        ("checkpoint_every=0", "checkpoint_every"),
        ("seed=-1", "seed"),
        (f"seed={2**70}", "seed"),
        ("generator_learning_rate=.inf", "generator_learning_rate"),
        ("generator_learning_rate=fast", "generator_learning_rate"),
        ("adam_betas=[0.5, 1.0]", "adam_betas"),
        ("average_decay=1", "average_decay"),
        ("loss=hinge", r"loss 'hinge' is not one of net fashion\n.*cross_entropy, relativistic"),
        ("slope_penalty={weight: 1}", "slope_penalty goes with loss: relativistic"),
        ("slope_penalty={weight: -1}", r"slope_penalty\.weight"),
        ("slope_penalty={weight: 1, deviation: 0}", r"slope_penalty\.deviation"),
        ("slope_penalty={weight: 1, every: 0}", r"slope_penalty\.every"),
        ("slope_penalty={}", r"slope_penalty\.weight is missing"),
        ("augmentation.shift=28", r"augmentation\.shift has to be below the images' 28 pixels"),
        ("augmentation.cutout=40", r"augmentation\.cutout has to be below the images' 28 pixels"),
        ("augmentation.shift=-1", r"augmentation\.shift"),
        ("augmentation.fill=2", r"augmentation\.fill"),
        ("augmentation.flip=1", r"unknown key augmentation\.flip\n  Known keys here: shift, cutout, fill"),
        ("read_noise.fraction=-0.1", r"read_noise\.fraction"),
        ("net=fasion", r"unknown net 'fasion'\n  Did you mean fashion\?"),
        ("data.name=mnits", r"unknown data set 'mnits'\n  Did you mean mnist\?"),
        ("data=/images", "data"),
        ("epochs", "not of the form key=value"),
        ("=5", "not of the form key=value"),
        ("epochs.more=5", "epochs holds a single value"),
        ("name=2024-13-45", "cannot read the value"),
        ("name=[1, 2", "cannot read the value"),
    ],
)
def test_a_wrong_override_is_an_error_that_names_the_key(override, message):
    with pytest.raises(UserError, match=message):
        load_recipe("fashion-mnist", [override])


def test_an_unknown_recipe_gets_the_nearest_name():
    with pytest.raises(UserError, match=r"unknown recipe 'fashion-minst'\n  Did you mean fashion-mnist\?"):
        load_recipe("fashion-minst")


@pytest.mark.parametrize("content", ["- a\n- list\n", "only text", "", "a: [1, 2", "when: 2024-13-45"])
def test_a_file_that_is_no_mapping_is_an_error_that_names_it(tmp_path, content):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=r"mine\.yaml"):
        load_recipe(path)


def test_a_folder_and_bytes_are_no_recipes(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x80")
    for path in (tmp_path, tmp_path / "binary.yaml"):
        with pytest.raises(UserError, match="the recipe"):
            load_recipe(path)


def test_a_missing_key_is_named():
    content = load_recipe("fashion-mnist").model_dump(mode="json")
    del content["batch_size"]
    with pytest.raises(UserError, match="batch_size is missing"):
        recipe_from(content, "recipe mine")


@given(st.text(max_size=30))
def test_no_override_whatever_ends_in_anything_but_a_recipe_or_a_clear_error(text):
    try:
        load_recipe("fashion-mnist", [text])
    except UserError as error:
        assert error.problem and error.remedy


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(load_recipe("fashion-mnist").model_dump())), _VALUES)
def test_no_value_of_a_key_ends_in_anything_but_a_recipe_or_a_clear_error(key, value):
    try:
        recipe_from(load_recipe("fashion-mnist").model_dump() | {key: value}, "recipe mine")
    except UserError as error:
        assert key in error.problem


def test_a_mean_needs_an_average():
    with pytest.raises(UserError, match="average_from needs average_decay"):
        load_recipe("clothes", ["average_decay=null"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("discriminator_alone=14",), "learns nothing in 14 epochs"),
        (("discriminator_exact=true", "drawn_devices={of: both}"), "no devices to draw"),
    ],
)
def test_a_discriminator_that_cannot_be_as_asked_is_refused(changes, message):
    with pytest.raises(UserError, match=message):
        load_recipe("clothes-designed", ("epochs=14", *changes))


def test_both_nets_learn_on_the_chip():
    with pytest.raises(UserError, match="both nets learn on the chip"):
        load_recipe("digits-on-chip", ("discriminator_exact=true",))
