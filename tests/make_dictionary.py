"""Remakes `indexers/words.txt` from the dictionary of an installed jieba: `pip install jieba` and run this."""

import re
from importlib.util import find_spec
from pathlib import Path

WORDS = Path(__file__).parent.parent / "indexers" / "words.txt"
HAN = re.compile("[⺀-⿟々〇〡-〩㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]+")


def main() -> None:
    spec = find_spec("jieba")
    if spec is None or spec.origin is None:
        raise SystemExit("jieba is not installed: pip install jieba")
    lines = (Path(spec.origin).parent / "dict.txt").read_text(encoding="utf-8").splitlines()
    entries = [line.split(" ")[:2] for line in lines]
    print("sum of all frequencies:", sum(int(frequency) for _, frequency in entries))
    kept = sorted(f"{word} {frequency}\n".encode() for word, frequency in entries if HAN.fullmatch(word))
    WORDS.write_bytes(b"".join(kept))
    print(f"{len(kept)} words in {WORDS}")


if __name__ == "__main__":
    main()
