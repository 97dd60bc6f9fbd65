"""Who may ask triage, decide about its advice, grade at the desk, and count agreement."""

from django.utils.translation import gettext_lazy as _

from xinglin.clinical.triage.models import Assessment, DeskTriage
from xinglin.kernel.access import Actor, Permission


def own_house(actor: Actor, assessment: Assessment) -> bool:
    """The doctor of the house where the patient is seen decides."""
    return actor.at(assessment.organisation_id) and assessment.county_id == actor.county_id


def own_desk(actor: Actor, triage: DeskTriage) -> bool:
    return actor.at(triage.organisation_id) and triage.county_id == actor.county_id


READ: Permission[Assessment] = Permission("triage.read", _("查阅分诊"))
ADVISE: Permission[Assessment] = Permission("triage.advise", _("使用分诊建议"))
FOLLOW = Permission("triage.follow", _("采纳分诊建议"), own_house)
OVERRULE = Permission("triage.overrule", _("不采纳分诊建议"), own_house)
LAPSE: Permission[Assessment] = Permission(
    "triage.lapse", _("登记未回应的建议"), lambda actor, assessment: False
)
HEED: Permission[Assessment] = Permission(
    "triage.heed", _("登记以行动采纳的建议"), lambda actor, assessment: False
)
GRADE = Permission("triage.grade", _("预检分诊"), own_desk)
SEE = Permission("triage.see", _("接诊分诊患者"), own_desk)
STATISTICS: Permission[Assessment] = Permission("triage.statistics", _("查看分诊统计"))
