"""Shared by the tests of `data`: a catalogue of the test's own, small files, and a count of opened sockets."""

import hashlib
import socket

import pytest

from data import catalogue
from data.dataset import DataFile, DatasetInfo
from data.registry import Registry

CONTENT = b"what was measured\n" * 10


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Empty folder that NEUROMODELS_DATA names."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("NEUROMODELS_DATA", str(folder))
    return folder


@pytest.fixture
def own_catalogue(monkeypatch):
    """The catalogue without any dataset; what a test registers is gone afterwards."""
    registry = Registry("dataset", {}, "neuromodels.datasets.of_no_package")
    monkeypatch.setattr(catalogue, "_registry", registry)
    return registry


@pytest.fixture
def make_info():
    """Facts of a dataset of one file whose content is CONTENT; any field can be given."""

    def make(*files, **fields):
        known = {
            "name": "testing/small",
            "summary": "a small file",
            "citation": "Nobody 2024",
            "licence": "CC0-1.0",
            "access": "own copy",
            "how_to_get": "Ask the authors of the small file.",
            "units": "Hz",
            "files": files or (DataFile("small.bin", None, digest(CONTENT), len(CONTENT), "some bytes"),),
        }
        return DatasetInfo(**known | fields)

    return make


@pytest.fixture
def put():
    """Write content to a path and make its folders."""

    def write(path, content=CONTENT):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def sockets(monkeypatch):
    """List of the sockets that were asked for; none is ever opened."""
    asked = []

    def refuse(*arguments, **options):
        asked.append(arguments)
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    return asked
