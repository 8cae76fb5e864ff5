"""How a run was made, what its numbers do not prove, and how to make it again."""

from collections.abc import Iterator, Mapping
from typing import Any

from side_core.runs.exchange.command import command_of
from side_core.runs.exchange.places import PLACES, places_in_words
from side_core.runs.identity import fingerprints_of
from side_core.runs.report.text import said
from side_core.runs.result import Result
from side_core.settings import ExtractSettings, ScoreSettings
from side_core.similarity.scores import SCORES
from side_core.wording import counted

_SOLVERS = {
    "ddim": "DDIM (Song et al. 2021, eq. 12)",
    "multistep": "DPM-Solver++ of second order (Lu et al. 2022)",
}
_CLIPS = {
    "clip": "the estimate of the clean image is kept within −{0:g}..{0:g} at every step",
    "clip-recompute": "the estimate is kept within −{0:g}..{0:g} at every step and the noise corrected to fit",
    "off": "the estimate is not clipped",
}
_SIDE = "SIDE (arXiv 2406.12752)"


def method_html(settings: ExtractSettings | ScoreSettings, result: Result) -> str:
    """What was done, as a list of terms."""
    terms = dict(method(settings, result))
    return "<dl>" + "".join(f"<dt>{said(name)}</dt><dd>{said(words)}</dd>" for name, words in terms.items()) + "</dl>"


def method(settings: ExtractSettings | ScoreSettings, result: Result) -> Iterator[tuple[str, str]]:
    """Term and sentences of each."""
    summary = result.summary
    if isinstance(settings, ExtractSettings):
        yield "Model", f"{summary['model']['name']}, run in {summary['arithmetic']} on {summary['device']}."
        yield "Sampler", sampler(settings, summary)
        if about := summary.get("surrogate"):
            yield "Surrogate", _steering(about)
    else:
        pictures = summary["samples"]
        yield "Pictures", f"{pictures['rows']:,} that others generated, from {pictures['source']}."
    yield "Training images", images(summary["data"])
    yield "Control", images(summary["control"]) if summary["control"] else "None was named."
    encoder = summary["encoder"]
    yield (
        "Compared by",
        f"{encoder['name']}: {encoder['description']}. Every training image is searched, none is skipped.",
    )
    yield (
        "Preparation",
        "Pictures of another size are scaled to cover the wanted one and cropped to its centre (bicubic).",
    )
    kind = SCORES[result.score]
    yield "Score", f"{kind.title}. {kind.description} Threshold: {kind.source}. Bands: {kind.edges_source}."
    yield (
        "Intervals",
        "95 %: Wilson’s for shares (1927); bootstrap over pictures for ratios and numbers of different images.",
    )
    yield (
        "AMS and UMS",
        f"{_SIDE}, section 5.1: pictures in a band, and different training images in it, over all pictures.",
    )


def sampler(settings: ExtractSettings, summary: Mapping[str, Any]) -> str:
    """How noise became pictures; runs of before could leave nothing to the model."""
    used = {name: origin["value"] for name, origin in summary.get("sampling", {}).items()}
    spacing, clip = used.get("spacing", settings.spacing), used.get("clip", settings.clip)
    clipped = _CLIPS[clip or "clip"].format(used.get("clip_range") or 1.0)
    begin = "pure noise" if settings.first_timestep is None else f"timestep {settings.first_timestep}"
    noise = "no noise is added back" if settings.eta == 0 else f"noise is added back (eta {settings.eta:g})"
    label = "" if settings.surrogate is not None or settings.label is None else f" Label: {settings.label}."
    return (
        f"{_SOLVERS[settings.solver]}, {counted(settings.steps, 'step')}, {spacing} spacing, from {begin} to "
        f"timestep {settings.last_timestep}; {noise}; {clipped}. Each picture begins with noise of its "
        f"own seed and is the same in any batch.{label}"
    )


def _steering(about: Mapping[str, Any]) -> str:
    """What steered, and how hard."""
    guidance = about["guidance"]
    shape = guidance.get("guidance_shape") or "constant"
    words = [
        f"{about['name']}, a classifier of clusters of pictures that {about['made_of'].get('name', 'a model')} drew "
        f"itself; {_SIDE}: the noise estimate is moved by −λ √(1 − ᾱ) ∇ log p(c | x)."
    ]
    if guidance.get("guidance_scale") is not None:
        words.append(f"λ {guidance['guidance_scale']:g}, {shape},")
        words.append(f"from timestep {guidance['guide_from']} to {guidance['guide_to']};")
    words.append(f"label: {about['label']}.")
    return " ".join(words)


def images(about: Mapping[str, Any]) -> str:
    """One set of images."""
    words = f"{about['source']}: {counted(about['rows'], 'image')}"
    if (searched := about.get("searched", about["rows"])) != about["rows"]:
        words += f", of which {searched:,} are compared with"
    if skipped := about.get("skipped"):
        words += f"; {counted(len(skipped), 'file')} could not be read"
    return f"{words}."


def steers(summary: Mapping[str, Any]) -> bool:
    """Whether a surrogate had a say: with λ 0 it has none."""
    about = summary.get("surrogate")
    return about is not None and about["guidance"].get("guidance_scale") != 0


def limits_html(result: Result) -> str:
    """What the numbers do not prove."""
    return '<ul class="plain">' + "".join(f"<li>{said(words)}</li>" for words in _limits(result)) + "</ul>"


def _limits(result: Result) -> Iterator[str]:
    """A sentence or two for each limit."""
    summary, score = result.summary, result.score
    yield (
        "A score near a copy says that a picture resembles a training image, not that the model has stored it: common "
        "or simple images come back by chance. How often, only the control can tell."
    )
    if not summary["control"]:
        yield "There is no control here, so no rate is given, and single scores should not be read as one."
    yield (
        "A score far from a copy does not prove that nothing was remembered: after a flip, a shift, a crop or another "
        "contrast, pixel scores no longer see a copy; another encoder may."
    )
    yield (
        f"{counted(len(result.names), 'picture')} are a sample. More of them bring back more training images, and "
        "images that come back rarely are missed."
    )
    if SCORES[score].source.startswith("no published"):
        yield "This score has no published threshold; what it is worth here is what the control says."
    else:
        yield "Published thresholds were set on other images; what they are worth here is what the control says."
    if steers(summary):
        alone = "the plain pictures say that" if result.plain else "for that, draw them without it"
        yield (
            "The pictures were drawn while a surrogate steered the model: how many beat the threshold is not how often "
            f"the model copies by itself; {alone}."
        )
    yield "The training images are those that were named; whether the model saw them, and no others, is not checked."
    yield "Intervals tell how much other seeds would change the numbers, not another training of the model."


def again_html(settings: ExtractSettings | ScoreSettings, result: Result) -> str:
    """The command, and what must be the same."""
    summary = result.summary
    prints = "".join(
        f'<dt>{said(kind.capitalize())}</dt><dd class="print">{said(value)}</dd>'
        for kind, value in fingerprints_of(summary).items()
    )
    versions = ", ".join(f"{name} {value}" for name, value in summary.get("versions", {}).items())
    what = f"seeds {settings.seeds[0]} to {settings.seeds[-1]}" if isinstance(settings, ExtractSettings) else "pictures"
    places = places_in_words(result.settings, summary.get(PLACES, ()))
    own = f"<p>{said(places)}</p>" if places else ""
    return (
        f"<pre><code>{said(command_of(settings))}</code></pre>{own}"
        f"<p>The same model, images and versions give the same scores for the same {said(what)}; on another machine "
        "exact arithmetic agrees up to rounding, fast arithmetic may not. Or drop the exported run on the app, which "
        "opens with these settings.</p>"
        f'<h3>Fingerprints (SHA-256) and versions</h3><dl class="prints">{prints}'
        f'<dt>Settings</dt><dd class="print">{said(settings.digest)}</dd>'
        f"<dt>Versions</dt><dd>{said(versions)}</dd></dl>"
    )
