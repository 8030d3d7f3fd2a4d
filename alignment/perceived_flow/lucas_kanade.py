"""Optical flow of two frames by Lucas and Kanade, from coarse to fine: what a plain least-squares estimate gets."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage


@dataclass(frozen=True)
class LucasKanade:
    """Iterated least squares in a window, on a pyramid.

    Attributes
    ----------
    window_sd
        Standard deviation of the Gaussian window, pixels.
    n_levels
        Levels of the pyramid, each half as large as the one before; none smaller than 16 pixels is used.
    n_warps
        Times that the second frame is warped and the flow corrected, per level.

    References
    ----------
    Lucas & Kanade 1981, IJCAI. Bouguet 2000, Pyramidal implementation of the Lucas Kanade feature tracker.
    """

    window_sd: float = 4.0
    n_levels: int = 5
    n_warps: int = 5
    name: str = "Lucas-Kanade"
    n_frames: int = 2
    flow_frame: int = 0

    def flow(self, clips: np.ndarray) -> np.ndarray:
        """Flow ``(batch, 2, row, col)``, right and down, from the first frame to the second.

        Parameters
        ----------
        clips
            ``(batch, 2, channel, row, col)``; channels are averaged with the weights of luminance if there are three.

        Raises
        ------
        ValueError
            If there are not two frames of one or three channels.
        """
        clips = np.asarray(clips, dtype=float)
        if clips.ndim != 5 or clips.shape[1] != 2 or clips.shape[2] not in (1, 3):
            raise ValueError(f"clips have shape {clips.shape}; give (batch, 2 frames, 1 or 3 channels, row, col).")
        weights = np.array([1.0]) if clips.shape[2] == 1 else np.array([0.299, 0.587, 0.114])
        grey = np.einsum("btcij,c->btij", clips, weights)
        return np.stack([self._flow(first, second) for first, second in grey])

    def _flow(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        levels = [(first, second)]
        while len(levels) < self.n_levels and min(levels[-1][0].shape) >= 32:
            one, other = (ndimage.gaussian_filter(frame, 1.0)[::2, ::2] for frame in levels[-1])
            levels.append((one, other))
        found = np.zeros((2, *levels[-1][0].shape))
        for one, other in reversed(levels):
            if found.shape[1:] != one.shape:
                found = np.stack([_enlarged(part, one.shape) * 2 for part in found])
            found = self._refined(one, other, found)
        return found

    def _refined(self, first: np.ndarray, second: np.ndarray, flow: np.ndarray) -> np.ndarray:
        smooth, target = (ndimage.gaussian_filter(frame, 0.7) for frame in (first, second))
        rows, cols = np.mgrid[: first.shape[0], : first.shape[1]]

        def inside(values: np.ndarray) -> np.ndarray:
            return ndimage.gaussian_filter(values, self.window_sd)

        for _ in range(self.n_warps):
            at = (rows + flow[1], cols + flow[0])
            warped = ndimage.map_coordinates(target, at, order=1, mode="nearest")
            # What left the picture says nothing.
            seen = (at[0] >= 0) & (at[0] <= len(rows) - 1) & (at[1] >= 0) & (at[1] <= cols.shape[1] - 1)
            down, right = (gradient * seen for gradient in np.gradient((warped + smooth) / 2))
            xx, xy, yy = inside(right * right), inside(right * down), inside(down * down)
            # Where there is no structure nothing is corrected.
            ridge = 1e-2 * (xx + yy).mean() + 1e-12
            xx, yy = xx + ridge, yy + ridge
            change = warped - smooth
            x, y = inside(right * change), inside(down * change)
            step = np.stack([xy * y - yy * x, xy * x - xx * y]) / (xx * yy - xy**2)
            flow = ndimage.median_filter(flow + np.clip(step, -1, 1), size=(1, 5, 5))
        return flow


def _enlarged(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    rows, cols = (np.arange(n) / 2 for n in shape)
    return ndimage.map_coordinates(values, np.meshgrid(rows, cols, indexing="ij"), order=1, mode="nearest")
