"""One training step of the recurrent network for touch, beside a plain loop over steps and nodes, both in one run.

python benchmarks/tactile_step.py [--json] [--cells time_decay ugrnn intersection_ln] [--batch 8] [--repeats 5]
    [--device cpu] [--dtype float32] [--threads 1]

A step is the forward pass of the whole stimulus (22 frames of 30 x 5 x 7), a decoder of three linear layers on the last
output, cross-entropy, and all gradients. `ours` and `plain` are medians in seconds: of the process's CPU time on the CPU,
of the clock after synchronisation on a GPU; the two take turns. The plain loop computes every node at every step with
torch's own convolutions. `difference` is the norm of the difference between the two gradients of a weight, over the norm
of the gradient, for the weight where it is greatest; in float32, rounding may switch a rectified unit on.
`memory_mb` is the greatest memory of a process of its own that makes steps of one kind only: resident on the CPU, torch's
tensors on a GPU. `--cells` also takes identity, gru, lstm, and those with `_ln` behind.
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

LABELS = 117
WIDTHS = (512, 1024, 512, LABELS)
FRAMES = 22


def plain_convolution(x: Any, module: Any) -> Any:
    """Torch's convolution with the weights of a map, or its linear layer."""
    from torch.nn import functional

    if module.kernel_size is None:
        return functional.linear(x.flatten(1), module.weight, module.bias)
    above, below, left, right = module.margins
    return functional.conv2d(functional.pad(x, (left, right, above, below)), module.weight, module.bias, module.stride)


def plain_norm(x: Any, norm: Any) -> Any:
    """Layer norm over channels, gate by gate."""
    import torch
    from torch.nn import functional

    if not hasattr(norm, "weight"):
        return x
    gates = zip(x.chunk(len(norm.weight), 1), norm.weight, norm.bias, strict=True)
    normal = [functional.layer_norm(g.movedim(1, -1), w.shape, w, b).movedim(-1, 1) for g, w, b in gates]
    return torch.cat(normal, 1)


def plain_cell(name: str, cell: Any, x: Any, state: Any) -> tuple[Any, Any]:
    """One step of a cell, written out."""
    import torch

    if name == "identity":
        return x, None
    if state is None:
        state = x.new_zeros(x.shape[0], cell.state_channels, *x.shape[2:])
    if name == "time_decay":
        state = x + cell.tau * state
        return state, state
    shown = state.chunk(2, 1)[1] if name == "lstm" else state
    gates = plain_norm(plain_convolution(torch.cat([x, shown], 1), cell.gates), cell.norm).chunk(cell.n_gates, 1)
    if name == "lstm":
        memory = torch.sigmoid(gates[2] + 1) * state.chunk(2, 1)[0] + torch.sigmoid(gates[0]) * torch.tanh(gates[1])
        memory = plain_norm(memory, cell.memory_norm)
        output = torch.sigmoid(gates[3]) * torch.tanh(memory)
        return output, torch.cat([memory, output], 1)
    keep = torch.sigmoid(gates[0] + 1)
    if name == "gru":
        new = plain_convolution(torch.cat([x, keep * state], 1), cell.candidate)
        new, keep = torch.tanh(plain_norm(new, cell.candidate_norm)), torch.sigmoid(gates[1])
    else:
        new = torch.tanh(gates[1])
    state = keep * state + (1 - keep) * new
    if name == "intersection":
        carry = torch.sigmoid(gates[2] + 1)
        return carry * x + (1 - carry) * torch.relu(gates[3]), state
    return state, state


def plain_loop(graph: Any, stimulus: Any) -> Any:
    """All outputs ``(batch, time, channel)`` of a graph in the biological unroll, every node at every step."""
    import torch

    previous = {name: stimulus.new_zeros(stimulus.shape[0], *shape) for name, shape in graph.shapes.items()}
    states: dict[str, Any] = {}
    outputs = []
    for frame in stimulus.unbind(1):
        previous["stimulus"], now = frame, {}
        for node in graph.config.nodes:
            module = graph.nodes[node.name]
            x = plain_convolution(torch.cat([previous[source] for source in node.inputs], 1), module.map)
            x, states[node.name] = plain_cell(node.cell, module.cell, x, states.get(node.name))
            now[node.name] = torch.relu(x)
        previous = now
        outputs.append(now[graph.config.output])
    return torch.stack(outputs, 1)


def build(cell: str, batch: int, device: str, dtype: str) -> tuple[Any, Any, Callable[[bool], Any]]:
    """Graph, its decoder, and a function that makes one step, plain or ours, and returns the loss."""
    import torch
    from torch import nn
    from torch.nn import functional

    from neuromodels.recurrent_graph import RecurrentGraph, zhuang_graph

    name, _, norm = cell.partition("_ln")
    kind = getattr(torch, dtype)
    graph = RecurrentGraph(zhuang_graph(name, layer_norm=cell != name)).to(device, kind)
    torch.manual_seed(0)
    layers = [part for a, b in zip(WIDTHS[:-1], WIDTHS[1:], strict=True) for part in (nn.Linear(a, b), nn.ReLU())]
    decoder = nn.Sequential(*layers[:-1]).to(device, kind)
    stimulus = torch.randn(batch, FRAMES, *graph.config.input_shape).to(device, kind)
    labels = (torch.arange(batch) % LABELS).to(device)

    def step(plain: bool) -> Any:
        for parameter in (*graph.parameters(), *decoder.parameters()):
            parameter.grad = None
        last = plain_loop(graph, stimulus)[:, -1] if plain else graph(stimulus, steps=[-1])[:, 0]
        loss = functional.cross_entropy(decoder(last), labels)
        loss.backward()
        return loss

    return graph, decoder, step


def measure(cell: str, batch: int, device: str, dtype: str, repeats: int) -> dict[str, float]:
    """Medians of both, taking turns, and how far their gradients lie apart."""
    import torch

    graph, _, step = build(cell, batch, device, dtype)

    def seconds(plain: bool) -> float:
        clock = time.process_time
        if device != "cpu":
            torch.cuda.synchronize()
            clock = time.perf_counter
        start = clock()
        step(plain)
        if device != "cpu":
            torch.cuda.synchronize()
        return clock() - start

    gradients = []
    for plain in (True, False):
        step(plain)
        gradients.append({name: weight.grad.clone() for name, weight in graph.named_parameters()})
    apart = max(
        float((gradients[1][name] - value).norm() / value.norm().clamp_min(1e-30))
        for name, value in gradients[0].items()
    )
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(repeats):
        for plain in (False, True):
            times[plain].append(seconds(plain))
    ours, peer = statistics.median(times[False]), statistics.median(times[True])
    return {"ours": ours, "plain": peer, "ratio": peer / ours, "difference": apart}


def memory_mb(cell: str, batch: int, device: str, dtype: str, plain: bool) -> float:
    """Greatest memory of three steps of one kind."""
    import torch

    _, _, step = build(cell, batch, device, dtype)
    for _ in range(3):
        step(plain)
    if device != "cpu":
        return torch.cuda.max_memory_allocated() / 2**20
    # Not from getrusage, whose maximum a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cells", nargs="+", default=["time_decay", "ugrnn", "intersection_ln"])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--memory-of", choices=("ours", "plain"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    shared = (options.batch, options.device, options.dtype)
    if options.memory_of:
        print(memory_mb(options.cells[0], *shared, options.memory_of == "plain"))
        return
    rows = {}
    for cell in options.cells:
        row = measure(cell, *shared, options.repeats)
        for kind in ("ours", "plain"):
            command = [sys.executable, str(Path(__file__)), "--cells", cell, "--memory-of", kind]
            command += ["--batch", str(options.batch), "--device", options.device, "--dtype", options.dtype]
            said = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout
            row[f"memory_mb_{kind}"] = float(said)
        rows[cell] = row
        if not options.json:
            print(
                f"{cell:20} ours {row['ours']:.3g} s, plain loop {row['plain']:.3g} s, {row['ratio']:.2f} times; "
                f"memory {row['memory_mb_ours']:.0f} and {row['memory_mb_plain']:.0f} MB; "
                f"gradients apart by {row['difference']:.1g}",
                flush=True,
            )
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
