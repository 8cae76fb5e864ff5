"""Words in a prompt: found where they stand, replaced and removed without a trace."""

import pytest

from side_core.prompts.editing import spans_of, with_word

PROMPT = "portrait of Ada Novak, long hair, glasses"
WORDS = ("portrait", "of", "ada", "novak", "long", "hair", "glasses")


def test_each_word_is_found_where_it_stands_as_it_was_written() -> None:
    spans = spans_of(PROMPT, WORDS)
    assert [span.of(PROMPT) if span else None for span in spans] == [
        *("portrait", "of", "Ada", "Novak", "long", "hair", "glasses")
    ]


def test_a_word_that_comes_twice_is_found_twice_and_a_missing_one_not_at_all() -> None:
    first, second, missing, last = spans_of("hat and hat, and <b>", ("hat", "hat", "scarf", "b"))
    assert first and second and last and missing is None
    assert (first.begin, second.begin, last.begin) == (0, 8, 18)


@pytest.mark.parametrize(
    ("word", "new", "expected"),
    [
        (2, "Emil", "portrait of Emil Novak, long hair, glasses"),
        (2, "  Emil ", "portrait of Emil Novak, long hair, glasses"),
        (2, "", "portrait of Novak, long hair, glasses"),
        (3, "", "portrait of Ada, long hair, glasses"),
        (6, " ", "portrait of Ada Novak, long hair"),
        (0, "", "of Ada Novak, long hair, glasses"),
    ],
)
def test_replaced_and_removed(word: int, new: str, expected: str) -> None:
    span = spans_of(PROMPT, WORDS)[word]
    assert span is not None
    assert with_word(PROMPT, span, new) == expected


def test_removing_all_words_one_by_one_leaves_nothing() -> None:
    prompt, words = PROMPT, list(WORDS)
    while words:
        span = spans_of(prompt, words)[-1]
        assert span is not None
        prompt = with_word(prompt, span, "")
        words.pop()
        assert [found is not None for found in spans_of(prompt, words)] == [True] * len(words)
        assert not prompt.endswith((",", " ")) and ", ," not in prompt
    assert prompt == ""
