"""CPU seconds, memory and accuracy of whisker arrays beside the published programs and MuJoCo, all in one run.

python benchmarks/whisker_array.py [--json] [--only PATTERN] [--repeats 5] [--list]

Every entry runs in a process of its own, on one thread unless the row says otherwise. `ours` is CPU seconds per simulated
second, best of the repeats after the compiled code was loaded: from the scene to the labelled recording, clearing the
start included. `peer` of the array rows is quoted from a measurement of the published programs on another machine (Zweifel
et al. 2021, Chung et al. 2025; release build, one thread); MuJoCo, the second thread and the first calls are measured here.
The error of a row is the root mean square of the difference from a run with a quarter of the time step, over the greatest
value of each whisker: mean and worst of the whiskers that do anything.
"""

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

BOX_SIDES = (1.0, 2.0, 3.0)
BOX_DIAGONAL_MM, BOX_TURN_DEG = 40.0, 30.0
PUBLISHED_SPEED_MM_S = 30.0
BATCH, WARM_UP_S = 8, 0.002
REFINEMENT = 4
MUJOCO, MUJOCO_STEP_MS = "MuJoCo at 0.005 ms, called from Python, this machine", 0.005


# ------------------------------------------------------------------------------------------------------------ scenes


def box_sides_mm() -> tuple[float, float, float]:
    """A box of 1 x 2 x 3 with a diagonal of 40 mm: 10.69 x 21.38 x 32.07 mm."""
    a, b, c = BOX_DIAGONAL_MM * np.array(BOX_SIDES) / np.linalg.norm(BOX_SIDES)
    return float(a), float(b), float(c)


def box_mesh():
    """The same box as triangles, by way of a file."""
    from simulators.whisker.solids import Mesh

    corners = [(x, y, z) for x in (-0.5, 0.5) for y in (-1.0, 1.0) for z in (-1.5, 1.5)]
    faces = [
        (0, 1, 3),
        (0, 3, 2),
        (4, 6, 7),
        (4, 7, 5),
        (0, 4, 5),
        (0, 5, 1),
        (2, 3, 7),
        (2, 7, 6),
        (0, 2, 6),
        (0, 6, 4),
    ]
    faces += [(1, 5, 7), (1, 7, 3)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "box.obj"
        lines = ["v {} {} {}".format(*corner) for corner in corners]
        lines += ["f {} {} {}".format(*(k + 1 for k in face)) for face in faces]
        path.write_text("\n".join(lines) + "\n")
        return Mesh.read(path, diagonal_mm=BOX_DIAGONAL_MM, contact_offset_mm=0.0)


def box_sweep(solid: Any = None, *, whole: bool = False, height_mm: float = -5.0, duration_s: float = 1.0):
    """The box past the right mouse array: the published start and speed, or all the way through in the time given."""
    from simulators.whisker.geometry.array import mouse_array
    from simulators.whisker.geometry.frames import head_rotation
    from simulators.whisker.motion import RigidMotion
    from simulators.whisker.scene import Scene, SceneObject
    from simulators.whisker.solids import Box
    from simulators.whisker.stimuli.passage import clear_passage
    from simulators.whisker.stimuli.placement import posed_for_sweeps, published_position_mm

    array, solid = posed_for_sweeps(mouse_array()), solid or Box(box_sides_mm())
    turned = head_rotation((0.0, 0.0, BOX_TURN_DEG))
    if whole:
        path = clear_passage(solid, turned, array, distance_mm=5.0, height_mm=height_mm)
        start, speed = path.start_mm, path.length_mm / duration_s
    else:
        start = published_position_mm(solid, turned, x_mm=5.0, y_mm=16.0, z_mm=height_mm)
        speed = PUBLISHED_SPEED_MM_S
    motion = RigidMotion.linear(start, (0.0, -speed, 0.0), (0.0, 0.0, BOX_TURN_DEG))
    return Scene(array, (SceneObject(solid, motion, "box"),), duration_s=duration_s)


def sphere_sweep():
    """A ball at 120 mm/s past the right mouse array."""
    from simulators.whisker.geometry.array import mouse_array
    from simulators.whisker.motion import RigidMotion
    from simulators.whisker.scene import Scene, SceneObject
    from simulators.whisker.solids import Sphere
    from simulators.whisker.stimuli.placement import posed_for_sweeps

    motion = RigidMotion.linear((10.7735, 12.2265, -3.0), (0.0, -120.0, 0.0))
    return Scene(posed_for_sweeps(mouse_array()), (SceneObject(Sphere(5.7735), motion, "ball"),), duration_s=0.4)


def rat_whisking():
    """The 27 right whiskers of the rat whisk in air, 8 Hz."""
    from simulators.whisker.geometry.array import rat_array
    from simulators.whisker.geometry.names import whisker_names
    from simulators.whisker.motion import whisking
    from simulators.whisker.scene import Scene

    array = rat_array(names=whisker_names("rat_27"))
    return Scene(array, (), whisking(array))


def rat_peg():
    """A peg at 300 mm/s past the 27 right whiskers of the rat at rest."""
    from simulators.whisker.geometry.array import WHISKIT_OFFSET_MM, rat_array
    from simulators.whisker.geometry.names import whisker_names
    from simulators.whisker.motion import RigidMotion
    from simulators.whisker.scene import Scene, SceneObject
    from simulators.whisker.solids import Cylinder

    array = replace(rat_array(names=whisker_names("rat_27")), array_offset_mm=WHISKIT_OFFSET_MM["rat"])
    direction = np.array([0.4, -1.0, 0.0]) / np.hypot(0.4, 1.0)
    motion = RigidMotion.linear((20.0, 25.0, 0.0), tuple(300.0 * direction))
    return Scene(array, (SceneObject(Cylinder(1.0, 160.0), motion, "peg"),), duration_s=0.3)


def one_whisker_peg():
    """A peg at 30 mm/s past one mouse whisker."""
    from simulators.whisker.geometry.array import mouse_array
    from simulators.whisker.motion import RigidMotion
    from simulators.whisker.scene import Scene, SceneObject
    from simulators.whisker.solids import Cylinder
    from simulators.whisker.stimuli.placement import posed_for_sweeps

    motion = RigidMotion.linear((9.0, 0.0, -2.0), (0.0, -30.0, 0.0))
    array = posed_for_sweeps(mouse_array(names="RC2"))
    return Scene(array, (SceneObject(Cylinder(1.0, 40.0), motion, "peg"),), duration_s=0.6)


class Row(NamedTuple):
    """One scene and what it is set beside."""

    name: str
    scene: Callable[[], Any]
    peer: float | str
    """CPU seconds per simulated second of the published program, or ``MUJOCO``."""


ROWS = (
    Row("mouse array, standard box sweep", box_sweep, 164.0),
    Row("mouse array, standard box sweep, mesh", lambda: box_sweep(box_mesh()), 164.0),
    Row("mouse array, box all the way through", lambda: box_sweep(whole=True), 164.0),
    Row("mouse array, box all the way through, mesh", lambda: box_sweep(box_mesh(), whole=True), 164.0),
    Row("mouse array, ball at 120 mm/s", sphere_sweep, 184.0),
    Row("rat array, whisking in air", rat_whisking, 292.0),
    Row("rat array, peg at 300 mm/s", rat_peg, 284.0),
    Row("one mouse whisker, peg", one_whisker_peg, 6.7),
    Row("one mouse whisker, peg, MuJoCo", one_whisker_peg, MUJOCO),
)
THREADS_ROW, FIRST_ROW = f"second thread, {BATCH} box sweeps", "first call and calls from the cache"


# ------------------------------------------------------------------------------------------------------- measurement


def measure_scene(row: Row, repeats: int) -> dict:
    """Speed, memory and error of one scene."""
    from simulators.whisker.beams.mechanics import Mechanics
    from simulators.whisker.simulation import simulate

    scene, mechanics = row.scene(), Mechanics()
    simulate(replace(scene, duration_s=WARM_UP_S), mechanics, overlap="push")
    before, cpu, wall = _resident("VmRSS"), [], []
    _forget_peak()
    recording = None
    for _ in range(repeats):
        del recording  # only one at a time, for the peak
        start, busy = time.perf_counter(), time.process_time()
        recording = simulate(scene, mechanics, overlap="push")
        cpu.append(time.process_time() - busy)
        wall.append(time.perf_counter() - start)
    line = {"ours": min(cpu) / scene.duration_s, "cpu_s": min(cpu), "wall_s": min(wall)}
    line |= {"cpu_median_s": float(np.median(cpu)), "runs": repeats, "simulated_s": scene.duration_s}
    line |= {"ours_extra_mb": max(0, _resident("VmHWM") - before) / 1e6}
    line |= {"recording_mb": recording.nbytes / 1e6, "steps": recording.attrs["steps"]}
    line |= {"whiskers": recording.sizes["whisker"], "touched": int(recording["contact"].any("time").sum())}
    line["contact_whisker_ms"] = float(recording["contact"].sum()) * 1000 / scene.rate_hz
    fine = replace(
        mechanics,
        max_step_ms=mechanics.max_step_ms / REFINEMENT,
        steps_per_period=REFINEMENT * mechanics.steps_per_period,
    )
    line |= errors(recording, simulate(scene, fine, overlap="push"))
    if row.peer != MUJOCO:
        peer = float(row.peer)
        return line | {"peer": peer, "peer_name": "published program, quoted", "ratio": peer / line["ours"]}
    return line | beside_mujoco(scene, mechanics, recording, line["ours"])


def errors(recording: Any, finer: Any) -> dict[str, float]:
    """Root mean square of the difference over the greatest value, of the whiskers that move or touch."""
    from simulators.whisker.analysis import compare_recordings

    greatest = np.linalg.norm(finer["moment"].values, axis=-1).max(axis=0)
    used = greatest > 1e-3 * greatest.max()
    agreement = compare_recordings(recording, finer)
    found = {}
    for name in ("force", "moment"):
        values = agreement[f"{name}_rms"].values[used]
        found |= {f"{name}_error": float(values.mean()), f"{name}_error_worst": float(values.max())}
    return found


def beside_mujoco(scene: Any, mechanics: Any, recording: Any, ours: float) -> dict:
    """The same whisker, chain and contact in MuJoCo."""
    from importlib.util import find_spec

    if find_spec("mujoco") is None:
        return {"peer": None, "peer_name": MUJOCO, "ratio": None, "note": "MuJoCo is not installed"}
    from simulators.whisker.mujoco_backend.simulate import simulate_mujoco
    from simulators.whisker.output.record import record_dataset
    from simulators.whisker.solver.clearance import cleared

    scene = cleared(scene, mechanics, "push")
    simulate_mujoco(replace(scene, duration_s=WARM_UP_S), mechanics, step_ms=MUJOCO_STEP_MS)
    busy = time.process_time()
    other = record_dataset(simulate_mujoco(scene, mechanics, step_ms=MUJOCO_STEP_MS))
    peer = (time.process_time() - busy) / scene.duration_s
    finer = record_dataset(simulate_mujoco(scene, mechanics, step_ms=MUJOCO_STEP_MS / 2))
    line = {"peer": peer, "peer_name": MUJOCO, "ratio": peer / ours}
    line |= {f"peer_{name}": value for name, value in errors(other, finer).items()}
    return line | {f"{name}_from_peer": value for name, value in errors(recording, finer).items()}


def measure_threads(repeats: int) -> dict:
    """Wall time of a batch of sweeps on one and on two threads, in turn."""
    from simulators.whisker.simulation import simulate_scenes

    scenes = [box_sweep(whole=True, height_mm=height) for height in np.linspace(-6.0, 1.0, BATCH)]
    simulate_scenes([replace(scene, duration_s=WARM_UP_S) for scene in scenes[:2]], overlap="push", threads=2)
    wall: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(repeats):
        for threads in wall:
            start = time.perf_counter()
            simulate_scenes(scenes, overlap="push", threads=threads)
            wall[threads].append(time.perf_counter() - start)
    one, two = (min(wall[threads]) for threads in (1, 2))
    ratio = one / two
    return {"ours": two, "peer": one, "peer_name": "one thread, wall", "ratio": ratio, "runs": repeats, "wall_s": two}


def measure_first_call() -> dict:
    """CPU seconds of a call that compiles, and of one that finds the compiled code on disk."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            words = [sys.executable, __file__, "--measure", "first", "--repeats", "1"]
            done = subprocess.run(
                words, env={**os.environ, "NUMBA_CACHE_DIR": folder}, capture_output=True, text=True, check=True
            )
            times.append(json.loads(done.stdout.splitlines()[-1])["cpu_s"])
    compiled, loaded = times
    return {"ours": loaded, "peer": compiled, "peer_name": "with compilation", "ratio": compiled / loaded, "runs": 1}


def first_call() -> dict:
    """CPU seconds of the first simulation of a process, imports not counted."""
    from simulators.whisker.simulation import simulate

    scene = replace(one_whisker_peg(), duration_s=WARM_UP_S)
    busy = time.process_time()
    simulate(scene, overlap="push")
    return {"cpu_s": time.process_time() - busy}


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024


def _forget_peak() -> None:
    """Let the peak of loading not count; where Linux forbids it, the extra memory is an upper bound."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def measure(name: str, repeats: int) -> dict:
    """One entry, in a process that does nothing else."""
    if name == "first":
        return first_call()
    if name == FIRST_ROW:
        return measure_first_call()
    if name == THREADS_ROW:
        return measure_threads(repeats)
    return measure_scene(next(row for row in ROWS if row.name == name), repeats)


def entry(name: str, repeats: int) -> dict:
    """Measure in a process of its own."""
    limits = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    words = [sys.executable, __file__, "--measure", name, "--repeats", str(repeats)]
    load = os.getloadavg()[0]
    done = subprocess.run(words, env={**os.environ, **limits}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name}:\n{done.stderr}")
    known = {"name": name, "device": "cpu", "threads": 2 if name == THREADS_ROW else 1, "load": load}
    return known | json.loads(done.stdout.splitlines()[-1])


def show(line: dict) -> None:
    """A line of the table."""
    print(f"{line['name']}  [{line['threads']} thread(s), load {line['load']:.1f}, best of {line['runs']}]")
    peer = "not installed" if line["peer"] is None else f"{line['peer']:.3g} s ({line['ratio']:.1f} x)"
    print(f"  ours {line['ours']:.3f} s, {line['peer_name']}: {peer}")
    if "force_error" not in line:
        return
    print(
        f"  {line['simulated_s']:g} s simulated in {line['cpu_s']:.3f} CPU s (median {line['cpu_median_s']:.3f}), "
        f"{line['steps']} steps, extra {line['ours_extra_mb']:.0f} MB for a recording of {line['recording_mb']:.0f} MB"
    )
    print(
        f"  {line['touched']} of {line['whiskers']} whiskers touched for {line['contact_whisker_ms']:.0f} whisker-ms; error "
        f"of force {line['force_error']:.2%} (worst {line['force_error_worst']:.2%}), of moment {line['moment_error']:.2%} "
        f"(worst {line['moment_error_worst']:.2%})"
    )
    if "peer_force_error" in line:
        print(
            f"  MuJoCo's own error: force {line['peer_force_error']:.2%}, moment {line['peer_moment_error']:.2%}; ours from "
            f"MuJoCo at half its step: force {line['force_error_from_peer']:.2%}, moment {line['moment_error_from_peer']:.2%}"
        )


def main() -> None:
    """Run the entries and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    parser.add_argument("--only", default="*", help="shell pattern of row names, e.g. 'rat*'")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.repeats)))
        return
    names = [
        name for name in (*(row.name for row in ROWS), THREADS_ROW, FIRST_ROW) if fnmatch.fnmatch(name, given.only)
    ]
    if given.list:
        print("\n".join(names))
        return
    lines = []
    for name in names:
        lines.append(entry(name, given.repeats))
        if not given.json:
            show(lines[-1])
    if given.json:
        print(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
