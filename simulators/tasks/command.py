"""``neuromodels simulate memory``: trials of a memory task to a stimulus file."""

import argparse
import json
from pathlib import Path
from typing import get_args

from .memory import PUBLISHED_ODDS, Odds, Rule

SUMMARY = "digits to remember: N-parity and N-delayed match to sample, with the right answers"
EXAMPLES = """examples:
  neuromodels simulate memory parity --n 2 3 4 --out parity.nc
  neuromodels simulate memory match --n 10 --trials 1000 --length 41 --out match.nc
  neuromodels simulate memory parity --n 4 --odds balanced --seed 3 --out balanced.nc
"""
RULES: tuple[str, ...] = get_args(Rule)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add("rule", metavar="RULE", choices=RULES, help=f"what is asked: {' or '.join(RULES)}")
    add("--n", type=int, nargs="+", required=True, metavar="N", help="how many of the last digits, rising")
    add("--out", required=True, metavar="FILE.nc", help="stimulus set; a sidecar is written beside it")
    add("--trials", type=int, default=100, metavar="COUNT", help="number of sequences (default: 100)")
    add("--length", type=int, metavar="STEPS", help="digits of each sequence (default: 4 N + 1)")
    published = ", ".join(f"{odds} for {rule}" for rule, odds in PUBLISHED_ODDS.items())
    add("--odds", choices=get_args(Odds), help=f"of a 1 (default: {published})")
    add("--seed", type=int, default=0)
    add("--overwrite", action="store_true", help="replace a file that exists")
    add("--json", action="store_true", help="one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Make the trials and write them; returns the exit code."""
    from .trials import memory_trials, save_memory_trials

    out = Path(arguments.out)
    if out.exists() and not arguments.overwrite:
        raise FileExistsError(f"{out} exists; give --overwrite or another name.")
    trials = memory_trials(
        arguments.trials,
        arguments.n,
        rule=arguments.rule,
        odds=arguments.odds,
        length=arguments.length,
        seed=arguments.seed,
    )
    facts = {
        "rule": arguments.rule,
        "odds": trials.attrs["odds"],
        "trials": trials.sizes["stimulus"],
        "steps": trials.sizes["time"],
        "chance": {f"N{n}": float(level) for n, level in zip(trials["N"].values, trials["chance"].values, strict=True)},
        "out": str(save_memory_trials(trials, out)),
    }
    if arguments.json:
        print(json.dumps(facts))
    else:
        facts["chance"] = ", ".join(f"{name} {level:.4f}" for name, level in facts["chance"].items())
        for key, value in facts.items():
            print(f"{key}: {value}")
    return 0
