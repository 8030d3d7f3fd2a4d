"""One training step of networks with time constants, beside the plain form, both in one run.

python benchmarks/timescale_step.py [--json] [--cases units500-n2-10 ...] [--repeats 5] [--device cpu] [--threads 1]

A step draws a batch of N-parity and its answers, runs the network over all digits, and follows the gradient of the summed
cross-entropies, clipped to a norm of 2, with Nesterov's momentum. The plain form draws and answers sequence by sequence and
head by head, computes every operation of every step by itself, clamp and reciprocal of the time constants included, and all
100 heads. Lengths are the mean length of the task, the same for both.

`ours` and `plain` are medians in milliseconds for each step of the network and each seed: of the process's CPU time on the
CPU, of the clock after synchronisation on a GPU; the two take turns. `plain_answers` is the share of the plain form that goes
into digits and answers, `network_ratio` compares without them on either side. `difference` is the norm of the difference
between the two gradients of a weight, over the norm of the gradient, for the weight where it is greatest. Cases that end in
`-tuned` run with an allocator that keeps what it was given, both forms. `memory_mb` is the greatest resident memory of a
process of its own, or torch's on a GPU.
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
from typing import Any

# Units, sequences, heads, networks side by side.
CASES = {
    "units500-n2": (500, 256, [2], 1),
    "units500-n2-5": (500, 256, list(range(2, 6)), 1),
    "units500-n2-10": (500, 256, list(range(2, 11)), 1),
    "units500-n2-30": (500, 256, list(range(2, 31)), 1),
    "units500-n2-30-tuned": (500, 256, list(range(2, 31)), 1),
    "units64-n2-10": (64, 64, list(range(2, 11)), 1),
    "units64-n2-10-seeds8": (64, 64, list(range(2, 11)), 8),
}
HEADS = 100
# glibc then neither returns memory to the system nor maps each large piece anew.
TUNED = {"MALLOC_TRIM_THRESHOLD_": "17179869184", "MALLOC_MMAP_MAX_": "0", "MALLOC_TOP_PAD_": "67108864"}


def plain_answers(batch: int, length: int, ns: list[int]) -> tuple[Any, Any]:
    """Digits ``(sequence, time)`` and answers ``(sequence, head)``, one sequence and one head after the other."""
    import torch

    digits = [torch.bernoulli(torch.rand(1).expand(length)) for _ in range(batch)]
    answers = [torch.stack([sequence[-n:].sum() % 2 for sequence in digits]) for n in ns]
    return torch.stack(digits), torch.stack(answers, 1).long()


def plain_logits(model: Any, digits: Any, start: Any) -> list[Any]:
    """Logits of every head after the last digit, operation by operation."""
    from torch.nn import functional

    state, weight = start, model.recurrent_weight
    weight.data.fill_diagonal_(0)
    for digit in digits.unbind(1):
        received = functional.linear(state, weight, model.recurrent_bias)
        received = received + functional.linear(digit[:, None], model.input_weight, model.input_bias)
        kept, replaced = 1 - 1 / model.tau.clamp(min=1), 1 / model.tau.clamp(min=1)
        state = functional.leaky_relu(kept * state + replaced * received, 0.01)
    return [functional.linear(state, w, b) for w, b in zip(model.readout_weight, model.readout_bias, strict=True)]


class Steps:
    """Networks, their optimizers, and training steps of both kinds."""

    def __init__(self, case: str, device: str) -> None:
        import torch

        from neuromodels.timescale import LeakyConfig, LeakyEnsemble

        self.units, self.batch, self.ns, self.seeds = CASES[case]
        self.device, self.length = device, round(2.5 * self.ns[-1] + 1.5)
        config = LeakyConfig(units=self.units, heads=HEADS)
        self.side_by_side = LeakyEnsemble(config, seeds=range(self.seeds)).to(device)
        self.alone = self.side_by_side.network(0).to(device)
        self.peer = self.side_by_side.network(0).to(device)
        self.generator = torch.Generator(device).manual_seed(0)
        self.ours = self.side_by_side if self.seeds > 1 else self.alone
        self.optimizers = {
            id(one): torch.optim.SGD(one.parameters(), lr=0.05, momentum=0.1, nesterov=True)
            for one in (self.ours, self.peer)
        }
        self.clip = 2.0

    def plain(self, digits: Any = None, answers: Any = None, start: Any = None) -> None:
        """A step of the plain form."""
        import torch
        from torch.nn import functional

        if digits is None:
            digits, answers = plain_answers(self.batch, self.length, self.ns)
        digits, answers = digits.to(self.device), answers.to(self.device)
        start = 0.1 * torch.rand(self.batch, self.units, device=self.device) if start is None else start
        logits = plain_logits(self.peer, digits, start)
        loss: Any = sum(functional.cross_entropy(logits[head], answers[:, head]) for head in range(len(self.ns)))
        self._follow(self.peer, loss)
        self.last_loss = loss.item()

    def fast(self, digits: Any = None, answers: Any = None, start: Any = None) -> None:
        """A step of ours, of all networks."""
        import torch
        from torch.nn import functional

        from simulators.tasks import draw_digits, labels

        heads = range(len(self.ns))
        if digits is None:
            digits = draw_digits(self.seeds * self.batch, self.length, self.generator, device=self.device)
            answers = labels(digits, self.ns, "parity")
        digits, answers = digits.to(self.device), answers.to(self.device)
        if start is None:
            start = 0.1 * torch.rand(self.seeds * self.batch, self.units, device=self.device)
        if self.seeds > 1:
            digits, start = (one.unflatten(0, (self.seeds, self.batch)) for one in (digits, start))
        logits = self.ours(digits[..., None], heads=heads, start=start)
        loss = functional.cross_entropy(logits.reshape(-1, 2), answers.reshape(-1), reduction="sum") / self.batch
        self._follow(self.ours, loss)

    def _follow(self, model: Any, loss: Any) -> None:
        """One step down the gradient; clipping is per network, so side by side each has its own norm."""
        import torch

        self.optimizers[id(model)].zero_grad(set_to_none=True)
        loss.backward()
        if model is self.side_by_side:
            gradients: list[Any] = [parameter.grad for parameter in model.parameters()]
            norm = torch.stack([one.flatten(1).square().sum(1) for one in gradients]).sum(0).sqrt()
            share = (self.clip / (norm + 1e-6)).clamp(max=1)
            for one in gradients:
                one.mul_(share.reshape(-1, *(1,) * (one.ndim - 1)))
        else:
            torch.nn.utils.clip_grad_norm_(model.parameters(), self.clip)
        self.optimizers[id(model)].step()

    def difference(self) -> float:
        """Greatest distance between two gradients of a weight on the same digits; of a single network."""
        import torch

        digits, answers = plain_answers(self.batch, self.length, self.ns)
        start = 0.1 * torch.rand(self.batch, self.units, device=self.device)
        # The norm that is clipped counts the gradient of connections of units to themselves in the plain form alone.
        self.clip, clip = float("inf"), self.clip
        self.plain(digits, answers, start)
        self.fast(digits.repeat(self.seeds, 1), answers.repeat(self.seeds, 1), start.repeat(self.seeds, 1))
        self.clip = clip
        apart, ours = 0.0, dict(self.ours.named_parameters())
        for name, parameter in self.peer.named_parameters():
            expected: Any = parameter.grad
            if expected is None:
                continue
            if name == "recurrent_weight":
                expected.fill_diagonal_(0)
            found: Any = ours[name].grad
            distance = ((found[0] if self.seeds > 1 else found) - expected).norm() / expected.norm().clamp_min(1e-30)
            apart = max(apart, float(distance))
        return apart


def measure(case: str, device: str, repeats: int) -> dict[str, float]:
    """Medians of both, taking turns."""
    import torch

    steps = Steps(case, device)

    def timed(step: Callable[[], object]) -> float:
        clock = time.process_time if device == "cpu" else time.perf_counter
        if device != "cpu":
            torch.cuda.synchronize()
        start = clock()
        step()
        if device != "cpu":
            torch.cuda.synchronize()
        return clock() - start

    apart = steps.difference()

    def draws() -> object:
        return plain_answers(steps.batch, steps.length, steps.ns)

    found: dict[str, list[float]] = {"ours": [], "plain": [], "plain_answers": [], "known": []}
    known = (*draws(), torch.zeros(steps.batch, steps.units, device=device))  # type: ignore[misc]
    many = tuple(part.repeat(steps.seeds, *(1,) * (part.ndim - 1)) for part in known)
    for _ in range(repeats + 1):
        found["ours"].append(timed(steps.fast))
        found["known"].append(timed(lambda: steps.fast(*many)))
        found["plain"].append(timed(steps.plain))
        found["plain_answers"].append(timed(draws))
    # The first of each allocates.
    medians = {name: 1e3 * statistics.median(values[1:]) / steps.length for name, values in found.items()}
    for name in ("ours", "known"):
        medians[name] /= steps.seeds
    known_time = medians.pop("known")
    network = (medians["plain"] - medians["plain_answers"]) / known_time
    return {**medians, "ratio": medians["plain"] / medians["ours"], "network_ratio": network, "difference": apart}


def memory_mb(case: str, device: str, kind: str) -> float:
    """Greatest memory of three steps of one kind."""
    import torch

    steps = Steps(case, device)
    for _ in range(3):
        steps.plain() if kind == "plain" else steps.fast()
    if device != "cpu":
        return torch.cuda.max_memory_allocated() / 2**20
    # Not from getrusage, whose maximum a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Measure every case in a process of its own and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=("times", "ours", "plain"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        import torch

        torch.set_num_threads(options.threads)
        case = options.cases[0]
        times = options.only == "times"
        found = (
            measure(case, options.device, options.repeats) if times else memory_mb(case, options.device, options.only)
        )
        print(json.dumps(found))
        return
    rows = []
    for case in options.cases:
        command = [sys.executable, str(Path(__file__)), "--cases", case, "--device", options.device]
        command += ["--repeats", str(options.repeats), "--threads", str(options.threads)]
        environment = {**os.environ, **(TUNED if case.endswith("-tuned") else {})}

        def run(only: str, command: list[str] = command, environment: dict[str, str] = environment) -> Any:
            words = [*command, "--only", only]
            return json.loads(subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout)

        memory = {"memory_mb": run("ours"), "plain_memory_mb": run("plain")}
        row = {"name": case, "device": options.device, "threads": options.threads, **run("times"), **memory}
        rows.append(row)
        if not options.json:
            print(
                f"{case:22} ours {row['ours']:.3f} ms, plain {row['plain']:.3f} ms, {row['ratio']:.2f} times (network alone "
                f"{row['network_ratio']:.2f}); memory {row['memory_mb']:.0f} and {row['plain_memory_mb']:.0f} MB; gradients "
                f"apart by {row['difference']:.1g}",
                flush=True,
            )
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
