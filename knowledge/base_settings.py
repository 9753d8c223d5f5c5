"""The settings that a knowledge base may have of its own: which there are, what is in force, how they change.

They are the rows of `knowledge.defaults` marked `per_base`. A search takes each from its call, else from the
knowledge base, else from the environment, `knowledge.toml` or the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from knowledge import analysis_rule
from knowledge.catalog import BaseRecord
from knowledge.configuration import checked, configured, setting
from knowledge.defaults import BY_NAME, SETTINGS, Plain, Setting
from knowledge.errors import InputError

PER_BASE: Final = tuple(row.name for row in SETTINGS if row.per_base)
_COLUMNS: Final = ("structure", "indexing", "embedding")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingInForce:
    """A setting, its value now (None: off, or left to the kind of knowledge base), and where that comes from."""

    setting: Setting
    value: Plain | None
    origin: Literal["knowledge base", "environment", "file", "default"]


def of_program() -> list[SettingInForce]:
    """Every setting, as the environment, the file and the table have it."""
    return [_in_force(row, {}) for row in SETTINGS]


def of_base(stored: Mapping[str, Any]) -> list[SettingInForce]:
    """Those that a knowledge base may have of its own; `stored` are its settings."""
    return [_in_force(BY_NAME[name], stored) for name in PER_BASE]


def _in_force(row: Setting, stored: Mapping[str, Any]) -> SettingInForce:
    if row.name in stored:
        return SettingInForce(setting=row, value=stored[row.name], origin="knowledge base")
    value = setting(row.name)
    return SettingInForce(setting=row, value=None if value == "" else value, origin=configured(row)[1])


def fixed(record: BaseRecord) -> dict[str, Any]:
    """What was decided when the knowledge base was made: its kind, and how its documents are cut and analysed."""
    columns = {name: getattr(record, name) for name in _COLUMNS}
    return {**columns, **{name: value for name, value in record.settings.items() if name not in PER_BASE}}


def rule_settings(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a base's settings that says how its documents are cut."""
    others = {*PER_BASE, *analysis_rule.NAMES}
    return {name: value for name, value in stored.items() if name not in others}


def changed(record: BaseRecord, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a knowledge base with new values, checked. None, "none" and, unless it is a switch, "off" take
    its own value away.

    Raises `InputError` for a setting that there is not, that was fixed at creation, or that has no such value.
    """
    settings = dict(record.settings)
    for name, value in values.items():
        row = _changeable(record, name)
        if _takes_away(row, value):
            settings.pop(name, None)
        else:
            settings[name] = checked(row, value, name)
    # Never left to the configuration: what is stored of every document follows from it.
    return {"built_in_fields": False, **settings}


def _takes_away(row: Setting, value: object) -> bool:
    word = "none" if value is None else str(value).lower()
    return word == "none" or (word == "off" and not isinstance(row.default, bool))


def _changeable(record: BaseRecord, name: str) -> Setting:
    if name in PER_BASE:
        return BY_NAME[name]
    if name in analysis_rule.NAMES:
        raise InputError(
            f"the {name} of {record.name!r} is in its index; change it with knowledge rebuild {record.name}"
        )
    if name in fixed(record) or name == "delimiter":
        raise InputError(
            f"the {name} of {record.name!r} was fixed when it was made; allowed: {', '.join(PER_BASE)}; for another "
            f"{name} make another knowledge base"
        )
    raise InputError(f"a knowledge base has no setting {name!r}; allowed: {', '.join(PER_BASE)}")
