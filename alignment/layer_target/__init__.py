"""Every layer of a model against every animal: the whole matrix of scores, and what its maximum is worth by chance."""

from .matrix import LayerTargetMatrix
from .ridge import layer_target_ridge
from .rsa import layer_target_rsa

__all__ = ["LayerTargetMatrix", "layer_target_ridge", "layer_target_rsa"]
