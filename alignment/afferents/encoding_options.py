"""What there is to decide when spikes are predicted from a signal, and what suits the recordings known here."""

from dataclasses import dataclass

from data.splits import SplitSpec

from .spike_series import Features, half_wave_parts, signal_itself

# The embargo is longer than both memories of the default options together.
BLOCKS = SplitSpec("blocks5", "blocks", 5, time="time_s", embargo=0.15)
PRESENTATIONS = SplitSpec("presentations5", "group-kfold", 5, group="presentation")
LEAVE_ONE_OUT = SplitSpec("presentations", "leave-one-group-out", group="presentation")


@dataclass(frozen=True)
class EncodingOptions:
    """How spikes are predicted and how the prediction is tested.

    Attributes
    ----------
    bin_ms
        Width of the bins in which spikes are counted.
    stimulus_ms, history_ms
        How far the filters of features and of the neuron's own spikes look back.
    n_stimulus_bumps, n_history_bumps
        Raised cosines per feature, and for the spikes.
    signal_features
        What the predictor ``stimulus`` knows of the signal: features over time that need no model.
    rest
        Value of the signal before a presentation, shown to the features for ``stimulus_ms`` so that its onset is a step from
        rest; None: the signal had its first value.
    alphas
        Ridges on standardised columns to choose from.
    n_inner
        Inner folds of the training rows, over which the ridge is chosen.
    split
        Folds over the bins, columns ``presentation`` and ``time_s``: `BLOCKS` (contiguous fifths of the recording, which
        may ask for stimuli unlike those trained on), `PRESENTATIONS` (whole presentations drawn to five folds),
        `LEAVE_ONE_OUT`, or your own. An embargo should be no shorter than the longer memory.
    chunk_ms
        Pieces of time that the bootstrap draws; at most one presentation.
    r_bin_ms
        Bins in which predicted and observed spikes are correlated.
    n_boot, seed
        Draws and their seed.
    """

    bin_ms: float = 1.0
    stimulus_ms: float = 50.0
    history_ms: float = 84.0
    n_stimulus_bumps: int = 10
    n_history_bumps: int = 10
    signal_features: Features = half_wave_parts
    rest: float | None = None
    alphas: tuple[float, ...] = (3.0, 30.0, 300.0, 3000.0)
    n_inner: int = 2
    split: SplitSpec = BLOCKS
    chunk_ms: float = 1000.0
    r_bin_ms: float = 10.0
    n_boot: int = 1000
    seed: int = 0


# A motion-sensitive neuron of the fly sums velocity over some 100 ms; the embargo covers that and the filters of models.
FLY = EncodingOptions(
    bin_ms=10.0,
    stimulus_ms=200.0,
    history_ms=100.0,
    n_stimulus_bumps=10,
    n_history_bumps=5,
    signal_features=signal_itself,
    split=SplitSpec("blocks10", "blocks", 10, time="time_s", embargo=0.5),
)
# The actuator rests at 0 between vibrations. The whisker's angle acts over a whisk and more, and has no rest; its epochs were
# not recorded one after the other.
PRESETS = {
    f"tactile/medlock2024.{neuron}": EncodingOptions(rest=0.0) for neuron in ("neuron1", "neuron2", "neuron3")
} | {"tactile/moore2015.83_e2": EncodingOptions(stimulus_ms=300.0, split=LEAVE_ONE_OUT), "motion/fly-h1": FLY}
