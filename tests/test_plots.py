"""Pictures: what is drawn is where it should be, and each is labelled."""

import numpy as np
import pytest
import sympy as sp

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from rnnsym import plots  # noqa: E402
from rnnsym.cells import elman, lstm  # noqa: E402
from rnnsym.result import RnnsymError, ShapeError, SpecError  # noqa: E402
from rnnsym.systems import LinearSystem  # noqa: E402

w, b, a = sp.symbols("w b a", real=True)
ROTATION = np.array([[1.4, -0.9], [0.9, 1.4]])


@pytest.fixture(autouse=True)
def _closed():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def curve(ax, label):
    return next(line.get_xydata() for line in ax.lines if str(line.get_label()).startswith(label))


def test_pictures_are_public_as_plot():
    import rnnsym

    assert rnnsym.plot.magnitude is plots.magnitude and set(plots.__all__) <= set(dir(rnnsym.plot))


def test_a_hidden_mode_is_drawn_and_not_lost():
    system = LinearSystem([[0.5, 0], [0, 2]], [[1], [0]], [[1, 1]], 0)
    ax = plots.pole_zero(system)
    assert curve(ax, "poles").tolist() == [[0.5, 0.0]]
    assert curve(ax, "cancelled").tolist() == [[2.0, 0.0]]
    assert curve(ax, "zeros").tolist() == [[0.0, 0.0]]  # readout "current" has a zero at 0


def test_the_readout_moves_the_zero_at_the_origin():
    ax = plots.pole_zero(LinearSystem(0.5, 1, 1, 0, readout="previous"))
    assert len(curve(ax, "zeros")) == 0


@pytest.mark.parametrize("readout", ["current", "previous"])
def test_the_magnitude_is_that_of_the_transfer_function(readout):
    ax = plots.magnitude(LinearSystem(a, 2, 1, 3, readout=readout), {"a": 0.5})
    omega, decibels = ax.lines[0].get_xydata().T
    z = np.exp(1j * omega)
    H = 2 / (z - 0.5) * (z if readout == "current" else 1) + 3
    assert np.allclose(decibels, 20 * np.log10(np.abs(H)))


def test_the_impulse_response_is_the_markov_parameters():
    ax = plots.impulse_response(LinearSystem(0.5, 2, 1, 3), steps=4)
    assert np.allclose(ax.containers[0].markerline.get_ydata(), [5, 1, 0.5, 0.25])
    ax = plots.impulse_response(LinearSystem(0.5, 2, 1, 3, readout="previous"), steps=4)
    assert np.allclose(ax.containers[0].markerline.get_ydata(), [3, 2, 1, 0.5])


def test_no_gain_exceeds_its_envelope():
    ax = plots.snr_gain((0.9, 0.3, -0.7))
    top = curve(ax, "$G_").T[1]
    assert all(np.all(line.get_ydata() <= top * (1 + 1e-12)) for line in ax.lines)
    with pytest.raises(SpecError, match="inside the unit circle"):
        plots.snr_gain((1.2,))


def test_the_fold_curve_passes_through_known_points():
    ax = plots.bifurcation_set()
    weights, bias = curve(ax, "fold").T
    assert np.interp(1.5, weights, bias) == pytest.approx(0.207546455322030, abs=1e-4)
    assert np.interp(3.0, weights, bias) == pytest.approx(1.30327390800259, abs=1e-4)


def test_the_portrait_shows_fixed_points_by_stability():
    ax = plots.phase_portrait(elman(), {"W_h": 2 * np.eye(2), "b": np.zeros(2)})
    assert len(curve(ax, "stable")) == 4 and len(curve(ax, "unstable")) == 5
    assert np.allclose(np.abs(curve(ax, "stable")), 0.957504, atol=1e-6)


def test_the_other_pictures_are_labelled():
    scalar = elman(W_h=w, b=b)
    drawn = [
        plots.cobweb(scalar, {"w": -1.5, "b": 0.2}),
        plots.bifurcation_diagram(scalar, "w", np.linspace(-3, 3, 50), {"b": 0.1}),
        plots.stability_triangle([[[0.5, 0.2], [0.0, 0.3]]]),
        plots.gradient_norms(elman(), {"W_h": ROTATION}, h0=[0.1, 0.0], steps=5),
        plots.gradient_norms(elman(), {"W_h": ROTATION, "W_x": np.ones((2, 1))}, h0=[0.1, 0.0], x=np.ones(5)),
        *plots.bode(LinearSystem(0.5, 1)),
        plots.phase(LinearSystem(0.5, 1)),
    ]
    assert all(ax.get_xlabel() or ax.get_ylabel() for ax in drawn)


def test_axes_that_are_given_are_used():
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    assert plots.magnitude(LinearSystem(0.5, 1), ax=ax) is ax


def test_models_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="needs one"):
        plots.cobweb(lstm(), {})
    with pytest.raises(ShapeError, match="this picture needs 1"):
        plots.cobweb(elman(n=2, m=1), {})
    with pytest.raises(SpecError, match="needs values for a"):
        plots.magnitude(LinearSystem(a, 1))
    with pytest.raises(ShapeError, match="counted from 0"):
        plots.magnitude(LinearSystem(0.5, 1), channel=(1, 0))
    with pytest.raises(ShapeError, match="2 x 2"):
        plots.stability_triangle([np.eye(3)])


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(RnnsymError, match=r"pip install 'rnnsym\[plot\]'"):
        plots.bifurcation_set()
