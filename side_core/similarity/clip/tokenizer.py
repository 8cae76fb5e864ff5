"""The tokenizer of a CLIP model: its own, from its folder, or the vocabulary that open_clip brings along."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from side_core.dpm.formats.config import first_line, read_config
from side_core.dpm.text.tokenizer_files import checked_files, limit_of
from side_core.similarity.clip.encoder import CONFIG, LOCAL, TOKENIZER, ClipModel

_Tokenize = Callable[..., Tensor]
PROBE = "a face with a red hat"


def open_tokenizer(model: ClipModel) -> _Tokenize:
    """open_clip's tokenizer of a model: (n) texts to (n, context) int64 ids. No network is used and no code run.

    Raises:
        ValueError: a file is missing or damaged, or the tokenizer does not fit the text network.
    """
    import open_clip  # seconds to import

    text = model.config["text_cfg"]
    own = bool(text.get("hf_tokenizer_name"))
    if own:
        _check_files(model)
    safe = {"trust_remote_code": False, "local_files_only": True} if own else {}  # before what the folder says
    try:
        tokenize: Any = open_clip.get_tokenizer(f"{LOCAL}{model.folder}", **safe)
        ids = tokenize([PROBE])
    except Exception as error:  # whatever transformers makes of such files
        raise ValueError(
            f"The tokenizer in '{model.folder}' cannot be read ({first_line(error)}): copy its files again."
        ) from None
    size, highest = text.get("vocab_size", 0), int(ids.max())
    if highest >= size:
        which = "its tokenizer" if own else "open_clip's own vocabulary, as the folder has no other,"
        raise ValueError(
            f"The text network in '{model.folder}' knows {size:,} tokens, but {which} has more: "
            f"name the right one in {CONFIG} and put {TOKENIZER[0]} beside it."
        )
    end = tokenize.tokenizer.eos_token_id if own else highest
    if text.get("pool_type", "argmax") == "argmax" and end != highest:
        raise ValueError(
            f"The end of a text is token {end} in '{model.folder}', but its text network takes the highest one, "
            f"{highest}, for it: save the model again."
        )
    return tokenize


def _check_files(model: ClipModel) -> None:
    """Raise ValueError where a tokenizer's file is missing, is no JSON, or may not be read."""
    for name in TOKENIZER:
        file = model.folder / name
        if not file.is_file():
            raise ValueError(f"'{model.folder}' has no {name}: copy the model's tokenizer there.")
        read_config(file, limit_of(name).size)
    checked_files(model.folder)


def is_cut(tokenize: _Tokenize, text: str, context: int) -> bool:
    """Whether a text is longer than the text network reads: with room for one token more it looks different."""
    return not tokenize([text], context_length=context + 1)[:, :context].equal(tokenize([text]))


def in_pieces(tokenize: Any, text: str) -> tuple[str, ...]:
    """Words that a model's own vocabulary knows in pieces only; none where that is not known."""
    from side_core.dpm.text.tokens import words_in

    tokenizer = getattr(tokenize, "tokenizer", None)
    if tokenizer is None:
        return ()
    words: Sequence[str] = [word for word, *_ in words_in(text)]
    split = (len(tokenizer(word, add_special_tokens=False)["input_ids"]) > 1 for word in words)
    return tuple(dict.fromkeys(word for word, pieces in zip(words, split, strict=True) if pieces))
