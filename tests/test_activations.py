"""Activations: every record against differences, enclosures and mpmath; the user's own; kinks."""

import math
import pickle
import warnings
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

from rnnsym.activations import TABLE, activation, relu, sigmoid
from rnnsym.activations.constants import MISH_DIP, MISH_PEAK, SELU_ALPHA, SELU_SCALE, SILU_KAPPA
from rnnsym.activations.enclosing import INF, enclose, proves
from rnnsym.activations.functions import elu, gelu, leaky_relu, mish, silu, softplus, softsign
from rnnsym.activations.record import X, Y
from rnnsym.analysis.jacobian import jacobian
from rnnsym.cells import elman
from rnnsym.exact import balls, is_zero
from rnnsym.latex.printer import PagePrinter
from rnnsym.result import KinkError, Result, SpecError
from rnnsym.verify import verify

NAMES = tuple(TABLE)
ALL = [
    *TABLE.values(),
    activation("leaky_relu", slope="3"),
    activation("elu", alpha="3/2"),
    activation("elu", alpha="1/2"),
]
OWN = ("x/(2 + abs(x))", "min(max(x, -2), 2)", "max(0,x)**2/(1 + max(0,x))", "1.7159*tanh(2*x/3)", "abs(tanh(x))", "tanh(x) + sin(x)/2")  # fmt: skip
POINTS = [Fraction(s * k, 16) for k in (1, 3, 7, 12, 15, 17, 24, 40, 70, 160) for s in (1, -1)]
GRID = np.array([s * v for v in (0, 1e-300, 1e-8, 1e-3, 0.5, 0.74, 1.2, 2, 3.5, 10, 20, 25, 37, 100, 745, 1000, 1e10) for s in (1, -1)])  # fmt: skip
STEP = sp.Rational(1, 10**20)


def at(expression, point, digits=60):
    """The value of an expression in X or Y at a rational point, as a ball."""
    with balls.precision(digits):
        value = balls.ball(sp.Rational(point.numerator, point.denominator) if isinstance(point, Fraction) else point)
        return balls.scalar(expression, lambda s: value if s in (X, Y) else balls.NAN)


def code(expression, modules="numpy", kink="nan"):
    return Result("value", sp.Symbol("f"), "=", expression).lambdify(modules, kink=kink)


def identify(record):
    return str(record.phi.expr)


@pytest.mark.parametrize("known", ALL, ids=identify)
def test_derivative_agrees_with_differences_at_60_digits(known):
    for point in POINTS:
        p = sp.Rational(point.numerator, point.denominator)
        if p in known.kinks:
            continue
        with balls.precision(60):
            difference = (at(known.phi(X), p + STEP) - at(known.phi(X), p - STEP)) / balls.ball(2 * STEP)
            assert abs(difference - at(known.derivative(X), p)) < 1e-30
            assert abs(difference - at(known.phi(X).diff(X), p)) < 1e-30


@pytest.mark.parametrize("known", ALL, ids=identify)
def test_derivative_of_output_and_inverse(known):
    for point in POINTS:
        p = sp.Rational(point.numerator, point.denominator)
        if p in known.kinks:
            continue
        y = at(known.phi(X), p)
        with balls.precision(60):
            if known.derivative_of_output is not None:
                got = balls.scalar(known.derivative_of_output(Y), lambda s, y=y: y)
                assert abs(got - at(known.derivative(X), p)) < 1e-25
            if known.inverse is not None and abs(p) < 5:
                assert abs(balls.scalar(known.inverse(Y), lambda s, y=y: y) - balls.ball(p)) < 1e-20


def test_derivatives_of_output_exist_where_they_should():
    have = {name for name, known in TABLE.items() if known.derivative_of_output is not None}
    assert set(NAMES) - have == {"relu", "erf", "erf_scaled", "hard_tanh", "hard_sigmoid", "gelu", "silu", "mish"}


@pytest.mark.parametrize("name", NAMES)
def test_the_second_and_third_derivatives_agree_with_differences(name):
    slope = TABLE[name].derivative(X)
    for expression in (slope, slope.diff(X)):
        for point in (Fraction(1, 7), Fraction(-6, 5), Fraction(5, 2)):
            p = sp.Rational(point.numerator, point.denominator)
            with balls.precision(60):
                difference = (at(expression, p + STEP) - at(expression, p - STEP)) / balls.ball(2 * STEP)
                assert abs(difference - at(expression.diff(X), p)) < 1e-30


def test_a_second_derivative_is_undefined_where_the_slope_has_a_corner():
    for name in ("softsign", "elu", "relu", "hard_tanh"):
        bend = TABLE[name].derivative(X).diff(X)
        assert balls.is_nan(at(bend, sp.Integer(1) if name == "hard_tanh" else sp.Integer(0))), name


@pytest.mark.parametrize("known", ALL, ids=identify)
def test_lipschitz_constant_is_the_supremum_of_the_slope(known):
    """No box reaches above L, and some point comes within 1e-6: certified by enclosures on the whole line."""
    slope = abs_free(known)
    constant = at(sp.S(known.lipschitz), sp.S.Zero)
    top = Fraction(str(sp.N(known.lipschitz, 40)))
    reached = max(float(abs(at(slope, p, 30))) for p in _peaks(known))
    assert float(constant) - 1e-6 <= reached <= float(constant) * (1 + 1e-14)
    bound = top + Fraction(1, 10**6)
    # Beyond 40 the slopes of GELU, SiLU and Mish differ from 0 and 1 by less than 1 + |x| times exp(-|x|).
    reach = 40 if known.name in ("gelu", "silu", "mish") else INF
    assert proves(slope, X, lambda v: -bound <= v[0] and v[1] <= bound, known.kinks, budget=60000, reach=reach)


def abs_free(known):
    """The slope, on the pieces if it is a jumping function."""
    slope = known.derivative(X)
    return sp.Max(*(p[0] for p in known.pieces)) + 0 * X if known.pieces else slope.replace(
        lambda f: type(f).__name__ == "elu_slope", lambda f: sp.Max(sp.Min(1, sp.exp(X)), f.args[1] * sp.exp(sp.Min(0, X)))
    )  # fmt: skip


def _peaks(known):
    grid = [sp.Rational(k, 16) + sp.Rational(1, 10**9) for k in range(-64, 65)]
    near = [sp.Rational(str(v.evalf(25))) for v in (sp.sqrt(2), 2 * SILU_KAPPA, MISH_PEAK)]
    return [*grid, *near, sp.Rational(-1, 10**9), sp.Integer(40)]


@pytest.mark.parametrize("known", ALL, ids=identify)
def test_flags_and_range_hold_at_many_points(known):
    points = [sp.Rational(k, 8) for k in range(-64, 65) if k and sp.Rational(k, 8) not in known.kinks]
    values = [at(known.phi(X), p) for p in points]
    slopes = [at(known.derivative(X), p) for p in points]
    low, high = (float(known.range.inf), float(known.range.sup))
    assert all(low - 1e-15 <= float(v) <= high for v in values)
    with balls.precision(60):
        assert known.monotone == (not any(s < 0 for s in slopes))
        assert known.slope_restricted == (not any(s < 0 or s > 1 for s in slopes))
        ratios = [v / balls.ball(p) for v, p in zip(values, points, strict=True)]
        assert known.sector == (float(at(known.phi(X), sp.S.Zero)) == 0 and not any(r < 0 or r > 1 for r in ratios))
        assert known.odd == all((a + b).contains(0) for a, b in zip(values, reversed(values), strict=True))


def test_the_range_is_reached():
    """Both ends of every range are met, or approached at large |x|."""
    near = [sp.Rational(str(v.evalf(30))) for v in (MISH_DIP,)]
    near += [sp.Rational(k, 128) for k in range(-175, -90)] + [sp.Integer(v) for v in (-(10**7), 10**7)]
    for name, known in TABLE.items():
        values = [float(at(known.phi(X), p, 40)) for p in near]
        for end, found in ((known.range.inf, min(values)), (known.range.sup, max(values))):
            assert abs(float(end) - found) < 2e-5 if end.is_finite else abs(found) > 1e4, name


@pytest.mark.parametrize("name", NAMES)
def test_lipschitz_constant_of_the_derivative(name):
    bend = TABLE[name].lipschitz_derivative
    if bend is None or bend == sp.oo:
        assert bend is None or TABLE[name].kinks
        return
    second = TABLE[name].derivative(X).diff(X)
    points = [sp.Rational(k, 128) + sp.Rational(1, 10**7) for k in range(-320, 321)]
    found = max(float(abs(at(second, p, 20))) for p in points)
    assert float(bend) - 2e-2 < found <= float(bend) * (1 + 1e-14)


def test_constants_to_many_digits():
    table = {
        "gelu": "1.12890414518516", "silu": "1.09983932012887", "mish": "1.08849816", "selu": "1.75809934",
    }  # fmt: skip
    for name, digits in table.items():
        assert abs(sp.N(TABLE[name].lipschitz, 30) - sp.Float(digits, 30)) <= sp.Float(10) ** (2 - len(digits))
    assert abs((SILU_KAPPA * sp.tanh(SILU_KAPPA)).evalf(100) - 1) < sp.Float("1e-98", 100)
    assert abs(SELU_SCALE.evalf(31) - sp.Float("1.050700987355480493419334985295", 31)) < 1e-29
    assert abs(SELU_ALPHA.evalf(31) - sp.Float("1.673263242354377284817042991672", 31)) < 1e-29
    for c in (SILU_KAPPA, MISH_PEAK, MISH_DIP, SELU_ALPHA, SELU_SCALE):
        assert pickle.loads(pickle.dumps(c)) is c and abs(c.evalf(150) - c.evalf(60)) < 1e-58
        assert c.approximation_interval(sp.Rational)[0] < c < c.approximation_interval(sp.Rational)[1]


@pytest.mark.parametrize("name", NAMES)
def test_array_code_agrees_with_mpmath_and_never_warns(name):
    known = TABLE[name]
    for expression in (known.phi(X), known.derivative(X)):
        if not expression.free_symbols:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = code(expression)(x=GRID)
        with mpmath.workdps(500):
            high = code(expression, "mpmath")
            for g, x in zip(got, GRID, strict=True):
                want = high(x=mpmath.mpf(float(x)))
                if mpmath.isnan(want):
                    assert np.isnan(g) and float(x) in map(float, known.kinks)
                else:
                    # what is below 1e-290 has lost digits to gradual underflow
                    assert abs(mpmath.mpf(float(g)) - want) <= 1e-13 * abs(want) + mpmath.mpf("1e-303"), x


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("module", ["torch", "jax"])
def test_the_frameworks_give_the_same_numbers(name, module):
    framework = pytest.importorskip(module)
    known = TABLE[name]
    near = GRID[(abs(GRID) < 30) & (abs(GRID) > 1e-30)]
    if module == "jax":
        framework.config.update("jax_enable_x64", True)
    for expression in (known.phi(X), known.derivative(X)):
        if expression.free_symbols:
            given = framework.tensor(near) if module == "torch" else near
            got = np.asarray(code(expression, module)(x=given))
            assert np.allclose(got, code(expression)(x=near), rtol=1e-12, atol=1e-15, equal_nan=True)
            far = np.asarray(code(expression, module)(x=framework.tensor(GRID) if module == "torch" else GRID))
            assert np.isfinite(far[np.isfinite(code(expression)(x=GRID))]).all()


def test_saturated_values_are_what_they_should_be():
    x = np.array([-1000.0, 1000.0])
    assert code(sigmoid(X).diff(X))(x=x).tolist() == [0, 0]
    assert code(softplus(X))(x=x).tolist() == [0, 1000]
    assert code(1 - sp.tanh(X) ** 2)(x=20.0) == pytest.approx(1.6993417021166355e-17, rel=1e-14)
    assert code(silu(X))(x=x).tolist() == code(mish(X))(x=x).tolist() == code(gelu(X))(x=x).tolist() == [0, 1000]


def test_float32_stays_float32_at_the_kinks_too():
    for name in NAMES:
        J = jacobian(elman(name))
        assert J(W_h=np.eye(2, dtype=np.float32), h=np.full(2, 0.3, np.float32)).dtype == np.float32, name


@pytest.mark.parametrize("phi", [*NAMES, *OWN])
def test_jacobians_are_verified(phi):
    assert verify(jacobian(elman(phi)), trials=24)
    assert verify(jacobian(elman(phi, n=2, m=1)), trials=8)


@pytest.mark.parametrize("phi", ["softplus", "leaky_relu", "selu", "softsign", "arctan", "algebraic", "elu"])
def test_a_wrong_slope_of_the_output_is_refuted(phi):
    from dataclasses import replace

    J = jacobian(elman(phi))
    (wrong,) = (J.rhs.args[0].arg,)
    assert not verify(replace(J, rhs=sp.MatMul(*J.rhs.args, J.rhs.args[-1]), steps=()), trials=24)
    assert not verify(replace(J, rhs=J.rhs.xreplace({wrong: wrong.func(wrong.body / 2, *wrong.args[1:])}), steps=()), trials=24)  # fmt: skip


def test_slopes_are_written_in_the_output():
    shown = {
        "softplus": "diag(1 - exp(-h_t))*W_h", "arctan": "diag(cos(h_t)**2)*W_h", "elu": "diag(h_t - relu(h_t) + 1)*W_h",
        "softsign": "diag((1 - Abs(h_t))**2)*W_h", "algebraic": "diag((1 - h_t**2)**(3/2))*W_h",
        "leaky_relu": "diag(leaky_slope(h_t, 1/100))*W_h",
    }  # fmt: skip
    for name, text in shown.items():
        assert str(jacobian(elman(name)).rhs) == text


def test_a_symbolic_parameter_is_carried_and_must_be_known_positive():
    a = sp.Symbol("a", positive=True)
    known = activation("leaky_relu", slope=a)
    assert known.lipschitz == sp.Max(1, a) and known.sector is None and known.inverse(Y) == leaky_relu(Y, 1 / a)
    assert known.phi(X).diff(a) == X - relu(X)
    J = jacobian(elman(known))
    assert verify(J, trials=16)
    assert J(W_h=np.eye(2), h=np.array([-1.0, 2.0]), a=0.25).tolist() == [[0.25, 0], [0, 1]]
    assert verify(jacobian(elman(activation("elu", alpha=a))), trials=16)
    assert elu(X, a).diff(a) == elu(X, 1) - relu(X)
    with pytest.raises(SpecError, match="declare it"):
        activation("leaky_relu", slope=sp.Symbol("s"))
    with pytest.raises(SpecError, match="tanh has no parameter slope; it takes none"):
        activation("tanh", slope=1)


@pytest.mark.parametrize("known", ALL, ids=identify)
def test_every_activation_prints_and_pickles(known):
    for expression in (known.phi(X), known.derivative(X), known.phi(X) ** 2, sp.S(known.lipschitz)):
        text = PagePrinter().doprint(expression)
        assert text.count("{") == text.count("}") and "_Scalar" not in text and r"\mathtt" not in text
    assert pickle.loads(pickle.dumps(known)) == known


def test_identities_are_proved():
    assert is_zero(sigmoid(X) - (1 + sp.tanh(X / 2)) / 2) is True
    assert is_zero(silu(X) - X * sigmoid(X)) is True
    assert is_zero(softsign(X) - X / (1 + abs(X))) is True
    assert is_zero(gelu(X) - silu(X)) is False


# kinks


@pytest.mark.parametrize("sizes", [{}, {"n": 3, "m": 1}])
def test_a_kink_is_reported_with_its_unit(sizes):
    J = jacobian(elman("relu", **sizes))
    values = {"W_h": np.eye(3), "h": np.array([1.0, 0.0, -1.0])}
    with pytest.raises(KinkError, match=r"ReLU is not differentiable at a=0 \(unit 2\); name a side or a region"):
        J(**values)
    assert J.lambdify(kink="left")(**values).diagonal().tolist() == [1, 0, 0]
    assert J.lambdify(kink="right")(**values).diagonal().tolist() == [1, 1, 0]
    assert np.isnan(J.lambdify(kink="nan")(**values)[1]).all()
    with pytest.raises(KinkError, match="unit 2, batch item 1"):
        J(W_h=np.eye(3), h=np.array([[1.0, 2, 3], [1, 0, 2]]))


@pytest.mark.parametrize(
    ("phi", "kink", "left", "right"),
    [
        ("leaky_relu", 0.0, 0.01, 1), ("hard_tanh", 1.0, 1, 0), ("hard_tanh", -1.0, 0, 1),
        ("selu", 0.0, 1.7580993408473768, 1.0507009873554805), ("min(max(x, -2), 2)", 2.0, 1, 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("module", ["numpy", "mpmath", "torch"])
def test_one_sided_slopes(phi, kink, left, right, module):
    if module != "numpy":
        pytest.importorskip(module)
    J = jacobian(elman(phi, W_h=1, W_x=0, b=0))
    for side, want in (("left", left), ("right", right)):
        assert float(J.lambdify(module, kink=side)(h=np.float64(kink))) == pytest.approx(want, rel=1e-15)
    assert math.isnan(J.lambdify(module, kink="nan")(h=np.float64(kink)))
    if module != "torch":
        with pytest.raises(KinkError, match=f"a={int(kink)}"):
            J.lambdify(module)(h=np.float64(kink))


def test_nan_that_is_given_is_no_kink():
    J = jacobian(elman("relu"))
    assert np.isnan(J(W_h=np.eye(2), h=np.array([np.nan, 1.0]))).any()


# the user's own


def test_a_formula_of_the_table_is_recognized():
    for text, name in (
        ("x/(1+abs(x))", "softsign"), ("1/(1 + exp(-x))", "sigmoid"), ("log(1 + exp(x))", "softplus"), ("x", "identity"),
        ("x*(1 + erf(x/sqrt(2)))/2", "gelu"), ("max(x, 0)", "relu"), ("x/sqrt(1 + x**2)", "algebraic"), ("swish", "silu"),
        ("min(max(x, -1), 1)", "hard_tanh"), ("(abs(x + 1) - abs(x - 1))/2", "hard_tanh"), ("x*tanh(log(1 + exp(x)))", "mish"),
        ("x*tanh(softplus(x))", "mish"), ("x/(1 + exp(-x))", "silu"), ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", "tanh"),
    ):  # fmt: skip
        assert activation(text) == TABLE[name], text
    assert activation("leaky_relu(x, 1/5)").lipschitz == 1
    t = sp.Symbol("t")
    assert activation(sp.Lambda(t, sp.tanh(t))) == activation(sp.tanh(t)) == TABLE["tanh"]


def test_constants_of_rational_pieces_are_exact():
    own = activation("x/(2 + abs(x))")
    assert (own.lipschitz, own.range, own.monotone, own.odd, own.sector) == (sp.Rational(1, 2), sp.Interval.open(-1, 1), True, True, True)  # fmt: skip
    assert own.kinks == ()
    clip = activation("min(max(x, -2), 2)")
    assert (
        clip.kinks == (-2, 2)
        and clip.range == sp.Interval(-2, 2)
        and clip.odd
        and [p[0] for p in clip.pieces] == [0, 1, 0]
    )
    bump = activation("x/(1 + x**2)")
    assert bump.range == sp.Interval(-sp.S.Half, sp.S.Half) and bump.monotone is False and bump.lipschitz == 1
    smooth = activation("max(0,x)**2/(1 + max(0,x))")
    assert smooth.kinks == () and smooth.range == sp.Interval(0, sp.oo) and smooth.lipschitz == 1
    assert activation("x**3").lipschitz == sp.oo


def test_a_scaled_activation_inherits_its_constants():
    lecun = activation("1.7159*tanh(2*x/3)")
    assert lecun.lipschitz == sp.Rational(17159, 15000) and lecun.range.sup == sp.Rational(17159, 10000)
    assert lecun.odd and lecun.monotone and lecun.slope_restricted is False
    assert is_zero(lecun.derivative_of_output(lecun.phi(X)) - lecun.derivative(X)) is True
    shifted = activation("2*sigmoid(x - 1) - 3")
    assert shifted.range == sp.Interval.open(-3, -1) and shifted.odd is False and shifted.lipschitz == sp.S.Half
    falling = activation("-tanh(x)")
    assert falling.monotone is False and falling.range == sp.Interval.open(-1, 1) and falling.slope_restricted is False


def test_what_is_unknown_is_none_and_flags_are_proved_or_refuted():
    own = activation("tanh(x) + x/10")
    assert (own.lipschitz, own.range, own.monotone, own.odd, own.slope_restricted) == (None, None, True, True, False)
    wave = activation("tanh(x) + sin(x)/2")
    assert (wave.monotone, wave.odd, wave.slope_restricted) == (False, True, False)
    assert activation("tanh(x)**3").monotone is True


def test_declarations_are_checked():
    text = "tanh(x) + sin(x)/2"
    assert activation(text, lipschitz=sp.Rational(3, 2)).lipschitz == sp.Rational(3, 2)
    assert activation(text, lipschitz=2).unproved == ("lipschitz",)
    for wrong in (
        {"lipschitz": 1},
        {"monotone": True},
        {"odd": False},
        {"range": sp.Interval(-1, 1)},
        {"sector": True},
    ):
        with pytest.raises(SpecError, match=f"{next(iter(wrong))}=.* was declared"):
            activation(text, **wrong)
    with pytest.raises(SpecError, match="lipschitz=2 was declared for tanh, but it is 1"):
        activation("tanh", lipschitz=2)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("gelu2", "unknown activation 'gelu2'; did you mean 'gelu'.*or pass a formula of x"),
        ("x*y", "activation uses 'y'; only x is allowed"), (sp.Symbol("x") * sp.Symbol("y"), "uses 'y'; only x is allowed"),
        (sp.Lambda(sp.Symbol("t"), sp.Symbol("t") * sp.Symbol("c")), "uses 'c'; only t is allowed"),
        ("sign(x)", "must be continuous"), ("1/x", "has a pole"), ("3", "constant"), ("x +", "unexpected end"),
        ("__import__('os')", "not allowed|must match"), ("x.real", "Attribute is not allowed"), ("foo(x)", "unknown function"),
    ],
)  # fmt: skip
def test_bad_activations_are_refused(bad, message):
    with pytest.raises(SpecError, match=message):
        activation(bad)
    with pytest.raises(SpecError, match=message):
        elman(bad)


def test_enclosures_hold_what_they_should():
    for text in (
        "tanh(x) + x/10",
        "exp(-x**2)*x",
        "1/(1 + abs(x))**2",
        "log(2 + cos(x))",
        "max(x, x**2)",
        "sqrt(1 + x**2)",
    ):
        e = sp.sympify(text.replace("abs", "Abs").replace("max", "Max"), locals={"x": X})
        for low, high in ((-3, -1), (-1, 2), (0, 5), (-INF, 0), (1, INF)):
            box = enclose(e, X, low, high)
            for k in range(9):
                a, b = max(low, -50), min(high, 50)
                value = float(e.subs(X, a + sp.Rational(k, 8) * (b - a)))
                assert float(box[0]) - 1e-12 <= value <= float(box[1]) + 1e-12, (text, low, high)


def test_enclosures_do_not_reach_over_a_jump():
    slope = activation("abs(tanh(x))").derivative(X)
    assert not proves(slope, X, lambda v: v[0] >= 0, budget=300)
    assert not proves(slope, X, lambda v: v[1] <= 0, budget=300)
    assert activation("abs(tanh(x))").monotone is False
