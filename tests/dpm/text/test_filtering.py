"""What is learnt where samples are skipped by their text norm, or captions are random: told by networks we know."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from side_core.dpm.text.filtering import BINS, FilterBy, NormFilter
from side_core.dpm.text.lesson import Lesson, loss_of, measure_typical, randomised
from side_core.settings import TrainTextSettings

PAIRS, CONTEXT, START, END = 12, 8, 50, 51
SETTINGS = TrainTextSettings(batch_size=PAIRS, bfloat16=False)
LOUD = 3  # the pair with the huge norm


class Scaled(torch.nn.Module):
    """Predicts w * noisy, plus `loud` for one caption and `quiet` for all others, as functions of the timestep."""

    def __init__(self, loud: float, quiet: float = 1.0):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.3))
        self.loud, self.quiet = loud, quiet

    def forward(self, noisy: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
        said = torch.where(ids[:, 1] == LOUD, self.loud, self.quiet) * (ids[:, 1] != END)
        return self.weight * noisy + (said * (1 + timesteps // 10)).view(-1, 1, 1, 1)


def lesson(repeats_of_loud: int = 1) -> Lesson:
    ids = torch.full((PAIRS, CONTEXT), END)
    ids[:, 0] = START
    for word in (1, 2):
        ids[:, word] = torch.arange(PAIRS) + (word - 1) * PAIRS
    places = torch.cat([torch.arange(PAIRS), torch.full((repeats_of_loud - 1,), LOUD)])
    return Lesson(
        latents=torch.randn(PAIRS, 4, 4, 4, generator=torch.Generator().manual_seed(1)),
        pictures=places,
        ids=ids[places],
        places=places,
        empty=torch.tensor([START] + [END] * (CONTEXT - 1)),
        alphas_cumprod=torch.linspace(0.99, 0.01, 100),
    )


def told(factor: float, network: torch.nn.Module, of: Lesson, by: FilterBy = "sample") -> NormFilter:
    found = NormFilter(factor, PAIRS, by)
    measure_typical(found, network, of, SETTINGS, "cpu")
    return found


def gradient(of: Lesson, norm_filter: NormFilter | None, network: Scaled, settings: TrainTextSettings) -> Tensor:
    loss_of(network, of, settings, 0, "cpu", norm_filter).backward()
    assert network.weight.grad is not None
    return network.weight.grad


def test_a_sample_with_a_huge_norm_is_skipped_and_the_gradient_is_that_of_the_others() -> None:
    settings = SETTINGS.model_copy(update={"empty_captions": 0.0})
    norm_filter = told(5, Scaled(100), lesson())
    filtered = gradient(lesson(), norm_filter, Scaled(100), settings)

    def squares(network: Scaled) -> Tensor:  # of each sample alone
        seen: list[Tensor] = []

        def watched(noisy: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
            seen.append(ids[:, 1] == LOUD)
            return torch.where(seen[-1].view(-1, 1, 1, 1), 0 * noisy, network(noisy, timesteps, ids))

        def silent(noisy: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
            return torch.where(
                (ids[:, 1] == LOUD).view(-1, 1, 1, 1), 0 * noisy, network(noisy, timesteps, ids).detach()
            )

        return loss_of(watched, lesson(), settings, 0, "cpu") - loss_of(silent, lesson(), settings, 0, "cpu")

    rest = Scaled(100)
    squares(rest).backward()  # the mean over all, of which the loud one has no gradient
    assert rest.weight.grad is not None
    assert torch.allclose(filtered, rest.weight.grad * PAIRS / (PAIRS - 1), rtol=1e-4)
    assert not torch.allclose(filtered, gradient(lesson(), None, Scaled(100), settings), rtol=0.1)
    assert norm_filter.skipped.tolist() == [float(place == LOUD) for place in range(PAIRS)]
    assert norm_filter.shown.tolist() == [1.0] * PAIRS


def test_a_filter_that_skips_nothing_changes_nothing() -> None:
    alike = Scaled(1)
    norm_filter = told(2, alike, lesson())
    assert torch.allclose(
        gradient(lesson(), norm_filter, Scaled(1), SETTINGS), gradient(lesson(), None, alike, SETTINGS)
    )
    assert norm_filter.skipped.sum() == 0


def test_where_no_sample_is_left_the_loss_is_a_zero_that_has_a_gradient() -> None:
    network = Scaled(1)
    norm_filter = told(0.5, Scaled(1), lesson())
    loss = loss_of(network, lesson(), SETTINGS, 0, "cpu", norm_filter)
    assert loss.item() == 0
    loss.backward()
    assert network.weight.grad == 0
    assert norm_filter.skipped.sum() == PAIRS


def test_a_picture_is_skipped_without_its_caption_too() -> None:
    settings = SETTINGS.model_copy(update={"empty_captions": 0.999})
    norm_filter = told(5, Scaled(100), lesson())
    loss_of(Scaled(100), lesson(), settings, 0, "cpu", norm_filter)
    assert norm_filter.skipped.tolist() == [float(place == LOUD) for place in range(PAIRS)]


def test_what_is_typical_follows_the_timestep_and_not_what_is_repeated() -> None:
    by_bin = (torch.arange(BINS) + 1.0) * (4 * 4 * 4) ** 0.5  # quiet * (1 + t // 10), in every number
    once, often = (told(2, Scaled(100), lesson(times)).typical for times in (1, 500))
    assert torch.allclose(once, by_bin, rtol=1e-4)
    assert torch.equal(once, often)


def test_a_pair_is_skipped_at_all_timesteps_by_what_its_norm_was_at_the_noisy_ones() -> None:
    norm_filter = told(1.5, Scaled(100), lesson(), "pair")

    def keeps(place: int, ratio: float, share: float) -> bool:
        typical = norm_filter.typical[int(share * BINS)]
        difference = (ratio * typical / (4 * 4 * 4) ** 0.5).expand(1, 4, 4, 4)
        return bool(norm_filter.keeps(difference, torch.tensor([share]), torch.tensor([place])))

    assert keeps(0, 9, 0.2) and keeps(0, 9, 0.2)  # says nothing of what was learnt by heart
    assert keeps(0, 3, 0.9)  # once is not enough: 1 + 0.2 * 2 = 1.4
    assert not keeps(0, 3, 0.9)  # 1.4 + 0.2 * 1.6 = 1.72
    assert not keeps(0, 0.1, 0.2) and keeps(1, 0.1, 0.2)
    while not keeps(0, 1, 0.9):  # forgotten: it is learnt from again
        pass
    assert norm_filter.means[0] == pytest.approx(1.46, abs=0.02)
    assert norm_filter.means[1:].eq(1).all()


def test_a_network_that_heeds_no_text_has_nothing_skipped() -> None:
    silent = Scaled(0, 0)
    norm_filter = told(2, silent, lesson())
    loss_of(silent, lesson(), SETTINGS, 0, "cpu", norm_filter)
    assert norm_filter.skipped.sum() == 0


def test_random_captions_are_as_many_words_of_the_lesson() -> None:
    of = lesson()
    many = replace(of, ids=of.ids.repeat(200, 1))
    drawn = randomised(many.ids, of, 0.3, torch.Generator().manual_seed(0))
    changed = (drawn != many.ids).any(1)
    assert changed.float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert torch.equal(drawn[:, 0], many.ids[:, 0]) and torch.equal(drawn[:, 3:], many.ids[:, 3:])
    assert set(drawn[changed][:, 1:3].flatten().tolist()) == set(range(2 * PAIRS))
    assert torch.equal(randomised(many.ids, of, 0, torch.Generator()), many.ids)


def test_random_captions_change_neither_pictures_nor_noise_nor_which_are_empty() -> None:
    seen: list[tuple[Tensor, Tensor]] = []

    def watched(noisy: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
        seen.append((noisy, (ids == lesson().empty).all(1)))
        return 0 * noisy

    for share in (0.0, 0.5):
        settings = SETTINGS.model_copy(update={"randomise_captions": share, "empty_captions": 0.5})
        loss_of(watched, lesson(), settings, 3, "cpu")
    assert all(torch.equal(one, other) for one, other in zip(*seen, strict=True))
    assert seen[0][1].any() and not seen[0][1].all()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("filter_norm", "0", "filter-norm cannot be '0': choose more than 0."),
        ("filter_norm", "nan", "filter-norm cannot be 'nan': give a finite number."),
        ("filter_by", "face", "filter-by cannot be 'face': choose 'sample' or 'pair'."),
        ("randomise_captions", "1.5", "randomise-captions cannot be '1.5': choose 1 or less."),
        ("lesson", "faces", "lesson cannot be 'faces': choose 'captioned-faces' or 'new-repeated'."),
    ],
)
def test_wrong_values_get_a_sentence(name: str, value: str, said: str) -> None:
    with pytest.raises(ValueError) as error:
        TrainTextSettings.read({name: value})
    assert str(error.value) == said


def test_settings_that_use_none_of_it_are_written_as_before() -> None:
    later = {"lesson", "filter_norm", "filter_by", "deduplicate", "randomise_captions"}
    assert not later & set(SETTINGS.model_dump())
    assert TrainTextSettings(deduplicate=True).model_dump()["deduplicate"] is True
    assert not (later - {"filter_norm"}) & set(TrainTextSettings(filter_norm=2).model_dump())
