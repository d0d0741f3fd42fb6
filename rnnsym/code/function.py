"""A right side as a function of named arrays: binding, shapes, zeros for what is left out, and broadcasting.

May import: result, reader, vectors, and the rest of this room.
"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from rnnsym.code.helpers import IMPORT, MODULES
from rnnsym.code.kinks import KINKS, Corner, corners, one_sided
from rnnsym.code.plans import PLANS, Plan, rows_at_once, signature
from rnnsym.code.precision import divides_by_cases, loss, refined
from rnnsym.code.writer import Writer
from rnnsym.reader import check_name
from rnnsym.result import KinkError, NoClosedForm, Result, RnnsymError, ShapeError, SpecError, is_condition
from rnnsym.vectors import Slot


@dataclass
class ArrayFunction:
    """A right side as a function of named arrays: vectors (..., n), matrices (..., rows, columns), batch axes broadcast.

    An input, or a bias (a parameter column whose name starts with b), that is left out is zero; the weights of an
    input left out are not needed. A named quantity of `where` may be given instead of what it is computed from.
    kink: where a slope is undefined, "error" raises KinkError naming the unit, "nan" gives nan, "left" and "right" the
    one-sided slope. jax and torch, whose values may not be known yet, give nan for "error".
    """

    result: Result
    modules: str = "numpy"
    kink: str = "nan"
    _compiled: dict[Any, tuple[Callable[..., Any], str, tuple[str, ...]]] = field(default_factory=dict, repr=False)
    _plans: dict[Any, Plan] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.kink not in KINKS:
            raise RnnsymError(f"unknown kink={self.kink!r}; known: {', '.join(KINKS)}")
        if self.kink in ("left", "right"):
            self.result = one_sided(self.result, -1 if self.kink == "left" else 1)

    @property
    def source(self) -> str:
        """The Python source of the function when every array is given."""
        return self._function(self._arguments())[1]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arrays that it takes."""
        return self._function(self._arguments())[2]

    def _arguments(self) -> frozenset[Any]:
        return frozenset(s for s in self.result.free_symbols if not _is_size(s))

    def __call__(self, **arrays: Any) -> Any:
        key = signature(arrays) if self.modules == "numpy" else None
        if key in self._plans:
            result, values = self._plans[key](arrays), None
        else:
            values, sizes = self._bind(arrays)
            if self.modules == "numpy":
                _check_batch(values)
            result = self._computed(values, sizes)
            if key is not None and not self._is_delicate and len(self._plans) < PLANS:
                plan = self._plan(arrays, values, sizes, result)
                self._plans.update({key: plan} if plan is not None else {})
        if self._refuses and _has_nan(result):
            if values is None:
                values, sizes = self._bind(arrays)
            self._refuse_kinks(values, sizes)
        return result

    def repeated(self, **arrays: Any) -> Callable[[Mapping[str, Any]], Any]:
        """The function of {name: array} for more arrays of these shapes and number types, which are not looked at again."""
        self(**arrays)
        plan = self._plans.get(signature(arrays)) if self.modules == "numpy" and not self._refuses else None
        return plan if plan is not None else lambda more: self(**more)

    @cached_property
    def _refuses(self) -> bool:
        """Whether a nan may come from a slope that is to be refused."""
        return self.kink == "error" and self.modules in ("numpy", "mpmath") and any(True for _ in corners(self.result))

    def _plan(
        self, arrays: Mapping[str, Any], values: Mapping[Any, Any], sizes: Mapping[str, int], result: Any
    ) -> Plan | None:
        """How to call with arrays of these shapes; None where an array is made into another on the way."""
        function, source, names = self._function(frozenset(values))
        tables = {a.name: a.entries for a in self.result.arrays if a.entries is not None}
        given: dict[int, tuple[str, Any]] = {id(array): (name, None) for name, array in arrays.items()}
        if len(given) < len(arrays):
            return None  # one array under two names
        known = {s for s, v in values.items() if id(v) in given}
        parts = {
            s: (name, index)
            for name, array in arrays.items() if name in tables
            for s, index in _places(name, tables[name], array).items() if s in values and s not in known
        }  # fmt: skip
        arguments, constants, batched = [], {}, set()
        shapes = [v.shape[: v.ndim - _core(s)] for s, v in values.items() if s in self.result.free_symbols]
        batch = np.broadcast_shapes(*shapes)
        for s, v in values.items():
            name, place = _safe(s.name), given.get(id(v), parts.get(s))
            if place is None and any(np.may_share_memory(v, array) for array in arrays.values()):
                return None
            if name not in names:
                continue
            if place is not None:
                arguments.append((name, *place))
                if len(batch) and v.ndim - _core(s) == len(batch) and v.shape[0] == batch[0]:
                    batched.add(name)
            else:
                constants[name] = v
        core = len(getattr(self.result.rhs, "shape", ()))
        body = source[source.index("\ndef f(") :]
        steps = body.count("[..., :, None] * ") + body.count("_scaled(") + body.count(" @ ")
        rows = rows_at_once(np.asarray(result), batch, core, steps)
        return Plan(function, tuple(arguments), {**constants, **sizes}, frozenset(batched), batch, core, rows)

    def _computed(self, values: Mapping[Any, Any], sizes: Mapping[str, int]) -> Any:
        """The value, with the digits that closed forms by cases lose where cases meet."""
        if not self._is_delicate:
            return self._evaluated(values, sizes)
        if self.modules == "mpmath":
            with mpmath.workdps(3 * mpmath.mp.dps + 10):
                found = self._evaluated(values, sizes)
            return np.frompyfunc(lambda v: +mpmath.mpmathify(v), 1, 1)(found)
        found = self._evaluated(values, sizes)
        needed = {s: np.asarray(v) for s, v in values.items() if s in self.result.free_symbols}
        if np.asarray(found).dtype not in (np.float64, np.complex128):
            return found
        with np.errstate(all="ignore"):
            factor = self._loss._evaluated(values, sizes)
        rank = len(getattr(self.result.rhs, "shape", ()))
        return refined(found, needed, factor, lambda chosen: self._precisely({**values, **chosen}, sizes), _core, rank)[
            ()
        ]

    def _precisely(self, values: Mapping[Any, Any], sizes: Mapping[str, int]) -> Any:
        exact = self._precise
        return exact._evaluated({s: exact._asarray(v, s.name) for s, v in values.items()}, sizes)

    @cached_property
    def _precise(self) -> ArrayFunction:
        """The same function in mpmath."""
        return ArrayFunction(self.result, "mpmath", self.kink)

    @cached_property
    def _loss(self) -> ArrayFunction:
        return ArrayFunction(loss(self.result), "numpy", "nan")

    @cached_property
    def _is_delicate(self) -> bool:
        return self.modules in ("numpy", "mpmath") and divides_by_cases(self.result)

    def _evaluated(self, values: Mapping[Any, Any], sizes: Mapping[str, int]) -> Any:
        function, _, names = self._function(frozenset(values))
        missing = [name for name in names if name not in {_safe(s.name) for s in values}]
        assert not missing, missing
        # exp and cosh beyond the largest number stand under a fraction line; NumPy warns of mpmath's nan
        with np.errstate(over="ignore", invalid="ignore" if self.modules == "mpmath" else None):
            result = function(**{_safe(s.name): v for s, v in values.items() if _safe(s.name) in names}, **sizes)
        return self._broadcast(result, values)

    def _refuse_kinks(self, values: Mapping[Any, Any], sizes: Mapping[str, int]) -> None:
        """Raises KinkError if a unit sits exactly at a point where its activation has no derivative."""
        for corner in corners(self.result):
            inner = ArrayFunction(replace(self.result, lhs=sp.Symbol("a"), rhs=corner.argument, steps=()), self.modules)
            function, _, names = inner._function(frozenset(values))
            given = {_safe(s.name): v for s, v in values.items()}
            if not set(names) <= set(given):
                continue
            found = np.asarray(function(**{name: given[name] for name in names}, **sizes))
            if corner.is_column and found.ndim > 1:
                found = found[..., 0]
            at = np.argwhere(found == corner.value(self.modules))
            if len(at):
                raise KinkError(_kink_message(corner, at[0]))

    def _function(self, given: frozenset[Any]) -> tuple[Callable[..., Any], str, tuple[str, ...]]:
        if given not in self._compiled:
            source, names = function_source(self.result, self.modules, given)
            scope: dict[str, Any] = {}
            # The text is made by Writer from checked names and numbers, never from a user's text.
            try:
                exec(compile(source, f"<rnnsym {self.result.name}>", "exec"), scope)
            except ImportError as error:
                raise _missing(error) from error
            self._compiled[given] = (scope["f"], source, names)
        return self._compiled[given]

    def _bind(self, arrays: Mapping[str, Any]) -> tuple[dict[Any, Any], dict[str, int]]:
        """Named arrays -> {symbol: array} and sizes; what may be left out is zero."""
        result = self.result
        where = dict(result.where)
        symbols = {s.name: s for s in (*where, *result.free_symbols) if isinstance(s, sp.Symbol | sp.MatrixSymbol)}
        tables = {a.name: a for a in result.arrays}
        values: dict[Any, Any] = {}
        sizes: dict[Any, int] = {}
        for name, given in arrays.items():
            entries = tables[name].entries if name in tables else None
            array = self._asarray(given, name)
            if name in symbols and (entries is None or array.ndim < 2 or entries.shape != (1, 1)):
                symbol = symbols[name]
                if isinstance(symbol, sp.MatrixSymbol):
                    _fit(name, symbol, array, sizes)
                values[symbol] = array
            elif entries is not None:
                values.update(_unpack(name, entries, array))
            elif name in tables:
                continue
            else:
                known = ", ".join(sorted({*symbols, *tables} - {str(s) for s in sizes}))
                raise SpecError(f"unknown name {name!r}; this result takes: {known}")
        self._fill(values, sizes, tables)
        needed = _needed(result, values)
        lacking = sorted(s.name for s in needed - set(values) if s not in sizes and not _is_size(s))
        if lacking:
            raise SpecError(
                f"{result.name} needs values for {', '.join(lacking)}; given: {', '.join(arrays) or 'nothing'}"
            )
        unsized = sorted(str(s) for s in needed if _is_size(s) and s not in sizes and s not in values)
        if unsized:
            raise SpecError(f"the size {', '.join(unsized)} cannot be seen from the arrays given; give one that has it")
        return values, {f"_size_{s.name}": v for s, v in sizes.items()}

    def _fill(self, values: dict[Any, Any], sizes: dict[Any, int], tables: Mapping[str, Any]) -> None:
        result = self.result
        kind = [v.dtype for v in values.values()]
        silent = False
        for array in tables.values():
            symbols = [array.value] if array.entries is None else [e for e in array.entries if e.is_Symbol]
            column = array.value.shape[1] == 1
            if array.role == "input" or (array.role == "parameter" and column and array.name.startswith("b")):
                missing = [s for s in symbols if s in result.free_symbols and s not in values and _like(s, array)]
                silent = silent or (array.role == "input" and len(missing) == len(symbols))
                values.update({s: self._zero(s, sizes, kind) for s in missing})
        for array in tables.values():
            if silent and array.role == "parameter" and array.name.startswith("W_x"):
                symbols = [array.value] if array.entries is None else list(array.entries)
                needed = [s for s in symbols if s in result.free_symbols and s not in values and _like(s, array)]
                values.update({s: self._zero(s, sizes, kind) for s in needed})

    def _zero(self, symbol: Any, sizes: dict[Any, int], kind: list[Any]) -> Any:
        """Zeros in the shape of a symbol, in the number type of the arrays that were given."""
        shape: tuple[int, ...] = ()
        if isinstance(symbol, sp.MatrixSymbol):
            shape = tuple(int(s) if s.is_Integer else sizes.get(s, 1) for s in symbol.shape)
            shape = shape[:1] if symbol.shape[1] == 1 else shape
        zero = self._asarray(np.zeros(shape), symbol.name)
        if self.modules == "numpy" and kind:
            return zero.astype(np.result_type(*kind))
        return zero.to(kind[0]) if self.modules == "torch" and kind else zero

    def _asarray(self, value: Any, name: str) -> Any:
        if self.modules == "torch":
            torch = _imported("torch")
            tensor = torch.as_tensor(value)
            return tensor if tensor.is_floating_point() or tensor.is_complex() else tensor.to(torch.float64)
        if self.modules == "jax":
            jnp = _imported("jax.numpy")
            array = jnp.asarray(value)
            return array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(float)
        array = np.asarray(value)
        if self.modules == "mpmath":
            return (
                np.frompyfunc(mpmath.mpmathify, 1, 1)(array.astype(object))
                if array.ndim
                else np.array(mpmath.mpmathify(array.item()))
            )
        if array.dtype == object:
            array = array.astype(complex if any(isinstance(v, complex) for v in array.flat) else float)
        if array.dtype.kind in "iub":
            return array.astype(np.float64)  # whole numbers would wrap around
        if array.dtype.kind not in "fc":
            raise SpecError(f"{name} holds {array.dtype}; numbers are needed")
        return array

    def _broadcast(self, result: Any, values: Mapping[Any, Any]) -> Any:
        if self.modules not in ("numpy", "mpmath"):
            return result
        core = len(getattr(self.result.rhs, "shape", ()))
        result = np.asarray(result)
        batch = [v.shape[: v.ndim - _core(s)] for s, v in values.items() if s in self.result.free_symbols]
        shape = np.broadcast_shapes(*batch, result.shape[: result.ndim - core])
        if shape == result.shape[: result.ndim - core]:
            return result if result.ndim else result[()]
        return np.broadcast_to(result, shape + result.shape[result.ndim - core :]).copy()


def _has_nan(values: Any) -> bool:
    return bool(np.any(np.asarray(values != values)))  # only nan differs from itself, in every number type


def _kink_message(corner: Corner, place: Any) -> str:
    unit = int(place[-1]) + 1 if corner.is_column else corner.unit
    batch = tuple(int(i) for i in (place[:-1] if corner.is_column else place))
    where = ([f"unit {unit}"] if unit is not None else []) + (
        [f"batch item {', '.join(map(str, batch))}"] if batch else []
    )
    located = f" ({', '.join(where)})" if where else ""
    return (
        f"{corner.words} is not differentiable at a={corner.point}{located}; name a side "
        "or a region: lambdify(kink='left') or 'right' takes the slope of that side, kink='nan' marks the unit"
    )


def _core(symbol: Any) -> int:
    if not isinstance(symbol, sp.MatrixSymbol):
        return 0
    return 1 if symbol.shape[1] == 1 else 2


def _check_batch(values: Mapping[Any, Any]) -> None:
    """ShapeError where the leading axes of the arrays do not fit one another."""
    axes = {s.name: np.shape(v)[: np.ndim(v) - _core(s)] for s, v in values.items()}
    try:
        np.broadcast_shapes(*axes.values())
    except ValueError:
        given = ", ".join(f"{name} {shape}" for name, shape in axes.items() if shape)
        raise ShapeError(f"the leading axes of the arrays, a batch, do not fit one another: {given}") from None


def _is_size(symbol: Any) -> bool:
    return bool(getattr(symbol, "is_integer", False)) and bool(getattr(symbol, "is_positive", False))


def _like(symbol: Any, array: Any) -> bool:
    return symbol.name == array.name or symbol.name.startswith(array.name + "_")


def _fit(name: str, symbol: Any, array: Any, sizes: dict[Any, int]) -> None:
    column = symbol.shape[1] == 1
    core = tuple(array.shape[-1:]) if column else tuple(array.shape[-2:])
    want = symbol.shape[:1] if column else symbol.shape
    if len(core) < len(want):
        shape = "(..., " + ", ".join(map(str, want)) + ")"
        raise ShapeError(f"{name} has shape {tuple(array.shape)}; {shape} is needed")
    for size, got in zip(want, core, strict=True):
        if size.is_Integer and int(size) != got or sizes.get(size, got) != got:
            have = int(size) if size.is_Integer else sizes[size]
            raise ShapeError(
                f"{name} has shape {tuple(array.shape)}, but {size if size.is_Symbol else 'its size'} is {have}"
            )
        if size.is_Symbol:
            sizes[size] = got


def _unpack(name: str, entries: Any, array: Any) -> dict[Any, Any]:
    """{symbol: its values} for the entries of an array that are symbols."""
    return {s: array if index is None else array[index] for s, index in _places(name, entries, array).items()}


def _places(name: str, entries: Any, array: Any) -> dict[Any, Any]:
    """{symbol: its index in the array}, None for the whole of it."""
    rows, columns = entries.shape
    is_column = columns == 1 and array.ndim >= 1 and array.shape[-1] == rows
    if (rows, columns) == (1, 1) and array.ndim < 2:
        parts: dict[Any, Any] = {(0, 0): None}
    elif is_column and (array.ndim == 1 or array.shape[-2:] != (rows, 1)):
        parts = {(i, 0): (..., i) for i in range(rows)}
    elif tuple(array.shape[-2:]) == (rows, columns):
        parts = {(i, j): (..., i, j) for i in range(rows) for j in range(columns)}
    else:
        raise ShapeError(f"{name} has shape {tuple(array.shape)}; {entries.shape} is needed")
    return {entries[i, j]: index for (i, j), index in parts.items() if entries[i, j].is_Symbol}


def _needed(result: Result, given: Mapping[Any, Any]) -> set[Any]:
    """The symbols that the right side needs when those of `given` are known."""
    where = dict(result.where)
    needed: set[Any] = set()
    pending = [result.rhs]
    done: set[Any] = set()
    while pending:
        for s in pending.pop().free_symbols:
            if s in done:
                continue
            done.add(s)
            if s in where and s not in given:
                pending.append(where[s])
            elif not isinstance(s, Slot):
                needed.add(s)
    return needed


def _safe(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) or name in ("np", "jnp", "torch", "mp", "f") else name


def _imported(name: str) -> Any:
    """An optional module; our own error where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise _missing(error) from error


def _missing(error: ImportError) -> RnnsymError:
    package = (error.name or "a module").split(".")[0]
    extra = "'rnnsym[numeric]'" if package == "scipy" else package
    return RnnsymError(f"this array code needs {package}, which is not installed: pip install {extra}")


def function_source(result: Result, modules: str, given: frozenset[Any]) -> tuple[str, tuple[str, ...]]:
    """The source of a function of named arrays for the right side, and its argument names."""
    if modules not in MODULES:
        raise RnnsymError(f"unknown module {modules!r}; known: {', '.join(MODULES)}")
    rhs = result.rhs
    if is_condition(rhs) or isinstance(rhs, sp.Tuple):
        raise NoClosedForm(f"{result.name}: a {'condition' if is_condition(rhs) else 'list'} has no array code")
    where = {s: e for s, e in result.where if s not in given}
    needed = {s for s in _needed(result, dict.fromkeys(given)) if not _is_size(s) or s in given}
    inputs: dict[Any, str] = {}
    for s in sorted(needed, key=lambda s: s.name):
        check_name(s.name)
        if _safe(s.name) in inputs.values():
            raise SpecError(f"two symbols are named {s.name!r}; rename one")
        inputs[s] = _safe(s.name)
    uses: Counter[Any] = Counter()
    for _ in range(2):  # the first pass counts the uses, the second writes
        writer = Writer(modules, where, inputs, uses)
        text = writer.text(rhs)
        uses = writer.seen
    sizes = sorted(f"_size_{check_name(s.name, 'size')}" for s in _size_symbols(result))
    signature = ", ".join([*inputs.values(), *(f"{s}=None" for s in sizes)])
    body = [*writer.lines, f"return {text}"]
    head = [IMPORT[modules]]
    if modules == "torch":
        head.append("_dtype = torch.float64")
    head += list(writer.helpers.values())
    lines = "\n".join("    " + line for line in body)
    return "\n\n".join(head) + f"\n\n\ndef f({signature}):\n{lines}\n", tuple(inputs.values())


def _size_symbols(result: Result) -> set[Any]:
    tables = [a.value for a in result.arrays if a.entries is None]
    tables += [s for s in result.free_symbols if isinstance(s, sp.MatrixSymbol)]
    return {size for table in tables for size in table.shape if size.is_Symbol}


def array_function(result: Result, modules: str = "numpy", kink: str = "nan") -> ArrayFunction:
    """The right side of a result as a function of named arrays, in NumPy, jax, torch or mpmath; `kink`: see ArrayFunction.

    >>> p = sp.Symbol("p", real=True)
    >>> f = array_function(Result("gain", sp.Symbol("G"), "=", 1 / (1 - p)))
    >>> float(f(p=0.5))
    2.0
    """
    if modules not in MODULES:
        raise RnnsymError(f"unknown module {modules!r}; known: {', '.join(MODULES)}")
    return ArrayFunction(result, modules, kink)
