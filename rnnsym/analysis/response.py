"""Responses in time: Markov parameters, impulse and step response in closed form, final value, the z-transform.

The responses are powers of A, in the closed form of `systems.functions`: Hermite interpolation, whose divided differences
carry the cases of equal eigenvalues, so that they are right at repeated and complex poles, at a pole at 0 and at one at 1.
May import: everything to the left of `analysis.response`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.simplify.fu import TR8

from rnnsym import exact
from rnnsym.analysis.filters import arguments, discrete, factors_in, gain_at, roots_of, stability
from rnnsym.defined import FinalValue, ImpulseResponse, InverseZTransform, MarkovParameters, StepResponse, ZTransform
from rnnsym.defined.polezero import coefficients
from rnnsym.exact import factored, is_zero, normal
from rnnsym.result import NoClosedForm, Result, SpecError
from rnnsym.systems import LinearSystem
from rnnsym.systems.functions import Power, divided_difference, function_of

STEP = sp.Symbol("k", integer=True, nonnegative=True)


def _step_symbol(system: LinearSystem, k: Any) -> Any:
    """The symbol of the step, which no parameter may share."""
    symbol = STEP if k is None else sp.sympify(k, strict=True)
    if symbol.is_integer is not True:
        raise SpecError(f"a step is a whole number; declare {symbol} with Symbol({str(symbol)!r}, integer=True)")
    if symbol.is_negative:
        raise SpecError(f"a step is a whole number k >= 0, got {symbol}")
    taken = {s.name for s in system.free_symbols | system.given.free_symbols}
    for s in sorted(symbol.free_symbols, key=str):
        if s.name in taken:
            raise SpecError(
                f"the parameter {s.name!r} of the system has the name of the step {s.name!r}; "
                "pass another symbol (k=Symbol('t', integer=True)) or rename the parameter"
            )
    return symbol


def _shown(table: Any) -> Any:
    """The entry of one channel, or the matrix of several."""
    return table[0, 0] if table.shape == (1, 1) else sp.ImmutableMatrix(table)


def _tidy(expression: Any, step: Any) -> Any:
    """In normal form where the step does not occur: a^(k - 1) written as a^k/a would lose the case a = 0, k = 1."""
    return (
        expression
        if expression.has(sp.Piecewise) or expression.free_symbols & step.free_symbols
        else normal(expression)
    )


def impulse_response(model: Any, k: Any = None) -> Result:
    """The impulse response, h_k = C A^k B + D [k = 0] (readout "current"), D [k = 0] + C A^(k-1) B [k >= 1] ("previous").

    Shapes: a scalar for one channel, else (p, m), Piecewise in the integer k >= 0.
    Raises: NoClosedForm if an eigenvalue has none (markov_parameters has the values).

    >>> a, b = sp.symbols("a b")
    >>> impulse_response(LinearSystem([[a]], [[b]])).rhs
    a**k*b
    """
    system = discrete(model, "an impulse response")
    step = _step_symbol(system, k)
    A, B, C, D = system.matrices
    is_current = system.readout == "current"
    power, where = function_of(A, Power(step if is_current else step - 1))
    later = sp.ImmutableMatrix(C * power * B).applyfunc(lambda e: _tidy(e, step)) if system.n else sp.zeros(*D.shape)
    start = (C * B + D if is_current else D).applyfunc(normal)

    def entry(i: int, j: int) -> Any:
        if is_current and D[i, j] == 0:
            return later[i, j]
        return sp.Piecewise((start[i, j], sp.Eq(step, 0)), (later[i, j], True))

    return Result(
        f"impulse response of the {system.name}", ImpulseResponse(*arguments(system), step), "=",
        _shown(sp.Matrix(system.p, system.m, entry)), sp.And(system.given, _from(step, 0)), where,
    )  # fmt: skip


def _from(step: Any, least: int) -> Any:
    return sp.true if step.is_nonnegative else sp.Ge(step, least)


def step_response(model: Any, k: Any = None) -> Result:
    """The step response, s_k = C (I + A + ... + A^k) B + D (readout "current"), C (I + ... + A^(k-1)) B + D ("previous").

    Right where 1 is an eigenvalue too: there it grows. Shapes: a scalar for one channel, else (p, m).
    Raises: NoClosedForm if an eigenvalue has none.

    >>> step_response(LinearSystem([[sp.Rational(1, 2)]], [[1]])).rhs
    2 - 1/2**k
    """
    system = discrete(model, "a step response")
    step = _step_symbol(system, k)
    A, B, C, D = system.matrices
    if system.n == 0:
        total, where = sp.zeros(*D.shape), ()
    else:
        powers, where = function_of(A, Power(step + 1 if system.readout == "current" else step), summed=True)
        total = C * powers * B
    rhs = sp.ImmutableMatrix(total + D).applyfunc(sp.expand if not system.free_symbols else lambda e: e)
    return Result(
        f"step response of the {system.name}", StepResponse(*arguments(system), step), "=", _shown(rhs),
        sp.And(system.given, _from(step, 0)), where,
    )  # fmt: skip


def markov_parameters(model: Any, count: int) -> Result:
    """The first Markov parameters side by side, [h_0 h_1 ... h_(count-1)]: the series of H in powers of z^-1.

    Shapes: (p, m count).
    Raises: SpecError if count is no whole number >= 1.

    >>> a, b = sp.symbols("a b")
    >>> markov_parameters(LinearSystem([[a]], [[b]]), 3).rhs
    Matrix([[b, a*b, a**2*b]])
    """
    system = discrete(model, "a Markov parameter")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise SpecError(f"the number of Markov parameters must be a whole number >= 1, got {count!r}")
    textbook = system.with_readout("previous")
    A, B, C, D = textbook.matrices
    exact.refuse_powers(f"{count} Markov parameters", A, B, count)
    found, state = [D], B
    for _ in range(count - 1):
        found.append((C * state).applyfunc(factored))
        state = (A * state).applyfunc(sp.expand)
    return Result(
        f"Markov parameters of the {system.name}", MarkovParameters(*arguments(system), sp.Integer(count)), "=",
        sp.ImmutableMatrix(sp.Matrix.hstack(*(h.applyfunc(factored) for h in found))), system.given,
    )  # fmt: skip


def final_value(model: Any) -> Result:
    """The final value of the step response, lim s_k = H(1).

    Given:  every eigenvalue of A is inside the unit circle; a pole on it or outside has no final value.
    Raises: RnnsymError for an A that is not stable.

    >>> final_value(LinearSystem([[sp.Rational(1, 2)]], [[1]])).rhs
    2
    """
    system = discrete(model, "a final value")
    condition = stability(system, "a pole on or outside the unit circle, so the step response has no final value")
    return Result(
        f"final value of the {system.name}", FinalValue(*arguments(system)), "=", _shown(gain_at(system, sp.S.One)),
        sp.And(system.given, condition),
    )  # fmt: skip


# The z-transform


def z_transform(sequence: Any, k: Any, z: Any) -> Result:
    """The z-transform, sum_{k >= 0} f_k z^-k, of sums of k^j p^k, sin, cos, delays and finite sequences.

    sequence: an expression in k, or a list of its first values (the others are 0). Delays are written as
    KroneckerDelta(k, d), Heaviside(k - d, 1) or Piecewise.
    Given:  |z| is larger than the modulus of every base p: the region of convergence.
    Raises: NoClosedForm for other sequences.

    >>> p, z = sp.symbols("p z")
    >>> z_transform(p**STEP, STEP, z).rhs, z_transform(p**STEP, STEP, z).given
    (z/(-p + z), Abs(p) < Abs(z))
    """
    if isinstance(sequence, list | tuple | sp.Tuple):
        values = [sp.sympify(v, strict=True) for v in sequence]
        sequence = sp.Piecewise(*((v, sp.Eq(k, i)) for i, v in enumerate(values)), (0, True))
    f = sp.sympify(sequence, strict=True)
    if z in f.free_symbols:
        raise SpecError(f"the sequence contains the transform variable {z}; use another symbol for one of them")
    total, moduli = _transform(f, k, z)
    outside = [m for m in dict.fromkeys(moduli) if m != 0]
    given = sp.And(sp.Ne(z, 0), *(sp.Lt(m, sp.Abs(z)) for m in outside))
    if any(m.is_positive or m.is_nonnegative and m.is_number for m in outside) or outside:
        given = sp.And(*(sp.Lt(m, sp.Abs(z)) for m in outside))
    return Result("z-transform", ZTransform(f, k, z), "=", _gather(total), given)


def _gather(total: Any) -> Any:
    return factored(total)


def _transform(f: Any, k: Any, z: Any) -> tuple[Any, list[Any]]:
    """The transform and the moduli that |z| must exceed."""
    if k not in f.free_symbols:
        return f * z / (z - 1) if f != 0 else sp.S.Zero, [sp.S.One] if f != 0 else []
    if isinstance(f, sp.Piecewise):
        return _piecewise(f, k, z)
    f = sp.expand(sp.expand_power_exp(f)) if not f.has(sp.Piecewise) else sp.expand(f)
    if f.is_Add:
        found = [_transform(term, k, z) for term in f.args]
        return sp.Add(*(t for t, _ in found)), [m for _, ms in found for m in ms]
    constant, rest = f.as_independent(k, as_Add=False)
    factors = list(sp.Mul.make_args(rest))
    for index, factor in enumerate(factors):
        others = sp.Mul(*factors[:index], *factors[index + 1 :])
        if isinstance(factor, sp.KroneckerDelta):
            delay = _delay(factor.args[0] - factor.args[1], k)
            if delay is not None:
                value = others.subs(k, delay) if delay >= 0 else sp.S.Zero
                return constant * value * z ** (-delay), []
        if isinstance(factor, sp.Heaviside):
            delay = _delay(factor.args[0], k)
            if delay is not None and factor.args[0].coeff(k) == 1:
                return _delayed(constant * others, factor.args[1], delay, k, z)
        if isinstance(factor, sp.Piecewise):
            whole = sp.Piecewise(*((branch * others, test) for branch, test in factor.args))
            total, moduli = _piecewise(whole, k, z)
            return constant * total, moduli
    return _mode(constant, factors, f, k, z)


def _delay(gap: Any, k: Any) -> int | None:
    """d of k - d (or d - k)."""
    slope = gap.coeff(k)
    rest = sp.expand(gap - slope * k)
    delay = -rest / slope if slope in (1, -1) else None
    return int(delay) if delay is not None and delay.is_Integer else None


def _delayed(f: Any, at_start: Any, delay: int, k: Any, z: Any) -> tuple[Any, list[Any]]:
    """f_k from step `delay` on, its value there times `at_start`."""
    first = max(delay, 0)
    total, moduli = _transform(f.subs(k, k + first), k, z)
    total = total * z ** (-first)
    return (total + (at_start - 1) * f.subs(k, delay) * z ** (-delay) if delay >= 0 else total), moduli


def _piecewise(f: Any, k: Any, z: Any) -> tuple[Any, list[Any]]:
    """The first values one by one, then the branch that stays."""
    tests = [test for _, test in f.args if test != sp.true]
    numbers = [n for test in tests for n in test.atoms(sp.Integer)]
    if any(test.free_symbols != {k} or not all(_is_simple(r, k) for r in _relations(test)) for test in tests):
        raise NoClosedForm(f"the cases of {f} must be comparisons of {k} with whole numbers")
    count = max([int(n) for n in numbers], default=-1) + 1
    count = max(count, 0)
    total = sum((f.subs(k, i) * z ** (-i) for i in range(count)), sp.S.Zero)
    tail = next((branch for branch, test in f.args if test == sp.true or test.subs(k, count + 1) == sp.true), sp.S.Zero)
    rest, moduli = _transform(tail.subs(k, k + count), k, z) if tail != 0 else (sp.S.Zero, [])
    return total + rest * z ** (-count), moduli


def _relations(test: Any) -> Any:
    return test.atoms(sp.core.relational.Relational)


def _is_simple(relation: Any, k: Any) -> bool:
    return {relation.lhs, relation.rhs} & {k} != set() and any(s.is_Integer for s in relation.args)


def _mode(constant: Any, factors: list[Any], f: Any, k: Any, z: Any) -> tuple[Any, list[Any]]:
    """constant k^j p^k, times cos or sin of theta k + phi."""
    power, base, wave = 0, sp.S.One, None
    for factor in factors:
        below, exponent = factor.as_base_exp()
        if below == k and exponent.is_Integer and exponent > 0:
            power += int(exponent)
        elif k not in below.free_symbols and k in exponent.free_symbols and _is_linear(exponent, k):
            slope = exponent.coeff(k)
            base, constant = base * below**slope, constant * below ** sp.expand(exponent - slope * k)
        elif isinstance(factor, sp.sin | sp.cos) and wave is not None:
            return _transform(sp.expand(TR8(constant * sp.Mul(*factors))), k, z)
        elif isinstance(factor, sp.sin | sp.cos) and _is_linear(factor.args[0], k):
            wave = factor
        elif isinstance(below, sp.sin | sp.cos) and exponent.is_Integer:
            return _transform(sp.expand(TR8(constant * sp.Mul(*factors))), k, z)
        else:
            raise NoClosedForm(
                f"{f} is no sum of k^j p^k, sine, cosine, delays and finite sequences in {k}; "
                "its transform is not rational, or write it as such a sum"
            )
    if wave is None:
        total = z / (z - base)
    else:
        theta = wave.args[0].coeff(k)
        phi = sp.expand(wave.args[0] - theta * k)
        kind = type(wave)
        total = z * (z * kind(phi) - base * kind(phi - theta)) / (z**2 - 2 * base * z * sp.cos(theta) + base**2)
    for _ in range(power):
        total = normal(-z * total.diff(z))
    return constant * total, [sp.Abs(base)]


def _is_linear(e: Any, k: Any) -> bool:
    return k not in sp.expand(e - e.coeff(k) * k).free_symbols and k not in e.coeff(k).free_symbols if (
        e := sp.expand(e)) is not None else False  # fmt: skip


def inverse_z_transform(H: Any, z: Any, k: Any) -> Result:
    """The causal sequence of a rational H(z), the coefficients of its expansion in z^-1, Piecewise in k >= 0.

    With poles l_1 ... l_n and H = c_0 + sum_m c_m / ((z - l_1) ... (z - l_m)), h_k is c_0 at k = 0 and
    sum_m c_m f[l_1, ..., l_m] after it, f(x) = x^(k-1): right where poles coincide.
    Raises: NoClosedForm if a pole has none, or if H is not causal (grows with z).

    >>> p, z = sp.symbols("p z")
    >>> inverse_z_transform(z/(z - p), z, STEP).rhs
    Piecewise((1, Eq(k, 0)), (p*p**(k - 1), True))
    """
    whole = sp.sympify(H, strict=True)
    if not getattr(k, "is_integer", False):
        raise SpecError(f"a step is a whole number; declare {k} with Symbol({str(k)!r}, integer=True)")
    if any(s.name == getattr(k, "name", "") for s in whole.free_symbols):
        raise SpecError(f"H contains a symbol {k.name!r}, the name of the step; use another symbol")
    above, below = exact.fraction(whole)
    top = coefficients(above, z) if z in above.free_symbols else [above]
    bottom = coefficients(below, z) if z in below.free_symbols else [below]
    if len(top) > len(bottom):
        raise NoClosedForm(f"{whole} grows like z^{len(top) - len(bottom)}: it is the transform of no causal sequence")
    lead = bottom[0]
    nodes: list[Any] = []
    factors = factors_in(below, z) if z in below.free_symbols else []
    waves = [f for f, count in factors if count == 1 and _may_turn(f, z)]
    if waves and all(s.is_real for s in whole.free_symbols - {z}):
        return _with_waves(whole, top, lead, factors, waves, z, k)
    for factor, count in factors:
        roots = roots_of(factor, z)
        if roots is None:
            raise NoClosedForm(
                f"the poles with {factor} = 0 have no closed form; give numbers, or use markov_parameters"
            )
        nodes += [r for r in roots for _ in range(count)]
    weights = _newton([sp.S.Zero] * (len(bottom) - len(top)) + [normal(c / lead) for c in top], nodes)
    later = sp.Add(
        *(c * divided_difference(Power(k - 1), nodes[:m]) for m, c in enumerate(weights) if m and not is_zero(c))
    )
    later = sp.expand(later) if not whole.free_symbols - {z} and not later.has(sp.Piecewise) else later
    start = sp.Piecewise((weights[0], sp.Eq(k, 0)), (later, True)) if nodes else sp.Piecewise(
        (weights[0], sp.Eq(k, 0)), (0, True))  # fmt: skip
    given = sp.true if not lead.free_symbols else sp.Ne(factored(lead), 0)
    return Result("inverse z-transform", InverseZTransform(whole, z, k), "=", start, sp.And(given, _from(k, 0)))


def _may_turn(factor: Any, z: Any) -> bool:
    """Whether a factor is quadratic and may have a complex pair of roots."""
    parts = coefficients(factor, z)
    return len(parts) == 3 and (parts[1] ** 2 - 4 * parts[2]).is_nonnegative is not True


def _with_waves(whole: Any, top: Any, lead: Any, factors: Any, waves: Any, z: Any, k: Any) -> Result:
    """Partial fractions over the quadratic factors, each a power of a 2 x 2 matrix, so that all stays real."""
    rest = sp.Mul(*(f**count for f, count in factors if f not in waves))
    groups = [*waves, *([sp.expand(rest)] if z in rest.free_symbols else [])]
    degree = sum(len(coefficients(g, z)) - 1 for g in groups)
    monic = [normal(c / lead) for c in top]
    start = monic[0] if len(monic) == degree + 1 else sp.S.Zero
    below = coefficients(sp.expand(sp.Mul(*groups)), z)
    above = [sp.S.Zero] * (degree + 1 - len(monic)) + monic
    proper = [a - start * b for a, b in zip(above, below, strict=True)][1:]
    columns = []
    for g in groups:
        others = sp.expand(sp.Mul(*(h for h in groups if h is not g)))
        for power in range(len(coefficients(g, z)) - 1):
            part = coefficients(sp.expand(others * z**power), z) if z in (others * z**power).free_symbols else [others]
            columns.append([sp.S.Zero] * (degree - len(part)) + part)
    solved = exact.solve_linear(sp.Matrix(columns).T, sp.Matrix(proper))
    later, where, place = sp.S.Zero, [], 0
    for index, g in enumerate(groups):
        size = len(coefficients(g, z)) - 1
        weights: list[Any] = list(solved.solution)[place : place + size]
        place += size
        if g in waves:
            _, c1, c0 = coefficients(g, z)
            power, named = function_of(
                sp.Matrix([[0, 1], [-c0, -c1]]), Power(k - 1), names=(f"c_{index}" if len(waves) > 1 else "c",)
            )
            where += named
            later += (sp.Matrix([weights]) * power * sp.Matrix([0, 1]))[0, 0]
        else:
            inner = inverse_z_transform(sp.Add(*(w * z**i for i, w in enumerate(weights))) / g, z, k)
            later += inner.rhs.args[-1][0]
    given = sp.true if not lead.free_symbols else sp.Ne(factored(lead), 0)
    given = sp.And(given, sp.true if not solved.determinant.free_symbols else sp.Ne(solved.determinant, 0), _from(k, 0))
    rhs = sp.Piecewise((start, sp.Eq(k, 0)), (later, True))
    return Result("inverse z-transform", InverseZTransform(whole, z, k), "=", rhs, given, tuple(where))


def _newton(top: list[Any], nodes: list[Any]) -> list[Any]:
    """c_0, c_1, ... with top / prod (z - l_i) = sum_m c_m / ((z - l_1) ... (z - l_m)): division by one node after another."""
    found: list[Any] = []
    rest = top
    for node in reversed(nodes):
        quotient = [rest[0]]
        for c in rest[1:]:
            quotient.append(_simple(c + quotient[-1] * node))
        rest, remainder = quotient[:-1], quotient[-1]
        found.append(remainder)
    return [rest[0], *reversed(found)]


def _simple(e: Any) -> Any:
    return normal(e) if e.free_symbols else sp.nsimplify(sp.expand(e)) if e.is_Rational else sp.expand(e)
