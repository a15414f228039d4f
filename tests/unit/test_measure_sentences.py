"""Sentences of our own for every label, measured as the pipeline measures them: read in context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from complaintlab.embed import read_messages
from complaintlab.embed.messages import unread
from complaintlab.measure import measure_messages
from complaintlab.measure.messages import with_hashes

Message = tuple[str, str, str | None]
"""Text, role and the message before."""

Reading = Callable[..., dict[str, Any]]

ASKED = "Could you tell us which device and version you are using?"


def missed(text: str, label: Any) -> Any:
    """A sentence that the models of today read otherwise: a model that reads it right must say so here."""
    return pytest.param(text, label, marks=pytest.mark.xfail(strict=True, reason="read otherwise"))


STANCES_SAID = [
    ("I'm closing my account and taking my money elsewhere", "escalates"),
    ("You will hear from my lawyer", "escalates"),
    ("Everyone avoid this company, never again", "escalates"),
    ("Still not working.", "persists"),
    ("I already tried that and it didn't help", "persists"),
    ("It isn't really fixed, the app keeps crashing", "persists"),
    missed("Great, another form. Thanks for nothing.", "persists"),
    ("How do I change my address?", "neutral"),
    ("Is there a vegetarian meal on that flight?", "neutral"),
    ("Thank you for the quick reply", "thanks"),
    ("Ok will do, thanks", "thanks"),
    ("That fixed it, thanks", "resolved"),
    ("All sorted now", "resolved"),
    ("You guys are the best, amazing customer service!", "advocates"),
    ("I would highly recommend them, brilliant support team", "advocates"),
    ("I was about to cancel but the way they handled it made me a fan for life", "advocates"),
    ("Your driver is a star, so helpful, I would recommend you to anyone", "advocates"),
    ("Moving to another bank tomorrow", "escalates"),
    ("You liars, that's what you are", "escalates"),
    ("Don't use them, you have been warned", "escalates"),
]
ACTS_DONE = [
    ("We're sorry for the delay with your order.", "apology"),
    ("Sorry you feel that way.", "regret"),
    ("We understand how upsetting that must have been for you.", "empathy"),
    ("You're right, that should not have happened.", "acknowledge"),
    ("Thanks for letting us know.", "thank"),
    ("This happened because of a server outage.", "explain"),
    ("Could you tell us your order number?", "ask"),
    ("We've passed this to our engineers, who will replace the router.", "fix"),
    ("We would like to offer you a voucher.", "compensate"),
    ("Please send us a DM or call our support team.", "contact"),
    ("Glad it's sorted, have a great day!", "close"),
    ("Unfortunately we cannot offer refunds, as per our policy.", "defend"),
    ("Haha, we do love a good pun!", "joke"),
    missed("Oh bless your heart, here's a tiny violin.", "mock"),
    ("You're an idiot, get a life.", "attack"),
    ("Hi Anna, welcome back! ^JK", "personal"),
]
ALL_ACTS_DONE = [
    missed("We got this wrong.", ["apology"]),
    ("Your ticket has been rebooked and the taxi is on its way.", ["fix"]),
    missed("The duplicate fee was reversed and your order goes out tonight.", ["fix"]),
    missed("We have refunded the wrong charge.", ["fix"]),
    ("Let us treat you to lunch, the next meal is on us.", ["compensate"]),
    missed("You should have read the conditions.", ["defend"]),
    ("We are not liable for what other shops do.", ["defend"]),
    missed("Your voucher is valid within two weeks.", ["compensate"]),
    ("The gap was caused by a flooded warehouse.", ["explain"]),
    ("We hope that you are well.", []),
]
MARKS = [
    ("p_complaint", "My parcel is late again and nobody answers", "Do you open on Sundays?"),
    ("p_praise", "I love this shop, excellent service", "Where is my parcel?"),
    ("p_sarcastic", "Oh great, three weeks. Thanks for nothing!", "Thanks for the help"),
    ("p_nonsense", "FREE followers, click the link in my bio", "My parcel is late"),
    pytest.param(
        "p_sarcastic", "Thanks for nothing", "Thanks for the help",
        marks=pytest.mark.xfail(strict=True, reason="sarcasm in three words is read as thanks"),
    ),
    pytest.param(
        "p_nonsense", "Check out my mixtape, link in bio", "My parcel is late",
        marks=pytest.mark.xfail(strict=True, reason="suspected of nonsense, at .3"),
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    """What a message is measured as; all sentences of the lists are read at once, others one by one."""
    root = tmp_path_factory.mktemp("study")

    def measured(said: list[Message]) -> dict[Message, dict[str, Any]]:
        frame = pl.DataFrame(
            said, schema={"text": pl.String, "role": pl.String, "before": pl.String}, orient="row"
        )
        messages = with_hashes(frame.with_columns(message_id=pl.int_range(pl.len()).cast(pl.String)))
        codes = measure_messages(messages, read_messages(unread(messages, "all"), root))
        return dict(zip(said, codes.iter_rows(named=True), strict=True))

    listed: list[Message] = [(text, "critic", None) for text in _sentences(STANCES_SAID) + _sentences(MARKS)]
    listed += [(text, "company", None) for text in _sentences(ACTS_DONE) + _sentences(ALL_ACTS_DONE)]
    known = measured(list(dict.fromkeys(listed)))

    def one(text: str, role: str = "critic", before: str | None = None) -> dict[str, Any]:
        message = text, role, before
        return known[message] if message in known else measured([message])[message]

    return one


def _sentences(cases: list[Any]) -> list[str]:
    """Every string of the cases, marked or not; labels among them do no harm."""
    rows = [getattr(case, "values", case) for case in cases]
    return [text for row in rows for text in row if isinstance(text, str)]


@pytest.mark.parametrize(("text", "stance"), STANCES_SAID)
def test_stances(text: str, stance: str, read: Reading) -> None:
    assert read(text)["stance"] == stance


@pytest.mark.parametrize(("text", "act"), ACTS_DONE)
def test_acts(text: str, act: str, read: Reading) -> None:
    assert act in read(text, "company")["acts"]


@pytest.mark.parametrize(("text", "acts"), ALL_ACTS_DONE)
def test_what_is_done_defended_and_given_is_told_apart(text: str, acts: list[str], read: Reading) -> None:
    assert read(text, "company")["acts"] == acts


@pytest.mark.parametrize(("name", "yes", "no"), MARKS)
def test_marks(name: str, yes: str, no: str, read: Reading) -> None:
    assert read(yes)[name] > 0.5 > read(no)[name]


def test_a_bare_answer_to_a_question_is_neutral(read: Reading) -> None:
    assert read("Windows, the newest version", before=ASKED)["stance"] == "neutral"
    answered = read("Broken since Tuesday", before=ASKED)["p_neutral"]
    unasked = read("Broken since Tuesday", before="We are listening.")["p_neutral"]
    assert answered > unasked


@pytest.mark.parametrize(
    "text", ["It shows an orange light on both phones", "It stops after ten seconds", "Same on the laptop"]
)
def test_the_message_before_decides(text: str, read: Reading) -> None:
    failed = read(text, before="Please restart it, that should do it.")["p_neutral"]
    assert read(text, before=ASKED)["p_neutral"] > failed + 0.2


def test_that_a_step_helped_is_resolved_with_and_without_thanks(read: Reading) -> None:
    for text in ("That fixed it, thanks", "Worked 👌", "It works again now", "That did the trick"):
        assert (
            read(text, before="Please try restarting the app. Let us know how it goes")["stance"]
            == "resolved"
        )


@pytest.mark.parametrize(
    "text",
    [
        "Been with them for years and never let down, keep it up!",
        "Give Mel a rise, the best help I have had in ages",
        "y'all are so legit 😂💕💕",
    ],
)
def test_praise_that_sounds_like_complaint_or_chatter_advocates(text: str, read: Reading) -> None:
    assert read(text)["stance"] == "advocates"


def test_grades_rise_with_the_words(read: Reading) -> None:
    texts = ["Hello, a question", "This is annoying", "You thieves, screw you!!"]
    grade = [read(text)["hostility"] for text in texts]
    assert grade == sorted(grade)
    assert grade[0] < 0.5
    assert grade[2] > 1.5
    harm, loose = read("Fire! I was burnt and taken to hospital"), read("The lid is a bit loose")
    assert harm["severity"] > loose["severity"]


def test_each_side_has_its_own_labels(read: Reading) -> None:
    reply, turn, bystander = (
        read("Thanks!", "company"),
        read("Thanks!"),
        read("Same here, still broken", "bystander"),
    )
    assert reply["stance"] is reply["p_complaint"] is reply["hostility"] is None
    assert turn["acts"] is turn["p_apology"] is turn["p_proper"] is turn["p_against"] is None
    assert bystander["p_against"] > 0.5
