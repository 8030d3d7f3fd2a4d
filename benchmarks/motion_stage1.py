"""The energy bank of the motion networks beside the grouped-convolution form of the published code, in one run.

python benchmarks/motion_stage1.py [--json] [--sizes 256 512] [--methods auto fft] [--batch 1] [--repeats 5]
    [--device cpu] [--dtype float32] [--threads 1] [--gradient]

A step is the normalised energy of 11 frames of 1/f noise in motion (the first stage of a clip of 15), with `--gradient`
also all gradients of its mean square. `ours` and `peer` are medians in seconds: of the process's CPU time on the CPU, of
the clock after synchronisation on a GPU; all take turns. The peer convolves each level with 32 sine and 32 cosine kernels,
then moves the maps to (batch * row * col, unit, time) and convolves there in groups, four times. `difference` is the
greatest difference of the responses over their maximum; both have the published borders, so that the work is the same.
`memory_mb` is the greatest memory above that before the first step, in a process of its own that makes steps of one kind
only: resident on the CPU, torch's tensors on a GPU. `feature` rows are the same for the motion energy of 256 feature
channels at an eighth of the size and 15 frames, whose peer is as above with one kernel for each channel.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FRAMES = 11
FEATURE_FRAMES = 15
CHANNELS = 256


def peer_energy(stage: Any, frames: Any, units: slice) -> Any:
    """Energy at every pixel of frames ``(batch, time, channel, row, col)``: one channel for all units, or one for each."""
    import torch
    from torch.nn import functional

    cosine, sine = (kernels[units].flip(1, 2)[:, None] for kernels in stage.filters.spatial())
    delays = [kernels[units].flip(1)[:, None] for kernels in stage.filters.temporal()]
    batch, times, channels, rows, cols = frames.shape

    def in_space(kernels: Any) -> Any:
        maps = functional.conv2d(frames.flatten(0, 1), kernels, padding=7, groups=channels)
        return maps.unflatten(0, (batch, times)).permute(0, 3, 4, 2, 1).reshape(batch * rows * cols, len(cosine), times)

    def in_time(maps: Any, kernels: Any) -> Any:
        return functional.conv1d(maps, kernels, groups=len(cosine))

    maps = [in_space(kernels) for kernels in (cosine, sine)]
    odd = in_time(maps[0], delays[1]) + in_time(maps[1], delays[0])
    even = in_time(maps[0], delays[0]) - in_time(maps[1], delays[1])
    energy = odd.square() + even.square() + stage.spontaneous.square()
    pooled = torch.mean(stage.pooling[units] * energy, dim=-1).abs()
    return pooled.view(batch, rows, cols, -1).permute(0, 3, 1, 2)


def peer(stage: Any, stimulus: Any) -> Any:
    """Normalised energy in the published form."""
    import torch
    from torch.nn import functional

    if stimulus.ndim == 5:
        energy = peer_energy(stage, stimulus, slice(None))
    else:
        size, maps, ratio = [n // 8 for n in stimulus.shape[2:]], [], 16 ** (-1 / 7)
        for level in range(stage.n_levels):
            stimulus = functional.interpolate(stimulus, scale_factor=ratio, mode="bilinear", align_corners=False)
            units = slice(level * stage.units_per_level, (level + 1) * stage.units_per_level)
            energy = peer_energy(stage, stimulus[:, :, None], units)
            maps.append(functional.interpolate(energy, size, mode="bilinear", align_corners=True))
        energy = torch.cat(maps, dim=1)
    return stage.norm_k.abs() * energy / (energy.mean(1, keepdim=True) + stage.norm_sigma.square())


def moving_noise(size: int, batch: int) -> Any:
    """1/f noise that moves two pixels rightward per frame, ``(batch, time, row, col)``."""
    import numpy as np
    import torch

    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    frequency[0, 0] = 1
    noise = np.random.default_rng(0).normal(size=(batch, size, size))
    picture = np.fft.ifft2(np.fft.fft2(noise) / frequency).real
    picture = np.clip(0.5 + 0.15 * (picture - picture.mean()) / picture.std(), 0, 1)
    return torch.from_numpy(np.stack([np.roll(picture, 2 * t, 2) for t in range(FRAMES)], axis=1))


def build(kind: str, size: int, batch: int, device: str, dtype: str, gradient: bool) -> Callable[[str], Any]:
    """A function that makes one step with a method, or with the peer, and returns the response."""
    import torch

    from neuromodels.motion import EnergyBank, FeatureEnergy

    precision = getattr(torch, dtype)
    if kind == "bank":
        stage, stimulus = EnergyBank(as_published=True), moving_noise(size, batch)
    else:
        stage = FeatureEnergy(CHANNELS, as_published=True)
        shape = (batch, FEATURE_FRAMES, CHANNELS, size // 8, size // 8)
        stimulus = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        stage.filters.gamma_raw.uniform_(0.7, 1.4, generator=torch.Generator().manual_seed(1))
    stage, stimulus = stage.to(device, precision), stimulus.to(device, precision)

    def step(method: str) -> Any:
        stage.zero_grad()
        if method != "peer":
            stage.method = method
        with torch.set_grad_enabled(gradient):
            response = peer(stage, stimulus) if method == "peer" else stage(stimulus)
        if gradient:
            response.square().mean().backward()
        return response.detach()

    return step


def measure(kind: str, size: int, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Medians of the peer and each method, taking turns, and how far their responses lie apart."""
    import torch

    shared = (options.batch, options.device, options.dtype, options.gradient)
    step = build(kind, size, *shared)
    on_cpu = options.device == "cpu"
    methods = [method for method in options.methods if kind == "bank" or method != "window"]

    def seconds(method: str) -> float:
        clock = time.process_time if on_cpu else time.perf_counter
        if not on_cpu:
            torch.cuda.synchronize()
        start = clock()
        step(method)
        if not on_cpu:
            torch.cuda.synchronize()
        return clock() - start

    responses = {method: step(method) for method in ("peer", *methods)}
    times: dict[str, list[float]] = {method: [] for method in responses}
    for _ in range(options.repeats):
        for method, taken in times.items():
            taken.append(seconds(method))
    reference = statistics.median(times["peer"])
    rows = {}
    for method in methods:
        ours = statistics.median(times[method])
        apart = float((responses[method] - responses["peer"]).abs().max() / responses["peer"].abs().max())
        rows[f"{kind} {size} {method}"] = {
            "device": torch.cuda.get_device_name() if not on_cpu else platform.processor() or platform.machine(),
            "threads": options.threads,
            "ours": ours,
            "peer": reference,
            "ratio": reference / ours,
            "difference": apart,
            "memory_mb_ours": memory_of(kind, size, method, options),
        }
    if methods:
        memory = memory_of(kind, size, "peer", options)
        for row in rows.values():
            row["memory_mb_peer"] = memory
    return rows


def memory_of(kind: str, size: int, method: str, options: argparse.Namespace) -> float:
    """Greatest memory of steps of one kind, in a process of its own."""
    command = [sys.executable, str(Path(__file__)), "--memory-of", f"{kind} {size} {method}"]
    for name in ("batch", "device", "dtype", "threads"):
        command += [f"--{name}", str(getattr(options, name))]
    command += ["--gradient"] if options.gradient else []
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout)


def memory_mb(kind: str, size: int, method: str, options: argparse.Namespace) -> float:
    """Greatest memory of two steps, above that before them."""
    import torch

    step = build(kind, size, options.batch, options.device, options.dtype, options.gradient)
    if options.device != "cpu":
        before = torch.cuda.memory_allocated()
        step(method)
        step(method)
        return (torch.cuda.max_memory_allocated() - before) / 2**20

    def resident(field: str) -> float:
        # Not from getrusage, whose maximum a process inherits from the one that started it.
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.split(f"{field}:")[1].split()[0]) / 1024

    before = resident("VmRSS")
    step(method)
    step(method)
    return resident("VmHWM") - before


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stages", nargs="+", choices=("bank", "feature"), default=["bank", "feature"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--methods", nargs="+", choices=("auto", "plain", "fft", "window"), default=["auto", "fft"])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gradient", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    torch.backends.cudnn.allow_tf32 = False
    if options.memory_of:
        kind, size, method = options.memory_of.split()
        print(memory_mb(kind, int(size), method, options))
        return
    rows = {}
    for kind in options.stages:
        for size in options.sizes:
            found = measure(kind, size, options)
            rows |= found
            for name, row in found.items() if not options.json else ():
                print(
                    f"{name:18} ours {row['ours']:.3g} s, grouped convolution {row['peer']:.3g} s, {row['ratio']:.2f} "
                    f"times; memory {row['memory_mb_ours']:.0f} and {row['memory_mb_peer']:.0f} MB; "
                    f"apart by {row['difference']:.1g}",
                    flush=True,
                )
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
