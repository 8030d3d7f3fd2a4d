"""Random textures with a spectrum that falls with frequency, as those of natural pictures do."""

from functools import lru_cache

import numpy as np
from scipy import fft

LARGEST_FIELD = 1024


def random_field(side: int, exponent: float, rng: np.random.Generator) -> np.ndarray:
    """A toroidal Gaussian texture whose amplitude falls as ``1 / frequency ** exponent``.

    Parameters
    ----------
    side
        Rows and columns.
    exponent
        1 as in natural pictures, 0 for white noise.
    rng
        Of the texture.

    Returns
    -------
    numpy.ndarray
        ``(side, side)`` float32 of mean 0 and variance 1.

    Raises
    ------
    ValueError
        If there are fewer than two pixels.
    """
    if side < 2:
        raise ValueError(f"side of a texture is {side}; give at least 2 pixels.")
    shape = (side, side // 2 + 1)
    spectrum = rng.standard_normal((*shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
    spectrum *= _amplitudes(side, float(exponent))
    field = fft.irfft2(spectrum, s=(side, side), overwrite_x=True).astype(np.float32, copy=False)
    field -= field.mean()
    return field / field.std()


def field_side(n_pixels: float) -> int:
    """Side of a field, a power of 2, that is at least so large, up to 1024: beyond that the texture repeats."""
    return min(LARGEST_FIELD, 1 << max(5, int(np.ceil(np.log2(max(n_pixels, 1))))))


@lru_cache(maxsize=16)
def _amplitudes(side: int, exponent: float) -> np.ndarray:
    frequency = np.hypot(fft.fftfreq(side)[:, None], fft.rfftfreq(side)[None, :])
    frequency[0, 0] = 1
    amplitudes = (frequency**-exponent).astype(np.float32)
    amplitudes[0, 0] = 0
    amplitudes.setflags(write=False)
    return amplitudes
