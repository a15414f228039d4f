"""HTML of posts brought to plain text: the words of their author, and nobody else's."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from complaintlab.sources.emoji import character

_BLOCKS: Final = frozenset(
    {"p", "div", "br", "li", "ul", "ol", "pre", "blockquote", "tr", "table", "hr", "details", "summary",
     "article", "h1", "h2", "h3", "h4", "h5", "h6"}
)  # fmt: skip
_SILENT: Final = frozenset({"script", "style", "svg", "template"})
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_OTHERS_WORDS: Final = frozenset({"quote", "onebox", "lightbox-wrapper", "lazyYT"})
"""Classes of Discourse: quotes of other posts, previews of links, captions that the software adds."""


class _Reader(HTMLParser):
    """Collects text outside dropped elements; inside ``pre`` white space is kept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.open: list[tuple[str, bool]] = []  # tag, and whether its text is dropped

    @property
    def _dropped(self) -> bool:
        return bool(self.open) and self.open[-1][1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        classes = set((attributes.get("class") or "").split())
        if tag not in _VOID:
            self.open.append((tag, self._dropped or tag in _SILENT or bool(classes & _OTHERS_WORDS)))
        if tag == "aside" and "onebox" in classes:
            self.parts.append(f"\n{attributes.get('data-onebox-src') or ''}\n")  # the link was his own words
        if self._dropped:
            return
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag == "img" and "emoji" in classes:
            self.parts.append(character(attributes.get("alt") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in [name for name, _ in self.open]:
            while self.open.pop()[0] != tag:
                continue
        if tag in _BLOCKS and not self._dropped:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            in_code = any(tag == "pre" for tag, _ in self.open)
            self.parts.append(data if in_code else re.sub(r"\s+", " ", data))


def to_text(html: str) -> str:
    """Plain text of a post's HTML: a line per block, code kept as it is.

    Quotes of other posts, previews of links and captions of pictures are dropped, since others wrote them.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (line.rstrip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
