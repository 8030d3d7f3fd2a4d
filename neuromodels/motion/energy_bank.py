"""The first stage of the motion networks: motion energy of a clip's luminance at eight scales, as in V1."""

import torch
from torch import Tensor

from .clips import check_clips
from .energy_stage import EnergyFilters, EnergyStage, fits
from .fourier_energy import fourier_energy
from .plain_energy import plain_energy
from .pyramid import STRIDE, level_sizes, pyramid, resize
from .window_energy import window_energy, windows_pay


class EnergyBank(EnergyStage):
    """Trainable motion energy of the luminance, normalised over all scales and directions.

    Level k of a pyramid, k from 0, is the picture at ``RATIO^(k + 1)`` of its size; on each level the same number of units
    filters every pixel. Maps of all levels are resized to an eighth of the picture and normalised together. Channel
    ``units_per_level * k + j`` is unit j of level k.

    A level that is smaller than the 15 x 15 filters is silent: its channels are 0 and do not count in the normalisation.
    In a square picture of 8 levels all have input from 392 pixels on, six from 176, four from 80. Where `as_published`,
    every level counts, however small, and pictures end in black: a uniform grey clip has energy along its border.

    Parameters
    ----------
    n_levels, units_per_level
        Scales, and units of each.
    n_frames, n_taps
        Frames of a clip, and frames that a temporal filter spans.
    as_published
        Borders and small levels as in the published code.
    method
        ``plain``, ``fft``, ``window`` (only what the coarse maps read), or ``auto``, which takes the fastest at each level
        on this device; all give the same numbers.
    generator
        For the random initial values; by default one with seed 0.

    Raises
    ------
    ValueError
        If a number is too small or the method unknown.

    References
    ----------
    Sun, Chen, Yang & Nishida 2023 (NeurIPS), section 3.1; Adelson & Bergen 1985.
    """

    methods = (*EnergyStage.methods, "window")

    def __init__(
        self,
        n_levels: int = 8,
        units_per_level: int = 32,
        *,
        n_frames: int = 11,
        n_taps: int = 6,
        as_published: bool = False,
        method: str = "auto",
        generator: torch.Generator | None = None,
    ) -> None:
        if n_levels < 1:
            raise ValueError(f"n_levels is {n_levels}; give at least 1.")
        super().__init__(
            n_levels * units_per_level,
            n_frames,
            n_taps,
            decay_period=units_per_level,
            as_published=as_published,
            method=method,
            generator=generator,
        )
        self.n_levels, self.units_per_level = n_levels, units_per_level

    @property
    def smallest_side(self) -> int:
        """Fewest rows and columns of a clip: one level must have input, and the coarse map a pixel."""
        side = STRIDE
        while self.active_levels(side, side) < (self.n_levels if self.as_published else 1):
            side += STRIDE
        return side

    def active_levels(self, rows: int, cols: int) -> int:
        """Levels that have input where the picture is `rows` x `cols`; they are the finest ones."""
        sizes = level_sizes(rows, cols, self.n_levels)
        return sum(min(size) > 0 if self.as_published else fits(*size) for size in sizes)

    def forward(self, luminance: Tensor) -> Tensor:
        """Normalised motion energy.

        Parameters
        ----------
        luminance
            ``(batch, time, row, col)`` between 0 and 1, `n_frames` frames, rows and columns multiples of 8.

        Returns
        -------
        Tensor
            ``(batch, channel, row / 8, col / 8)``, 256 channels unless chosen otherwise.

        Raises
        ------
        ValueError
            For another shape, or values outside 0 to 1.
        """
        active = self.active_levels(*luminance.shape[-2:]) * self.units_per_level
        with torch.autocast(luminance.device.type, enabled=False):
            return self.normalised(self._energy(luminance), active).to(self.norm_k.dtype)

    def energy(self, luminance: Tensor, *, opposite: bool = False) -> Tensor:
        """Motion energy before normalisation; shapes and errors as in `forward`.

        Parameters
        ----------
        luminance
            As in `forward`.
        opposite
            Of twins of the units that prefer the opposite direction and are alike in all else.
        """
        with torch.autocast(luminance.device.type, enabled=False):
            return self._energy(luminance, opposite).to(self.norm_k.dtype)

    def _energy(self, luminance: Tensor, opposite: bool = False) -> Tensor:
        frames = self._checked(luminance).to(self.precision())
        rows, cols = frames.shape[-2:]
        filters = self.energy_filters()
        if opposite:
            filters = filters._replace(temporal_sine=-filters.temporal_sine)
        maps = []
        for level, picture in enumerate(pyramid(frames, self.active_levels(rows, cols))):
            units = slice(level * self.units_per_level, (level + 1) * self.units_per_level)
            some = EnergyFilters(*(value[units] for value in filters))
            maps.append(self._of_level(picture, some, rows // STRIDE, cols // STRIDE))
        silent = self.n_units - len(maps) * self.units_per_level
        if silent:
            maps.append(frames.new_zeros(len(frames), silent, rows // STRIDE, cols // STRIDE))
        return torch.cat(maps, dim=1)

    def _of_level(self, picture: Tensor, filters: EnergyFilters, rows: int, cols: int) -> Tensor:
        bordered = self.with_border(picture[:, None])
        method = self.method
        if method == "auto":
            method = "window" if windows_pay(bordered, rows, cols) else "fft"
        if method == "window":
            return window_energy(bordered, filters, rows, cols)
        return resize((fourier_energy if method == "fft" else plain_energy)(bordered, filters), rows, cols)

    def _checked(self, luminance: Tensor) -> Tensor:
        if luminance.ndim != 4:
            raise ValueError(
                f"the energy bank takes luminance (batch, time, row, col), received the shape {tuple(luminance.shape)}."
            )
        check_clips(
            luminance[:, :, None], n_frames=self.n_frames, smallest_side=self.smallest_side, model="the energy bank"
        )
        rows, cols = luminance.shape[-2:]
        if rows % STRIDE or cols % STRIDE:
            raise ValueError(
                f"the energy bank takes rows and columns that are multiples of {STRIDE}, received {rows} x {cols}; "
                f"cut to {rows // STRIDE * STRIDE} x {cols // STRIDE * STRIDE}."
            )
        return luminance
