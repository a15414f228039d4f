"""Tables of the stages ``embed``, ``measure`` and ``cluster``: what the texts say."""

from __future__ import annotations

import dataframely as dy

from complaintlab.labels import ACTS, STANCES
from complaintlab.tables.columns import count, flag, id_, number, one_of, probability, string, texts

DIMENSIONS = 384
READING = 2 * DIMENSIONS
"""Numbers of a reading: the third layer's, then the adapted last layer's."""


class Vectors(dy.Schema):
    """One row per distinct normalised text that a later stage needs."""

    text_hash = id_("hash of the normalised text", key=True)
    backend = string("model and backend", key=True)
    vector = dy.Array(dy.Float32(), DIMENSIONS, description="unit length")
    truncated = flag("the text was longer than the model reads")


class Readings(dy.Schema):
    """One row per message that was read in its context, since the rules alone could not code it."""

    side = string("customer or company", key=True)
    text_hash = id_("hash of the normalised text", key=True)
    before_hash = string("hash of the normalised message before it; '' where there is none", key=True)
    vector = dy.Array(dy.Float32(), READING, description="third and last layer, means over own tokens")


class _Measured(dy.Schema):
    post_id = id_("the post", key=True)
    company = string("the company that the turn concerns", key=True)
    language = string("ISO 639-1, 'und' where it cannot be told")
    supported = flag("the measures know this language; else all labels are null")
    stance = one_of(STANCES, "most probable stance of a critic's or bystander's turn", nullable=True)


class _Customer(_Measured):
    p_escalates = probability("probability of the stance")
    p_persists = probability("probability of the stance")
    p_neutral = probability("probability of the stance")
    p_thanks = probability("probability of the stance")
    p_resolved = probability("probability of the stance")
    p_advocates = probability("probability of the stance")
    p_sarcastic = probability("it means the opposite of what it says")
    p_complaint = probability("it states a breached expectation about the company")
    p_praise = probability("it praises the company, whatever for")
    p_nonsense = probability("spam, plainly off-topic, or abuse without a grievance")
    p_against = probability("a bystander's turn is against the company")
    hostility = number("0 calm, 1 annoyed, 2 angry, 3 abusive")
    severity = number("0 nuisance, 1 loss of time, 2 loss of money, 3 harm")
    topic = string("topic of an opener", nullable=True)


class Measures(_Customer):
    """One row per turn: the codebook's labels as probabilities; customer labels are null for replies."""

    acts = dy.List(dy.Enum(list(ACTS)), nullable=True, description="acts of a company's reply")
    p_apology = probability("the reply takes the fault")
    p_regret = probability("it regrets the feeling, not the fault")
    p_empathy = probability("it names what the customer feels or lost")
    p_acknowledge = probability("it takes the customer's side or restates the problem")
    p_thank = probability("it thanks the customer")
    p_explain = probability("it gives the cause")
    p_ask = probability("it asks for details")
    p_fix = probability("it says what is done about this case")
    p_compensate = probability("it offers money, credit or a gift")
    p_contact = probability("it gives a private way on")
    p_close = probability("it confirms that it is solved, or wishes well")
    p_defend = probability("it denies, blames or hides behind policy")
    p_joke = probability("friendly humour")
    p_mock = probability("sarcasm at the customer's cost")
    p_attack = probability("it insults or threatens")
    p_personal = probability("signed, or uses the customer's name")
    p_proper = probability("reply quality is proper")
    p_bad = probability("reply quality is bad")
    template = probability("closeness to earlier replies of the same company; null before the first")
    model_version = string("version of the measures")


STATISTICS = (
    "f1", "precision", "recall", "spearman", "calibration_error", "kappa", "alpha",
    "sensitivity", "specificity", "sensitivity_difference",
    "specificity_difference", "sensitivity_p", "specificity_p",
)  # fmt: skip
"""Statistics of ``quality``; the last six compare the arms of the claims on timing."""


class Quality(dy.Schema):
    """One row per measure, label and subgroup: how well it agrees with coded messages."""

    corpus = string("against what it was judged", key=True)
    measure = string("stance, stance3, complaint, hostility, act or outcome", key=True)
    label = string("the label; 'macro': mean over labels; 'coders': coders with each other", key=True)
    subgroup = string("'all', 'company: …', 'hand: …', 'arm: …', or 'arms' (a test between arms)", key=True)
    statistic = one_of(STATISTICS, "what is reported; differences are to the first arm", key=True)
    value = number("the statistic; a p-value for the statistics that end so")
    lower = number("95% bootstrap interval")
    upper = number("95% bootstrap interval")
    support = count("coded cases of the label")


class Confusion(dy.Schema):
    """One row per pair of labels: how messages coded as the one were measured."""

    corpus = string("against what it was judged", key=True)
    measure = string("stance, complaint or hostility (a grade rounded)", key=True)
    coded = string("label that the coder gave", key=True)
    measured = string("most probable label", key=True)
    n = count("messages")
    share = probability("of the messages coded so, weighted by the sampling", nullable=False)


class Calibration(dy.Schema):
    """One row per label and tenth of [0, 1]: how often what was given that probability is so."""

    corpus = string("against what it was judged", key=True)
    measure = string("stance, complaint or act", key=True)
    label = string("the label", key=True)
    bin = dy.UInt8(primary_key=True, description="0 for probabilities below 0.1, … 9 for 0.9 and above")
    expected = probability("mean probability in the bin", nullable=False)
    frequency = probability("share of its messages coded so, weighted by the sampling", nullable=False)
    lower = probability("95% interval of the frequency", nullable=False)
    upper = probability("95% interval of the frequency", nullable=False)
    n = count("messages in the bin")


class Learning(dy.Schema):
    """One row per measure and number of training texts: how quality grows with more of them."""

    measure = string("stance, complaint, hostility or act", key=True)
    n_texts = dy.UInt32(primary_key=True, description="training texts")
    value = number("macro-F1 (hostility: rank correlation) on texts that were not trained on")
    lower = number("95% interval")
    upper = number("95% interval")


class Drift(dy.Schema):
    """One row per side and statistic: how far the corpus lies from the training texts."""

    side = one_of(("customers", "replies"), "whose texts", key=True)
    statistic = one_of(
        ("unseen_words", "no_feature", "label_distance", "not_read"),
        "share of words that no training text has; of texts without any feature of the lexicon; "
        "Jensen-Shannon distance of the measured labels' shares; share of texts not measured",
        key=True,
    )
    label = string("'all'; for not_read also each language", key=True)
    value = probability("in the corpus")
    reference = probability("among the training texts: each hand against the others, averaged")
    n = count("words or texts behind the value")


class ReplyTypes(dy.Schema):
    """One row per family of company replies."""

    type_id = dy.Int16(primary_key=True, description="-1 holds the replies of no family")
    name = string("its most telling terms")
    n = count("replies in it")
    n_companies = dy.UInt16(description="companies that use it")
    share = probability("share of all replies", nullable=False)
    stability = probability("mean best Jaccard overlap when half of the replies are clustered again")
    exemplars = texts("central replies with names, numbers and links slotted, from enough authors")
    terms = texts("terms that set it apart")


class ReplyMembers(dy.Schema):
    """One row per company reply: its family."""

    post_id = id_("the reply", key=True)
    type_id = dy.Int16(description="family, -1 for none")
    strength = probability("how firmly it belongs", nullable=False)
    x = number("place on the map of reply types, first axis", nullable=False)
    y = number("place on the map, second axis", nullable=False)
