"""Figures of a report as files: PNG and SVG, and beside them the numbers as CSV."""

import base64
import html
import io
from pathlib import Path
from typing import TYPE_CHECKING

from data.atomic import atomic_path

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class FigureFiles:
    """Folder of figures; each is written whole and given back as HTML that carries the picture itself.

    Parameters
    ----------
    folder
        Where ``<stem>.png``, ``<stem>.svg`` and ``<stem>.csv`` go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, stem: str, axes: "Axes", table: "pd.DataFrame", caption: str) -> str:
        """Write one figure with its numbers; returns a ``<figure>`` element."""
        from matplotlib.figure import Figure

        figure = axes.figure
        assert isinstance(figure, Figure)
        pictures = {}
        for suffix, options in (("png", {"dpi": 130}), ("svg", {"metadata": {"Date": None}})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=suffix, **options)
            pictures[suffix] = buffer.getvalue()
        self.folder.mkdir(parents=True, exist_ok=True)
        for suffix, content in pictures.items():
            with atomic_path(self.folder / f"{stem}.{suffix}") as temporary:
                temporary.write_bytes(content)
        with atomic_path(self.folder / f"{stem}.csv") as temporary:
            table.to_csv(temporary, index=False)
        code = base64.b64encode(pictures["png"]).decode()
        # Named, not linked: the page may travel without its folder.
        files = f'<span class="file">{self.folder.name}/{stem}.{{png,svg,csv}}</span>'
        alternative = html.escape(stem.replace("-", " "))
        return (
            f'<figure><img src="data:image/png;base64,{code}" alt="{alternative}">'
            f"<figcaption>{caption} {files}</figcaption></figure>"
        )
