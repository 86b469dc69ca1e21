"""A printed figure stands beside ours only where net and devices are the paper's."""

import pytest

from spingan.papers.paper import printed_row
from spingan.papers.training_account import account_of_recipe


@pytest.mark.parametrize(
    ("data", "net", "technology", "row"),
    [
        ("fashion-mnist", "fashion", "skyrmion-published", "fashion-mnist"),
        ("fashion-mnist", "fashion", "skyrmion-published-smooth", "fashion-mnist"),
        ("anime-faces", "colour-64", "skyrmion-published", "anime-faces"),
        ("fashion-mnist", "fashion-norm-free", "skyrmion-published", None),
        ("fashion-mnist", "fashion", "wox-memristor", None),
        ("fashion-mnist", "fashion", "ideal", None),
        ("cartoon-faces", "colour-64", "skyrmion-published", None),
        ("anime-faces", "fashion", "skyrmion-published", None),
        ("mnist", "am-dcgan", "wox-memristor", None),
    ],
)
def test_a_row_belongs_to_a_net_and_its_devices(data, net, technology, row):
    assert printed_row(data, net, technology) == row


def test_a_bill_of_another_technology_or_net_has_no_printed_figure():
    def printed(recipe: str, *overrides: str) -> list[str | None]:
        return [row["printed"] for row in account_of_recipe(recipe, overrides).to_dict()["table"]]

    assert all(printed("fashion-mnist"))
    assert not any(printed("clothes")) and not any(printed("fashion-mnist", "technology=skyrmion-designed"))
