"""The six stimuli of the comparison with mouse barrel cortex: an array that whisks against a curved plate.

References
----------
Chung et al. 2025 (arXiv:2505.18361): convex and concave plates at three distances, as their script places them;
recordings: Rodgers 2022 (Sci Data 9:497). Their whisking trajectory is not published; by default the array follows
the sine of Zweifel et al. 2021 (PNAS 118, doi 10.1073/pnas.2011905118).
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from ..geometry.array import CURVED_PLATE_POSE, WHISKIT_OFFSET_MM, WhiskerArray
from ..scene import Scene, SceneObject
from .plates import DISTANCES, PUBLISHED_DIAGONAL_MM, SHAPES, Distance, Shape, plate


@dataclass(frozen=True)
class RodgersStimulus:
    """One of the six.

    Attributes
    ----------
    shape, distance
        Conditions.
    scene
        Array in its pose, whisking; plate at rest.
    """

    shape: Shape
    distance: Distance
    scene: Scene

    @property
    def name(self) -> str:
        """As in ``concave-close``."""
        return f"{self.shape}-{self.distance}"

    @property
    def labels(self) -> dict[str, str]:
        """Conditions for the stimulus table."""
        return {"shape": self.shape, "distance": self.distance}


def rodgers_stimuli(
    array: WhiskerArray,
    *,
    duration_s: float = 1.0,
    rate_hz: float = 1000.0,
    diagonal_mm: float = PUBLISHED_DIAGONAL_MM,
    profile: str | Path | None = None,
    **rhythm: object,
) -> tuple[RodgersStimulus, ...]:
    """The six stimuli: convex then concave, each close, medium and far.

    Parameters
    ----------
    array
        Whiskers of the right side; its head is put in the published pose, on the head of the published mouse.
    duration_s, rate_hz
        Of each recording; 1 s at 1000 rows per second as published.
    diagonal_mm, profile
        Of the plate; see `plates.plate`.
    **rhythm
        Of the whisking, as `motion.whisking` takes it; 8 Hz, 35 deg forward and 10 deg backward of rest by default.
    """
    from ..motion import whisking

    posed = dataclasses.replace(array.posed(*CURVED_PLATE_POSE), array_offset_mm=WHISKIT_OFFSET_MM["mouse"])
    motion = whisking(posed, **rhythm)  # type: ignore[arg-type]
    stimuli = []
    for shape in SHAPES:
        for distance in DISTANCES:
            here = plate(shape, distance, diagonal_mm=diagonal_mm, profile=profile)
            thing = SceneObject(here.solid, here.motion, here.name)
            stimuli.append(RodgersStimulus(shape, distance, Scene(posed, (thing,), motion, duration_s, rate_hz)))
    return tuple(stimuli)
