"""Writes numbers the way lists number their items: "iv", "c", "十二", "③", "2nd"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_CHINESE_DIGITS: Final = "〇一二三四五六七八九"
_FORMAL_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_STEMS: Final = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES: Final = "子丑寅卯辰巳午未申酉戌亥"
_CIRCLED: Final = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_ROMAN: Final = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
    *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)


def in_format(number: int, name: str) -> str:
    """`number` in one of Word's number formats (ECMA-376 part 1, 17.18.59); unknown ones are decimal."""
    shown = _FORMATS.get(name)
    return shown(number) if shown and number > 0 else str(number)


def chinese(number: int) -> str:
    """一, 十二, 一百零五 … up to 9999; larger ones digit by digit."""
    if not 0 < number < 10_000:
        return _digits(number)
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += ("零" if gap else "") + _CHINESE_DIGITS[digit] + name
            gap = False
        else:
            gap = bool(text)
    return text.removeprefix("一") if text.startswith("一十") else text


def _digits(number: int) -> str:
    return "".join(_CHINESE_DIGITS[int(digit)] for digit in str(number))


def _formal(number: int) -> str:
    plain = chinese(number)
    plain = "一" + plain if plain.startswith("十") else plain
    formal = dict(zip(_CHINESE_DIGITS + "十百千", _FORMAL_DIGITS + "拾佰仟", strict=True))
    return "".join(formal.get(character, character) for character in plain)


def _letters(number: int) -> str:
    """a … z, aa, bb … as Word goes on."""
    return chr(97 + (number - 1) % 26) * min((number - 1) // 26 + 1, 30)


def _ordinal(number: int) -> str:
    """1st, 2nd, 3rd … in English, whatever the language of the document."""
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _roman(number: int) -> str:
    text = ""
    for amount, letters in _ROMAN if number < 5000 else ():
        text += letters * (number // amount)
        number %= amount
    return text or str(number)


def _from(symbols: str) -> Callable[[int], str]:
    return lambda number: symbols[number - 1] if number <= len(symbols) else str(number)


_FORMATS: Final[dict[str, Callable[[int], str]]] = {
    "ordinal": _ordinal,
    "decimalZero": lambda number: f"{number:02}",
    "lowerLetter": _letters,
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerRoman": lambda number: _roman(number).lower(),
    "upperRoman": _roman,
    "chineseCounting": chinese,
    "chineseCountingThousand": chinese,
    "japaneseCounting": chinese,
    "taiwaneseCounting": chinese,
    "taiwaneseCountingThousand": chinese,
    "ideographDigital": _digits,
    "taiwaneseDigital": _digits,
    "japaneseDigitalTenThousand": _digits,
    "chineseLegalSimplified": _formal,
    "ideographTraditional": _from(_STEMS),
    "ideographZodiac": _from(_BRANCHES),
    "decimalEnclosedCircle": _from(_CIRCLED),
    "decimalEnclosedCircleChinese": _from(_CIRCLED),
    "decimalFullWidth": lambda number: str(number).translate({48 + i: 0xFF10 + i for i in range(10)}),
}
