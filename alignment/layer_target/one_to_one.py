"""Layer-by-target matrix of one-to-one predictions: each neuroid by the unit that is most like it in training."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..correlation import ROUNDING
from .matrix import LayerTargetMatrix
from .refits import FoldPlan, Predictor, refitted_matrix
from .targets import Rule

# Orthonormal directions of three values that sum to 0.
PLANE = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]]) / np.sqrt([[2.0], [6.0]])
TURN = 2 * np.pi
APART = 20.0  # between the angles of one beginning and of the next, more than they span


def layer_target_one_to_one(
    layers: Mapping[str, npt.ArrayLike],
    animals: Mapping[str, npt.ArrayLike | xr.DataArray],
    *,
    rule: Rule = "components",
    pooled: bool = True,
    n_halves: int = 20,
    seed: int = 1234,
) -> LayerTargetMatrix:
    """One-to-one predictivity of every animal by every layer, corrected for the noise of the animal and of the fit.

    Score and folds are those of `layer_target_ridge`; a neuroid is predicted by the activity of the unit with the largest
    training correlation, as `alignment.mappings.OneToOne` does. Centred responses to three stimuli are points on a circle but
    for their length, so that the best unit is the nearest in angle and is found by bisection.

    Parameters
    ----------
    layers, animals, rule, pooled, n_halves, seed
        As in `layer_target_ridge`.

    Raises
    ------
    ValueError
        For a layer without a unit that varies over some three stimuli, other than 6 stimuli, and as `layer_target_rsa`.

    References
    ----------
    Chung et al. 2025, arXiv:2505.18361; Nayebi et al. 2023, PLoS Comput. Biol. 19:e1011506 (100th percentile).
    """
    n_stimuli = np.shape(next(iter(animals.values())))[1] if animals else 6
    if n_stimuli != 6:
        raise ValueError(
            f"animals have {n_stimuli} stimuli, but a one-to-one matrix is made for 6; for others use "
            "noise_corrected_predictivity with OneToOne()."
        )
    return refitted_matrix(
        layers, animals, _OneToOne(), rule=rule, pooled=pooled, n_halves=n_halves, seed=seed, n_permutations=1
    )


@dataclass(frozen=True)
class _OneToOne:
    def describe(self) -> str:
        """In a few words."""
        return "one-to-one (the unit of largest training correlation)"

    def prepare(self, features: np.ndarray) -> Predictor:
        """Units are sorted by angle once per fold."""
        made: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

        def predict(plan: FoldPlan, responses: np.ndarray) -> np.ndarray:
            if id(plan) not in made:
                made[id(plan)] = features[plan.asked], *_by_angle(features[plan.shown])
            known, constant = _angles(responses)
            asked, angles, units = made[id(plan)]
            copied = np.take_along_axis(asked, _nearest(angles, units, known)[:, None, :], axis=2)
            return np.where(constant, 0.0, copied)

        return predict


def _angles(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angle ``(..., unit)`` of the centred values ``(..., 3, unit)``, and which units are constant but for rounding."""
    along = PLANE @ values
    constant = np.ptp(values, axis=-2) <= ROUNDING * np.abs(values).max(axis=-2)
    return np.arctan2(along[..., 0, :], along[..., 1, :]), constant


def _by_angle(shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted angles ``(beginning, unit + 2)``, closed to a circle, and the units that have them."""
    angle, constant = _angles(shown)
    if constant.all(axis=1).any():
        raise ValueError(
            f"all {shown.shape[2]} units of a layer are constant over some three stimuli, so that none can be matched; leave "
            "the layer out."
        )
    first = (~constant).argmax(axis=1)[:, None]
    unit = np.where(constant, first, np.arange(shown.shape[2]))
    angle = np.take_along_axis(angle, unit, axis=1)
    order = np.argsort(angle, axis=1, kind="stable")
    angle, unit = (np.take_along_axis(one, order, axis=1) for one in (angle, unit))
    closed = np.concatenate([angle[:, -1:] - TURN, angle, angle[:, :1] + TURN], axis=1)
    return closed, np.concatenate([unit[:, -1:], unit, unit[:, :1]], axis=1)


def _nearest(angles: np.ndarray, units: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Unit ``(beginning, neuroid)`` nearest to each wanted angle."""
    width = angles.shape[1]
    rows = np.arange(len(angles))[:, None]
    place = np.searchsorted((angles + APART * rows).ravel(), (wanted + APART * rows).ravel()).reshape(len(angles), -1)
    above = np.clip(place - width * rows, 1, width - 1)
    lower, upper = (np.take_along_axis(angles, at, axis=1) for at in (above - 1, above))
    return np.asarray(np.take_along_axis(units, np.where(wanted - lower <= upper - wanted, above - 1, above), axis=1))
