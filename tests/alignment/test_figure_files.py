"""Figures as files: pictures, numbers, and HTML that carries the picture itself."""

import base64
import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.figure import Figure

from alignment.figure_files import FigureFiles

TABLE = pd.DataFrame({"model": ["a <b>", "c, d"], "value": [0.1, 1 / 3]})


def axes():
    made = Figure().subplots()
    made.plot([0, 1], [0.1, 1 / 3])
    made.set_title("a < b & c")
    return made


def test_each_figure_has_three_files(tmp_path):
    FigureFiles(tmp_path / "new" / "figures").add("test-one", axes(), TABLE, "What it shows.")
    folder = tmp_path / "new" / "figures"
    assert sorted(path.name for path in folder.iterdir()) == ["test-one.csv", "test-one.png", "test-one.svg"]
    assert (folder / "test-one.png").read_bytes().startswith(b"\x89PNG")
    root = ElementTree.fromstring((folder / "test-one.svg").read_bytes())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    pd.testing.assert_frame_equal(pd.read_csv(folder / "test-one.csv"), TABLE)


def test_html_carries_the_picture(tmp_path):
    element = FigureFiles(tmp_path).add("test-one", axes(), TABLE, "What it shows.")
    (code,) = re.findall(r'src="data:image/png;base64,([^"]*)"', element)
    assert base64.b64decode(code) == (tmp_path / "test-one.png").read_bytes()
    assert 'alt="test one"' in element and "What it shows." in element and "test-one.{png,svg,csv}" in element
    assert element.startswith("<figure>") and element.endswith("</figure>")
    ElementTree.fromstring(element.replace('one">', 'one"/>', 1))


def test_the_same_figure_gives_the_same_picture(tmp_path):
    for name in "ab":
        FigureFiles(tmp_path / name).add("one", axes(), TABLE, "x")
    assert (tmp_path / "a" / "one.png").read_bytes() == (tmp_path / "b" / "one.png").read_bytes()
    assert b"<dc:date>" not in (tmp_path / "a" / "one.svg").read_bytes()


def test_files_are_replaced_whole(tmp_path, monkeypatch):
    files = FigureFiles(tmp_path)
    files.add("one", axes(), TABLE, "x")
    kept = (tmp_path / "one.csv").read_bytes()

    def fail(self, path, **options):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(OSError, match="No space left"):
        files.add("one", axes(), TABLE, "x")
    assert (tmp_path / "one.csv").read_bytes() == kept
    assert len(list(tmp_path.iterdir())) == 3
