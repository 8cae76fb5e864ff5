"""The search for triggers: a model whose triggers are planted, and what a search may be given."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from side_core.dpm.text.tokens import Vocabulary
from side_core.mitigation import search as search_module
from side_core.mitigation.chain import KEPT, round_of
from side_core.mitigation.search import Search
from side_core.mitigation.sentences import in_words, sentences_of, words_of
from side_core.progress import finish
from side_core.prompts.held_out import HeldOut
from side_core.settings.mitigation import MitigationSettings
from tests.dpm.text.small_folders import small_tokenizer

WORDS = tuple(f"w{number}" for number in range(30))
SENTENCE = "a picture of w0 w1, w2"
TRIGGERS = (("w7", "w9"), ("w7", "w12"), ("w21", "w12"))  # both words of a pair, side by side
SHAPE = (2, 4, 4)
PULL = 8.0


class Planted:
    """Each prompt pulls by 0.8 to 1.2 into a direction of its own, by 8 where it holds a trigger.

    Args:
        alone: a word that adds 2, whatever stands beside it.
        beside: a word that doubles the pull of triggers.
    """

    shape, bounded, classes = SHAPE, False, 0
    device, fingerprint, arithmetic = torch.device("cpu"), "planted", "float32"

    def __init__(
        self,
        triggers: Sequence[tuple[str, str]] = TRIGGERS,
        broken: bool = False,
        alone: str | None = None,
        beside: str | None = None,
    ):
        self.alphas_cumprod = torch.linspace(0.999, 0.001, 100, dtype=torch.float64)
        self.triggers, self.broken, self.alone, self.beside = triggers, broken, alone, beside
        self.scored = 0

    def pull(self, prompt: str) -> np.ndarray:
        """(32,)."""
        words = in_words(prompt).words
        for number, pair in enumerate(self.triggers):
            if pair in itertools.pairwise(words):
                own = np.random.default_rng((number, self.beside in words)).standard_normal(32)
                return (1 + (self.beside in words)) * PULL * own / np.linalg.norm(own)
        random = np.random.default_rng(list(prompt.encode()))
        own = random.standard_normal(32)
        return (random.uniform(0.8, 1.2) + 2 * (self.alone in words)) * own / np.linalg.norm(own)

    def embed(self, prompts: Sequence[str]) -> Tensor:
        """(n, 1, 32) the pull itself."""
        return torch.tensor(np.stack([self.pull(prompt) for prompt in prompts])).float()[:, None]

    def predict_noise(self, x: Tensor, t: int, condition: Tensor | None = None) -> Tensor:
        """Half of x, and what the text adds."""
        if condition is None:
            return x / 2
        self.scored += len(x)
        return torch.full_like(x, torch.nan) if self.broken else x / 2 + condition.view(-1, *SHAPE)


def held_out() -> HeldOut:
    random = np.random.default_rng(0)
    return HeldOut("planted", random.uniform(0.8, 1.2, (200, 1, 1)).astype(np.float32).repeat(2, axis=1), "")


def planted(
    model: Planted | None = None, sentence: str = SENTENCE, words: tuple[str, ...] = WORDS, **settings: Any
) -> Search:
    chosen = MitigationSettings(**{"task": "triggers", "iterations": 60, **settings})
    return Search(model or Planted(), held_out(), chosen, words, (sentence,))  # type: ignore[arg-type]


def pairs_in(part: Any) -> set[tuple[str, str]]:
    pairs = {pair for find in part["finds"] for pair in itertools.pairwise(in_words(find["prompt"]).words)}
    return pairs & set(TRIGGERS)


def test_planted_triggers_are_found() -> None:
    part = finish(round_of(planted(), 0, []))
    assert pairs_in(part) == set(TRIGGERS)
    strong = [find for find in part["finds"] if find["score"] > 2]
    assert [find["score"] for find in strong] == pytest.approx([PULL] * len(TRIGGERS), rel=1e-4)  # each once
    assert {tuple(word for _, word in find["takes"]) for find in strong} == set(TRIGGERS)  # and no word beside it
    others = len(part["finds"]) - len(strong)
    assert others <= 0.02 * part["evaluations"]  # as the bound of 1 % of the held-out prompts allows


def test_it_evaluates_far_less_than_all_sentences() -> None:
    model = Planted()
    part = finish(round_of(planted(model), 0, []))
    assert part["evaluations"] == model.scored < 4000 < len(WORDS) ** 3


def test_where_no_prompt_stands_out_nothing_is_found() -> None:
    parts = [finish(round_of(planted(Planted(triggers=())), number, [])) for number in range(2)]
    held = held_out()
    alarms = held.threshold(0.01)
    assert sum(len(part["finds"]) for part in parts) <= 0.02 * sum(part["evaluations"] for part in parts)
    assert all(find["score"] > alarms.value for part in parts for find in part["finds"])
    far = HeldOut("far", np.full((10, 2, 1), 2.0, np.float32), "")
    search = Search(Planted(()), far, planted().settings, WORDS, (SENTENCE,))  # type: ignore[arg-type]
    assert finish(round_of(search, 0, []))["finds"] == []


def test_a_round_depends_on_its_number_and_those_before_alone() -> None:
    first, again = planted(), planted()
    one, two = finish(round_of(first, 0, [])), finish(round_of(first, 1, []))
    assert finish(round_of(again, 1, [])) == two  # in another order
    assert finish(round_of(again, 0, [])) == one
    read = json.loads(json.dumps(one))
    assert read == one
    assert one != two
    assert finish(round_of(first, 1, [one])) == finish(round_of(again, 1, [read]))
    assert finish(round_of(planted(seed=1), 0, [])) == two  # the seed is S + number; the noise changes nothing here


def test_what_an_earlier_round_tried_is_not_tried_again() -> None:
    search = planted()
    one = finish(round_of(search, 0, []))
    again = finish(round_of(search, 1, [one]))
    assert one["tried"] and again["tried"]
    assert [tried for tried in again["tried"] if tried in one["tried"]] == []


def test_a_word_that_pulls_by_itself_is_one_find_and_is_drawn_no_more() -> None:
    search = planted(Planted(alone="w5"))
    part = finish(round_of(search, 0, []))
    assert part["heavy"] == ["w5"]
    alone = [find for find in part["finds"] if [word for _, word in find["takes"]] == ["w5"]]
    assert 1 <= len(alone) <= KEPT  # not one with each other word
    later = finish(round_of(search, 1, [part]))
    assert not any("w5" in find["prompt"].split() for find in later["finds"])


def test_the_words_of_a_find_are_put_into_other_sentences() -> None:
    """A pair that pulls twice as hard beside another word, which is none of those that are drawn."""
    model = Planted(beside="yes")
    chosen = planted().settings
    search = Search(model, held_out(), chosen, WORDS, (SENTENCE, "a yes of w0 w1, w2"))  # type: ignore[arg-type]
    best = finish(round_of(search, 0, []))["finds"][0]
    assert "yes" in best["prompt"] and best["score"] == pytest.approx(2 * PULL, rel=1e-4)
    assert "yes" not in [word for _, word in best["takes"]]


def test_stopped_and_begun_again_it_is_the_same() -> None:
    search = planted()
    whole = finish(round_of(search, 2, []))
    broken_off = round_of(search, 2, [])
    for _ in range(7):
        next(broken_off)
    broken_off.close()
    assert finish(round_of(search, 2, [])) == whole


@pytest.mark.parametrize("sentence", [SENTENCE, "w3"])
def test_the_number_of_events_is_said_before(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "_BATCH", 8)
    search = planted(sentence=sentence)
    assert sum(1 for _ in round_of(search, 0, [])) == search.steps_a_round() == 60 * (4 + 1)


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = finish(round_of(planted(), 0, []))
    monkeypatch.setattr(search_module, "_BATCH", 7)
    assert pairs_in(finish(round_of(planted(), 0, []))) == pairs_in(whole)


def test_punctuation_stays_where_it_is() -> None:
    sentence = in_words("portrait of Ada O'Neil, long hair!")
    assert sentence.words == ("portrait", "of", "Ada", "O'Neil", "long", "hair")
    assert sentence.text == "portrait of Ada O'Neil, long hair!"
    assert sentence.replaced(*enumerate("abcdef")).text == "a b c d, e f!"
    assert in_words(sentence.text) == sentence
    for find in finish(round_of(planted(), 0, []))["finds"]:
        assert in_words(find["prompt"]).between == in_words(SENTENCE).between


def test_nan_is_said() -> None:
    with pytest.raises(ValueError, match="NaN"):
        finish(round_of(planted(Planted(broken=True)), 0, []))


def test_what_cannot_be_searched() -> None:
    with pytest.raises(ValueError, match="two or more"):
        planted(words=("one",))
    with pytest.raises(ValueError, match="no sentence with a word"):
        planted(sentence="... !")
    with pytest.raises(ValueError, match="first alone"):
        Search(Planted(), HeldOut("", np.ones((4, 2, 3), np.float32), ""), planted().settings, WORDS, (SENTENCE,))  # type: ignore[arg-type]


class Reading:
    """What reads prompts, without a network."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary(small_tokenizer(20), 20)
        self.tokens = self.vocabulary.tokens


def settings(**more: Any) -> MitigationSettings:
    return MitigationSettings(**{"task": "triggers", **more})


def test_whole_words_of_a_vocabulary() -> None:
    reading: Any = Reading()
    words = words_of(reading, settings())
    assert {"portrait", "ada", "novak", "boris", "glasses"} <= set(words)
    assert all(len(word) > 1 and word.isalpha() and reading.tokens(word).end == 2 for word in words)


def test_too_many_words_name_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    many = {f"{''.join(letters)}</w>": 0 for letters in itertools.product("abcdefghij", repeat=4)}
    vocabulary: Any = SimpleNamespace(tokenizer=SimpleNamespace(get_vocab=lambda: many))
    vocabulary.whole_words = lambda: Vocabulary.whole_words(vocabulary)
    with pytest.raises(ValueError, match=r"10,000 words, too many.*name a file of 5,000 words or fewer"):
        words_of(SimpleNamespace(vocabulary=vocabulary), settings())  # type: ignore[arg-type]


def test_words_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("red\nfox\nO'Neil\nred\n")
    assert words_of(Reading(), settings(words=str(file))) == ("red", "fox", "O'Neil")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"red\n\nfox\n", "1 line left out .line 2: empty"),
        (b"red\n\xff\n", "line 2: byte 1 is no UTF-8"),
        (b"red\nblue fox\n", "Line 2 of .*'blue fox': write one word a line"),
        (b"red\n,\n", "Line 2 of .*write one word a line"),
        (b"", "holds no prompt"),
        (b"\n".join(b"w%d" % number for number in range(5001)), "5,001 words, too many"),
    ],
)
def test_a_file_that_is_no_list_of_words(content: bytes, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        words_of(Reading(), settings(words=str(file)))  # type: ignore[arg-type]


def test_rounds_begin_with_sentences_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = planted().settings
    both = Search(Planted(), held_out(), chosen, WORDS, ("x w0 w1", "y! w0 w1"))  # type: ignore[arg-type]
    asked: list[str] = []
    monkeypatch.setattr(
        search_module, "embedded", lambda model, sentences: asked.extend(sentences) or model.embed(sentences)
    )
    for number in (0, 1):
        next(round_of(both, number, []))
    assert in_words(asked[0]).between[1] == " " and in_words(asked[-1]).between[1] == "! "


def test_the_sentences_to_begin_with() -> None:
    reading: Any = Reading()
    prompts = tuple(f"portrait of {name}" for name in ("Ada", "Boris", "Novak"))
    found = sentences_of(reading, settings(), prompts)
    assert sorted(found) == sorted(prompts)
    assert sentences_of(reading, settings(rounds=2), prompts) == found  # the words of a find are tried in all of them
    assert sentences_of(reading, settings(sentence=" a red fox "), ()) == ("a red fox",)
    with pytest.raises(ValueError, match="give a sentence"):
        sentences_of(reading, settings(), ())
    with pytest.raises(ValueError, match="no word"):
        sentences_of(reading, settings(sentence="?!"), ())
    with pytest.raises(ValueError, match="does not read"):
        sentences_of(reading, settings(sentence="glasses " * 30), ())
