"""Every source through all stages to a PDF: a handful of posts, where hardly a claim can be tested."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml

from collect_exports import POSTS, export, save
from complaintlab.claims import load_claims
from complaintlab.sources.hacker_news import HackerNews
from complaintlab.stages import STAGES, run_stage
from stubs.crawling import crawled, plan
from stubs.places import PLACES
from stubs.server import serving

ACCOUNTS = {
    "discourse": ["127.0.0.1"], "reddit": ["acme_help", "r/acme"], "bluesky": ["acme.example.com"],
    "mastodon": ["acme@mastodon.example"], "github": ["acme"], "hacker_news": ["acme_help"],
    "lemmy": ["acme@lemmy.example"], "twcs": ["AcmeHelp"], "table": ["AcmeHelp"],
}  # fmt: skip
TWEETS = [
    {"tweet_id": "1", "author_id": "7", "inbound": "True", "created_at": "Tue Oct 31 22:10:47 +0000 2017",
     "text": "@AcmeHelp it broke", "response_tweet_id": "2", "in_response_to_tweet_id": ""},
    {"tweet_id": "2", "author_id": "AcmeHelp", "inbound": "False",
     "created_at": "Tue Oct 31 22:15:47 +0000 2017", "text": "@7 Sorry! ^JK", "response_tweet_id": "",
     "in_response_to_tweet_id": "1"},
]  # fmt: skip


def raw_answers(source: str, folder: Path) -> None:
    """A crawl of a small place, or a small export, as ``raw``."""
    if source == "table":
        save(export(POSTS), folder / "raw.csv")
    elif source == "twcs":
        save(pl.DataFrame(TWEETS), folder / "raw.csv")
    else:
        place = PLACES[source]()
        with serving(place.answer) as server:
            crawled(plan(source, server.address, query=place.query), folder, environment=place.environment)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["table", "twcs", *PLACES])
def test_a_source_comes_to_a_pdf(
    source: str, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HackerNews, "facts", "")  # the stub answers for both hosts
    for name in ("claims.yaml", "plan.lock", "pins.txt"):
        shutil.copy(repo / name, tmp_path / name)
    shutil.copytree(
        repo / "data", tmp_path / "data", ignore=shutil.ignore_patterns("tables", "raw", "coding")
    )
    raw_answers(source, tmp_path)
    params = yaml.safe_load((repo / "params.yaml").read_text(encoding="utf-8"))
    live = source in PLACES
    params["collect"] |= {"source": source, "path": f"data/raw/{source}" if live else "raw.csv"}
    params["inference"]["resamples"] = 5
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    acme = {"name": "Acme", "accounts": ACCOUNTS}
    (tmp_path / "data" / "companies.yaml").write_text(yaml.safe_dump({"companies": [acme]}))
    for stage in STAGES:
        run_stage(stage, tmp_path)
    assert (tmp_path / "reports" / f"complaints-{source}.pdf").read_bytes().startswith(b"%PDF")
    verdicts = pl.read_csv(tmp_path / "reports" / "verdicts.csv", infer_schema_length=None)
    assert verdicts["claim"].to_list() == [claim.id for claim in load_claims(repo / "claims.yaml").claims]
    assert verdicts["verdict"].unique().to_list() == ["not testable here"]
    posts = pl.read_parquet(tmp_path / "data" / "tables" / "posts.parquet")
    assert "Acme" in posts["company"].to_list()
