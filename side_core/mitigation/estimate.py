"""What is still to do of a mitigation, in rounds."""

from dataclasses import dataclass

from side_core.job import Estimate
from side_core.wording import are, counted


@dataclass(frozen=True)
class MitigationEstimate(Estimate):
    """What is to be done.

    Attributes:
        missing: rounds.
        total: all of them.
    """

    missing: int
    total: int

    def __str__(self) -> str:
        if not self.missing:
            return f"All {counted(self.total, 'round')} {are(self.total)} done."
        time = f"{self.seconds:.0f} s" if self.seconds < 90 else f"{self.seconds / 60:.1f} minutes"
        return f"{self.missing:,} of {counted(self.total, 'round')} {are(self.missing)} to be done, about {time}."
