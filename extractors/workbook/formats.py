"""Shows numbers as their number format does: 1,234.50, 12%, 17-May-07 (ECMA-376 part 1, 18.8.30 and 18.8.31)."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from extractors.workbook.dates import date_show
from extractors.workbook.numbers import number_show

Show = Callable[[float], str]

# fmt: off
BUILT_IN: Final[Mapping[int, str]] = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00",
    5: '"$"#,##0_);("$"#,##0)', 6: '"$"#,##0_);("$"#,##0)',
    7: '"$"#,##0.00_);("$"#,##0.00)', 8: '"$"#,##0.00_);("$"#,##0.00)',
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm",
    27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"', 30: "yyyy-mm-dd", 31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"', 34: '上午/下午h"时"mm"分"', 35: '上午/下午h"时"mm"分"ss"秒"',
    36: 'yyyy"年"m"月"',
    37: "#,##0_);(#,##0)", 38: "#,##0_);(#,##0)", 39: "#,##0.00_);(#,##0.00)", 40: "#,##0.00_);(#,##0.00)",
    41: '#,##0;(#,##0);"-"', 42: '"$"#,##0;("$"#,##0);"$-"', 43: '#,##0.00;(#,##0.00);"-"',
    44: '"$"#,##0.00;("$"#,##0.00);"$-"', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"', 53: 'm"月"d"日"', 54: 'm"月"d"日"',
    55: '上午/下午h"时"mm"分"', 56: '上午/下午h"时"mm"分"ss"秒"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"',
}
# fmt: on
REGIONAL: Final = frozenset((14, 22, 30))
"""Dates that follow the region of the reader, whatever the file says: shown year first, as 3/10 is ambiguous."""
_LONGEST_INTEGER: Final = 2.0**53
"""Up to here a float holds every whole number: card and order numbers of 16 digits."""
_LONGEST_CODE: Final = 255
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|(?P<skipped>[_*].)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<half>AM/PM|A/P|上午/下午|午前/午後|오전/오후)|(?P<general>General|G/通用格式|G/標準)"
    r"|(?P<exponent>E[+-])|(?P<letters>y+|m+|d+|h+|s+|a{3,4}|e+|g+)|(?P<slot>[0#?])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_ELAPSED = re.compile(r"(?:h+|m+|s+)\Z", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+)\Z")
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}

Token = tuple[str, str]
"""Kind and text. Kinds: text, general, half, elapsed, letters, exponent, slot, other."""


@dataclass(slots=True)
class _Section:
    tokens: list[Token]
    condition: tuple[str, float] | None = None
    locale: int = 0


def general(number: float) -> str:
    """As a column that is wide enough shows a number without format; whole numbers keep all their digits."""
    if number.is_integer() and abs(number) < _LONGEST_INTEGER:
        return str(int(number))
    size = abs(number)
    if not 1e-4 <= size < 1e15:
        return _scientific(number) if math.isfinite(number) else "#NUM!"
    if size < 1:
        return f"{number:.{10 + math.floor(math.log10(size))}g}"
    return f"{number:.10g}" if size < 1e10 else f"{number:.0f}"


def _scientific(number: float) -> str:
    mantissa, exponent = f"{number:.5e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}E{exponent}"


@lru_cache(maxsize=4096)
def formatter(code: str, starts_1904: bool = False) -> Show:
    """What shows a number by the format `code`; `starts_1904` is the workbook's calendar."""
    if code in ("General", "@", ""):
        return general
    sections = _sections(code[:_LONGEST_CODE])
    conditions = [section.condition for section in sections]
    are_dates = [_is_date(section) for section in sections]
    shows = [_section_show(section, starts_1904) for section in sections]
    if len(shows) == 1 and conditions[0] is None:
        return _single(shows[0], is_date=are_dates[0])

    def show(number: float) -> str:
        position = _choice(number, conditions)
        if are_dates[position]:
            return shows[position](number) or general(number)
        sign = "-" if number < 0 and position == 0 else ""
        text = shows[position](abs(number)).strip()
        return f"{sign}{text}" if text or not number else general(number)

    return show


def _single(show: Show, *, is_date: bool) -> Show:
    if is_date:
        return lambda number: show(number) or general(number)

    def signed(number: float) -> str:
        if number < 0:
            text = show(-number)
            return f"-{text}" if any(digit in text for digit in "123456789") else text or general(number)
        return show(number) or general(number)

    return signed


def _choice(number: float, conditions: list[tuple[str, float] | None]) -> int:
    """The section for a number: by its conditions, else by sign (positive; negative; zero; text)."""
    if any(conditions):
        for position, condition in enumerate(conditions):
            if condition is None or _COMPARE[condition[0]](number, condition[1]):
                return position
        return len(conditions) - 1
    if number < 0:
        return 1
    return 2 if number == 0 and len(conditions) > 2 else 0


def _sections(code: str) -> list[_Section]:
    sections = [_Section([])]
    for found in _TOKEN.finditer(code):
        kind, text = found.lastgroup or "other", found.group()
        if text == ";":
            sections.append(_Section([]))
        elif kind == "bracket":
            _add_bracket(sections[-1], found["bracket"])
        elif kind in ("quoted", "escaped"):
            sections[-1].tokens.append(("text", found[kind]))
        elif kind != "skipped":
            sections[-1].tokens.append((kind, text))
    return sections


def _add_bracket(section: _Section, text: str) -> None:
    condition = _CONDITION.match(text)
    if text.startswith("$"):
        symbol, _, locale = text[1:].rpartition("-") if "-" in text else (text[1:], "", "")
        section.locale = int(locale, 16) & 0xFFFF if re.fullmatch("[0-9A-Fa-f]{1,8}", locale) else 0
        section.tokens.append(("text", symbol))
    elif _ELAPSED.match(text):
        section.tokens.append(("elapsed", text.lower()))
    elif condition and condition[2].count(".") < 2 and condition[2].strip("-."):
        section.condition = (condition[1], float(condition[2]))


def _is_date(section: _Section) -> bool:
    return any(kind in ("letters", "elapsed", "half") for kind, _ in section.tokens)


def _section_show(section: _Section, starts_1904: bool) -> Show:
    if _is_date(section):
        return date_show(section.tokens, section.locale, starts_1904)
    if any(kind == "general" or text == "@" for kind, text in section.tokens):
        return _around_general(section.tokens)
    return number_show(section.tokens)


def _around_general(tokens: list[Token]) -> Show:
    marks = [position for position, (kind, text) in enumerate(tokens) if kind == "general" or text == "@"]
    before = "".join(text for _, text in tokens[: marks[0]])
    after = "".join(text for _, text in tokens[marks[0] + 1 :])
    return lambda number: f"{before}{general(number)}{after}"
