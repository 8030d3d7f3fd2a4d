"""Batches of whisker sweeps as tensors beside the compiled loop, both in one run.

python benchmarks/whisker_torch.py [--json] [--batch 1 8 64] [--device cpu] [--dtype float64] [--threads 1] [--repeats 1]

A sweep is a box at 120 mm/s past the 30 right whiskers of the mouse, cut to 15 ms from just before it touches the first;
the sweeps of a batch differ in height. `ours` and `peer` are sweeps per minute from the scenes to the labelled recordings,
best of the repeats after a first small batch: of the torch backend on its device, and of the compiled loop (numba) on one
thread of this machine. `memory_per_scene_mb` is the greatest memory over that before the batch, per scene: of the process
on the CPU, of torch's tensors on a GPU. `moment_difference` is the greatest difference of any moment between the two, over
the greatest moment. Every batch size runs in a process of its own. On a GPU: --device cuda --batch 1000.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

SPEED_MM_S, DURATION_S, GAP_MM = 120.0, 0.015, 0.3
HEIGHTS_MM = (-9.0, -1.0)
BOX_MM, TURN_DEG = (10.69, 21.38, 32.07), 30.0


def sweeps(count: int, duration_s: float = DURATION_S) -> list[Any]:
    """A box at so many heights, just clear of the array."""
    from simulators.whisker.beams.mechanics import Mechanics
    from simulators.whisker.geometry.array import mouse_array
    from simulators.whisker.geometry.frames import head_rotation
    from simulators.whisker.motion import RigidMotion
    from simulators.whisker.scene import Scene, SceneObject
    from simulators.whisker.solids import Box
    from simulators.whisker.solver.clearance import start_gaps_mm
    from simulators.whisker.stimuli.passage import clear_passage
    from simulators.whisker.stimuli.placement import posed_for_sweeps

    array, box, turned = posed_for_sweeps(mouse_array()), Box(BOX_MM), head_rotation((0.0, 0.0, TURN_DEG))
    found = []
    for height in np.linspace(*HEIGHTS_MM, count + 2)[1:-1]:
        path = clear_passage(box, turned, array, distance_mm=5.0, height_mm=float(height))
        start = np.array(path.start_mm)
        while True:
            motion = RigidMotion.linear(tuple(start), (0.0, -SPEED_MM_S, 0.0), (0.0, 0.0, TURN_DEG))
            scene = Scene(array, (SceneObject(box, motion, "box"),), duration_s=duration_s)
            gap = start_gaps_mm(scene, Mechanics()).min()
            if gap < 1.2 * GAP_MM:
                break
            # The gap is no more than a bound while it is large.
            start[1] -= gap - GAP_MM
        found.append(scene)
    return found


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024


def best_of(repeats: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """Shortest wall time, and the last result."""
    times, result = [], None
    for _ in range(repeats):
        del result
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
    return min(times), result


def measure(count: int, device: str, dtype: str, threads: int, repeats: int) -> dict[str, Any]:
    """One batch, in a process that does nothing else."""
    import torch

    from simulators.whisker.simulation import simulate_scenes
    from simulators.whisker.torch_backend import simulate_torch

    options = {"device": device, "dtype": getattr(torch, dtype), "threads": threads, "nodes": False}
    scenes = sweeps(count)
    short = [replace(scene, duration_s=0.002) for scene in scenes[:2]]
    simulate_torch(short, **options)
    simulate_scenes(short, nodes=False)
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    ours_s, ours = best_of(repeats, lambda: simulate_torch(scenes, **options))
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else _resident("VmHWM")
    peer_s, theirs = best_of(repeats, lambda: simulate_scenes(scenes, nodes=False))
    greatest = max(float(np.abs(one["moment"].values).max()) for one in theirs)
    difference = max(
        float(np.abs(one["moment"].values - other["moment"].values).max())
        for one, other in zip(ours, theirs, strict=True)
    )
    return {
        "name": f"mouse array, box sweeps of {DURATION_S * 1000:g} ms, batch of {count}",
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "dtype": dtype,
        "threads": threads,
        "batch": count,
        "runs": repeats,
        "ours": 60 * count / ours_s,
        "peer": 60 * count / peer_s,
        "peer_name": "compiled loop, one thread",
        "ratio": peer_s / ours_s,
        "ours_s": ours_s,
        "peer_s": peer_s,
        "memory_per_scene_mb": max(0, peak - before) / 1e6 / count,
        "touched": float(np.mean([one["contact"].any("time").sum() for one in theirs])),
        "moment_difference": difference / greatest,
    }


def entry(count: int, given: argparse.Namespace) -> dict[str, Any]:
    """Measure in a process of its own."""
    limits = {f"{library}_NUM_THREADS": str(given.threads) for library in ("OMP", "OPENBLAS", "MKL")}
    words = [sys.executable, __file__, "--measure", "--batch", str(count), "--device", given.device]
    words += ["--dtype", given.dtype, "--threads", str(given.threads), "--repeats", str(given.repeats)]
    load = os.getloadavg()[0]
    environment = {**os.environ, **limits, "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"batch of {count}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1]) | {"load": load}


def show(line: dict[str, Any]) -> None:
    """A line of the table."""
    print(f"{line['name']}  [{line['device']}, {line['dtype']}, {line['threads']} thread(s), load {line['load']:.1f}]")
    print(
        f"  ours {line['ours']:.1f} sweeps per minute, {line['peer_name']}: {line['peer']:.1f} ({line['ratio']:.3g} x), "
        f"{line['memory_per_scene_mb']:.2f} MB per scene, {line['touched']:.1f} whiskers touched, moments within "
        f"{line['moment_difference']:.1e}"
    )


def main() -> None:
    """Run the batches and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8, 64], help="scenes at a time")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64")
    parser.add_argument("--threads", type=int, default=1, help="of torch on the CPU")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.batch[0], given.device, given.dtype, given.threads, given.repeats)))
        return
    lines = []
    for count in given.batch:
        lines.append(entry(count, given))
        if not given.json:
            show(lines[-1])
    if given.json:
        print(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
