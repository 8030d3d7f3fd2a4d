"""Recording mixin: named layers of a network, read out without changing the network.

A model calls ``self.tap("layer", tensor)`` where a layer's value exists. Outside a recording the
call returns its argument and does nothing else. Recurrent networks tap once per time step and
state in ``collect`` what becomes of the list; a forward hook could not tell the steps apart.
"""

import dataclasses
import hashlib
import inspect
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .errors import ContractError, UnknownNameError

PLAIN = (bool, int, float, complex, str, bytes, type(None))
PROCESS_MARK = uuid.uuid4().hex

if TYPE_CHECKING:
    _Base = torch.nn.Module
else:
    _Base = object


class Recordable(_Base):
    """Mixin for ``torch.nn.Module``: ``class MyNet(Recordable, torch.nn.Module)``.

    Attributes
    ----------
    name : str
        Registered name, ``family/architecture``; of a trained network with the label of its weights after a point.
    registered_name, options
        What `create_model` was asked for: the same again builds the same architecture.
    label
        Tells trained weights apart; empty where none were loaded.
    performance : mapping
        Of a trained network: what it was judged by and the result, for instance ``{"top-1, test part": 0.66}``.
    layers : tuple of str
        Layers that ``record`` can read, in processing order.
    input_spec : dict
        What one stimulus is: ``{"kind": "text"}``, or ``{"kind": "array", "dims": ..., "shape": ...}``
        with optional ``rate_hz`` and ``unit``.
    committed_layer : str or None
        The layer that stands for the model where one number is asked for.
    """

    name: str = ""
    seed: int | None = None
    registered_name: str = ""
    options: Mapping[str, object] = {}
    label: str = ""
    performance: Mapping[str, float] = {}
    layers: tuple[str, ...] = ()
    input_spec: dict[str, object] = {}
    committed_layer: str | None = None
    # Attributes that are not part of the model's identity: caches and what a forward pass leaves behind.
    not_keyed: tuple[str, ...] = ()
    _tapped: dict[str, list[Tensor]] | None = None

    def tap(self, layer: str, value: Tensor) -> Tensor:
        """Offer ``value`` as the activation of ``layer``; returns ``value`` unchanged."""
        if self._tapped is not None and layer in self._tapped:
            # A copy: a later in-place operation of the network must not change what was recorded.
            self._tapped[layer].append(value.clone())
        return value

    def collect(self, layer: str, values: list[Tensor]) -> Tensor:
        """Turn all taps of one forward pass into one tensor; by default the last tap."""
        return values[-1]

    def batches(self, stimuli: Sequence, batch_size: int) -> Iterator[tuple[list[int], Sequence]]:
        """Yield (positions, stimuli of one batch); a family may reorder, the positions restore the order."""
        for start in range(0, len(stimuli), batch_size):
            stop = min(start + batch_size, len(stimuli))
            yield list(range(start, stop)), stimuli[start:stop]

    def forward_stimuli(self, stimuli: Sequence) -> None:
        """Run one batch through the network (to be tapped), as a copy on its device and in its precision."""
        held = [value for value in (*self.parameters(), *self.buffers()) if value.is_floating_point()]
        values = stimuli.clone() if isinstance(stimuli, Tensor) else torch.from_numpy(np.array(stimuli))
        reference = held[0] if held else values
        self(values.to(device=reference.device, dtype=reference.dtype))

    def record(
        self, stimuli: Sequence, layers: Sequence[str] | None = None, *, batch_size: int = 64
    ) -> dict[str, Tensor]:
        """Activations of named layers for a batch of stimuli.

        Parameters
        ----------
        stimuli
            Texts, or an array ``(stimulus, *input shape)``, as ``input_spec`` says.
        layers
            Subset of ``self.layers``; all of them by default.
        batch_size
            Stimuli that are in memory at a time.

        Returns
        -------
        dict
            Layer name to CPU tensor ``(stimulus, *feature)``. No gradient is kept, and every
            module is left in the train or eval mode in which it was found.

        Raises
        ------
        UnknownNameError
            For a layer that the model does not have.
        """
        wanted = self._check_layers(layers)
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, received {batch_size}.")
        if len(stimuli) == 0:
            raise ValueError(f"record of {self.name!r} received no stimuli; give at least one.")
        parts: dict[str, list[Tensor]] = {layer: [] for layer in wanted}
        order: list[int] = []
        with self._recording():
            for positions, batch in self.batches(stimuli, batch_size):
                self._tapped = {layer: [] for layer in wanted}
                self.forward_stimuli(batch)
                for layer, values in self._tapped.items():
                    if not values:
                        raise ContractError(f"layer {layer!r} of {self.name!r} was never tapped in forward.")
                    parts[layer].append(self.collect(layer, values).cpu())
                order.extend(positions)
        restore = torch.empty(len(order), dtype=torch.long)
        restore[torch.tensor(order)] = torch.arange(len(order))
        return {layer: torch.cat(values)[restore] for layer, values in parts.items()}

    @property
    def revision(self) -> str:
        """Identity of this model: the seed or label, and a hash of its weights as they are now, its configuration and code."""
        digest = hashlib.sha256(torch.__version__.encode())
        for name, module in self.named_modules(remove_duplicate=False):
            digest.update(f"{name} {_state(module, self)}".encode())
            digest.update(_code(type(module)))
        # named_buffers also has what state_dict leaves out (persistent=False), which forward may read.
        for key, value in (*self.named_parameters(), *self.named_buffers()):
            digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        origin = f"trained {self.label}" if self.label else f"untrained seed={self.seed}"
        return f"{origin} sha256={digest.hexdigest()[:16]}"

    def _check_layers(self, layers: Sequence[str] | None) -> list[str]:
        if layers is None:
            return list(self.layers)
        if isinstance(layers, str):
            raise TypeError(f"layers must be a list of names, received the text {layers!r}; use [{layers!r}].")
        for layer in layers:
            if layer not in self.layers:
                raise UnknownNameError.for_name(
                    f"layer of {self.name!r}", layer, self.layers, "See model.layers for all."
                )
        return list(dict.fromkeys(layers))

    @contextmanager
    def _recording(self) -> Iterator[None]:
        modes = {module: module.training for module in self.modules()}
        self.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self._tapped = None
            for module, training in modes.items():
                module.training = training


def _state(module: torch.nn.Module, model: Recordable) -> str:
    """Plain attributes of one submodule; anything else makes the identity unique to this very object."""
    ignored = {
        *torch.nn.Module().__dict__,
        "_tapped",
        "_mark",
        "name",
        "seed",
        "registered_name",
        "options",
        "label",
        "performance",
        *(model.not_keyed if module is model else ()),
    }
    # torch's own layers build their private attributes from their public ones.
    torch_layer = type(module).__module__.partition(".")[0] == "torch"
    parts = [f"{type(module).__module__}.{type(module).__qualname__}"]
    for name, value in sorted(module.__dict__.items()):
        if name in ignored or (torch_layer and name.startswith("_")):
            continue
        parts.append(f"{name}={value!r}" if _says_all(value) else f"{name}={_unique(model)}")
    return " ".join(parts)


def _says_all(value: object) -> bool:
    """Whether the representation of a value is all there is to it."""
    if isinstance(value, (tuple, list)):
        return all(map(_says_all, value))
    if isinstance(value, dict):
        return all(_says_all(key) and _says_all(item) for key, item in value.items())
    if dataclasses.is_dataclass(value):
        return value.__dataclass_params__.frozen  # type: ignore[union-attr]
    return isinstance(value, (*PLAIN, torch.dtype, torch.device))


def _unique(model: Recordable) -> str:
    """A mark that no other object and no later process shares: what carries it is never taken for something else."""
    if "_mark" not in model.__dict__:
        model.__dict__["_mark"] = uuid.uuid4().hex
    return model.__dict__["_mark"]


def _code(kind: type) -> bytes:
    """Content of the source files a model's classes live beside: other code may give other activations."""
    files: set[Path] = set()
    unknown: list[bytes] = []
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] in ("torch", "builtins"):
            continue
        try:
            source = inspect.getsourcefile(base)
        except (TypeError, OSError):
            source = None
        if source is None or not Path(source).is_file():
            # Typed in at a prompt: the name says nothing about the code, so it is never the same as another.
            unknown.append(f"{id(base)} {PROCESS_MARK}".encode())
            continue
        file = Path(source)
        files |= set(file.parent.glob("*.py")) if "." in base.__module__ else {file}
    parts = [kind.__qualname__.encode(), *unknown, *(file.read_bytes() for file in sorted(files) if file.is_file())]
    return b"".join(parts)
