"""What scoring needs of a model: five members, no base class."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class RecordableModel(Protocol):
    """A model that can be scored.

    Attributes
    ----------
    name
        Name in reports.
    revision
        Identity of the weights: a hash of what the model holds, with the seed if it is untrained. Activations are
        cached under it, so it must change when the weights do; an empty text switches the cache off.
    layers
        Names that ``record`` accepts, in processing order.
    input_spec
        ``{"kind": "text"}`` or ``{"kind": "array", "dims": [...], "shape": [...], "rate_hz": ..., "unit": ...}``;
        every entry that both the model and the stimuli state must agree.

    Notes
    -----
    Optional members are used when they exist: ``committed_layer``, the layer that stands for the model;
    ``n_tokens(texts)``, its own measure of a text's length, which joins the nuisance baseline; and ``performance``, a
    mapping of what it was trained for to how well it does, which the report draws against alignment.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def revision(self) -> str: ...  # noqa: D102

    @property
    def layers(self) -> Sequence[str]: ...  # noqa: D102

    @property
    def input_spec(self) -> Mapping[str, Any]: ...  # noqa: D102

    def record(self, stimuli: Any, layers: Sequence[str] | None = None) -> Mapping[str, Any]:
        """Activations per layer, ``(stimulus, *feature)``, as tensors or arrays."""
        ...
