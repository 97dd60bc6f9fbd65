from django.utils.translation import gettext_lazy as _

from xinglin.gateway.models import ClientPost
from xinglin.kernel.access import Actor, Permission


def own_county(actor: Actor, client: ClientPost) -> bool:
    return client.trail_county_id() == actor.county_id


REGISTER_CLIENT = Permission("client.register", _("登记接口客户端"), own_county)
WITHDRAW_CLIENT = Permission("client.withdraw", _("停用接口客户端"), own_county)
