"""The list of referrals costs the same few queries however many lines it shows."""

import pytest

from tests import cast as casting
from xinglin.clinical.referral import actions as referrals
from xinglin.clinical.referral.models import Referral

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("tab", ["sent", "all"])
def test_a_longer_list_asks_no_more(cast, enter, django_assert_num_queries, tab):
    browser = enter("wang")
    address = f"/referrals/?tab={tab}"
    for place in range(3):
        patient = casting.resident(cast.wang, cast.region, phone=f"1390000010{place}")
        letter = casting.letter(cast, person=patient)
        referrals.submit(referrals.draft(letter, by=cast.wang), by=cast.wang)
    browser.get(address)
    # The session, the account with its posts, the lines, the counts in the frame.
    with django_assert_num_queries(4):
        page = browser.get(address)
    assert page.text.count("青山镇卫生院 → 青山县人民医院") == 3


def test_a_line_carries_only_what_it_shows():
    columns = str(Referral.objects.for_lists().query)
    assert "symptoms" not in columns
    assert "organisations_organisation" not in columns
