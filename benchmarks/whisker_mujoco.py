"""The whisker simulator beside MuJoCo on the same scenes, both refined until they stop moving.

python benchmarks/whisker_mujoco.py [--json] [--only PATTERN]

Scenes: one mouse whisker pushed by a peg, a sphere and a box, without friction and with 0.4, and free whisking. Each
runs five times: with our defaults, and by both programs with a coarse and a fine setting (fine: half the steps, and
contacts twice as stiff and half the sliding speed of viscous friction in ours, half the time constant in MuJoCo's). The
rows `ours` and `mujoco` say how far each still moves; `default` compares our defaults with fine MuJoCo, `both fine` our
fine setting. RMS is that of the length of the difference over the greatest length in the second recording.
"""

import argparse
import fnmatch
import json
import sys
import time
from dataclasses import replace

import numpy as np
import xarray as xr

from simulators.whisker.analysis import compare_recordings
from simulators.whisker.beams.mechanics import Mechanics
from simulators.whisker.geometry.array import mouse_array
from simulators.whisker.motion import RigidMotion, whisking
from simulators.whisker.mujoco_backend.simulate import simulate_mujoco
from simulators.whisker.output.record import record_dataset
from simulators.whisker.scene import Scene, SceneObject
from simulators.whisker.simulation import simulate
from simulators.whisker.solids import Box, Cylinder, Sphere

RATE_HZ = 2000.0
COARSE_STEP_MS, FINE_STEP_MS = 0.01, 0.005


def scenes() -> dict[str, tuple[Scene, float]]:
    """Scene and coefficient of friction by name."""
    array = mouse_array(names="RC1")
    whisker = array.centre_lines_mm(101)[0]

    def pushed(solid: Box | Cylinder | Sphere, share: float, reach_mm: float, speed_mm_s: float) -> Scene:
        """A solid that meets the whisker at a share of its length, moving caudally."""
        point = whisker[round(100 * share)]
        start = point + np.array([0.0, reach_mm + 0.3, 0.0])
        item = SceneObject(solid, RigidMotion.linear(tuple(start), (0.0, -speed_mm_s, 0.0)), "object")
        return Scene(array, (item,), duration_s=0.12, rate_hz=RATE_HZ)

    contact = {
        "peg": pushed(Cylinder(1.0, 40.0), 0.75, 1.1, 60.0),
        "sphere": pushed(Sphere(4.0), 0.6, 4.1, 60.0),
        "box": pushed(Box((8.0, 6.0, 10.0)), 0.8, 4.1, 60.0),
    }
    found = {name: (scene, 0.0) for name, scene in contact.items()}
    found |= {f"{name} friction": (scene, 0.4) for name, scene in contact.items()}
    found["whisking"] = (Scene(array, (), whisking(array), duration_s=0.25, rate_hz=1000.0), 0.0)
    return found


def ours(scene: Scene, mechanics: Mechanics) -> tuple[xr.Dataset, float]:
    """Recording and CPU seconds."""
    began = time.process_time()
    return simulate(scene, mechanics), time.process_time() - began


def mujocos(scene: Scene, mechanics: Mechanics, step_ms: float) -> tuple[xr.Dataset, float]:
    """Recording and CPU seconds."""
    began = time.process_time()
    return record_dataset(simulate_mujoco(scene, mechanics, step_ms=step_ms)), time.process_time() - began


def study(scene: Scene, friction: float) -> dict[str, dict[str, float]]:
    """Agreement of every pair of runs, and what they cost."""
    default = replace(Mechanics(), friction=friction)
    coarse = replace(default, max_step_ms=0.02, contact_stiffness_mn_per_mm=120.0)
    fine = replace(default, max_step_ms=0.01, contact_stiffness_mn_per_mm=240.0)
    if friction:
        coarse, fine = replace(coarse, slip_speed_mm_s=0.2), replace(fine, slip_speed_mm_s=0.1)
    ours(scene, default)
    runs = {
        "default": ours(scene, default),
        "ours coarse": ours(scene, coarse),
        "ours fine": ours(scene, fine),
        "mujoco coarse": mujocos(scene, default, COARSE_STEP_MS),
        "mujoco fine": mujocos(scene, default, FINE_STEP_MS),
    }
    pairs = {
        "default": ("default", "mujoco fine"),
        "both fine": ("ours fine", "mujoco fine"),
        "ours": ("ours coarse", "ours fine"),
        "mujoco": ("mujoco coarse", "mujoco fine"),
    }
    table = {}
    for label, (first, second) in pairs.items():
        agreement = compare_recordings(runs[first][0], runs[second][0]).isel(whisker=0)
        names = (
            "onset_difference",
            "release_difference",
            "force_rms",
            "moment_rms",
            "peak_force_ratio",
            "peak_moment_ratio",
        )
        table[label] = {name: float(agreement[name]) for name in names}
        table[label]["cpu_s"] = runs[first][1]
    largest = np.linalg.norm(runs["mujoco fine"][0]["moment"].values, axis=-1).max()
    table["both fine"]["peak_moment_un_m"] = float(largest)
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--only", default="*", help="scenes, as a shell pattern")
    options = parser.parse_args()
    results = {}
    titles = ("onset ms", "release", "RMS F", "RMS M", "peak F", "peak M", "CPU s")
    if not options.json:
        print(f"{'scene':16s} {'pair':10s} " + " ".join(f"{title:>8s}" for title in titles))
    for name, (scene, friction) in scenes().items():
        if not fnmatch.fnmatch(name, options.only):
            continue
        results[name] = study(scene, friction)
        if options.json:
            print(name, file=sys.stderr)
            continue
        for pair, row in results[name].items():
            print(
                f"{name:16s} {pair:10s} {row['onset_difference']:8.2f} {row['release_difference']:8.2f} "
                f"{100 * row['force_rms']:7.2f}% {100 * row['moment_rms']:7.2f}% {row['peak_force_ratio']:8.3f} "
                f"{row['peak_moment_ratio']:8.3f} {row['cpu_s']:8.2f}",
                flush=True,
            )
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
