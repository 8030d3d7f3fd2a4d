"""The recurrent graph of the motion networks, streamed and with the whole matrix of places: time and memory.

python benchmarks/motion_stage2.py [--json] [--sizes 256 512 1024] [--forms auto whole] [--iterations 8] [--repeats 1]
    [--device cpu] [--threads 1]

A step is all iterations of Stage II of the published size (256 channels) for one picture of ``size x size`` pixels, whose map
has an eighth of the rows and columns, without gradients. `whole` makes the matrix of all places at once, as the published
code does; `streamed` makes it in blocks; `auto` is what the networks do. Each runs in a process of its own: `seconds` is the
median of the process's CPU time on the CPU, of the clock after synchronisation on a GPU; `memory_mb` the greatest memory
above that before the first step: resident on the CPU, torch's tensors on a GPU. `difference` is the greatest between the
motion read from the last iteration and that of the first form, over its maximum.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

CHANNELS, CELL = 256, 8
STREAMED = {"auto": None, "whole": False, "streamed": True}


def resident(field: str) -> float:
    """Megabytes of this process; getrusage would give the maximum of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def one(size: int, form: str, options: argparse.Namespace) -> dict[str, float]:
    """Time and memory of one form, in this process; its motion goes to a file."""
    import torch

    from neuromodels.motion import MotionGraph

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    device, on_cpu = torch.device(options.device), options.device == "cpu"
    graph = MotionGraph(CHANNELS, streamed=STREAMED[form]).to(device)
    draw = torch.Generator().manual_seed(1)
    maps = torch.rand(1, CHANNELS, size // CELL, size // CELL, generator=draw).to(device)

    def step(features: torch.Tensor) -> tuple[float, torch.Tensor]:
        clock = time.process_time if on_cpu else time.perf_counter
        start = clock()
        motion = graph(features, options.iterations, every=False)[-1].motion
        if not on_cpu:
            torch.cuda.synchronize()
        return clock() - start, motion

    with torch.no_grad():
        step(maps[..., :CELL, :CELL])
        if not on_cpu:
            torch.cuda.reset_peak_memory_stats()
        before = resident("VmRSS") if on_cpu else torch.cuda.memory_allocated() / 2**20
        steps = [step(maps) for _ in range(options.repeats)]
    after = resident("VmHWM") if on_cpu else torch.cuda.max_memory_allocated() / 2**20
    np.save(options.motion_to, steps[-1][1].cpu().numpy())
    return {"seconds": statistics.median(seconds for seconds, _ in steps), "memory_mb": after - before}


def measure(size: int, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Every form of one size, each in its own process."""
    rows: dict[str, dict[str, float]] = {}
    with TemporaryDirectory() as folder:
        motions: list[np.ndarray] = []
        for form in options.forms:
            file = str(Path(folder) / f"{form}.npy")
            command = [sys.executable, str(Path(__file__)), "--one", f"{size} {form}", "--motion-to", file]
            for name in ("iterations", "repeats", "device", "threads"):
                command += [f"--{name}", str(getattr(options, name))]
            row = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            motions.append(np.load(file, allow_pickle=False))
            row["difference"] = float(np.abs(motions[-1] - motions[0]).max() / np.abs(motions[0]).max())
            rows[f"{size} {form}"] = row
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add: Any = parser.add_argument
    add("--sizes", nargs="+", type=int, default=[256, 512, 1024])
    add("--forms", nargs="+", choices=sorted(STREAMED), default=["auto", "whole"])
    add("--iterations", type=int, default=8)
    add("--repeats", type=int, default=1)
    add("--device", default="cpu")
    add("--threads", type=int, default=1)
    add("--json", action="store_true")
    add("--one", help=argparse.SUPPRESS)
    add("--motion-to", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        size, form = options.one.split()
        print(json.dumps(one(int(size), form, options)))
        return
    rows = {}
    for size in options.sizes:
        found = measure(size, options)
        rows |= found
        for name, row in found.items() if not options.json else ():
            print(
                f"{name:14} {row['seconds']:.3g} s, {row['memory_mb']:.0f} MB more, apart from {options.forms[0]} by "
                f"{row['difference']:.1g}",
                flush=True,
            )
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
