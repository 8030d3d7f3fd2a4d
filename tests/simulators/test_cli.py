"""``neuromodels simulate``: cheap to ask for help, one way in."""

import argparse
import subprocess
import sys

import pytest

from simulators.cli import SimulateCommand
from simulators.listing import listing
from simulators.whisker.commands.default_place import NEAR, default_place
from simulators.whisker.geometry.array import mouse_array, rat_array
from simulators.whisker.stimuli.objects import ProceduralObjects
from simulators.whisker.stimuli.placement import posed_for_sweeps
from simulators.whisker.stimuli.sweeps import clean_grid


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser("neuromodels simulate")
    SimulateCommand().configure(parser)
    return parser


def test_simulator_must_be_named(parser, capsys):
    with pytest.raises(SystemExit) as caught:
        parser.parse_args([])
    assert caught.value.code == 2
    with pytest.raises(SystemExit):
        parser.parse_args(["retina"])
    assert "invalid choice: 'retina'" in capsys.readouterr().err


def test_help_loads_nothing_heavy():
    code = (
        "import argparse, sys\n"
        "from simulators.cli import SimulateCommand\n"
        "from simulators.listing import listing\n"
        "SimulateCommand().configure(argparse.ArgumentParser())\n"
        "listing()\n"
        "print([name for name in ('numba', 'xarray', 'pandas', 'torch', 'matplotlib', 'mujoco') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("simulator", ["memory", "motion", "whisker"])
def test_help_shows_examples_that_can_be_parsed(parser, capsys, simulator):
    with pytest.raises(SystemExit) as caught:
        parser.parse_args([simulator, "--help"])
    assert caught.value.code == 0
    examples = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  neuromodels simulate")]
    assert len(examples) == 3
    for line in examples:
        parser.parse_args(line.split()[2:])


def test_help_tells_the_places_that_are_taken(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["whisker", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    mouse, rat = default_place(posed_for_sweeps(mouse_array())), default_place(rat_array())
    assert f"by {NEAR} of the animal's longest whisker" in told
    assert (
        f"Mouse (head in the pose of the published sweeps) x from {mouse.distances_mm[0]:g}, z {mouse.height_mm:g};"
        in told
    )
    assert f"rat (head at the origin) x from {rat.distances_mm[0]:g}, z {rat.height_mm:g}." in told
    near, far = rat.distances_mm
    low, high = rat.heights_mm
    assert f"rat x from {near:g} and {far:g}, z {low:g} and {high:g}." in told
    published = clean_grid(ProceduralObjects(1, ["ball"]))
    (near, far), (low, high) = published.distances_mm, published.heights_mm
    assert f"mouse as published, x from {near:g} and {far:g}, z {low:g} and {high:g};" in told


def test_simulator_gets_the_arguments(parser, monkeypatch):
    from simulators.whisker.commands import command

    arguments = parser.parse_args(["whisker", "--out", "a.nc"])
    assert arguments.simulate is command.run
    arguments.simulate = lambda received: 7 if received is arguments else 0
    assert SimulateCommand().run(arguments, None) == 7


def test_listing_tells_what_the_parser_takes(parser):
    memory, motion, row = listing()
    assert (memory["name"], motion["name"], row["name"]) == ("memory", "motion", "whisker")
    for rule in memory["rules"]:
        assert parser.parse_args(["memory", rule, "--n", "2", "--out", "a.nc"]).rule == rule
    assert {"grating", "plaid", "dots", "texture"} <= set(motion["kinds"])
    for kind in motion["kinds"]:
        assert parser.parse_args(["motion", kind, "--out", "a.nc"]).kind == kind
    assert "forces and moments" in row["summary"]
    for option, key in (
        ("--backend", "backends"),
        ("--set", "sets"),
        ("--preset", "presets"),
        ("--species", "species"),
    ):
        for value in row[key]:
            parser.parse_args(["whisker", option, value])
    assert len(row["object_categories"]) >= 20
