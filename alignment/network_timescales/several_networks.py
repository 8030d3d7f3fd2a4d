"""Several networks as the layers of one model: networks that learned longer and longer memory, say, beside areas."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..protocol import RecordableModel


class SeveralNetworks:
    """Networks in an order, each as one layer.

    Parameters
    ----------
    networks
        Name of the layer to the network, from the lowest to the highest; each stands for its committed layer, or its first.
    name
        Name in reports.

    Raises
    ------
    ValueError
        If there are fewer than two, or they take different stimuli.
    """

    committed_layer = None

    def __init__(self, networks: Mapping[str, RecordableModel], name: str = "several networks") -> None:
        if len(networks) < 2:
            raise ValueError(f"several networks are at least 2, received {len(networks)}.")
        specs = {key: dict(one.input_spec) for key, one in networks.items()}
        first = next(iter(specs.values()))
        for key, spec in specs.items():
            if spec != first:
                raise ValueError(f"network {key!r} takes {spec}, the first takes {first}; all must take the same.")
        self.networks, self.name, self.input_spec = dict(networks), name, first
        self.layers = tuple(networks)

    @property
    def revision(self) -> str:
        """Hash over the names and the networks' own; empty if one has none."""
        parts = [f"{key} {one.revision}" for key, one in self.networks.items()]
        if not all(one.revision for one in self.networks.values()):
            return ""
        return f"sha256={hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}"

    def record(self, stimuli: Any, layers: Sequence[str] | None = None) -> dict[str, Any]:
        """Activations of the layer that stands for each network."""
        found = {}
        for name in self.layers if layers is None else layers:
            network = self.networks[name]
            layer = getattr(network, "committed_layer", None) or network.layers[0]
            found[name] = network.record(stimuli, [layer])[layer]
        return found
