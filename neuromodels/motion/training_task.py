"""Learning optical flow: the loss of all predictions, and how far the last one is from the truth."""

from typing import Any

import torch
from torch import Tensor

from ..training.samples import Batch
from ..training.task import Task, TaskContext
from .flow_loss import GAMMA, endpoint_error
from .network import FlowPredictions, network_loss


class FlowTask(Task):
    """Optical flow of clips; the best network has the smallest endpoint error.

    A batch holds ``x``, clips ``(sample, time, channel, row, col)``, and ``flow`` ``(sample, 2, row, col)`` in pixels per
    frame, right and down, NaN where it is not known. Beside the endpoint error ``epe`` in pixels stands that of no motion
    at all, ``epe_zero``; of two pathways also that of the first, ``epe_first``.

    Parameters
    ----------
    context
        With a network that has ``flows``, and no augmentation: one that does not change the flow along with the clip
        would teach the wrong motion.
    gamma
        Of `neuromodels.motion.sequence_loss`.
    flips
        Mirror training samples left to right and top to bottom, each with probability 1/2, and their flow with them.

    Raises
    ------
    ValueError
        If the network gives no flows, there is an augmentation, or gamma is outside its range.

    References
    ----------
    Sun et al. 2025, doi 10.1038/s42256-025-01068-w, published code.
    """

    best = "epe"

    def __init__(self, context: TaskContext, *, gamma: float = GAMMA, flips: bool = False) -> None:
        super().__init__()
        if not hasattr(context.model, "flows"):
            raise ValueError(
                f"{type(context.model).__name__} gives no flows; train a network such as motion/fom-small."
            )
        if context.augmentation is not None:
            raise ValueError(
                "an augmentation changes clips, not their flow; leave [augmentation] out, and set task.flips."
            )
        if not 0 < gamma <= 1:
            raise ValueError(f"gamma must be above 0 and at most 1, received {gamma}; 0.85 is published.")
        self.gamma, self.flips = gamma, flips

    def loss(self, model: Any, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of all predictions, and the endpoint errors of the last."""
        clips, flow = _clips_and_flow(batch)
        if self.flips:
            clips, flow = flipped(clips, flow, generator)
        return self._judged(model.flows(clips), flow)

    def evaluate(self, model: Any, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Loss and endpoint errors of samples as they are."""
        clips, flow = _clips_and_flow(batch)
        loss, metrics = self._judged(model.flows(clips), flow)
        return {"loss": loss, **metrics}

    def _judged(self, predictions: FlowPredictions, flow: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        with torch.autocast(flow.device.type, enabled=False):
            loss = network_loss(predictions, flow, gamma=self.gamma)
            with torch.no_grad():
                final = predictions.final
                metrics = {
                    "epe": endpoint_error(final, flow),
                    "epe_zero": endpoint_error(torch.zeros_like(final), flow),
                }
                if predictions.dual_convex:
                    metrics["epe_first"] = endpoint_error(predictions.first_convex[-1], flow)
        return loss, metrics


def flipped(clips: Tensor, flow: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each sample mirrored left to right with probability 1/2, and top to bottom, its flow with it.

    Parameters
    ----------
    clips
        ``(sample, time, channel, row, col)``.
    flow
        ``(sample, 2, row, col)``, right and down.
    generator
        On the CPU.
    """
    for component, axis in ((0, -1), (1, -2)):
        turned = (torch.rand(len(clips), generator=generator) < 0.5).to(clips.device)
        sign = flow.new_ones(2)
        sign[component] = -1
        mirrored = flow.flip(axis) * sign[:, None, None]
        clips = torch.where(turned[:, None, None, None, None], clips.flip(axis), clips)
        flow = torch.where(turned[:, None, None, None], mirrored, flow)
    return clips, flow


def _clips_and_flow(batch: Batch) -> tuple[Tensor, Tensor]:
    clips = batch["x"]
    flow = batch.get("flow")
    wanted = (len(clips), 2, *clips.shape[-2:])
    if flow is None or tuple(flow.shape) != wanted:
        found = "none" if flow is None else str(tuple(flow.shape))
        raise ValueError(
            f"clips {tuple(clips.shape)} need a flow of shape {wanted}, received {found}; give such samples."
        )
    return clips, flow
