"""What a model's forward does between its modules: who reads whom, and which functions it calls by itself.

`follow` runs the forward on symbols (torch.fx), without an input; `watched_functions` watches a real pass. Both go by
what is allowed: the functions of `WIRES`, which only name, place or repeat values, and sums of currents (`SUMS`).
"""

import gc
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.overrides import TorchFunctionMode

from spingan.nn.copies import copied, has_hooks

SUMS = frozenset(("add", "iadd", "radd", "sub", "isub", "rsub"))
WIRES = SUMS | frozenset(
    (
        *("cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack", "chunk", "split", "tensor_split"),
        *("unbind", "narrow", "select", "getitem", "setitem", "index_select", "flatten", "unflatten", "ravel"),
        *("reshape", "reshape_as", "view", "view_as", "permute", "transpose", "swapaxes", "swapdims", "movedim"),
        *("moveaxis", "t", "squeeze", "unsqueeze", "expand", "expand_as", "broadcast_to", "repeat"),
        *("repeat_interleave", "tile", "contiguous", "clone", "detach", "flip", "roll", "rot90", "pad"),
        *("pixel_shuffle", "pixel_unshuffle", "get", "getattr", "size", "dim", "ndimension", "numel", "len"),
        *("is_contiguous", "is_floating_point", "is_complex", "stride", "type", "type_as", "to", "float", "cpu"),
        *("cuda", "zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "new_zeros", "new_ones"),
        *("new_full", "tensor", "as_tensor", "arange", "one_hot"),
    )
)
_FRESH = (  # whose output is memory of its own, unless they work in place
    *(nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.modules.batchnorm._BatchNorm, nn.modules.pooling._AvgPoolNd),
    *(nn.modules.pooling._MaxPoolNd, nn.ReLU, nn.LeakyReLU, nn.Hardtanh, nn.Tanh, nn.Sigmoid),
)
_ONE_AT_A_TIME = threading.Lock()  # torch.fx changes nn.Module's call while it traces, for all threads
_PAUSES_S = (0.0, 1e-3, 1e-2, 0.1)  # in the end ten times what Dask's profiler waits between two looks; assumed
_NUMBERS = frozenset(("size", "dim", "ndimension", "numel", "len", "stride", "is_contiguous", "is_floating_point"))
_NAMES_OF_NUMBERS = frozenset(("shape", "dtype", "device", "ndim", "is_cuda", "layout"))


@dataclass(frozen=True)
class Course:
    """How values run through a model, from one module that computes (a leaf) to the next.

    Attributes:
        failure: Why the forward could not be followed, and nothing else is known; None: it was.
        only_reader: For a leaf that is called once, the leaf that is called once and alone reads what comes out.
        alone: Leaves whose every input comes fresh from another leaf and is read by nobody else.
        functions: Called outside of leaves, in order of first use; none of `WIRES`, sums excepted.
    """

    failure: str | None
    only_reader: dict[str, str]
    alone: frozenset[str]
    functions: tuple[str, ...]


class _Follower(fx.Tracer):
    """A symbolic pass that stops at leaves and remembers every symbol, to see which ones somebody kept."""

    def __init__(self, leaves: Collection[int], own: Collection[int]) -> None:
        super().__init__()
        self.leaves, self.own = leaves, own
        self.symbols: dict[fx.Node, weakref.ref[fx.Proxy]] = {}

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return id(m) in self.leaves

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if id(m) in self.own:
            return super().call_module(m, forward, args, kwargs)
        return forward(*args, **kwargs)  # of another thread's net, or one that the forward made by itself

    def proxy(self, node: fx.Node) -> fx.Proxy:
        symbol = super().proxy(node)
        self.symbols[node] = weakref.ref(symbol)
        return symbol


def follow(model: nn.Module, is_leaf: Callable[[nn.Module], bool]) -> Course:
    """The course of values through `model` in evaluation; the model itself is left alone."""
    if is_leaf(model):
        return Course(None, {}, frozenset(), ())
    if "forward" in vars(model):
        return Course("its forward was replaced on the instance", {}, frozenset(), ())
    for name, module in model.named_modules():
        if has_hooks(module) and not is_leaf(module):  # a leaf's hooks are no part of the course
            return Course(f"hooks on {name or 'the model'} may keep or change what passes", {}, frozenset(), ())
    twin = copied(model, same_tensors=True).eval()
    own = {id(module) for module in twin.modules()}
    tracer = _Follower({id(module) for module in twin.modules() if is_leaf(module)}, own)
    try:
        with _ONE_AT_A_TIME:
            graph = tracer.trace(twin)
    except Exception as error:  # whatever a forward raises when it meets a symbol
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return Course(reason, {}, frozenset(), ())
    kept = _kept(tracer.symbols)
    return _course(graph, twin, lambda node: node in kept)


def _kept(symbols: dict[fx.Node, weakref.ref[fx.Proxy]]) -> set[fx.Node]:
    """The nodes whose symbol somebody holds on to.

    Not a sampling profiler, as Dask's workers have: what it holds, it holds for a moment. A net kept its batch norm out
    of its columns where such a moment fell on the end of a pass.
    """
    for pause_s in _PAUSES_S:
        if not any(symbol() is not None for symbol in symbols.values()):
            break
        gc.collect()
        time.sleep(pause_s)
    return {node for node, symbol in symbols.items() if symbol() is not None}


def _course(graph: fx.Graph, twin: nn.Module, kept: Callable[[fx.Node], bool]) -> Course:
    calls = [node for node in graph.nodes if node.op == "call_module"]
    modules = {node: twin.get_submodule(str(node.target)) for node in calls}
    uses = Counter(id(module) for module in modules.values())

    def read_alone(node: fx.Node, reader: fx.Node) -> bool:
        return list(node.users) == [reader] and reader.args == (node,) and not reader.kwargs and not kept(node)

    only_reader: dict[str, str] = {}
    shared: set[str] = set()
    for node in calls:
        source = node.args[0] if node.args else None
        if not (isinstance(source, fx.Node) and source in modules and read_alone(source, node)):
            shared.add(str(node.target))
            continue
        in_place = getattr(modules[source], "inplace", False) and str(source.target) in shared
        if in_place or not isinstance(modules[source], _FRESH):
            shared.add(str(node.target))  # what it reads is another name for memory that others may read
        if uses[id(modules[node])] == uses[id(modules[source])] == 1:
            only_reader[str(source.target)] = str(node.target)
    alone = frozenset(str(node.target) for node in calls) - shared
    return Course(None, only_reader, alone, tuple(_functions(graph)))


def _functions(graph: fx.Graph) -> list[str]:
    """Names of what is called on values; arithmetic on shapes is none of it."""
    numbers: set[fx.Node] = set()
    found: dict[str, None] = {}
    for node in graph.nodes:
        if node.op not in ("call_function", "call_method"):
            continue
        name = str(node.target if node.op == "call_method" else getattr(node.target, "__name__", node.target)).strip(
            "_"
        )
        of_numbers = bool(node.all_input_nodes) and all(source in numbers for source in node.all_input_nodes)
        if of_numbers or name in _NUMBERS or (name == "getattr" and node.args[1] in _NAMES_OF_NUMBERS):
            numbers.add(node)
        elif name not in WIRES or name in SUMS:
            found[name] = None
    return list(found)


class _FunctionWatch(TorchFunctionMode):
    """Notes functions that are called while no leaf runs."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}
        self._depth = 0

    def enter(self, *_: object) -> None:
        self._depth += 1

    def leave(self, *_: object) -> None:
        self._depth -= 1

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "").strip("_")
        if self._depth == 0 and (name not in WIRES or name in SUMS):
            self.names[name] = None
        return func(*args, **(kwargs or {}))


@contextmanager
def watched_functions(leaves: Collection[nn.Module]) -> Iterator[dict[str, None]]:
    """Within the block, collects the names of functions that are called outside of `leaves`, as `Course.functions`."""
    watch = _FunctionWatch()
    handles: list[torch.utils.hooks.RemovableHandle] = []
    for leaf in leaves:
        handles.append(leaf.register_forward_pre_hook(watch.enter, prepend=True))
        handles.append(leaf.register_forward_hook(watch.leave, always_call=True))
    try:
        with watch:
            yield watch.names
    finally:
        for handle in handles:
            handle.remove()
