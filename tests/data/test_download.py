"""Downloads from a server of the test's own: whole, resumed, retried, and refused when the content is wrong."""

import re
import socket
import socketserver
from http.server import BaseHTTPRequestHandler
from threading import Thread
from types import SimpleNamespace

import pytest

from data import fetch
from data.access import download_folder
from data.catalogue import load_dataset, register_dataset
from data.dataset import DataFile
from data.download import PIECE, download
from data.errors import ChecksumError, DataNotAvailableError

from .conftest import digest

BODY = bytes(range(256)) * 1200
BREAK = 150_000


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.ranges.append(wanted)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and server.resumes else 0
        if start >= len(server.body):
            self.send_error(416)
            return
        rest = server.body[start:]
        self.send_response(206 if start else 200)
        if server.tells_length:
            self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: server.breaks.pop(0)] if server.breaks else rest)

    def log_message(self, *_):
        pass


class Server(socketserver.TCPServer):
    """Serves ``body`` at any address; each number in ``breaks`` ends one answer after that many bytes."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.breaks, self.ranges = BODY, [], []
        self.status, self.resumes, self.tells_length = 200, True, True


@pytest.fixture
def server(no_real_data, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Seconds that pooch would have waited between tries."""
    asked = []
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=asked.append))
    return asked


@pytest.fixture
def offer(server, make_info):
    """Facts of a dataset of one file at the server."""

    def make(path="small.bin", size_known=True):
        url = f"http://127.0.0.1:{server.server_address[1]}/{path}"
        n_bytes = len(BODY) if size_known else None
        return make_info(DataFile(path, url, digest(BODY), n_bytes, "bytes"), access="download")

    return make


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("size_known", [True, False])
def test_complete_download(server, offer, size_known):
    info = offer(size_known=size_known)
    path = download(info, info.files[0])
    assert path == download_folder(info) / "small.bin"
    assert path.read_bytes() == BODY
    assert files_in(download_folder(info)) == ["small.bin"]
    assert server.ranges == [None]


def test_file_in_a_sub_folder(server, offer):
    info = offer("part/small.bin")
    assert download(info, info.files[0]).read_bytes() == BODY
    assert files_in(download_folder(info)) == ["small.bin"]


def test_resumes_from_an_earlier_part(server, offer):
    info = offer()
    part = download_folder(info) / "small.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:1000])
    assert download(info, info.files[0]).read_bytes() == BODY
    assert server.ranges == ["bytes=1000-"]
    assert files_in(download_folder(info)) == ["small.bin"]


def test_starts_again_where_the_server_cannot_resume(server, offer):
    server.resumes = False
    info = offer()
    part = download_folder(info) / "small.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"z" * 1000)
    assert download(info, info.files[0]).read_bytes() == BODY


def test_broken_transfers_are_retried_from_where_they_broke(server, offer, waits):
    server.breaks = [BREAK, BREAK // 2]
    info = offer()
    assert download(info, info.files[0]).read_bytes() == BODY
    kept = BREAK // PIECE * PIECE
    assert server.ranges == [None, f"bytes={kept}-", f"bytes={kept + PIECE}-"]
    assert waits == [1, 2]


def test_short_answer_without_a_length_is_retried(server, offer):
    server.tells_length, server.breaks = False, [BREAK]
    info = offer()
    assert download(info, info.files[0]).read_bytes() == BODY
    assert server.ranges == [None, f"bytes={BREAK}-"]


def test_part_survives_when_every_try_breaks_and_the_next_call_goes_on(server, offer):
    server.breaks = [PIECE + 10, 10, 10]
    info = offer()
    with pytest.raises(DataNotAvailableError, match="in 3 tries .* the next `neuromodels data fetch testing/small`"):
        download(info, info.files[0])
    assert files_in(download_folder(info)) == ["small.bin.part"]
    have = (download_folder(info) / "small.bin.part").stat().st_size
    assert have == PIECE
    server.ranges.clear()
    assert download(info, info.files[0]).read_bytes() == BODY
    assert server.ranges == [f"bytes={have}-"]


def test_complete_part_of_known_size_is_taken_without_a_request(server, offer):
    info = offer()
    part = download_folder(info) / "small.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY)
    assert download(info, info.files[0]).read_bytes() == BODY
    assert server.ranges == []


def test_complete_part_of_unknown_size_is_taken(server, offer):
    info = offer(size_known=False)
    part = download_folder(info) / "small.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY)
    assert download(info, info.files[0]).read_bytes() == BODY


def test_wrong_content_is_kept_aside_and_names_both_hashes(server, offer):
    server.body = BODY[::-1]
    info = offer()
    received = digest(server.body)
    with pytest.raises(ChecksumError, match=f"{received}, expected {digest(BODY)}") as caught:
        download(info, info.files[0])
    aside = download_folder(info) / f"small.bin.wrong-{received[:12]}"
    assert str(aside) in str(caught.value)
    assert info.files[0].url in str(caught.value)
    assert aside.read_bytes() == server.body
    assert files_in(download_folder(info)) == [aside.name]
    assert server.ranges == [None]


def test_after_a_wrong_part_the_next_call_starts_anew(server, offer):
    info = offer()
    part = download_folder(info) / "small.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"z" * len(BODY))
    with pytest.raises(ChecksumError, match="kept as"):
        download(info, info.files[0])
    assert download(info, info.files[0]).read_bytes() == BODY
    assert server.ranges == [None]


def test_server_down(make_info, no_real_data, monkeypatch, waits):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = DataFile("small.bin", f"http://127.0.0.1:{port}/small.bin", digest(BODY), len(BODY), "bytes")
    info = make_info(file, access="download")
    with pytest.raises(DataNotAvailableError, match=f"from {file.url} in 3 tries .ConnectionError"):
        download(info, file)
    assert files_in(download_folder(info)) == []
    assert len(waits) == 2


def test_file_gone_from_the_server(server, offer):
    server.status = 404
    info = offer()
    with pytest.raises(DataNotAvailableError, match="the server answered 404"):
        download(info, info.files[0])
    assert files_in(download_folder(info)) == []


def test_progress_is_drawn_on_stderr_only(server, offer, capsys):
    info = offer()
    download(info, info.files[0], progress=True)
    said = capsys.readouterr()
    assert "small.bin" in said.err
    assert said.out == ""


def test_fetch_downloads_once(own_catalogue, server, offer):
    info = offer()
    register_dataset(info, None)
    first = fetch("testing/small")
    assert fetch("testing/small") == first == [download_folder(info) / "small.bin"]
    assert len(server.ranges) == 1


def test_load_fetches_what_may_be_downloaded(own_catalogue, server, offer):
    info = offer()
    register_dataset(info, lambda facts: (download_folder(facts) / "small.bin").read_bytes())
    assert load_dataset("testing/small") == BODY
    assert load_dataset("testing/small") == BODY
    assert len(server.ranges) == 1


def test_one_alternative_is_downloaded_not_all(own_catalogue, server, make_info):
    address = f"http://127.0.0.1:{server.server_address[1]}"
    files = [DataFile(name, f"{address}/{name}", digest(BODY), len(BODY), "bytes") for name in ("a.bin", "b.bin")]
    info = make_info(*files, alternatives=True, access="download")
    register_dataset(info, None)
    assert fetch("testing/small") == [download_folder(info) / "a.bin"]
    assert len(server.ranges) == 1


def test_download_that_went_bad_later_is_kept_aside_and_fetched_again(own_catalogue, server, offer):
    info = offer()
    register_dataset(info, None)
    (path,) = fetch(info.name)
    path.write_bytes(b"rotten")
    assert fetch(info.name) == [path]
    assert path.read_bytes() != b"rotten"
    assert [file.read_bytes() for file in path.parent.glob("*.wrong-*")] == [b"rotten"]
