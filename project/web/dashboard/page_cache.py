"""The page cache: to render a page takes 6 ms, and the same view of the same data is the same page."""

MOST_PAGES = 64
LARGEST_PAGE = 256 << 10


def cache_page(pages: dict[str, str], tag: str, text: str) -> None:
    """Add a page by its ETag, unless it is large, and remove the oldest one where there are too many."""
    if len(text) <= LARGEST_PAGE:
        pages[tag] = text
    if len(pages) > MOST_PAGES:
        pages.pop(next(iter(pages)))
