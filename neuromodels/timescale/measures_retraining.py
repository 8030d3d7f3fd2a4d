"""How soon a trained network learns another N: every N from the same start, through the training engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .measures_accuracy import accuracy, hardest
from .measures_figure import axis
from .measures_variants import relative_accuracy
from .memory_network import MemoryNetwork

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from simulators.tasks.memory import Rule

PUBLISHED_EPOCHS = 20


def retraining(
    network: MemoryNetwork,
    ns: Sequence[int],
    folder: str | Path,
    *,
    recipe: str = "timescale/direct",
    changes: Sequence[str] = (),
    epochs: int = PUBLISHED_EPOCHS,
    rule: "Rule" = "parity",
    sequences: int = 2_560,
) -> xr.Dataset:
    """Accuracy over epochs while a network is trained on one N, for each N anew from the same start.

    Head 0 is asked the new N, also of a network with a head for each N, as published. A run that was cut off goes on where it
    was when the same is asked again.

    Parameters
    ----------
    network
        Built by `create_model` or `load_published`.
    ns
        Rising.
    folder
        Where the start and the runs are kept.
    recipe
        Of the training; its network is replaced by this one.
    changes
        To the recipe, such as ``training.batch_size=64``.
    epochs
        At most; training on an N ends when it is solved.
    rule
        Of the task.
    sequences
        On which the network is judged before, for the N that relative accuracies refer to.

    Returns
    -------
    xarray.Dataset
        ``accuracy`` (N, epoch), on the validation part, NaN after an N was solved; along ``N``: ``last``, the accuracy at the
        end; ``relative``, this above chance as a share of that for the largest N that the network could answer before;
        ``solved_after``, epochs, NaN where it was not.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, figure 8: from N = 16 to N of 16 to 46, 20 epochs each.
    """
    from simulators.tasks.memory import check_ns

    from ..training import Recipe, read_history, read_recipe, train
    from ..weights import save_model

    ns = [int(n) for n in ns]
    check_ns(ns)
    n_before, head = hardest(network, None, None)
    before = accuracy(network, [n_before], heads=[head], rule=rule, sequences=sequences)["accuracy"].values
    # Refuses a network that knows nothing before it is trained.
    relative_accuracy(before, before)
    folder = Path(folder)
    start = folder / "start"
    if not start.exists():
        save_model(network, start)
    model = {"name": network.registered_name, "weights": str(start.resolve())}
    trained_alone = Recipe.from_dict({**read_recipe(recipe).to_dict(), "model": model})
    found = np.full((len(ns), epochs), np.nan)
    solved = np.full(len(ns), np.nan)
    for row, n in enumerate(ns):
        asked = trained_alone.with_changes(
            [
                f'data.rule="{rule}"',
                'task.curriculum="direct"',
                f"task.last_n={n}",
                f"training.epochs={epochs}",
                *changes,
            ]
        )
        result = train(asked, folder / f"N{n}", resume=True)
        curve = [values[f"N{n}"] for values in read_history(folder / f"N{n}")]
        found[row, : len(curve)] = curve
        if result.stopped:
            solved[row] = len(curve)
    last = np.array([curve[np.isfinite(curve)][-1] for curve in found])
    return xr.Dataset(
        {
            "accuracy": (("N", "epoch"), found),
            "last": ("N", last),
            "relative": ("N", np.asarray(relative_accuracy(last, before))),
            "solved_after": ("N", solved),
        },
        coords={"N": ns, "epoch": np.arange(1, epochs + 1)},
        attrs={"before": n_before, "accuracy_before": float(before[0]), "rule": rule, "recipe": recipe},
    )


def plot_retraining(data: xr.Dataset, *, ax: "Axes | None" = None) -> "Axes":
    """Relative accuracy after training on each N.

    Parameters
    ----------
    data
        From `retraining`.
    ax
        Axis to draw on; a new figure by default.
    """
    ax = axis(ax)
    ax.plot(data["N"], data["relative"], marker="o", markersize=4, label=f"from N = {data.attrs['before']}")
    ax.axhline(0, color="grey", linewidth=0.6)
    ax.set(xlabel="N that is trained", ylabel=f"relative accuracy after {data.sizes['epoch']} epochs or less")
    ax.legend()
    return ax
