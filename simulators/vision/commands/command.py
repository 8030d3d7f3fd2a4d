"""``neuromodels simulate motion``: one moving stimulus to a file."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..kinds import KINDS, generator_of

if TYPE_CHECKING:
    import xarray as xr

SUMMARY = "moving pictures: gratings, plaids, dots, textures and what fools motion vision"
EXAMPLES = f"""kinds:
  {", ".join(sorted(KINDS))}
  Each has options of its own: neuromodels simulate motion KIND --help

examples:
  neuromodels simulate motion grating --direction-deg 45 --aperture circle:6:1 --out grating.nc
  neuromodels simulate motion dots --coherence 0.5 --speed-deg-per-s 4 --seed 3 --out dots.gif --magnify 2
  neuromodels simulate motion texture --n-rows 64 --n-cols 64 --rate-hz 24 --out texture.nc --truth flow.nc
"""
SUFFIXES = (".nc", ".gif", ".mp4")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments; those of a kind are known only when it is chosen."""
    parser.add_argument("kind", metavar="KIND", choices=sorted(KINDS), help="what moves, see below")
    parser.add_argument("options", nargs=argparse.REMAINDER, metavar="OPTIONS", help="--out FILE and those of the kind")


def run(arguments: argparse.Namespace) -> int:
    """Make the stimulus and write what was asked for; returns the exit code."""
    from .options import display_options, parser_of

    generator = generator_of(arguments.kind)
    parser = parser_of(arguments.kind, generator)
    given = vars(parser.parse_args(arguments.options))
    run_options = {name: given.pop(name) for name in ("out", "truth", "magnify", "show_flow", "overwrite", "json")}
    targets = [Path(run_options[name]) for name in ("out", "truth") if run_options[name]]
    _refuse_targets(parser, targets, run_options)
    try:
        clip = generator(display_options(given), **given)
        facts = {name: value for name, value in clip.attrs.items() if value != ""}
        facts |= _write(clip, arguments.kind, run_options, facts)
    except ValueError as error:
        parser.error(str(error))
    if run_options["json"]:
        print(json.dumps(facts))
    else:
        for key, value in facts.items():
            print(f"{key.replace('_', ' ')}: {value}")
    return 0


def _refuse_targets(parser: argparse.ArgumentParser, targets: list[Path], options: dict[str, Any]) -> None:
    """What cannot be written is said before anything is made."""
    from ...movie import refuse_target

    out = targets[0]
    if out.suffix not in SUFFIXES:
        parser.error(f"--out {out} must end in {', '.join(SUFFIXES)}")
    if options["truth"] and targets[1].suffix != ".nc":
        parser.error(f"--truth {targets[1]} must end in .nc")
    if len({target.absolute() for target in targets}) < len(targets):
        parser.error("--out and --truth are one file; give two names")
    if out.suffix == ".nc" and (options["show_flow"] or options["magnify"] != 1):
        parser.error("--magnify and --show-flow belong to a movie; give --out FILE.gif or .mp4")
    for target in targets:
        if target.exists() and not options["overwrite"]:
            parser.error(f"{target} exists; give --overwrite or another name")
        try:
            # A netCDF file has the same needs as a movie but for its ending.
            refuse_target(target if target.suffix != ".nc" else target.with_suffix(".gif"))
        except (OSError, ValueError, RuntimeError) as error:
            parser.error(str(error))


def _write(clip: "xr.Dataset", kind: str, options: dict[str, Any], facts: dict[str, Any]) -> dict[str, str]:
    from ...format import save_stimulus_set
    from ..clip import stack_clips

    written = {}
    if options["truth"]:
        from .truth import write_truth

        written["truth"] = str(write_truth(clip, Path(options["truth"])))
    out = Path(options["out"])
    if out.suffix == ".nc":
        generator = {"command": "neuromodels simulate motion", "kind": kind, "parameters": facts}
        stack = stack_clips([clip], [kind])
        return written | {"out": str(save_stimulus_set(stack, out, name=kind, generator=generator))}
    from ..movies import write_clip_movie

    show_flow, progress = options["show_flow"], sys.stderr.isatty()
    movie = write_clip_movie(clip, out, magnify=options["magnify"], show_flow=show_flow, progress=progress)
    return written | {"out": str(movie)}
