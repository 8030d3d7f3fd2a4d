"""Sizes of the trainable motion networks. Needs no torch."""

import dataclasses
import math
from dataclasses import dataclass

from ..errors import UnknownNameError

STAGES = 4
METHODS = ("auto", "plain", "fft")


@dataclass(frozen=True)
class MotionConfig:
    """What a motion network is made of.

    Attributes
    ----------
    pathways
        1, luminance alone (FOM); or 2, with the second-order pathway beside it (DUAL).
    levels, units_per_level
        Of the energy bank; their product is the number of channels everywhere, a multiple of 8.
    iterations
        Of Stage II; 6 in the published training, 8 in published inference.
    widths
        Channels of the first three stages of the second-order pathway; the fourth has the channels of the bank.
    upsampler_width
        Hidden channels of the upsampler.
    gain
        Initial gain k of the divisive normalisation of motion energy, 4 as published. The gated states of Stage II are of
        order 1, so a network that is trained for minutes learns sooner from a smaller one.
    even_start
        Start the bank with evenly spaced directions (`neuromodels.motion.even_start`) in place of random ones as published.
    as_published
        Parity with the published code: pictures end in black, every level of the pyramid counts however small, and a
        clip's result depends on its batch mates. By default none of this holds.
    method
        How motion energy is computed: ``"auto"``, ``"plain"`` or ``"fft"``.
    streamed
        Whether Stage II makes its weights block by block; None decides by the size of the picture.
    """

    pathways: int = 1
    levels: int = 8
    units_per_level: int = 32
    iterations: int = 6
    widths: tuple[int, int, int] = (32, 64, 128)
    upsampler_width: int = 256
    gain: float = 4.0
    even_start: bool = False
    as_published: bool = False
    method: str = "auto"
    streamed: bool | None = None

    def __post_init__(self) -> None:
        if isinstance(self.widths, list):
            object.__setattr__(self, "widths", tuple(self.widths))
        if self.pathways not in (1, 2):
            raise ValueError(f"pathways must be 1 (luminance) or 2 (with second order), received {self.pathways!r}.")
        if not isinstance(self.widths, tuple) or len(self.widths) != STAGES - 1:
            raise ValueError(f"widths must be {STAGES - 1} numbers, received {self.widths!r}.")
        sizes = {name: getattr(self, name) for name in ("levels", "units_per_level", "iterations", "upsampler_width")}
        for name, size in (*sizes.items(), *(("widths", width) for width in self.widths)):
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, received {size!r}.")
        if self.channels % 8:
            raise ValueError(
                f"levels times units_per_level must be a multiple of 8, received {self.levels} x {self.units_per_level}."
            )
        if isinstance(self.gain, bool) or not isinstance(self.gain, int | float) or not 0 < self.gain < math.inf:
            raise ValueError(f"gain must be a finite number above 0, received {self.gain!r}; 4 is published.")
        if self.method not in METHODS:
            raise ValueError(f"method is {self.method!r}; it must be one of {', '.join(METHODS)}.")
        for name in ("as_published", "even_start"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false, received {getattr(self, name)!r}.")
        if self.streamed is not None and not isinstance(self.streamed, bool):
            raise ValueError(f"streamed must be true, false or None, received {self.streamed!r}.")

    @classmethod
    def with_options(cls, defaults: dict[str, object], **options: object) -> "MotionConfig":
        """Build a configuration of a network's defaults and a user's options.

        Raises
        ------
        UnknownNameError
            For an option that does not exist, with the closest ones.
        ValueError
            For whatever the configuration itself refuses.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for option in options:
            if option not in known:
                raise UnknownNameError.for_name("motion network option", option, known, f"All: {', '.join(known)}.")
        return cls(**{**defaults, **options})  # type: ignore[arg-type]

    @property
    def channels(self) -> int:
        """Channels of all maps of motion."""
        return self.levels * self.units_per_level

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers that can be recorded, in the order in which they are computed."""
        flows = tuple(f"flow-{number}" for number in range(self.iterations + 1))
        first = ("v1", "mt", "context", *flows)
        if self.pathways == 1:
            return first
        dual = tuple(f"flow-dual-{number}" for number in range(1, self.iterations + 1))
        return (*first, "v1-second-order", "fused", "mt-dual", "context-dual", *dual)

    @property
    def committed_layer(self) -> str:
        """What the final flow is read from."""
        return "mt" if self.pathways == 1 else "mt-dual"
