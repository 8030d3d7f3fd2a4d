"""One training step of a leaky network on parity, beside the plain loop over digits, sequences and heads, in one run.

python benchmarks/timescale_step.py [--json] [--device cpu] [--threads 1] [--repeats 7] [--rows NAME ...]

A step draws digits and answers, runs the network, sums cross-entropy over heads, computes all gradients, clips their norm
and updates by SGD with Nesterov momentum, as published. `ours` and `peer` are medians in seconds of a step of one network:
of the process's CPU time on the CPU, of the clock after synchronisation on a GPU; the two take turns, at the mean length of
the sequences. The peer draws digits one sequence at a time and counts answers one sequence and head at a time, runs the
equations as they read (`neuromodels.timescale.plain_step`), computes all 100 heads, and reads the loss at every step.
`malloc` says whether glibc was told to keep its memory, for both. `difference` is the norm of the difference between the two
gradients of a parameter, over the norm of the gradient, where it is greatest. `memory_mb` is the greatest memory of a
process of its own that makes steps of one kind only: resident on the CPU, torch's tensors on a GPU.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": "-1", "MALLOC_MMAP_MAX_": "0"}
SGD = {"lr": 0.05, "momentum": 0.1, "nesterov": True}
LARGEST_NORM = 2.0


class Row(NamedTuple):
    """What is measured: a network and how it is asked."""

    units: int
    batch: int
    ns: tuple[int, ...]
    seeds: int = 1
    kept_memory: bool = False
    options: dict[str, Any] = {}

    @property
    def length(self) -> int:
        """Mean number of digits, between N + 2 and 4 N + 1."""
        return round(2.5 * self.ns[-1] + 1.5)


ROWS = {
    "500 units, N = 2": Row(500, 256, (2,)),
    "500 units, N = 2 to 5": Row(500, 256, tuple(range(2, 6))),
    "500 units, N = 2 to 10": Row(500, 256, tuple(range(2, 11))),
    "500 units, N = 2 to 30": Row(500, 256, tuple(range(2, 31)), kept_memory=True),
    "500 units, leak outside, N = 2 to 10": Row(500, 256, tuple(range(2, 11)), options={"leak": "outside"}),
    "64 units, N = 2 to 10": Row(64, 64, tuple(range(2, 11))),
    "64 units, 8 networks at once, N = 2 to 10": Row(64, 64, tuple(range(2, 11)), seeds=8),
}
ON_A_GPU = ("500 units, N = 2 to 10", "500 units, N = 2 to 30", "64 units, 8 networks at once, N = 2 to 10")


def peer_batch(row: Row) -> tuple[Any, Any]:
    """Digits ``(batch, time, channel)`` and answers, a list of one ``(batch,)`` for each head."""
    import torch

    sequences = [torch.bernoulli(torch.rand(1).expand(row.length)) for _ in range(row.batch)]
    answers = [torch.stack([sequence[-n:].sum() % 2 for sequence in sequences]).long() for n in row.ns]
    return torch.stack(sequences)[:, :, None], answers


def peer_loss(model: Any, x: Any, answers: list[Any], start: Any) -> Any:
    """Summed cross-entropy by the plain form, every head computed."""
    from torch.nn import functional

    from neuromodels.timescale.plain_step import plain_states

    last = plain_states(model, x, start)[-1]
    heads = zip(model.readout_weight, model.readout_bias, strict=True)
    logits = [functional.linear(last, weight, bias) for weight, bias in heads]
    return sum(functional.cross_entropy(one, answer) for one, answer in zip(logits, answers, strict=False))


def our_loss(model: Any, x: Any, answers: Any, start: Any) -> Any:
    """Summed cross-entropy of ``answers`` ``([network], batch, head)``."""
    from torch.nn import functional

    n_heads = answers.shape[-1]
    logits = model(x, range(n_heads), start)
    total = functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), answers.reshape(-1))
    # The mean is over networks too, whose losses add.
    return total * n_heads * (len(answers) if answers.ndim == 3 else 1)


def build(row: Row, device: str) -> tuple[Callable[[], None], Callable[[], None], Callable[[], float]]:
    """One step of ours, one of the peer's, and how far their gradients lie apart."""
    import torch

    from neuromodels.timescale import LeakyConfig, LeakyEnsemble, LeakyRNN
    from simulators.tasks import draw_digits, labels

    config = LeakyConfig(units=row.units, **row.options)
    networks = [LeakyRNN(config, seed=seed).to(device) for seed in range(row.seeds)]
    plain = LeakyRNN(config, seed=0).to(device)
    ours: Any = networks[0] if row.seeds == 1 else LeakyEnsemble.from_networks(networks)
    optimizers = [torch.optim.SGD(one.parameters(), **SGD) for one in (ours, plain)]  # type: ignore[arg-type]
    generator = torch.Generator(device).manual_seed(0)

    def our_step() -> None:
        digits = draw_digits(row.seeds * row.batch, row.length, generator, odds="per sequence", device=device)
        x, answers = digits[:, :, None], labels(digits, row.ns, "parity")
        if row.seeds == 1:
            start = ours.draw_start(row.batch, generator)
        else:
            x, answers = (one.unflatten(0, (row.seeds, row.batch)) for one in (x, answers))
            start = ours.draw_start(row.batch, [generator] * row.seeds)
        optimizers[0].zero_grad()
        our_loss(ours, x, answers, start).backward()
        if row.seeds == 1:
            torch.nn.utils.clip_grad_norm_(ours.parameters(), LARGEST_NORM)
        else:
            ours.clip_gradients(LARGEST_NORM)
        optimizers[0].step()

    def peer_step() -> None:
        x, answers = peer_batch(row)
        answers = [one.to(device) for one in answers]
        start = 0.1 * torch.rand(row.batch, row.units, device=device)
        optimizers[1].zero_grad()
        loss = peer_loss(plain, x.to(device), answers, start)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), LARGEST_NORM)
        optimizers[1].step()
        loss.item()

    def apart() -> float:
        """Of the two forms with the same parameters and digits."""
        x, answers = peer_batch(row)
        x, answers = x.to(device), [one.to(device) for one in answers]
        start = 0.1 * torch.rand(row.batch, row.units, device=device)
        network = LeakyRNN(config, seed=1).to(device)
        other = LeakyRNN(config, seed=1).to(device)
        our_loss(network, x, torch.stack(answers, 1), start).backward()
        peer_loss(other, x, answers, start).backward()
        pairs = zip(network.parameters(), other.parameters(), strict=True)
        return max(float((a.grad - b.grad).norm() / b.grad.norm()) for a, b in pairs)

    return our_step, peer_step, apart


def measure(row: Row, device: str, repeats: int) -> dict[str, float]:
    """Medians of both, taking turns."""
    import torch

    our_step, peer_step, apart = build(row, device)

    def seconds(step: Callable[[], None]) -> float:
        clock = time.process_time
        if device != "cpu":
            torch.cuda.synchronize()
            clock = time.perf_counter
        before = clock()
        step()
        if device != "cpu":
            torch.cuda.synchronize()
        return clock() - before

    times: dict[Callable[[], None], list[float]] = {our_step: [], peer_step: []}
    for round_number in range(repeats + 2):  # the first two are not counted
        for step, found in times.items():
            taken = seconds(step)
            if round_number > 1:
                found.append(taken)
    ours, peer = statistics.median(times[our_step]) / row.seeds, statistics.median(times[peer_step])
    return {"ours": ours, "peer": peer, "ratio": peer / ours, "difference": apart()}


def memory_mb(row: Row, device: str, kind: str) -> float:
    """Greatest memory of three steps of one kind."""
    import torch

    our_step, peer_step, _ = build(row, device)
    for _ in range(3):
        our_step() if kind == "ours" else peer_step()
    if device != "cpu":
        return torch.cuda.max_memory_allocated() / 2**20
    # Not from getrusage, whose maximum a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def child(arguments: list[str], kept_memory: bool) -> Any:
    """What this script prints as JSON in a process of its own."""
    environment = {**os.environ, **(KEPT_MEMORY if kept_memory else {})}
    command = [sys.executable, str(Path(__file__)), *arguments]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", nargs="+", choices=ROWS, help="all by default")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", choices=("times", "ours", "peer"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.rows or (ROWS if options.device == "cpu" else ON_A_GPU)
    if options.child:
        import torch

        torch.set_num_threads(options.threads)
        torch.manual_seed(0)
        row = ROWS[names[0]]
        if options.child == "times":
            print(json.dumps(measure(row, options.device, options.repeats)))
        else:
            print(json.dumps(memory_mb(row, options.device, options.child)))
        return
    device = options.device
    if device != "cpu":
        import torch

        device = torch.cuda.get_device_name(options.device)
    rows = []
    for name in names:
        row = ROWS[name]
        shared = ["--rows", name, "--device", options.device, "--threads", str(options.threads)]
        found = child([*shared, "--child", "times", "--repeats", str(options.repeats)], row.kept_memory)
        memory = {kind: child([*shared, "--child", kind], row.kept_memory) for kind in ("ours", "peer")}
        facts = {"name": name, "device": device, "threads": options.threads, "length": row.length}
        rows.append({**facts, "malloc": "kept" if row.kept_memory else "default", **found, "memory_mb": memory})
        if not options.json:
            print(
                f"{name:42} ours {found['ours'] * 1e3:8.2f} ms, peer {found['peer'] * 1e3:8.2f} ms, "
                f"{found['ratio']:5.2f} times; memory {memory['ours']:.0f} and {memory['peer']:.0f} MB; gradients apart by "
                f"{found['difference']:.1g}",
                flush=True,
            )
    if options.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
