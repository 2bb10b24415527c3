"""The page cache: to render a page takes 6 ms, and the same view of the same data is the same page."""

from dataclasses import dataclass

MOST_PAGES = 64
LARGEST_PAGE = 256 << 10


@dataclass(frozen=True, slots=True)
class PageCache:
    """The rendered pages of an application by their ETag, which says the view and the state of the data."""

    pages: dict[str, str]

    def get(self, tag: str) -> str | None:
        """Return the page with an ETag."""
        return self.pages.get(tag)

    def add(self, tag: str, text: str) -> None:
        """Add a page, unless it is large, and remove the oldest one where there are too many."""
        if len(text) <= LARGEST_PAGE:
            self.pages[tag] = text
        if len(self.pages) > MOST_PAGES:
            self.pages.pop(next(iter(self.pages)))
