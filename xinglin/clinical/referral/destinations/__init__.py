"""Where a patient could go, and the place that is kept there: ranked, told, held.

`wanted` what is asked for; `directory` and `gathering` what the houses have; `ranking` the order,
pure; `finding` the answer for a form or a referral; `held` the place that a referral has.
"""
