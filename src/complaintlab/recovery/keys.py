"""Keys of records: what a world and an estimator are made of, so that records of other code do not mix in.

A key covers the syntax of every module that is imported on the way (docstrings and comments apart), the
arguments, the files that a module names in READS, and the versions of the libraries that compute.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from complaintlab.pipeline import PACKAGE, code_closure
from complaintlab.store import find_root

LIBRARIES = ("numpy", "polars", "scipy", "statsmodels")


def described(function: Callable[..., Any]) -> str:
    """Module, name and arguments of a function or a ``functools.partial`` of one.

    Raises:
        ValueError: it is a lambda or was made inside another function, which nothing tells apart.
    """
    inner, arguments = function, ""
    if isinstance(function, partial):
        inner = function.func
        words = [*map(repr, function.args), *(f"{k}={v!r}" for k, v in sorted(function.keywords.items()))]
        arguments = ", ".join(words)
    if "<" in inner.__qualname__:
        raise ValueError(f"{inner.__qualname__} is no function of a module: give it a name, or use partial")
    return f"{inner.__module__}:{inner.__qualname__}({arguments})"


def key_of(*functions: Callable[..., Any]) -> str:
    """16 hex digits for what these functions are made of."""
    parts = [described(function) for function in functions]
    modules = sorted({part.split(":")[0] for part in parts})
    files = sorted({file for module in modules for file in _closure(module)})
    digest = hashlib.blake2b(digest_size=8)
    for part in [*parts, *(_syntax(file) for file in files), *(_version(name) for name in LIBRARIES)]:
        digest.update(part.encode() + b"\0")
    for module in modules:
        for name in getattr(importlib.import_module(module), "READS", ()):
            path = find_root() / name
            digest.update((path.read_bytes() if path.exists() else b"") + b"\0")
    return digest.hexdigest()


@cache
def _closure(module: str) -> tuple[str, ...]:
    return tuple(code_closure(module))


@cache
def _syntax(file: str) -> str:
    """A module's syntax tree without docstrings, hashed."""
    path = PACKAGE.parents[1] / file
    return hashlib.blake2b(_bare(path).encode(), digest_size=16).hexdigest()


def _bare(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [statement for statement in node.body if not _is_docstring(statement)]
    return ast.dump(tree)


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


@cache
def _version(name: str) -> str:
    return f"{name} {version(name)}"
