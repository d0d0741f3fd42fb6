"""The claims of the chapter in its order, each as Results; `audit.py` verifies them and writes the pages.

To add a claim: one `Claim` at its place in CLAIMS. `stated` is the claim as the chapter has it, made by `rs.claim` or from a
Result with its hypothesis removed; `repaired` is the same with the hypothesis it needs; `instead` is what else holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

import rnnsym as rs
from rnnsym.defined import FixedAt, Iterate, Multiplier, SpectralRadius
from rnnsym.defined.stability import StateAfter

Q = sp.Rational
w, u, b, c, d, h, x, p, q, k = sp.symbols("w u b c d h x p q k", real=True)
x_1, x_2, x_3 = sp.symbols("x_1 x_2 x_3", real=True)
A, alpha = sp.symbols("A alpha", real=True)
t = sp.Symbol("t", integer=True, nonnegative=True)


@dataclass(frozen=True)
class Claim:
    """A claim: catalogue key, title and sentence in English and Chinese, and the Results that decide it.

    denies: the chapter says that `stated` does not follow. reading: it does not say it in these words and leaves it open.
    companion: it is no claim of the chapter.
    """

    key: str
    title: tuple[str, str]
    says: tuple[str, str]
    stated: rs.Result
    repaired: tuple[rs.Result, ...] = ()
    instead: tuple[rs.Result, ...] = ()
    note: tuple[str, str] = ("", "")
    denies: bool = False
    companion: bool = False
    reading: bool = False
    trials: int = 40
    dims: tuple[int, ...] | None = None


def unit(phi: str = "tanh") -> rs.Cell:
    """One unit with symbols for its weight and bias."""
    return rs.elman(phi, W_h=w, W_x=1, b=b)


def weaker(result: rs.Result, *kept: object) -> rs.Result:
    """The same claim with only the hypotheses that `kept` names."""
    return replace(result, given=sp.And(*kept) if kept else sp.true, steps=())


def stated(result: rs.Result, rhs: object = None, **changes: object) -> rs.Result:
    """The same left side with another right side."""
    return replace(result, **({"rhs": rhs} if rhs is not None else {}), steps=(), status="claimed", **changes)


tanh, relu, linear = unit(), unit("relu"), rs.linear(W_h=w, W_x=u, b=b)
LIN2 = rs.LinearSystem([[p, 1], [0, q]], [0, 1], [[1, 0]])
GENERAL = rs.LinearSystem([[p, q], [c, d]], [1, 0], [[1, 0]])
POLE, FILTER = rs.LinearSystem(p, 1), rs.LinearSystem(alpha * A, alpha, 1, 0)
MATRIX = sp.ImmutableMatrix([[p, q], [c, d]])


def _recurrence() -> list[Claim]:
    cell = rs.elman()
    m = cell.input[0].shape[0]
    inputs = [sp.MatrixSymbol(f"x_{s}", m, 1) for s in (1, 2, 3)]
    start = cell.state[0]
    whole = StateAfter.of(cell, [start], inputs)
    parts = StateAfter.of(cell, [StateAfter.of(cell, [start], inputs[:1])], inputs[1:])
    affine = rs.collapse(linear, steps=2)
    silent = sp.And(sp.Eq(b, 0), *(sp.Eq(s, 0) for s in affine.free_symbols if s.name.startswith("x_")))
    return [
        Claim(
            "A-REC-1", ("The recurrence and its Jacobian", "递推关系及其雅可比矩阵"),
            ("One step is $h_t = f(W_h h_{t-1} + W_x x_t + b)$ with f entry by entry, so its Jacobian is $\\mathrm{diag}(f')\\,W_h$.",
             "一步为 $h_t = f(W_h h_{t-1} + W_x x_t + b)$,f 逐元作用，因此雅可比矩阵为 $\\mathrm{diag}(f')\\,W_h$。"),
            rs.jacobian(cell), instead=(rs.jacobian(cell, "input"), rs.jacobian(cell, "b")),
        ),
        Claim(
            "A-REC-2", ("The start and the inputs determine the trajectory", "初态与输入决定轨迹"),
            ("Three steps are one step followed by two.", "走三步等于先走一步再走两步。"),
            rs.claim(whole, parts, name="composition of steps"),
        ),
        Claim(
            "A-REC-3", ("Without f the network collapses", "去掉 f，网络退化"),
            ("Without the nonlinearity the network is a linear map of its state.", "没有非线性时，网络只是状态的线性变换。"),
            stated(affine, sp.ImmutableMatrix([[w**2 * h]])), repaired=(stated(affine, sp.ImmutableMatrix([[w**2 * h]]), given=silent),),
            instead=(affine,),
            note=("In general it is affine, and it keeps a memory of all inputs.", "一般而言它是仿射的，并且记住所有输入。"),
        ),
        Claim(
            "A-REC-4", ("Sequences of any length", "任意长度的序列"),
            ("The same parameters define a map for each number of steps.", "同一组参数对每个步数都定义一个映射。"),
            rs.jacobian(rs.unroll(cell, 2)),
        ),
    ]  # fmt: skip


def _activations() -> list[Claim]:
    f = sp.tanh(x)
    straight = StateAfter.of(
        rs.elman(W_h=[[w]], W_x=[[1]], b=[b]), [sp.ImmutableMatrix([[h]])], [sp.ImmutableMatrix([[x]])]
    )
    flipped = StateAfter.of(
        rs.elman(W_h=[[w]], W_x=[[1]], b=[-b]), [sp.ImmutableMatrix([[-h]])], [sp.ImmutableMatrix([[-x]])]
    )
    lindley, two = rs.lindley_from_rest(3), rs.sign_in_two_units(3)
    step, twice = (rs.activations.relu(h + x), rs.activations.relu(w * rs.activations.relu(u * x)))
    kept, memory = rs.sign_kept(tanh), rs.sign_memory(tanh)
    drift, dip = rs.relu_drift(relu), rs.relu_dip(relu)
    return [
        Claim(
            "A-ACT-1", ("tanh: range, parity, slope", "tanh 的值域、奇偶性与斜率"),
            ("tanh is odd, lies in (-1, 1), and its slope $1 - \\tanh^2$ is at most 1.", "tanh 为奇函数，取值于 (-1, 1)，斜率 $1 - \\tanh^2$ 不超过 1。"),
            rs.claim(abs(f), 1, relation="<", name="range of tanh"),
            instead=(rs.claim(flipped, -straight, name="symmetry of the network"), rs.claim(sp.diff(f, x), 1, relation="<=", name="largest slope")),
        ),
        Claim(
            "A-ACT-2a", ("ReLU states are not negative", "ReLU 的状态非负"),
            ("$h_t \\ge 0$ always, so a ReLU unit holds no negative value.", "恒有 $h_t \\ge 0$，因此 ReLU 单元不保存负值。"),
            rs.claim(0, lindley.lhs, relation="<=", given=lindley.given, name="ReLU states"), instead=(lindley,),
        ),
        Claim(
            "A-ACT-2b", ("A negative pulse is lost", "负脉冲会丢失"),
            ("$h_t = \\mathrm{ReLU}(h_{t-1} + x_t)$ with $x_t < 0$ gives $h_t = 0$.", "$h_t = \\mathrm{ReLU}(h_{t-1} + x_t)$ 在 $x_t < 0$ 时得到 $h_t = 0$。"),
            rs.claim(step, 0, given=x < 0, name="a negative pulse"),
            repaired=(rs.claim(step, 0, given=sp.And(x < 0, h + x <= 0), name="a negative pulse"),), instead=(rs.erased(3),),
            note=("With $h_{t-1} > |x_t|$ nothing is lost.", "若 $h_{t-1} > |x_t|$，则什么也不丢失。"),
        ),
        Claim(
            "A-ACT-2c", ("No memory of negative pulses without bias", "无偏置则记不住负脉冲"),
            ("Without bias a ReLU unit cannot show that a pulse was negative.", "没有偏置时，ReLU 单元无法表明脉冲为负。"),
            rs.claim(twice, 0, given=x < 0, name="two steps after a negative pulse"),
            repaired=(rs.claim(twice, 0, given=sp.And(x < 0, u > 0), name="two steps after a negative pulse"),),
        ),
        Claim(
            "A-ACT-2d", ("The same for networks", "推广到网络"),
            ("Networks of ReLU units without bias cannot do it either: what they hold never shows a negative sign.",
             "无偏置的 ReLU 网络同样做不到：其内容从不显示负号。"),
            rs.claim(0, two.lhs, relation="<=", name="difference of two ReLU units"), instead=(two,),
            note=("Two units with input weights 1 and -1 hold the sign for ever.", "输入权重为 1 与 -1 的两个单元可永远保存符号。"),
        ),
        Claim(
            "A-ACT-2e", ("A bias cures it", "偏置可以补救"),
            ("With a bias the unit stays active and keeps the pulse as a deviation from its resting state.",
             "有了偏置，单元保持激活，把脉冲保存为对静息状态的偏离。"),
            stated(drift, next(s for s in drift.rhs.free_symbols if s.name == "h_0")), repaired=(dip,), instead=(drift,),
            note=("At $w = 1$ the state drifts; the cure needs $0 < w < 1$.", "$w = 1$ 时状态漂移；补救需要 $0 < w < 1$。"),
        ),
        Claim(
            "A-ACT-3a", ("tanh keeps the sign of a negative pulse", "tanh 保留负脉冲的符号"),
            ("Without input and bias the sign of h stays.", "无输入、无偏置时，h 的符号不变。"), weaker(kept), repaired=(kept,),
        ),
        Claim(
            "A-ACT-3b", ("The memory is maintained at $w = 1$", "$w = 1$ 时记忆得以保持"),
            ("A state away from 0 is held for $w \\ge 1$.", "当 $w \\ge 1$ 时，非零状态得以保持。"),
            stated(memory, sp.Ge(w, 1)), instead=(memory, rs.power_law(tanh), rs.critical_halving(tanh)), trials=30,
            note=("At $w = 1$ the state fades as a power of time and forgets its size.", "$w = 1$ 时状态按时间的幂衰减，并遗忘幅度。"),
        ),
        Claim(
            "A-ACT-4", ("Units solved exactly", "可精确求解的单元"),
            ("softsign units have a closed orbit.", "softsign 单元的轨道有闭式解。"), rs.solvable_orbit(unit("softsign")), companion=True,
        ),
    ]  # fmt: skip


def _fixed_points() -> list[Claim]:
    remainder, exact = rs.linearization(rs.elman()), rs.linearization(rs.elman("relu"))
    move = rs.activations.relu(w * (h + d) + b) - rs.activations.relu(w * h + b)
    active = w * h + b > 0
    stable, unstable = rs.local_stability(rs.elman())
    norm, life, design = rs.power_norm(), rs.half_life(tanh), rs.half_life_bias(tanh)
    longest = rs.half_life_bound(tanh)
    a = next(s for s in norm.rhs.free_symbols if s.name == "a")
    return [
        Claim(
            "A-FIX-1", ("Fixed point equation", "不动点方程"),
            ("Under constant input a fixed point solves $h^\\star = f(W h^\\star + W_x x + b)$.", "恒定输入下，不动点满足 $h^\\star = f(W h^\\star + W_x x + b)$。"),
            rs.bias_of_fixed_point(rs.elman()),
        ),
        Claim(
            "A-FIX-2a", ("Linearization", "线性化"),
            ("Small deviations obey $\\delta_t = J \\delta_{t-1}$ up to second order.", "小偏差满足 $\\delta_t = J \\delta_{t-1}$，误差为二阶。"), remainder, trials=20,
        ),
        Claim(
            "A-FIX-2b", ("Linearization of ReLU", "ReLU 的线性化"),
            ("For an active ReLU unit the linearization is exact.", "对激活的 ReLU 单元，线性化是精确的。"),
            rs.claim(move, w * d, given=active, name="one ReLU unit"), repaired=(rs.claim(move, w * d, given=sp.And(active, w * (h + d) + b >= 0), name="one ReLU unit"),),
            instead=(exact,),
            note=("The deviation must not carry a unit over its kink.", "偏差不得使单元越过折点。"),
        ),
        Claim(
            "A-FIX-3a", ("$\\rho(J) < 1$ is sufficient for local stability", "$\\rho(J) < 1$ 足以保证局部稳定"),
            ("If $\\rho(J) < 1$ the fixed point is locally asymptotically stable.", "若 $\\rho(J) < 1$，则不动点局部渐近稳定。"), stable, instead=(unstable,), trials=60, dims=(1, 2),
        ),
        Claim(
            "A-FIX-3b", ("Deviations decay as $\\rho^t$", "偏差按 $\\rho^t$ 衰减"),
            ("If $\\rho(J) < 1$ a deviation never exceeds $\\rho^t$ times its start.", "若 $\\rho(J) < 1$，偏差不超过初值的 $\\rho^t$ 倍。"),
            rs.claim(norm.lhs, a**t, relation="<=", given=sp.And(norm.given, a < 1), name="decay as rho^t"), instead=(norm, *rs.transient_peak()[:1]),
            note=("It decays at every rate above $\\rho$ in the end; before, it may grow.", "最终以任意大于 $\\rho$ 的速率衰减，此前可能先增长。"),
            reading=True,
        ),
        Claim(
            "A-FIX-3c", ("$\\rho(J) = 1$ decides nothing", "$\\rho(J) = 1$ 不能判定"),
            ("A slope of 1 does not imply attraction.", "斜率为 1 并不意味着吸引。"),
            rs.claim(abs(h + h**3), abs(h), relation="<", given=sp.Ne(h, 0), name="attraction of h + h^3"),
            denies=True,
            instead=(rs.claim(abs(sp.tanh(h)), abs(h), relation="<", given=sp.Ne(h, 0), name="attraction of tanh"),
                     rs.claim(abs(h), abs(h + h**3), relation="<", given=sp.Ne(h, 0), name="repulsion of h + h^3")),
            note=("Both maps have the slope 1 at 0.", "两个映射在 0 处的斜率都是 1。"),
        ),
        Claim(
            "A-FIX-4", ("Jacobian of one tanh unit", "单个 tanh 单元的雅可比"),
            ("$J = w (1 - h^{\\star 2})$, and the fixed point is stable if $|J| < 1$.", "$J = w (1 - h^{\\star 2})$；若 $|J| < 1$ 则不动点稳定。"),
            rs.stability_conditions(tanh), instead=(rs.jacobian(tanh),),
        ),
        Claim(
            "A-FIX-5", ("The bias moves the fixed point", "偏置移动不动点"),
            ("The bias of a wanted fixed point, and the derivative of the fixed point by the bias.", "给定不动点所需的偏置，以及不动点对偏置的导数。"),
            rs.bias_of_fixed_point(tanh), instead=(rs.implicit_derivative(tanh, "b"),),
        ),
        Claim(
            "A-FIX-6", ("Fold", "鞍结分岔"),
            ("At a bias in closed form two fixed points merge.", "在一个闭式偏置处，两个不动点合并。"), rs.fold(tanh), instead=(rs.fixed_point_count(tanh),),
        ),
        Claim(
            "A-FIX-7", ("Flip; one unit is never chaotic", "翻转分岔；单个单元绝无混沌"),
            ("A 2-cycle appears at the flip, and one tanh unit has no longer cycle.", "2-周期在翻转分岔处出现；单个 tanh 单元没有更长的周期。"),
            rs.longest_cycle(tanh), instead=(rs.flip(tanh), rs.two_cycle_count(tanh)),
        ),
        Claim(
            "A-FIX-8a", ("Half-life", "半衰期"),
            ("Deviations halve every $\\ln 2/(-\\ln|J|)$ steps.", "偏差每 $\\ln 2/(-\\ln|J|)$ 步减半。"), weaker(life, FixedAt(*life.lhs.args)), repaired=(life,),
        ),
        Claim(
            "A-FIX-8b", ("The bias lengthens the memory", "偏置延长记忆"),
            ("A bias lengthens the half-life of a unit with $0 < w < 1$.",
             "对 $0 < w < 1$ 的单元，偏置使半衰期更长。"),
            rs.claim(longest.rhs, longest.lhs, relation="<=", given=longest.given, name="a bias lengthens"), instead=(longest,),
            note=("No bias does.", "任何偏置都做不到。"),
            reading=True,
        ),
        Claim(
            "A-FIX-8c", ("The bias sets the half-life", "偏置设定半衰期"),
            ("A wanted half-life T has a bias in closed form.", "给定半衰期 T，所需偏置有闭式。"), design,
            note=("Where its hypothesis fails there is no such bias.", "条件不满足时，这样的偏置不存在。"),
        ),
        Claim(
            "A-FIX-9", ("Critical slowing near the fold", "鞍结附近的临界慢化"),
            ("The passage time grows as the inverse square root of the distance.", "通过时间按距离的平方根的倒数增长。"), rs.critical_slowing(tanh), companion=True, trials=6,
        ),
        Claim(
            "A-FIX-10", ("Sigmoid and ReLU", "sigmoid 与 ReLU"),
            ("A sigmoid network is a tanh network in other coordinates.", "sigmoid 网络是换了坐标的 tanh 网络。"),
            rs.sigmoid_as_tanh(), instead=(rs.fold(unit("sigmoid")),), companion=True,
        ),
    ]  # fmt: skip


def _modes() -> list[Claim]:
    split = rs.spectral_decomposition(MATRIX)
    diagonal = rs.diagonalizable(MATRIX)
    rule = rs.decoupling(2)
    return [
        Claim(
            "A-LIN-1", ("Modes decouple", "模态解耦"),
            ("Every linear network decouples in the eigenvectors of W.", "任何线性网络都可用 W 的特征向量解耦。"),
            stated(diagonal, sp.true), repaired=(split,), instead=(diagonal,), trials=60,
            reading=True,
        ),
        Claim(
            "A-LIN-2", ("$\\lvert\\lambda\\rvert$ sets the time scale", "$\\lvert\\lambda\\rvert$ 决定时间尺度"),
            ("A mode fades with $\\tau = -1/\\ln|\\lambda|$.", "模态以 $\\tau = -1/\\ln|\\lambda|$ 衰减。"), rs.timescales(sp.ImmutableMatrix([[p]])),
        ),
        Claim(
            "A-NLC-1a", ("tanh couples modes", "tanh 使模态耦合"),
            ("With f the modes couple.", "有了 f，模态相互耦合。"), rs.two_mode_map(), instead=tuple(rs.mode_coupling("tanh", basis=sp.Matrix([[1, 1], [1, -1]]) / sp.sqrt(2))[-1:]),
        ),
        Claim(
            "A-NLC-1b", ("Because $f(a + b) \\ne f(a) + f(b)$", "原因在于 $f(a + b) \\ne f(a) + f(b)$"),
            ("That f is not additive is enough for coupling: no basis of modes decouples.", "f 不可加即足以耦合：任何模态基都不解耦。"),
            stated(rule, sp.false), instead=(rule,), trials=60,
        ),
    ]  # fmt: skip


def _gradients() -> list[Claim]:
    product = rs.bptt(tanh)
    in_order = product.given.atoms(sp.Le)
    loose = sp.And(*(g for g in sp.And.make_args(product.given) if g not in in_order))
    bound, vanishing, exploding = rs.gradient_bound(rs.elman(), "2")
    below, normal, radial = rs.spectral_gap()
    radius, (rest, unstable) = rs.nilpotent_radius(), rs.nilpotent_fixed_point()
    slopes = radius.lhs.args[0]
    d_1, d_2 = (next(s for s in slopes.free_symbols if s.name == name) for name in ("d_1", "d_2"))
    tanh_slopes = sp.And(d_1 > 0, d_1 <= 1, d_2 > 0, d_2 <= 1)
    off = next(s for s in radial.lhs.free_symbols if s.name == "k")
    start = sp.Symbol("h_0", real=True)
    after = Iterate(sp.tanh(w * h + b), h, -1, 1, start, t)
    cap, residual, free = rs.growth_cap()
    kappa = next(s for s in free.rhs.free_symbols if s.name == "kappa")
    return [
        Claim(
            "A-GRD-1", ("Backpropagation through time", "沿时间反向传播"),
            ("The gradient is the product of the Jacobians, for any t and k.", "梯度是雅可比矩阵之积，t 与 k 任意。"),
            weaker(product, loose), repaired=(product,), trials=40,
            note=("The factors do not commute: the latest stands on the left.", "各因子不可交换：最晚的在最左。"),
        ),
        Claim(
            "A-GRD-2a", ("Norms below 1: gradients vanish", "范数小于 1：梯度消失"),
            ("If every $\\lVert J\\rVert$ is below 1 the gradient vanishes.", "若每个 $\\lVert J\\rVert$ 小于 1，则梯度消失。"), vanishing, instead=(bound,),
        ),
        Claim(
            "A-GRD-2b", ("Norms above 1: gradients explode", "范数大于 1：梯度爆炸"),
            ("If every $\\lVert J\\rVert$ is above 1 the gradient explodes.", "若每个 $\\lVert J\\rVert$ 大于 1，则梯度爆炸。"),
            rs.norms_above_one(), instead=(exploding, rs.product_bounds(2)[1]), trials=60, dims=(2,),
            note=("Norms above 1 are necessary for explosion; least singular values above 1 are sufficient.",
                  "范数大于 1 是爆炸的必要条件；最小奇异值大于 1 才是充分条件。"),
        ),
        Claim(
            "A-GRD-3a", ("$\\rho(W) \\le \\lVert W\\rVert$", "$\\rho(W) \\le \\lVert W\\rVert$"),
            ("The spectral radius is at most the spectral norm.", "谱半径不超过谱范数。"), below,
        ),
        Claim(
            "A-GRD-3b", ("Equality for normal W", "正规矩阵取等号"),
            ("The two are equal.", "二者相等。"), weaker(normal), repaired=(normal,),
            reading=True,
        ),
        Claim(
            "A-GRD-3c", ("Only for normal W", "仅正规矩阵取等号"),
            (r"For a $W$ that is not normal the radius is smaller, here for $k \ne 0$.", r"若 $W$ 不正规，则谱半径更小，此处 $k \ne 0$。"),
            rs.claim(radial.lhs[0, 0], radial.lhs[0, 1], relation="<", given=sp.And(radial.given, sp.Ne(off, 0)), name="a matrix that is not normal"),
            instead=(radial,),
            reading=True,
        ),
        Claim(
            "A-GRD-4a", ("$\\rho(W) < 1$ does not prevent explosion", "$\\rho(W) < 1$ 不能防止爆炸"),
            ("$\\rho(W) < 1$ does not imply $\\rho(J) < 1$ for the Jacobian $J = D W$.", "$\\rho(W) < 1$ 并不推出雅可比 $J = D W$ 满足 $\\rho(J) < 1$。"),
            rs.claim(sp.Lt(SpectralRadius(rs.nilpotent_weights()), 1), sp.Lt(SpectralRadius(slopes), 1), relation="=>", given=tanh_slopes, name="rho(W) < 1 and rho(D W)"),
            denies=True, instead=(radius, rest, unstable),
        ),
        Claim(
            "A-GRD-4b", ("It is a transient of W", "爆炸只是 W 的瞬态"),
            ("The growth comes from transients of W: the Jacobian has no larger spectral radius.", "增长来自 W 的瞬态：雅可比的谱半径不会更大。"),
            rs.claim(SpectralRadius(slopes), SpectralRadius(rs.nilpotent_weights()), relation="<=", given=tanh_slopes, name="rho(D W) and rho(W)"),
            instead=(rs.cycle_reduction(), rs.cycle_threshold()), trials=20,
            note=("Beyond the threshold a 2-cycle attracts without bias and input, although $\\rho(W) = 0$.",
                  "超过阈值后，即使 $\\rho(W) = 0$、无偏置、无输入，也有吸引的 2-周期。"),
        ),
        Claim(
            "A-GRD-5a", ("$\\lVert W\\rVert L < 1$ gives global stability", "$\\lVert W\\rVert L < 1$ 保证全局稳定"),
            ("Then all trajectories under the same input come together.", "此时同一输入下的所有轨迹相互靠拢。"),
            rs.contraction_condition(rs.elman()), instead=(rs.gap_bound(rs.elman(), 2),), trials=20,
        ),
        Claim(
            "A-GRD-5b", ("The network goes to the origin", "网络趋于原点"),
            ("Then without input the state goes to 0 as $(\\lVert W\\rVert L)^t$.", "此时无输入的状态按 $(\\lVert W\\rVert L)^t$ 趋于 0。"),
            rs.claim(abs(after), abs(w) ** t * abs(start), relation="<=", given=abs(w) < 1, name="decay toward 0"),
            repaired=(rs.claim(abs(after), abs(w) ** t * abs(start), relation="<=", given=sp.And(abs(w) < 1, sp.Eq(b, 0)), name="decay toward 0"),),
            reading=True,
        ),
        Claim(
            "A-GRD-6a", ("Gradients and truncation errors", "梯度与截断误差"),
            ("A perturbation of a network and the global error of a one-step method obey the same recursion.",
             "网络的扰动与单步法的整体误差满足同一递推。"),
            rs.error_propagation(rs.elman(), steps=2), instead=(rs.error_propagation(), rs.gradient_propagation(rs.elman(), steps=2)), trials=20,
        ),
        Claim(
            "A-GRD-6b", ("Closed form of the global error", "整体误差的闭式"),
            ("Euler's method on $y' = \\lambda y$.", "Euler 法用于 $y' = \\lambda y$。"), rs.global_error("euler"), instead=(rs.euler_bound(),),
        ),
        Claim(
            "A-GRD-6c", ("The same bound", "同样的界"),
            ("As in a solver, the growth has a bound that does not depend on the number of steps.",
             "与数值求解器一样，增长有与步数无关的界。"),
            rs.claim(free.lhs, sp.exp(abs(kappa)), relation="<=", given=free.given, name="a cap for a network"), instead=(cap, residual, free), trials=30,
            note=("The cap of a solver comes from its step size, which a plain network does not have.", "求解器的上界来自步长，普通网络没有步长。"),
            reading=True,
        ),
    ]  # fmt: skip


def _control() -> list[Claim]:
    reach, back, seen = (
        rs.controllability(GENERAL),
        rs.null_controllability(rs.LinearSystem(p, q)),
        rs.observability(GENERAL),
    )
    access = rs.accessibility(rs.elman(W_h=[[p, 0], [0, q]], W_x=[[1], [2]]))
    current = rs.constructibility(rs.LinearSystem(p, 1, c))
    watched = rs.nonlinear_observability(rs.elman(W_h=sp.eye(2) / 2, W_x=[[1], [2]], b=0, output=[[1, 1]]))
    return [
        Claim(
            "A-CTL-1a", ("Kalman's rank", "Kalman 秩条件"),
            ("Any state can be reached from any other in T steps, whatever T is, if and only if Kalman's matrix has rank n.",
             "无论 T 为何，T 步内可由任一状态到达任一状态，当且仅当 Kalman 矩阵的秩为 n。"),
            rs.claim(rs.controllability(GENERAL, steps=1).lhs, reach.rhs, given=reach.given, name="Kalman's rank after one step"), repaired=(reach,),
            note=("Kalman's matrix has n blocks, so the rank is that of $T \\ge n$ steps.", "Kalman 矩阵有 n 块，因此秩对应 $T \\ge n$ 步。"),
            reading=True,
        ),
        Claim(
            "A-CTL-1b", ("Steering to 0", "驱动到 0"),
            ("The same rank decides whether every state can be steered to 0.", "同一秩条件决定能否把每个状态驱动到 0。"),
            stated(back, sp.Ne(q, 0)), instead=(back,), trials=60,
            reading=True,
        ),
        Claim(
            "A-CTL-1c", ("The same for the tanh network", "tanh 网络亦然"),
            ("Kalman's condition on the linearization, $p \\ne q$ here, decides what the tanh network reaches.",
             "线性化的 Kalman 条件(此处为 $p \\ne q$)决定 tanh 网络能到达何处。"),
            stated(access, sp.Ne(p, q)), instead=(access,), trials=40,
            reading=True,
        ),
        Claim(
            "A-CTL-2a", ("Observability", "可观性"),
            ("The start follows from T outputs, whatever T is, if and only if the observability matrix has rank n.",
             "无论 T 为何，初态可由 T 个输出确定，当且仅当可观性矩阵的秩为 n。"),
            rs.claim(rs.observability(GENERAL, steps=1).lhs, seen.rhs, given=seen.given, name="observability after one output"), repaired=(seen,),
            reading=True,
        ),
        Claim(
            "A-CTL-2b", ("Any-time state", "任一时刻的状态"),
            ("The same rank decides whether the current state follows from past outputs.", "同一秩条件决定当前状态能否由过去输出确定。"),
            stated(current, sp.Ne(c, 0)), instead=(current,), trials=60,
        ),
        Claim(
            "A-CTL-2c", ("The tanh network", "tanh 网络"),
            ("A network with $W_h = I/2$ and output $h_1 + h_2$, whose linearization hides a direction, is observable.",
             "$W_h = I/2$、输出 $h_1 + h_2$ 的网络可观，尽管其线性化隐藏了一个方向。"),
            watched, instead=(rs.observability(rs.linearize(rs.elman(W_h=sp.eye(2) / 2, W_x=[[1], [2]], b=0, output=[[1, 1]]), at=0)),), trials=4,
        ),
    ]  # fmt: skip


def _filters() -> list[Claim]:
    power, ratio, better = rs.noise_gain(POLE), rs.snr(FILTER), rs.snr_improves()
    life, square = rs.half_life(unit("sigmoid")), rs.squared_magnitude(POLE)
    star, at_rest = life.lhs.args[4], FixedAt(*life.lhs.args)
    slope = Multiplier(*life.lhs.args)
    exact = rs.claim(slope, w * star * (1 - star), given=at_rest, name="multiplier of a sigmoid unit")
    return [
        Claim(
            "A-FIL-1a", ("The linearized unit is a one-pole filter", "线性化单元是单极点滤波器"),
            ("$H(z) = \\alpha/(1 - \\alpha A z^{-1})$.", "$H(z) = \\alpha/(1 - \\alpha A z^{-1})$。"),
            rs.transfer_function(FILTER), instead=(rs.impulse_response(FILTER), rs.squared_magnitude(POLE), rs.hinf_norm(POLE)),
        ),
        Claim(
            "A-FIL-1b", ("$\\alpha = f'(0)$", "$\\alpha = f'(0)$"),
            ("At rest the slope of a sigmoid unit is $f'(0) = 1/4$, so its multiplier is $w/4$.", "静息时 sigmoid 单元的斜率为 $f'(0) = 1/4$，故乘子为 $w/4$。"),
            rs.claim(slope, w / 4, given=at_rest, name="multiplier of a sigmoid unit"), instead=(exact,),
            note=("$\\alpha$ is the slope at the operating point, which is 0 for tanh without bias and not for sigmoid.",
                  "$\\alpha$ 是工作点处的斜率；无偏置的 tanh 工作点为 0,sigmoid 则不是。"),
        ),
        Claim(
            "A-FIL-2", ("Output power of white noise", "白噪声的输出功率"),
            ("It is $\\sigma^2/(1 - p^2)$.", "它等于 $\\sigma^2/(1 - p^2)$。"), weaker(power), repaired=(power,), trials=60,
            note=("For $|p| > 1$ the integral over the frequencies converges too, to the variance of another, anticausal filter.",
                  "$|p| > 1$ 时频率积分也收敛，但那是另一个反因果滤波器的方差。"),
        ),
        Claim(
            "A-FIL-3a", ("Signal-to-noise ratio", "信噪比"),
            ("The output ratio as a function of $A$, $\\alpha$ and $\\omega$.", "输出信噪比是 $A$、$\\alpha$ 与 $\\omega$ 的函数。"), ratio,
            note=("It depends on $A$ and $\\alpha$ only through $p = \\alpha A$.", "它只通过 $p = \\alpha A$ 依赖于 $A$ 与 $\\alpha$。"),
        ),
        Claim(
            "A-FIL-3b", ("The best pole", "最佳极点"),
            ("There is an optimum in closed form.", "最优值有闭式。"), rs.snr_optimum(), instead=(rs.snr_maximum(), rs.snr_bias()), trials=30,
        ),
        Claim(
            "A-FIL-3c", ("Recurrence improves the ratio", "递归提高信噪比"),
            ("A recurrent unit always improves the ratio.", "循环单元总能提高信噪比。"), stated(better, sp.true), instead=(better,), trials=60,
            reading=True,
        ),
        Claim(
            "A-FIL-4", ("Some frequencies are amplified", "某些频率被放大"),
            ("A network amplifies some frequencies and suppresses others; a resonance needs two units.",
             "网络放大某些频率、抑制另一些；共振需要两个单元。"),
            rs.claim(square.lhs, sp.Max(1 / (1 - p) ** 2, 1 / (1 + p) ** 2), relation="<=", given=abs(p) < 1, name="largest gain of one pole"),
            instead=(square, rs.resonance(rs.LinearSystem([[p, -q], [1, 0]], [1, 0], [[1, 0]])),),
        ),
    ]  # fmt: skip


CLAIMS: list[Claim] = [
    *_recurrence(),
    *_activations(),
    *_fixed_points(),
    *_modes(),
    *_gradients(),
    *_control(),
    *_filters(),
]
