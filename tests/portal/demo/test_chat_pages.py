"""The demo portal's chats can be odd in each of the ways that reports and the source have."""

from random import Random

import pytest

from bitsheet_tui.portal.demo.chat_pages import ChatPages
from bitsheet_tui.portal.demo.discussions import Comment, Source

MESSAGES = [
    Comment(source=Source.CHAT, id=ident, task_id=1, author_id=1, posted=0, text="")
    for ident in range(1, 124)
]


def asked(pages, *, above=None, below=None, limit=50):
    return [one.id for one in pages.page(7, MESSAGES, above=above, below=below, limit=limit)]


@pytest.mark.parametrize(
    ("pages", "first"),
    [
        (ChatPages(), range(1, 51)),
        (ChatPages(newest=1), [*range(1, 50), 123]),
        (ChatPages(newest=1, besides=True), [*range(1, 51), 123]),
        (ChatPages(newest=2), [*range(1, 49), 122, 123]),
        (ChatPages(most=20), range(1, 21)),
        (ChatPages(start_ids={7: 100}), range(100, 124)),
    ],
)
def test_pages_from_the_oldest(pages, first):
    assert asked(pages, above=0) == list(first)


@pytest.mark.parametrize(
    ("pages", "limit", "page"),
    [
        (ChatPages(newest=2), 50, range(99, 49, -1)),
        (ChatPages(most=20), 50, range(99, 79, -1)),
        (ChatPages(most=20), 3, range(99, 96, -1)),
        (ChatPages(limit=20), 3, range(99, 79, -1)),
        (ChatPages(short=True), 50, [99, *range(97, 49, -1)]),
        (ChatPages(hidden={98, 4}), 3, [99, 97]),
        (ChatPages(first_only=True), 50, []),
        (ChatPages(start_ids={7: 98}), 50, [99, 98]),
        (ChatPages(start_ids={8: 98}), 2, [99, 98]),
    ],
)
def test_pages_below_a_message(pages, limit, page):
    assert asked(pages, below=100, limit=limit) == list(page)


def test_messages_that_are_dropped_or_mixed_up_by_chance_are_the_same_for_the_same_seed():
    pages = [asked(ChatPages(unordered=True, dropped=0.3, chance=Random(5)), below=100) for _ in range(2)]
    assert pages[0] == pages[1]
    assert pages[0] != sorted(pages[0], reverse=True)
    assert set(pages[0]) < set(range(50, 100))
