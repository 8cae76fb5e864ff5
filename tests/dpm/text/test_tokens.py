"""What a prompt becomes: words, what is cut, what is unknown; the ids are those of diffusers' pipeline."""

import gzip
import json
from pathlib import Path

import pytest

from side_core.dpm.text.text_encoder import read_tokenizer
from side_core.dpm.text.tokens import Tokens, Vocabulary, need_prompt
from side_core.dpm.text.vocabulary import byte_alphabet
from tests.dpm.text.small_folders import small_tokenizer

CONTEXT = 20


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(small_tokenizer(CONTEXT), CONTEXT)


def read(tokens: Tokens) -> list[tuple[str, list[str]]]:
    """Words with their pieces."""
    return [(word.text, [tokens.pieces[place] for place in word.tokens]) for word in tokens.words]


def test_words_stand_where_their_tokens_are(vocabulary: Vocabulary) -> None:
    found = vocabulary.tokens("Portrait of Ada  Novak, long hair")
    assert found.pieces[:9] == ("[start]", "Portrait", "of", "Ada", "Novak", ",", "long", "hair", "[end]")
    assert set(found.pieces[9:]) == {"[pad]"}
    assert [(word.text, word.tokens) for word in found.words] == [
        ("Portrait", (1,)),
        ("of", (2,)),
        ("Ada", (3,)),
        ("Novak", (4,)),
        ("long", (6,)),
        ("hair", (7,)),
    ]
    assert (found.end, found.cut, found.unknown) == (8, "", ())
    assert len(found.ids) == len(found.pieces) == CONTEXT


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "Ada",
        "a" * 300,
        "hat " * 18,
        "hat " * 19,
        "<b>Zoë</b>\n\tO'Neil's 😀 1990",
        "\0",
        "\u202ex",
        "<|endoftext|> hat",
    ],
)
def test_ids_are_those_of_the_tokenizer_itself(vocabulary: Vocabulary, prompt: str) -> None:
    expected = small_tokenizer(CONTEXT)(prompt, padding="max_length", max_length=CONTEXT, truncation=True).input_ids
    found = vocabulary.tokens(prompt)
    assert list(found.ids) == expected
    assert found.ids[found.end] == vocabulary.end and found.pieces[found.end] == "[end]"
    assert vocabulary.ids([prompt, "hat"])[0].tolist() == expected


def test_with_clip_s_own_vocabulary_the_ids_are_those_of_open_clip(tmp_path: Path) -> None:
    """The vocabulary of Stable Diffusion 1.x and 2.x, from the list that open_clip brings along."""
    import open_clip

    listed = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    merges = gzip.decompress(listed.read_bytes()).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    letters = byte_alphabet()
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(pair.split()) for pair in merges)]
    ids = {token: place for place, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    (tmp_path / "vocab.json").write_text(json.dumps(ids))
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "CLIPTokenizer"}')
    clip = Vocabulary(read_tokenizer(tmp_path), 77)
    for prompt in ("a photo of a cat", "Zoë's naïve café 😀 1990!", "Ann Graham Lotz " * 40):
        found = clip.tokens(prompt)
        expected = open_clip.tokenize([prompt])[0].tolist()  # which pads with 0
        assert list(found.ids[: found.end + 1]) == expected[: found.end + 1]
    assert clip.tokens("a photo of Ann Graham Lotz").unknown == ("Lotz",)


def test_a_word_in_pieces_is_unknown_and_one_word(vocabulary: Vocabulary) -> None:
    found = vocabulary.tokens("Zoë hat O'Hat 12 😀 zoë")
    assert found.unknown == ("Zoë", "😀", "zoë")
    assert [text for text, _ in read(found)] == ["Zoë", "hat", "O'Hat", "12", "😀", "zoë"]
    assert all(len(pieces) > 1 for text, pieces in read(found) if text != "hat")


def test_what_does_not_fit_is_said(vocabulary: Vocabulary) -> None:
    assert vocabulary.tokens("hat " * 18).cut == ""
    found = vocabulary.tokens("hat " * 18 + "glasses, Ada")
    assert found.cut == "glasses, Ada"
    assert (found.end, len(found.words)) == (CONTEXT - 1, 18)
    within = vocabulary.tokens("hat " * 17 + "xyzw, Ada")  # x fits, the rest of the word does not
    assert within.cut == "yzw, Ada"
    assert within.words[-1].text == "xyzw" and len(within.words[-1].tokens) == 1


def test_markup_is_plain_text(vocabulary: Vocabulary) -> None:
    found = vocabulary.tokens("<b>hat</b> **Ada**")
    assert "".join(found.pieces[1 : found.end]) == "<b>hat</b>**Ada**"
    assert [word.text for word in found.words] == ["b", "hat", "b", "Ada"]


def test_the_empty_prompt_has_no_words(vocabulary: Vocabulary) -> None:
    for prompt in ("", "  \n"):
        found = vocabulary.tokens(prompt)
        assert (found.words, found.cut, found.unknown, found.end) == ((), "", (), 1)
        with pytest.raises(ValueError, match=r"^The prompt is empty: type what the picture shall show\.$"):
            need_prompt(prompt)
    assert need_prompt("  hat ") == "hat"


def test_half_a_character_is_refused(vocabulary: Vocabulary) -> None:
    for refuse in (vocabulary.tokens, need_prompt):
        with pytest.raises(ValueError, match=r"not valid text \('\\ud83d'\): type it again"):
            refuse("hat \ud83d")
