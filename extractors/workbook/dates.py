"""Shows the day numbers of spreadsheets as dates, times and durations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

_MONTHS: Final = (
    "January February March April May June July August September October November December".split()
)
_DAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_HAN_MONTHS: Final = "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月".split()
_HAN_DAYS: Final = "一二三四五六日"
_JAPANESE_DAYS: Final = "月火水木金土日"
_CHINESE: Final = 0x04
_JAPANESE: Final = 0x11
"""The low bits of a locale number are its language."""
_FIRST_1900: Final = datetime(1899, 12, 30)
_FIRST_1904: Final = datetime(1904, 1, 1)
_PHANTOM_DAY: Final = 60
"""The calendar of 1900 holds a 29th of February that never was: days before it count from one day later."""
_DAY: Final = 86_400

Token = tuple[str, str]
_Part = Callable[[datetime, float], str]
"""Shows its part of a moment, given as a date and as seconds since the calendar's start."""


def date_show(tokens: Sequence[Token], locale: int, starts_1904: bool) -> Callable[[float], str]:
    """What shows a day number by the tokens of a date format: "" for what is no day of the calendar."""
    digits = _fraction_digits(tokens)
    parts = _parts(tokens, locale, digits)
    tells_day = any(kind == "letters" and text[0].lower() in "yda" for kind, text in tokens)
    tells_time = any(kind == "letters" and text[0].lower() in "hs" for kind, text in tokens)
    clock = _parts(
        [("letters", "h"), ("other", ":"), ("letters", "mm"), ("other", ":"), ("letters", "ss")], 0, 0
    )

    def show(number: float) -> str:
        if not 0 <= number < 2_958_466:
            return ""
        seconds = round(number * _DAY, digits)
        whole, rest = divmod(seconds, _DAY)
        is_clock = tells_day and tells_time and not starts_1904 and whole == 0
        first = _FIRST_1904 if starts_1904 else _FIRST_1900 + timedelta(days=whole < _PHANTOM_DAY)
        try:
            moment = first + timedelta(days=whole, seconds=rest)
        except OverflowError:
            return ""
        return "".join(part(moment, seconds) for part in (clock if is_clock else parts)).strip()

    return show


def _fraction_digits(tokens: Sequence[Token]) -> int:
    """How many decimals the seconds have: the zeros after a point."""
    for position, (_, text) in enumerate(tokens):
        if text == ".":
            rest = [kind for kind, _ in tokens[position + 1 :]]
            slots = next((i for i, kind in enumerate(rest) if kind != "slot"), len(rest))
            return min(slots, 6)
    return 0


def _parts(tokens: Sequence[Token], locale: int, digits: int) -> list[_Part]:
    halves = next((text for kind, text in tokens if kind == "half"), "")
    parts: list[_Part] = []
    for position, (kind, text) in enumerate(tokens):
        if kind == "letters":
            name = text.lower()
            if name[0] == "m" and len(name) < 3 and _is_minute(tokens, position):
                name = "n" * len(name)
            parts.append(_letters(name, locale, bool(halves)))
        elif kind == "elapsed":
            parts.append(_elapsed(text))
        elif kind == "half":
            parts.append(_half(text))
        elif text == "." and digits:
            parts.append(_fraction(digits))
        elif kind != "slot":
            parts.append(_literal(text))
    return parts


def _is_minute(tokens: Sequence[Token], position: int) -> bool:
    """Whether an m means minutes: it follows hours or stands before seconds."""
    before = [text[0].lower() for kind, text in tokens[:position] if kind in ("letters", "elapsed")]
    after = [text[0].lower() for kind, text in tokens[position + 1 :] if kind in ("letters", "elapsed")]
    return before[-1:] == ["h"] or after[:1] == ["s"]


def _literal(text: str) -> _Part:
    return lambda moment, seconds: text


def _elapsed(text: str) -> _Part:
    unit = {"h": 3600, "m": 60, "s": 1}[text[0]]
    return lambda moment, seconds: f"{int(seconds // unit):0{len(text)}}"


def _half(text: str) -> _Part:
    morning, _, afternoon = text.partition("/")
    return lambda moment, seconds: afternoon if moment.hour >= 12 else morning


def _fraction(digits: int) -> _Part:
    return lambda moment, seconds: f".{moment.microsecond:06}"[: digits + 1]


def _letters(name: str, locale: int, twelve: bool) -> _Part:
    letter, length = name[0], len(name)
    if letter == "a" or (letter == "d" and length > 2):
        return _weekday(letter, length, locale)
    if letter == "m" and length > 2:
        return _month(length, locale)
    if letter == "h" and twelve:
        return lambda moment, seconds: f"{(moment.hour - 1) % 12 + 1:0{min(length, 2)}}"
    if letter in "ye":
        short = letter == "y" and length < 3
        return lambda moment, seconds: f"{moment.year % 100:02}" if short else f"{moment.year}"
    field = _FIELDS.get(letter)
    if field is None:
        return _literal("")
    return lambda moment, seconds: f"{field(moment):0{min(length, 2)}}"


_FIELDS: Final[Mapping[str, Callable[[datetime], int]]] = {
    "m": lambda moment: moment.month,
    "d": lambda moment: moment.day,
    "h": lambda moment: moment.hour,
    "n": lambda moment: moment.minute,
    "s": lambda moment: moment.second,
}


def _weekday(letter: str, length: int, locale: int) -> _Part:
    language = locale & 0xFF
    if language == _JAPANESE:
        return lambda moment, seconds: _JAPANESE_DAYS[moment.weekday()] + "曜日" * (length > 3)
    if letter == "a" or language == _CHINESE:
        prefix = "星期" if length > 3 else "周" * (letter == "d")
        return lambda moment, seconds: prefix + _HAN_DAYS[moment.weekday()]
    return lambda moment, seconds: _DAYS[moment.weekday()][: None if length > 3 else 3]


def _month(length: int, locale: int) -> _Part:
    language = locale & 0xFF
    if language == _JAPANESE or (language == _CHINESE and length == 3):
        return lambda moment, seconds: f"{moment.month}月"
    if language == _CHINESE:
        return lambda moment, seconds: _HAN_MONTHS[moment.month - 1]
    end = {3: 3, 5: 1}.get(length)
    return lambda moment, seconds: _MONTHS[moment.month - 1][:end]
