"""Source `twcs`: the tweet set in its own columns, small ones of our own and the real sample."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from collect_exports import collect
from complaintlab.collect import Outputs
from complaintlab.collect.inspect import inspect_file, render
from complaintlab.companies import Companies, Company
from complaintlab.errors import InputError
from complaintlab.tables import TABLES

TWEETS = """\
tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id
1,9001,True,Tue Oct 31 22:10:47 +0000 2017,@acmehelp it broke,"2,3",
2,AcmeHelp,False,Tue Oct 31 22:12:00 +0000 2017,"@9001 Sorry, really.
DM us?",4,1.0
3,BoltUK,False,Tue Oct 31 22:13:00 +0000 2017,@9001 canâ€™t help,,1.0
4,9001,True,Tue Oct 31 22:14:00 +0000 2017,it is fine now @9002,,2.0
5,9003,True,Tue Oct 31 22:15:00 +0000 2017,nothing works,6,
6,BoltUK,False,Tue Oct 31 22:16:00 +0000 2017,@9003 Which model?,,5.0
"""


def tweets(folder: Path, content: str = TWEETS) -> Path:
    path = folder / "twcs.csv"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.fixture
def posts(tmp_path: Path) -> dict[str, dict[str, object]]:
    outputs = collect(tweets(tmp_path), "twcs")
    return {row["native_id"]: row for row in outputs.posts.to_dicts()}


def test_authors_without_a_number_are_companies(posts: dict[str, dict[str, object]]) -> None:
    assert [posts[i]["company"] for i in "123456"] == [None, "AcmeHelp", "BoltUK", None, None, "BoltUK"]


def test_ids_kept_as_floats_find_their_parents(posts: dict[str, dict[str, object]]) -> None:
    assert posts["2"]["parent_id"] == posts["1"]["post_id"]
    assert posts["1"]["parent_id"] is None


def test_whom_a_tweet_addresses(posts: dict[str, dict[str, object]]) -> None:
    assert posts["1"]["addressed"] == ["AcmeHelp"], "a mention goes before an answer"
    assert posts["5"]["addressed"] == ["BoltUK"], "the company that answers where none is mentioned"
    assert posts["4"]["addressed"] == []


def test_texts_lose_people_and_mojibake(posts: dict[str, dict[str, object]]) -> None:
    assert posts["2"]["text"] == "@user Sorry, really.\nDM us?"
    assert (posts["3"]["text"], posts["3"]["repaired"]) == ("@user can’t help", True)
    assert posts["4"]["text"] == "it is fine now @user"


def test_names_of_companies_come_from_companies_yaml(tmp_path: Path) -> None:
    acme = Companies(companies=(Company(name="Acme", accounts={"twcs": ("acmehelp",)}),))
    outputs = collect(tweets(tmp_path), "twcs", acme)
    assert outputs.posts["company"].drop_nulls().unique().sort().to_list() == ["Acme", "BoltUK"]
    assert "Acme" in outputs.posts["addressed"].explode().to_list()


def test_another_table_is_not_taken_for_the_tweet_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no column 'author_id'.*collect\.source=table"):
        collect(tweets(tmp_path, "tweet_id,text\n1,x\n"), "twcs")


def test_no_tweets_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rows"):
        collect(tweets(tmp_path, TWEETS.splitlines()[0] + "\n"), "twcs")


@pytest.fixture(scope="module")
def sample(shared: Path) -> Path:
    return shared / "data" / "twcs" / "twcs_sample.csv"


@pytest.fixture(scope="module")
def real(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    link = tmp_path_factory.mktemp("study") / sample.name
    link.symlink_to(sample)
    return collect(link, "twcs")


def test_the_real_sample_is_kept_whole(real: Outputs) -> None:
    assert (real.posts.height, real.quarantine.height) == (58_434, 0)
    assert real.posts["company"].drop_nulls().n_unique() == 103
    for name in real._fields:
        TABLES[name].validate(getattr(real, name))


def test_the_real_sample_misses_its_parents_and_says_nothing_of_deletions(real: Outputs) -> None:
    answers = real.posts.filter(pl.col("parent_id").is_not_null())
    orphans = answers.join(real.posts, left_on="parent_id", right_on="post_id", how="anti")
    assert round(orphans.height / answers.height, 3) == 0.775
    assert real.sightings["status"].unique().to_list() == ["present"]
    declared = real.source.row(0, named=True)
    assert (declared["selected_on_reply"], declared["threads_complete"]) == (True, False)


def test_mojibake_of_the_real_sample_is_mended_wherever_it_is_marked(real: Outputs, sample: Path) -> None:
    """The sample's own mark leaves out 182 texts whose mojibake has other signs than its own rule knew."""
    marked = pl.read_parquet(sample.parent / "provenance.parquet").filter("mojibake")["tweet_id"]
    repaired = real.posts.filter("repaired")["native_id"]
    assert marked.is_in(repaired.implode()).all()
    assert (len(marked), len(repaired)) == (4_205, 4_387)


def test_no_number_of_a_customer_is_left_in_the_real_texts(real: Outputs) -> None:
    assert not real.posts["text"].str.contains(r"@\d").any()


def test_the_real_sample_inspected(sample: Path) -> None:
    inspection = inspect_file(sample, Companies(companies=()), rows=2)
    assert inspection.source == "twcs"
    assert inspection.tally is not None
    assert (inspection.tally.company_posts, inspection.tally.orphans) == (37_585, 43_077)
    met = {finding.requirement: finding.met for finding in inspection.findings}
    assert met["companies"]
    assert not met["answered_and_not"]
    assert met["roots_seen"]
    assert "collect.source=twcs" in render(inspection)


def test_what_twitter_escapes_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "tweets.csv"
    path.write_text(
        "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
        "1,77,True,Tue Oct 31 22:10:47 +0000 2017,@Shop bill &amp; fee &lt;3 &amp;lt;,,\n"
    )
    posts = collect(path, "twcs").posts
    assert posts["text"].to_list() == ["@user bill & fee <3 &lt;"]
