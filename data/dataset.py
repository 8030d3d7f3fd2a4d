"""What a dataset is: facts about it (`DatasetInfo`) and its content (`NeuralDataset`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .splits import SplitSpec

if TYPE_CHECKING:
    import xarray as xr

    from .stimuli import StimulusSet

Access = Literal["embedded", "download", "package", "own copy"]


@dataclass(frozen=True)
class DataFile:
    """One file of a dataset.

    Attributes
    ----------
    path
        Place below ``$NEUROMODELS_DATA/<dataset folder>/`` or below the download folder.
    url
        Public address, None where there is none for exactly these bytes.
    sha256, n_bytes
        Content. A file without a recorded hash is never downloaded; a copy that the user supplies is checked
        by the loader and its hash is quoted in the score.
    description
        What is in it.
    """

    path: str
    url: str | None
    sha256: str | None
    n_bytes: int | None
    description: str


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset without opening it.

    Attributes
    ----------
    name, summary
        Registered name and one line.
    citation
        Authors, year, journal, DOI.
    licence
        As its source states it, or "none stated".
    access
        ``embedded`` (made by code here), ``download`` (`fetch` gets it), ``package`` (files that another installed package
        carries), ``own copy`` (the user puts it in place).
    how_to_get
        What to do when a file is missing.
    files
        Files; with ``alternatives`` True any one of them is enough, the first found in order is taken.
    units
        Unit of the responses.
    splits
        Named splits that belong to the recording; the first is the one to use unless there is a reason.
    folder
        Folder of the files below ``$NEUROMODELS_DATA``; the dataset's name unless given.
    pattern
        Instead of ``files``: shell pattern of a user's own files below the folder, too large to be hashed as wholes; the
        provenance then quotes hashes of what was read.
    package
        Folder inside an installed package that carries the files, such as ``"nitime/data"``; the package is never imported.
    """

    name: str
    summary: str
    citation: str
    licence: str
    access: Access
    how_to_get: str
    units: str
    files: tuple[DataFile, ...] = ()
    alternatives: bool = False
    notes: str = ""
    splits: dict[str, SplitSpec] = field(default_factory=dict)
    folder: str = ""
    pattern: str = ""
    package: str = ""

    def __post_init__(self) -> None:
        if not self.folder:
            object.__setattr__(self, "folder", self.name)


@dataclass(frozen=True)
class NeuralDataset:
    """Responses, the stimuli that evoked them, and the splits that belong to them.

    Attributes
    ----------
    info
        Facts, see `DatasetInfo`.
    responses
        ``xarray.DataArray (presentation, neuroid[, time_bin])``; each presentation has ``stimulus_id`` and ``repetition``.
        None where only dissimilarities were published.
    stimuli
        Table of stimuli, one row per ``stimulus_id``.
    splits
        Named splits; the first is the one to use unless there is a reason.
    provenance
        File name to SHA-256 of what was read, or the generator and its seed.
    rdms
        Dissimilarities of the stimuli, ``xarray.DataArray (subject, pair)`` with the coordinate ``subject``, upper triangles
        row by row in the order of the stimulus table; None where responses are there.
    clips
        Films ``(time, channel, row, col)`` of which the stimuli are places, by the name in the table's column ``movie``; each
        is opened by a call. Films that are not on this machine are left out.
    left_out
        What of the recording is not here although its files are, each with the reason.
    """

    info: DatasetInfo
    responses: "xr.DataArray | None"
    stimuli: "StimulusSet"
    splits: dict[str, SplitSpec]
    provenance: dict[str, str] = field(default_factory=dict)
    rdms: "xr.DataArray | None" = None
    clips: "Mapping[str, Callable[[], xr.DataArray]]" = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.responses is None) == (self.rdms is None):
            raise ValueError(f"dataset {self.info.name!r} must hold either responses or rdms; give exactly one.")

    @property
    def name(self) -> str:
        """Registered name."""
        return self.info.name
