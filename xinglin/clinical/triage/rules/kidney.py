"""Kidney function from what a laboratory measures. Pure.

CKD-EPI 2009 with creatinine, without the coefficient of race: Levey AS et al., Ann Intern Med
2009;150:604–612. It holds from 18 years on.
"""

from __future__ import annotations

MICROMOLES_PER_MG_DL = 88.4
ADULT = 18


def egfr(creatinine: float, age: float, sex: str) -> float | None:
    """The estimated filtration in mL/min/1.73 m²; None where the equation does not hold.

    `creatinine` in µmol/L, `age` in years, `sex` "male" or "female".
    """
    if age < ADULT or creatinine <= 0 or sex not in ("male", "female"):
        return None
    female = sex == "female"
    kappa, alpha = (0.7, -0.329) if female else (0.9, -0.411)
    ratio = creatinine / MICROMOLES_PER_MG_DL / kappa
    found = 141.0 * min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** -1.209 * 0.993**age
    return float(found * 1.018) if female else float(found)


def acr(albumin: float, creatinine: float) -> float | None:
    """Albumin (mg/L) to creatinine (mmol/L) of one urine sample, in mg/g; None without creatinine.

    1 mmol of creatinine is 0.1131 g.
    """
    return albumin / (creatinine * 0.1131) if creatinine > 0 else None
