"""Which writing system a text is in, so that a model is only trusted with the scripts it knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

OTHER: Final = "other"

_LETTERS: Final = {
    "latin": re.compile(
        r"[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]+"
    ),
    "han": re.compile(r"[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+"),
    "kana": re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u30fc\uff66-\uff9f]+"),
    "hangul": re.compile(r"[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]+"),
    "cyrillic": re.compile(r"[\u0400-\u0481\u048a-\u052f]+"),
    "greek": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]+"),
    "arabic": re.compile(r"[\u0620-\u064a\u066e-\u06d3\u0750-\u077f\ufb50-\ufdfb\ufe70-\ufefc]+"),
    "hebrew": re.compile(r"[\u05d0-\u05ea]+"),
    "devanagari": re.compile(r"[\u0900-\u0963\u0970-\u097f]+"),
    "thai": re.compile(r"[\u0e01-\u0e3a\u0e40-\u0e4e]+"),
}
_ANY_LETTER: Final = re.compile(r"[^\W\d_]+")
_LETTERS_PER_SIGN: Final = {"han": 3, "kana": 2, "hangul": 2}
"""An ideograph or syllable says as much as some three or two letters of an alphabet: without this, one
product name would turn a Chinese question into a Latin one."""
_KANA_OF_JAPANESE: Final = 0.2
"""Chinese has no kana; Japanese mixes at least this share of kana into its ideographs."""
_SAMPLE: Final = 600


def dominant_script(text: str) -> str:
    """The script of most of `text`: "latin", "han", "kana" (Japanese), "hangul", "cyrillic", …, or "other".

    Text without letters is "other". Of a long text, the beginning, the middle and the end are counted.
    """
    sample = _sample(text)
    if sample.isascii():
        return "latin" if _LETTERS["latin"].search(sample) else OTHER
    weights = _weights(sample)
    if weights["kana"] > _KANA_OF_JAPANESE * (weights["kana"] + weights["han"]):
        weights["kana"] += weights.pop("han")
    script = max(weights, key=lambda name: weights[name])
    return script if weights[script] else OTHER


def share(text: str, script: str) -> float:
    """How much of the letters of `text` belong to `script`, in [0, 1]; 0 for text without letters."""
    weights = _weights(_sample(text))
    return weights.get(script, 0) / (sum(weights.values()) or 1)


def _sample(text: str) -> str:
    if len(text) <= 3 * _SAMPLE:
        return text
    middle = len(text) // 2
    return text[:_SAMPLE] + text[middle : middle + _SAMPLE] + text[-_SAMPLE:]


def _weights(text: str) -> dict[str, int]:
    """Letters of each script, signs that stand for syllables or words counted as several."""
    counts = {name: sum(map(len, _runs(name, text))) for name in _LETTERS}
    counts[OTHER] = max(0, sum(map(len, _ANY_LETTER.findall(text))) - sum(counts.values()))
    return {name: count * _LETTERS_PER_SIGN.get(name, 1) for name, count in counts.items()}


def _runs(script: str, text: str) -> Iterator[str]:
    return (match.group() for match in _LETTERS[script].finditer(text))
