import io
import tarfile

import pytest

from simulators.whisker.stimuli.debian import unpack_debian_package


def package(path, members, name="data.tar.xz", mode="w:xz"):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:
        for member, content in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    parts = [("debian-binary", b"2.0\n"), ("control.tar.xz", b"odd"), (name, data.getvalue())]
    text = b"!<arch>\n"
    for part, content in parts:
        text += (
            f"{part:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
            + content
            + b"\n" * (len(content) % 2)
        )
    path.write_bytes(text)
    return path


def test_catalogues_are_written_beside_each_other(tmp_path):
    deb = package(
        tmp_path / "a.deb", {"./usr/share/x/One.sh3f": b"one", "./usr/../../Two.sh3f": b"two", "./doc": b"no"}
    )
    written = unpack_debian_package(deb, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in written} == {"One.sh3f": b"one", "Two.sh3f": b"two"}
    assert {path.parent for path in written} == {tmp_path / "out"}


def test_other_files_are_refused(tmp_path):
    (tmp_path / "no.deb").write_bytes(b"PK something")
    (tmp_path / "short.deb").write_bytes(b"!<arch>\n")
    unknown = package(tmp_path / "zst.deb", {})
    unknown.write_bytes(unknown.read_bytes().replace(b"\xfd7zXZ", b"\x28\xb5\x2f\xfd\x00\x00"))
    for path, message in (
        (tmp_path / "no.deb", "is no Debian package"),
        (tmp_path / "short.deb", "has no data"),
        (unknown, "run: dpkg-deb -x"),
        (package(tmp_path / "other.deb", {"a": b""}), "holds no .sh3f file"),
    ):
        with pytest.raises(ValueError, match=message):
            unpack_debian_package(path, tmp_path / "out")
