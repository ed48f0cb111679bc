"""Does a forecast know what it could not have known? Checks for pipelines and for tables, findings out."""

from verify.leaks.columns import Roles
from verify.leaks.findings import Audit, Finding, Leak
from verify.leaks.label_echo import audit_labels
from verify.leaks.overlap import audit_overlap
from verify.leaks.plausibility import EchoLimits
from verify.leaks.readings import Change, Changes, Reader
from verify.leaks.splits import SplitRows, audit_refit, audit_split
from verify.leaks.tables import audit_table
from verify.leaks.time_travel import audit_time_travel
from verify.leaks.tuning import Trials, audit_tuning

__all__ = [
    "Audit",
    "Change",
    "Changes",
    "EchoLimits",
    "Finding",
    "Leak",
    "Reader",
    "Roles",
    "SplitRows",
    "Trials",
    "audit_labels",
    "audit_overlap",
    "audit_refit",
    "audit_split",
    "audit_table",
    "audit_time_travel",
    "audit_tuning",
]
