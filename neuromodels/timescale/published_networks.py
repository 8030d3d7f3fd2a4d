"""Published leaky networks, from arrays of their trained parameters."""

from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np
import torch

from ..errors import ContractError, ResourceNotAvailableError
from ..registry import create_model
from ..weights import label_of
from .leaky_config import CLAMP
from .leaky_rnn import LeakyRNN
from .recurrence import SLOPE

SOURCE = "Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927"
PARAMETERS = {
    "tau": "tau",
    "W_in": "input_weight",
    "b_in": "input_bias",
    "W_rec": "recurrent_weight",
    "b_rec": "recurrent_bias",
    "W_out": "readout_weight",
    "b_out": "readout_bias",
}


def load_published(
    path: str | Path, *, timescales: Literal["clamped", "free"] = "clamped", device: str = "cpu"
) -> LeakyRNN:
    """The leaky network whose trained parameters an ``.npz`` file holds.

    A published time constant below 1 acts as 1, where the published network clamps it; the parameter is kept as it is, so
    that statistics of it are the published ones.

    Parameters
    ----------
    path
        With arrays ``tau``, ``W_in``, ``b_in``, ``b_rec`` (each one number per unit), ``W_rec`` (post, pre), ``W_out`` (head,
        2, unit), ``b_out`` (head, 2), ``Ns`` (head; empty of an untrained network) and the number ``leaky_slope``; read
        without running any code in it.
    timescales
        ``"clamped"``, as published, or ``"free"``, for further training without the clamp; see `LeakyConfig`.
    device
        Where the weights go.

    Returns
    -------
    LeakyRNN
        In evaluation mode. ``answers`` holds the N of each head (None of an untrained network), ``label`` the name of the file.

    Raises
    ------
    ResourceNotAvailableError
        If there is no such file.
    ContractError
        If the file is no archive of these arrays, with the first difference; if a time constant is none; or if one is at or
        below the clamp and ``timescales="free"`` cannot hold it.
    """
    path = Path(path)
    arrays = _read(path)
    _check_shapes(path, arrays)
    tau = arrays["tau"]
    if not (tau > 0).all():
        raise ContractError(f"{path} holds a time constant of {tau.min():g} steps; each must be above 0.")
    if timescales == "free":
        if not (tau > CLAMP).all():
            raise ContractError(
                f"{path} holds {int((tau <= CLAMP).sum())} time constants at or below 1 step, which the published network "
                "clamps there and timescales='free' cannot hold; load it with timescales='clamped'."
            )
        arrays["tau"] = np.log(np.expm1(tau.astype(np.float64) - CLAMP)).astype(tau.dtype)
    heads, _, units = arrays["W_out"].shape
    answers = tuple(int(n) for n in arrays["Ns"]) or None
    model = create_model("timescale/leaky", units=units, heads=heads, timescales=timescales, answers=answers)
    assert isinstance(model, LeakyRNN)
    arrays["W_in"] = arrays["W_in"][:, None]
    model.load_state_dict({ours: torch.from_numpy(arrays[theirs]) for theirs, ours in PARAMETERS.items()})
    model.label = label_of(path.with_suffix(""))
    model.name = f"{model.registered_name}.{model.label}"
    return model.to(device)


def _read(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise ResourceNotAvailableError(f"there is no file {path}; give an .npz file of parameters of {SOURCE}.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (AttributeError, BadZipFile, EOFError, OSError, ValueError) as error:
        raise ContractError(f"{path} cannot be read as an .npz archive of plain arrays ({error}).") from None
    for name in (*PARAMETERS, "Ns", "leaky_slope"):
        if name not in arrays:
            raise ContractError(f"{path} has no array {name!r}; it holds {', '.join(sorted(arrays)) or 'none'}.")
    return arrays


def _check_shapes(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Refuse arrays that do not belong together, or hold something else than finite numbers."""
    readout = arrays["W_out"].shape
    if len(readout) != 3 or readout[1] != 2:
        raise ContractError(f"{path}: W_out has shape {readout}, but (head, 2, unit) is expected.")
    heads, _, units = readout
    expected: dict[str, tuple[int, ...]] = dict.fromkeys(("tau", "W_in", "b_in", "b_rec"), (units,))
    expected |= {"W_rec": (units, units), "b_out": (heads, 2), "leaky_slope": ()}
    if arrays["Ns"].size:
        expected["Ns"] = (heads,)
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise ContractError(
                f"{path}: {name} has shape {arrays[name].shape}, but {shape} is expected beside a W_out of {readout}."
            )
    for name in (*PARAMETERS, "leaky_slope"):
        if arrays[name].dtype.kind != "f" or not np.isfinite(arrays[name]).all():
            raise ContractError(
                f"{path}: {name}, of type {arrays[name].dtype}, must hold finite floating-point numbers."
            )
        arrays[name] = arrays[name].astype(np.float32)
    if arrays["Ns"].size and (arrays["Ns"].dtype.kind not in "iu" or (arrays["Ns"] < 2).any()):
        raise ContractError(f"{path}: Ns must hold whole numbers of at least 2, received {arrays['Ns'].tolist()}.")
    if not np.isclose(arrays["leaky_slope"], SLOPE):
        raise ContractError(f"{path} has leaky_slope {arrays['leaky_slope']:g}; networks of this kind have {SLOPE:g}.")
