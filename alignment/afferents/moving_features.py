"""From a velocity over time to what a model of moving pictures says of a pattern that moves so."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from ..physiology.responses import layer_values
from ..protocol import RecordableModel
from .spike_series import Features

# From places of the pattern [deg] in every frame (frame,) to frames (time, channel, row, col).
Draw = Callable[[np.ndarray], xr.DataArray]


def moving_features(
    model: RecordableModel,
    layer: str,
    draw: Draw,
    *,
    rate_hz: float = 100.0,
    n_frames: int = 500,
) -> Features:
    """Features for `score_afferent`: the time course of a layer while a pattern moves at the signal's velocity.

    The velocity [deg/s] is averaged over each frame and summed to a path; the pattern is drawn along it, and the layer is
    averaged over the picture. What the model says of a frame stands for the samples of that frame; frames before the model's
    first answer have that answer.

    Parameters
    ----------
    model
        See `RecordableModel`; its ``layer_dims`` must name a ``time`` axis of the layer. The model is taken to be
        causal: its last moment belongs to the last frame.
    layer
        One of ``model.layers``.
    draw
        From places ``(frame,)`` in degrees, rightward positive, to frames ``(time, channel, row, col)``.
    rate_hz
        Frames per second; the signal must have a whole number of samples per frame.
    n_frames
        Frames that are drawn at a time.

    Raises
    ------
    ValueError
        When called, if the signal does not divide into frames, or the model's layer has no time or no fixed delay.
    """

    def features(signal: np.ndarray, signal_hz: float) -> np.ndarray:
        n_samples = round(signal_hz / rate_hz)
        if n_samples < 1 or abs(n_samples * rate_hz - signal_hz) > 1e-6 * signal_hz:
            raise ValueError(
                f"a signal at {signal_hz:g} Hz has no whole number of samples in a frame at {rate_hz:g} Hz; choose rate_hz so."
            )
        n_whole = -(-len(signal) // n_samples)
        padded = np.append(signal, np.zeros(n_whole * n_samples - len(signal)))
        path = padded.reshape(n_whole, n_samples).sum(axis=1).cumsum() / signal_hz
        found = _over_frames(model, layer, draw, path, n_frames)
        return np.repeat(found, n_samples, axis=0)[: len(signal)]

    return features


def _over_frames(model: RecordableModel, layer: str, draw: Draw, path: np.ndarray, n_frames: int) -> np.ndarray:
    """``(frame, unit)`` of a layer along a path; pieces overlap by the frames that the model needs before its first answer."""
    first = _recorded(model, layer, draw, path[:n_frames])
    lost = min(n_frames, len(path)) - len(first)
    if not 0 <= lost < n_frames:
        raise ValueError(
            f"layer {layer!r} gives {len(first)} moments for {min(n_frames, len(path))} frames; a layer in step with the "
            "frames is needed."
        )
    parts = [np.repeat(first[:1], lost, axis=0), first]
    for start in range(n_frames, len(path), n_frames - lost):
        piece = path[start - lost : start - lost + n_frames]
        parts.append(_recorded(model, layer, draw, piece))
    return np.concatenate(parts)


def _recorded(model: RecordableModel, layer: str, draw: Draw, path: np.ndarray) -> np.ndarray:
    frames = draw(path)
    recorded = model.record(np.ascontiguousarray(frames.values[None], dtype=np.float32), [layer])
    return layer_values(model, layer, recorded[layer], border=0, keep_time=True)[0]
