"""What a study consists of: settings, and commands of ``neuromodels`` in their order, read from a TOML file."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from string import Formatter

Setting = str | int | float
FIELDS = {"title", "summary", "settings", "step"}
STEP_FIELDS = {"what", "run"}


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes
    ----------
    what
        What it is for, in a few words.
    words
        Words behind ``neuromodels`` on the command line; paths are relative to the folder of the study.
    """

    what: str
    words: tuple[str, ...]

    @property
    def key(self) -> str:
        """Tells this command from another one."""
        return hashlib.sha256(json.dumps(self.words).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Story:
    """A study.

    Attributes
    ----------
    title, summary
        For the reader.
    steps
        Commands in their order, settings filled in.
    settings
        What can be chosen, as it was.
    """

    title: str
    summary: str
    steps: tuple[Step, ...]
    settings: Mapping[str, Setting] = field(default_factory=dict)


def list_stories() -> dict[str, str]:
    """Names of the studies that come with the package, with a line about each."""
    shipped = [file for file in files(__package__).iterdir() if file.name.endswith(".toml")]
    contents = {file.name.removesuffix(".toml"): tomllib.loads(file.read_text("utf-8")) for file in shipped}
    return {name: str(contents[name]["title"]) for name in sorted(contents)}


def load_story(name: str | Path, settings: Mapping[str, str] | None = None) -> Story:
    """A study by its name or from a TOML file of yours.

    The file has ``title``, ``summary``, a table ``[settings]`` and, for each command, ``[[step]]`` with ``what`` and
    ``run``, the words of the command. ``{name}`` in a word stands for the setting of this name.

    Parameters
    ----------
    name
        One of `list_stories`, or a path that ends in ``.toml``.
    settings
        Values in place of those of the file; a number stays a number.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the name is not known, the file is not such a study, or a setting is not one of it.
    """
    path = str(name)
    if path.endswith(".toml"):
        text = Path(path).read_text("utf-8")
    elif path in list_stories():
        text = (files(__package__) / f"{path}.toml").read_text("utf-8")
    else:
        near = difflib.get_close_matches(path, list_stories(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ValueError(
            f"study {path!r} is not known{hint} There are {', '.join(list_stories())}, or give a .toml file."
        )
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}.") from None
    return _story(content, dict(settings or {}), path)


def _story(content: dict, chosen: dict[str, str], path: str) -> Story:
    _known(content, FIELDS, path)
    steps = content.get("step")
    if not isinstance(steps, list) or not steps:
        raise ValueError(f"{path} has no [[step]]; give at least one, with what = '...' and run = ['...'].")
    defaults: dict[str, Setting] = content.get("settings", {})
    _known(chosen, set(defaults), f"--set for {path}")
    settings = {key: _converted(key, chosen[key], value) if key in chosen else value for key, value in defaults.items()}
    return Story(
        str(content.get("title", path)),
        str(content.get("summary", "")),
        tuple(_step(step, settings, f"step {number} of {path}") for number, step in enumerate(steps, 1)),
        settings,
    )


def _step(step: dict, settings: Mapping[str, Setting], where: str) -> Step:
    _known(step, STEP_FIELDS, where)
    words = step.get("run")
    if not isinstance(words, list) or not words or not all(isinstance(word, (str, int, float)) for word in words):
        raise ValueError(f"{where} needs run = ['command', 'word', ...], received {words!r}.")
    for word in map(str, words):
        for _, name, _, _ in Formatter().parse(word):
            if name is not None and name not in settings:
                raise ValueError(f"{where} uses {{{name}}}; [settings] has {', '.join(settings) or 'nothing'}.")
    return Step(str(step.get("what", words[0])), tuple(str(word).format(**settings) for word in words))


def _known(table: Mapping[str, object], accepted: set[str], where: str) -> None:
    for key in table:
        if key not in accepted:
            near = difflib.get_close_matches(key, accepted, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{where} has {key!r}{hint}; accepted: {', '.join(sorted(accepted)) or 'nothing'}.")


def _converted(key: str, text: str, default: Setting) -> Setting:
    """A text from the command line as the kind of value that it replaces."""
    try:
        return type(default)(text)
    except ValueError:
        raise ValueError(f"setting {key} is {text!r}; it must be like {default!r}.") from None
