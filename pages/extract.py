"""Extract: draw pictures, see each beside its nearest training image, with a score and its control."""

from typing import Any

import numpy as np
import streamlit as st

from pages._parts import charts, controls
from pages._parts.figures import STYLE
from pages._parts.gallery import chosen_position, show_gallery, show_pair
from pages._parts.headline import show_headline
from pages._parts.live import draw_missing
from pages._parts.session import open_model, picture_store, references
from side_core.assets import BUILT_INS
from side_core.extraction.headline import headline
from side_core.extraction.matching import match
from side_core.sampling.schedule import schedule_of
from side_core.settings import ExtractSettings
from side_core.similarity.scores import SCORES

st.title("What has this model memorised?", anchor=False)
st.markdown(
    "In each pair: left, a picture the model **has just drawn**; right, the **training picture** it is nearest to. "
    "A match is a sign that the model remembers rather than invents; the control tells how strong a sign."
)

st.html(STYLE)
chosen: dict[str, Any] = {}
with st.sidebar:
    chosen["model"] = controls.choice("model", options=list(BUILT_INS))
    st.caption(BUILT_INS[chosen["model"]].description)
    chosen["count"] = controls.slider("count")
    chosen["steps"] = controls.slider("steps")
    chosen["seed"] = controls.number("seed")
    st.divider()
    chosen["score"] = controls.choice("score")
    kind = SCORES[chosen["score"]]
    st.caption(f"{kind.title}. {kind.description}")
    chosen["threshold"] = controls.slider(
        "threshold",
        key=f"threshold_{chosen['score']}",
        high=kind.largest,
        default=round(kind.threshold, 2),
        step=kind.largest / 100,
    )
    threshold_note = st.empty()
    chosen["encoder"] = controls.choice("encoder")
    st.divider()
    chosen["spacing"] = controls.choice("spacing")
    chosen["first_timestep"] = controls.slider("first_timestep", high=999, default=999)
    chosen["last_timestep"] = controls.slider("last_timestep", high=999)
    chosen["eta"] = controls.slider("eta")
    with st.expander("More"):
        chosen["solver"] = controls.choice("solver")
        chosen["clip"] = controls.choice("clip")
        chosen["mode"] = controls.choice("mode", default="fast")

try:
    settings = ExtractSettings.read(chosen)
    subject = open_model(settings.model, settings.mode)
    schedule = schedule_of(settings, subject.denoiser.alphas_cumprod)
    fingerprints = (subject.denoiser.fingerprint, settings.mode, subject.data.fingerprint, subject.control.fingerprint)
    data, control = references(subject, fingerprints, settings.encoder)
    pictures = draw_missing(settings, subject, picture_store())
except ValueError as error:
    st.error(str(error), icon=":material/error:")
    st.stop()

if not pictures:
    st.stop()
seeds = tuple(sorted(pictures))
found = match(np.stack([pictures[s].image for s in seeds]), seeds, data, control, subject.denoiser)
line = headline(found, settings.encoder, settings.score, settings.threshold, subject.calibration)
if line.calibrated is not None:
    threshold_note.caption(
        f"Stands for a control rate of {100 * line.calibrated.share:.2f} % "
        f"({line.calibrated.beat:,} of {line.calibrated.count:,} plain pictures)."
    )
show_headline(line)
show_gallery(found, subject.data, line)

left, right = st.columns(2)
left.markdown("**How near the pictures come**")
left.plotly_chart(charts.score_histogram(found, line), alt=f"Histogram of {kind.title}: {line}")
right.markdown("**The steps from noise to image**")
right.plotly_chart(
    charts.schedule_chart(schedule),
    alt=f"{len(schedule)} timesteps from {schedule.timesteps[0]} to {schedule.timesteps[-1]}",
)

position = chosen_position(found, found.order(settings.score))
show_pair(found, pictures[found.seeds[position]], subject.data, subject.control, line, position)
with st.container(key="provenance"):
    st.caption(
        f"Settings {settings.digest} · model {subject.denoiser.fingerprint[:12]} "
        f"· training images {subject.data.name} ({subject.data.fingerprint[:12]}) "
        f"· control {subject.control.name} ({subject.control.fingerprint[:12]}) · encoder {settings.encoder} "
        f"· seeds {seeds[0]} to {seeds[-1]} · {subject.denoiser.arithmetic}"
    )
