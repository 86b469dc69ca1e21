"""The library of components: published figures, formulas on their published points, and a user's own file."""

import pytest

from spingan.costs.components import SHIPPED, load_components
from spingan.errors import UserError

LIBRARY = load_components()
ADC = LIBRARY.components["adc-survey.adc"].adc_model
LOGIC = LIBRARY.scaling["logic"]

# The regression at 4, 6 and 8 b, 1 GS/s, and 10 b at 1e7/s, in pJ; area of 8 b at 1e7 and 1e9 S/s, in mm².
PUBLISHED = {
    180: (23.8, 27.4, 44.1, 85, 0.0382, 0.0877),
    65: (3.50, 4.04, 6.49, 12.5, 0.0078, 0.0180),
    45: (1.75, 2.02, 3.25, 6.3, 0.0044, 0.0101),
    32: (0.92, 1.07, 1.71, 3.3, 0.0026, 0.0060),
    22: (0.46, 0.53, 0.85, 1.6, 0.0015, 0.0033),
    16: (0.25, 0.29, 0.47, 0.90, 0.0009, 0.0020),
}


def test_the_converter_of_8_bits_has_its_published_energies():
    assert ADC is not None
    assert ADC.energy_j(8, 1e9, 32) == pytest.approx(1.71e-12, abs=5e-15)  # the regression, to its three digits
    price = LIBRARY.item("adc", bits=8)
    assert price.energy_j == ADC.energy_j(8, 1e9, 32)
    assert (price.low_j, price.high_j) == (1.67e-12, 1.56e-11)  # measured; as MNSIM books the same converter


@pytest.mark.parametrize("node_nm", PUBLISHED)
def test_the_regression_meets_its_published_table(node_nm):
    assert ADC is not None
    energies = [ADC.energy_j(bits, 1e9, node_nm) for bits in (4, 6, 8)] + [ADC.energy_j(10, 1e7, node_nm)]
    assert energies == pytest.approx([value * 1e-12 for value in PUBLISHED[node_nm][:4]], rel=0.03, abs=0)  # two digits
    areas = [ADC.area_m2(8, rate, node_nm) for rate in (1e7, 1e9)]
    assert areas == pytest.approx([value * 1e-6 for value in PUBLISHED[node_nm][4:]], abs=6e-11)  # the last digit


def test_logic_scales_by_its_published_factors():
    # Stillmaker and Baas (2017) at 0.8 V, from 45 nm.
    for node_nm, energy, area in (
        (130, 3.07, 6.4),
        (90, 1.90, 2.8),
        (65, 1.24, 1.5),
        (32, 0.66, 0.46),
        (7, 0.094, 0.059),
    ):
        found = LOGIC.factors(45, node_nm)
        assert found[0] == pytest.approx(energy, rel=5e-3)
        assert (found[1], found[2]) == pytest.approx((node_nm / 45, area))
    there, back = LOGIC.factors(65, 22), LOGIC.factors(22, 65)
    assert [one * other for one, other in zip(there, back, strict=True)] == pytest.approx([1, 1, 1])


def test_a_memory_s_energy_is_its_published_points_and_grows_with_width_and_depth():
    model = LIBRARY.components["mnsim.sram"].sram_model
    assert model is not None
    for size, read, write in zip(model.bytes, model.read_j, model.write_j, strict=True):
        assert model.energy_j(64, size) == pytest.approx((read, write))
    assert model.energy_j(128, 8192)[0] == pytest.approx(2 * model.energy_j(64, 8192)[0])
    assert model.energy_j(64, 4 * model.bytes[-1])[0] == pytest.approx(4**0.78 * model.read_j[-1])
    assert model.energy_j(64, 1) == model.energy_j(64, model.least_words * 8)  # smaller ones do not get cheaper


def test_a_converter_is_never_scaled_by_node_and_logic_is(tmp_path):
    other = load_components(_file(tmp_path, "design:\n  node_nm: {value: 65, source: mine, sure: verified}\n"))
    assert other.price("isaac.adc.convert") == LIBRARY.price("isaac.adc.convert")
    assert other.price("brahms.dac.convert") == LIBRARY.price("brahms.dac.convert")
    add = other.price("horowitz-2014.fp32.add").energy_j
    assert add == pytest.approx(0.9e-12 * LOGIC.factors(45, 65)[0])


def test_every_component_has_a_source_and_every_role_a_price():
    for name, component in LIBRARY.components.items():
        assert component.source and component.sure in ("verified", "estimate"), name
    for role in LIBRARY.roles:
        price = LIBRARY.item(role, bits=8)
        assert price.energy_j is not None and price.low_j is not None and price.high_j is not None
        assert price.low_j <= price.energy_j <= price.high_j
    assert {path.stem for path in SHIPPED.glob("*.yaml")} >= {"isaac", "neurram", "timely", "puma", "nodes", "machines"}


def test_an_own_estimate_says_so():
    assert LIBRARY.price("paper-s.skyrmion_published.read").source.endswith("(own estimate)")


def test_energies_grow_with_bits_as_the_component_says():
    assert LIBRARY.price("aladdin.adder.add", bits=16).energy_j == pytest.approx(
        LIBRARY.price("aladdin.adder.add", bits=32).energy_j / 2  # linear
    )
    full, half = (LIBRARY.price("aladdin.multiplier.multiply", bits=bits).energy_j for bits in (32, 16))
    assert full == pytest.approx(4 * half)  # quadratic
    assert LIBRARY.price("brahms.dac.convert", bits=10).energy_j == pytest.approx(4 * 0.291e-12)  # each bit doubles it


def test_a_formula_of_a_user_s_own_is_taken(tmp_path):
    own = load_components(_file(tmp_path, FORMULA.replace("MORE", "")))
    assert own.item("adc", bits=8).energy_j == LIBRARY.item("adc", bits=8).energy_j


def test_a_table_by_bits_takes_the_range_along(tmp_path):
    table = "energy_j: 2.0e-12, energy_low_j: 1.0e-12, energy_high_j: 6.0e-12, energy_by_bits_j: {'4': 0.5e-12}"
    price = load_components(_file(tmp_path, OWN.replace("energy_j: 1.0e-12", table))).price("isaac.adc.convert", bits=4)
    assert (price.low_j, price.energy_j, price.high_j) == pytest.approx((0.25e-12, 0.5e-12, 1.5e-12))


OWN = """components:
  isaac.adc:
    source: my data sheet
    sure: verified
    actions: {convert: {energy_j: 1.0e-12}}
"""


assert ADC is not None
FORMULA = f"""components:
  adc-survey.adc:
    source: mine
    sure: verified
    actions: {{convert: {{}}}}
    adc_model: {ADC.model_dump(mode="json")}
    MORE
"""


def test_a_user_s_file_overrides_an_entry_and_leaves_the_others(tmp_path):
    library = load_components(_file(tmp_path, OWN))
    assert library.price("isaac.adc.convert", bits=8).energy_j == 1e-12
    assert library.item("adc", bits=8).low_j == 1e-12
    assert library.components["isaac.shift-add"] == LIBRARY.components["isaac.shift-add"]
    assert load_components() is LIBRARY


def test_a_user_s_own_component_prices_an_item_through_its_role(tmp_path):
    text = OWN.replace("isaac.adc", "adc") + "roles:\n  adc: {value: mine.adc.convert}\n"
    price = load_components(_file(tmp_path, text)).item("adc", bits=8)
    assert (price.low_j, price.energy_j, price.high_j) == (1e-12, 1e-12, 1e-12)


def test_a_figure_from_memory_is_not_billed(tmp_path):
    text = OWN.replace("verified", "memory") + "roles:\n  adc: {value: isaac.adc.convert}\n"
    price = load_components(_file(tmp_path, text)).item("adc", bits=8)
    assert price.energy_j is None and "from memory" in price.missing
    as_low = load_components(_file(tmp_path, OWN.replace("verified", "memory"))).item("adc", bits=8)
    assert as_low.low_j == as_low.energy_j  # nor does it widen a range


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OWN.replace("    source: my data sheet\n", ""), ("source is missing", "line 4", "Add source")),
        (OWN.replace("my data sheet", '""'), ("source",)),
        (OWN.replace("my data sheet", '"  "'), ("source",)),
        (OWN.replace("1.0e-12", "-1.0e-12"), ("energy_j", "line 7")),
        (OWN.replace("1.0e-12", ".nan"), ("energy_j",)),
        (OWN.replace("convert:", "konvert:"), ("action of isaac.adc", "convert", "konvert")),
        (OWN.replace("isaac.adc", "isac.adc"), ("isac.adc", "Did you mean isaac.adc?")),
        (OWN.replace("isaac.adc", "adc"), ("mine.adc", "no item uses")),
        (OWN.replace("sure: verified", "sure: quite"), ("sure", "quite")),
        (OWN.replace("    sure: verified\n", ""), ("sure is missing",)),
        (OWN.replace("energy_j: 1.0e-12", "energy_low_j: 2.0e-12, energy_j: 1.0e-12"), ("must not fall",)),
        (OWN.replace("energy_j: 1.0e-12", "time_s: 1.0e-9"), ("no energy_j",)),
        (OWN.replace("    actions", "    scaling: logic\n    actions"), ("node_nm",)),
        (OWN.replace("    actions", "    node_nm: 32\n    scaling: moore\n    actions"), ("moore", "logic")),
        (OWN.replace("    actions", "    watts: 3\n    actions"), ("unknown key", "watts")),
        ("design: {node_nm: {value: 250, source: mine, sure: verified}}\n", ("250", "7 to 180", "--components")),
        ("design: {bits: {value: 2, source: mine, sure: verified}}\n", ("2", "4 to 14")),
        *(
            (f"design: {{{name}: {{value: {value}, source: mine, sure: verified}}}}\n", (name, words))
            for name, value, words in (
                ("adc_shared_by", 0, "whole number from 1"),
                ("adc_shared_by", 0.5, "whole number from 1"),
                ("adc_shared_by", 2.7, "not 2.7"),
                ("bits", 7.5, "not 7.5"),
                ("adc_rate_per_s", 0, "above 0"),
            )
        ),
        ("design: {colour: {value: 2, source: mine, sure: verified}}\n", ("colour", "node_nm")),
        ("roles: {adc: {value: isaac.adc.read}}\n", ("action of isaac.adc", "read", "convert")),
        ("roles: {adcs: {value: isaac.adc.convert}}\n", ("adcs", "Did you mean adc?")),
        ("roles: {adc: {value: adc}}\n", ("adc",)),
        (
            "machines: {mine: {kind: gpu, power_w: 9, conditions: x, source: y, sure: verified}}\n",
            ("operations_per_s",),
        ),
        (
            OWN.replace("    actions", "    bits: 8\n    bits_rule: linear\n    actions").replace(
                "energy_j: 1.0e-12", "energy_j: 1.0e-12, energy_by_bits_j: {'8': 1.0e-12}"
            ),
            ("bits_rule", "again"),
        ),
        (FORMULA.replace("MORE", "bits: 8\n    bits_rule: linear"), ("bits_rule", "again")),
        (FORMULA.replace("MORE", "node_nm: 32\n    scaling: logic"), ("scaling", "again")),
        (FORMULA.replace("MORE", "").replace("{}", "{energy_high_j: 1.0e-12}"), ("no use beside a formula",)),
        ("passes: {generatr: {forward: 9, backward: 1, gradients: 1}}\n", ("generatr", "Did you mean generator?")),
        (
            f"scaling: {{logik: {LOGIC.model_dump(mode='json')}}}\n",
            ("logik", "that a component follows", "Did you mean logic?"),
        ),
        (
            "machines: {mine: {kind: gpu, energy_per_mac_j: 1.0e-12, energy_per_mac_low_j: 2.0e-12, conditions: x, "
            "source: y, sure: verified}}\n",
            ("must not fall",),
        ),
        ("components: [1]\n", ("components",)),
    ],
)
def test_a_bad_file_is_one_line_with_the_file_and_a_remedy(tmp_path, text, words):
    path = _file(tmp_path, text)
    with pytest.raises(UserError) as caught:
        load_components(path)
    assert str(path) in caught.value.problem and caught.value.remedy
    assert "\n" not in caught.value.problem
    told = f"{caught.value.problem} {caught.value.remedy}"
    assert all(word in told for word in words), told


def test_a_file_without_schema_or_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    with pytest.raises(UserError, match=r"mine\.yaml"):
        load_components(path)
    path.write_text("origin: mine\n")
    with pytest.raises(UserError, match="schema_version"):
        load_components(path)


def _file(folder, text):
    path = folder / "mine.yaml"
    path.write_text(f"schema_version: 1\norigin: mine\n{text}", encoding="utf-8")
    return path
