"""Covariance of maximum-likelihood estimates that allows for dependence within clusters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from complaintlab.models.design import FloatArray

IntArray = npt.NDArray[np.int64]


def clustered_covariance(scores: FloatArray, information: FloatArray, clusters: IntArray) -> FloatArray:
    """The sandwich of Liang and Zeger (1986), with the factor G/(G − 1) · (n − 1)/(n − k) of statsmodels.

    ``scores`` (n, k) are each row's, ``information`` (k, k) their expected or observed curvature.
    ``clusters`` is (n,) or (n, 2) integer codes; of two ways the sum less that of the pairs (Cameron, Gelbach
    and Miller 2011).
    """
    bread = np.linalg.inv(information)
    ways = clusters[:, None] if clusters.ndim == 1 else clusters
    meat = sum((_meat(scores, ways[:, way]) for way in range(ways.shape[1])), np.zeros_like(bread))
    if ways.shape[1] == 2:
        both = np.unique(ways, axis=0, return_inverse=True)[1].ravel()
        meat = meat - _meat(scores, both)
    n, k = scores.shape
    return np.asarray((n - 1) / (n - k) * bread @ meat @ bread)


def _meat(scores: FloatArray, cluster: IntArray) -> FloatArray:
    codes = np.unique(cluster, return_inverse=True)[1].ravel()
    order = np.argsort(codes, kind="stable")
    begins = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sums = np.add.reduceat(scores[order], begins, axis=0)
    G = len(begins)
    return np.asarray(sums.T @ sums * G / max(G - 1, 1))
