"""Eight numbers at a time in numba code: a value `Lanes` with arithmetic, loaded from arrays and stored to them.

LLVM vectorises a plain loop only when it can prove that what is written is not what is read, which it cannot for a
dozen arrays or a butterfly in place. Here every load, store and sum is one of eight float64, whatever the machine makes
of that (one AVX-512 register, two of AVX2, four of NEON).

Numba's cache does not see that a change here changes the kernels in other files: delete `__pycache__` after one.
"""

import operator
from collections.abc import Callable, Iterable
from typing import Any

from spingan.extras import needs

with needs("the physics of devices"):
    from llvmlite import ir
    from numba import extending, types
    from numba.core import cgutils
    from numba.core.typing.templates import AbstractTemplate, infer_global, signature
    from numba.extending import lower_builtin, models, register_model

LANES = 8
VECTOR = ir.VectorType(ir.DoubleType(), LANES)
INT32 = ir.IntType(32)
intrinsic: Any = extending.intrinsic  # a checker would count the typing context as an argument
infer: Any = infer_global
FUSE = ("contract",)  # lets a product and a sum become one rounding, nothing else


class LanesType(types.Type):
    """Numba's type of eight float64."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


lanes = LanesType()


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, frontend: Any) -> None:
        super().__init__(manager, frontend, VECTOR)


def _splat(builder: Any, value: Any) -> Any:
    if value.type == VECTOR:
        return value
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), value, ir.Constant(INT32, 0))
    return builder.shuffle_vector(one, one, _mask([0] * LANES))


def _define(symbol: Any, emit: Callable[..., Any]) -> None:
    @infer(symbol)
    class _Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 2 and lanes in args and all(arg in (lanes, types.float64) for arg in args):
                return signature(lanes, *args)
            return None

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(builder, _splat(builder, args[0]), _splat(builder, args[1]))

    for pair in ((lanes, lanes), (lanes, types.float64), (types.float64, lanes)):
        lower_builtin(symbol, *pair)(lower)


_define(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=FUSE))
_define(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=FUSE))
_define(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=FUSE))
_define(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), VECTOR.as_pointer())


@intrinsic
def load(typing_context: Any, array: Any, index: Any) -> Any:
    """Eight numbers of a contiguous float64 array, from flat `index` on."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, sig.args[0], args[0], args[1]), align=8)

    return lanes(array, types.intp), emit


@intrinsic
def store(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Write eight numbers to a contiguous float64 array, from flat `index` on."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig.args[0], args[0], args[1]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), emit


@intrinsic
def splat(typing_context: Any, value: Any) -> Any:
    """The same number eight times."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _splat(builder, args[0])

    return lanes(types.float64), emit


@intrinsic
def root(typing_context: Any, value: Any) -> Any:
    """Square roots."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function_type = ir.FunctionType(VECTOR, [VECTOR])
        function = cgutils.get_or_insert_function(builder.module, function_type, f"llvm.sqrt.v{LANES}f64")
        return builder.call(function, args)

    return lanes(lanes), emit


@intrinsic
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """The larger of each pair; NaN where either is NaN."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        first, second = args
        ordered = builder.select(builder.fcmp_ordered(">", first, second), first, second)  # the second where one is NaN
        return builder.select(builder.fcmp_unordered("uno", first, first), first, ordered)

    return lanes(lanes, lanes), emit


@intrinsic
def lane(typing_context: Any, value: Any, index: Any) -> Any:
    """One of the eight."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.extract_element(args[0], builder.trunc(args[1], INT32))

    return types.float64(lanes, types.intp), emit


@intrinsic
def transpose(typing_context: Any, source: Any, at: Any, step: Any, target: Any, to: Any, stride: Any) -> Any:
    """Turn eight rows of eight numbers into columns: from `source` at `at`, rows `step` apart, to `target` likewise."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def pointer(which: int, row: int) -> Any:
            offset = builder.mul(args[which + 2], ir.Constant(args[which + 2].type, row))
            return _pointer(context, builder, sig.args[which], args[which], builder.add(args[which + 1], offset))

        rows = [builder.load(pointer(0, row), align=8) for row in range(LANES)]
        for bit in (1, 2, 4):
            low = _mask(lane if not lane & bit else LANES + lane - bit for lane in range(LANES))
            high = _mask(lane + bit if not lane & bit else LANES + lane for lane in range(LANES))
            for row in range(LANES):
                if not row & bit:
                    first, second = rows[row], rows[row + bit]
                    rows[row] = builder.shuffle_vector(first, second, low)
                    rows[row + bit] = builder.shuffle_vector(first, second, high)
        for row in range(LANES):
            builder.store(rows[row], pointer(3, row), align=8)
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target, types.intp, types.intp), emit


def _mask(sources: Iterable[int]) -> Any:
    return ir.Constant(ir.VectorType(INT32, LANES), list(sources))
