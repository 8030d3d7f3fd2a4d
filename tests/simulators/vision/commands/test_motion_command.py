"""``neuromodels simulate motion``: any kind by name, its parameters as options, one file."""

import argparse
import json
from typing import get_type_hints

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from data.stimuli import load_stimulus_set
from simulators.cli import SimulateCommand
from simulators.vision import KINDS, MODULATIONS, Display, drifting_grating, generator_of, grating_sum, random_dots
from simulators.vision.commands.options import parameter_words, parser_of

SMALL = ["--n-rows", "16", "--n-cols", "20", "--pixels-per-degree", "4", "--rate-hz", "20"]
DISPLAY = Display(16, 20, 4, 20)


@pytest.fixture
def simulate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser("neuromodels simulate")
    SimulateCommand().configure(parser)

    def run(*words):
        arguments = parser.parse_args(["motion", *words])
        return SimulateCommand().run(arguments, None)

    return run


def test_options_reach_the_generator_and_the_file(simulate, capsys):
    assert simulate("grating", "--out", "a.nc", *SMALL, "--direction-deg", "-45", "--n-frames", "4", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["direction_deg"] == 315 and facts["out"] == "a.nc"
    stored = load_stimulus_set("a.nc")
    expected = drifting_grating(DISPLAY, n_frames=4, direction_deg=-45)
    np.testing.assert_array_equal(stored.arrays.values[0], expected["frames"])
    assert stored.table["direction_deg"].tolist() == [315]


def test_lists_and_choices_and_switches(simulate):
    words = ("--luminances", "0", "1", "--rule", "brownian", "--interleaved", "--lifetime-frames", "4", "--seed", "9")
    assert simulate("dots", "--out", "a.nc", "--dot-diameter-deg", "0.3", *SMALL, *words) == 0
    expected = random_dots(
        DISPLAY, luminances=(0, 1), rule="brownian", interleaved=True, lifetime_frames=4, seed=9, dot_diameter_deg=0.3
    )
    np.testing.assert_array_equal(load_stimulus_set("a.nc").arrays.values[0], expected["frames"])
    assert (
        simulate("grating-sum", "--out", "b.nc", *SMALL, "--direction-deg", "0", "90", "--contrast", "0.5", "0.2") == 0
    )
    expected = grating_sum(DISPLAY, direction_deg=[0, 90], contrast=[0.5, 0.2])
    np.testing.assert_array_equal(load_stimulus_set("b.nc").arrays.values[0], expected["frames"])


@pytest.mark.parametrize(
    ("kind", "option", "words"),
    [
        ("modulated-region", "--modulation", MODULATIONS),
        ("glass", "--surface-kind", ("clear", "frosted", "dynamic")),
        ("contrast-modulated", "--carrier", ("static", "dynamic")),
    ],
)
def test_words_are_choices_that_the_help_lists(kind, option, words, capsys):
    parser = parser_of(kind, generator_of(kind))
    assert f"{option} {{{','.join(words)}}}" in parser.format_help()
    with pytest.raises(SystemExit):
        parser.parse_args(["--out", "a.nc", option, "other"])
    assert "invalid choice: 'other'" in capsys.readouterr().err


@pytest.mark.parametrize("kind", KINDS)
def test_no_option_takes_any_word(kind):
    assert str not in get_type_hints(generator_of(kind)).values()


def test_pictures_and_tables_are_read(simulate, tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (60, 64), dtype=np.uint8)
    Image.fromarray(picture).save("p.png")
    np.savetxt("v.csv", np.tile([1.0, -1.0], (5, 1)), delimiter=",")
    words = ("--image", "p.png", "--velocities-px", "v.csv", "--n-frames", "5", "--truth", "truth.nc")
    assert simulate("image", "--out", "a.nc", *SMALL, *words) == 0
    with xr.open_dataset("truth.nc", engine="h5netcdf") as truth:
        assert truth["flow"].values[0, :, 0, 0].tolist() == [1, -1] and truth.attrs["kind"] == "image"
        np.testing.assert_allclose(truth["frames"].values[2, 0], picture[22:38, 22:42] / 255, atol=1e-6)


def test_movies_with_flow(simulate, capsys):
    assert simulate("texture", "--out", "a.gif", *SMALL, "--magnify", "2", "--show-flow", "--n-frames", "3") == 0
    with Image.open("a.gif") as image:
        assert image.size == (80, 32) and image.n_frames == 3
    assert "kind: texture\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("grating", "--out", "a.nc", "--spatial-frequency-cpd", "9"), "Nyquist limit of this display, 8 cycles/deg"),
        (("grating",), "the following arguments are required: --out"),
        (("image", "--out", "a.nc"), "the following arguments are required: --image"),
        (("image", "--out", "a.nc", "--image", "none.png"), "none.png cannot be read"),
        (("grating", "--out", "a.txt"), "--out a.txt must end in .nc, .gif, .mp4"),
        (("grating", "--out", "a.nc", "--truth", "b.npy"), "--truth b.npy must end in .nc"),
        (("grating", "--out", "a.nc", "--truth", "./a.nc"), "are one file"),
        (("grating", "--out", "a.nc", "--magnify", "2"), "belong to a movie"),
        (("grating", "--out", "there.nc"), "there.nc exists; give --overwrite"),
        (("grating", "--out", "a.nc", "--coherence", "1"), "unrecognized arguments: --coherence"),
        (("counterphase", "--out", "a.gif", "--show-flow"), "has no flow to show"),
        (("counterphase", "--out", "a.nc", "--truth", "b.nc"), "has no flow or segmentation"),
        (("grating", "--out", "a.nc", "--rate-hz", "0"), "rate_hz of a display is 0"),
        (("plaids", "--out", "a.nc"), "invalid choice: 'plaids'"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_written(simulate, tmp_path, capsys, words, told):
    (tmp_path / "there.nc").write_text("mine")
    with pytest.raises(SystemExit) as caught:
        simulate(*words)
    assert caught.value.code == 2
    assert told in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["there.nc"]


def test_overwriting_is_asked_for(simulate, tmp_path):
    (tmp_path / "a.nc").write_text("old")
    assert simulate("uniform", "--out", "a.nc", *SMALL, "--overwrite") == 0
    assert (load_stimulus_set("a.nc").arrays.values == 0.5).all()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_parser_with_help(kind):
    parser = parser_of(kind, generator_of(kind))
    text = parser.format_help()
    assert "--out FILE" in text and "--n-frames N" in text and "--rate-hz N" in text


def test_words_are_those_of_the_docstring():
    words = parameter_words(drifting_grating)
    assert words["contrast"] == "Michelson contrast, 0 to 1."
    assert words["aperture"] == "Window, see `make_aperture`." and words["n_frames"] == "Length."
