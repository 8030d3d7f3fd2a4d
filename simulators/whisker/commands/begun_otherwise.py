"""Which option keeps a collection from being resumed."""

from typing import TYPE_CHECKING

from .option_checks import option

if TYPE_CHECKING:
    from ..output.collection import BegunOtherwise

# In the order in which they are compared: what was asked for, before the numbers of sweeps and whiskers that follow.
ASKED = (
    "set", "species", "side", "preset", "backend", "whiskers", "individual", "table", "overlap", "whisk", "part",
     "objects", "categories", "draws", "sweeps", "height", "distance", "rotation", "diagonal", "speed",
)  # fmt: skip


def in_words(error: "BegunOtherwise") -> str:
    """The sentence that names the option, with both of its values as they are typed."""
    name = error.name.removeprefix("simulator.").split(".")[0]
    name = {"rate_hz": "rate", "duration_s": "duration"}.get(name, name)
    begun = f"the collection in {error.folder} was begun"
    if name == "version":
        return (
            f"{begun} by version {error.before} of neuromodels, this is {error.now}; install the former, or give another "
            "folder."
        )
    if name in (*ASKED, "rate", "duration", "seed", "shard_size", "batch"):
        before, now = (_typed(name, value) for value in (error.before, error.now))
        return f"{begun} {before}, now it is to go on {now}; give the former, or another folder."
    if name == "array_sha256":
        return f"{begun} with other numbers of the whiskers under the same options; give another folder."
    if name in ("n_sweeps", "columns", "ids_and_labels_sha256"):
        return (
            f"{begun} with other sweeps than these options choose; give the same --furniture or --shapenet, or another "
            "folder."
        )
    return str(error)


def _typed(name: str, value: object) -> str:
    if value is None:
        return f"without {option(name)}"
    if name == "table":
        return f"with the --table of SHA-256 {str(value)[:8]}..."
    if name == "whisk":
        return f"with {option(name)} {value}"
    if isinstance(value, list):
        value = (":" if name in ("diagonal", "speed") else " ").join(map(str, value))
    return f"with {option(name)} {value}"
