"""Names of whiskers: which there are, and how a user picks some of them."""

import difflib
import fnmatch
import re
from collections.abc import Iterable, Sequence
from typing import Literal

Layout = Literal["mouse", "rat", "rat_27", "rat_31"]
Side = Literal["right", "left", "both"]

# Columns counted from 0. Rat rows E start at 1: the pad has no E1 (anatomical) whisker.
LAYOUTS: dict[str, dict[str, range]] = {
    "mouse": {"A": range(5), "B": range(5), "C": range(7), "D": range(7), "E": range(6)},
    "rat": {"A": range(5), "B": range(5), "C": range(7), "D": range(7), "E": range(1, 7)},
    "rat_27": {"A": range(5), "B": range(5), "C": range(6), "D": range(6), "E": range(1, 6)},
    "rat_31": {"A": range(5), "B": range(6), "C": range(7), "D": range(7), "E": range(1, 7)},
}


def whisker_names(layout: Layout = "mouse", side: Side = "right") -> tuple[str, ...]:
    """Names of an array, row by row, caudal to rostral, the right side before the left.

    Parameters
    ----------
    layout
        ``mouse`` and ``rat``: 30 per side; ``rat_27``: the measured average rat (Belli et al. 2018);
        ``rat_31``: the array of Zhuang et al. (2017).
    side
        ``right``, ``left`` or ``both``.

    Raises
    ------
    ValueError
        If the layout or the side is unknown.

    Examples
    --------
    >>> whisker_names("mouse")[:6]
    ('RA0', 'RA1', 'RA2', 'RA3', 'RA4', 'RB0')
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout {layout!r} is not known; there are {', '.join(LAYOUTS)}.")
    letters = side_letters(side)
    return tuple(
        f"{letter}{row}{column}" for letter in letters for row, columns in LAYOUTS[layout].items() for column in columns
    )


def side_letters(side: Side) -> str:
    """First letters of the names on a side: ``R``, ``L`` or ``RL``.

    Raises
    ------
    ValueError
        If the side is unknown.
    """
    letters = {"right": "R", "left": "L", "both": "RL"}
    if side not in letters:
        raise ValueError(f"side {side!r} is not known; give right, left or both.")
    return letters[side]


def mirrored_name(name: str) -> str:
    """Name of the same whisker on the other side."""
    return {"R": "L", "L": "R"}[name[0]] + name[1:]


def expand_names(selection: str | Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """Whiskers that a selection names, in the order of the selection.

    Parameters
    ----------
    selection
        Words, as a list or as one string with commas or spaces. A word is a name (``RC1``), a side (``R``, ``L``),
        ``ALL``, a row on every side there is (``C``) or on one (``RC``), or a shell pattern (``RC*``, ``?D0``,
        ``R[AB]*``). The columns of names count from 0. (In the published programs the word C stands for RC0 to RC3;
        here it is the whole row.)
    available
        Names to choose from; groups and patterns keep their order.

    Raises
    ------
    ValueError
        If a word names no whisker, a whisker is named twice, or nothing is selected.

    Examples
    --------
    >>> expand_names("RC0 RD*", ("RC0", "RC1", "RD0", "RD1"))
    ('RC0', 'RD0', 'RD1')
    """
    given = [selection] if not isinstance(selection, Iterable) else list(selection)
    if not all(isinstance(word, str) for word in given):
        raise ValueError(f"whiskers are selected by names, groups or patterns such as RC1, R, C, RC*; received {selection!r}.")
    words = re.split(r"[\s,]+", selection.strip(" ,\n\t")) if isinstance(selection, str) else given
    if not words or words == [""]:
        raise ValueError("the selection of whiskers is empty; give names, groups or patterns such as RC1, R, C, RC*.")
    chosen: list[str] = []
    for word in words:
        for name in _expand_word(word, available):
            if name in chosen:
                raise ValueError(f"whisker {name} is selected twice in {' '.join(words)!r}; name each whisker once.")
            chosen.append(name)
    return tuple(chosen)


def _expand_word(word: str, available: Sequence[str]) -> list[str]:
    pattern = word
    if word == "ALL":
        pattern = "*"
    elif re.fullmatch(r"[A-E]", word):
        pattern = f"?{word}?"
    elif re.fullmatch(r"[LR][A-E]?", word):
        pattern = f"{word}*"
    found = [name for name in available if fnmatch.fnmatchcase(name, pattern)]
    if not found:
        raise ValueError(f"{word!r} names no whisker here{_advice(word, available)}; there are {describe(available)}.")
    return found


def _advice(word: str, available: Sequence[str]) -> str:
    """What was probably meant: anatomical names count columns from 1 and have no side."""
    anatomical = re.fullmatch(r"([A-Ea-e])([1-9])", word)
    if anatomical:
        row, column = anatomical[1].upper(), int(anatomical[2]) - 1
        return f" (anatomical {row}{column + 1} is R{row}{column} or L{row}{column})"
    close = difflib.get_close_matches(word.upper(), available, n=3)
    return f" (close: {', '.join(close)})" if close else ""


def describe(available: Sequence[str]) -> str:
    """Names in short, runs of columns joined: ``RA0-4, RB0-4``."""
    rows: dict[str, list[int]] = {}
    for name in available:
        rows.setdefault(name[:2], []).append(int(name[2]))
    parts = []
    for row, columns in rows.items():
        first, last = min(columns), max(columns)
        if len(columns) > 1 and sorted(columns) == list(range(first, last + 1)):
            parts.append(f"{row}{first}-{last}")
        else:
            parts.extend(f"{row}{column}" for column in columns)
    return ", ".join(parts)
