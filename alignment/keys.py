"""Keys that identify content: what code and values determine is in the key, and what they do not determine has none.

Patched libraries and global hooks stay invisible; score with ``cache=False`` where they are in use.
"""

import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# Names that bring in files, the environment, the clock or chance.
_OUTSIDE = """
open read_text read_bytes read_csv read_json load loadtxt loads environ getenv globals vars urandom random rand randn time now
today input exec eval
"""
OUTSIDE = frozenset(_OUTSIDE.split())
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
    outside = _names(function.__code__) & OUTSIDE
    if outside:
        raise Unkeyable(f"{function!r} uses {sorted(outside)[0]}, whose result its code does not determine")
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise Unkeyable(f"the source of {function!r} cannot be read") from error
    # The code as well: a line may hold two functions, and the source of a decorated one is that of the wrapped one.
    parts: list[object] = [source, _code_parts(function.__code__, seen)]
    parts.append([_value_parts(value, seen) for value in function.__defaults__ or ()])
    parts.append([[name, _value_parts(value, seen)] for name, value in (function.__kwdefaults__ or {}).items()])
    for name, value in sorted(_used(function).items()):
        parts += [name, _value_parts(value, seen)]
    return parts


def _code_parts(code: CodeType, seen: set[int]) -> list[object]:
    constants = [_code_parts(c, seen) if isinstance(c, CodeType) else _constant(c) for c in code.co_consts]
    return [code.co_code.hex(), list(code.co_names), list(code.co_varnames), constants]


def _constant(value: object) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _names(code: CodeType) -> set[str]:
    """Names that a function and the functions inside it look up."""
    inner = [_names(c) for c in code.co_consts if isinstance(c, CodeType)]
    return set(code.co_names).union(*inner)


def _used(function: Callable) -> dict[str, object]:
    """Globals and closed-over values that a function may read."""
    names = _names(function.__code__)
    used = {name: value for name, value in function.__globals__.items() if name in names}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name == "__class__":
            continue
        try:
            used[name] = cell.cell_contents
        except ValueError as error:
            raise Unkeyable(f"{function!r} closes over {name!r}, which is not set yet") from error
    return used


def _package_version(module: str) -> str | None:
    """Version of the package a module belongs to; None for a user's own module, whose content may change."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return "python"
    package = sys.modules.get(top)
    place = str(getattr(package, "__file__", None) or "")
    # Only an installed package keeps its code while its version stays; a script or a checkout may be edited.
    if "site-packages" not in place and "dist-packages" not in place:
        return None
    version = getattr(package, "__version__", None)
    return None if version is None else str(version)


def _value_parts(value: object, seen: set[int]) -> object:
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, (tuple, list)) and all(isinstance(item, PLAIN) for item in value):
        return repr(value)
    if inspect.ismodule(value):
        version = _package_version(value.__name__)
        if version is None:
            raise Unkeyable(f"a function uses module {value.__name__}, whose content cannot be keyed")
        return [value.__name__, version]
    if inspect.isfunction(value):
        version = _package_version(value.__module__)
        return _function_parts(value, seen) if version is None else [value.__module__, value.__qualname__, version]
    if inspect.isclass(value):
        version = _package_version(value.__module__)
        if version is not None:
            return [value.__module__, value.__qualname__, version]
        if _is_module_class(value):
            return _class_parts(value, seen)
    raise Unkeyable(f"a function uses {type(value).__name__} {value!r:.60}, which cannot be keyed")


def _is_module_class(kind: type) -> bool:
    import torch

    return issubclass(kind, torch.nn.Module)


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
    seen: set[int] = set()
    for name, child in module.named_modules(remove_duplicate=False):
        parts += [name, _class_parts(type(child), seen), _attributes(child)]
    hasher = hashlib.sha256()
    for name, tensor in _tensors(module):
        hasher.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hasher.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest(parts, hasher.hexdigest())


def _tensors(module: "torch.nn.Module") -> list[tuple[str, "torch.Tensor"]]:
    # named_buffers also holds what state_dict leaves out (persistent=False), which forward may read.
    return [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]


CLASS_FURNITURE = {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__"}


def _class_parts(kind: type, seen: set[int]) -> list[object]:
    parts: list[object] = [kind.__module__, kind.__qualname__]
    if id(kind) in seen:
        return parts
    seen.add(id(kind))
    for base in kind.__mro__:
        version = _package_version(base.__module__)
        if version is not None:
            parts += [base.__module__, base.__qualname__, version]
            continue
        try:
            parts.append(inspect.getsource(base))
        except (OSError, TypeError) as error:
            raise Unkeyable(f"the source of {base.__qualname__} cannot be read") from error
        for name, value in sorted(vars(base).items()):
            if name in CLASS_FURNITURE or name in ("__firstlineno__", "__static_attributes__"):
                continue
            value = getattr(value, "__func__", getattr(value, "fget", value))
            parts += [name, _value_parts(value, seen)]
    return parts


def _attributes(module: "torch.nn.Module") -> list[object]:
    import torch

    inherited = torch.nn.Module().__dict__.keys()
    for hooks in ("_forward_hooks", "_forward_pre_hooks"):
        if getattr(module, hooks):
            raise Unkeyable(f"{type(module).__name__} carries forward hooks")
    # torch's own layers build their private attributes from their public ones.
    own = _package_version(type(module).__module__) is None
    parts: list[object] = []
    for name, value in sorted(module.__dict__.items()):
        if name in inherited or (name.startswith("_") and not own):
            continue
        if inspect.isfunction(value) and not own:
            parts += [name, _value_parts(value, set())]
            continue
        if isinstance(value, (tuple, list)) and all(isinstance(item, PLAIN) for item in value):
            value = repr(value)
        if not isinstance(value, PLAIN) and not isinstance(value, (torch.dtype, torch.device)):
            raise Unkeyable(f"{type(module).__name__}.{name} is a {type(value).__name__}, which cannot be keyed")
        parts += [name, repr(value)]
    return parts
