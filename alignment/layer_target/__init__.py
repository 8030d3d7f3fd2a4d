"""Every layer of a model against every animal: the whole matrix of scores, and what its maximum is worth by chance."""

from .matrix import LayerTargetMatrix
from .metric import LayerTarget
from .one_to_one import layer_target_one_to_one
from .pls import layer_target_pls
from .ridge import layer_target_ridge
from .rsa import layer_target_rsa

__all__ = [
    "LayerTarget",
    "LayerTargetMatrix",
    "layer_target_one_to_one",
    "layer_target_pls",
    "layer_target_ridge",
    "layer_target_rsa",
]
