"""Download of one file with pooch: resumed after a break, verified, moved into place whole."""

import os
from pathlib import Path
from typing import Any

from .access import download_folder, how_to_get_files, is_available, locate, locate_all, own_files, sha256_of
from .dataset import DataFile, DatasetInfo
from .errors import ChecksumError, DataNotAvailableError

RETRIES = 3
TIMEOUT_S = 30
PIECE = 1 << 16


def fetch_files(info: DatasetInfo, *, dry_run: bool, offline: bool, progress: bool) -> list[Path]:
    """Bring the files of a dataset here; see ``data.fetch``."""
    paths: list[Path] = []
    if info.pattern:
        return [] if dry_run and not is_available(info) else own_files(info)
    if info.alternatives and is_available(info):
        return [located.path for located in locate_all(info)]
    for file in info.files:
        if not dry_run:
            _set_aside_wrong_download(info, file)
        located = locate(info, file)
        if located is not None:
            paths.append(located.path)
            continue
        if dry_run:
            paths.append(download_folder(info) / file.path)
            continue
        if file.url is None or file.sha256 is None:
            if info.alternatives and file is not info.files[-1]:
                continue
            raise DataNotAvailableError(how_to_get_files(info, [f for f in info.files if locate(info, f) is None]))
        if offline:
            raise DataNotAvailableError(
                f"{file.path} of {info.name} is not here and downloads are switched off (NEUROMODELS_OFFLINE or "
                f"offline=True). {how_to_get_files(info, [file])}"
            )
        paths.append(download(info, file, progress=progress))
        if info.alternatives:
            return paths
    return paths


def _set_aside_wrong_download(info: DatasetInfo, file: DataFile) -> None:
    """Rename an earlier download whose hash is wrong, so that it can be fetched again; nothing is deleted."""
    path = download_folder(info) / file.path
    if file.url is not None and file.sha256 is not None and path.is_file():
        received = sha256_of(path)
        if received != file.sha256:
            os.replace(path, path.with_name(f"{path.name}.wrong-{received[:12]}"))


def download(info: DatasetInfo, file: DataFile, *, progress: bool = False) -> Path:
    """Fetch ``file`` into the download folder and return its path.

    A broken transfer leaves ``<file>.part`` and the next call goes on from there, if the server can. The
    final name appears only after the SHA-256 was right.

    Raises
    ------
    ChecksumError
        If the complete file has another hash; it is kept as ``<file>.wrong-<hash>``.
    DataNotAvailableError
        If the server cannot be reached after the retries.
    """
    import pooch
    import requests

    folder = download_folder(info)
    manager = pooch.create(
        path=folder,
        base_url="",
        registry={file.path: f"sha256:{file.sha256}"},
        urls={file.path: file.url},
        retry_if_failed=RETRIES - 1,
    )
    pooch.get_logger().setLevel("ERROR")
    part = folder / f"{file.path}.part"
    part.parent.mkdir(parents=True, exist_ok=True)

    def resumed(url: str, output: str, _: Any) -> None:
        _stream(url, part, file, progress)
        received = sha256_of(part)
        if received != file.sha256:
            aside = part.with_name(f"{Path(file.path).name}.wrong-{received[:12]}")
            os.replace(part, aside)
            raise ChecksumError(
                f"{file.path} of {info.name} arrived with SHA-256 {received}, expected {file.sha256}; it was kept as "
                f"{aside}. The source {url} may have changed: check it before use."
            )
        os.replace(part, output)

    try:
        manager.fetch(file.path, downloader=resumed)
    except requests.exceptions.RequestException as error:
        answer = getattr(error, "response", None)
        reason = type(error).__name__ if answer is None else f"the server answered {answer.status_code}"
        kept = f"{part.stat().st_size:,} bytes are kept and" if part.exists() else "nothing arrived;"
        raise DataNotAvailableError(
            f"{file.path} of {info.name} could not be downloaded from {file.url} in {RETRIES} tries ({reason}); {kept} "
            f"the next `neuromodels data fetch {info.name}` goes on."
        ) from error
    return folder / file.path


def _stream(url: str, part: Path, file: DataFile, progress: bool) -> None:
    import requests
    from tqdm.auto import tqdm

    have = part.stat().st_size if part.exists() else 0
    if file.n_bytes is not None and have >= file.n_bytes:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
        if have and answer.status_code == 416:
            return  # nothing is left to send; the hash tells whether the part is the file
        answer.raise_for_status()
        resumes = answer.status_code == 206
        mode, start = ("ab", have) if resumes else ("wb", 0)
        with (
            open(part, mode) as out,
            tqdm(
                total=file.n_bytes,
                initial=start,
                unit="B",
                unit_scale=True,
                desc=file.path,
                disable=not progress,
            ) as bar,
        ):
            for piece in answer.iter_content(PIECE):
                out.write(piece)
                bar.update(len(piece))
    arrived = part.stat().st_size
    if file.n_bytes is not None and arrived < file.n_bytes:
        raise requests.exceptions.ConnectionError(f"{arrived} of {file.n_bytes} bytes arrived")
