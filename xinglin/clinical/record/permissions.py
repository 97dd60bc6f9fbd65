from django.utils.translation import gettext_lazy as _

from xinglin.clinical.privacy.models import is_open
from xinglin.clinical.record.models import Fact
from xinglin.kernel.access import Actor, Permission
from xinglin.registry.people.models import Person


def own_house(actor: Actor, fact: Fact) -> bool:
    """Staff write what happens in their own house, about people of their own county."""
    return actor.at(fact.organisation_id) and fact.person.county_id == actor.county_id


def reading(actor: Actor, person: Person) -> bool:
    """The record is open to the post, whether by treating, by consent or by broken glass."""
    return is_open(actor, person)


def importing(actor: Actor, fact: Fact) -> bool:
    return fact.person.county_id == actor.county_id


READ = Permission("record.read", _("查阅病历"), reading)
WRITE = Permission("record.write", _("书写病历"), own_house)
FILE = Permission("record.file", _("归档文档"), own_house)
VOID = Permission("record.void", _("作废病历内容"), own_house)
IMPORT = Permission("record.import", _("导入病历"), importing)
