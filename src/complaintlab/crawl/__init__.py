"""Crawling: raw answers of live sources, as they came, beside the pipeline and resumable at any moment."""
