"""From a sweep of a grid to its recording: what the processes that write a collection do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..beams.mechanics import Mechanics
from ..geometry.array import WhiskerArray
from ..simulation import Backend, Overlap

if TYPE_CHECKING:
    import xarray as xr

    from ..scene import Scene
    from ..stimuli.objects import ObjectSet
    from ..stimuli.placement import PlacedSweep
    from ..stimuli.sweeps import Sweep

# What is known of a sweep once it is placed; kept beside its forces.
PLACE_UNITS = {
    "speed_mm_s": "mm/s",
    "start_x_mm": "mm",
    "start_y_mm": "mm",
    "start_z_mm": "mm",
}


@dataclass(frozen=True)
class SceneSimulator:
    """Scenes to recordings, one by one or as a list.

    Parameters
    ----------
    mechanics, backend, overlap
        As for `simulate`.
    """

    mechanics: Mechanics
    backend: Backend = "numba"
    overlap: Overlap = "refuse"

    def __call__(self, scene: "Scene | Sequence[Scene]") -> "xr.Dataset | list[xr.Dataset]":
        """The recording of a scene, without the shapes of the whiskers."""
        from ..scene import Scene

        return self.all_of([scene])[0] if isinstance(scene, Scene) else self.all_of(scene)

    def all_of(self, scenes: "Sequence[Scene]") -> "list[xr.Dataset]":
        """The recordings of scenes, without the shapes of the whiskers."""
        from ..simulation import simulate_scenes

        return simulate_scenes(scenes, self.mechanics, backend=self.backend, overlap=self.overlap, nodes=False)


@dataclass(frozen=True)
class SweepSimulator:
    """Sweeps of a grid to recordings, one by one or as a list.

    Parameters
    ----------
    objects
        What passes.
    array
        In its pose.
    simulator
        Of the scenes.
    rate_hz
        Output intervals per second.
    mirrored
        Simulate the mirror image: the left array.
    """

    objects: "ObjectSet"
    array: WhiskerArray
    simulator: SceneSimulator
    rate_hz: float = 1000.0
    mirrored: bool = False

    def placed(self, sweep: "Sweep") -> "PlacedSweep":
        """The object of a sweep on its way."""
        from ..stimuli.placement import place

        return place(sweep, self.objects.solid(sweep.object_id, sweep.diagonal_mm), self.array)

    def scene(self, placed: "PlacedSweep") -> "Scene":
        """Its scene."""
        scene = placed.scene(self.array, rate_hz=self.rate_hz)
        return scene.mirrored() if self.mirrored else scene

    def __call__(self, sweep: "Sweep | Sequence[Sweep]") -> "xr.Dataset | list[xr.Dataset]":
        """The recording of a sweep, with its speed and start."""
        from ..stimuli.sweeps import Sweep

        placed = [self.placed(one) for one in ([sweep] if isinstance(sweep, Sweep) else sweep)]
        records = self.simulator.all_of([self.scene(one) for one in placed])
        described = [_described(record, one) for record, one in zip(records, placed, strict=True)]
        return described[0] if isinstance(sweep, Sweep) else described


def _described(record: "xr.Dataset", placed: "PlacedSweep") -> "xr.Dataset":
    facts = {name: ((), float(placed.labels[name]), {"unit": unit}) for name, unit in PLACE_UNITS.items()}
    return record.assign(facts)
