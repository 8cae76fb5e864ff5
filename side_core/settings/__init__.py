"""Every setting of the project, as frozen models whose bounds make widgets, URL, CLI options and JSON.

The models import neither torch nor diffusers, so that `--help` and the first page need neither.
"""

from side_core.settings.axis import Axis, Value, read_axis
from side_core.settings.base import SettingError, Settings, sentence
from side_core.settings.evaluation import EVALUATED, EvaluateSettings, MethodName
from side_core.settings.extraction import EncoderName, ExtractSettings, MatchSettings, ScoreName, ScoreSettings
from side_core.settings.prompts import (
    DETECTORS,
    SIGNIFICANCE_AT,
    DetectorName,
    DetectorSettings,
    PromptSettings,
    SignificanceAt,
)
from side_core.settings.sampling import (
    Clip,
    GuidanceSettings,
    GuidanceShape,
    Label,
    Mode,
    SamplingSettings,
    Solver,
    Spacing,
)
from side_core.settings.search import SearchSettings
from side_core.settings.sweep import MetricName, SweepSettings
from side_core.settings.training import (
    PRESETS,
    BetaSchedule,
    LearningSettings,
    SurrogateSettings,
    TrainClipSettings,
    TrainDpmSettings,
    TrainGrowthSettings,
    TrainTextSettings,
)

__all__ = [
    "DETECTORS",
    "EVALUATED",
    "PRESETS",
    "SIGNIFICANCE_AT",
    "Axis",
    "BetaSchedule",
    "Clip",
    "DetectorName",
    "DetectorSettings",
    "EncoderName",
    "EvaluateSettings",
    "ExtractSettings",
    "GuidanceSettings",
    "GuidanceShape",
    "Label",
    "LearningSettings",
    "MatchSettings",
    "MethodName",
    "MetricName",
    "Mode",
    "PromptSettings",
    "SamplingSettings",
    "ScoreName",
    "ScoreSettings",
    "SearchSettings",
    "SettingError",
    "Settings",
    "SignificanceAt",
    "Solver",
    "Spacing",
    "SurrogateSettings",
    "SweepSettings",
    "TrainClipSettings",
    "TrainDpmSettings",
    "TrainGrowthSettings",
    "TrainTextSettings",
    "Value",
    "read_axis",
    "sentence",
]
