"""Shows numbers by the digit slots of a number format: thousands, decimals, percent, powers, fractions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

Token = tuple[str, str]
Show = Callable[[float], str]

_HALF_UP: Final = 1e-15
"""Spreadsheets round the decimal number that is shown: 2.675 has two decimals as 2.68, though its float is less."""
_MOST_DECIMALS: Final = 30


def number_show(tokens: Sequence[Token]) -> Show:
    """What shows a number that is not negative by the tokens of one section of a format."""
    kinds = [kind for kind, _ in tokens]
    if "slot" not in kinds:
        text = "".join(text for _, text in tokens)
        return lambda number: text
    if "exponent" in kinds:
        return _powers(tokens, kinds.index("exponent"))
    slash = next((i for i, token in enumerate(tokens) if token == ("other", "/")), 0)
    if slash and "slot" in kinds[:slash]:
        return _fractions(tokens, slash)
    return _decimals(tokens)


def _decimals(tokens: Sequence[Token]) -> Show:
    point = next((i for i, token in enumerate(tokens) if token == ("other", ".")), len(tokens))
    commas = [i for i, token in enumerate(tokens) if token == ("other", ",")]
    last = max(i for i, (kind, _) in enumerate(tokens) if kind == "slot")
    last_whole = max((i for i, (kind, _) in enumerate(tokens[:point]) if kind == "slot"), default=-1)
    thousands = sum(i > last or (last_whole < i < point) for i in commas)
    factor = 100.0 ** tokens.count(("other", "%")) / 1000.0**thousands
    grouped = any(i < last_whole for i in commas)
    whole = [token for i, token in enumerate(tokens[:point]) if i not in commas]
    after = [token for i, token in enumerate(tokens) if i > point and i not in commas]
    places = "".join(text for kind, text in after if kind == "slot")[:_MOST_DECIMALS]
    plain = _plain(whole, after, places, grouped)
    if plain is not None:
        return lambda number: plain(_scaled(number, factor))

    def show(number: float) -> str:
        digits, _, decimals = f"{_scaled(number, factor):.{len(places)}f}".partition(".")
        left = _filled_whole(whole, digits, grouped)
        right = _filled_decimals(after, decimals, places)
        return f"{left}.{right}" if right[:1].isdigit() else left + right

    return show


def _scaled(number: float, factor: float) -> float:
    number *= factor
    return number if number.is_integer() else number * (1 + _HALF_UP)


def _plain(whole: list[Token], after: list[Token], places: str, grouped: bool) -> Show | None:
    """The quick way for formats whose digits stand together, such as $#,##0.00; None for the others."""
    before, slots, between = _around_slots(whole)
    _, decimals, behind = _around_slots(after)
    zeros = slots.count("0")
    simple = not between or not places
    if not simple or "?" in slots or slots.strip("#").strip("0") or (places.strip("0") or decimals != places):
        return None
    if (zeros > 1 and grouped) or (places and (not zeros or not after or after[0][0] != "slot")):
        return None
    if not zeros:
        return None
    width = zeros + len(places) + bool(places) if zeros > 1 else 0
    form = f"{'0' + str(width) if width else ''}{',' * grouped}.{len(places)}f"
    start, end = before, between + behind
    return lambda number: f"{start}{number:{form}}{end}"


def _around_slots(tokens: Sequence[Token]) -> tuple[str, str, str]:
    """The text before, the slots, and the text after; slots are "?" when text stands between them."""
    places = [i for i, (kind, _) in enumerate(tokens) if kind == "slot"]
    if not places:
        return "", "", "".join(text for _, text in tokens)
    first, last = places[0], places[-1]
    slots = "".join(text for _, text in tokens[first : last + 1])
    together = last - first + 1 == len(places)
    before = "".join(text for _, text in tokens[:first])
    return before, slots if together else "?", "".join(text for _, text in tokens[last + 1 :])


def _filled_whole(tokens: Sequence[Token], digits: str, grouped: bool) -> str:
    """Fills the slots from the right; the first takes all digits that are left."""
    digits = digits.lstrip("0")
    pieces: list[str] = []
    slots = sum(kind == "slot" for kind, _ in tokens)
    place = 0
    for kind, text in reversed(tokens):
        if kind != "slot":
            pieces.append(text)
            continue
        slots -= 1
        for _ in range(max(1, len(digits)) if slots == 0 else 1):
            digit = digits[-1:] or {"0": "0", "?": " "}.get(text, "")
            digits = digits[:-1]
            if grouped and place and place % 3 == 0 and digit.strip():
                pieces.append(",")
            pieces.append(digit)
            place += 1
    return "".join(reversed(pieces))


def _filled_decimals(tokens: Sequence[Token], decimals: str, places: str) -> str:
    kept = len(decimals)
    while kept and places[kept - 1] != "0" and decimals[kept - 1] == "0":
        kept -= 1
    pieces = []
    place = 0
    for kind, text in tokens:
        if kind != "slot":
            pieces.append(text)
        else:
            pieces.append(decimals[place] if place < kept else "")
            place += 1
    return "".join(pieces)


def _powers(tokens: Sequence[Token], at: int) -> Show:
    mantissa = [text for kind, text in tokens[:at] if kind == "slot" or text == "."]
    before = "".join(text for kind, text in tokens[:at] if kind == "text")
    whole, _, decimals = "".join(mantissa).partition(".")
    step = max(1, len(whole))
    width = sum(kind == "slot" for kind, _ in tokens[at:])
    after = "".join(text for kind, text in tokens[at + 1 :] if kind != "slot")
    plus = "+" if tokens[at][1].endswith("+") else ""

    def show(number: float) -> str:
        exponent = math.floor(math.log10(number)) if number > 0 else 0
        exponent -= exponent % step
        text = f"{number / 10.0**exponent:.{len(decimals)}f}"
        if len(text.partition(".")[0]) > step:
            exponent += step
            text = f"{number / 10.0**exponent:.{len(decimals)}f}"
        return f"{before}{text}E{'-' if exponent < 0 else plus}{abs(exponent):0{width}}{after}"

    return show


def _fractions(tokens: Sequence[Token], slash: int) -> Show:
    below = "".join(text for _, text in tokens[slash + 1 :]).strip()
    digits = below[: next((i for i, mark in enumerate(below) if mark not in "0123456789?#"), len(below))]
    fixed = int(digits) if digits.isdigit() and digits.strip("0") else 0
    most = 10 ** max(1, min(len(digits), 7)) - 1
    groups = "".join(text if kind == "slot" else " " for kind, text in tokens[:slash]).split()
    has_whole = len(groups) > 1

    def show(number: float) -> str:
        if fixed:
            above, under = math.floor(number * fixed + 0.5), fixed
        else:
            ratio = Fraction(number).limit_denominator(most)
            above, under = ratio.numerator, ratio.denominator
        whole, rest = divmod(above, under)
        if not has_whole:
            return f"{above}/{under}"
        return " ".join([str(whole)] * (whole > 0 or not rest) + [f"{rest}/{under}"] * (rest > 0))

    return show
