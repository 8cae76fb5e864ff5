"""The glossary: terms are explained, reached by keyboard, readable in both themes; nothing else is markup."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pages._parts.show.glossary import MARK, TERMS, TIP, marked

PAGES = Path(__file__).parents[3] / "pages"


def parsed(text: str) -> ElementTree.Element:
    """What a browser makes of it; fails where it is not well-formed."""
    return ElementTree.fromstring(f"<p>{marked(text)}</p>")


def words_of(text: str) -> str:
    """What is read, without the definitions."""
    tree = parsed(text)
    for term in tree.iter("span"):
        for tip in term.findall("span"):
            term.remove(tip)
    return "".join(tree.itertext())


def test_a_term_shows_its_own_or_other_words_and_is_described_by_its_definition() -> None:
    tree = parsed("The [[control]] and two [[seed|seeds]].")
    terms = [span for span in tree.iter("span") if span.get("class") == "term"]
    assert [term.text for term in terms] == ["control", "seeds"]
    for term, name in zip(terms, ("control", "seed"), strict=True):
        (tip,) = term
        assert tip.text == TERMS[name] and tip.get("role") == "tooltip"
        assert term.get("aria-describedby") == tip.get("id") and term.get("tabindex") == "0"


@pytest.mark.parametrize("text", ["<b>x</b> & <script>", "a_b *c* $d$ `e` [f](g) [[", "λ < ⅓ > 0 | ]]"])
def test_everything_else_is_shown_as_it_is(text: str) -> None:
    assert words_of(text) == text and not list(parsed(text))
    assert words_of(f"[[seed|{text.replace('[', '').replace(']', '').replace('|', '')}]]").startswith(text[0])


def test_bold_is_bold_and_holds_no_markup() -> None:
    assert [(b.tag, b.text) for b in parsed("a **b & <i>** c")] == [("b", "b & <i>")]


def test_ids_are_unique_though_a_term_comes_twice() -> None:
    ids = [span.get("id") for span in parsed("[[seed]] [[seed]] [[control]]").iter("span") if span.get("id")]
    assert len(ids) == 3 == len(set(ids))


def test_an_unknown_term_is_refused() -> None:
    with pytest.raises(ValueError, match="The glossary has no term 'wizard': add it, or choose one of diffusion model"):
        marked("a [[wizard]]")


@pytest.mark.parametrize("name", TERMS)
def test_definitions_are_one_to_three_sentences_and_ids_differ(name: str) -> None:
    assert TERMS[name].endswith(".") and len(TERMS[name]) < 260
    assert parsed(f"[[{name}]]")[0][0].text == TERMS[name]


def test_the_ids_of_all_terms_differ() -> None:
    every = " ".join(f"[[{name}]]" for name in TERMS)
    ids = [span.get("id").rsplit("-", 2)[0] for span in parsed(every).iter("span") if span.get("id")]
    assert len(set(ids)) == len(TERMS)


def test_every_term_that_a_page_marks_is_there() -> None:
    used = {
        found[1]
        for file in PAGES.rglob("*.py")
        if file.name != "glossary.py"
        for found in MARK.finditer(re.sub(r'"\n\s+"', "", file.read_text()))
        if found[1]
    }
    assert {"surrogate", "control", "diffusion model"} <= used <= set(TERMS)


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2) of #rrggbb."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", TIP)
def test_definitions_can_be_read_in_both_themes(theme: str) -> None:
    dark, light = sorted(map(luminance, TIP[theme]))
    assert (light + 0.05) / (dark + 0.05) >= 7  # AAA
