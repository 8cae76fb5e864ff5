"""The vocabulary learnt from captions: whole words, every byte, the end with the highest id."""

from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from side_core.data.captioned import captioned_faces, held_out_captions
from side_core.dpm.text.vocabulary import END, START, byte_alphabet, learn_merges, merged, new_tokenizer

CONTEXT = 20


@pytest.fixture(scope="module")
def tokenizer() -> CLIPTokenizer:
    return new_tokenizer([face.caption for face in captioned_faces()], CONTEXT)


def test_the_commonest_pair_is_merged_first() -> None:
    assert learn_merges(["aab", "aab", "ab"])[0] == ("a", "b</w>")  # three times; a a twice
    assert learn_merges(["ab", "cd"]) == [("a", "b</w>"), ("c", "d</w>")]
    assert learn_merges(["a"]) == []
    assert merged(("a", "a", "a"), ("a", "a")) == ("aa", "a")


def test_the_alphabet_is_that_of_the_tokenizers_library() -> None:
    from tokenizers.pre_tokenizers import ByteLevel

    assert len(byte_alphabet()) == 256
    assert set(byte_alphabet()) == set(ByteLevel.alphabet())


def test_every_word_of_every_caption_is_one_token(tokenizer: CLIPTokenizer) -> None:
    captions = [*(face.caption for face in captioned_faces()), *held_out_captions()]
    for caption in captions[::7]:
        count = len(caption.replace(",", " ,").split())
        ids = tokenizer(caption).input_ids
        assert len(ids) == count + 2 <= CONTEXT
        assert (ids[0], ids[-1]) == (tokenizer.bos_token_id, tokenizer.eos_token_id)


def test_the_end_has_the_highest_id_and_fills(tokenizer: CLIPTokenizer) -> None:
    assert tokenizer.convert_ids_to_tokens([len(tokenizer) - 2, len(tokenizer) - 1]) == [START, END]
    assert tokenizer.pad_token_id == tokenizer.eos_token_id == len(tokenizer) - 1


@pytest.mark.parametrize("text", ["Zoë", "<b>x</b>", "😀 12", "a\tb", "日本"])
def test_nothing_is_unknown(tokenizer: CLIPTokenizer, text: str) -> None:
    ids = tokenizer(text).input_ids[1:-1]
    assert ids and tokenizer.eos_token_id not in ids
    assert tokenizer.decode(ids).replace(" ", "") == text.lower().replace(" ", "").replace("\t", "")


def test_saved_and_opened_it_is_the_same(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    again = CLIPTokenizer.from_pretrained(tmp_path, local_files_only=True)
    texts = ["portrait of Ada Novak, long hair", "Zoë & co."]
    assert again(texts).input_ids == tokenizer(texts).input_ids
    assert again.model_max_length == CONTEXT
