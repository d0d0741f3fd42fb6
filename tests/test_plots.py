"""Pictures: what is drawn is where it should be, and each is labelled."""

import numpy as np
import pytest
import sympy as sp

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from rnnsym import plots  # noqa: E402
from rnnsym.analysis.snr import snr  # noqa: E402
from rnnsym.cells import elman, gru, lstm  # noqa: E402
from rnnsym.questions import PICTURES, default_model, picture  # noqa: E402
from rnnsym.questions.numeric import settled, unset  # noqa: E402
from rnnsym.result import RnnsymError, ShapeError, SpecError  # noqa: E402
from rnnsym.systems import LinearSystem  # noqa: E402

w, b, a = sp.symbols("w b a", real=True)
ROTATION = np.array([[1.4, -0.9], [0.9, 1.4]])


@pytest.fixture(autouse=True)
def _closed():
    import matplotlib.pyplot as plt

    yield

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


# The table of pictures


def example(entry):
    model, values = entry.example()
    return model if model is None or not values else model.subs({k: sp.Rational(v) for k, v in values.items()})


def test_every_picture_stands_in_the_table():
    assert [p.name.replace("-", "_") for p in sorted(PICTURES, key=lambda p: p.name)] == sorted(plots.__all__)


@pytest.mark.parametrize("entry", PICTURES, ids=lambda p: p.name)
def test_every_picture_has_an_example_and_labels(entry):
    figure = entry.draw(example(entry))
    assert all(ax.get_ylabel() for ax in figure.axes) and figure.axes[-1].get_xlabel()
    handles = [label for ax in figure.axes for label in ax.get_legend_handles_labels()[1]]
    assert handles or entry.name == "bifurcation-diagram"
    assert len(handles) == len(set(handles))


def test_pictures_of_a_report_are_those_with_a_meaning():
    def shown(model):
        return [p.name for p in PICTURES if p.report and p.applies(model) is None]

    assert shown(default_model()) == ["stability-triangle"]
    assert shown(gru()) == [] and shown(lstm().at(n=2, m=1)) == []
    assert shown(elman(W_h=w, b=b)) == ["bifurcation-set"]
    assert shown(elman(W_h=w, b=0)) == ["bifurcation-set", "bifurcation-diagram"]
    assert shown(elman(W_h=2, b=0)) == ["bifurcation-set", "cobweb", "gradient-norms"]
    assert shown(LinearSystem(a, 1)) == ["snr-gain"]
    assert "bode" in shown(LinearSystem(0.5, 1))


def test_weights_of_the_input_need_no_numbers():
    model = default_model().subs({"W_h": [[2, 0], [0, 1]], "b": [0, 0]})
    assert unset(model) == () and {s.name for s in model.parameters} == {"W_x_11", "W_x_21", "C_11", "C_12"}
    assert settled(model).parameters == ()
    with pytest.raises(SpecError, match="needs numbers for W_h_11, W_h_12, W_h_21, W_h_22, b_1, b_2"):
        settled(default_model())


def test_a_picture_refuses_what_gives_it_no_meaning():
    with pytest.raises(SpecError, match="pole-zero does not apply to elman: it is nonlinear"):
        picture("pole-zero").draw(default_model())
    with pytest.raises(SpecError, match="one parameter must be left"):
        picture("bifurcation-diagram").draw(elman(W_h=w, b=b))
    with pytest.raises(SpecError, match="has no option 'steps'; it has: output, input"):
        picture("bode").draw(LinearSystem(0.5, 1), steps=3)
    with pytest.raises(SpecError, match="did you mean 'cobweb'"):
        picture("cobwebs")


def test_the_gain_of_a_system_is_that_of_the_formula():
    for readout in ("current", "previous"):
        system = LinearSystem([[0.5, 0.3], [-0.2, 0.7]], [1, 2], [1, 1], 0.5, readout=readout)
        ax = plots.snr_gain(system)
        omega, gain = ax.lines[0].get_xydata()[100]
        G = next(e for s, e in snr(system).where if s.name == "G")
        (symbol,) = G.free_symbols
        assert float(G.subs(symbol, omega)) == pytest.approx(gain, rel=1e-9)
    with pytest.raises(SpecError, match="the noise grows without bound"):
        plots.snr_gain(LinearSystem(1, 1))


def test_the_norm_of_the_product_lies_between_its_bounds():
    ax = plots.gradient_norms(elman(), {"W_h": ROTATION / 2, "b": np.zeros(2)}, h0=[0.5, -0.2], steps=12)
    upper, norm, lower, whole = (line.get_ydata() for line in ax.lines[:4])
    assert (
        np.all(lower <= norm * (1 + 1e-9))
        and np.all(norm <= upper * (1 + 1e-9))
        and np.all(upper <= whole * (1 + 1e-9))
    )


def test_a_point_on_the_boundary_is_called_marginal():
    ax = plots.cobweb(elman("relu", W_h=-1, b=1), {}, h0=0.1)
    assert curve(ax, "marginal").tolist() == [[0.5, 0.5]]


def test_a_unit_with_numbers_is_marked_in_the_plane():
    ax = picture("bifurcation-set").draw(elman(W_h=6, b=sp.Rational(1, 2))).axes[0]
    assert curve(ax, "this unit").tolist() == [[6.0, 0.5]] and ax.get_xlim()[1] > 6


def test_equal_places_in_the_triangle_are_one_mark():
    ax = plots.stability_triangle([np.eye(2), np.eye(2), np.zeros((2, 2))], names=["A", "B", "C"])
    assert [t for t in ax.get_legend_handles_labels()[1] if "tr" not in t and "det" not in t] == ["A and 1 more", "C"]


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
