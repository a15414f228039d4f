"""``complaintlab topics``: what openers are about, found in clusters, named by a person, kept as a file.

The file, data/topics.yaml, is input to the pipeline and no output of it: ``embed`` and ``measure`` read it.
"""
