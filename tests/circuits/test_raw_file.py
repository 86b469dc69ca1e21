import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spingan.circuits.raw_file import read_raw
from spingan.errors import UserError


def raw_bytes(name, columns, complex_values=False, points=None):
    """A plot in ngspice's binary format."""
    table = np.column_stack(list(columns.values())).astype(np.complex128 if complex_values else np.float64)
    header = [
        "Title: a test",
        "Date: today",
        f"Plotname: {name}",
        f"Flags: {'complex' if complex_values else 'real'}",
        f"No. Variables: {len(columns)}",
        f"No. Points: {len(table) if points is None else points}     ",
        "Variables:",
        *(f"\t{index}\t{column}\tvoltage" for index, column in enumerate(columns)),
        "Binary:\n",
    ]
    return "\n".join(header).encode() + table.tobytes()


FILE = raw_bytes("DC", {"v(a)": [1.0, 2.0], "V(B)": [3.0, 4.0]}) + raw_bytes("AC", {"v(c)": [1 + 2j]}, True)


def test_every_plot_of_a_file_is_read_real_or_complex():
    direct, alternating = read_raw(FILE)
    assert (direct.name, direct.title, direct.points) == ("DC", "a test", 2)
    assert direct["v(a)"].tolist() == [1.0, 2.0]
    assert direct["v(b)"].tolist() == direct["V(B)"].tolist() == [3.0, 4.0]
    assert direct.units["v(b)"] == "voltage"
    assert alternating["v(c)"].tolist() == [1 + 2j]


def test_a_vector_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UserError, match=r"no vector 'v\(z\)'\n  It has v\(a\), v\(b\)"):
        read_raw(FILE)[0]["v(z)"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (FILE[:-1], "plot 2: 15 bytes of values where 16 are due"),
        (raw_bytes("DC", {"v(a)": [1.0]}, points=10**14), "8 bytes of values where 800000000000000 are due"),
        (raw_bytes("DC", {"v(a)": [1.0]}, points=-1), "No. Points is '-1', not a count"),
        (raw_bytes("DC", {"v(a)": [1.0], "V(A)": [1.0]}), r"the vector 'v\(a\)' occurs twice"),
        (FILE.replace(b"Flags: real", b"Flags: imaginary"), "Flags are 'imaginary'"),
        (FILE.replace(b"Variables: 2", b"Variables: 3"), "2 variables where the header says 3"),
        (FILE.replace(b"\t1\tV(B)", b"\t7\tV(B)"), "is not variable 1"),
        (FILE.replace(b"\nVariables:", b"\nVarieties:"), "no table of variables"),
        (FILE.replace(b"Binary:", b"Values:"), "no line Binary:|7 variables|is not variable"),
        (b"nonsense", "no line Binary:"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_with_the_reason(data, said):
    with pytest.raises(UserError, match=said):
        read_raw(data)


@given(
    columns=st.integers(1, 4),
    points=st.integers(0, 5),
    complex_values=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_written_is_read_back_to_the_last_bit(columns, points, complex_values, seed):
    rng = np.random.default_rng(seed)
    written = {f"v({index})": rng.normal(size=points) + 1j * rng.normal(size=points) for index in range(columns)}
    if not complex_values:
        written = {name: values.real for name, values in written.items()}
    (plot,) = read_raw(raw_bytes("any", written, complex_values))
    assert all(np.array_equal(plot[name], values) for name, values in written.items())


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(data):
    _read_or_refuse(data)


@given(st.integers(0, len(FILE) - 1), st.binary(max_size=4), st.integers(0, 20))
def test_no_damage_to_a_file_crashes_the_reader(at, inserted, removed):
    _read_or_refuse(FILE[:at] + inserted + FILE[at + removed :])


def _read_or_refuse(data):
    try:
        plots = read_raw(data)
    except UserError:
        return
    assert all(len(vector) == plot.points for plot in plots for vector in plot.vectors.values())
