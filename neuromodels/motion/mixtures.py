"""Mixtures of moving pictures to train on: the published ones, and what stands in for each of their parts."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MixturePart:
    """A part of the published full mixture.

    Attributes
    ----------
    published
        What it is.
    multiplier
        How often its list of samples was repeated; below 1, the share of the list that was taken.
    scene
        Generated kind that stands in for it, a name of `simulators.vision.training_kinds`; empty where only a folder of the
        user can give it.
    collection
        Loader of such a folder, a name of `simulators.vision.flow_folders`; empty where there is none.
    """

    published: str
    multiplier: float
    scene: str = ""
    collection: str = ""


# Sun et al. 2025, Nature Machine Intelligence, doi 10.1038/s42256-025-01068-w, code of the training. Renders of matt
# objects are stood in for by textured sprites, of metal by shapes under highlights and reflections, and of glass by shapes
# that displace what lies behind them; the physics of light is not that of a ray tracer. DAVIS has no stand-in.
PUBLISHED = (
    MixturePart("MPI-Sintel clean", 1, collection="sintel"),
    MixturePart("MPI-Sintel final", 1, collection="sintel"),
    MixturePart("MPI-Sintel albedo", 1, collection="sintel"),
    MixturePart("simple non-texture motion", 1, scene="shapes"),
    MixturePart("DAVIS with estimated flow", 0.2),
    MixturePart("diffuse renders", 0.5, scene="sprites"),
    MixturePart("glass renders", 2, scene="glass"),
    MixturePart("specular renders", 2, scene="shiny"),
    MixturePart("drifting gratings", 2, scene="gratings"),
    MixturePart("dynamic glass renders", 2, scene="dynamic-glass"),
    MixturePart("frosted glass renders", 2, scene="frosted-glass"),
    MixturePart("Sintel-slow", 1, collection="sintel-slow"),
    MixturePart("KITTI 2012 multi-view", 5, collection="kitti"),
    MixturePart("KITTI 2015 multi-view", 5, collection="kitti"),
)

# Weights of generated scenes by name. The small published settings take one kind of render, or two.
MIXTURES: dict[str, dict[str, float]] = {
    "published": {part.scene: float(part.multiplier) for part in PUBLISHED if part.scene},
    "diffuse": {"sprites": 1.0},
    "specular": {"glass": 1.0, "shiny": 1.0, "frosted-glass": 1.0},
    "specular+diffuse": {"sprites": 1.0, "glass": 1.0, "shiny": 1.0, "frosted-glass": 1.0},
    # What networks that are trained in minutes learn from; uniform shapes teach them nothing in so short a time.
    "textured": {"sprites": 3.0, "gratings": 1.0},
}


def mixture_weights(mixture: str | Mapping[str, float], kinds: tuple[str, ...]) -> dict[str, float]:
    """Probability of each kind of scene.

    Parameters
    ----------
    mixture
        A name of `MIXTURES`, or weights by kind, which need not sum to 1.
    kinds
        That there are.

    Returns
    -------
    dict of str to float
        Those above 0, summing to 1.

    Raises
    ------
    ValueError
        If the name or a kind is unknown, or no weight is positive.
    """
    if isinstance(mixture, str):
        if mixture not in MIXTURES:
            raise ValueError(
                f"mixture {mixture!r} is not known; give one of {', '.join(MIXTURES)}, or weights by kind."
            )
        mixture = MIXTURES[mixture]
    unknown = sorted(set(mixture) - set(kinds))
    if unknown:
        raise ValueError(f"mixture has the kind {unknown[0]!r}, which is not known; there are {', '.join(kinds)}.")
    weights = {kind: float(weight) for kind, weight in mixture.items()}
    total = sum(weights.values())
    if not all(0 <= weight < float("inf") for weight in weights.values()) or total <= 0:
        raise ValueError(f"the weights of a mixture are {weights}; give finite ones, 0 or more, and one above 0.")
    return {kind: weight / total for kind, weight in weights.items() if weight > 0}
