from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor, Permission
from xinglin.registry.staff.models import Post, Practitioner


def same_county(actor: Actor, practitioner: Practitioner) -> bool:
    return practitioner.county_id == actor.county_id


def post_in_county(actor: Actor, post: Post) -> bool:
    return post.organisation.region_id == actor.county_id


EMPLOY = Permission("staff.employ", _("登记人员"), same_county)
APPOINT = Permission("staff.appoint", _("任命岗位"), post_in_county)
DISMISS = Permission("staff.dismiss", _("终止岗位"), post_in_county)
GIVE_ACCOUNT = Permission("staff.give-account", _("开通账号"), same_county)
