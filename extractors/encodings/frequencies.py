"""How often letters occur in which language: what tells one legacy encoding from another.

An alphabet lists its letters from the most to the least frequent. S. M. Gusein-Zade (1988) found that the letter of
rank r among n then has a share near ln((n + 1) / r) / n, in whatever language.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

ALPHABETS: Final = {
    "English": "etaoinshrdlcumwfgypbvkjxqzé",
    "French": "esaitnrulodcpmévqfbghjàxyèêzçôùûâîœïëkwæÿ",
    "German": "enisratdhulcgmobwfkzpvüäßjöyxqé",
    "Spanish": "eaosrnidlctumpbgvyqhfzjóíáéñxúükw",
    "Portuguese": "aeosrindmutclpvgqhfbãzçáéíójxêúâõàôkw",
    "Italian": "eaionlrtsdcumpvghfbqzàèùòìéxyjkwî",
    "Catalan": "eaislrntoudcmpvbgfqhàéíxóçjzèòúïüyk·",
    "Dutch": "enatirodslghvkmubpwjczfxyëéïqüöè",
    "Swedish": "eantrsildomgkvähfupåöbcjyxwzéq",
    "Danish": "ernitsdalogkmvfuphbåøjæyczéxwqò",
    "Finnish": "aitnesloukämvrjhypdögbfcwåšžq",
    "Icelandic": "arnieðstulgmkfhvoáþídjóbyæúöpéýxczw",
    "Polish": "iaeoznrwstcykdpmułjlbgęhóążśćfńźvqx",
    "Czech": "oeantisvlrdkumpíchyzáýbjěéřčžšůgfúňxťóďwq",
    "Slovak": "aoeinsrtvklmdpucyázbjčhíéžšýľťúgfôňďäóxĺŕwq",
    "Hungarian": "eatlnskroiézmgáydbvhujöpófícőúüűxwq",
    "Romanian": "eiarunțtclosădpmşţîâfvbghzjxkwyq",
    "Croatian": "aioenrjstuldkmvpgzbčšćžhcfđ",
    "Turkish": "aeinrlıkdmyutsboüşzgçhğvcöpfjwqâxîû",
    "Estonian": "aeisltunkdmorvgphäõübjöfšžcyw",
    "Lithuanian": "iasoretnukmlpvdjgėbyšųžąįčęūzfch",
    "Latvian": "aisetrnukāomldpjzvīēgbcšļūņčžķfģh",
    "Russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "Ukrainian": "оанивітерслкдумпьязгбчйхцюжїщєшфґ",
    "Bulgarian": "аиоетнрсвлкдпмъзгуябчцйщжшфхюьѝ",
    "Serbian": "аиоенрсјтудкмвлпгзбшчцжњћљхђфџ",
    "Belarusian": "аіенорслкдўымвпутяцьгзбчхйшжюэёф",
    "Greek": "αοιετσνηυρπκμλςάίόέδήγώωύθφχβξζψϊϋΐΰ",
    "Hebrew": "יהולאמרתבשנחקדכעפםטסןגצזךץף"
    + "\u05b8\u05b7\u05b4\u05b0\u05b5\u05b6\u05bc\u05b9\u05c1\u05c2\u05b1\u05b2\u05b3\u05bb",
    "Arabic": "اليمنوترهبدعفسكقأةحجشطصىخءضذإثزغظئآؤ،؟" + "\u064e\u0650\u0651\u064f\u0652\u064b\u064d\u064c",
    "Thai": "านรกอเงม่ยลวด้ทัสตะปีิคขจหแ์พใบไุชูโ็ำถผึืณซธฟศษภฝฐญฉฎฏฤๆฯ",
}
WESTERN: Final = (
    *("English", "French", "German", "Spanish", "Portuguese", "Italian", "Catalan", "Dutch"),
    *("Swedish", "Danish", "Finnish", "Icelandic"),
)
CENTRAL: Final = ("Polish", "Czech", "Slovak", "Hungarian", "Romanian", "Croatian", "German")
BALTIC: Final = ("Lithuanian", "Latvian", "Estonian")
CYRILLIC: Final = ("Russian", "Ukrainian", "Bulgarian", "Serbian", "Belarusian")

TYPOGRAPHY: Final = "¿¡’‘“”„‚‹›«»–—…·•№§°€£®©™ \xa0\xad"
_PUNCTUATION: Final = "，。、；：？！“”‘’（）《》「」『』【】—…·　・ー"

SIMPLIFIED: Final = frozenset(
    "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行"
    "所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力"
    "它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产"
    "或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口"
    "认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区"
    "保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张"
    "该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔款规定包服请须办应单" + _PUNCTUATION
)
TRADITIONAL: Final = frozenset(
    "的一是不了在有人我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行"
    "所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力"
    "它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產"
    "或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口"
    "認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區"
    "保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張"
    "該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運灣臺台請檔" + _PUNCTUATION
)
JAPANESE: Final = frozenset(
    "".join(map(chr, range(0x3041, 0x3097)))
    + "".join(map(chr, range(0x30A1, 0x30FB)))
    + "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金"
    "員九入選立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要"
    "用制治度務強気小七成期公野協取都和統以機平総加山思家話世受区領多県続進正安設保改数記院女初北午指権心界支第"
    + _PUNCTUATION
)
KOREAN: Final = frozenset(
    "이다는의에을가은고를도로하한지기사대서자리어인나시정아라해일들수보과전있그그것와스주만으상장부면제동국여거"
    "오조게원니구무우년선관세소위경비신성미유안문실공요계물용마모중분회생양산했까습적학전등화법간통말때원입트및"
)

# The rows of each double-byte set that hold its everyday characters, by lead byte.
EVERYDAY_ROWS: Final = {
    "gb2312": (*range(0xB0, 0xD8), 0xA1, 0xA3),
    "big5": (*range(0xA4, 0xC7), 0xA1),
    "cp932": (*range(0x88, 0x98), 0x81, 0x82, 0x83),
    "euc_jp": (*range(0xB0, 0xD0), 0xA1, 0xA4, 0xA5),
    "cp949": (*range(0xB0, 0xC9), 0xA1, 0xA3),
}


def letter_shares(language: str) -> Mapping[str, float]:
    """Letter → its share of the letters of a text, by the law of Gusein-Zade."""
    alphabet = ALPHABETS[language]
    size = len(alphabet)
    return {letter: math.log((size + 1) / rank) / size for rank, letter in enumerate(alphabet, start=1)}
