"""Counts Word's automatic numbers, so that "第三条" or "2.1" stands in the text as on the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from extractors.ooxml import Element, attribute, child, local

BULLET: Final = "-"
_PLACE = re.compile(r"%([1-9])")
_CHINESE_DIGITS: Final = "〇一二三四五六七八九"
_FORMAL_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_STEMS: Final = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES: Final = "子丑寅卯辰巳午未申酉戌亥"
_CIRCLED: Final = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_ROMAN: Final = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
    *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)


@dataclass(frozen=True, slots=True)
class Level:
    format: str = "decimal"
    text: str = "%1."
    start: int = 1
    is_legal: bool = False
    """Whether the numbers of all levels are shown as decimals in this one."""
    restarts_below: int = 9
    """Starts again after an item of a level above this depth; 0 never does: 第十条 goes on in the next 章."""


@dataclass(slots=True)
class _Count:
    """Where a list stands: the last number of each level."""

    numbers: dict[int, int] = field(default_factory=dict)


class Numbering:
    """The lists of a document; `label` must be called for the paragraphs in reading order."""

    def __init__(self, root: Element | None) -> None:
        self._levels: dict[str, dict[int, Level]] = {}
        self._counts: dict[str, _Count] = {}
        if root is not None:
            self._read(root)

    def label(self, list_id: str, depth: int) -> str:
        """What stands before the next item: "-", "2.1", "第三条" or "" when the list has no mark."""
        levels = self._levels.get(list_id)
        if levels is None:
            return BULLET
        level = levels.get(depth, Level())
        if level.format == "none":
            return ""
        if level.format == "bullet":
            return BULLET
        numbers = self._advance(list_id, levels, depth)
        return _PLACE.sub(lambda found: self._shown(found, levels, numbers, level), level.text).strip()

    def _advance(self, list_id: str, levels: dict[int, Level], depth: int) -> dict[int, int]:
        numbers = self._counts[list_id].numbers
        for higher in range(depth):
            numbers.setdefault(higher, levels.get(higher, Level()).start)
        numbers[depth] = numbers.get(depth, levels.get(depth, Level()).start - 1) + 1
        for deeper in [other for other in numbers if other > depth]:
            if depth < levels.get(deeper, Level()).restarts_below:
                del numbers[deeper]
        return numbers

    def _shown(
        self, found: re.Match[str], levels: dict[int, Level], numbers: dict[int, int], own: Level
    ) -> str:
        depth = int(found.group(1)) - 1
        level = levels.get(depth, Level())
        return in_format(numbers.get(depth, level.start), "decimal" if own.is_legal else level.format)

    def _read(self, root: Element) -> None:
        abstract = {
            attribute(item, "abstractNumId"): {
                _number(attribute(level, "ilvl")): _level(level) for level in item if local(level) == "lvl"
            }
            for item in root
            if local(item) == "abstractNum"
        }
        named = {value(child(item, "styleLink")): attribute(item, "abstractNumId") for item in root}
        for item in root:
            if style := value(child(item, "numStyleLink")):
                abstract[attribute(item, "abstractNumId")] = abstract.get(named.get(style), {})
        shared: dict[str | None, _Count] = {}
        for item in root:
            if local(item) == "num":
                self._read_list(item, abstract, shared)

    def _read_list(
        self,
        item: Element,
        abstract: dict[str | None, dict[int, Level]],
        shared: dict[str | None, _Count],
    ) -> None:
        """Lists of one abstract definition count on together unless one overrides its start."""
        list_id = attribute(item, "numId") or ""
        base = value(child(item, "abstractNumId"))
        levels = dict(abstract.get(base, {}))
        restarts = False
        for override in item:
            if local(override) == "lvlOverride":
                depth = _number(attribute(override, "ilvl"))
                whole, start = child(override, "lvl"), value(child(override, "startOverride"))
                levels[depth] = _level(whole) if whole is not None else levels.get(depth, Level())
                if start is not None:
                    restarts = True
                    levels[depth] = replace(levels[depth], start=_number(start))
        self._levels[list_id] = levels
        self._counts[list_id] = _Count() if restarts else shared.setdefault(base, _Count())


def value(element: Element | None) -> str | None:
    """The `val` attribute, where Word keeps most things."""
    return attribute(element, "val") if element is not None else None


def _level(element: Element) -> Level:
    text = value(child(element, "lvlText"))
    return Level(
        value(child(element, "numFmt")) or "decimal",
        "" if text is None else text,
        _number(value(child(element, "start")), 1),
        child(element, "isLgl") is not None,
        _number(value(child(element, "lvlRestart")), 9),
    )


def _number(text: str | None, otherwise: int = 0) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else otherwise


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


def _roman(number: int) -> str:
    text = ""
    for amount, letters in _ROMAN if number < 5000 else ():
        text += letters * (number // amount)
        number %= amount
    return text or str(number)


def _from(symbols: str) -> Callable[[int], str]:
    return lambda number: symbols[number - 1] if number <= len(symbols) else str(number)


_FORMATS: Final[dict[str, Callable[[int], str]]] = {
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
