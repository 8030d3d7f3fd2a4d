"""Keys of content: what changes a result changes the key, or there is no key."""

import copy
import functools
import importlib.util
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from alignment.keys import Unkeyable, digest, function_key, module_key

SCALE = 2.0


def key_or_none(make_key, subject):
    """Key, or None where the content has none."""
    try:
        return make_key(subject)
    except Unkeyable:
        return None


def assert_told_apart(first, second):
    """Two keys are different, unless there is no key."""
    assert first is None or second is None or first != second


class Scaled(nn.Module):
    """Network with a plain attribute."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.factor = factor

    def forward(self, x):
        return self.linear(x) * self.factor


class ScaledElsewhere(nn.Module):
    """Network whose forward pass reads a number of its module."""

    def forward(self, x):
        return x * SCALE


class WithHiddenBuffer(nn.Module):
    """Network with a buffer that its state leaves out."""

    def __init__(self):
        super().__init__()
        self.register_buffer("offset", torch.zeros(3), persistent=False)

    def forward(self, x):
        return x + self.offset


def plain(items):
    return torch.as_tensor(items)


def uses_global(items):
    return torch.as_tensor(items) * SCALE


def uses_global_in_comprehension(items):
    return torch.tensor([[len(item) * SCALE] for item in items])


def uses_global_in_inner_function(items):
    def inner(item):
        return len(item) * SCALE

    return torch.tensor(list(map(inner, items)))


def uses_helper(items):
    return uses_global(items)


def recursive(items):
    return items if not isinstance(items, list) else [recursive(item) for item in items]


def closing_over(value):
    def preprocess(items):
        return torch.as_tensor(items) * value

    return preprocess


def with_default(value):
    def preprocess(items, offset=value):
        return torch.as_tensor(items) + offset

    return preprocess


def doubled(function):
    @functools.wraps(function)
    def wrapper(items):
        return 2 * function(items)

    return wrapper


def tripled(function):
    @functools.wraps(function)
    def wrapper(items):
        return 3 * function(items)

    return wrapper


def test_digest_tells_values_apart_and_ignores_the_order_of_keys():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": (1, 2), "a": 1})
    distinct = [("ab", "c"), ("a", "bc"), ("abc",), (1,), ("1",), (1.0,), (True,), (None,), ({1, 2},), (b"1",)]
    assert len({digest(*parts) for parts in distinct}) == len(distinct)
    assert digest({"x", "y", "z"}) == digest({"z", "y", "x"})


def test_digest_refuses_what_is_not_plain():
    with pytest.raises(Unkeyable, match="type ndarray cannot be keyed"):
        digest({"value": np.ones(3)})


@pytest.mark.parametrize(
    "function",
    [
        plain,
        uses_global,
        uses_helper,
        uses_global_in_comprehension,
        uses_global_in_inner_function,
        recursive,
        closing_over((1, 2.5)),
    ],
)
def test_function_key_is_stable(function):
    assert function_key(function) == function_key(function)


@pytest.mark.parametrize(
    "function", [uses_global, uses_helper, uses_global_in_comprehension, uses_global_in_inner_function]
)
def test_function_key_follows_a_global_value(function, monkeypatch):
    before = key_or_none(function_key, function)
    monkeypatch.setitem(function.__globals__, "SCALE", 3.0)
    assert_told_apart(before, key_or_none(function_key, function))


@pytest.mark.parametrize(("first", "second"), [(1.0, 2.0), ("a", "b"), ((1, 2), (1, 3)), (None, 0), (plain, recursive)])
def test_function_key_follows_a_closed_over_value(first, second):
    assert function_key(closing_over(first)) != function_key(closing_over(second))


def test_function_key_follows_a_default_value():
    assert function_key(with_default(1.0)) != function_key(with_default(2.0))


def test_function_key_follows_a_large_default_array():
    other = np.zeros(5000)
    other[2500] = 1
    first, second = (key_or_none(function_key, with_default(value)) for value in (np.zeros(5000), other))
    assert_told_apart(first, second)


def test_functions_of_one_line_have_keys_of_their_own():
    first, second = [lambda items: items + 1, lambda items: items + 2]
    assert_told_apart(key_or_none(function_key, first), key_or_none(function_key, second))


def test_decorators_of_one_function_have_keys_of_their_own():
    first, second = (key_or_none(function_key, decorate(plain)) for decorate in (doubled, tripled))
    assert_told_apart(first, second)


def test_function_key_follows_the_content_of_a_users_module(tmp_path):
    def load(text):
        path = tmp_path / f"version{len(text)}" / "helpers.py"
        path.parent.mkdir()
        path.write_text(text)
        spec = importlib.util.spec_from_file_location("helpers", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def using(helpers):
        def preprocess(items):
            return helpers.transform(items)

        return preprocess

    texts = ("def transform(x):\n    return x\n", "def transform(x):\n    return 2 * x\n")
    first, second = (key_or_none(function_key, using(load(text))) for text in texts)
    assert_told_apart(first, second)


@dataclass
class CallablePreprocess:
    """Callable with state."""

    factor: float = 1.0

    def __call__(self, items):
        return torch.as_tensor(items) * self.factor


@pytest.mark.parametrize(
    "function",
    [
        CallablePreprocess(),
        functools.partial(plain),
        torch.as_tensor,
        len,
        dict,
        closing_over(CallablePreprocess()),
        closing_over({"a": 1}),
        closing_over(np.ones(3)),
        "no function",
    ],
    ids=[
        "object",
        "partial",
        "torch builtin",
        "builtin",
        "class",
        "over object",
        "dict",
        "array",
        "text",
    ],
)
def test_functions_with_unknown_state_have_no_key(function):
    with pytest.raises(Unkeyable, match="cannot be keyed|has no source"):
        function_key(function)


def test_functions_without_a_source_have_no_key():
    namespace: dict = {}
    exec("def preprocess(items):\n    return items\n", namespace)
    with pytest.raises(Unkeyable, match="source of .* cannot be read"):
        function_key(namespace["preprocess"])


def network():
    generator = torch.Generator().manual_seed(0)
    made = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Conv1d(1, 1, 3), Scaled())
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return made


def test_equal_networks_have_equal_keys():
    assert module_key(network()) == module_key(network()) == module_key(copy.deepcopy(network()))


def test_train_and_eval_mode_share_a_key():
    assert module_key(network().train()) == module_key(network().eval())


@pytest.mark.parametrize("part", ["0.weight", "0.bias", "1.running_mean", "1.num_batches_tracked", "3.linear.weight"])
def test_key_follows_every_weight_and_buffer(part):
    made = network()
    before = module_key(made)
    with torch.no_grad():
        made.state_dict()[part].view(-1)[0].add_(1)
    assert module_key(made) != before


def test_key_follows_a_buffer_that_the_state_leaves_out():
    made = WithHiddenBuffer()
    before = module_key(made)
    made.offset[0] = 1.0
    assert module_key(made) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda net: net.double(),
        lambda net: setattr(net[3], "factor", 2.0),
        lambda net: setattr(net[3], "added", "text"),
        lambda net: setattr(net[1], "eps", 1e-3),
        lambda net: setattr(net[2], "padding", (1,)),
        lambda net: net.append(nn.ReLU()),
        lambda net: net.__setitem__(1, nn.BatchNorm1d(3, momentum=0.5)),
    ],
    ids=["dtype", "attribute", "new attribute", "eps", "padding", "layer", "replaced"],
)
def test_key_follows_precision_attributes_and_structure(change):
    made = network()
    before = module_key(made)
    change(made)
    assert module_key(made) != before


def test_key_follows_how_often_a_shared_layer_runs():
    shared = nn.Linear(3, 3)
    once, twice = nn.Sequential(shared, nn.ReLU()), nn.Sequential(shared, nn.ReLU(), shared)
    assert_told_apart(key_or_none(module_key, once), key_or_none(module_key, twice))


def test_key_follows_which_layer_is_shared():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.load_state_dict(first.state_dict())
    other = nn.Linear(3, 3)
    tied = nn.Sequential(first, other, first)
    crossed = nn.Sequential(first, other, other)
    assert_told_apart(key_or_none(module_key, tied), key_or_none(module_key, crossed))


def test_key_follows_a_global_value_that_forward_reads(monkeypatch):
    before = key_or_none(module_key, ScaledElsewhere())
    monkeypatch.setitem(ScaledElsewhere.forward.__globals__, "SCALE", 3.0)
    assert_told_apart(before, key_or_none(module_key, ScaledElsewhere()))


def test_key_follows_the_source_of_a_class():
    class Same(nn.Module):
        def forward(self, x):
            return x

    first = module_key(Same())

    class Same(nn.Module):
        def forward(self, x):
            return -x

    assert_told_apart(first, module_key(Same()))


def test_key_follows_what_a_class_closes_over():
    def make(factor):
        class Closing(nn.Module):
            def forward(self, x):
                return x * factor

        return Closing()

    assert_told_apart(key_or_none(module_key, make(1.0)), key_or_none(module_key, make(2.0)))


@pytest.mark.parametrize(
    "value", [CallablePreprocess(), {"a": 1}, np.ones(2), torch.relu], ids=lambda v: type(v).__name__
)
def test_networks_with_unknown_attributes_have_no_key(value):
    made = network()
    made[3].extra = value
    with pytest.raises(Unkeyable, match=r"Scaled\.extra is a .*cannot be keyed"):
        module_key(made)


@pytest.mark.parametrize("method", ["register_forward_hook", "register_forward_pre_hook"])
def test_networks_with_hooks_have_no_key(method):
    made = network()
    getattr(made[0], method)(lambda *_: None)
    with pytest.raises(Unkeyable, match="Linear carries forward hooks"):
        module_key(made)


def test_networks_with_a_replaced_forward_have_no_key():
    made = network()
    made[3].forward = lambda x: x
    with pytest.raises(Unkeyable, match=r"Scaled\.forward is a function"):
        module_key(made)


def test_networks_without_a_source_have_no_key():
    namespace = {"nn": nn, "__name__": "typed_in"}
    exec("class Typed(nn.Module):\n    def forward(self, x):\n        return x\n", namespace)
    with pytest.raises(Unkeyable, match="source of Typed cannot be read"):
        module_key(namespace["Typed"]())


def reads_a_file(texts):
    return open("alphabet.json").read()


def reads_the_environment(texts):
    import os

    return os.environ["ALPHABET"]


@pytest.mark.parametrize("function", [reads_a_file, reads_the_environment])
def test_functions_that_bring_something_in_from_outside_have_no_key(function):
    with pytest.raises(Unkeyable, match="its code does not determine"):
        function_key(function)
