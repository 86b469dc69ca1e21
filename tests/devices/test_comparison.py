from spingan.devices.comparison import Row


def test_a_row_holds_no_rounding_noise():
    row = Row("whole operation", 305, 122 * 2.4999999999999996, "ns")
    assert 122 * 2.4999999999999996 != 305
    assert row.to_dict() == {"quantity": "whole operation", "printed": 305, "ours": 305.0, "unit": "ns", "note": ""}


def test_twelve_digits_of_a_number_survive():
    assert Row("a current", None, 1.23456789012e-5, "A").ours == 1.23456789012e-5
    assert Row("a current", None, 1.23456789012345e-5, "A").ours == 1.23456789012e-5
