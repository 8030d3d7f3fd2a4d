"""N-parity and N-delayed match to sample: binary digits, and the answers about the last N of them.

A sequence is a row of digits 0 and 1, one per step. Counted from its last step, parity of N is the sum of the last N digits
modulo 2, and a match of N is 1 where the N-th last digit is the same as the last one: N - 1 steps lie between them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Rule = Literal["parity", "match"]
Odds = Literal["per sequence", "even", "balanced"]
# Odds with which the rules were published.
PUBLISHED_ODDS: dict[str, Odds] = {"parity": "per sequence", "match": "even"}


def draw_length(n_largest: int, generator: "torch.Generator") -> int:
    """Number of digits of a batch: uniform over the whole numbers from N + 2 to 4 N + 1.

    Parameters
    ----------
    n_largest
        Largest N that is asked for.
    generator
        Decides it.

    Returns
    -------
    int
        The same for all sequences of a batch.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, published code; the paper says at most 4 N.
    """
    import torch

    check_ns([n_largest])
    lengths = (n_largest + 2, 4 * n_largest + 2)
    return int(torch.randint(*lengths, (), generator=generator, device=generator.device))


def draw_digits(
    n: int,
    length: int,
    generator: "torch.Generator",
    *,
    odds: Odds = "per sequence",
    ns: Sequence[int] = (),
    rule: Rule = "parity",
    device: "str | torch.device" = "cpu",
) -> "Tensor":
    """Sequences of binary digits.

    Parameters
    ----------
    n
        Number of sequences.
    length
        Digits of each.
    generator
        Decides every digit; they are drawn on its device.
    odds
        Of a 1. ``"per sequence"`` draws p from U(0, 1) for each sequence, as parity was published: a constant answer is then
        right more often than not, see `chance_level`. ``"even"`` is p = 1/2. ``"balanced"`` is p = 1/2, and each answer to
        each of ``ns`` is right for exactly half of the sequences.
    ns, rule
        What is asked; read for ``"balanced"`` alone.
    device
        Where the digits are needed.

    Returns
    -------
    Tensor
        ``(sequence, time)`` float32, 0 or 1.

    Raises
    ------
    ValueError
        If a number is too small, the odds are not known, or nothing is asked of balanced sequences.
    """
    import torch

    _check_word("odds", odds, get_args(Odds))
    if n < 1 or length < 1:
        raise ValueError(f"there must be at least 1 sequence of at least 1 digit, received {n} of {length}.")
    where = generator.device
    limit: Tensor | float = 0.5
    if odds == "per sequence":
        limit = torch.rand(n, 1, generator=generator, device=where)
    digits = (torch.rand(n, length, generator=generator, device=where) < limit).float()
    if odds == "balanced":
        if len(ns) == 0:
            raise ValueError("balanced odds need ns, the numbers of digits that are asked about; give some.")
        _balance(digits, list(ns), rule, generator)
    return digits.to(device)


def labels(digits: "Tensor", ns: Sequence[int], rule: Rule = "parity") -> "Tensor":
    """Right answers at the last step, for all N in one pass.

    Parameters
    ----------
    digits
        ``(sequence, time)``, 0 or 1.
    ns
        Numbers of digits, at least 2, each larger than the one before.
    rule
        ``"parity"`` or ``"match"``.

    Returns
    -------
    Tensor
        ``(sequence, N)`` int64, 0 or 1, on the device of the digits.

    Raises
    ------
    ValueError
        If ns are too small or in no order, or a sequence is shorter than the largest.

    References
    ----------
    Khajehabdollahi et al. 2024, ICLR, arXiv 2309.12927, section 2.
    """
    import torch

    _check(digits, ns, rule)
    places = torch.tensor(ns, device=digits.device) - 1
    # Last digit first.
    recent = digits[:, -ns[-1] :].flip(1)
    if rule == "match":
        return (recent[:, places] == recent[:, :1]).long()
    return recent.long().cumsum(1)[:, places] % 2


def labels_in_time(digits: "Tensor", ns: Sequence[int], rule: Rule = "parity") -> "Tensor":
    """Right answers at every step, as if the sequence ended with it.

    Parameters
    ----------
    digits, ns, rule
        See `labels`.

    Returns
    -------
    Tensor
        ``(sequence, time, N)`` int64: 0 or 1, and -1 where fewer than N digits have come. The last step is what `labels`
        gives.

    Raises
    ------
    ValueError
        See `labels`.
    """
    import torch

    _check(digits, ns, rule)
    answers = torch.full((*digits.shape, len(ns)), -1, dtype=torch.long, device=digits.device)
    total = torch.nn.functional.pad(digits.long().cumsum(1), (1, 0))
    for place, n in enumerate(ns):
        if rule == "match":
            answers[:, n - 1 :, place] = (digits[:, n - 1 :] == digits[:, : digits.shape[1] - n + 1]).long()
        else:
            answers[:, n - 1 :, place] = (total[:, n:] - total[:, :-n]) % 2
    return answers


def chance_level(rule: Rule, n: int, odds: Odds = "per sequence") -> float:
    """Expected accuracy of the best constant answer.

    With a p per sequence, the sum of N digits takes each value from 0 to N with probability 1 / (N + 1): for even N there is
    one more even value than odd ones. Two digits of such a sequence match with probability 2/3.

    Parameters
    ----------
    rule
        ``"parity"`` or ``"match"``.
    n
        Number of digits, at least 2.
    odds
        See `draw_digits`.

    Returns
    -------
    float
        From 1/2 to 2/3.

    Raises
    ------
    ValueError
        If an argument is none of those.
    """
    check_ns([n])
    _check_word("rule", rule, get_args(Rule))
    _check_word("odds", odds, get_args(Odds))
    if odds != "per sequence":
        return 0.5
    if rule == "match":
        return 2 / 3
    return 0.5 if n % 2 else (n / 2 + 1) / (n + 1)


def check_ns(ns: Sequence[int]) -> None:
    """Numbers of digits must be whole, at least 2, and each larger than the one before.

    Raises
    ------
    ValueError
        Naming what is received.
    """
    found = list(ns)
    if not found or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 2 for n in found):
        raise ValueError(f"N must be whole numbers of at least 2, received {found}; 2 asks about the last two digits.")
    if any(later <= earlier for earlier, later in zip(found, found[1:], strict=False)):
        raise ValueError(f"N must rise from head to head, received {found}; sort them and leave out what comes twice.")


def check_rule(rule: str, odds: str) -> None:
    """Both words must be known.

    Raises
    ------
    ValueError
        Naming those that are.
    """
    _check_word("rule", rule, get_args(Rule))
    _check_word("odds", odds, get_args(Odds))


def _check(digits: "Tensor", ns: Sequence[int], rule: str) -> None:
    check_ns(ns)
    _check_word("rule", rule, get_args(Rule))
    if digits.ndim != 2:
        raise ValueError(f"digits must be (sequence, time), received shape {tuple(digits.shape)}.")
    if digits.shape[1] < ns[-1]:
        raise ValueError(
            f"sequences of {digits.shape[1]} digits say nothing about N = {ns[-1]}; give at least {ns[-1]} digits."
        )


def _check_word(what: str, received: str, accepted: Sequence[str]) -> None:
    if received not in accepted:
        raise ValueError(f"{what} must be one of {', '.join(map(repr, accepted))}, received {received!r}.")


def _balance(digits: "Tensor", ns: list[int], rule: str, generator: "torch.Generator") -> None:
    """Change the N-th last digits so that every answer is right for half of the sequences; with an odd number, one more."""
    import torch

    n, where = len(digits), digits.device
    found = labels(digits, ns, rule)  # type: ignore[arg-type]
    order = torch.rand(len(ns), n, generator=generator, device=where).argsort(1)
    more = torch.randint(2, (len(ns), 1), generator=generator, device=where)
    wrong = ((order + more) % 2).T != found
    if rule == "parity":
        # A digit that is changed for one N changes the answers to all larger ones.
        wrong = wrong ^ torch.nn.functional.pad(wrong, (1, 0))[:, :-1]
    places = digits.shape[1] - torch.tensor(ns, device=where)
    digits[:, places] = (digits[:, places] != wrong).float()
