"""Every function that notebooks call to fit something explains itself by an example that runs."""

from __future__ import annotations

import doctest
import importlib

import pytest

import complaintlab

FITTED = ("fine_gray", "reply_effect", "target_trial", "what_if")


@pytest.mark.parametrize("name", FITTED)
def test_the_example_in_the_docstring_says_what_comes_out(name: str) -> None:
    function = getattr(complaintlab, name)
    home = importlib.import_module(function.__module__)
    (example,) = doctest.DocTestFinder(recurse=False).find(
        function, name, module=home, globs=vars(home).copy()
    )
    assert any(step.want for step in example.examples)
    assert doctest.DocTestRunner().run(example).failed == 0
