"""Responses with facts, moving gratings, and a model of direction-selective energy units small enough for a test."""

import numpy as np
import pytest
import xarray as xr

from simulators.vision import Display, make_clip, stack_clips

DISPLAY = Display(n_rows=24, n_cols=24, pixels_per_degree=8.0, rate_hz=24.0)
PREFERRED = (0.0, 90.0, 180.0, 270.0)


def _respond(values, **facts):
    """Responses ``(stimulus, unit)`` or ``(stimulus, repeat, unit)`` with facts along ``stimulus``."""
    values = np.asarray(values, float)
    dims = ("stimulus", "unit") if values.ndim == 2 else ("stimulus", "repeat", "unit")
    return xr.DataArray(values, dims=dims, coords={name: ("stimulus", column) for name, column in facts.items()})


def _grating(direction_deg, *, sf=1.0, tf=4.0, contrast=1.0, phase_deg=0.0, n_frames=12):
    x, y = DISPLAY.grid()
    t = DISPLAY.times(n_frames)[:, None, None]
    angle = np.deg2rad(direction_deg)
    turn = 2 * np.pi * (sf * (np.cos(angle) * x + np.sin(angle) * y) - tf * t) + np.deg2rad(phase_deg)
    facts = {
        "kind": "grating",
        "direction_deg": float(direction_deg),
        "spatial_frequency_cpd": sf,
        "temporal_frequency_hz": tf,
        "contrast": contrast,
        "phase_deg": phase_deg,
    }
    return make_clip(0.5 + contrast / 2 * np.cos(turn), DISPLAY, facts=facts)


@pytest.fixture(scope="session")
def respond():
    return _respond


@pytest.fixture(scope="session")
def grating():
    return _grating


@pytest.fixture(scope="session")
def display():
    return DISPLAY


@pytest.fixture(scope="session")
def preferred():
    """Directions of the energy model's units."""
    return np.array(PREFERRED)


@pytest.fixture
def gratings():
    """Eight directions of one grating, and a blank."""
    clips = [_grating(direction) for direction in np.arange(0, 360, 45)]
    return stack_clips([*clips, _grating(0.0, contrast=0.0)])


class EnergyModel:
    """Opponent-free motion energy in four directions at one frequency pair, at every other pixel of the picture."""

    name, revision, layers = "test/energy", "energy 1", ("v1",)
    input_spec = {"kind": "array", "dims": ["time", "channel", "row", "col"], "unit": "luminance, 0 to 1"}
    layer_dims = {"v1": ("unit", "row", "col")}

    def __init__(self):
        self.n_calls = 0

    def record(self, stimuli, layers=None):
        self.n_calls += 1
        frames = np.asarray(stimuli, float)[:, :, 0] - 0.5
        energies = []
        x, y = DISPLAY.grid()
        t = DISPLAY.times(frames.shape[1])[:, None, None]
        for direction in np.deg2rad(PREFERRED):
            place = 2 * np.pi * (np.cos(direction) * x + np.sin(direction) * y - 4.0 * t)
            energies.append(np.abs((frames * np.exp(1j * place)).mean(axis=1).sum(axis=(1, 2))) ** 2)
        flat = np.stack(energies, axis=1)[:, :, None, None]  # (stimulus, unit, 1, 1)
        return {"v1": flat * np.linspace(0.5, 1.5, 9)[None, None, :, None] * np.ones(9)}


@pytest.fixture
def energy_model():
    return EnergyModel()
