"""The motion energy pyramid beside pymoten, where that is installed, both in one run.

python benchmarks/motion_pyramid.py [--json] [--movies 48x96x96 24x144x256] [--batch 1] [--repeats 5] [--device cpu]
    [--dtype float32] [--threads 1] [--rate 24]

A movie is ``frames x rows x columns`` of noise; both give the logarithm of every filter's amplitude at every frame. `ours` and
`peer` are medians in seconds: of the process's CPU time on the CPU, of the clock after synchronisation on a GPU; the two take
turns. The peer is pymoten's loop over filters, `peer_batched` its own faster form; it takes one movie after the other, on
the CPU with numpy. `ratio` is the faster of its two forms over ours. `difference` is the greatest between our amplitudes and
its, over the greatest amplitude. `memory_mb` is the greatest memory of a process of its own that makes three passes of one
kind only: resident on the CPU, torch's tensors on a GPU. Without pymoten only ours is measured.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HAS_PEER = find_spec("moten") is not None
# The peer's progress bars are no part of its work.
os.environ.setdefault("TQDM_DISABLE", "1")


def build(movie: str, batch: int, device: str, dtype: str, rate: int) -> dict[str, Callable[[], Any]]:
    """Functions that filter the same movies: ours, and the two forms of the peer if there is one."""
    import numpy as np
    import torch

    from neuromodels.motion import NishimotoGallant, NishimotoGallantConfig

    n_frames, n_rows, n_cols = map(int, movie.split("x"))
    kind = getattr(torch, dtype)
    frames = np.random.default_rng(0).uniform(size=(batch, n_frames, n_rows, n_cols))
    model = NishimotoGallant(NishimotoGallantConfig(n_rows=n_rows, n_cols=n_cols, rate_hz=rate)).to(device, kind)
    clips = torch.from_numpy(frames)[:, :, None].to(device, kind)

    def ours() -> Any:
        with torch.no_grad():
            return model(clips)

    runs: dict[str, Callable[[], Any]] = {"ours": ours}
    if HAS_PEER:
        import moten

        peer = moten.pyramids.MotionEnergyPyramid(stimulus_vhsize=(n_rows, n_cols), stimulus_fps=rate)
        held = frames.astype(dtype)
        runs["peer"] = lambda: np.stack([peer.project_stimulus(clip, dtype=dtype) for clip in held])
        runs["peer_batched"] = lambda: np.stack([peer.project_stimulus_batched(clip, dtype=dtype) for clip in held])
    return runs


def measure(movie: str, batch: int, device: str, dtype: str, rate: int, repeats: int) -> dict[str, float]:
    """Medians of all, taking turns, and how far the amplitudes lie apart."""
    import numpy as np
    import torch

    runs = build(movie, batch, device, dtype, rate)

    def seconds(name: str) -> float:
        clock = time.process_time if device == "cpu" else time.perf_counter
        if device != "cpu":
            torch.cuda.synchronize()
        start = clock()
        runs[name]()
        if device != "cpu":
            torch.cuda.synchronize()
        return clock() - start

    ours = np.exp(runs["ours"]().cpu().double().numpy())
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name in runs:
            times[name].append(seconds(name))
    row = {name: statistics.median(values) for name, values in times.items()}
    if HAS_PEER:
        theirs = np.exp(runs["peer"]().astype(float))
        row["ratio"] = min(row["peer"], row["peer_batched"]) / row["ours"]
        row["difference"] = float(np.abs(ours - theirs).max() / theirs.max())
    return row


def memory_mb(movie: str, batch: int, device: str, dtype: str, rate: int, name: str) -> float:
    """Greatest memory of three passes of one kind."""
    import torch

    run = build(movie, batch, device, dtype, rate)[name]
    for _ in range(3):
        run()
    if device != "cpu" and name == "ours":
        return torch.cuda.max_memory_allocated() / 2**20
    # Not from getrusage, whose maximum a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--movies", nargs="+", default=["48x96x96", "24x144x256"])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rate", type=int, default=24)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--memory-of", choices=("ours", "peer", "peer_batched"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    shared = (options.batch, options.device, options.dtype, options.rate)
    if options.memory_of:
        print(memory_mb(options.movies[0], *shared, options.memory_of))
        return
    rows: dict[str, dict[str, Any]] = {}
    for movie in options.movies:
        row: dict[str, Any] = {"device": options.device, "threads": options.threads, "dtype": options.dtype}
        row |= measure(movie, *shared, options.repeats)
        for name in ("ours", "peer") if HAS_PEER else ("ours",):
            command = [sys.executable, str(Path(__file__)), "--movies", movie, "--memory-of", name]
            command += ["--batch", str(options.batch), "--device", options.device, "--dtype", options.dtype]
            command += ["--rate", str(options.rate), "--threads", str(options.threads)]
            said = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout
            row[f"memory_mb_{name}"] = float(said.split()[-1])
        rows[movie] = row
        if not options.json:
            print(f"{movie:12} ours {row['ours']:.3g} s, {row['memory_mb_ours']:.0f} MB", end="")
            if HAS_PEER:
                print(
                    f"; pymoten {row['peer']:.3g} s, in batches {row['peer_batched']:.3g} s, {row['memory_mb_peer']:.0f} MB: "
                    f"{row['ratio']:.3g} times; amplitudes apart by {row['difference']:.1g} of the greatest",
                    end="",
                )
            print(flush=True)
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
