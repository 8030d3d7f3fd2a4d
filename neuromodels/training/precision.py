"""Mixed precision: autocast, loss scaling, and what happens where numbers overflow."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.optim import Optimizer

TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
# Halved this often, the first scale of 2**16 is below 2**-8: no loss of a working network overflows then.
MOST_SKIPPED = 24


class Precision:
    """One step in the precision of the recipe.

    In fp16 the loss is scaled; a step whose gradient overflows is skipped, counted, and the scale halved.

    Parameters
    ----------
    name
        ``"float32"``, ``"bf16"`` or ``"fp16"``.
    device
        On which the network runs.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self.name, self.device = name, device
        self.skipped = 0
        self._in_a_row = 0
        self.scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    def autocast(self) -> AbstractContextManager:
        """Within it, operations that may lose digits do so."""
        if self.name == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=TYPES[self.name])

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, scaled in fp16."""
        self.scaler.scale(loss).backward()

    def step(self, optimizer: Optimizer, clip: float = 0.0) -> None:
        """Move the parameters, unless the gradient overflowed.

        Parameters
        ----------
        optimizer
            Whose parameters have gradients.
        clip
            Largest norm of the whole gradient; 0 clips nothing.

        Raises
        ------
        ValueError
            If too many steps in a row overflowed.
        """
        if clip:
            self.scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], clip)
        if self.name != "fp16":
            optimizer.step()
            return
        before = self.scaler.get_scale()
        self.scaler.step(optimizer)
        self.scaler.update()
        overflowed = self.scaler.get_scale() < before
        self.skipped += overflowed
        self._in_a_row = self._in_a_row + 1 if overflowed else 0
        if self._in_a_row > MOST_SKIPPED:
            raise FloatingPointError(
                f"{self._in_a_row} steps in a row overflowed in fp16, the loss being scaled by {self.scaler.get_scale():g}; "
                "lower optimizer.lr, or set training.precision to bf16 or float32."
            )

    def state(self) -> dict[str, float]:
        """What a later process needs to go on."""
        scale = {key: float(value) for key, value in self.scaler.state_dict().items()}
        return {"skipped": self.skipped, "in_a_row": self._in_a_row, **scale}

    def restore(self, state: dict[str, float]) -> None:
        """Go on from `state`."""
        self.skipped, self._in_a_row = int(state["skipped"]), int(state["in_a_row"])
        if self.name == "fp16":
            kept = {key: value for key, value in state.items() if key not in ("skipped", "in_a_row")}
            whole = {key: int(kept[key]) for key in ("growth_interval", "_growth_tracker")}
            self.scaler.load_state_dict({**kept, **whole})
