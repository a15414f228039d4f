"""complaintlab: what turns a public critic into an advocate?

The public interface for notebooks and scripts; everything is imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from complaintlab.models.cox import CoxFit, cox
    from complaintlab.models.fine_gray import fine_gray
    from complaintlab.models.incidence import cumulative_incidence
    from complaintlab.models.reply_effects.public import ReplyContrast, reply_effect
    from complaintlab.models.trials.public import TrialResult, target_trial
    from complaintlab.models.what_if.public import what_if
    from complaintlab.notebook import find_threads, show_report, show_thread, table

__version__ = "0.1.0"

_HOMES = {
    "CoxFit": "complaintlab.models.cox",
    "ReplyContrast": "complaintlab.models.reply_effects.public",
    "TrialResult": "complaintlab.models.trials.public",
    "cox": "complaintlab.models.cox",
    "cumulative_incidence": "complaintlab.models.incidence",
    "find_threads": "complaintlab.notebook",
    "fine_gray": "complaintlab.models.fine_gray",
    "reply_effect": "complaintlab.models.reply_effects.public",
    "show_report": "complaintlab.notebook",
    "show_thread": "complaintlab.notebook",
    "table": "complaintlab.notebook",
    "target_trial": "complaintlab.models.trials.public",
    "what_if": "complaintlab.models.what_if.public",
}

__all__ = [
    "CoxFit", "ReplyContrast", "TrialResult", "__version__", "cox", "cumulative_incidence", "find_threads",
    "fine_gray", "reply_effect", "show_report", "show_thread", "table", "target_trial", "what_if",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'complaintlab' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
