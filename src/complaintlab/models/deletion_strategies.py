"""What a company may do to a comment or to its own reply: shared by the estimator and the truth."""

from __future__ import annotations

import math

from complaintlab.models.strategies import DAY, PATIENCE_S, Strategy

DELETED = Strategy("deleted or hidden within 24 h", 0, DAY)
LEFT = Strategy("left as it is", PATIENCE_S, math.inf)
WITHDRAWN = Strategy("reply removed or edited within 24 h", 0, DAY)
KEPT = Strategy("reply kept", PATIENCE_S, math.inf)

DELETED_VS_LEFT = "deleted_vs_left"
FAIR_MINUS_NONSENSE = "deletion_of_fair_minus_nonsense"
PROPER_VS_DELETED = "left_and_proper_vs_deleted"
NONE_VS_DELETED = "left_and_none_vs_deleted"
WITHDRAWN_VS_KEPT = "reply_withdrawn_vs_kept"
