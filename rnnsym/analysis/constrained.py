"""Recurrent weights under a constraint: orthogonal and contractive networks, and cells that are stable by construction.

    orthogonal_weights      Cayley's, exponential and Householder's parametrization are orthogonal; what each leaves out
    orthogonal_gradients    gradients of an orthogonal network never grow; they shrink through the slopes alone
    halmos_dilation, dilated_network     a contraction inside an orthogonal matrix twice as large; as a network
    antisymmetric_stability, cornn_stability     the step for which these cells' own Jacobians are stable
    identity_network, lipschitz_network, bounded_spectrum    Jacobians of 0 and 1; Re lambda and singular values bounded
Norms are spectral norms. May import: everything to the left of `analysis.constrained`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rnnsym.activations import activation
from rnnsym.analysis.jacobian import differentiable, jacobian
from rnnsym.analysis.onestep import run
from rnnsym.cells.building import applied
from rnnsym.cells.paths import unroll
from rnnsym.cells.physical import CHANG, RUSCH, antisymmetric, cornn
from rnnsym.cells.plain import elman
from rnnsym.cells.record import Cell, whole
from rnnsym.defined import DeterminantOf, Jacobian, Orthogonal, SpectralNorm, SpectralRadius
from rnnsym.defined.dilation import HalmosDilation, SquareRoot
from rnnsym.defined.onestep import TraceOf
from rnnsym.defined.stability import AbsoluteNorm, AllZero, SpectralAbscissa, StateAfter
from rnnsym.defined.systems import Exponential
from rnnsym.exact import factored
from rnnsym.result import Result, Source, SpecError
from rnnsym.vectors import Diagonal, column, entrywise, linear

ARJOVSKY = Source("arjovsky2016", "Arjovsky, M. and Shah, A. and Bengio, Y.", "Unitary evolution recurrent neural networks", 2016, arxiv="1511.06464")  # fmt: skip
HELFRICH = Source("helfrich2018", "Helfrich, K. and Willmott, D. and Ye, Q.", "Orthogonal recurrent neural networks with scaled Cayley transform", 2018, arxiv="1707.09520")  # fmt: skip
LEZCANO = Source("lezcano2019", "Lezcano-Casado, M. and Martinez-Rubio, D.", "Cheap orthogonal constraints in neural networks", 2019, arxiv="1901.08428")  # fmt: skip
MHAMMEDI = Source("mhammedi2017", "Mhammedi, Z. and Hellicar, A. and Rahman, A. and Bailey, J.", "Efficient orthogonal parametrisation of recurrent neural networks using Householder reflections", 2017, arxiv="1612.00188")  # fmt: skip
HALMOS = Source("halmos1950", "Halmos, P. R.", "Normal dilations and extensions of operators", 1950)
EMAMI = Source("emami2019", "Emami, M. and Sahraee-Ardakan, M. and Rangan, S. and Fletcher, A. K.", "Input-output equivalence of unitary and contractive RNNs", 2019, arxiv="1910.13672")  # fmt: skip
LE = Source("le2015", "Le, Q. V. and Jaitly, N. and Hinton, G. E.", "A simple way to initialize recurrent networks of rectified linear units", 2015, arxiv="1504.00941")  # fmt: skip
ERICHSON = Source("erichson2021", "Erichson, N. B. and Azencot, O. and Queiruga, A. and Hodgkinson, L. and Mahoney, M. W.", "Lipschitz recurrent neural networks", 2021, arxiv="2006.12070")  # fmt: skip
VORONTSOV = Source("vorontsov2017", "Vorontsov, E. and Trabelsi, C. and Kadoury, S. and Pal, C.", "On orthogonality and learning recurrent networks with long term dependencies", 2017, arxiv="1702.00071")  # fmt: skip

n = sp.Symbol("n", integer=True, positive=True)
M = sp.MatrixSymbol("M", n, n)
SKEW = sp.MatAdd(M, sp.MatMul(-1, sp.Transpose(M), evaluate=False), evaluate=False)
ONE = sp.Identity(n)


# orthogonal weights


def orthogonal_weights(kind: str) -> list[Result]:
    """Q^T Q = I and det Q of a parametrization; S = M - M^T for any square M.

        "cayley"       Q = (I + S)^-1 (I - S): det Q = 1, and det(I + Q) = 2^n/det(I + S) > 0: -1 is never an eigenvalue
        "exponential"  Q = e^S: det Q = 1; every rotation, -1 in pairs included
        "householder"  Q = H_1 H_2, H_k = I - 2 v_k v_k^T/|v_k|^2: det H_1 = -1, det Q = 1; n reflections give every Q
    Given:  v_k not 0 (householder). I + S is always invertible: det(I + S) = prod (1 + beta^2) >= 1.
    Raises: SpecError for another kind.
    Source: helfrich2018, lezcano2019, mhammedi2017.

    >>> [str(r.rhs) for r in orthogonal_weights("cayley")]
    ['I', '1', '2**n/det(I + M - M.T)']
    """
    away = linear(sp.S.NegativeOne * sp.Transpose(M))
    plus = sp.MatAdd(ONE, M, away, evaluate=False)
    minus = sp.MatAdd(ONE, sp.MatMul(-1, M, evaluate=False), sp.Transpose(M), evaluate=False)
    if kind == "cayley":
        Q: Any = sp.MatMul(sp.Inverse(plus), minus, evaluate=False)
        more = [("1 + eigenvalues", sp.MatAdd(ONE, Q, evaluate=False), 2**n / DeterminantOf(plus))]
        return _orthogonal(kind, Q, sp.true, [("determinant", Q, sp.S.One), *more], (HELFRICH,))
    if kind == "exponential":
        Q = Exponential(SKEW, sp.S.One)
        return _orthogonal(kind, Q, sp.true, [("determinant", Q, sp.S.One)], (LEZCANO,))
    if kind == "householder":
        vectors = [sp.MatrixSymbol(f"v_{k}", n, 1) for k in (1, 2)]
        mirrors = [
            sp.MatAdd(ONE, sp.MatMul(-2 / SpectralNorm(v) ** 2, v, sp.Transpose(v), evaluate=False), evaluate=False)
            for v in vectors
        ]
        Q = sp.MatMul(*mirrors, evaluate=False)
        given = sp.And(*(sp.Gt(SpectralNorm(v), 0) for v in vectors))
        parts = [("determinant", Q, sp.S.One), ("determinant of one reflection", mirrors[0], sp.S.NegativeOne)]
        return _orthogonal(kind, Q, given, parts, (MHAMMEDI,))
    raise SpecError(f"unknown parametrization {kind!r}; known: cayley, exponential, householder")


def _orthogonal(kind: str, Q: Any, given: Any, determinants: list[Any], source: Any) -> list[Result]:
    gram = sp.MatMul(sp.Transpose(Q), Q, evaluate=False)
    found = [Result(f"{kind} parametrization is orthogonal", gram, "=", ONE, given, source=source)]
    for name, matrix, value in determinants:
        hypotheses = sp.And(*(c for c in sp.And.make_args(given) if c.free_symbols <= matrix.free_symbols))
        found.append(
            Result(
                f"{name} of the {kind} parametrization", DeterminantOf(matrix), "=", value, hypotheses, source=source
            )
        )
    return found


def orthogonal_gradients(phi: str = "tanh", *, steps: int = 3) -> list[Result]:
    """|dh_T/dh_0| <= L^T for orthogonal W: prod_k 1/r_k <= |D_T Q ... D_1 Q| <= prod_k s_k, s_k and 1/r_k the extreme slopes.

    Three results: the cap by the Lipschitz constant L (1 for tanh and ReLU: gradients never explode); the two-sided bound,
    which contains no W: orthogonality leaves vanishing to the slopes D_k alone; and the linear network is an isometry.
    Given:  W_h orthogonal, activations differentiable. The lower bound is 0 where a slope is 0 (ReLU).
    Source: arjovsky2016.

    >>> [r.relation for r in orthogonal_gradients()]
    ['<=', '<=', '<=', '=']
    """
    count = whole(steps, "steps", least=1)
    cell, act = elman(phi), activation(phi)
    W = cell.symbol("W_h")
    path = run(cell, count)
    given = sp.And(Orthogonal(W), path.given)
    norm = SpectralNorm(Jacobian((path.states[-1],), cell.state, path.equations))
    slopes = [_slopes(J, W) for J in path.jacobians]
    high, low = ([sp.Symbol(f"{name}_{k}", real=True) for k in range(1, count + 1)] for name in ("s", "r"))
    run_of, source = tuple(path.equations), (ARJOVSKY, *cell.source)
    largest = [AbsoluteNorm(d, sp.oo) for d in slopes]
    above = (*run_of, *zip(high, largest, strict=True))
    h = cell.state[0]
    found = [
        Result(f"gradients of an orthogonal {cell.name}", norm, "<=", act.lipschitz**count, given, source=source),
        Result("upper bound by the slopes", norm, "<=", sp.Mul(*high), given, above, source=source),
    ]
    if phi not in ("relu", "leaky_relu", "identity"):
        largest = [AbsoluteNorm(entrywise(lambda d: 1 / d, column(d)), sp.oo) for d in slopes]
        below = (*run_of, *zip(low, largest, strict=True))
        found.append(Result("lower bound by the slopes", 1 / sp.Mul(*low), "<=", norm, given, below, source=source))
    isometry = SpectralNorm(sp.MatMul(W, h, evaluate=False))
    return [*found, Result("the linear network is an isometry", isometry, "=", SpectralNorm(h), Orthogonal(W))]


def _slopes(J: Any, W: Any) -> Any:
    """The column d of diag(d) W."""
    factors = [f for f in sp.MatMul.make_args(J) if f != W]
    if len(factors) == 1 and isinstance(factors[0], Diagonal):
        return factors[0].arg
    if not factors:
        return sp.OneMatrix(W.shape[0], 1)
    raise SpecError(f"{J} is not diag(d) W")


# a contraction inside an orthogonal matrix


def halmos_dilation() -> Result:
    """[[W, (I - W W^T)^(1/2)], [(I - W^T W)^(1/2), -W^T]] exists and is orthogonal <=> ||W|| <= 1.

    W (I - W^T W)^(1/2) = (I - W W^T)^(1/2) W. Shapes: W (n, n), the dilation (2n, 2n). Source: halmos1950.

    >>> halmos_dilation().rhs
    SpectralNorm(W) <= 1
    """
    W = sp.MatrixSymbol("W", n, n)
    return Result(
        "Halmos dilation", Orthogonal(HalmosDilation(W)), "<=>", sp.Le(SpectralNorm(W), 1), source=(HALMOS, EMAMI)
    )


def dilated_network(*, steps: int = 2) -> Result:
    """A contractive ReLU network is an orthogonal one of twice the size, exactly: the state (h_t, g_t) stays (h_t, 0).

        h_t = relu(W h + (I - W W^T)^(1/2) g + W_x x_t + b),  g_t = relu((I - W^T W)^(1/2) h - W^T g - beta 1)
    The second block is silent as long as the bias beta is at least |h_k| at every time before the last; by
    |h_k| <= |h_0| + sum_(j <= k) |W_x x_j + b| it suffices that beta is at least that. For all times, with ||W|| < 1 and
    |W_x x_t + b| <= r: beta >= max(|h_0|, r/(1 - ||W||)). For ||W|| = 1 and inputs that do not fade no beta need suffice.
    Shapes: W (n, n), h (n, 1); the right side is the network of n units, and zeros.
    Given:  ||W|| <= 1, the bias condition. Source: emami2019.

    >>> dilated_network().relation
    '='
    """
    count = whole(steps, "steps", least=1)
    small = elman("relu")
    relu = activation("relu").phi
    W, U, b = (small.symbol(name) for name in ("W_h", "W_x", "b"))
    (h,), (x,), (h_t,) = small.state, small.input, small.next
    g, g_t = sp.MatrixSymbol("g", *h.shape), sp.MatrixSymbol("g_t", *h.shape)
    beta = sp.Symbol("beta", positive=True)
    turned = sp.Transpose(W)
    left, right = (
        SquareRoot(sp.MatAdd(ONE, sp.MatMul(-1, *pair, evaluate=False), evaluate=False))
        for pair in ((W, turned), (turned, W))
    )
    equations = (
        (h_t, applied(relu, sp.MatMul(W, h), sp.MatMul(left, g), sp.MatMul(U, x), b)),
        (g_t, entrywise(lambda u, v: relu(u - v - beta), sp.MatMul(right, h), sp.MatMul(turned, g))),
    )
    large = Cell("orthogonal network of twice the size", (h, g), (x,), equations, (h_t, g_t), source=(EMAMI,))
    xs = [sp.MatrixSymbol(f"x_{k}", *x.shape) for k in range(1, count + 1)]
    pushes = [SpectralNorm(sp.MatAdd(sp.MatMul(U, s), b, evaluate=False)) for s in xs[:-1]]
    given = sp.And(sp.Le(SpectralNorm(W), 1), sp.Ge(beta, sp.Add(SpectralNorm(h), *pushes)))
    zero = sp.ZeroMatrix(n, 1)
    lhs = StateAfter.of(large, [h, zero], [(s,) for s in xs])
    rhs = sp.BlockMatrix([[StateAfter.of(small, [h], [(s,) for s in xs])], [zero]])
    return Result(
        f"contractive network as an orthogonal one, {count} step{'s' * (count != 1)}",
        lhs,
        "=",
        rhs,
        given,
        source=(EMAMI,),
    )


# cells that are stable by construction


def antisymmetric_stability() -> list[Result]:
    """The antisymmetric cell at rest: rho(J) < 1 <=> epsilon (gamma^2 + |S|^2) < 2 gamma, S = M - M^T, for every size.

    J = I + epsilon D (S - gamma I) is the cell's own Jacobian. With D = I its multipliers are 1 + epsilon (-gamma +- i beta),
    i beta the eigenvalues of S, and |S| is the largest beta:
        rho(J)^2 = (1 - epsilon gamma)^2 + epsilon^2 |S|^2;    gamma = 0: rho^2 = 1 + epsilon^2 |S|^2, unstable unless S = 0
    The same condition suffices for rho(J) < 1 at every state, D = diag(1 - g_t^2) with any g_t in (-1, 1)^n: the
    eigenvalues of D^(1/2) (S - gamma I) D^(1/2) have Re = -gamma delta, |Im| <= |S| delta with 0 < delta <= 1. That is no
    statement about products of such Jacobians.
    Given:  epsilon > 0; at rest for the first three: h = x = b = 0.
    Source: chang2019.

    >>> print(antisymmetric_stability()[1].rhs)
    epsilon*(gamma**2 + SpectralNorm(M - M.T)**2) < 2*gamma
    """
    cell = antisymmetric()
    eps, gamma = (cell.symbol(name) for name in ("epsilon", "gamma"))
    skew = SpectralNorm(SKEW)
    J = Jacobian(cell.next, cell.state, cell.equations)
    rest = AllZero(cell.state[0], cell.input[0], cell.symbol("b"))
    at_rest = sp.And(sp.Gt(eps, 0), rest)
    square = (1 - eps * gamma) ** 2 + eps**2 * skew**2
    condition = sp.Lt(eps * (gamma**2 + skew**2), 2 * gamma)
    g_t = cell.equations[0][0]
    free = Jacobian(cell.next, cell.state, tuple((s, column(e.subs(gamma, 0))) for s, e in cell.equations))
    return [
        Result("multipliers of the antisymmetric cell", SpectralRadius(J) ** 2, "=", square, at_rest, source=(CHANG,)),
        Result("step of the antisymmetric cell", SpectralRadius(J) < 1, "<=>", condition, at_rest, source=(CHANG,)),
        Result("no damping, no stability", SpectralRadius(free) ** 2, "=", 1 + eps**2 * skew**2, at_rest, source=(CHANG,)),
        Result(
            "stability of the antisymmetric cell at every state", condition, "=>", SpectralRadius(jacobian(cell).rhs) < 1,
            sp.And(sp.Gt(eps, 0), sp.Lt(AbsoluteNorm(g_t, sp.oo), 1)), source=(CHANG,),
        ),
    ]  # fmt: skip


def cornn_stability(damping: str = "implicit") -> list[Result]:
    """The oscillator of coRNN without coupling: determinant, trace, stability, modulus; from the cell's own Jacobian in (v, h).

    implicit: det = 1/(1 + dt eps), tr = (2 + dt eps - dt^2 gamma)/(1 + dt eps); stable <=> eps > 0, 0 < dt^2 gamma < 4 + 2 dt eps;
              complex multipliers have modulus (1 + dt eps)^(-1/2); at eps = 0 the step is symplectic (det = 1).
    explicit: det = 1 - dt eps, tr = 2 - dt eps - dt^2 gamma; stable <=> eps > 0, 0 < dt^2 gamma < 4 - 2 dt eps.
    Given:  dt > 0, and 1 + dt eps > 0 for implicit. (With 1 + dt eps < 0 the region 4 + 2 dt eps < dt^2 gamma < 0 is stable too.)
    Raises: SpecError for another damping. Source: rusch2021.

    >>> cornn_stability()[2].rhs
    (epsilon > 0) & (dt**2*gamma > 0) & (dt**2*gamma < 2*dt*epsilon + 4)
    """
    cell = cornn(damping=damping, n=1, m=1, W_h=0, W_v=0)
    values = {s.name: s for s in cell.parameters}
    dt, gamma, eps = (values[name] for name in ("dt", "gamma", "epsilon"))
    found = jacobian(cell)
    A = found.rhs.applyfunc(factored)
    given = sp.And(sp.Gt(dt, 0), sp.Gt(1 + dt * eps, 0)) if damping == "implicit" else sp.Gt(dt, 0)
    J = found.lhs
    trace = factored(A[0, 0] + A[1, 1])
    determinant = factored(A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0])
    edge = 4 + 2 * dt * eps if damping == "implicit" else 4 - 2 * dt * eps
    stable = sp.And(sp.Gt(eps, 0), sp.Gt(dt**2 * gamma, 0), sp.Lt(dt**2 * gamma, edge))
    turning = sp.And(given, sp.Lt(trace**2, 4 * determinant))
    modulus = sp.sqrt(determinant)
    name = f"coRNN, {damping} damping"
    return [
        Result(f"determinant of {name}", DeterminantOf(J), "=", determinant, given, source=(RUSCH,)),
        Result(f"trace of {name}", TraceOf(J), "=", trace, given, source=(RUSCH,)),
        Result(f"stability of {name}", SpectralRadius(J) < 1, "<=>", stable, given, source=(RUSCH,)),
        Result(f"complex multipliers of {name}", SpectralRadius(J), "=", modulus, turning, source=(RUSCH,)),
    ]


# others


def identity_network(*, steps: int = 3) -> list[Result]:
    """IRNN, h_t = relu(h_{t-1} + W_x x_t + b): dh_T/dh_0 is diagonal of 0 and 1: 1 for units that stayed active, P^2 = P.

    Gradients neither grow nor shrink until a unit falls silent once, and then they are gone. Only at W_h = I.
    Given:  no unit at its kink. Source: le2015.

    >>> [str(r.relation) for r in identity_network()]
    ['=', '=']
    """
    count = whole(steps, "steps", least=1)
    plain = elman("relu")
    W, (h,) = plain.symbol("W_h"), plain.state
    equations = tuple((s, column(e.xreplace({sp.MatMul(W, h): h}))) for s, e in plain.equations)
    cell = Cell("identity network", plain.state, plain.input, equations, plain.next, source=(LE,))
    path = run(cell, count)
    deep = unroll(cell, count)
    whole_jacobian = Jacobian(deep.next, deep.state, deep.equations)
    given = sp.And(path.given, differentiable(deep))
    product = linear(*path.jacobians[::-1])
    twice = sp.MatMul(whole_jacobian, whole_jacobian, evaluate=False)
    return [
        Result(f"Jacobian of the identity network, {count} steps", whole_jacobian, "=", product, given, tuple(path.equations), source=(LE,)),
        Result("it is a projection", twice, "=", whole_jacobian, given, source=(LE,)),
    ]  # fmt: skip


def lipschitz_network() -> list[Result]:
    """A = (1 - beta)(M + M^T) + beta (M - M^T) - gamma I: max Re lambda <= (1 - beta) max lambda(M + M^T) - gamma; beta = 1: = -gamma.

    The matrix of h' = A h + phi(W h + W_x x + b) in continuous time. At beta = 1 its eigenvalues are -gamma +- i omega.
    Given:  beta <= 1. Source: erichson2021.

    >>> [r.relation for r in lipschitz_network()]
    ['<=', '=']
    """
    beta, gamma = sp.symbols("beta gamma", real=True)
    turned = sp.Transpose(M)
    sums = sp.MatAdd(M, turned, evaluate=False)
    A = sp.MatAdd((1 - beta) * sums, beta * SKEW, -gamma * ONE, evaluate=False)
    alone = sp.MatAdd(SKEW, -gamma * ONE, evaluate=False)
    bound = (1 - beta) * SpectralAbscissa(sums) - gamma
    return [
        Result("spectral abscissa of a Lipschitz network", SpectralAbscissa(A), "<=", bound, sp.Le(beta, 1), source=(ERICHSON,)),
        Result("spectral abscissa at beta = 1", SpectralAbscissa(alone), "=", -gamma, source=(ERICHSON,)),
    ]  # fmt: skip


def bounded_spectrum() -> list[Result]:
    """|U diag(s) V^T| = max s_i, and 1 - r <= s_i <= 1 + r for s_i = 1 + r tanh(p_i/2) (the paper's 2 r (sigmoid(p_i) - 1/2) + 1).

    Given:  U, V orthogonal, 0 <= r <= 1. Source: vorontsov2017.

    >>> [r.relation for r in bounded_spectrum()]
    ['=', '<=']
    """
    U, V, p = sp.MatrixSymbol("U", n, n), sp.MatrixSymbol("V", n, n), sp.MatrixSymbol("p", n, 1)
    r = sp.Symbol("r", real=True)
    s = entrywise(lambda u: 1 + r * sp.tanh(u / 2), p)
    norm = SpectralNorm(sp.MatMul(U, Diagonal(s), sp.Transpose(V), evaluate=False))
    given = sp.And(Orthogonal(U), Orthogonal(V), sp.Ge(r, 0), sp.Le(r, 1))
    return [
        Result("norm of U diag(s) V^T", norm, "=", AbsoluteNorm(s, sp.oo), given, source=(VORONTSOV,)),
        Result("bounded spectrum", norm, "<=", 1 + r, given, source=(VORONTSOV,)),
    ]


__all__ = [
    "antisymmetric_stability", "bounded_spectrum", "cornn_stability", "dilated_network", "halmos_dilation",
    "identity_network", "lipschitz_network", "orthogonal_gradients", "orthogonal_weights",
]  # fmt: skip
