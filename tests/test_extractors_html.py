"""HTML: main content without its frame, or everything visible; tables, lists, formulas, pictures, metadata."""

from __future__ import annotations

import base64
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.reading import read
from knowledge.errors import KnowledgeError
from knowledge.types import Document, ReadOptions

WHOLE = ReadOptions(whole_page=True)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(200)
PROSE = "The {} of the year brought more rain than the farmers of the valley had hoped for, so the harvest was late."
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August")


def page(html: str, options: ReadOptions = WHOLE) -> Document:
    return read(html.encode(), "a.html", options)


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def main_text(html: str) -> str:
    return page(html, ReadOptions()).text


def links(*words: str) -> str:
    return "".join(f'<li><a href="/{word}">{word}</a></li>' for word in words)


ARTICLE = "".join(f"<p>{PROSE.format(month)}</p>" for month in MONTHS)
FRAME = {
    "nav": f"<nav><ul>{links('Products', 'Prices', 'Imprint')}</ul></nav>",
    "cookie": '<div class="cookie-banner"><p>We use biscuits to make this page better for you all.</p></div>',
    "sidebar": f'<div id="sidebar"><h3>Popular</h3><ul>{links("Teaser", "Weather")}</ul></div>',
    "comments": '<section class="comments"><p>What a splendid read, thank you very much, dear author!</p></section>',
    "share": f'<div class="share-buttons">Tell others {links("Facebook", "Mail")}</div>',
    "unnamed": f"<div><b>Elsewhere</b><ul>{links('Sports of today', 'Stock exchange', 'Horoscope')}</ul></div>",
    "footer": "<footer>All rights reserved by nobody</footer>",
}
FRAME_WORDS = ("Products", "biscuits", "Teaser", "splendid", "Facebook", "Horoscope", "reserved")


words = st.text(st.sampled_from("abcdefgh漢字éя"), min_size=1, max_size=6)
inline = st.recursive(
    words,
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from(["span", "b", "em", "code"]).map(
            lambda tag: f"<{tag}>{' '.join(parts)}</{tag}>"
        )
    ),
    max_leaves=4,
)
block = st.recursive(
    inline.map(lambda text: f"<p>{text}</p>"),
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from(["div", "section", "blockquote", "article", "li", "td", "main"]).map(
            lambda tag: f"<{tag}>{''.join(parts)}</{tag}>"
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(body=st.lists(block, min_size=1, max_size=4).map("".join))
def test_all_words_stand_in_the_text_in_their_order(body: str) -> None:
    import re

    document = page(f"<html><body>{body}</body></html>")
    wanted = "".join(re.sub(r"<[^>]*>", " ", body).split())
    got = "".join(document.text.replace(">", " ").replace("- ", " ").split())
    assert got == wanted
    ends = [0, *(b.end for b in document.blocks)]
    assert all(end <= b.start < b.end for end, b in zip(ends, document.blocks, strict=False))


BRACKETED = st.sampled_from(
    [
        "<p<q>",
        "<p <q>",
        "<p a<b='c'>",
        "<table<x>",
        "<sup<",
        "<a<table>",
        "<iframe<x>",
        "<iframe-x>",
        "</p<q>",
        "<pre<",
    ]
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(BRACKETED, st.sampled_from(["", "<td>", "</td>", "<p>", "<iframe></iframe>"])), max_size=4
    )
)
def test_brackets_in_tags_neither_repeat_nor_lose_text(tags: list[tuple[str, str]]) -> None:
    words = [f"word{number}" for number in range(len(tags) + 1)]
    html = "".join(f"<div>{odd}>{word}</div>{tag}" for word, (odd, tag) in zip(words, tags, strict=False))
    text = page(f"<p>first</p>{html}<p>{words[-1]}</p>").text
    assert [text.count(word) for word in words] == [1] * len(words)


def test_a_bracket_in_a_tag_stays_in_its_cell() -> None:
    table = "<table><tr><th>a</th><th>b</th></tr><tr><td>p<q</td><td>m</td></tr></table>tail<p>x</p>"
    assert page(table).text == "| a | b |\n| --- | --- |\n| p | m |\n\ntail\n\nx"


@pytest.mark.parametrize(
    "above", ["", "<noscript><img src=pixel></noscript>", "<svg><g><title>drawn</title></g></svg>"]
)
def test_a_head_that_ends_early_keeps_what_it_says(above: str) -> None:
    said = '<title>Rain</title><link rel=canonical href="https://a.b/c">'
    html = f"<html><head>{above}{said}</head><body><p>text</p><svg><title>drawn</title></svg></body></html>"
    assert page(html).metadata == {"title": "Rain", "url": "https://a.b/c"}


@pytest.mark.parametrize(
    "wrap", ["<main>{}</main>", "<article>{}</article>", "<div class=x>{}</div>", "<div><div>{}</div></div>"]
)
@pytest.mark.parametrize("above", [("nav", "cookie"), ("nav", "sidebar", "unnamed"), ("unnamed", "nav")])
def test_the_frame_of_a_page_goes_and_the_content_stays(wrap: str, above: tuple[str, ...]) -> None:
    below = [frame for name, frame in FRAME.items() if name not in above]
    html = "".join([*(FRAME[name] for name in above), "<h1>Rain</h1>", wrap.format(ARTICLE), *below])
    text = main_text(f"<html><body>{html}</body></html>")
    assert [PROSE.format(month) for month in MONTHS] == text.split("\n\n")[1:]
    assert text.startswith("Rain")
    shown = page(f"<html><body>{html}</body></html>").text
    assert all(word in shown and word not in text for word in FRAME_WORDS)


def test_frame_inside_of_the_content_goes_with_its_heading() -> None:
    inside = f"<h2>Read on</h2><ul>{links('First story of many', 'Second story of many')}</ul>"
    text = main_text(
        f"<main><h1>Rain</h1>{ARTICLE}{inside}<h2>Outlook</h2><p>{PROSE.format('end')}</p></main>"
    )
    assert "Read on" not in text
    assert text.endswith(f"Outlook\n\n{PROSE.format('end')}")


@pytest.mark.parametrize(
    "html",
    [
        "<nav>menu</nav><div>text</div><footer>imprint</footer>",
        f"<ul class=nav>{links('a', 'b')}</ul>",
        "<table><tr><th>year<th>days<tr><td>1<td>5</table>",
        f"<div class=menu><h1>Lunch</h1>{ARTICLE}</div>",
    ],
)
def test_a_page_that_is_hardly_more_than_a_frame_is_kept_whole(html: str) -> None:
    assert main_text(html) == page(html).text


def test_a_name_counts_by_its_whole_words() -> None:
    html = f'<div class="post tag-comment category-share has-sidebar navigator">{ARTICLE}</div>'
    assert main_text(html) == page(html).text


def test_nothing_hidden_is_read() -> None:
    html = (
        "<body style='visibility:hidden'><p>seen</p><p hidden>no</p><div style='display: none'>no<p>no</div>"
        "<script>no</script><style>no</style><template>no</template><svg><text>no</text></svg><noscript>no</noscript>"
        "<select><option>no</select><!-- <p>no --><dialog>no</dialog><details><summary>More</summary>told</details>"
        "<p hidden=until-found>found</p></body>"
    )
    assert page(html).text == "seen\n\nMore\n\ntold\n\nfound"


def test_a_page_that_waits_for_a_script_is_shown() -> None:
    assert page("<div style='display:none'><p>all of it</div>").text == "all of it"


def test_addresses_are_in_full_where_the_page_says_its_own() -> None:
    html = (
        '<link rel=canonical href="https://a.b/c/d"><p><a href="e f">One</a></p><p><a href="/g">Two</a></p>'
        '<h2><a href="https://a.b/c/d#x">Three</a></h2><p><a href="javascript:go()">Four</a></p>'
        '<img alt=x src="../i.png">'
    )
    assert page(html).text.split("\n\n") == [
        "[One](https://a.b/c/e%20f)", "[Two](https://a.b/g)", "Three", "Four", "![x](https://a.b/i.png)"
    ]  # fmt: skip


def test_empty_elements_of_xhtml_do_not_swallow_the_page() -> None:
    head = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x" /></head>'
    assert page(
        f'{head}<body><a id="p"/><h1>One</h1><div class="x"/><p>two<br/>lines</p></body></html>'
    ).text == ("One\n\ntwo\nlines")


def test_attributes_may_hold_what_looks_like_tags() -> None:
    assert (
        page('<p title="<p>no</p> &quot; hidden"><a href="/x?a=1&amp;b=2">one > two</a> & &lt;b&gt;</p>').text
        == "one > two & <b>"
    )


def test_lists_keep_their_numbers_and_nesting() -> None:
    html = (
        "<ol start=3><li>a<ul><li>b<li>c</ul><li value=9>d<li>e</ol>"
        "<dl><dt>rain<dd>water from above<dd>a storm</dl><blockquote><p>so<br>said</p></blockquote>"
    )
    assert blocks(page(html)) == [
        ("list", "3. a\n  - b\n  - c\n9. d\n10. e"),
        ("list", "rain\n: water from above\n: a storm"),
        ("paragraph", "> so\n> said"),
    ]


def test_merged_cells_are_filled() -> None:
    html = (
        "<table><tr><th rowspan=2>name<th colspan=2>size<tr><th>wide<th>high"
        "<tr><td colspan=3>Doors<tr><td>front<td>90<td>200</table>"
    )
    assert blocks(page(html)) == [
        (
            "table",
            "| name | size | size |\n| --- | --- | --- |\n| name | wide | high |\n"
            "| Doors |  |  |\n| front | 90 | 200 |",
        )
    ]


@pytest.mark.parametrize(
    "table",
    [
        "<table><tr><td><p>one<td><table><tr><td>two<td>three<tr><td>four<td>five</table></table>",
        "<table><tr><td>one<tr><td>two</table>",
        "<table role=presentation><tr><td>one<td>two<tr><td>three<td>four</table>",
        "<table><tr><td><h2>one</h2><p>and much more<td>two<tr><td>three<td>four</table>",
    ],
)
def test_tables_for_looks_are_read_as_text(table: str) -> None:
    assert blocks(page(table))[0] in (("paragraph", "one"), ("heading", "one"))


def test_a_link_that_stands_alone_has_its_address() -> None:
    html = (
        '<p>See <a href="/a">this</a> too.</p><p><a href="/form.pdf">The form</a></p><h2><a href="/b">Part</a></h2>'
        '<a href="/c"><div>Block</div></a><p><a href="#top">Up</a></p><h3>Sub<a href="#sub">¶</a></h3>'
    )
    assert page(html).text.split("\n\n") == [
        "See this too.", "[The form](/form.pdf)", "Part", "/b", "[Block](/c)", "Up", "Sub",
    ]  # fmt: skip


def test_formulas_are_tex() -> None:
    html = (
        "<p>Let <math alttext='a+b'><mi>a</mi><mo>+</mo><mi>b</mi></math> be "
        "<math display=block><semantics><mi>x</mi><annotation encoding='application/x-tex'>x^2</annotation>"
        "</semantics></math> <math><mi>y</mi><mo>=</mo><mn>1</mn></math> "
        "<script type='math/tex'>\\pi</script> 10<sup>6</sup> m<sup>2</sup></p>"
    )
    assert page(html).text == "Let $a+b$ be $$x^2$$ y = 1 $\\pi$ 10^6 m2"


def test_pictures_that_the_page_carries_are_kept() -> None:
    data = base64.b64encode(PICTURE).decode()
    html = (
        f'<p><img alt="a [b]" src="data:image/png;base64,{data}"></p><p>x <img src="/far.png" alt="far"> y</p>'
        '<img src="/silent.png"><img alt="drawn" src="data:image/svg+xml,%3Csvg%3E">'
    )
    document = page(html)
    (image,) = document.images
    assert image.data == PICTURE
    assert blocks(document) == [
        ("image", f"![a (b)](images/{image.name})"),
        ("paragraph", "x ![far](/far.png) y"),
        ("paragraph", "drawn"),
    ]
    bare = page(html, ReadOptions(whole_page=True, images=False))
    assert bare.images == ()
    assert bare.text.startswith("a [b]")


def test_what_the_page_says_of_itself_is_metadata() -> None:
    html = (
        '<html lang=en><title>T &amp; U</title><meta name="description" content="D">'
        '<meta property="og:title" content="no">'
        '<meta property="article:published_time" content="2024-02-01T00:00:00Z">'
        '<link rel=canonical href="https://a.b/c">'
        '<script type="application/ld+json">{"@graph": [{"author": [{"name": "Ann"}, {"name": "Bo"}]}]}</script>x'
    )
    assert page(html).metadata == {
        "title": "T & U",
        "description": "D",
        "author": "Ann, Bo",
        "created": 1706745600.0,
        "url": "https://a.b/c",
        "language": "en",
    }


def test_a_page_that_a_script_fills_is_read_from_its_data() -> None:
    data = '{"@type": "Article", "articleBody": "<p>First.</p><p>Second.</p>"}'
    assert (
        main_text(f'<div id=app></div><script type="application/ld+json">{data}</script>')
        == "First.\n\nSecond."
    )
    assert main_text("<title>Only a name</title><body></body>") == "Only a name"


def test_frames_and_forms_show_what_they_hold() -> None:
    html = (
        "outside<iframe srcdoc='<p>inside</p>'>no</iframe><label>Name <input value=Ann></label>"
        "<p><input type=checkbox checked>done <input type=hidden value=no><input type=submit value=no></p>"
        "<xmp>a < b</xmp>"
    )
    assert page(html).text == "outside\n\ninside\n\nName Ann\n\n[x] done\n\na < b"


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        ("天気が良いから散歩しましょう。明日も晴れるでしょう。", "shift_jis", "shift_jis"),
        ("天氣很好，我們一起去公園散步吧。明天應該也是晴天。", "big5", "utf-8"),
        ("Погода сегодня хорошая, пойдём гулять в парк.", "windows-1251", "windows-1251"),
        ("Il fait très beau, à côté de l'école déjà fermée.", "windows-1252", "iso-8859-1"),
        ("Il fait très beau, à côté de l'école.", "utf-16", "utf-8"),
    ],
)
def test_wrong_and_right_declarations_of_the_encoding(text: str, encoding: str, declared: str) -> None:
    html = f'<html><meta charset="{declared}"><p>{text}</p></html>'
    assert read(html.encode(encoding), "a.html").text == text


@pytest.mark.parametrize(
    "bomb",
    [
        "<div>" * 5_000 + "x",
        "<ul><li>" * 5_000 + "x",
        "<blockquote>" * 5_000 + "x",
        "<table><tr><td>" * 2_000 + "x",
        "<sup>" * 5_000 + "1",
        "<math>" * 5_000 + "x",
        "<div class=nav><h1>" * 2_000 + "x",
        "<table>" + "<tr><td colspan=1000 rowspan=1000>x" * 2_000 + "<td>y</table>",
        "<table>" + "<tr><td>a" * 2_000 + "<tr>" + "<td>b" * 2_000,
        "<a href=/x>" * 10_000 + "x",
        "<p>x<br>" * 20_000,
    ],
)
def test_hostile_pages_take_no_more_than_their_length(bomb: str) -> None:
    for options in (WHOLE, ReadOptions()):
        assert len(page(bomb, options).text) < 20 * len(bomb) + 2_000_000


def test_damaged_pages_stay_in_the_error_tree() -> None:
    data = base64.b64encode(PICTURE).decode()
    whole = (
        f"<html><meta charset=utf-8><title>T</title>{''.join(FRAME.values())}<main><h1>雨</h1>{ARTICLE}"
        "<math><mi>x</mi></math>"
        f"<table><tr><th>a<th>b<tr><td rowspan=2>1<td>2</table><img alt=p src='data:image/png;base64,{data}'></main>"
        '<script type="application/ld+json">{"author": {"name": "Ann"}}</script><iframe srcdoc="<p>in</p>"></iframe>'
    ).encode()
    chance = random.Random(7)
    for _ in range(120):
        damaged = bytearray(whole[: chance.randrange(1, len(whole))])
        for _ in range(chance.randrange(20)):
            damaged[chance.randrange(len(damaged))] = chance.choice(b"<>\"'&/=\x00\xff!-a1")
        with suppress(KnowledgeError):
            read(bytes(damaged), "a.html")
