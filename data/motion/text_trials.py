"""Spike times in the text format T1 of the Neural Signal Archive: a header, then two lines per trial."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEADER = ("Name", "Start", "Duration", "Sampling", "Params", "Trials")


@dataclass(frozen=True, eq=False)
class TextTrials:
    """One file.

    Attributes
    ----------
    name
        As in the file.
    start_s, duration_s
        When recording began on the trial clock, and how long it went on.
    parameters
        Name to the value of each trial, as text.
    spikes_s
        Spike times of each trial on its clock.
    """

    name: str
    start_s: float
    duration_s: float
    parameters: dict[str, list[str]]
    spikes_s: list[np.ndarray]


def read_text_trials(path: str | Path) -> TextTrials:
    """Read a file of the format T1.

    Parameters
    ----------
    path
        Of the file.

    Raises
    ------
    ValueError
        If the header is incomplete, or a trial is not as the header says; names the line.

    References
    ----------
    neuralsignal.org/nsa_t1txt.html.
    """
    lines = [line.split() for line in Path(path).read_text(encoding="latin-1").splitlines() if line.strip()]
    header = {line[0]: line[1:] for line in lines if line[0] in HEADER}
    if absent := [name for name in HEADER if not header.get(name) and name != "Params"]:
        raise ValueError(f"{path} is no file of the format T1: it has no {', '.join(absent)}.")
    try:
        start, duration, sampling = (float(header[name][0]) for name in ("Start", "Duration", "Sampling"))
        n_trials = int(header["Trials"][0])
    except ValueError as broken:
        raise ValueError(f"{path}: Start, Duration, Sampling and Trials must be numbers; {broken}.") from None
    names = header.get("Params", [])
    body = [line for line in lines if line[0] in ("T", "R")]
    if len(body) != 2 * n_trials or not sampling > 0:
        raise ValueError(
            f"{path} says {n_trials} trials at {sampling:g} Hz, but has {len(body)} lines of trials; two each are needed."
        )
    values: list[list[str]] = []
    spikes: list[np.ndarray] = []
    for number, (trial, record) in enumerate(zip(body[::2], body[1::2], strict=True), 1):
        times = np.array(record[2:], dtype=float)
        if trial[0] != "T" or record[0] != "R" or len(trial) != 2 + len(names) or len(times) != int(record[1]):
            raise ValueError(
                f"{path}: trial {number} has {len(trial) - 2} values and {len(times)} spikes, where {len(names)} and "
                f"{record[1] if len(record) > 1 else 'none'} are announced."
            )
        values.append(trial[2:])
        spikes.append(times / sampling)
    return TextTrials(
        " ".join(header["Name"]),
        start / sampling,
        duration / sampling,
        {name: [row[place] for row in values] for place, name in enumerate(names)},
        spikes,
    )
