"""What the room talked about, when, who was answered, what hurts: events → report → renderers."""

from commentnlp.report.records import FORMAT, Report
from commentnlp.report.render import SUFFIXES, check_target, rendered, write
from commentnlp.report.settings import STEPS, Settings, zone_named
from commentnlp.report.summary import summarise, summarise_files

__all__ = [
    "FORMAT", "STEPS", "SUFFIXES", "Report", "Settings", "check_target", "rendered",
    "summarise", "summarise_files", "write", "zone_named",
]  # fmt: skip
