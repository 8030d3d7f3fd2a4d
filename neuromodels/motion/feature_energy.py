"""Motion energy of features: each channel of a learnt representation has a motion detector of its own."""

import torch
from torch import Tensor

from .energy_stage import EnergyStage
from .fourier_energy import fourier_energy
from .plain_energy import plain_energy


class FeatureEnergy(EnergyStage):
    """Trainable motion energy of each feature channel, at one scale, normalised over channels.

    Parameters
    ----------
    n_channels
        Feature channels; unit c sees channel c only.
    n_taps
        Frames that a temporal filter spans.
    n_frames
        Frames of features.
    as_published
        Feature maps end in zeros as in the published code; otherwise they go on with their outermost values.
    method
        ``plain``, ``fft``, or ``auto``, which takes the faster one; all give the same numbers.
    generator
        For the random initial values; by default one with seed 0.

    Raises
    ------
    ValueError
        If a number is too small or the method unknown.

    References
    ----------
    Sun et al. 2025 (Nature Machine Intelligence), Methods, second-order pathway.
    """

    def __init__(
        self,
        n_channels: int,
        n_taps: int = 8,
        *,
        n_frames: int = 15,
        as_published: bool = False,
        method: str = "auto",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(
            n_channels,
            n_frames,
            n_taps,
            decay_period=n_channels,
            as_published=as_published,
            method=method,
            generator=generator,
        )

    def forward(self, features: Tensor) -> Tensor:
        """Normalised motion energy ``(batch, channel, row, col)`` of features ``(batch, time, channel, row, col)``.

        Raises
        ------
        ValueError
            For another number of frames or channels.
        """
        with torch.autocast(features.device.type, enabled=False):
            return self.normalised(self._energy(features)).to(self.norm_k.dtype)

    def energy(self, features: Tensor) -> Tensor:
        """Motion energy before normalisation; shapes and errors as in `forward`."""
        with torch.autocast(features.device.type, enabled=False):
            return self._energy(features).to(self.norm_k.dtype)

    def _energy(self, features: Tensor) -> Tensor:
        if features.ndim != 5 or features.shape[1:3] != (self.n_frames, self.n_units):
            raise ValueError(
                f"features have the shape {tuple(features.shape)}; this stage takes (batch, {self.n_frames} frames, "
                f"{self.n_units} channels, row, col)."
            )
        frames = self.with_border(features.to(self.precision()).transpose(1, 2))
        filters = self.energy_filters()
        return plain_energy(frames, filters) if self.method == "plain" else fourier_energy(frames, filters)
