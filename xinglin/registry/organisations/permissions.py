from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor, Permission, Reach
from xinglin.registry.organisations.models import Capability, Department, Organisation, TravelTime


def own_county(actor: Actor, organisation: Organisation) -> bool:
    """A new house belongs to the county of the one it is put under."""
    new, parent = organisation._state.adding, organisation.parent
    return (parent if new and parent else organisation).region_id == actor.county_id


def own_house(actor: Actor, department: Department) -> bool:
    return department.organisation.region_id == actor.county_id


def own_way(actor: Actor, way: TravelTime) -> bool:
    return way.from_org.region_id == actor.county_id


def own_or_county(actor: Actor, capability: Capability) -> bool:
    """A house says what it can do itself; the county's office says it of all."""
    if capability.organisation.region_id != actor.county_id:
        return False
    return actor.reach is Reach.COUNTY or actor.reaches(capability.organisation_id)


MAINTAIN = Permission("organisation.maintain", _("维护机构"), own_county)
MAINTAIN_DEPARTMENT = Permission("department.maintain", _("维护科室"), own_house)
MAINTAIN_TRAVEL = Permission("travel.maintain", _("维护机构间路程"), own_way)
MAINTAIN_CAPABILITY = Permission("capability.maintain", _("维护服务能力"), own_or_county)
