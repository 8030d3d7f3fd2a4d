"""Compiled code on disk that is older than what it was compiled from."""

import os
from pathlib import Path

from simulators.whisker import compiled


def test_code_older_than_a_source_is_dropped_and_newer_code_kept(tmp_path):
    newest = max(path.stat().st_mtime for path in Path(compiled.__file__).parent.glob("solver/*.py"))
    ages = {"old.nbi": newest - 1, "new.nbi": newest + 1e6, "old.nbc": newest - 1}
    for name, age in ages.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (age, age))
    compiled._forget_outdated(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.nbi", "old.nbc"]


def test_every_file_with_compiled_functions_is_among_the_sources():
    package = Path(compiled.__file__).parent
    watched = {path for pattern in compiled._SOURCES for path in package.glob(pattern)}
    using = {
        path for path in package.rglob("*.py") if "import compiled" in path.read_text() or "njit" in path.read_text()
    }
    assert using and using <= watched
