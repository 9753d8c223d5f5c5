"""Remakes `indexers/traditional.txt` from the dictionaries of OpenCC: `pip install opencc` and run this."""

from itertools import chain
from pathlib import Path

TABLE = Path(__file__).parent.parent / "indexers" / "traditional.txt"
BASIC_PLANE_HAN = [*map(chr, chain(range(0x3400, 0x4DC0), range(0x4E00, 0xA000)))]
REGIONS = ("tw2s", "hk2s")


def main() -> None:
    from opencc import OpenCC

    simplified = _changed(OpenCC("t2s").convert)
    for region in REGIONS:
        for character, other in _changed(OpenCC(region).convert).items():
            # What Simplified text writes as well means something else there: 著名, 什么.
            if not _in_gb_2312(character):
                simplified.setdefault(character, other)
    for character, other in simplified.items():
        simplified[character] = simplified.get(other, other)
    TABLE.write_text(f"{''.join(simplified)}\n{''.join(simplified.values())}\n", encoding="utf-8")
    print(f"{len(simplified)} characters in {TABLE}")


def _changed(convert):
    return {character: convert(character) for character in BASIC_PLANE_HAN if convert(character) != character}


def _in_gb_2312(character: str) -> bool:
    return character.encode("gb2312", "ignore") != b""


if __name__ == "__main__":
    main()
