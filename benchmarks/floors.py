"""How similar does an embedding model find texts that have nothing to do with each other?

    python -m benchmarks.floors local
    python -m benchmarks.floors openai:bge-m3@http://localhost:11434/v1 path/to/labelled/set

Prints, per script of the query, percentiles of the cosine of every question with every passage of another
subject: those written below, or those of labelled sets (corpus, queries and qrels; judged pairs are left out).
A floor is the 95th percentile: a score of 0 then means "no nearer than unrelated text", which one unrelated
pair in twenty exceeds. The median would call half of all unrelated pairs slightly relevant; the 99th
percentile would leave little room for passages that answer in other words.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from indexers.scripts import dominant_script
from knowledge.embedding_client import embedding_client
from knowledge.protocols import Embedder
from knowledge.registry import load_embedder

PERCENTILES: Final = (50, 95, 99)
QUERIES_PER_SET: Final = 200
PASSAGES_PER_SET: Final = 400

Pairs = tuple[list[str], list[str], set[tuple[int, int]]]
"""Queries, passages, and the (query, passage) positions that belong together."""

# One line, one subject: question | passage that answers it.
ENGLISH: Final = """
How often should I water a cactus? | A cactus wants water only when its soil has dried out, about every third week.
What does the suspension bridge hang from? | Two steel cables run over the towers and carry the deck by hangers.
Why did the violin go out of tune? | Gut strings stretch in damp air, so the pitch drops within an hour of playing.
When is the tax return due? | Returns must reach the office by the end of July; a late one costs a fee for each month.
How do bees find their way back? | Foragers remember landmarks and steer by the position of the sun.
Which gloves are needed for welding? | Handle hot metal only with leather gauntlets that cover the wrist.
How long does the dough have to rise? | Leave the bread covered in a warm corner until it has doubled.
Can I return shoes that I have worn? | Footwear is taken back within thirty days as long as the soles show no marks.
What causes ocean tides? | The pull of the moon raises two bulges of water that the coasts turn through.
How is a broken arm treated? | The fracture is set, held in plaster for six weeks and then exercised with care.
Who may vote in the parish council? | Residents over eighteen elect the seven members.
Why is my router blinking red? | A red lamp means that the line to the provider is down; check the cable.
What did medieval monks eat? | The abbey table offered rye bread, beans, river fish and weak ale.
How fast can a cheetah run? | Over a few hundred metres the cat reaches a hundred kilometres an hour.
Where is the emergency exit on the ferry? | Stairs at both ends of deck four lead to the life rafts.
What is compound interest? | Interest that is added to the savings earns interest itself in the next year.
How do I remove red wine from a carpet? | Dab the stain with cold water and salt before the pigment dries.
What makes a sonnet? | Fourteen lines of iambic verse, with a turn of thought before the end.
Which screws hold the shelf? | Fix the board with four countersunk bolts, five millimetres thick.
How are volcanoes monitored? | Seismometers and gas sensors on the slope warn of rising magma.
When does the museum open? | Galleries admit visitors from ten to six, except on Mondays.
How should medicine be stored? | Keep the tablets dry, below twenty-five degrees and out of reach of children.
What is an offside position? | A forward is nearer to the goal line than the ball and the second-last defender.
Why are leaves yellow in autumn? | As chlorophyll breaks down, the carotenoids below it show.
How do I undo the last commit? | Reset the branch to the parent revision; the working files stay as they are.
What dowry did the princess bring? | The marriage treaty of the two kingdoms promised three towns and a fleet.
How is leather tanned? | Hides soak for weeks in oak bark liquor until the fibres no longer rot.
Can dogs travel on the night train? | Small pets ride free in a carrier; larger ones wear a muzzle.
What is a neutron star? | The collapsed core of a massive sun, twenty kilometres wide.
How many players are in an orchestra's brass section? | Four horns, three trumpets and a tuba sit behind.
"""
CHINESE: Final = """
仙人掌多久浇一次水？ | 等盆土完全干透再浇，大约三个星期一次，冬天还要更少。
悬索桥靠什么吊住桥面？ | 两根主缆跨过塔顶，通过吊杆把桥面的重量传到两岸的锚碇。
小提琴为什么跑音？ | 羊肠弦遇到潮气会伸长，演奏不到一小时音高就往下掉。
个人所得税什么时候申报？ | 纳税人应在六月底之前办理汇算，逾期按日加收滞纳金。
蜜蜂怎么找到回家的路？ | 采集蜂记得沿途的地标，并根据太阳的方位调整飞行方向。
电焊要戴什么手套？ | 接触高温金属必须佩戴盖住手腕的牛皮长手套。
面团要发酵多长时间？ | 盖上湿布放在温暖处，一个半小时后体积涨到两倍即可整形。
穿过的鞋可以退吗？ | 鞋底没有磨损痕迹的，三十天内凭小票办理退货。
潮汐是怎么形成的？ | 月球的引力使海水隆起，地球自转带着海岸依次经过这些隆起。
手臂骨折怎么治？ | 先复位，再用石膏固定六周，拆除后循序渐进地锻炼。
谁可以参加村委会选举？ | 年满十八周岁、名字列入登记册的村民投票产生七名委员。
路由器为什么闪红灯？ | 红灯表示到运营商的线路中断，请重启设备并检查光纤。
唐代的僧人吃什么？ | 寺院的斋堂供应粟米饭、豆腐、时令蔬菜和清茶。
猎豹能跑多快？ | 这种大猫在几百米的冲刺中时速可以超过一百公里。
渡轮的紧急出口在哪里？ | 四层甲板两端的楼梯通往救生筏的存放处。
什么是复利？ | 本金产生的利息并入存款，下一年一起计息。
地毯上的红酒渍怎么去掉？ | 趁颜料没干，用冷水和食盐轻轻按压吸走。
什么是七言绝句？ | 全诗四句，每句七个字，第二、四句押韵。
书架用哪种螺丝固定？ | 隔板用四颗直径五毫米的沉头螺栓拧紧。
怎样监测火山？ | 山坡上的地震仪和气体探头能提前发现岩浆上升。
博物馆几点开门？ | 展厅每天十点到十八点接待观众，周一闭馆。
药品应该怎么保存？ | 药片要避光、防潮，放在儿童拿不到的阴凉处。
什么是越位？ | 进攻球员比球和倒数第二名防守队员更靠近对方球门线。
秋天树叶为什么变黄？ | 叶绿素分解以后，本来就有的类胡萝卜素显露出来。
怎么撤销上一次提交？ | 把分支重置到父版本，工作区里的文件保持不变。
公主带来了什么嫁妆？ | 两国的婚约写明陪嫁三座城池和一支船队。
皮革是怎么鞣制的？ | 生皮在橡树皮浸液里泡上几个星期，纤维就不再腐烂。
狗可以坐夜班火车吗？ | 小型宠物装笼免票，大型犬要买票并戴嘴套。
中子星是什么？ | 大质量恒星坍缩后的核心，直径二十公里，密度超过原子核。
交响乐团的铜管组有几个人？ | 四支圆号、三支小号、三支长号和一支大号坐在后排。
"""


def written_pairs(lines: str) -> Pairs:
    rows = [line.split(" | ") for line in lines.strip().splitlines()]
    together = {(position, position) for position in range(len(rows))}
    return [row[0] for row in rows], [row[1] for row in rows], together


def labelled_pairs(folder: Path, seed: int = 0) -> Pairs:
    """A random sample of a set's queries and passages."""
    draw = random.Random(seed)
    queries, passages = list(_records(folder, "queries")), list(_records(folder, "corpus"))
    queries = draw.sample(queries, min(QUERIES_PER_SET, len(queries)))
    passages = draw.sample(passages, min(PASSAGES_PER_SET, len(passages)))
    row = {query["_id"]: at for at, query in enumerate(queries)}
    column = {passage["_id"]: at for at, passage in enumerate(passages)}
    judged = [line.split("\t") for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]]
    together = {(row[q], column[p]) for q, p, *_ in judged if q in row and p in column}
    texts = [f"{passage.get('title', '')} {passage['text']}".strip() for passage in passages]
    return [query["text"] for query in queries], texts, together


def _records(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    plain = folder / f"{name}.jsonl"
    data = (
        plain.read_bytes() if plain.exists() else gzip.decompress((folder / f"{name}.jsonl.gz").read_bytes())
    )
    return map(json.loads, data.splitlines())


def cosines(embedder: Embedder, pairs: Pairs) -> tuple[dict[str, npt.NDArray[np.float32]], float]:
    """The cosines of unrelated pairs by script of the query, and the median of the related ones."""
    queries, passages, together = pairs
    rows = np.stack([embedder.embed_query(query) for query in queries])
    matrix = rows @ embedder.embed_documents(passages).T
    related = np.zeros(matrix.shape, bool)
    for pair in together:
        related[pair] = True
    scripts = np.array([dominant_script(query) for query in queries])
    unrelated = {str(s): matrix[scripts == s][~related[scripts == s]] for s in np.unique(scripts)}
    return unrelated, float(np.median(matrix[related])) if together else float("nan")


def report(embedder: Embedder, sets: Sequence[tuple[str, Pairs]]) -> None:
    print(f"{embedder.fingerprint}\n\n| texts | script | pairs |", end="")
    print(*(f" p{percentile} |" for percentile in PERCENTILES), " median of related |", sep="")
    print("|---" * (4 + len(PERCENTILES)) + "|")
    for name, pairs in sets:
        unrelated, related = cosines(embedder, pairs)
        for script, values in unrelated.items():
            cells = [f"{value:.2f}" for value in (*np.percentile(values, PERCENTILES), related)]
            print(f"| {name} | {script} | {len(values)} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("embedding", help="the model, as in `local`")
    parser.add_argument("sets", nargs="*", type=Path, help="folders of labelled sets")
    options = parser.parse_args()
    written = [("written, English", written_pairs(ENGLISH)), ("written, Chinese", written_pairs(CHINESE))]
    labelled = [(folder.name, labelled_pairs(folder)) for folder in options.sets]
    report(load_embedder(options.embedding, http=embedding_client), labelled or written)


if __name__ == "__main__":
    main()
