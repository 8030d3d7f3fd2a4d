import numpy as np
import pytest
from PIL import Image

from simulators.vision import (
    flying_chairs_folder,
    kitti_folder,
    sintel_folder,
    sintel_slow_folder,
    write_flo,
    write_kitti_flow,
)


def picture(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 8, 3), value, dtype=np.uint8)).save(path)


def flow_of(value):
    return np.full((2, 6, 8), value, dtype=np.float32)


@pytest.fixture
def sintel(tmp_path):
    for scene, n in (("alley_1", 6), ("cave_2", 5), ("short", 3)):
        for number in range(1, n + 1):
            for render in ("clean", "final"):
                picture(tmp_path / "training" / render / scene / f"frame_{number:04d}.png", number)
            if number < n:
                write_flo(tmp_path / "training" / "flow" / scene / f"frame_{number:04d}.flo", flow_of(number))
    return tmp_path


def test_sintel_gives_every_run_of_frames(sintel):
    found = sintel_folder(sintel, n_frames=4, flow_frame=1)
    assert [sequence.name for sequence in found] == [
        "alley_1/frame_0001",
        "alley_1/frame_0002",
        "alley_1/frame_0003",
        "cave_2/frame_0001",
        "cave_2/frame_0002",
    ]
    clip = found[2].clip(channels=1)
    np.testing.assert_allclose(clip["frames"].values[:, 0, 0, 0] * 255, [3, 4, 5, 6], atol=1e-4)
    assert (clip["flow"].values[1] == 4).all() and np.isnan(clip["flow"].values[[0, 2, 3]]).all()
    assert clip.attrs["rate_hz"] == 24 and clip.attrs["flow_frame"] == 1
    assert len(list(found.clips())) == 5 and "5 sequences" in repr(found)
    assert len(sintel_folder(sintel, render="final", n_frames=4, flow_frame=1, stride=2)) == 3


def test_sintel_slow_keeps_pictures_and_flow_together(tmp_path):
    for number in range(5):
        picture(tmp_path / "temple" / f"frame_{number:04d}.png", number)
        write_flo(tmp_path / "temple" / f"frame_{number:04d}.flo", flow_of(number))
    found = sintel_slow_folder(tmp_path, n_frames=3, flow_frame=1)
    assert len(found) == 3 and (found[1].arrays()[1] == 2).all()


@pytest.mark.parametrize(("year", "name"), [(2012, "colored_0"), (2015, "image_2")])
def test_kitti_frames_lie_around_its_flow(tmp_path, year, name):
    for scene in ("000000", "000031", "000005"):
        for number in range(21):
            picture(tmp_path / "training" / name / f"{scene}_{number:02d}.png", number)
        flow = flow_of(1.5)
        flow[:, 2, 3] = np.nan
        write_kitti_flow(tmp_path / "training" / "flow_occ" / f"{scene}_10.png", flow)
    found = kitti_folder(tmp_path, year=year)
    assert [sequence.name for sequence in found] == ["000000/03", "000005/03"]
    frames, flow = found[0].arrays(1)
    np.testing.assert_allclose(frames[:, 0, 0, 0] * 255, np.arange(3, 18), atol=1e-4)
    assert np.isnan(flow[:, 2, 3]).all() and flow[0, 0, 0] == 1.5
    assert len(kitti_folder(tmp_path, year=year, n_frames=2, flow_frame=0, leave_out=())) == 3
    with pytest.raises(ValueError, match="asks for frames -2 to 12; a scene has"):
        kitti_folder(tmp_path, year=year, flow_frame=12)
    with pytest.raises(ValueError, match="year is 2013"):
        kitti_folder(tmp_path, year=2013)


def test_flying_chairs_are_pairs(tmp_path):
    for number in (1, 2):
        for place in (1, 2):
            picture(tmp_path / "data" / f"{number:05d}_img{place}.ppm", 10 * number + place)
        write_flo(tmp_path / "data" / f"{number:05d}_flow.flo", flow_of(number))
    (tmp_path / "data" / "00002_img2.ppm").unlink()
    found = flying_chairs_folder(tmp_path)
    assert [sequence.name for sequence in found] == ["00001"]
    frames, flow = found[0].arrays(1)
    np.testing.assert_allclose(frames[:, 0, 0, 0] * 255, [11, 12], atol=1e-4)
    assert (flow == 1).all()


def test_missing_folders_and_other_sizes_are_named(sintel, tmp_path):
    with pytest.raises(FileNotFoundError, match="albedo is not a folder; the collection should lie in .* as training"):
        sintel_folder(sintel, render="albedo")
    with pytest.raises(ValueError, match="render 'dirty' is not known; give one of clean"):
        sintel_folder(sintel, render="dirty")
    with pytest.raises(ValueError, match="holds no sequence of MPI-Sintel clean"):
        sintel_folder(sintel, n_frames=15)
    with pytest.raises(ValueError, match="flow_frame 4 and stride 1 do not fit 4 pictures"):
        sintel_folder(sintel, n_frames=4, flow_frame=4)
    write_flo(sintel / "training" / "flow" / "cave_2" / "frame_0002.flo", np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match="do not belong together"):
        sintel_folder(sintel, n_frames=4, flow_frame=1)[3].arrays()
