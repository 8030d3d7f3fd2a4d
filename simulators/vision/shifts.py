"""Pictures displaced by parts of a pixel: exactly on a periodic canvas, by splines from a larger picture."""

import numpy as np

# The cubic B-spline reaches two pixels to either side; further ones let its prefilter settle at the rim.
SPLINE_MARGIN = 4


def shift_periodic(picture: np.ndarray, displacement_px: np.ndarray) -> np.ndarray:
    """Displace a periodic picture by Fourier phases.

    Parameters
    ----------
    picture
        ``(row, col)``.
    displacement_px
        ``(time, 2)``, right and down positive; what leaves on one side enters on the other.

    Returns
    -------
    numpy.ndarray
        ``(time, row, col)``. Exact for what has no component at the Nyquist frequency of an even side.
    """
    n_rows, n_cols = picture.shape
    spectrum = np.fft.rfft2(picture)
    right, down = np.asarray(displacement_px, dtype=float).T
    rows = np.exp(-2j * np.pi * down[:, None] * np.fft.fftfreq(n_rows))
    columns = np.exp(-2j * np.pi * right[:, None] * np.fft.rfftfreq(n_cols))
    return np.fft.irfft2(spectrum * rows[:, :, None] * columns[:, None, :], s=picture.shape)


def crop_shifted(picture: np.ndarray, displacement_px: np.ndarray, n_rows: int, n_cols: int) -> np.ndarray:
    """Crops of a larger picture that is displaced behind a fixed window, by cubic splines.

    Parameters
    ----------
    picture
        ``(row, col)``.
    displacement_px
        ``(time, 2)`` of the picture, right and down positive, from where its path is centred in the window.
    n_rows, n_cols
        Size of the window.

    Returns
    -------
    numpy.ndarray
        ``(time, n_rows, n_cols)``.

    Raises
    ------
    ValueError
        If the picture is too small for the path; says what is needed.
    """
    from scipy.ndimage import spline_filter

    displacement = np.asarray(displacement_px, dtype=float)
    low, high = displacement.min(axis=0), displacement.max(axis=0)
    needed = np.array([n_cols, n_rows]) + np.ceil(high - low).astype(int) + 2 * SPLINE_MARGIN
    if picture.shape[1] < needed[0] or picture.shape[0] < needed[1]:
        raise ValueError(
            f"a picture of {picture.shape[0]} x {picture.shape[1]} pixels does not fill {n_rows} x {n_cols} on its whole "
            f"path; give one of at least {needed[1]} x {needed[0]}, a slower motion or fewer frames."
        )
    coefficients = spline_filter(picture, order=3, mode="mirror")
    # Corner of the window on the picture, centred between the ends of the path.
    corner = (np.array(picture.shape[::-1]) - [n_cols, n_rows]) / 2 + (low + high) / 2 - displacement
    whole = np.floor(corner).astype(int)
    taps = _cubic(corner - whole)  # (4, time, 2)
    crops = np.zeros((len(displacement), n_rows, n_cols))
    for number, (left, top) in enumerate(whole):
        strip = coefficients[:, left - 1 : left + n_cols + 2]
        across = sum(tap * strip[:, k : k + n_cols] for k, tap in enumerate(taps[:, number, 0]))
        for k, tap in enumerate(taps[:, number, 1]):
            crops[number] += tap * across[top - 1 + k : top - 1 + k + n_rows]
    return crops


def _cubic(part: np.ndarray) -> np.ndarray:
    """Weights of the cubic B-spline for the four pixels about a place ``part`` after the second of them."""
    rest = 1 - part
    return np.stack([rest**3, 3 * part**3 - 6 * part**2 + 4, 3 * rest**3 - 6 * rest**2 + 4, part**3]) / 6
