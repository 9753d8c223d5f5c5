"""Tells what frames the content of a page - navigation, adverts, comments - by what elements call themselves."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from extractors.html.element import Element

_TAGS: Final = frozenset("nav footer button search menu".split())
_ROLES: Final = frozenset(
    "navigation search dialog alertdialog menu menubar toolbar tablist button alert tooltip".split()
)
_PAGE_ROLES: Final = frozenset(("banner", "contentinfo"))
"""Frame of the page, but not of an article in it."""
_ASIDES: Final = frozenset(("aside", "complementary"))
_NEVER: Final = frozenset(("article", "main", "body", "h1"))
_FEW_LINKED: Final = 0.25
"""Share of its characters that a note in an article has in links at most."""

_WORDS: Final = frozenset(
    # ways through the site
    "nav navi navbar navigation subnav topnav menu menus submenu menue hauptmenue breadcrumb breadcrumbs brotkrumen "
    "pagination pager pagenav paging sitemap skiplink skiplinks toolbar topbar sidebar sidebars footer masthead toc "
    # other pages
    "related recommended recommendation recommendations teaser teasers outbrain taboola trending popular mostread "
    "bestseller verwandte readmore moreposts "
    # readers' voices
    "comment comments commentlist commentform respond disqus kommentar kommentare commentaires comentarios trackback "
    "trackbacks pingback replies "
    # asking something of the visitor
    "share shares sharing sharebar shariff addthis addtoany sharedaddy social socials socialmedia newsletter "
    "subscribe signup login signin cookie cookies consent gdpr popup modal overlay lightbox captcha donate "
    "donation cart warenkorb wishlist searchform search suche rating ratings "
    # paid for
    "ad ads advert adverts advertisement advertising adsense adsbygoogle banner banners sponsor sponsored sponsors "
    "promo werbung anzeige publicidad publicite "
    # about the page rather than its subject
    "tags taglist tagcloud byline authorbox authorbio copyright imprint impressum disclaimer disclosure noprint "
    "printonly".split()
)
"""Words of class names and ids, as the makers of pages use them. Whole words: "navi" is not in "navigator"."""
_PHRASES: Final = (
    "about-author about-the-author author-bio author-blurb author-box author-card author-info author-profile "
    "back-to-top catlinks entry-meta ez-toc follow-us jp-relatedposts meta-info most-read mw-editsection "
    "mw-jump-link no-print page-footer post-meta post-navigation print-only read-more screen-reader-text "
    "screenreader site-header skip-link sr-only visually-hidden widget-area you-might-also-like".split()
)
_PHRASE = re.compile(rf"(?<![a-z])(?:{'|'.join(_PHRASES)})(?![a-z])")
_DENYING: Final = frozenset("no has with without is not hide tag category js type".split())
"""With these words a name says what an element has, lacks or is filed under, not what it is."""
_MAIN_PROPERTIES: Final = frozenset("articlebody blogpost mainentity maincontentofpage".split())
_MAIN_NAME = re.compile(
    r"\b(?:article|entry|post|story|blog|page|main|news|single|td-post|content)[-_]*"
    r"(?:content|body|text|main|article|inhalt|story)\b|\bmw-parser-output\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]+|[A-Z]+[a-z]*")


def is_boilerplate(element: Element, *, is_inside_main: bool) -> bool:
    """Whether an element says of itself that it is no content. Headers are no frame: titles stand in them."""
    tag, role = element.tag, element.get("role")
    if tag in _TAGS:
        return True
    if tag in _NEVER:
        return False
    is_aside = tag in _ASIDES or role in _ASIDES
    if is_aside and not (is_inside_main and element.linked <= _FEW_LINKED * element.characters):
        return True
    if role in _ROLES or (role in _PAGE_ROLES and not is_inside_main):
        return True
    return any(_name_boilerplate(element.get(key)) for key in ("class", "id"))


def is_marked_main(element: Element) -> bool:
    """Whether an element says of itself that it is what the page is about."""
    return (
        element.tag in ("main", "article")
        or element.get("role") in ("main", "article")
        or element.get("itemprop").lower() in _MAIN_PROPERTIES
        or _MAIN_NAME.search(f"{element.get('class')} {element.get('id')}") is not None
    )


@lru_cache(maxsize=20_000)
def _name_boilerplate(names: str) -> bool:
    return any(map(_is_boilerplate_name, names.split()))


def _is_boilerplate_name(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if not _DENYING.isdisjoint(words):
        return False
    return not _WORDS.isdisjoint(words) or _PHRASE.search("-".join(words)) is not None
