"""Reads the times that files carry into epoch seconds, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_PDF_TIME = re.compile(
    r"(?:D:)?(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:Z|([+-])(\d{2})'?(\d{2})?)?", re.ASCII
)

_NO_YEAR = 1601
"""In which the clock of Windows starts: programs that know no time write its zero."""


def iso_seconds(text: str | None) -> float | None:
    """Of an ISO 8601 time; one without a zone is taken as UTC. None when it is not one, or Windows' for none."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
        if moment.year <= _NO_YEAR:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def pdf_seconds(text: str | None) -> float | None:
    """Of a PDF date such as D:20240131120000+08'00'. None when it is not one."""
    found = _PDF_TIME.match((text or "").strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    shift = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        zone = timezone(shift)
        parts = (int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
        return datetime(int(year), *parts, tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None
