"""What a forward does between its modules is seen, with an example and without; only wires and sums are let pass."""

import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from torch.nn import functional

from spingan.errors import UserError
from spingan.nn.conversion import convert
from spingan.nn.counting import count_model
from spingan.spec.technology import Technology, load_technology

IDEAL = load_technology("ideal")


class _Calls(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.layer, self.call = nn.Linear(4, 4), call

    def forward(self, given):
        return self.call(self.layer(given))


FUNCTIONS = {
    "relu": functional.relu,
    "where": lambda x: torch.where(x > 0, x, 0.1 * x),
    "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "rms_norm": lambda x: functional.rms_norm(x, (4,)),
    "clamp": lambda x: x.clamp(min=0),
    "matmul": lambda x: x @ torch.ones(4, 4),
    "mul": lambda x: x * 2,
    "softmax": lambda x: x.softmax(-1),
    "mean": lambda x: x.mean(0),
    "sign": torch.sign,
    "hypot": lambda x: torch.hypot(x, x),  # that nobody thought of
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_is_neither_a_wire_nor_a_sum_is_refused_and_not_billed(name):
    net = _Calls(FUNCTIONS[name])
    for example in ({"example_input": torch.ones(2, 4)}, {}):
        with pytest.raises(UserError, match=rf"calls .*{name}.* outside of any module"):
            convert(net, IDEAL, **example)
    with pytest.raises(UserError, match=rf"calls .*{name}.* outside of any module, which the bill would not count"):
        count_model(net, torch.ones(1, 4), Technology(name="none"))


WIRES = {
    "reshaping": lambda x: x.view(x.size(0), -1).reshape(x.shape[0] * 2, 2).flatten(1),
    "joining": lambda x: torch.cat([x, x], 1).chunk(2, dim=1)[0],
    "turning": lambda x: x.unsqueeze(1).transpose(1, 2).squeeze(2),
    "padding": lambda x: functional.pad(x, (1, 1)),
}


@pytest.mark.parametrize("name", WIRES)
def test_names_and_places_of_values_are_let_pass(name):
    for example in ({"example_input": torch.ones(2, 4)}, {}):
        conversion = convert(_Calls(WIRES[name]), IDEAL, **example)
        assert conversion.unchecked == ()


def test_sums_are_let_pass_and_said():
    for example in ({"example_input": torch.ones(2, 4)}, {}):
        unchecked = convert(_Calls(lambda x: x + x), IDEAL, **example).unchecked
        assert len(unchecked) == 1 and unchecked[0].startswith("sums")


class _Free(nn.Module):
    """A course that no symbol can follow, and a function on it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, given):
        return functional.relu(self.layer(given)) if given.sum() > 0 else self.layer(given)


def test_a_forward_that_cannot_be_followed_is_watched_with_an_example_and_named_as_unchecked_without():
    with pytest.raises(UserError, match="relu"):
        convert(_Free(), IDEAL, example_input=torch.ones(1, 4))
    unchecked = convert(_Free(), IDEAL).unchecked
    assert len(unchecked) == 2 and "example_input" in unchecked[1]


class _Conditional(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.label = nn.Linear(4, 4), nn.Linear(3, 4)

    def forward(self, latents, labels, strict=True):
        return torch.cat([self.layer(latents), self.label(functional.one_hot(labels, 3).float())])


def test_a_model_of_several_inputs_takes_a_tuple_as_its_example():
    labels = torch.tensor([0, 2])
    conversion = convert(_Conditional(), IDEAL, example_input=(torch.ones(2, 4), labels))
    assert [row.kind for row in conversion.rows] == ["analog", "analog"]
    assert conversion.unchecked == ()


class _Made(nn.Module):
    """Makes a module in its forward, where nobody looks for one."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, given):
        return nn.ReLU()(self.layer(given))


def test_a_module_that_a_forward_makes_is_seen_by_the_function_that_it_calls():
    with pytest.raises(UserError, match="relu"):
        convert(_Made(), IDEAL)


def test_nets_are_converted_in_one_thread_while_others_compute():
    net = nn.Sequential(*(nn.Linear(4, 4) for _ in range(30)))
    given = torch.ones(2, 4)
    expected = net(given)
    with ThreadPoolExecutor(4) as threads:
        conversions = [threads.submit(convert, net, IDEAL) for _ in range(20)]
        passes = [threads.submit(net, given) for _ in range(200)]
        assert all(torch.equal(done.result(), expected) for done in passes)
        assert all(torch.equal(done.result().model(given), expected) for done in conversions)


def test_a_profiler_that_looks_at_frames_changes_no_course():
    net = nn.Sequential(*(part for _ in range(4) for part in (nn.Linear(4, 4), nn.BatchNorm1d(4)))).eval()
    over, held = threading.Event(), deque(maxlen=50)

    def look() -> None:  # and keep what was seen for a moment, as Dask's does
        while not over.is_set():
            held.append(sys._current_frames())
            time.sleep(1e-5)
            if len(held) == 50:
                held.clear()
        held.clear()

    looking, interval = threading.Thread(target=look), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that it looks while a net is followed, and not only between two
    looking.start()
    try:
        kinds = [[row.kind for row in convert(net, IDEAL).rows] for _ in range(40)]
    finally:
        sys.setswitchinterval(interval)
        over.set()
        looking.join()
    assert kinds == [["analog", "folded"] * 4] * 40
