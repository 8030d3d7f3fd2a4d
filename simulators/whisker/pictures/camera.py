"""Where a picture is taken from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Azimuth as of whiskers: 0 stands caudal of the animal, 90 at its right, 180 rostral; elevation 90 above it.
VIEWS = {"oblique": (-35.0, 30.0), "top": (0.0, 90.0), "front": (180.0, 0.0), "side": (90.0, 0.0)}


@dataclass(frozen=True)
class Camera:
    """Parallel projection, so that a millimetre is equally long everywhere in the picture.

    Parameters
    ----------
    azimuth_deg
        Where the camera stands around the animal: 0 caudal, 90 right, 180 rostral.
    elevation_deg
        How far above the horizontal plane it stands.
    """

    azimuth_deg: float
    elevation_deg: float

    @classmethod
    def of(cls, view: str | tuple[float, float], names: Sequence[str] = ()) -> "Camera":
        """Camera of a named view or of (azimuth, elevation) in degrees; oblique from the side that has whiskers.

        Raises
        ------
        ValueError
            If the view is neither a known name nor two finite numbers.
        """
        if isinstance(view, str):
            if view not in VIEWS:
                raise ValueError(f"view {view!r} is not known; take one of {', '.join(VIEWS)} or (azimuth, elevation).")
            azimuth, elevation = VIEWS[view]
            mirrored = view in ("oblique", "side") and bool(names) and all(name[0] == "L" for name in names)
            return cls(-azimuth if mirrored else azimuth, elevation)
        if len(view) != 2 or not np.isfinite(view).all():
            raise ValueError(f"view {view!r} is not (azimuth, elevation) in degrees; give two finite numbers.")
        return cls(*map(float, view))

    def axes(self) -> np.ndarray:
        """Right, up and towards the camera as rows ``(3, 3)`` of world coordinates."""
        azimuth, elevation = np.deg2rad((self.azimuth_deg, self.elevation_deg))
        right = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
        towards = np.array(
            [np.sin(azimuth) * np.cos(elevation), -np.cos(azimuth) * np.cos(elevation), np.sin(elevation)]
        )
        return np.stack([right, np.cross(towards, right), towards])

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points ``(..., 3)`` in mm to right, up and nearness ``(..., 3)`` in mm."""
        return points @ self.axes().T
