from django.utils.translation import gettext_lazy as _

from xinglin.clinical.privacy.models import (
    AccessCode,
    BreakGlass,
    Consent,
    Mark,
    Presence,
    Review,
    Vip,
    cared_for,
)
from xinglin.kernel.access import Actor, Permission, Reach
from xinglin.registry.people.models import Person


def here(actor: Actor, row: BreakGlass | Presence) -> bool:
    """In one's own house, about somebody of one's own county."""
    return actor.at(row.organisation_id) and row.person.county_id == actor.county_id


def same_county(actor: Actor, person: Person) -> bool:
    return person.county_id == actor.county_id


def of_the_resident(actor: Actor, row: AccessCode | Consent | Review) -> bool:
    """One's own; nobody acts for another through their account."""
    return actor.person_id is not None and actor.person_id == row.person_id


def in_care(actor: Actor, row: AccessCode | Consent) -> bool:
    """For those who treat the person already: no house opens a record by such a row alone."""
    return cared_for(actor).filter(pk=row.person_id).exists()


def officer(actor: Actor, row: Review | Mark | Vip) -> bool:
    return actor.reach is Reach.COUNTY and row.county_id == actor.county_id


PROVE = Permission("privacy.prove", _("核验居民到场"), here)
OPEN = Permission("privacy.open", _("凭核验打开病历"), here)
TAKE_OVER = Permission("privacy.take-over", _("凭核验接管健康档案"), same_county)
BREAK = Permission("privacy.break-glass", _("紧急查阅"), here)
CONSENT = Permission("privacy.consent", _("登记居民授权"), in_care)
WITHDRAW = Permission("privacy.withdraw", _("登记撤回授权"), in_care)
ISSUE = Permission("privacy.issue-code", _("打印居民授权码"), in_care)
GIVE_ACCOUNT = Permission("privacy.give-account", _("开通居民账号"), same_county)
REVIEW = Permission("privacy.review", _("核查查阅"), officer)
MARK = Permission("privacy.mark", _("处理查阅异常"), officer)
WATCH = Permission("privacy.watch", _("设置重点关注"), officer)

# What a resident does on their own page; the role has nothing else.
OWN_READ = Permission("resident.read", _("查看本人病历"), same_county)
OWN_CONSENT = Permission("resident.consent", _("本人授权"), of_the_resident)
OWN_WITHDRAW = Permission("resident.withdraw", _("本人撤回授权"), of_the_resident)
OWN_CODE = Permission("resident.code", _("生成授权码"), of_the_resident)
OWN_DISPUTE = Permission("resident.dispute", _("对查阅提出异议"), of_the_resident)

# The hospital's own system vouches for an arrival that bears its visit number.
VOUCH: Permission[Person] = Permission("privacy.vouch", _("以本院系统登记为到院凭据"))

# To read what belongs to a sensitive domain of people in care (catalogue/sensitive.toml).
MENTAL: Permission[Person] = Permission("sensitive.mental", _("查阅精神卫生内容"))
HIV: Permission[Person] = Permission("sensitive.hiv", _("查阅艾滋病内容"))
STD: Permission[Person] = Permission("sensitive.std", _("查阅性传播疾病内容"))
TB: Permission[Person] = Permission("sensitive.tb", _("查阅结核病内容"))
ABORTION: Permission[Person] = Permission("sensitive.abortion", _("查阅终止妊娠内容"))
