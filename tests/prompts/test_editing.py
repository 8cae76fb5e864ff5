"""Words in a prompt: found where they stand, replaced and removed without a trace."""

import pytest

from side_core.prompts.editing import Span, spans_of, texts_in, with_word, with_words

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


def spans() -> list[Span]:
    """Of the words of the prompt."""
    return [span for span in spans_of(PROMPT, WORDS) if span is not None]


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        (PROMPT, "portrait|of|Ada|Novak|long|hair|glasses"),
        ("portrait of Ada, long hair, glasses", "portrait|of|Ada||long|hair|glasses"),
        ("portrait of Emil Novak, glasses", "portrait|of|Emil|Novak|||glasses"),
        ("portrait of Emil Berg, long hair, glasses", "portrait|of|Emil|Berg|long|hair|glasses"),
        ("portrait of Ada Novak, long hair, glasses and a hat", "portrait|of|Ada|Novak|long|hair|glasses and a hat"),
        ("a portrait of Ada Novak, long hair, glasses", "a portrait|of|Ada|Novak|long|hair|glasses"),
        ("portrait of Ada van Novak, long hair, glasses", "portrait|of|Ada van|Novak|long|hair|glasses"),
        ("hat", "hat||||||"),
        ("", "||||||"),
    ],
)
def test_what_stands_in_the_place_of_each_word_of_an_edited_prompt(edited: str, expected: str) -> None:
    found = texts_in(edited, PROMPT, spans())
    assert "|".join(found) == expected


def test_words_are_switched_off_and_on_again_without_a_trace() -> None:
    for off in range(2 ** len(WORDS)):
        on = [not off >> place & 1 for place in range(len(WORDS))]
        texts = [span.of(PROMPT) if kept else "" for span, kept in zip(spans(), on, strict=True)]
        edited = with_words(PROMPT, spans(), texts)
        assert texts_in(edited, PROMPT, spans()) == tuple(texts)
        assert (edited == PROMPT) == all(on)
