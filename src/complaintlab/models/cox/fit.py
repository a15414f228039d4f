"""A fitted Cox model: its table, baseline hazard, residuals and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import erfc, sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np
import polars as pl

from complaintlab.models.cox.concordance import concordance
from complaintlab.models.cox.design import CoxCall, Design, prepare
from complaintlab.models.cox.newton import Solution, maximise
from complaintlab.models.cox.proportionality import proportionality_test
from complaintlab.models.cox.residuals import robust_covariance, schoenfeld, score_residuals
from complaintlab.models.cox.rows import FloatArray, label_codes

Residual = Literal["martingale", "score", "dfbeta", "schoenfeld"]


@dataclass(frozen=True, eq=False, repr=False)
class CoxFit:
    """A fitted Cox model.

    ``covariance`` is the inverse information, ``robust_covariance`` the sandwich by cluster (None without);
    ``loglik`` is (null, fitted); ``score_test`` the score test of all coefficients being 0 (chi-squared);
    ``n`` counts rows, ``n_events`` rows with an event.
    """

    call: CoxCall
    frame: pl.DataFrame
    coefficients: FloatArray
    covariance: FloatArray
    robust_covariance: FloatArray | None
    loglik: tuple[float, float]
    score_test: float
    iterations: int
    n: int
    n_events: int
    _design: Design
    _solution: Solution

    def __repr__(self) -> str:
        return f"Cox model: {self.n} rows, {self.n_events} events\n{self.table}"

    @property
    def converged(self) -> bool:
        """True: a model that does not converge raises :class:`ModelError` instead."""
        return self.iterations > 0

    @cached_property
    def table(self) -> pl.DataFrame:
        """term, coef, se, robust_se, z, p, lower, upper (95%): inference is robust where there is a cluster.

        One row per covariate; coefficients are log hazard ratios per unit; ``robust_se`` is null without
        a cluster.
        """
        se = np.sqrt(np.diag(self.covariance))
        robust = None if self.robust_covariance is None else np.sqrt(np.diag(self.robust_covariance))
        used = se if robust is None else robust
        z = self.coefficients / used
        half_width = NormalDist().inv_cdf(0.975) * used
        return pl.DataFrame(
            {
                "term": list(self.call.covariates),
                "coef": self.coefficients,
                "se": se,
                "robust_se": [None] * len(se) if robust is None else robust,
                "z": z,
                "p": [erfc(abs(value) / sqrt(2)) for value in z],
                "lower": self.coefficients - half_width,
                "upper": self.coefficients + half_width,
            },
            schema_overrides={"robust_se": pl.Float64},
        )

    @cached_property
    def concordance(self) -> float:
        """Share of comparable pairs whose order of events agrees with the linear predictor; ties count half.

        Pairs within strata, weighted (Harrell 1996; Therneau and Watson 2017).
        """
        return concordance(self._solution.at_beta)

    def baseline_hazard(self) -> pl.DataFrame:
        """Cumulative hazard at covariates (and offset) 0: stratum, time, hazard.

        One row per stratum and distinct stop time. Each event adds its step as the ties are treated, Efron's
        or Breslow's. ``stratum`` is the label as text, several labels joined by ", ", "all" without strata.
        """
        design, fitted = self._design, self._solution.at_beta
        steps = np.concatenate([[0.0], np.cumsum(fitted.hazard)])
        first = np.searchsorted(fitted.problem.sets.strata, design.strata)
        at_zero = np.sum(self._solution.beta * design.scale.centre / design.scale.spread)
        hazard = (steps[design.exit] - steps[first]) * np.exp(-at_zero - design.offset_centre)
        curve = pl.DataFrame({"code": design.strata, "time": design.rows.stop_times, "hazard": hazard})
        curve = curve.unique(["code", "time"]).sort("code", "time")
        return curve.select(design.stratum_names(curve["code"].to_numpy()), "time", "hazard")

    def proportionality(self) -> pl.DataFrame:
        """Grambsch and Therneau's (1994) test on the Kaplan–Meier scale.

        Returns term, chisq, df, p: one row per covariate, then one for all together, GLOBAL.
        """
        design = self._design
        return proportionality_test(self._solution.at_beta, design.rows, self.call.covariates)

    def residuals(self, kind: Residual, collapse: str | None = None) -> pl.DataFrame:
        """Residuals, one row per row of the data, unweighted as in R.

        ``martingale``: one column of that name. ``score``, ``dfbeta``: one column per covariate; rows never
        at risk or of weight 0 have 0. ``schoenfeld``: one row per event, sorted by stratum and
        time, which come first. ``collapse`` names a column: the others are summed within its values,
        sorted, which come first.
        """
        if kind == "schoenfeld":
            return self._schoenfeld()
        fitted, spread = self._solution.at_beta, self._design.scale.spread
        if kind == "martingale":
            return self._by_row(["martingale"], fitted.martingale[:, None], collapse)
        values = score_residuals(fitted) * spread
        if kind == "dfbeta":
            values = values @ self.covariance
        return self._by_row(self.call.covariates, values, collapse)

    def _schoenfeld(self) -> pl.DataFrame:
        sets = self._solution.at_beta.problem.sets
        values = schoenfeld(self._solution.at_beta) * self._design.scale.spread
        at = sets.event_positions
        place = pl.DataFrame({"stratum": self._design.stratum_names(sets.strata[at]), "time": sets.times[at]})
        return place.hstack(pl.DataFrame(values, schema=list(self.call.covariates)))

    def _by_row(self, names: Sequence[str], values: FloatArray, collapse: str | None) -> pl.DataFrame:
        full = np.zeros((self.n, len(names)))
        full[self._design.used] = values
        if collapse is None:
            return pl.DataFrame(full, schema=list(names))
        codes, labels = label_codes(self.frame, [collapse], "collapse")
        sums = np.stack([np.bincount(codes, column) for column in full.T], axis=1)
        return labels.hstack(pl.DataFrame(sums, schema=list(names)))


def fit(frame: pl.DataFrame, call: CoxCall, initial: FloatArray | None = None) -> CoxFit:
    """Fit ``call`` to ``frame``, starting from the coefficients ``initial`` (0)."""
    clusters = [label_codes(frame, [name], "cluster")[0] for name in call.cluster]
    design = prepare(frame, call)
    spread = design.scale.spread
    solution = maximise(design.problem, call.covariates, None if initial is None else initial * spread)
    standard = np.linalg.inv(solution.information).astype(np.float64, copy=False)
    robust = None
    if clusters:
        used = [codes[design.used] for codes in clusters]
        robust = robust_covariance(solution.at_beta, standard, used) / np.outer(spread, spread)
    return CoxFit(
        call=call,
        frame=frame,
        coefficients=solution.beta / spread,
        covariance=standard / np.outer(spread, spread),
        robust_covariance=robust,
        loglik=(solution.at_null.loglik, solution.at_beta.loglik),
        score_test=solution.score_test,
        iterations=solution.iterations,
        n=frame.height,
        n_events=len(design.problem.sets.event_rows),
        _design=design,
        _solution=solution,
    )
