import json
import re

import pytest

from spingan.errors import UserError
from spingan.spec import Activation, Synapse, Technology, load_technology, shipped_technologies
from spingan.spec.catalogue import check, describe, list_technologies, new_template


def test_the_list_holds_every_shipped_technology_and_is_json():
    assert [row["name"] for row in json.loads(json.dumps(list_technologies()))] == list(shipped_technologies())


@pytest.mark.parametrize("name", shipped_technologies())
def test_a_description_is_json_and_holds_the_whole_technology(name):
    shown = json.loads(json.dumps(describe(name)))
    assert shown["values"] == load_technology(name).to_dict()


def test_a_description_says_what_the_paper_leaves_unknown():
    unknown = describe("skyrmion-published")["unknown"]
    assert {"synapse.read.voltage_v", "synapse.read noise", "adc.energy_j", "wire_resistance_ohm"} <= set(unknown)
    assert "synapse.write.energy_j" not in unknown


def test_the_template_loads_as_it_is_and_leaves_its_comments_in(tmp_path):
    files = new_template(tmp_path / "new")
    technology = load_technology(tmp_path / "new")
    assert technology == load_technology(files[0])
    assert technology.activations["leaky_relu"].negative_slope == pytest.approx(0.2)
    assert technology.activations["relu"].negative_slope == 0
    assert all("# " in path.read_text() for path in files)
    assert check(tmp_path / "new")["warnings"] == []
    for path in files[1:]:
        assert check(path)["name"].startswith("my-")


def test_what_the_templates_comments_offer_is_accepted_when_uncommented(tmp_path):
    files = new_template(tmp_path)
    for path, keys in zip(files, (Technology, Synapse, Activation, Activation), strict=True):
        offered = "|".join(keys.model_fields)
        prefix = "" if path.suffix == ".yaml" else "# "
        text = re.sub(rf"^{prefix}# ({offered}): ", rf"{prefix}\1: ", path.read_text(), flags=re.MULTILINE)
        assert text != path.read_text()
        path.write_text(text)
    technology = load_technology(tmp_path)
    assert technology.adc.shared_by == 8
    assert technology.synapse is not None
    assert technology.synapse.spread.cycle_to_cycle == 0.1
    assert technology.activations["relu"].reset.required


def test_a_template_never_overwrites_and_then_writes_nothing(tmp_path):
    (tmp_path / "relu.csv").write_text("mine")
    with pytest.raises(UserError, match=r"relu\.csv is there already"):
        new_template(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["relu.csv"]
    assert (tmp_path / "relu.csv").read_text() == "mine"


def test_a_check_of_a_wrong_file_is_the_readers_error(tmp_path):
    (tmp_path / "s.csv").write_text("level,conductance_s\n0,1\n")
    with pytest.raises(UserError):
        check(tmp_path / "s.csv")
    with pytest.raises(UserError, match="no technology"):
        check(tmp_path / "gone.yaml")


def test_a_check_warns_of_normalised_levels_and_of_energies_without_a_window():
    warnings = " ".join(check("skyrmion-published")["warnings"])
    assert "normalised" in warnings
    assert "no window" in warnings


def test_a_template_that_cannot_be_finished_leaves_nothing_behind(monkeypatch, tmp_path):
    written = []

    def fills_the_disk(path, text):
        if len(written) == 2:
            raise UserError("the disk is full")
        path.write_text(text)
        written.append(path)

    monkeypatch.setattr("spingan.spec.catalogue.write_text", fills_the_disk)
    with pytest.raises(UserError, match="the disk is full"):
        new_template(tmp_path / "new")
    assert len(written) == 2
    assert list(tmp_path.iterdir()) == []
