"""The numbers of the report: the answer, every score, AMS and UMS by band, each with count, control and interval."""

from collections.abc import Mapping
from typing import Any

from side_core.runs.report.chart import interval_svg
from side_core.runs.report.table import Table
from side_core.runs.report.text import between, interval, is_none, number, percent, said
from side_core.runs.result import Result
from side_core.similarity.scores import SCORES
from side_core.wording import counted, rounded


def tiles_html(result: Result) -> str:
    """The rates of the chosen score side by side; empty without a control."""
    summary = result.summary
    found = summary["scores"][result.score]
    if "training" not in found:
        return ""
    searched, fair = (summary["data"].get(key) for key in ("searched", "compared_with_control"))
    against = (
        f"{counted(fair, 'training image')}, as many as the control has"
        if found["all_training"]
        else "the training images"
    )
    tiles = [(f"Against {against}", found["training"], "training")]
    if plain := effect_in(result):
        tiles.append(("The same seeds without the surrogate, against the same", plain["training"], "training"))
    tiles.append(("Same pictures against images the model never saw", found["control"], "control"))
    if found["all_training"]:
        tiles.append(
            (
                f"Against all {counted(searched, 'training image')}, which is no fair comparison",
                found["all_training"],
                "training",
            )
        )
    if rate := found["calibrated_control"]:
        tiles.append((f"{rate['count']:,} plain pictures of the model against the control", rate, "control"))
    if second := found.get("second"):
        kind, rate = SCORES[result.score], second["control_rate"]
        whose = "as published" if rate is None else f"set by {percent(rate)} of the control"
        tiles.append(
            (f"By {kind.symbol} {kind.sign} {rounded(second['threshold'])}, {whose}", second["training"], "training")
        )
        tiles.append(("The control by the same", second["control"], "control"))
    return '<ul class="tiles">' + "".join(_tile(*item) for item in tiles) + "</ul>"


def _tile(label: str, rate: Mapping[str, Any], name: str) -> str:
    """One rate: share, interval, count."""
    return (
        f'<li><span class="label">{said(label)}</span><span class="value">{percent(rate["share"])}</span>'
        f'{interval_svg(rate, name)}<span class="small">{rate["beat"]:,} of {rate["count"]:,}; '
        f"95 % interval {interval(rate)}</span></li>"
    )


def effect_in(result: Result) -> Mapping[str, Any] | None:
    """What steering changed by the chosen score; None where nothing steered, or nothing plain was drawn."""
    plain = (result.summary.get("surrogate") or {}).get("plain")
    found: Mapping[str, Any] | None = plain["scores"].get(result.score) if plain else None
    return found


def effect_html(result: Result) -> str:
    """What steering changed, in a sentence or two."""
    found = effect_in(result)
    if found is None:
        return ""
    ratio, new, old = found["steered_over_plain"], found["different"], found["different_plain"]
    if is_none(ratio):
        return "<p>No picture beats the threshold, with or without the surrogate.</p>"
    times = (
        f"<strong>{number(ratio['value'])} times</strong> as many pictures beat the threshold as without the surrogate"
    )
    if ratio["value"] is None:
        times = "Without the surrogate no picture beats the threshold"
    images = (
        f"{counted(round(new['value']), 'different training image')} came back with it "
        f"({new['low']:,.0f} to {new['high']:,.0f}), {old['value']:,.0f} without "
        f"({old['low']:,.0f} to {old['high']:,.0f})"
    )
    return f"<p>{times} (95 % interval of the ratio {between(ratio)}). {images}.</p>"


def scores_html(result: Result) -> str:
    """A table over all scores."""
    table = Table("Score", ["Beat it, training", "All training images", "Control", "Plain pictures, control", "Median"])
    for name, found in result.summary["scores"].items():
        kind = SCORES[name]
        cells = [_rate_cell(found.get(key)) for key in ("training", "all_training", "control", "calibrated_control")]
        control = f"<small>control {found['control_median']:.3f}</small>" if "control_median" in found else ""
        cells.append(f"{found['median']:.3f}{control}")
        rule = f"{kind.symbol} {kind.sign} {rounded(found['threshold'])}"
        table.add(kind.title, rule, cells, chosen=name == result.score)
    return table.html("Every score of the run; the marked one is that of the headline.")


def bands_html(result: Result) -> str:
    """AMS and UMS by band; empty without a control."""
    found = result.summary.get("metrics")
    if not found:
        return ""
    kind = SCORES[found["score"]]
    heads = ["AMS", "AMS, control", "Times control", "UMS, nearest", "UMS, control", "UMS, as published"]
    table = Table("Band", heads)
    for name, band in found["bands"].items():
        training, control = band["training"], band["control"]
        edges = f"{kind.symbol} {kind.sign} {rounded(band['begin'])}"
        if band["end"] is not None:
            low, high = sorted((band["begin"], band["end"]))
            edges = f"{rounded(low)} to {rounded(high)}"
        cells = [
            _rate_cell(training["ams"]),
            _rate_cell(control["ams"]),
            _ratio_cell(band["training_over_control"]),
            _unique_cell(training["ums_nearest"]),
            _unique_cell(control["ums_nearest"]),
            _unique_cell(training["ums_published"]),
        ]
        table.add(name, edges, cells)
    return table.html(
        f"Average and unique memorisation score (AMS, UMS) of {kind.title} by band, in per cent of "
        f"{found['samples']:,} pictures with 95 % intervals. UMS grows with the number of pictures: compare at equal "
        "numbers."
    )


def _rate_cell(rate: Mapping[str, Any] | None) -> str:
    """A rate in a table; empty where there is none."""
    if not rate:
        return ""
    return (
        f"{percent(rate['share'])}<small>{rate['beat']:,} of {rate['count']:,}</small><small>{interval(rate)}</small>"
    )


def _ratio_cell(found: Mapping[str, Any]) -> str:
    """How many times as often as against the control."""
    return "undefined" if is_none(found) else f"{number(found['value'])}<small>{between(found)}</small>"


def _unique_cell(found: Mapping[str, Any] | None) -> str:
    """UMS in a table; empty where it is not defined."""
    if not found:
        return ""
    least = "≥ " if found["at_least"] else ""
    count = counted(found["unique"], "image")
    return f"{least}{percent(found['share'])}<small>{count}</small><small>{interval(found)}</small>"
