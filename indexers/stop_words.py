"""Function words: so common that sharing one says nothing about what two texts are about.

Left in on purpose: negations (not, no, without, never, 不, 没有, 无), which turn a question round, and words
of place (above, between, within, 上, 中, 下), which carry meaning in technical text.
"""

from __future__ import annotations

from typing import Final

_ENGLISH = """
a an the this that these those
i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
who whom whose which what where when why how
am is are was were be been being do does did doing done have has had having
will would shall should can could may might must ought
and or but if then else than so because since although though while whereas whether unless until
of to in on at by for from with as into onto upon about after before there here also too very just
only own same such both each either every any some all most more other others another again further once
let got get gets getting please etc eg ie
"""

_CHINESE = """
的 地 得 了 着 过 之 所 者 是 为 在 有 和 与 及 或 而 且 并 但 却 则 就 才 也 都 还 又 再 很 太 更 最
把 被 让 给 对 向 从 到 由 于 以 因 因为 所以 如果 虽然 但是 而且 并且 或者 以及 由于 因此 于是 然后
我 你 您 他 她 它 我们 你们 您们 他们 她们 它们 咱们 自己 人家 大家
这 那 这个 那个 这些 那些 这里 那里 这样 那样 这么 那么 此 该 其 其中 某 某个
什么 怎么 怎样 怎么样 怎么办 如何 为什么 为何 哪 哪个 哪些 哪里 哪儿 谁 几 多少 何 何时
是否 能否 可否 是不是 能不能 可不可以 会不会 有没有
吗 呢 吧 啊 呀 哦 嘛 啦 么 呗 哈 唉 嗯
会 能 可以 可能 应该 应 要 想 请 请问 请教 一个 一种 一些 个 些 等 等等
来 去 说 做 只 只是 只有 还是 就是
"""

ENGLISH: Final = frozenset(_ENGLISH.split())
CHINESE: Final = frozenset(_CHINESE.split())
