"""Keys that identify content: equal keys mean equal activations, or there is no key at all."""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

PLAIN = (bool, int, float, complex, str, bytes, type(None))


class Unkeyable(Exception):
    """Something whose content cannot be put into a key, so what depends on it is not cached."""


def digest(*parts: object) -> str:
    """SHA-256 of plain values (texts, numbers, lists, mappings of them)."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=_plain).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    if isinstance(value, (bytes, complex)):
        return repr(value)
    raise Unkeyable(f"a value of type {type(value).__name__} cannot be keyed")


def function_key(function: Callable) -> str:
    """Key of a function: its source, its defaults and the plain values it closes over.

    Raises
    ------
    Unkeyable
        If the source cannot be read, or it closes over, or refers to, something other than plain values, modules,
        classes and functions with a source of their own.
    """
    if inspect.isbuiltin(function) or inspect.isclass(function):
        raise Unkeyable(f"{function!r} has no source")
    if not inspect.isfunction(function):
        raise Unkeyable(f"{type(function).__name__} objects carry state that cannot be keyed; pass a plain function")
    return digest(*_function_parts(function, set()))


def _function_parts(function: Callable, seen: set[int]) -> list[object]:
    if id(function) in seen:
        return ["recursion"]
    seen.add(id(function))
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise Unkeyable(f"the source of {function!r} cannot be read") from error
    variables = inspect.getclosurevars(function)
    used = {**variables.globals, **variables.nonlocals}
    parts: list[object] = [source, repr(function.__defaults__), repr(function.__kwdefaults__)]
    for name, value in sorted(used.items()):
        parts += [name, _value_parts(value, seen)]
    return parts


def _value_parts(value: object, seen: set[int]) -> object:
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, (tuple, list)) and all(isinstance(item, PLAIN) for item in value):
        return repr(value)
    if inspect.ismodule(value):
        return [value.__name__, str(getattr(value, "__version__", ""))]
    if inspect.isfunction(value):
        return _function_parts(value, seen)
    if inspect.isclass(value) and value.__module__.partition(".")[0] in ("builtins", "torch", "numpy"):
        return f"{value.__module__}.{value.__qualname__}"
    raise Unkeyable(f"a function uses {type(value).__name__} {value!r:.60}, which cannot be keyed")


def module_key(module: "torch.nn.Module") -> str:
    """Key of a network: weights and buffers, the source of its classes, its plain attributes.

    Raises
    ------
    Unkeyable
        If a submodule is defined where its source cannot be read, holds an attribute that is not plain, or carries a
        forward hook.
    """
    import torch

    parts: list[object] = [torch.__version__]
    for name, child in module.named_modules():
        parts += [name, _class_source(type(child)), _attributes(child)]
    hasher = hashlib.sha256()
    for name, tensor in _tensors(module):
        hasher.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hasher.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest(parts, hasher.hexdigest())


def _tensors(module: "torch.nn.Module") -> list[tuple[str, "torch.Tensor"]]:
    # named_buffers also holds what state_dict leaves out (persistent=False), which forward may read.
    return [*module.named_parameters(), *module.named_buffers()]


def _class_source(kind: type) -> str:
    if kind.__module__.partition(".")[0] == "torch":
        return f"{kind.__module__}.{kind.__qualname__}"
    try:
        return "".join(
            inspect.getsource(base)
            for base in kind.__mro__
            if base.__module__.partition(".")[0] not in ("torch", "builtins")
        )
    except (OSError, TypeError) as error:
        raise Unkeyable(f"the source of {kind.__qualname__} cannot be read") from error


def _attributes(module: "torch.nn.Module") -> list[object]:
    import torch

    inherited = torch.nn.Module().__dict__.keys()
    for hooks in ("_forward_hooks", "_forward_pre_hooks"):
        if getattr(module, hooks):
            raise Unkeyable(f"{type(module).__name__} carries forward hooks")
    parts: list[object] = []
    for name, value in sorted(module.__dict__.items()):
        if name in inherited:
            continue
        if isinstance(value, (tuple, list)) and all(isinstance(item, PLAIN) for item in value):
            value = repr(value)
        if not isinstance(value, PLAIN) and not isinstance(value, (torch.dtype, torch.device)):
            raise Unkeyable(f"{type(module).__name__}.{name} is a {type(value).__name__}, which cannot be keyed")
        parts += [name, repr(value)]
    return parts
