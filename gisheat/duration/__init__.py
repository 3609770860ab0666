"""The verb `duration`: loads by phase, load duration, sources along it, security of supply."""

from gisheat.duration.study import DurationStudy, add_duration_findings, study_duration
from gisheat.duration.writing import write_duration

__all__ = ["DurationStudy", "add_duration_findings", "study_duration", "write_duration"]
