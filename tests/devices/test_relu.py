from spingan.devices import relu


def test_what_is_printed_of_the_relu_stands_in_rows_and_the_rest_is_called_assumed(small_study):
    rows = relu.rows(small_study)
    printed = {row.printed for row in rows if row.printed is not None}
    assert {850.75, 1640.0, 9.16, 10.7} <= printed
    bias = next(row for row in rows if row.quantity == "bias current")
    assert bias.printed is None
    assert "assumed" in bias.note


def test_the_curve_is_a_relus_and_says_what_was_assumed(small_study):
    curve = relu.curve(small_study)
    assert curve.function == "relu"
    assert any("not printed: assumed" in note for note in curve.notes)


def test_the_energy_is_billed_in_a_window_that_is_named(small_study):
    (item,) = relu.energy_items(small_study)
    assert item.window_s is not None
    assert item.energy_j > 0
