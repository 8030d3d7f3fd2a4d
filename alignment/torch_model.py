"""Any torch network as a model that can be scored: name the layers, say what goes in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .keys import Unkeyable, digest, function_key, module_key

if TYPE_CHECKING:
    import torch


class TorchModel:
    """Adapter from a ``torch.nn.Module`` to the recording protocol.

    Parameters
    ----------
    module
        The network. Its train or eval mode is restored after each recording.
    layers
        Dotted names of submodules, as in ``module.named_modules()``. A submodule that runs several times per forward pass
        is recorded at its last run; one that returns a tuple is recorded by its first tensor.
    preprocess
        Function from a list of stimuli (texts, or an array ``(stimulus, ...)``) to the network's input tensor. By default
        arrays become a tensor on the network's device and of its dtype.
    input_spec
        ``{"kind": "text"}`` by default when ``preprocess`` is given, else ``{"kind": "array"}``.
    name
        Name in reports; the class name by default.
    committed_layer
        Layer that stands for the model; the only layer by default, None if there are several.

    Examples
    --------
    >>> import torch
    >>> from alignment import TorchModel
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    >>> TorchModel(net, layers=["1"]).record([[1.0, 2.0, 3.0]])["1"].shape
    torch.Size([1, 4])

    Raises
    ------
    ValueError
        If a layer is not a submodule; the closest names are given.
    """

    def __init__(
        self,
        module: "torch.nn.Module",
        *,
        layers: Sequence[str],
        preprocess: Callable[[Any], "torch.Tensor"] | None = None,
        input_spec: Mapping[str, Any] | None = None,
        name: str | None = None,
        committed_layer: str | None = None,
    ) -> None:
        known = {key: child for key, child in module.named_modules() if key}
        if not layers or isinstance(layers, str):
            raise ValueError(f"layers must be a list of submodule names, received {layers!r}; known: {_some(known)}.")
        for layer in layers:
            if layer not in known:
                raise ValueError(f"{type(module).__name__} has no layer {layer!r}; {_closest(layer, known)}.")
        self.module = module
        self.layers = tuple(dict.fromkeys(layers))
        self.preprocess = preprocess
        self.input_spec = dict(input_spec or {"kind": "text" if preprocess else "array"})
        self.name = name or type(module).__name__
        if committed_layer is not None and committed_layer not in self.layers:
            raise ValueError(f"committed_layer {committed_layer!r} is none of {', '.join(self.layers)}.")
        self.committed_layer = committed_layer or (self.layers[0] if len(self.layers) == 1 else None)

    @property
    def revision(self) -> str:
        """Key of weights, code and preprocessing; empty if one of them cannot be keyed (then nothing is cached)."""
        try:
            key = digest(module_key(self.module), function_key(self.preprocess) if self.preprocess else "default")
        except Unkeyable:
            return ""
        return f"sha256={key[:16]}"

    def record(
        self, stimuli: Sequence, layers: Sequence[str] | None = None, *, batch_size: int = 64
    ) -> dict[str, "torch.Tensor"]:
        """Activations per layer as CPU tensors ``(stimulus, *feature)``, without gradient."""
        import torch

        wanted = self.layers if layers is None else tuple(layers)
        for layer in wanted:
            if layer not in self.layers:
                raise ValueError(f"{self.name} does not record layer {layer!r}; {_closest(layer, self.layers)}.")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, received {batch_size}.")
        if len(stimuli) == 0:
            raise ValueError(f"record of {self.name!r} received no stimuli; give at least one.")
        parts: dict[str, list[torch.Tensor]] = {layer: [] for layer in wanted}
        with self._hooked(wanted) as taken:
            for start in range(0, len(stimuli), batch_size):
                taken.clear()
                batch = stimuli[start : start + batch_size]
                self.module(self._inputs(batch))
                for layer in wanted:
                    parts[layer].append(self._checked(layer, taken, len(batch)))
        return {layer: torch.cat(values) for layer, values in parts.items()}

    def _inputs(self, batch: Sequence) -> "torch.Tensor":
        import torch

        reference = next(self.module.parameters(), torch.empty(0))
        if self.preprocess is None:
            return torch.as_tensor(batch).to(device=reference.device, dtype=reference.dtype)
        return self.preprocess(batch).to(reference.device)

    def _checked(self, layer: str, taken: dict[str, Any], n_stimuli: int) -> "torch.Tensor":
        import torch

        if layer not in taken:
            raise ValueError(f"layer {layer!r} of {self.name} did not run in forward; name one that does.")
        value = taken[layer]
        if not isinstance(value, torch.Tensor) or value.ndim == 0 or len(value) != n_stimuli:
            shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            raise ValueError(
                f"layer {layer!r} of {self.name} gave {shape} for {n_stimuli} stimuli; the first axis must be the batch."
            )
        return value.reshape(n_stimuli, -1).cpu()

    @contextmanager
    def _hooked(self, layers: Sequence[str]) -> "Iterator[dict[str, Any]]":
        import torch

        taken: dict[str, Any] = {}
        modes = {child: child.training for child in self.module.modules()}
        children = dict(self.module.named_modules())
        handles = [
            children[layer].register_forward_hook(
                lambda _, __, output, layer=layer: taken.__setitem__(layer, _kept(output))
            )
            for layer in layers
        ]
        self.module.eval()
        try:
            with torch.no_grad():
                yield taken
        finally:
            for handle in handles:
                handle.remove()
            for child, training in modes.items():
                child.training = training


def _kept(output: Any) -> Any:
    """First tensor of a layer's output, copied: a later in-place layer would overwrite it."""
    import torch

    if isinstance(output, (tuple, list)):
        output = next((item for item in output if isinstance(item, torch.Tensor)), None)
    return output.detach().clone() if isinstance(output, torch.Tensor) else output


def _closest(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
    return f"closest: {', '.join(close)}" if close else f"known: {_some(known)}"


def _some(known: Sequence[str] | Mapping[str, Any]) -> str:
    names = list(known)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
