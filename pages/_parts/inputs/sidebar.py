"""The sidebar of Extract: what is examined, how it is drawn, how it is scored."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._parts.inputs import controls, view
from pages._parts.inputs.encoder_weights import weights_input
from pages._parts.inputs.steering import follow_model
from pages._parts.links import checks, notices
from pages._parts.links.link_values import BY_RATE, BY_SCORE
from pages._parts.show.reading import show_reading
from side_core.data.source import check_source
from side_core.dpm.denoiser import Denoiser
from side_core.dpm.description import describe
from side_core.dpm.folder import known_models
from side_core.dpm.formats.own_sampling import own_sampling_of
from side_core.dpm.text.denoiser import TextDenoiser
from side_core.extraction.subject import ImageSets
from side_core.files.assets import SHIPPED
from side_core.sampling.prompt import check_prompt
from side_core.settings import Mode
from side_core.similarity.scores import SCORES
from side_core.similarity.views import most_align, views_of

_PERCENT = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


def model_inputs(sets: DeltaGenerator | None = None) -> dict[str, Any]:
    """Which model, training images and control.

    Args:
        sets: where the latter are asked for; left out: below the model.
    """
    model = controls.open_choice("model", known_models(), check=describe, on_change=follow_model)
    return {"model": model, **set_inputs(model, sets)}


def set_inputs(model: str, place: DeltaGenerator | None = None) -> dict[str, Any]:
    """What is said of a model, and which training images and control take the place of its own.

    Args:
        model: which.
        place: where the latter are asked for; left out: here.
    """
    chosen: dict[str, Any] = {}
    own = SHIPPED.get(model)
    if own is not None:
        st.caption(own.description)
    here = view.detail("sets") if place is None else place
    with here, st.expander("Other training images or control", expanded=own is None):
        data, control = "as the model's card says", "none: the headline is withheld"
        chosen["data"] = controls.text(
            "data", own.data if own else data, check=_check_images, instead="what the model was trained on"
        )
        chosen["control"] = controls.text(
            "control", own.control if own else control, check=_check_images, instead="the model's own, if any,"
        )
    return {name: value for name, value in chosen.items() if value}


def _check_images(source: str) -> None:
    """Raise ValueError where a link names images that there are none of, or those of a model that cannot be used."""
    if notices.replaced("model"):
        raise ValueError("They go with that model.")
    check_source(source)


def mode_input() -> Mode:
    """Exact or fast arithmetic; a page is fast unless told otherwise."""
    mode: Mode = controls.choice("mode", default="fast")
    return mode


def score_inputs() -> dict[str, Any]:
    """Which pictures are scored, and against what."""
    chosen = {
        "samples": controls.text("samples", "folder, .npy or .npz"),
        "data": controls.text("data", "folder, .npy or .npz"),
        "control": controls.text("control", "none: the headline is withheld"),
    }
    return {name: value for name, value in chosen.items() if value}


def _prompt_inputs(denoiser: Denoiser) -> dict[str, Any]:
    """What a text-to-image model is to show, and how hard it follows; what of it is not read as typed is said.

    Raises:
        ValueError: a public app does not read a prompt as long.
    """
    if not isinstance(denoiser, TextDenoiser):
        if texts := st.query_params.get_all("prompt"):
            notices.say(notices.missing("Prompt", texts, "none", "This model draws without a text."))
        return {}
    prompt = controls.text("prompt", "none: the empty prompt")
    if not prompt:
        return {}
    check_prompt(prompt, denoiser)
    chosen = {"prompt": prompt, "text_scale": controls.slider("text_scale", step=0.5)}
    show_reading(denoiser.tokens(prompt), denoiser.context)
    return chosen


def picture_inputs(denoiser: Denoiser) -> dict[str, Any]:
    """Of what, and how many."""
    return {**_prompt_inputs(denoiser), "count": controls.slider("count")}


def sampling_inputs(denoiser: Denoiser, steered: bool) -> dict[str, Any]:
    """In how many steps and from which seeds; of a class-conditional model that nothing steers, also which class."""
    chosen: dict[str, Any] = {"steps": controls.slider("steps"), "seed": controls.number("seed")}
    if denoiser.classes and not steered:
        label = controls.label(range(denoiser.classes))
        chosen["label"] = None if label == "uniform" else label  # as a steered run draws its plain pictures
    return chosen


def schedule_inputs(denoiser: Denoiser) -> dict[str, Any]:
    """Which timesteps are visited, and how much noise is added back."""
    last = len(denoiser.alphas_cumprod) - 1
    return {
        "spacing": controls.choice_or_model("spacing", own_sampling_of(denoiser).spacing),
        "first_timestep": first_timestep_input(last),
        "last_timestep": controls.slider("last_timestep", high=last),
        "eta": controls.slider("eta"),
    }


def first_timestep_input(last: int) -> int | None:
    """Where denoising starts; None at pure noise, so that the pictures are those of the command line's default.

    Args:
        last: the noisiest timestep of the model.
    """
    first = controls.slider("first_timestep", high=last, default=last)
    return None if first == last else int(first)


def solver_inputs(denoiser: Denoiser) -> dict[str, Any]:
    """What few people change."""
    chosen = {"solver": controls.choice("solver")}
    if denoiser.bounded:  # estimates of latents are not clipped
        chosen["clip"] = controls.choice_or_model("clip", own_sampling_of(denoiser).clip)
    return chosen


def encoder_inputs(has_model: bool) -> dict[str, Any]:
    """What pictures are compared by, and by which score."""
    names = ["pixel", "dpm", "clip", "sscd"] if has_model else ["pixel", "clip", "sscd"]
    chosen = {"encoder": controls.choice("encoder", options=names)}
    named = chosen["encoder"] in ("clip", "sscd")
    if named:
        chosen["encoder_weights"] = weights_input(chosen["encoder"])
    chosen["score"] = controls.choice("score", options=[name for name in SCORES if named or name != "cosine"])
    kind = SCORES[chosen["score"]]
    st.caption(f"{kind.title}. {kind.description}")
    return {name: value for name, value in chosen.items() if value}


def view_inputs(encoder: str, mirrored: bool, size: tuple[int, int] | None) -> dict[str, Any]:
    """Which altered copies are looked for.

    Args:
        encoder: what pictures are compared by.
        mirrored: what the model's card says of it.
        size: height and width of the pictures; None where they are not known yet.
    """
    mirror = controls.checkbox("mirror", default=mirrored)
    chosen: dict[str, Any] = {} if mirror == mirrored else {"mirror": mirror}
    most = most_align(size)
    if encoder == "pixel" and most:
        if align := controls.slider("align", high=most):
            chosen["align"] = align
            st.caption(f"{len(views_of(mirror, align))} views of each picture: so many times as long.")
    else:
        notices.unheeded([("align", "Shifted and cropped copies")], "0")
    return chosen


def threshold_inputs(chosen: dict[str, Any], sets: ImageSets) -> dict[str, Any]:
    """From which score on a picture counts: a value, or what the control's rate says."""
    score = chosen["score"]
    kind = SCORES[score]
    scaled = score != "l2" or chosen["encoder"] == "pixel"  # distances of features have no common scale
    ways = ([BY_SCORE] if scaled else []) + ([BY_RATE] if sets.control is not None else [])
    if not scaled:
        notices.unheeded([(f"threshold_{score}", "Threshold")], "a control rate" if ways else "none")
    if not ways:
        st.caption("Distances of features have no threshold of their own: name a control, or choose another score.")
        return {}
    key = "threshold_by" if scaled else "threshold_by_rate"
    checks.name(key, "Threshold by", ways, ways[0])
    way = st.selectbox(
        "Threshold by",
        ways,
        key=key,
        bind="query-params",
        help="A score's own value, or the most generous one that so few pictures beat against the control.",
    )
    if way == BY_RATE:
        checks.one_of("control_percent", "Control rate, in %", _PERCENT, 0.5)
        percent = st.select_slider(
            "Control rate, in %",
            _PERCENT,
            0.5,
            key="control_percent",
            bind="query-params",
            help="At most this share of pictures may beat the threshold against images the model never saw.",
        )
        return {"control_rate": percent / 100}
    published = round(kind.threshold, 2)
    threshold = controls.slider(
        "threshold",
        key=f"threshold_{score}",
        high=kind.largest,
        default=published,
        step=kind.largest / 100,
    )
    return {} if threshold == published else {"threshold": threshold}
