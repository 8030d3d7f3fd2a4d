"""Writes are whole or absent, whatever interrupts them."""

import errno
import os
import stat

import pytest

from data.atomic import atomic_path


def full_disk(*_arguments):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "results" / "score.bin"
    path.parent.mkdir()
    path.write_bytes(b"earlier")
    return path


def test_new_content_takes_the_place_of_the_old(target):
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"earlier"
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_temporary_lies_beside_the_target(target):
    with atomic_path(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary != target


def test_missing_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    with atomic_path(str(path)) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError("bad value"), KeyboardInterrupt(), SystemExit(1)])
def test_interrupted_block_keeps_the_earlier_file(target, error):
    with pytest.raises(type(error)), atomic_path(target) as temporary:
        temporary.write_bytes(b"half of the new cont")
        raise error
    assert target.read_bytes() == b"earlier"
    assert list(target.parent.iterdir()) == [target]


def test_disk_full_while_writing_keeps_the_earlier_file(target):
    with pytest.raises(OSError, match="No space left") as caught, atomic_path(target) as temporary:
        temporary.write_bytes(b"half")
        full_disk()
    assert caught.value.errno == errno.ENOSPC
    assert target.read_bytes() == b"earlier"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_disk_full_at_the_last_steps_keeps_the_earlier_file(target, monkeypatch, step):
    monkeypatch.setattr(os, step, full_disk)
    with pytest.raises(OSError, match="No space left"), atomic_path(target) as temporary:
        temporary.write_bytes(b"new")
    assert target.read_bytes() == b"earlier"
    assert list(target.parent.iterdir()) == [target]


def test_failure_without_an_earlier_file_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="bad value"), atomic_path(tmp_path / "new.txt") as temporary:
        temporary.write_text("half")
        raise ValueError("bad value")
    assert list(tmp_path.iterdir()) == []


def test_failure_is_passed_on_when_the_block_removed_its_file(target):
    with pytest.raises(ValueError, match="bad value"), atomic_path(target) as temporary:
        temporary.unlink()
        raise ValueError("bad value")
    assert target.read_bytes() == b"earlier"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_any_new_file(tmp_path, mask, mode):
    path = tmp_path / "new.txt"
    before = os.umask(mask)
    try:
        with atomic_path(path) as temporary:
            temporary.write_text("new")
        left = os.umask(mask)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert left == mask
