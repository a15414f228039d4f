"""Every table of the pipeline: its schema is its contract and its documentation.

A schema says which columns a table has, of what type, what they mean, which are its key. The store
checks every table against its schema when it is read and when it is written.
"""

from __future__ import annotations

import dataframely as dy

from complaintlab.tables.collect import Latent, Posts, Quarantine, Sightings, Source, Truth
from complaintlab.tables.estimates import (
    Agents,
    Balance,
    Curves,
    Estimates,
    Positivity,
    Verdicts,
    Weights,
    WhatIf,
)
from complaintlab.tables.robustness import ConfounderStrengths, Specifications, TippingPoints
from complaintlab.tables.spells import Episodes, Flow, Spells
from complaintlab.tables.texts import (
    Calibration,
    Confusion,
    Drift,
    Learning,
    Measures,
    Quality,
    Readings,
    ReplyMembers,
    ReplyTypes,
    Vectors,
)
from complaintlab.tables.threads import Deletions, Threads, Turns

TABLES: dict[str, type[dy.Schema]] = {
    "posts": Posts,
    "sightings": Sightings,
    "quarantine": Quarantine,
    "source": Source,
    "latent": Latent,
    "truth": Truth,
    "turns": Turns,
    "threads": Threads,
    "deletions": Deletions,
    "vectors": Vectors,
    "readings": Readings,
    "measures": Measures,
    "quality": Quality,
    "confusion": Confusion,
    "calibration": Calibration,
    "learning": Learning,
    "drift": Drift,
    "reply_types": ReplyTypes,
    "reply_members": ReplyMembers,
    "episodes": Episodes,
    "spells": Spells,
    "flow": Flow,
    "coded_measures": Measures,
    "coded_episodes": Episodes,
    "coded_spells": Spells,
    "estimates_incidence": Estimates,
    "estimates_hazard": Estimates,
    "estimates_regression": Estimates,
    "estimates_trials": Estimates,
    "estimates_reply_effects": Estimates,
    "estimates_deletion": Estimates,
    "agents": Agents,
    "estimates_label_error": Estimates,
    "estimates_robustness": Estimates,
    "specifications": Specifications,
    "confounder_strengths": ConfounderStrengths,
    "tipping_points": TippingPoints,
    "curves_incidence": Curves,
    "curves_trials": Curves,
    "balance_trials": Balance,
    "balance_reply_effects": Balance,
    "weights_trials": Weights,
    "weights_reply_effects": Weights,
    "positivity": Positivity,
    "what_if": WhatIf,
    "verdicts": Verdicts,
}
"""Tables by name; the pipeline keeps each in ``data/tables/<name>.parquet``."""
