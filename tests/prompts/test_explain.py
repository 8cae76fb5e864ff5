"""Token significance: against derivatives taken otherwise, a word that alone matters, and independence of batches."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from side_core.dpm.folder import open_denoiser
from side_core.dpm.text.denoiser import TextDenoiser, need_text
from side_core.dpm.text.tokens import Tokens, Word
from side_core.progress import finish
from side_core.prompts.explain import Explaining, Significance, explaining, significance_of
from side_core.settings import SIGNIFICANCE_AT, PromptSettings
from tests.dpm.text.small_folders import save_small

PROMPT = "portrait of Ada Novak, long hair"


@pytest.fixture(scope="module", params=["sd1", "sd2"])
def denoiser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextDenoiser:
    """An untrained model that predicts the noise, and one that predicts v."""
    folder = save_small(tmp_path_factory.mktemp("text") / request.param, request.param)
    return need_text(open_denoiser(str(folder)))


def explained(denoiser: TextDenoiser, prompt: str = PROMPT, **settings: object) -> Significance:
    """What the library finds by the encoder's output, in two of four steps, unless told otherwise."""
    asked = {"steps": 4, "first": 2, "significance_at": "encoded"} | settings
    return finish(explaining(denoiser, prompt, PromptSettings.read(asked)))


def noise_of(denoiser: TextDenoiser, seed: int) -> Tensor:
    return torch.randn((1, *denoiser.shape), generator=torch.Generator().manual_seed(seed))


def norm_at(denoiser: TextDenoiser, x: Tensor, t: int, text: Tensor) -> Tensor:
    """|| e_c - e_0 ||_2 of one image, from the contract alone."""
    return (denoiser.noise(x, t, text) - denoiser.predict_noise(x, t)).square().sum().sqrt()


def test_rows_are_those_of_a_plain_derivative_along_a_trajectory_walked_here(denoiser: TextDenoiser) -> None:
    scale, timesteps, images = 3.0, (750, 500, 250), 2
    text, total = denoiser.embed([PROMPT]), torch.zeros(denoiser.context)
    for seed in range(5, 5 + images):
        x = noise_of(denoiser, seed)
        for t, after in itertools.pairwise(timesteps):
            for row in range(denoiser.context):  # one row at a time, the others fixed
                own = text[0, row].clone().requires_grad_()
                whole = torch.cat([text[0, :row], own[None], text[0, row + 1 :]])[None]
                norm_at(denoiser, x, t, whole).backward()
                assert own.grad is not None
                total[row] += own.grad.square().sum().sqrt()
            e_c, e_0 = denoiser.predict_noise(x, t, text), denoiser.predict_noise(x, t)
            eps = e_0 + scale * (e_c - e_0)
            a, b = (float(denoiser.alphas_cumprod[step]) for step in (t, after))
            x = math.sqrt(b) * (x - math.sqrt(1 - a) * eps) / math.sqrt(a) + math.sqrt(1 - b) * eps
    found = explained(denoiser, seed=5, images=images)
    assert found.timesteps == timesteps[:2] and found.images == images
    assert torch.tensor(found.rows) == pytest.approx(total / (2 * images), rel=2e-3, abs=1e-5)


def test_rows_are_those_of_finite_differences(denoiser: TextDenoiser) -> None:
    x, text, row = noise_of(denoiser, 0), denoiser.embed([PROMPT]), 3
    found = explained(denoiser, first=1)
    gradient = torch.empty(text.shape[2])
    for place in range(text.shape[2]):
        moved = torch.zeros_like(text)
        moved[0, row, place] = 0.05
        up, down = (norm_at(denoiser, x, found.timesteps[0], text + sign * moved) for sign in (1, -1))
        gradient[place] = (up - down) / 0.1
    assert found.rows[row] == pytest.approx(float(gradient.norm()), rel=0.02)


def test_what_goes_into_the_encoder_comes_out_as_ever(denoiser: TextDenoiser) -> None:
    """The encoder's way from embeddings on is its own way from ids on."""
    prompts = [PROMPT, "", "Zoë <b>"]
    words = torch.cat([denoiser.words(prompt) for prompt in prompts])
    assert denoiser.encode_words(words).detach() == pytest.approx(denoiser.embed(prompts), abs=1e-5)


def test_rows_of_words_are_those_of_finite_differences(denoiser: TextDenoiser) -> None:
    x, words, row = noise_of(denoiser, 0), denoiser.words(PROMPT), 3
    found = explained(denoiser, first=1, significance_at="words")
    gradient = torch.empty(words.shape[2])
    with torch.no_grad():
        for place in range(words.shape[2]):
            moved = torch.zeros_like(words)
            moved[0, row, place] = 0.01
            up, down = (
                norm_at(denoiser, x, found.timesteps[0], denoiser.encode_words(words + sign * moved))
                for sign in (1, -1)
            )
            gradient[place] = (up - down) / 0.02
    assert found.rows[row] == pytest.approx(float(gradient.norm()), rel=0.03)


@pytest.mark.parametrize("at", SIGNIFICANCE_AT)
def test_an_image_counts_the_same_in_any_batch(denoiser: TextDenoiser, at: str) -> None:
    together, apart = (explained(denoiser, images=5, batch_size=size, significance_at=at) for size in (5, 2))
    assert together.rows == pytest.approx(apart.rows, rel=1e-4)
    alone = [explained(denoiser, images=1, seed=seed, significance_at=at).rows for seed in range(5)]
    assert together.rows == pytest.approx(torch.tensor(alone).mean(dim=0).tolist(), rel=1e-3)


class Planted(TextDenoiser):
    """Hears one row of the text, and a little of all the others."""

    def __init__(self, of: TextDenoiser, row: int):
        self.__dict__ |= of.__dict__
        self.row = row

    def noise(self, x: Tensor, t: int, condition: Tensor) -> Tensor:
        heard = condition[:, self.row].sum(dim=1) + 0.01 * condition.sum(dim=(1, 2))
        return x + 10 * heard.view(-1, 1, 1, 1)


@pytest.mark.parametrize("place", [2, 5])
def test_a_planted_word_wins(denoiser: TextDenoiser, place: int) -> None:
    word = denoiser.tokens(PROMPT).words[place]
    found = explained(Planted(denoiser, word.tokens[0]), images=2)
    assert found.ranked[0].text == word.text == PROMPT.replace(",", "").split()[place]
    assert found.words[place].rank == 1 and found.words[place].value > 50 * found.ranked[1].value
    assert sorted(one.rank for one in found.words) == list(range(1, 7))


def test_a_word_has_the_largest_of_its_tokens_and_other_rows_are_no_words() -> None:
    words = (Word("Ada", (1,)), Word("Quirrelmore", (2, 3, 4)), Word("hat", (6,)))  # a comma between them
    tokens = Tokens((9, 1, 2, 3, 4, 5, 6, 8, 8, 8), ("",) * 10, words, 7, "", ())
    rows = [0.9, 0.4, 0.1, 0.3, 0.2, 0.8, 0.5, 0.6, 0.05, 0.07]
    found = significance_of(tokens, rows, 1, (980,))
    assert [(word.text, word.value, word.rank) for word in found.words] == [
        *(("Ada", 0.4, 2), ("Quirrelmore", 0.3, 3), ("hat", 0.5, 1))
    ]
    assert (found.start, found.end, found.padding) == (0.9, 0.6, 0.07)
    assert [word.text for word in found.ranked] == ["hat", "Ada", "Quirrelmore"]


def test_a_prompt_that_fills_the_context_has_no_padding(denoiser: TextDenoiser) -> None:
    found = explained(denoiser, "portrait " * denoiser.context, first=1)
    assert found.padding == 0 and found.end > 0 and len(found.words) == denoiser.context - 2


def test_progress_is_handed_out_and_the_work_can_be_left(denoiser: TextDenoiser) -> None:
    work = explaining(denoiser, PROMPT, PromptSettings(steps=4, first_steps=2, score_images=3, batch_size=2))
    assert next(work) == Explaining(1, 4)
    assert [event.done for event in work] == [2, 3, 4]


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [("  ", "The prompt is empty: type what the picture shall show."), (" ,.", "There is no word in ' ,.'")],
)
def test_nothing_to_explain_gets_a_sentence(denoiser: TextDenoiser, prompt: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        explained(denoiser, prompt)


def test_a_gradient_that_is_no_number_gets_a_sentence(denoiser: TextDenoiser) -> None:
    class Silent(TextDenoiser):
        """Does not hear the text: the norm is 0, and has no derivative there."""

        def noise(self, x: Tensor, t: int, condition: Tensor) -> Tensor:
            return x + torch.nan * condition.sum()

    silent = Silent.__new__(Silent)
    silent.__dict__ |= denoiser.__dict__
    with pytest.raises(ValueError, match="NaN or infin"):
        explained(silent)
