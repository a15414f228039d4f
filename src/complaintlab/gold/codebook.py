"""What coders are asked, per kind of message: labels, values and words of the codebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from complaintlab.labels import ACTS, STANCES

ITEMS: Final = ("opener", "reply", "turn", "bystander")
"""Kinds of messages, in the order to code them in: a coder of replies has not yet read what came after."""

CUSTOMER_ITEMS: Final = ("opener", "turn", "bystander")

ACTS_LABEL: Final = "acts"
"""All acts of a reply in one answer, joined by ``|``; kept as one code per act."""

NO_ACTS: Final = "none"
"""The answer that a reply does no act at all: an empty answer is a missing one."""

ADJUDICATED: Final = "adjudicated"
"""The coder under whose name the decided codes stand."""


@dataclass(frozen=True)
class Label:
    """One label: its values, from the least to the greatest where ``ordinal``, each with its meaning."""

    name: str
    question: str
    meanings: dict[str, str]
    items: tuple[str, ...]
    ordinal: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(self.meanings)


_STANCE_MEANINGS = (
    "threatens to leave, sue or report, has left, insults, calls on others to avoid the company",
    "complains, repeats, rejects what was offered, mocks the reply",
    "answers, asks, gives details, talks to somebody else, cannot be told",
    "thanks or is friendly; the problem is not known to be solved",
    "says that it is solved, enough, satisfied now",
    "praises the company beyond thanks, recommends it, defends it, stays because of how it was handled",
)
_ACT_MEANINGS = (
    "takes the fault", "regrets the feeling, not the fault", "names what the customer feels or lost",
    "takes the customer's side or restates the problem", "thanks for telling, waiting or staying",
    "gives the cause", "asks for the customer's side or details", "says what is done about this case",
    "offers money, credit or a gift", "gives a private or direct way on",
    "confirms that it is solved, wishes well, answers thanks", "denies, blames, hides behind policy, debates",
    "friendly humour", "sarcasm at the customer's cost", "insults, threatens, berates",
    "signed, or uses the customer's name",
)  # fmt: skip
_YES_NO = {"0": "no", "1": "yes"}
_OPENER = ("opener",)

LABELS: Final[dict[str, Label]] = {
    label.name: label
    for label in (
        Label(
            "stance",
            "What does it do?",
            dict(zip(STANCES, _STANCE_MEANINGS, strict=True)),
            CUSTOMER_ITEMS,
            True,
        ),
        Label("sarcastic", "Does it mean the opposite of what it says?", _YES_NO, CUSTOMER_ITEMS),
        Label("complaint", "Does it state a breached expectation about the company?", _YES_NO, _OPENER),
        Label(
            "hostility",
            "How hostile is it?",
            {"0": "calm", "1": "annoyed", "2": "angry", "3": "abusive: insults or threats at people"},
            _OPENER,
            True,
        ),
        Label(
            "severity",
            "How bad is what happened?",
            {
                "0": "a nuisance",
                "1": "loss of time or use",
                "2": "loss of money or an important occasion",
                "3": "harm or danger",
            },
            _OPENER,
            True,
        ),
        Label("nonsense", "Is it spam, off-topic, or abuse with no grievance?", _YES_NO, _OPENER),
        Label("praise_any", "Does it praise the company, whatever for?", _YES_NO, CUSTOMER_ITEMS),
        Label(
            "target",
            "Which side is it on?",
            {"against": "against the company", "for": "for the company", "other": "about somebody else"},
            ("bystander",),
        ),
        *(
            Label(act, f"Does it do this: {meaning}?", _YES_NO, ("reply",))
            for act, meaning in zip(ACTS, _ACT_MEANINGS, strict=True)
        ),
    )
}
"""Every label by name, in the codebook's order."""

ACT_MEANINGS: Final = dict(zip(ACTS, _ACT_MEANINGS, strict=True))

ANSWERS: Final = (*(name for name in LABELS if name not in ACTS), ACTS_LABEL)
"""What a coder answers: every label, the acts as one answer."""


def answers_of(item: str) -> tuple[str, ...]:
    """What is asked of one kind of message."""
    if item == "reply":
        return (ACTS_LABEL,)
    return tuple(name for name in ANSWERS if name != ACTS_LABEL and item in LABELS[name].items)
