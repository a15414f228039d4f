"""The codebook's labels, in the codebook's order."""

from typing import Final

STANCES: Final = ("escalates", "persists", "neutral", "thanks", "resolved", "advocates")
"""What a critic or a bystander does in a turn, from the farthest against to the farthest for."""

CRITICAL: Final = ("escalates", "persists")

STANCE_RANK: Final = dict(zip(STANCES, range(-2, 4), strict=True))

ACTS: Final = (
    "apology", "regret", "empathy", "acknowledge", "thank", "explain", "ask", "fix",
    "compensate", "contact", "close", "defend", "joke", "mock", "attack", "personal",
)  # fmt: skip
"""What a company does in a reply; any number, none allowed."""

QUALITIES: Final = ("proper", "bad", "other")
"""Reply quality, derived from the acts and never coded."""

ROLES: Final = ("critic", "company", "bystander", "unknown")

EPISODE_KINDS: Final = ("complaint", "praise", "nonsense")
"""What opens an episode; claims are about complaints, T7 about praise, and D2 compares with nonsense."""

ENDS: Final = ("author_deleted", "account_gone", "locked", "horizon", "last_seen")
"""How the follow-up of an episode ends; a host's deletion is an exposure, never an end."""

DELETION_KINDS: Final = (
    "author_deleted", "host_removed", "host_hidden", "platform_removed", "account_gone", "vanished_unknown",
)  # fmt: skip

REMEDIES: Final = frozenset({"fix", "contact", "compensate", "ask"})
COURTESIES: Final = frozenset({"apology", "empathy", "acknowledge", "thank"})
HOSTILITIES: Final = frozenset({"defend", "mock", "attack"})


def reply_quality(acts: frozenset[str] | set[str]) -> str:
    """Quality of a reply from its acts: ``proper``, ``bad`` or ``other`` (codebook, section 2)."""
    remedied = bool(acts & REMEDIES)
    if acts & HOSTILITIES or ("regret" in acts and not remedied):
        return "bad"
    return "proper" if acts & COURTESIES and remedied else "other"
