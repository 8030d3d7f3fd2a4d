"""CRCNS mt-1: neurons of macaque MT under optic flow that changes all the time.

The files are MATLAB's, one per neuron with the struct ``mtdata``; its fields are known from public code that reads them.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ..access import own_files, sha256_of
from ..assembly import make_responses
from ..catalogue import register_dataset
from ..dataset import DatasetInfo, NeuralDataset
from ..stimuli import StimulusSet

NAME = "motion/crcns-mt1"
FIELDS = ("dt", "spkbinned", "opticflows", "aperturecenter", "aperturediameter", "eyeloc")
N_COMPONENTS = 6

INFO = DatasetInfo(
    name=NAME,
    summary="electrophysiology, macaque MT, 84 neurons, optic flow of six components over time, spikes in its frames",
    citation=(
        "Cui, Liu, Khawaja, Pack, Butts 2013, Diverse suppressive influences in area MT and selectivity to complex motion "
        "features, Journal of Neuroscience 33:16715; data: CRCNS mt-1"
    ),
    licence="terms of CRCNS.org, account needed",
    access="own copy",
    how_to_get="crcns.org/data-sets/vc/mt-1: the files Cell*.mat of crcns-mt1-data; choose one by the option cell.",
    units="spikes per frame",
    pattern="**/Cell*.mat",
    notes=(
        "Awake. Each neuron had a stimulus of its own, so that one is opened at a time: components of the optic flow as "
        "stored, then the centre of the aperture. How the components make a velocity field is described beside the data. Eye "
        "positions are not corrected for."
    ),
)


def load(info: DatasetInfo, *, cell: str = "Cell1") -> NeuralDataset:
    """Open one neuron: one presentation of a signal over time, spikes in each of its frames.

    Parameters
    ----------
    info
        Facts.
    cell
        File without its ending.
    """
    found = {path.stem: path for path in own_files(info)}
    if cell not in found:
        raise ValueError(f"{info.name} has no cell {cell!r} here; there are {', '.join(found)}.")
    fields = _fields(found[cell])
    spikes = np.ravel(fields["spkbinned"]).astype(float)
    flow, centre = (np.atleast_2d(fields[name]).astype(float) for name in ("opticflows", "aperturecenter"))
    if flow.shape != (len(spikes), N_COMPONENTS) or centre.shape != (len(spikes), 2):
        raise ValueError(
            f"{found[cell]} has optic flow of shape {flow.shape} and aperture centres of {centre.shape} for {len(spikes)} "
            f"frames; (frame, {N_COMPONENTS}) and (frame, 2) are expected."
        )
    step_ms = float(np.ravel(fields["dt"])[0])
    start = np.arange(len(spikes)) * step_ms
    names = [*(f"flow{number}" for number in range(1, N_COMPONENTS + 1)), "centre_x", "centre_y"]
    stimuli = xr.DataArray(
        np.concatenate([flow, centre], axis=1)[None],
        dims=("stimulus", "time", "quantity"),
        coords={"stimulus_id": ("stimulus", [cell]), "time_ms": ("time", start), "quantity": names},
        attrs={
            "unit": "as stored",
            "rate_hz": 1000 / step_ms,
            "aperture_diameter": float(np.ravel(fields["aperturediameter"])[0]),
        },
    )
    responses = make_responses(
        spikes[None, None],
        presentation={"stimulus_id": [cell]},
        neuroid={"neuroid_id": [cell], "region": ["MT"]},
        time_bin={"time_bin_start_ms": start, "time_bin_end_ms": start + step_ms},
        unit=info.units,
    )
    table = pd.DataFrame({"stimulus_id": [cell]})
    return NeuralDataset(
        info,
        responses,
        StimulusSet(info.name, table, arrays=stimuli),
        {},
        {found[cell].name: sha256_of(found[cell])},
    )


def _fields(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        stored = loadmat(path, struct_as_record=True, squeeze_me=False)["mtdata"][0, 0]
    except (MatReadError, KeyError, IndexError, NotImplementedError, ValueError, TypeError) as broken:
        raise ValueError(
            f"{path} holds no struct mtdata that can be read ({broken}); use the files of CRCNS mt-1."
        ) from None
    known = stored.dtype.names or ()
    if absent := [name for name in FIELDS if name not in known]:
        raise ValueError(f"{path}: mtdata has no {', '.join(absent)}; it has {', '.join(known)}.")
    return {name: stored[name] for name in FIELDS}


register_dataset(INFO, load)
