"""Shows cell values as people see them in a sheet: 3 not 3.0, ISO dates, TRUE."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

_LONGEST_INTEGER: Final = 2**53
"""Up to here a float holds every whole number: card and order numbers of 16 digits."""

Value = str | float | int | bool | date | datetime | time | timedelta


def shown(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, time):
        return value.isoformat(timespec="seconds")
    return _duration(value) if isinstance(value, timedelta) else value.isoformat()


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < _LONGEST_INTEGER:
        return str(int(value))
    return f"{value:.15g}"


def _moment(value: datetime) -> str:
    """Rounded to the second, as a float of days cannot hold more; midnight is a plain date."""
    if value.microsecond:
        value = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
    if not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    return value.isoformat(sep=" ")


def _duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
