"""What is left to the model: filled in, named as before where it is as usual, and told apart where it is not."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from side_core.dpm.folder import open_denoiser
from side_core.dpm.formats.own_sampling import OwnSampling, own_sampling_of
from side_core.dpm.ideal import IdealDenoiser
from side_core.sampling.completed import completed, origins
from side_core.sampling.picture_key import picture_identity
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings, SamplingSettings

SAID = {"spacing": "leading", "clip": "clip"}  # what settings said before it could be left to the model


def denoiser(ideal: IdealDenoiser, bounded: bool = True, **own: object) -> SimpleNamespace:
    """The ideal denoiser as far as settings look at it, with a scheduler of its own."""
    return SimpleNamespace(bounded=bounded, alphas_cumprod=ideal.alphas_cumprod, own_sampling=OwnSampling(**own))


def test_what_is_left_out_is_filled_in_and_what_is_chosen_stays(ideal: IdealDenoiser) -> None:
    model = denoiser(ideal, spacing="trailing", clip="off")
    full = completed(ExtractSettings(model="ideal", steps=3), model)
    assert full == ExtractSettings(model="ideal", steps=3, spacing="trailing", clip="off")
    chosen = ExtractSettings(spacing="karras", clip="clip-recompute")
    assert completed(chosen, model) == chosen
    assert completed(full, model) == full


@pytest.mark.parametrize("model", ["pixel-faces", "pixel-faces-twin", "ideal", "pixel-faces-text"])
def test_the_built_in_models_draw_as_before_and_their_pictures_keep_their_names(model: str) -> None:
    opened, prompt = open_denoiser(model), "a hat" if model == "pixel-faces-text" else None
    for changes in ({}, {"solver": "multistep"}, {"eta": 0.5, "steps": 600}, {"first_timestep": 500}):
        before = SamplingSettings(**changes, **SAID, prompt=prompt)
        now = SamplingSettings(**changes, prompt=prompt)
        assert picture_identity(now, opened) == picture_identity(before, opened) == before.picture_digest
        schedule = schedule_of(now, opened)
        assert [schedule.end_of(index) for index in range(len(schedule))] == list(schedule.alphas[1:])
    assert picture_identity(SamplingSettings(), opened) == "1f905a1cac626c3b"


@pytest.mark.parametrize(
    ("own", "changes", "differs"),
    [
        ({"steps_offset": 1}, {}, True),
        ({"steps_offset": 1}, {"spacing": "karras"}, False),  # an offset is of leading steps
        ({"clip_range": 2.0}, {}, True),
        ({"clip_range": 2.0}, {"clip": "off"}, False),
        ({"ends_clean": False}, {}, True),
        ({"ends_clean": False}, {"solver": "multistep"}, False),
        ({"fixed_stride": True}, {}, False),
        ({"fixed_stride": True, "spacing": "linspace"}, {"spacing": "linspace"}, True),
        ({"fixed_stride": True, "spacing": "linspace"}, {"spacing": "linspace", "solver": "multistep"}, False),
        ({"fixed_stride": True, "spacing": "linspace"}, {"spacing": "linspace", "first_timestep": 900}, False),
        ({"fixed_stride": True, "spacing": "linspace"}, SAID, False),
    ],
    ids=str,
)
def test_a_scheduler_that_is_not_as_usual_gives_pictures_other_names(
    ideal: IdealDenoiser, own: dict, changes: dict, differs: bool
) -> None:
    settings = SamplingSettings(**changes)
    usual = completed(settings, denoiser(ideal)).picture_digest
    assert (picture_identity(settings, denoiser(ideal, **own)) != usual) is differs


def test_each_value_says_where_it_is_from(ideal: IdealDenoiser) -> None:
    model = denoiser(ideal, spacing="leading", steps_offset=1, clip_range=2.0, ends_clean=False)
    found = {name: (origin.value, origin.source) for name, origin in origins(SamplingSettings(), model).items()}
    assert found == {
        "spacing": ("leading", "model"),
        "clip": ("clip", "model"),
        "clip_range": (2.0, "model"),
        "steps_offset": (1, "model"),
        "final_alpha": (float(ideal.alphas_cumprod[0]), "model"),
    }
    chosen = origins(SamplingSettings(spacing="karras", clip="off", solver="multistep"), model)
    assert {name: (origin.value, origin.source) for name, origin in chosen.items()} == {
        "spacing": ("karras", "settings"),
        "clip": ("off", "settings"),
        "clip_range": (None, "settings"),
        "steps_offset": (0, "settings"),
        "final_alpha": (1.0, "settings"),
    }
    latent = origins(SamplingSettings(clip="clip"), denoiser(ideal, bounded=False))
    assert (latent["clip"].value, latent["clip"].source) == ("off", "model")  # latents have no bounds


def test_a_denoiser_that_says_nothing_samples_as_ddim(ideal: IdealDenoiser) -> None:
    assert own_sampling_of(object()) == own_sampling_of(ideal) == OwnSampling()
    assert "offset 1, estimate not clipped, ends at the first noise level (x.json)" in str(
        replace(OwnSampling(), steps_offset=1, clip="off", ends_clean=False, source="x.json")
    )
