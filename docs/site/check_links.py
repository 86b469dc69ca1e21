"""Every link, picture, script and style of the built site leads to something, and nothing is loaded from elsewhere.

Run on a folder of HTML: `check_links.py build/docs`. Nothing is fetched: links to other sites are not followed.
"""

import sys
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
NOT_LOADED = {"canonical", "index", "search", "next", "prev"}


class _Page(HTMLParser):
    """The ids of a page, its links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.update(value for key in ("id", "name") if (value := found.get(key)))
        if tag == "a" and (target := found.get("href")):
            self.links.append(target)
        if target := found.get(LOADED.get(tag, "")):
            (self.links if found.get("rel") in NOT_LOADED else self.loads).append(target)


def problems(site: Path) -> Iterable[str]:
    """What is wrong, a line each."""
    pages = {file.resolve(): _Page(file.read_text("utf-8")) for file in sorted(site.rglob("*.html"))}
    for file, page in pages.items():
        name = file.relative_to(site.resolve())
        for target in page.loads:
            if urlsplit(target).netloc:
                yield f"{name}: loads {target} from the network"
        for target in page.links + page.loads:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            place = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not place.exists():
                yield f"{name}: {target} leads nowhere"
            elif parts.fragment and place in pages and unquote(parts.fragment) not in pages[place].ids:
                yield f"{name}: {target}: that page has no such place"


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1])))
    print(*found, sep="\n") if found else print("links: all lead somewhere")
    sys.exit(bool(found))
