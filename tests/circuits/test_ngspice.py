import math
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from spingan.circuits.ngspice import find_ngspice, run, wishes
from spingan.errors import UserError

DIVIDER = "divider\nv1 in 0 1\nr1 in out 1k\nr2 out 0 3k\n.dc v1 0 1 0.25"
# No voltage satisfies x = 0.4 more current than can flow: the source turns over faster than the resistor can follow.
NO_SOLUTION = "title\nv1 in 0 0\nb1 0 x i=v(in)<0.55 ? v(in) : 1e3*(v(x)>0.3 ? -1 : 1)*(1+abs(v(x)))\nr1 x 0 1k\n"


def test_a_divider_divides(ngspice):
    (plot,) = run(DIVIDER).plots
    assert plot["v(out)"] == pytest.approx(0.75 * np.arange(5) / 4, rel=1e-12)
    assert plot["i(v1)"] == pytest.approx(-np.arange(5) / 4 / 4e3, rel=1e-9)  # gmin, 1e-12 S, is in it


def test_a_capacitor_charges_as_the_closed_form_says(ngspice):
    (plot,) = run("rc\nv1 in 0 1\nr1 in out 1k\nc1 out 0 1n ic=0\n.tran 1n 5u 0 2n uic").plots
    assert plot["v(out)"] == pytest.approx(1 - np.exp(-plot["time"] / 1e-6), abs=2e-4)  # 1e-3 is ngspice's own aim


def test_a_resonant_circuit_rings_at_its_damped_frequency(ngspice):
    # R = 20, L = 1 µH, C = 1 nF: damping R/2L = 1e7 /s, angular frequency sqrt(1/LC - (R/2L)^2) = 3e7 rad/s.
    (plot,) = run("rlc\nv1 in 0 1\nr1 in a 20\nl1 a out 1u ic=0\nc1 out 0 1n ic=0\n.tran 1n 400n 0 0.2n uic").plots
    time, damping, omega = plot["time"], 1e7, 3e7
    exact = 1 - np.exp(-damping * time) * (np.cos(omega * time) + damping / omega * np.sin(omega * time))
    assert plot["v(out)"] == pytest.approx(exact, abs=2e-3)


def test_several_analyses_give_several_plots_complex_ones_too(ngspice):
    run_ = run("ac\nv1 in 0 dc 1 ac 1\nr1 in out 1k\nc1 out 0 1n\n.op\n.ac lin 3 100k 300k")
    plots = {plot.name: plot for plot in run_.plots}
    response = plots["AC Analysis"]["v(out)"]
    expected = 1 / (1 + 2j * math.pi * np.array([1e5, 2e5, 3e5]) * 1e-6)
    assert response == pytest.approx(expected, rel=1e-6)
    assert plots["Operating Point"]["v(out)"] == pytest.approx([1.0])


def test_analyses_of_one_kind_come_in_the_netlists_order(ngspice):
    plots = run("order\nv1 a 0 1\nr1 a 0 1k\n.dc v1 0 1 1\n.op\n.dc v1 0 2 1\n.dc v1 0 3 1").plots
    assert [plot.points for plot in plots if plot.name.startswith("DC")] == [2, 3, 4]


@pytest.mark.parametrize(
    ("netlist", "said"),
    [
        ("t\nv1 a 0 1\n\n* note\nm1 a a 0\n+ 0 nope w=1u l=1u\n.op", r"line 5 of the netlist, 'm1 a a 0 0 nope.*model"),
        ("t\nv1 a 0 1\nR1 a 0 foo bar\n.op", r"line 3 of the netlist, 'R1 a 0 foo bar': can't find model 'foo'"),
        ("t\nv1 a 0 1\nr1 a 0 26.562a\nc1 a 0 {zork}\n.op", r"line 4 of the netlist, .*Undefined parameter \[zork\]"),
        ("t\nv1 a 0 1\nb1 b 0 v=v(a)+foo(3)\nr1 b 0 1\n.op", r"line 3 of the netlist, .*no such function 'foo'"),
        ("t\nv1 a 0 1\nx1 a 0 cell\n.op", r"line 3 of the netlist, 'x1 a 0 cell': there is no \.subckt"),
        (
            "t\n.subckt cell a\nr1 a 0 zork yy\n.ends\nv1 a 0 1\nx1 a cell\n.op",
            r"line 3 of the netlist, 'r1 a 0 zork yy'",
        ),
        ("t\n.model nn nmos level=99\nm1 a a 0 0 nn\nv1 a 0 1\n.op", r"line 3 of .*Only MOS device levels 1-6"),
        ("t\n.model nn nmos level=100\nm1 a a 0 0 nn\nv1 a 0 1\n.op", r"no level such as that of line 2 .*level=100'"),
        ("t\nv1 a 0 1\nr1 a 0 1\n.dc v9 0 1 0.1", r'named "v9" is not in the circuit'),
        ("t\nv1 a 0 1\nr1 a 0 1", "asks for no analysis"),
        (f"{NO_SOLUTION}.dc v1 0 1 0.1", "no solution: Too many iterations without convergence"),
        (f"{NO_SOLUTION}.tran 1n 1n 0 1p uic\nv2 y 0 1\nv3 y 0 2", "no solution: .*at node (y|v2#branch|v3#branch) "),
        (
            NO_SOLUTION.replace("v1 in 0 0", "v1 in 0 pulse(0 1 1n 1p)") + ".tran 10p 9n",
            r"step too small.*at node x \(l",
        ),
    ],
)
def test_what_ngspice_refuses_comes_back_with_its_line(ngspice, netlist, said):
    with pytest.raises(UserError, match=said):
        run(netlist)


def test_an_operating_point_that_does_not_exist_is_not_invented(ngspice):
    # ngspice 39 by itself goes on with a transient run and calls what it ends at a solution.
    with pytest.raises(UserError, match="no solution"):
        run("t\nb1 0 x i=exp(40*v(x))+1+(v(x)>0 ? 1e3 : -1e3)\nr1 x 0 1k\n.op")


def test_a_parameter_that_a_model_does_not_know_is_refused_by_its_name(ngspice):
    netlist = "t\nv1 a 0 1\nm1 a a 0 0 nn w=1u l=1u\n.model nn nmos level=54 version=4.8 vth0=0.3 zork=3\n.op"
    with pytest.raises(UserError, match=r"ngspice ignores zork of '\.model nn nmos'"):
        run(netlist)
    assert run(DIVIDER).warnings == ()


def test_a_run_past_its_time_limit_is_stopped_and_said(ngspice):
    with pytest.raises(UserError, match=r"time limit of 0\.2 s"):
        run("t\nv1 a 0 sin(0 1 1g)\nr1 a b 1\nc1 b 0 1p\n.tran 1p 1m", time_limit_s=0.2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (".control\nshell touch here\n.endc", "is a script"),
        (" .CONTROL", "is a script"),
        ('.include "/etc/hostname"', "names a file"),
        (".lib 'models' tt", "names a file"),
        (".end", "out of place"),
    ],
)
def test_scripts_and_files_are_refused_before_anything_runs(line, said):
    with pytest.raises(UserError, match=rf"netlist line 3: .*{said}"):
        run(f"t\nv1 a 0 1\n{line}\nr1 a 0 1\n.op")
    with pytest.raises(UserError, match="is a script"):
        run("*ng_script\nshell touch here")


def test_shell_characters_in_a_title_reach_no_shell(ngspice, tmp_path):
    kept = tmp_path / "a b; touch $(x) `y`"
    with wishes(keep=kept):
        (plot,) = run(DIVIDER.replace("divider", f"`touch {tmp_path}/1`; $(touch {tmp_path}/2) | touch 3")).plots
    assert plot.points == 5
    assert sorted(path.name for path in (kept / "001").iterdir()) == ["deck.cir", "deck.raw", "spinit"]
    assert list(tmp_path.iterdir()) == [kept]


def test_a_folder_with_older_results_is_refused_and_temporary_ones_are_removed(ngspice, tmp_path, monkeypatch):
    (tmp_path / "deck.raw").write_bytes(b"old")
    with pytest.raises(UserError, match="holds files already"), wishes(keep=tmp_path):
        run(DIVIDER)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    run(DIVIDER)
    with pytest.raises(UserError):
        run("t\nr1 a 0 x y\n.op")
    assert list(temporary.iterdir()) == []


def test_a_users_own_start_up_file_changes_nothing(ngspice, tmp_path, monkeypatch):
    (tmp_path / ".spiceinit").write_text("set filetype=ascii\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SPICE_ASCIIRAWFILE", "1")
    assert run(DIVIDER).plots[0].points == 5


def test_without_ngspice_the_error_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install ngspice"):
        run(DIVIDER)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo '** ngspice-38 : Circuit'", "is ngspice 38, older than 39"),
        ("echo hello", "does not say which version"),
        ('[ "$1" = --version ] && echo ngspice-99 || kill -9 $$', "killed by signal 9"),
        ('[ "$1" = --version ] && echo ngspice-99 || kill -11 $$', "killed by signal 11"),
        ('[ "$1" = --version ] && echo ngspice-99 || exit 3', "gave up: it said nothing"),
        ('[ "$1" = --version ] && echo ngspice-99 || echo cut > deck.raw', "no line Binary:"),
    ],
)
def test_a_program_that_is_old_or_ends_badly_is_an_error_not_a_result(script, said, monkeypatch, tmp_path):
    program = tmp_path / "ngspice"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert Path(program).exists()
    with pytest.raises(UserError, match=said):
        run(DIVIDER)


def test_the_program_here_is_of_a_version_that_will_do(ngspice):
    assert find_ngspice().endswith("ngspice")
