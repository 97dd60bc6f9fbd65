from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor, Permission, Reach
from xinglin.kernel.trail import Ground
from xinglin.registry.people.models import Identifier, MatchReview, Merge, Person, knows_card


def same_county(actor: Actor, person: Person) -> bool:
    return person.county_id == actor.county_id


def known_to(actor: Actor, person: Person) -> bool:
    """In care, or for the office: whoever could change the card's number could then show it."""
    return person.county_id == actor.county_id and knows_card(actor, person)


def of_the_county(actor: Actor, identifier: Identifier) -> bool:
    return identifier.county_id == actor.county_id


def keeping(actor: Actor, person: Person) -> bool:
    """The keeper hands a record on; the county's office hands on any of its county."""
    if person.county_id != actor.county_id:
        return False
    return actor.reach is Reach.COUNTY or actor.reaches(person.managed_by_id)


def of_ones_county(actor: Actor, subject: MatchReview | Merge) -> bool:
    return subject.county_id == actor.county_id


SEARCH = Permission("person.search", _("查找居民"), same_county)
REGISTER = Permission("person.register", _("登记居民"), same_county)
CORRECT = Permission("person.correct", _("更正居民信息"), known_to)
VOID = Permission("person.void", _("作废居民登记"), same_county)
IDENTIFY = Permission("person.identify", _("登记标识号"), of_the_county)
REPORT_DEATH = Permission("person.report-death", _("登记死亡"), same_county)
TRANSFER = Permission("person.transfer", _("移交健康档案管理"), keeping)
REVIEW = Permission("person.review", _("核对疑似重复档案"), of_ones_county)
MERGE = Permission("person.merge", _("合并居民档案"), of_ones_county)
UNMERGE = Permission("person.unmerge", _("撤销档案合并"), of_ones_county)

# Why the whole numbers of a person were shown.
SHOWING = Ground("numbers", _("查看完整号码"))
CORRECTING = Ground("numbers-correct", _("更正居民信息"))
IDENTIFYING = Ground("numbers-identify", _("登记标识号"))
COMPARING = Ground("numbers-compare", _("核对疑似重复档案"))
BY_MACHINE = Ground("numbers-machine", _("接口读取居民信息"))
