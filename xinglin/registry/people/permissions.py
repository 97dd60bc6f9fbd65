from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor, Permission
from xinglin.registry.people.models import Identifier, MatchReview, Merge, Person


def same_county(actor: Actor, person: Person) -> bool:
    return person.county_id == actor.county_id


def of_the_county(actor: Actor, identifier: Identifier) -> bool:
    return identifier.county_id == actor.county_id


def of_ones_county(actor: Actor, subject: MatchReview | Merge) -> bool:
    return subject.county_id == actor.county_id


SEARCH = Permission("person.search", _("查找居民"), same_county)
REGISTER = Permission("person.register", _("登记居民"), same_county)
CORRECT = Permission("person.correct", _("更正居民信息"), same_county)
VOID = Permission("person.void", _("作废居民登记"), same_county)
IDENTIFY = Permission("person.identify", _("登记标识号"), of_the_county)
REPORT_DEATH = Permission("person.report-death", _("登记死亡"), same_county)
REVIEW = Permission("person.review", _("核对疑似重复档案"), of_ones_county)
MERGE = Permission("person.merge", _("合并居民档案"), of_ones_county)
UNMERGE = Permission("person.unmerge", _("撤销档案合并"), of_ones_county)
