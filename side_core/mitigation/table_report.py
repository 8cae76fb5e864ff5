"""What came of the methods: a row each, the gated one beside it, curves of copies against fit; a `Report`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from side_core.charts.palette import look_of
from side_core.charts.static import paper, pixels
from side_core.extraction.summary import versions
from side_core.extraction.tables import table
from side_core.mitigation.judged import SCORE, Judged, judged_in
from side_core.mitigation.opened import Opened
from side_core.mitigation.sets import GENERAL, TEMPLATE, PromptKinds
from side_core.settings.mitigation import EvaluateMitigationSettings
from side_core.settings.mitigation_methods import MITIGATIONS, NAMES, MitigationName
from side_core.stats.bootstrap import Interval, mean_interval
from side_core.stats.permutation import false_discovery, fewer
from side_core.stats.rate import Rate, rate_of
from side_core.wording import rounded

_TOP = (1, 3)
COLUMNS = (
    *("method", "strength", "gated", "copies", "copies_low", "copies_high", "count", "control", "template"),
    *("template_low", "template_high", "top_1", "top_3", "clip_triggers", "clip_triggers_low", "clip_triggers_high"),
    *("clip_general", "clip_general_low", "clip_general_high", "frechet", "kernel", "coverage", "unchanged"),
    *("unchanged_low", "unchanged_high", "seconds_a_picture", "p", "q", "failed"),
)


@dataclass(frozen=True, eq=False)
class Row:
    """A measured row, as a store of parts has it."""

    method: MitigationName
    strength: float | None
    part: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Table:
    """All rows that there are.

    Attributes:
        settings: what was asked for.
        opened: the model and what its pictures are held against.
        kinds: the prompts.
        measured: rows, `none` first.
        scores: of all prompts by the gate's look, by kind; `seconds` a prompt.
        total: rows that are measured in all.
        about: model, images and arithmetic, as the job says them.
    """

    settings: EvaluateMitigationSettings
    opened: Opened
    kinds: PromptKinds
    measured: tuple[Row, ...]
    scores: Mapping[str, Any]
    total: int
    about: Mapping[str, Any]

    @property
    def done(self) -> int:
        """How many rows there are."""
        return len(self.measured)

    def opens(self, kind: str) -> np.ndarray:
        """(n,) which prompts of a kind a gated method is applied to."""
        assert self.opened.gate is not None  # only then are there gated rows
        return self.opened.gate.opens(np.array(self.scores[kind]))

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """A row for each method and strength, ungated and gated, with intervals; q over all of them."""
        found: list[dict[str, Any]] = []
        for row in self.measured:
            found.append(self._row(row, gated=False))
            if self.opened.gate is not None and row.method != "none":
                found.append(self._row(row, gated=True))
        tested = [one for one in found if one["p"] is not None]
        for one, q in zip(tested, false_discovery([one["p"] for one in tested]), strict=True):
            one["q"] = q
        return found

    def judged(self, row: Row, kind: str, gated: bool) -> Judged:
        """What a row's pictures of a kind of prompts are worth; of a gated one those of prompts that were treated."""
        own = judged_in(row.part[kind])
        if not gated:
            return own
        plain = judged_in(self.measured[0].part[kind])
        times = len(own.ratios) // len(self.scores[kind])
        opens = np.repeat(self.opens(kind), times)

        def mixed(treated: Sequence[Any], without: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(a if open_ else b for a, b, open_ in zip(treated, without, opens, strict=True))

        fits = mixed(own.fits, plain.fits) if own.fits else ()
        near = mixed(own.ratios, plain.ratios), mixed(own.control, plain.control), mixed(own.rows, plain.rows)
        return Judged(*near, fits)

    def _row(self, row: Row, gated: bool) -> dict[str, Any]:
        """The figures of one row."""
        found: dict[str, Any] = dict.fromkeys(COLUMNS) | {
            "method": row.method,
            "strength": row.strength,
            "gated": gated,
            "work": None,
        }
        if "failed" in row.part:
            return found | {"failed": row.part["failed"]}
        main = self.judged(row, self.kinds.main, gated)
        copies, plain = main.copies, self.judged(self.measured[0], self.kinds.main, False)
        found |= {
            "copies": copies.share,
            "copies_low": copies.low,
            "copies_high": copies.high,
            "count": copies.count,
            "control": main.of_control.share,
        }
        if TEMPLATE in self.kinds.triggers:
            template = self.judged(row, TEMPLATE, gated).copies
            found |= {"template": template.share, "template_low": template.low, "template_high": template.high}
        per_prompt = np.array(main.ratios).reshape(-1, self.settings.count)
        for top in _TOP:
            best = np.sort(per_prompt, axis=1)[:, :top].mean(axis=1)
            found[f"top_{top}"] = float(best.mean())
        general = self.judged(row, GENERAL, gated)
        for name, judged in (("clip_triggers", main), ("clip_general", general)):
            if judged.fits:
                times = self.settings.count if name == "clip_triggers" else 1
                fits = mean_interval(np.array(judged.fits).reshape(-1, times).mean(axis=1))  # over prompts
                found |= {name: fits.value, f"{name}_low": fits.low, f"{name}_high": fits.high}
        found |= row.part["gated_quality" if gated else "quality"]
        same = self.same(row, gated)
        found |= {"unchanged": same.share, "unchanged_low": same.low, "unchanged_high": same.high}
        found["seconds_a_picture"] = self._seconds(row, gated)
        if row.method != "none":
            before, after = (one.hits.reshape(per_prompt.shape).mean(axis=1) for one in (plain, main))
            found["p"] = fewer(before, after)
        if not gated and row.part.get("work"):
            found["work"] = row.part["work"]
        return found

    def same(self, row: Row, gated: bool) -> Rate:
        """How many pictures of general prompts are what they were, bit for bit."""
        same = np.array(row.part["same"])
        return rate_of(same | ~self.opens(GENERAL) if gated else same)

    def _seconds(self, row: Row, gated: bool) -> float | None:
        """Wall-clock of a picture of a general prompt; gated: with the gate's look, treated as often as it opens."""
        own = row.part["seconds"].get(GENERAL)
        if not gated or own is None:
            return own
        plain = self.measured[0].part["seconds"].get(GENERAL)
        if plain is None:
            return None
        share = float(self.opens(GENERAL).mean())
        return float(self.scores["seconds"] + share * own + (1 - share) * plain)

    @property
    def best(self) -> dict[str, Any] | None:
        """The ungated row that is worth its cost most: the fewest copies among those that keep 95 % of the fit."""
        known = [row for row in self.rows if not row["gated"] and row["copies"] is not None]
        if len(known) < 2 or known[0]["clip_triggers"] is None:
            return None
        kept = [row for row in known[1:] if row["clip_triggers"] >= 0.95 * known[0]["clip_triggers"]]
        return min(kept, key=lambda row: (row["copies"], -row["clip_triggers"]), default=None)

    @property
    def headline(self) -> str:
        """What helps most at a small cost."""
        if not self.measured:
            return "no row is measured yet"
        first, best = self.rows[0], self.best
        said = f"without anything {_share(first, 'copies')} of pictures of triggers look copied"
        if best is None:
            return f"{said}; no method keeps 95 % of the CLIP score; control {100 * first['control']:.1f} %"
        name = MITIGATIONS[best["method"]].title
        strength = "" if best["strength"] is None else f" at {best['strength']:g}"
        return (
            f"{said}; with {name}{strength} {_share(best, 'copies')}, CLIP score {first['clip_triggers']:.3f} -> "
            f"{best['clip_triggers']:.3f}; control {100 * best['control']:.1f} %"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing to know."""
        found = list(self.opened.subject.notes)
        if self.opened.clip is None:
            found.append("No CLIP model is named that knows such pictures, so how well they fit is not said.")
        if any(MITIGATIONS[row.method].training_images for row in self.measured):
            found.append("AMG looks at the training images while it draws: only who has them can use it.")
        found += [
            f"Method '{row.method}' at {row.strength:g} failed: {row.part['failed']}"
            for row in self.measured
            if "failed" in row.part and row.strength is not None
        ]
        return tuple(found)

    def lines(self) -> list[str]:
        """The table as Markdown."""
        return markdown(self).splitlines()

    def table(self) -> str:
        """CSV."""
        return table(list(COLUMNS), ([row[name] for name in COLUMNS] for row in self.rows))

    def summary(self) -> dict[str, Any]:
        """All of it as JSON."""
        encoder = self.opened.references.encoder if self.opened.clip is None else self.opened.clip.images
        return {
            "complete": self.done == self.total,
            **self.about,
            "score": f"{SCORE.symbol} {SCORE.sign} {rounded(SCORE.threshold)}",
            "quality_encoder": encoder.description,
            "usual_norm": self.opened.usual_norm,
            "threshold": self.opened.gate and self.opened.gate.threshold.value,
            "prompts": {kind: len(own) for kind, own in self.kinds.all.items()},
            "rows": self.rows,
            "notes": list(self.notes),
            "versions": versions(),
        }

    def pictures(self) -> dict[str, np.ndarray]:
        """Copies against fit, a curve for each method."""
        return {"mitigation.png": chart(self.rows)}

    def renamed(self, named: Callable[[Any], Any]) -> "Table":
        """The same with other names of model and images."""
        settings = EvaluateMitigationSettings.read(named(self.settings.model_dump(mode="json")))
        return replace(self, settings=settings, about=named(dict(self.about)))


def _share(row: Mapping[str, Any], name: str) -> str:
    """A share with its interval, in percent."""
    return f"{100 * row[name]:.1f} % ({100 * row[f'{name}_low']:.1f} to {100 * row[f'{name}_high']:.1f})"


def _mean(row: Mapping[str, Any], name: str) -> str:
    """A mean with its interval; nothing where it is not known."""
    if row[name] is None:
        return ""
    return Interval(row[name], row[f"{name}_low"], row[f"{name}_high"]).as_ratio.replace("0.", ".")


def markdown(found: Table) -> str:
    """The table for people."""
    has_template = TEMPLATE in found.kinds.triggers
    kind = found.kinds.main
    heads = ["method", "strength", "gated", f"copies, {kind}"]
    heads += ["copies, template"] if has_template else []
    heads += ["control", "d1/d2 of top 1; 3", "CLIP score, triggers", "general", "Frechet; kernel; coverage"]
    heads += [
        "general unchanged",
        "s a picture",
        "q",
        "attacker: back after " + ", ".join(map(str, _work_steps(found))),
    ]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in found.rows:
        name = MITIGATIONS[row["method"]].title
        cells = [name, "" if row["strength"] is None else f"{row['strength']:g}", "yes" if row["gated"] else ""]
        if row["failed"]:
            lines.append("| " + " | ".join([*cells, row["failed"], *[""] * (len(heads) - 4)]) + " |")
            continue
        cells.append(_share(row, "copies"))
        cells += [_share(row, "template")] if has_template else []
        cells += [f"{100 * row['control']:.1f} %", f"{row['top_1']:.2f}; {row['top_3']:.2f}"]
        cells += [_mean(row, "clip_triggers"), _mean(row, "clip_general")]
        cells.append(f"{row['frechet']:.3f}; {row['kernel']:.2f}; {100 * row['coverage']:.0f} %")
        cells.append(_share(row, "unchanged"))
        cells.append("" if row["seconds_a_picture"] is None else f"{row['seconds_a_picture']:.3f}")
        cells.append("" if row["q"] is None else f"{row['q']:.2g}")
        cells.append(work_in_words(row["work"]) if row["work"] else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _work_steps(found: Table) -> list[int]:
    """The attacker's steps after which was looked."""
    return next(([int(at["steps"]) for at in row["work"]] for row in found.rows if row["work"]), [])


def work_in_words(curve: Sequence[Mapping[str, Any]]) -> str:
    """How many targets are back after each number of steps; of control images in brackets."""
    return ", ".join(f"{at['memorised']['beat']} ({at['control']['beat']})" for at in curve) + (
        f" of {curve[0]['memorised']['count']}"
    )


def chart(rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """(H, W, 3) uint8: share of copies against CLIP score (without one: coverage), a curve for each method."""
    figure, (plot,) = paper(900, 560)
    known = [row for row in rows if not row["gated"] and row["copies"] is not None]
    fit = "clip_triggers" if known and known[0]["clip_triggers"] is not None else "coverage"
    for method in dict.fromkeys(row["method"] for row in known):
        own = sorted((row for row in known if row["method"] == method), key=lambda row: row["strength"] or 0)
        look = look_of(NAMES.index(method))
        copies = np.array([[row["copies"], row["copies_low"], row["copies_high"]] for row in own]) * 100
        at = [row[fit] for row in own]
        reach = np.abs(copies[:, 1:] - copies[:, :1]).T
        style = (0, look.dashes) if look.dashes else "solid"
        name = MITIGATIONS[method].title
        plot.errorbar(at, copies[:, 0], reach, color=look.color, linestyle=style, marker=look.marker, label=name, ms=5)
    plot.set_xlabel("CLIP score on triggers" if fit == "clip_triggers" else "coverage")
    plot.set_ylabel("copies among pictures of triggers, in %")
    if known:
        plot.legend(frameon=False, fontsize=8)
    return pixels(figure)
