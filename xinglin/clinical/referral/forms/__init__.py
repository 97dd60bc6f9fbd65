"""What a person types about a referral: validation only."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from xinglin.clinical.record.models import Encounter
from xinglin.clinical.referral import actions, catalogue
from xinglin.clinical.referral.destinations.choosing import (
    PlaceField,
    PlacePicker,
    filled_in,
    given_places,
)
from xinglin.clinical.referral.forms.listing import FilterForm, PeriodForm, RegisterForm
from xinglin.clinical.referral.models import Direction, Referral, State
from xinglin.kernel.access import Actor
from xinglin.registry.organisations.models import Level, Organisation, tree
from xinglin.registry.people.models import Person
from xinglin.registry.terminology import catalogue as terminology
from xinglin.ui.forms import (
    CodeInput,
    DateInput,
    DateTimeInput,
    FileInput,
    Form,
    ModelForm,
    PersonPicker,
    SegmentedChoice,
)

__all__ = [
    "ACT_FORMS",
    "AttachForm",
    "FilterForm",
    "PeriodForm",
    "ReferralForm",
    "RegisterForm",
    "act_form",
    "reason_choices",
]

Choices = list[tuple[Any, Any]]


def icd10_input(**attrs: str) -> CodeInput:
    return CodeInput(
        reverse_lazy("terminology:search", args=["icd10"]),
        attrs=attrs,
        named=lambda code: getattr(terminology.find("icd10", code), "label", ""),
    )


def reason_choices(group: str) -> Choices:
    """The coded reasons of one question."""
    return [("", _("请选择")), *_reasons(group)]


def reasons_by_direction(*directions: Direction) -> Choices:
    """The reasons to refer, under the direction that each is about."""
    return [("", _("请选择")), *((way.label, _reasons(way)) for way in directions)]


def _reasons(group: str) -> Choices:
    return [(reason.code, reason.label) for reason in catalogue.reasons.of(group).values()]


class HouseField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A house of the county that gives care, searched by name, pinyin or code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            queryset=Organisation.objects.none(),
            widget=CodeInput(reverse_lazy("organisations:options"), show_code=False),
            error_messages={"invalid_choice": _("没有这家机构，请从列表中选择。")},
            **kwargs,
        )

    def of(self, actor: Actor) -> None:
        self.queryset = Organisation.objects.visible_to(actor).giving_care()


DOWN = _("康复与随访计划（下转时填写）")
MORE = _("更多病情资料（选填）")
WHEN_SENT_DOWN = ("treatment_plan", "rehabilitation")


class ReferralForm(ModelForm):
    """The national form 双向转诊单, in the order in which a doctor tells a case."""

    person = forms.ModelChoiceField(
        label=_("患者"),
        queryset=Person.objects.none(),
        widget=PersonPicker(reverse_lazy("people:options")),
        error_messages={"invalid_choice": _("没有找到这位居民，请先登记。")},
    )
    place = PlaceField()
    to_org = HouseField(label=_("转入机构"))
    follow_up_org = HouseField(
        label=_("随访机构"), required=False, help_text=_("不填时由管理该居民健康档案的机构随访。")
    )
    reason_code = forms.ChoiceField(label=_("转诊原因"), required=False)
    consent_method = forms.ChoiceField(label=_("知情同意方式"), required=False)
    consent_relation = forms.ChoiceField(label=_("与患者关系"), required=False)

    sections: ClassVar[Any] = (
        (_("患者与去向"), ("person", "urgency", "kind", "place", "to_org", "to_department")),
        (
            _("病情"),
            (
                "diagnosis_code",
                "diagnosis_name",
                "diagnosed_on",
                "symptoms",
                "past_history",
                "allergies",
                "treatment",
            ),
        ),
        (_("转诊原因"), ("reason_code", "reason")),
        (
            _("知情同意"),
            ("consent_method", "consent_signer", "consent_relation", "consented_at"),
        ),
        (_("转诊医师"), ("doctor", "doctor_phone")),
        (DOWN, ("assessment", "disposal_plan", *WHEN_SENT_DOWN, "follow_up_org")),
        (
            MORE,
            (
                "results",
                "medicines",
                "procedures",
                "narrative",
                "from_department",
                "visit_no",
                "referred_on",
            ),
        ),
    )
    musts = frozenset({*actions.ALWAYS, *actions.UNLESS_EMERGENCY})
    phrases: Any = {
        "past_history": (_("既往体健"), _("高血压病史"), _("2型糖尿病病史")),
        "allergies": (_("否认药物及食物过敏"),),
        "treatment": (_("未予特殊处理"),),
    }

    class Meta:
        model = Referral
        fields = ("person", *actions.WRITABLE)
        widgets: ClassVar[dict[str, Any]] = {
            "urgency": SegmentedChoice,
            "kind": SegmentedChoice,
            "diagnosis_code": icd10_input(**{"data-name-into": "id_diagnosis_name"}),
            "diagnosed_on": DateInput,
            "referred_on": DateInput,
            "consented_at": DateTimeInput,
            **{
                name: forms.Textarea({"rows": 2})
                for name in (
                    "symptoms",
                    "past_history",
                    "allergies",
                    "treatment",
                    "results",
                    "medicines",
                    "procedures",
                    "narrative",
                    "assessment",
                    "disposal_plan",
                    "treatment_plan",
                    "rehabilitation",
                )
            },
        }

    def __init__(
        self, data: Any = None, *args: Any, actor: Actor, advice: str = "", **kwargs: Any
    ) -> None:
        super().__init__(filled_in(data, actor), *args, **kwargs)
        place: Any = self.fields["place"]
        place.actor = actor
        place.initial = self.instance.wished_place
        place.widget.url = reverse("referral:destinations") + (
            f"?advice={advice}" if advice else ""
        )
        if self.instance.state != State.DRAFT:
            # The patient is under way already; only the paper is completed.
            del self.fields["place"]
        person: Any = self.fields["person"]
        person.queryset = Person.objects.visible_to(actor)
        for house in self.fields.values():
            if isinstance(house, HouseField):
                house.of(actor)
        here = tree.get(actor.org_id)
        sends_down = here is not None and here.level in (Level.COUNTY, Level.CONSORTIUM)
        self.folded = {MORE} if sends_down else {MORE, DOWN}
        if here is not None and here.level == Level.VILLAGE:
            # Nobody is below a village clinic.
            for name in ("assessment", "disposal_plan", *WHEN_SENT_DOWN, "follow_up_org"):
                del self.fields[name]
        first = (Direction.OUT, Direction.DOWN) if sends_down else (Direction.UP,)
        rest = [way for way in Direction if way not in first]
        self._choose("reason_code", reasons_by_direction(*first, *rest))
        self._choose("consent_method", _with_blank("consent-method"))
        self._choose("consent_relation", _with_blank("signer-relation"))

    def _choose(self, name: str, choices: Choices) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def _post_clean(self) -> None:
        """Facts go to the action as they are; the action, not the form, judges them."""


def _with_blank(valueset: str) -> Choices:
    return [("", _("请选择")), *terminology.choices(valueset)]


class AcceptForm(Form):
    slot_or_bed = forms.ChoiceField(
        label=_("号源或床位"),
        required=False,
        error_messages={"invalid_choice": _("该号源或床位刚被占用，请另选。")},
    )
    department = forms.CharField(label=_("接收科室"), max_length=50, required=False)
    doctor = forms.CharField(label=_("接诊医师"), max_length=50, required=False)
    expected_at = forms.DateTimeField(label=_("预约到诊时间"), required=False, widget=DateTimeInput)
    place = forms.CharField(label=_("诊室或床号"), max_length=100, required=False)
    instructions = forms.CharField(
        label=_("就诊须知"), max_length=500, required=False, widget=forms.Textarea({"rows": 2})
    )
    take_plan = forms.BooleanField(
        label=_("同时整份接收照护计划"),
        required=False,
        help_text=_("不勾选时，接收后再逐项答复。"),
    )

    # `place` is what a refusal calls the slot or bed; here it is where one reports.
    told_as: ClassVar[dict[str, str]] = {"place": "slot_or_bed"}


class DeclineForm(Form):
    code = forms.ChoiceField(label=_("拒绝原因"))
    text = forms.CharField(label=_("说明"), max_length=500, required=False)
    alternative_org = HouseField(label=_("建议转往"), required=False)
    alternative = forms.CharField(
        label=_("替代建议"),
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("建议转往的机构与替代建议至少填一项。"),
    )
    reasons = "refusal"


class WaitlistForm(Form):
    code = forms.ChoiceField(label=_("等候原因"))
    text = forms.CharField(label=_("说明"), max_length=500, required=False)
    review_at = forms.DateTimeField(
        label=_("复核时间"),
        required=False,
        widget=DateTimeInput,
        help_text=_("到时系统会提醒再次安排；不填为三天后。"),
    )
    reasons = "waiting"


class RedirectForm(Form):
    place = PlaceField()
    to_org = HouseField(label=_("改转至"))
    to_department = forms.CharField(label=_("科室"), max_length=50, required=False)


class CancelForm(Form):
    code = forms.ChoiceField(label=_("取消原因"))
    text = forms.CharField(label=_("说明"), max_length=500, required=False)
    reasons = "cancel"


class EndForm(Form):
    code = forms.ChoiceField(label=_("终止原因"))
    text = forms.CharField(label=_("说明"), max_length=500, required=False)
    reasons = "end"


class DepartForm(Form):
    departed_at = forms.DateTimeField(label=_("出发时间"), widget=DateTimeInput)
    transport = forms.CharField(
        label=_("转运方式"),
        max_length=100,
        required=False,
        help_text=_("如：救护车、家属陪同自行前往。"),
    )
    now = ("departed_at",)


class ReceiveForm(Form):
    arrived_at = forms.DateTimeField(label=_("到诊时间"), widget=DateTimeInput)
    now = ("arrived_at",)


class TreatForm(Form):
    encounter_kind = forms.ChoiceField(
        label=_("收治方式"),
        choices=[(kind.value, kind.label) for kind in Encounter.Kind],
        widget=SegmentedChoice,
    )
    department = forms.CharField(label=_("科室"), max_length=50, required=False)


class DischargeForm(Form):
    discharged_at = forms.DateTimeField(label=_("出院（诊毕）时间"), widget=DateTimeInput)
    discharge_way = forms.ChoiceField(label=_("离院方式"), required=False)
    outcome = forms.ChoiceField(label=_("病情转归"), required=False)
    valuesets = ("discharge_way", "outcome")
    now = ("discharged_at",)


class ProposeDownForm(Form):
    to_org = HouseField(label=_("下转至"))
    reason_code = forms.ChoiceField(label=_("下转原因"))
    assessment = forms.CharField(
        label=_("健康问题评估"), max_length=2000, widget=forms.Textarea({"rows": 2})
    )
    treatment_plan = forms.CharField(
        label=_("治疗方案"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("不填时取自照护计划的用药。"),
    )
    rehabilitation = forms.CharField(
        label=_("康复措施指导"),
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("不填时取自照护计划的锻炼、护理和教育。"),
    )
    consent_signer = forms.CharField(
        label=_("知情同意签署人"), max_length=50, help_text=_("下转须经患者或家属同意。")
    )
    consent_method = forms.ChoiceField(label=_("知情同意方式"))
    reasons = "down"
    valuesets = ("consent_method",)
    phrases: Any = {"assessment": (_("急性期已过，生命体征平稳"),)}


class CloseForm(Form):
    final_code = forms.CharField(label=_("最终诊断（ICD-10）"), max_length=11)
    results = forms.CharField(
        label=_("主要检查结果"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )
    treatment = forms.CharField(
        label=_("治疗经过"), max_length=2000, widget=forms.Textarea({"rows": 2})
    )
    plan = forms.CharField(
        label=_("下一步治疗方案及康复建议"), max_length=2000, widget=forms.Textarea({"rows": 2})
    )
    outcome = forms.ChoiceField(label=_("病情转归"))
    inpatient_no = forms.CharField(label=_("住院号"), max_length=18, required=False)
    valuesets = ("outcome",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["final_code"].widget = icd10_input()


class FollowUpForm(Form):
    followed_up_at = forms.DateTimeField(label=_("随访时间"), widget=DateTimeInput)
    note = forms.CharField(
        label=_("随访记录"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("症状、用药、康复锻炼、下一步安排。"),
    )
    now = ("followed_up_at",)


class FilingForm(Form):
    number = forms.CharField(
        label=_("转诊备案号"), max_length=40, help_text=_("医保信息平台给出的备案编号。")
    )
    on = forms.DateField(label=_("备案日期"), widget=DateInput)


class NothingForm(Form):
    """An act that needs no words."""


class AttachForm(Form):
    title = forms.CharField(label=_("标题"), max_length=200, required=False)
    file = forms.FileField(
        label=_("文件"),
        widget=FileInput,
        help_text=_("PDF、PNG 或 JPEG，可用手机拍照。"),
        allow_empty_file=True,
    )


ACT_FORMS: dict[str, type[Form]] = {
    "submit": NothingForm,
    "approve": NothingForm,
    "accept": AcceptForm,
    "decline": DeclineForm,
    "waitlist": WaitlistForm,
    "redirect": RedirectForm,
    "cancel": CancelForm,
    "end": EndForm,
    "depart": DepartForm,
    "receive": ReceiveForm,
    "treat": TreatForm,
    "discharge": DischargeForm,
    "propose-down": ProposeDownForm,
    "close": CloseForm,
    "follow-up": FollowUpForm,
    "file-insurance": FilingForm,
}


def act_form(act: str, actor: Actor, referral: Referral, data: Any = None) -> Form:
    """The form of one act, with what is known already filled in."""
    kind = ACT_FORMS[act]
    form = kind(filled_in(data, actor, f"{act}-"), prefix=act, initial=_known(act, actor, referral))
    if act == "accept":
        given: Any = form.fields["slot_or_bed"]
        given.choices = given_places(actor, referral)
    elif act == "redirect":
        place: Any = form.fields["place"]
        place.actor = actor
        url = f"{reverse('referral:destinations')}?referral={referral.pk}"
        place.widget = PlacePicker(url)
    for field in form.fields.values():
        if isinstance(field, HouseField):
            field.of(actor)
    if act == "accept" and (referral.care_plan_id is None or not actor.may("careplans.answer")):
        del form.fields["take_plan"]
    group = getattr(form, "reasons", "")
    if group:
        code: Any = form.fields["code" if "code" in form.fields else "reason_code"]
        code.choices = reason_choices(group)
    for name in getattr(form, "valuesets", ()):
        choice: Any = form.fields[name]
        choice.choices = _with_blank(name.replace("_", "-"))
    return form


def _known(act: str, actor: Actor, referral: Referral) -> dict[str, Any]:
    known: dict[str, Any] = {
        name: timezone.localtime() for name in getattr(ACT_FORMS[act], "now", ())
    }
    if act == "accept":
        known |= {"department": referral.to_department, "take_plan": True}
    elif act == "treat":
        known |= {
            "department": referral.to_department,
            "encounter_kind": {"inpatient": "inpatient", "green-channel": "emergency"}.get(
                referral.kind, "outpatient"
            ),
        }
    elif act == "redirect":
        known |= {"to_org": referral.alternative_org_id, "to_department": referral.to_department}
    elif act == "close":
        known |= {
            "final_code": referral.final_code or referral.diagnosis_code,
            "outcome": referral.outcome,
        }
    elif act == "file-insurance":
        known |= {
            "number": referral.filing_number,
            "on": referral.filed_on or timezone.localdate(),
        }
    elif act == "propose-down":
        known |= {
            "to_org": referral.from_org_id,
            "reason_code": "stable-rehabilitation",
            "consent_signer": referral.person.name,
            "consent_method": "verbal",
        }
    return known
