"""A believable county of any size, as rows: residents, visits, referrals and their traces.

What is assumed, because the figures depend on it:

- Surnames follow the national census of names (王 7.2 %, 李 7.0 %, 张 6.7 %, …), given names are
  of one or two characters of unequal frequency, so that a search for a common name finds many.
- Referrals come evenly over five years. A referral is open for 18 days on average, most of them
  in treatment, accepted or waiting for an answer: about 1 % of five years' referrals is open.
- Six of ten go up, three down, the others sideways or out of the county; of those that go up to
  the county level, over half goes to the lead hospital.
- What a visit finds is one diagnosis, blood pressure and pulse, a medicine in one of three, and
  results of the laboratory; some people have as many facts as the aims name (`HEAVY`), spread over
  five years and three houses.
- A referral leaves two lines in the trail and a notice; an installation's own leave more, and
  they lie in the same indexes.
"""

from bench.county.parts import House, Houses, Scale, now, uuid7
from bench.county.rows import County

__all__ = ["County", "House", "Houses", "Scale", "now", "uuid7"]
