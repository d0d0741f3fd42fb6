"""What the modules call things: import lines, spellings of functions, and the helper functions of generated code.

A helper's text is NumPy's unless a module needs its own. May import: nothing.
"""

from __future__ import annotations

MODULES = ("numpy", "jax", "torch", "mpmath")
ALIAS = {"numpy": "np", "jax": "jnp", "torch": "torch", "mpmath": "mp"}
IMPORT = {
    "numpy": "import numpy as np",
    "jax": "import jax.numpy as jnp",
    "torch": "import torch",
    "mpmath": "import mpmath as mp\nimport numpy as np",
}
ELEMENTARY = {
    "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
    "Abs": "abs", "sign": "sign", "re": "real", "im": "imag", "conjugate": "conj", "atan2": "arctan2", "erf": "erf", "erfc": "erfc", "erfinv": "erfinv",
    "floor": "floor", "ceiling": "ceil", "arg": "angle",
}  # fmt: skip
SPELLING = {
    "mpmath": {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
               "arctanh": "atanh", "abs": "fabs", "real": "re", "imag": "im", "arctan2": "atan2", "angle": "arg"},
    "torch": {"real": "real", "angle": "angle"},
}  # fmt: skip
HELPERS = {
    "_linear": {
        "numpy": "def _linear(W, v):\n    return v @ W.T if W.ndim == 2 else (W @ v[..., None])[..., 0]",
    },
    "_scaled": {  # einsum is up to 1.6 times as fast as d[..., :, None] * W, whose inner loop is one row
        "numpy": (
            "def _scaled(d, W):\n"
            "    return np.einsum('...i,ij->...ij', d, W) if W.ndim == 2 else d[..., :, None] * W"
        ),
    },
    "_plus_diagonal": {
        "numpy": (
            "def _plus_diagonal(M, d, fresh):\n"
            "    batch = np.broadcast_shapes(M.shape[:-2], d.shape[:-1])\n"
            "    if not fresh or M.shape[:-2] != batch or M.dtype != np.result_type(M, d):\n"
            "        M = np.array(np.broadcast_to(M, batch + M.shape[-2:]), dtype=np.result_type(M, d))\n"
            "    i = np.arange(M.shape[-1])\n"
            "    M[..., i, i] += d\n"
            "    return M"
        ),
        "jax": "def _plus_diagonal(M, d, fresh):\n    return M + d[..., :, None] * jnp.eye(M.shape[-1], dtype=d.dtype)",
        "torch": "def _plus_diagonal(M, d, fresh):\n    return M + torch.diag_embed(d.expand(d.shape[:-1] + M.shape[-1:]))",
    },
    "_diagonal": {
        "numpy": (
            "def _diagonal(d):\n"
            "    M = np.zeros(d.shape + d.shape[-1:], dtype=d.dtype)\n"
            "    i = np.arange(d.shape[-1])\n"
            "    M[..., i, i] = d\n"
            "    return M"
        ),
        "jax": "def _diagonal(d):\n    return d[..., :, None] * jnp.eye(d.shape[-1], dtype=d.dtype)",
        "torch": "def _diagonal(d):\n    return torch.diag_embed(d)",
    },
    "_blocks": {
        "numpy": (
            "def _blocks(rows):\n"
            "    batch = np.broadcast_shapes(*(b.shape[:-2] for row in rows for b in row))\n"
            "    height, width = sum(row[0].shape[-2] for row in rows), sum(b.shape[-1] for b in rows[0])\n"
            "    M = np.empty(batch + (height, width), dtype=np.result_type(*(b for row in rows for b in row)))\n"
            "    i = 0\n"
            "    for row in rows:\n"
            "        j = 0\n"
            "        for b in row:\n"
            "            M[..., i : i + b.shape[-2], j : j + b.shape[-1]] = b\n"
            "            j += b.shape[-1]\n"
            "        i += row[0].shape[-2]\n"
            "    return M"
        ),
        "jax": (
            "def _blocks(rows):\n"
            "    batch = jnp.broadcast_shapes(*(b.shape[:-2] for row in rows for b in row))\n"
            "    wide = [[jnp.broadcast_to(b, batch + b.shape[-2:]) for b in row] for row in rows]\n"
            "    return jnp.concatenate([jnp.concatenate(row, axis=-1) for row in wide], axis=-2)"
        ),
        "torch": (
            "def _blocks(rows):\n"
            "    batch = torch.broadcast_shapes(*(b.shape[:-2] for row in rows for b in row))\n"
            "    wide = [[b.expand(batch + b.shape[-2:]) for b in row] for row in rows]\n"
            "    return torch.cat([torch.cat(row, dim=-1) for row in wide], dim=-2)"
        ),
    },
    "_kronecker": {
        "numpy": (
            "def _kronecker(A, B):\n"
            "    M = A[..., :, None, :, None] * B[..., None, :, None, :]\n"
            "    return M.reshape(M.shape[:-4] + (M.shape[-4] * M.shape[-3], M.shape[-2] * M.shape[-1]))"
        ),
    },
    "_table": {
        "numpy": (
            "def _table(rows):\n"
            "    flat = [np.asarray(e) for row in rows for e in row]\n"
            "    M = np.empty(np.broadcast_shapes(*(e.shape for e in flat)) + (len(rows), len(rows[0])), "
            "dtype=np.result_type(*flat))\n"
            "    for i, row in enumerate(rows):\n"
            "        for j, e in enumerate(row):\n"
            "            M[..., i, j] = e\n"
            "    return M"
        ),
        "jax": (
            "def _table(rows):\n"
            "    flat = jnp.stack(jnp.broadcast_arrays(*(jnp.asarray(e) for row in rows for e in row)), axis=-1)\n"
            "    return flat.reshape(flat.shape[:-1] + (len(rows), len(rows[0])))"
        ),
        "torch": (
            "def _table(rows):\n"
            "    flat = [torch.as_tensor(e, dtype=_dtype) for row in rows for e in row]\n"
            "    flat = torch.stack(torch.broadcast_tensors(*flat), dim=-1)\n"
            "    return flat.reshape(flat.shape[:-1] + (len(rows), len(rows[0])))"
        ),
    },
    "_choose": {
        "numpy": (
            "def _choose(pairs):\n"
            "    value = np.nan\n"
            "    for test, branch in reversed(pairs):\n"
            "        value = np.where(test, branch, value)\n"
            "    return value"
        ),
        "torch": (
            "def _choose(pairs):\n"
            "    value = torch.tensor(float('nan'), dtype=_dtype)\n"
            "    for test, branch in reversed(pairs):\n"
            "        branch = torch.as_tensor(branch, dtype=_dtype)\n"
            "        value = torch.where(torch.as_tensor(test), branch, value)\n"
            "    return value"
        ),
    },
    "_cases": {
        "numpy": (
            "def _cases(rows, *values):\n"
            "    values = [np.asarray(v) for v in values]\n"
            "    shape = np.broadcast_shapes(*(v.shape for v in values))\n"
            "    values = [np.broadcast_to(v, shape).reshape(-1) for v in values]\n"
            "    left, found = np.arange(values[0].size), []\n"
            "    for test, branch in rows:\n"
            "        if left.size:\n"
            "            here = [v[left] for v in values]\n"
            "            chosen = np.ones(left.shape, bool) if test is None else np.broadcast_to(test(*here), left.shape).astype(bool)\n"
            "            if chosen.any():\n"
            "                found.append((left[chosen], branch(*(v[chosen] for v in here))))\n"
            "            left = left[~chosen]\n"
            "    kinds = [v if isinstance(v, int | float) else np.asarray(v).dtype for v in (*values, *(v for _, v in found))]\n"
            "    result = np.full(values[0].shape, np.nan, np.result_type(*kinds))\n"
            "    for place, value in found:\n"
            "        result[place] = value\n"
            "    return result.reshape(shape)[()]"
        ),
    },
    "_compare": {
        "numpy": (
            "def _compare(sign, a, b):\n"
            "    def holds(a, b):\n"
            "        below = a.imag == b.imag == 0 and (a.real < b.real if '<' in sign else a.real > b.real)\n"
            "        return bool(below or ('=' in sign and a == b))\n\n"
            "    return np.asarray(np.frompyfunc(holds, 2, 1)(a, b), dtype=bool)"
        ),
    },
    "_complex_sqrt": {
        "numpy": "_complex_sqrt = np.emath.sqrt",
    },
    "_erf": {
        "numpy": (
            "try:\n    from scipy.special import erf as _erf\nexcept ImportError:\n"
            "    from math import erf\n\n    _erf = np.vectorize(erf, otypes=[float])"
        ),
        "jax": "from jax.scipy.special import erf as _erf",
        "torch": "_erf = torch.special.erf",
    },
    "_erfc": {
        "numpy": (
            "try:\n    from scipy.special import erfc as _erfc\nexcept ImportError:\n"
            "    from math import erfc\n\n    _erfc = np.vectorize(erfc, otypes=[float])"
        ),
        "jax": "from jax.scipy.special import erfc as _erfc",
        "torch": "_erfc = torch.special.erfc",
    },
    "_erfinv": {
        "numpy": "from scipy.special import erfinv as _erfinv",
        "jax": "from jax.scipy.special import erfinv as _erfinv",
        "torch": "_erfinv = torch.special.erfinv",
    },
    "_sech2": {
        "numpy": (
            "def _sech2(x):\n"
            "    c = np.cosh(x)\n"
            "    return 1 / (c * c)"
        ),
    },
}  # fmt: skip
