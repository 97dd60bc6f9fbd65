from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Actor, Permission, Reach
from xinglin.registry.agreements.models import RUNNING, Agreement, SignedPaper, State


def keeping(actor: Actor, agreement: Agreement) -> bool:
    """The house that keeps it, and the county's office."""
    if agreement.county_id != actor.county_id:
        return False
    return actor.reach is Reach.COUNTY or actor.at(agreement.keeper_id)


def keeping_paper(actor: Actor, paper: SignedPaper) -> bool:
    return keeping(actor, paper.agreement)


def same_county(actor: Actor, agreement: Agreement) -> bool:
    return agreement.county_id == actor.county_id


READ = Permission("agreement.read", _("查阅机构协议"), same_county)
WRITE = Permission("agreement.write", _("拟定机构协议"), keeping)
FILE = Permission("agreement.file", _("上传签署文本"), keeping_paper)
SIGN = Permission("agreement.sign", _("签署生效"), keeping)
SUSPEND = Permission("agreement.suspend", _("暂停协议"), keeping)
RESUME = Permission("agreement.resume", _("恢复协议"), keeping)
END = Permission("agreement.end", _("终止协议"), keeping)
RENEW = Permission("agreement.renew", _("续签协议"), keeping)
CLOCK: Permission[Agreement] = Permission(
    "agreement.clock", _("协议到期处理"), lambda actor, agreement: False
)

# In which states an act makes sense; the doors offer it only there.
STATES = {
    WRITE.code: (State.DRAFT,),
    SIGN.code: (State.DRAFT,),
    SUSPEND.code: (State.IN_FORCE,),
    RESUME.code: (State.SUSPENDED,),
    RENEW.code: (*RUNNING, State.EXPIRED),
    END.code: (State.DRAFT, *RUNNING),
}
ACTS = (SIGN, WRITE, RENEW, RESUME, SUSPEND, END)


def open_to(actor: Actor, agreement: Agreement) -> list[str]:
    """The acts that this post may do to the agreement as it stands."""
    return [
        permission.code.removeprefix("agreement.")
        for permission in ACTS
        if agreement.state in STATES[permission.code] and permission.allows(actor, agreement)
    ]
