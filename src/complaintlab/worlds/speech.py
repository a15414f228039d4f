"""Words for drafts: a small grammar says what each post means, in many ways and with a person's slips."""

from __future__ import annotations

import random
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from complaintlab.labels import ACTS
from complaintlab.worlds.laws import Laws

FOLDER = Path(__file__).parent / "grammar"
SLOT = re.compile(r"\{(\w+)\}")
ORDER = (
    "thank", "acknowledge", "empathy", "apology", "regret", "joke", "mock", "attack", "explain", "defend",
    "fix", "compensate", "ask", "contact", "close",
)  # fmt: skip
"""The order in which a reply does its acts; ``personal`` is the greeting or the signature."""

PRIVATE_SHARE = 0.6
"""Of the neutral turns after an offer to talk in private: those that say they did."""

SIGNS = {"caret": " ^{0}", "slash": " /{0}", "dash": " - {1}", "none": ""}


class Grammar:
    """The sentences of ``grammar/*.yaml``: files of lists by label, slots filled from ``slots.yaml``."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def _file(self, name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.load(
            (self._folder / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
        )
        return loaded

    @cached_property
    def slots(self) -> dict[str, list[str]]:
        return self._file("slots")

    @cached_property
    def openers(self) -> dict[str, Any]:
        return self._file("openers")

    @cached_property
    def turns(self) -> dict[str, list[str]]:
        return self._file("turns")

    @cached_property
    def replies(self) -> dict[str, list[str]]:
        return self._file("replies")

    @cached_property
    def bystanders(self) -> dict[str, list[str]]:
        return self._file("bystanders")


class Speaker:
    """Says drafts in words; one seed, one wording."""

    def __init__(self, grammar: Grammar, laws: Laws, handles: list[str], seed: int) -> None:
        self._grammar, self._handles = grammar, handles
        self._laws = list(laws.companies.values())
        self._names = list(laws.companies)
        self._dice = random.Random(seed)

    def say(self, drafts: pl.DataFrame) -> list[str]:
        """Texts of all drafts in their order; people's handles appear as @user."""
        ways = {"reply": self._reply, "turn": self._turn, "bystander": self._bystander}
        return [ways.get(row["kind"], self._opener)(row) for row in drafts.iter_rows(named=True)]

    # -- the public

    def _opener(self, row: dict[str, Any]) -> str:
        openers = self._grammar.openers
        if row["kind"] != "complaint":
            text = self._fill(self._pick(openers[row["kind"]]))
            return self._addressed(row, self._slips(text, row["hostility"]))
        parts = [self._pick(openers["sarcastic" if row["sarcastic"] else "topics"][row["topic"]])]
        if row["severity"] > 0 or self._chance(0.4):
            parts.append(self._pick(openers["severity"][row["severity"]]))
        mood = self._pick(openers["hostility"][row["hostility"]])
        parts.insert(0 if self._chance(0.35) else len(parts), mood)
        if self._chance(0.2):
            parts.append(self._pick(openers["tails"]))
        text = " ".join(part for part in (self._fill(part) for part in parts) if part)
        return self._addressed(row, self._slips(text, row["hostility"]))

    def _turn(self, row: dict[str, Any]) -> str:
        turns = self._grammar.turns
        label = row["stance"]
        if label == "neutral" and row["invited"] and self._chance(PRIVATE_SHARE):
            label = "neutral_private"
        if row["sarcastic"] and f"{label}_sarcastic" in turns:
            label = f"{label}_sarcastic"
        parts = [self._pick(turns[label])]
        if label in ("escalates", "persists") and (row["hostility"] or 0) >= 2 and self._chance(0.5):
            parts.append(self._pick(self._grammar.openers["hostility"][row["hostility"]]))
        elif label in turns and self._chance(0.15) and row["stance"] != "neutral":
            parts.append(self._pick(turns[label]))
        text = self._slips(" ".join(self._fill(part) for part in parts), row["hostility"] or 0)
        return self._addressed(row, text, often=0.5)

    def _bystander(self, row: dict[str, Any]) -> str:
        text = self._fill(self._pick(self._grammar.bystanders[row["stance"]]))
        text = self._slips(text, row["hostility"] or 0)
        return f"@user {text}" if self._chance(0.6) else text

    def _addressed(self, row: dict[str, Any], text: str, often: float = 0.8) -> str:
        handle = "@" + self._handles[row["company"]]
        if row["second"] is not None:
            handle += " @" + self._handles[row["second"]]
        if row["second"] is not None or self._chance(often):
            return f"{handle} {text}" if self._chance(0.8) else f"{text} {handle}"
        return text

    def _slips(self, text: str, hostility: int) -> str:
        """A person's hand: capitals in anger, lower case in haste, typing errors, emoji."""
        if hostility >= 2 and self._chance(0.06 * hostility):
            text = text.upper()
        elif self._chance(0.25):
            text = text.lower()
        if self._chance(0.12):
            text = self._mistyped(text)
        if hostility >= 1 and self._chance(0.1 * hostility):
            text = text.rstrip(".") + "!" * self._dice.randint(1, 3)
        if self._chance(0.08):
            text += " " + self._pick(self._grammar.slots["angry_emoji" if hostility else "calm_emoji"])
        return text

    def _mistyped(self, text: str) -> str:
        if len(text) < 20:
            return text
        at = self._dice.randrange(5, len(text) - 5)
        return (
            text[:at] + text[at + 1] + text[at] + text[at + 2 :]
            if self._chance(0.5)
            else text[:at] + text[at + 1 :]
        )

    # -- the company

    def _reply(self, row: dict[str, Any]) -> str:
        acts = set(row["acts"])
        sentences = [self._sentence(act, row["company"]) for act in ORDER if act in acts]
        if not sentences:
            sentences = [self._sentence("none", row["company"])]
        sign = self._signature(row) if "personal" in acts else ""
        opening = self._greeting(row, named="personal" in acts and not sign)
        if row["split"] and len(sentences) > 1:
            half = (len(sentences) + 1) // 2
            first, second = " ".join(sentences[:half]), " ".join(sentences[half:])
            return f"{opening}{first} 1/2\x1e{opening}{second}{sign} 2/2"
        return opening + " ".join(sentences) + sign

    def _sentence(self, act: str, company: int) -> str:
        """From the company's own stock, or freely."""
        ways = self._grammar.replies[act]
        stock = (company * 7 + (ACTS.index(act) if act in ACTS else 0) * 3) % len(ways)
        free = not self._chance(self._laws[company].boilerplate)
        return self._fill(self._pick(ways) if free else ways[stock])

    def _greeting(self, row: dict[str, Any], named: bool) -> str:
        mention = "@user " if self._chance(0.75) else ""
        if named:
            return mention + self._fill("{greeting} {first_name}, ")
        return mention + (self._fill("{greeting}{stop} ") if self._chance(0.5) else "")

    def _signature(self, row: dict[str, Any]) -> str:
        if row["agent"] is None:
            return ""
        names = self._grammar.slots["agent_names"]
        name = names[(row["company"] * 11 + row["agent"] * 5) % len(names)]
        second = chr(ord("A") + (row["company"] * 3 + row["agent"] * 7) % 26)
        return SIGNS[self._laws[row["company"]].signs].format(name[0] + second, name)

    # -- dice

    def _fill(self, sentence: str) -> str:
        filled = SLOT.sub(lambda slot: self._pick(self._grammar.slots[slot[1]]), sentence)
        return filled[:1].upper() + filled[1:]

    def _pick(self, ways: list[str]) -> str:
        return ways[int(self._dice.random() * len(ways))]

    def _chance(self, share: float) -> bool:
        return self._dice.random() < share
