"""A trained motion network on noise and on kinds of scenes that it never saw, beside Lucas-Kanade; the baseline's window and
the grid's limit on validation scenes.

python benchmarks/motion_hard_scenes.py RUN
"""

import sys
from collections.abc import Sequence

import torch
from torch.nn import functional

from alignment.perceived_flow import LucasKanade
from neuromodels import load_model
from neuromodels.motion.evaluation import NO_MOTION, FlowScenes, errors_by_kind, paired_difference, scene_errors
from neuromodels.motion.training_data import motion_scenes
from neuromodels.motion.upsampling import FACTOR
from neuromodels.training.samples import Batch

FINE = "fine Lucas-Kanade"
N_SCENES = 48


class Noisy:
    """Scenes with white noise in every frame."""

    def __init__(self, scenes: FlowScenes, sd: float) -> None:
        self.scenes, self.sd, self.kinds, self.flow_frame = scenes, sd, scenes.kinds, scenes.flow_frame

    def __len__(self) -> int:
        return len(self.scenes)

    def batch(self, rows: Sequence[int]) -> Batch:
        """The scenes of these numbers; the noise depends on the first of them."""
        batch = self.scenes.batch(rows)
        noise = torch.randn(batch["x"].shape, generator=torch.Generator().manual_seed(rows[0]))
        return {**batch, "x": (batch["x"] + self.sd * noise).clamp(0, 1)}


def main(run: str) -> None:
    """Print the tables for the network of a run."""
    torch.set_num_threads(1)
    estimators = {"network": load_model(run), FINE: LucasKanade(window_sd=1.5, n_levels=1)}

    def held_out(kind: str) -> FlowScenes:
        return motion_scenes("test", size=64, mixture={kind: 1.0}, max_speed=4.0, n_test=N_SCENES)

    shown = {f"sprites, noise {sd}": Noisy(held_out("sprites"), sd) for sd in (0.05, 0.1)}
    shown |= {kind: held_out(kind) for kind in ("shapes", "water", "shiny", "dynamic-glass")}
    for name, scenes in shown.items():
        errors = scene_errors(estimators, scenes)
        mean = errors_by_kind(errors, n_resamples=500)["mean"].sel(region="all", kind="all")
        less = paired_difference(errors, "network", FINE, n_resamples=500).sel(region="all", kind="all")
        words = ", ".join(f"{one} {float(mean.sel(estimator=one)):.3f}" for one in (NO_MOTION, *estimators))
        print(f"{name}: {words}; network less {FINE} [{float(less['low']):.3f}, {float(less['high']):.3f}]")
    windows = {
        f"{sd}, {levels}": LucasKanade(window_sd=sd, n_levels=levels)
        for sd in (1.0, 1.5, 2.0, 4.0)
        for levels in (1, 2)
    }
    chosen_on = motion_scenes("validation", size=64, mixture={"sprites": 1.0}, max_speed=4.0, n_validation=N_SCENES)
    means = scene_errors(windows, chosen_on).sel(region="all").mean("scene")
    words = "; ".join(f"{name}: {float(means.sel(estimator=name)):.3f}" for name in windows)
    print(f"Lucas-Kanade on validation sprites by window sd and levels: {words}")
    for size in (64, 96):
        for kind in ("sprites", "shapes"):
            scenes = motion_scenes("validation", size=size, mixture={kind: 1.0}, max_speed=4.0, n_validation=24)
            flow = scenes.batch(range(24))["flow"]
            cells = functional.interpolate(functional.avg_pool2d(flow, FACTOR), scale_factor=FACTOR)
            ratio = (cells - flow).norm(dim=1).mean() / flow.norm(dim=1).mean()
            print(f"flow uniform in cells of {FACTOR} pixels, {kind} of {size} pixels: {float(ratio):.2f} of no motion")


if __name__ == "__main__":
    main(sys.argv[1])
