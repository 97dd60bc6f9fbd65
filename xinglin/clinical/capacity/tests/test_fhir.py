"""Schedules, slots, bookings, wards and beds as FHIR R4, in every state."""

from __future__ import annotations

from datetime import timedelta

from tests.fhir import assert_valid
from tests.goldens import assert_golden, with_names
from xinglin.clinical.capacity import actions as capacity
from xinglin.clinical.capacity import fhir
from xinglin.clinical.capacity.actions import beds
from xinglin.clinical.capacity.fhir import beds as fhir_beds
from xinglin.clinical.capacity.models import Bed, BedStay, Booking, Slot, State
from xinglin.clinical.capacity.tests import bed_factories as ward_of
from xinglin.clinical.capacity.tests import factories as booking


def told_by(write, rows):
    found = [write(row) for row in rows]
    for resource in found:
        assert_valid(resource)
    return found


def test_golden_schedule_slots_and_appointments(county, noon):
    schedule = booking.expert(
        county,
        booking.hours(end="09:00", places=2),
        place="3 诊室",
        until=booking.TUESDAY,
    )
    names = {
        schedule.pk: "SCHEDULE",
        schedule.practitioner_id: "DOCTOR",
        schedule.department_id: "DEPARTMENT",
        county.hospital.pk: "HOSPITAL",
        county.patient.pk: "PATIENT",
        county.region.pk: "COUNTY",
    }
    mine = booking.booked(
        county,
        booking.slot(schedule, "08:30", kept="referral"),
        county.patient,
        by=county.wang,
        channel="referral",
        for_subject=("referral", county.patient.pk),
    )
    names[mine.pk] = "BOOKING"
    appointments = told_by(fhir.appointment, [mine])
    closure = capacity.close(
        booking.closing(county, booking.slot(schedule, "08:00")), by=county.office_clerk
    )
    slots = list(Slot.objects.filter(schedule=schedule).order_by("start_at", "kept_for"))
    names |= {slot.pk: f"SLOT-{number}" for number, slot in enumerate(slots)}
    capacity.reopen(closure, by=county.office_clerk)
    capacity.cancel(mine, by=county.desk, code="other", text="改在当地就诊")
    appointments += told_by(fhir.appointment, [mine])
    told = [*told_by(fhir.schedule, [schedule]), *told_by(fhir.slot, slots), *appointments]
    assert_golden("fhir-capacity", with_names(told, names))


def test_every_state_of_a_booking_is_a_valid_appointment(county):
    mine = booking.booked(county, booking.slot(booking.clinic(county)), county.patient)
    for state in State:
        row = Booking.objects.get(pk=mine.pk)
        row.state = state
        assert_valid(fhir.appointment(row))


def test_golden_wards_and_beds(county, noon):
    ward = ward_of.ward(county.township, code="W001", place="住院楼 3 楼", phone="0570-1234567")
    ward_of.room(ward, "301", "1", "2", "3", "4", sex="female")
    she = ward_of.woman(county)
    stay = ward_of.lying(ward, "1", she, county.ma)
    beds.hold_bed(ward_of.found(ward, "2"), by=county.ma, person=ward_of.woman(county, "卫兰"))
    beds.block(
        ward_of.found(ward, "3"),
        by=county.ma,
        code="repair",
        until=stay.since + timedelta(hours=3),
    )
    rows = list(Bed.objects.filter(ward=ward).select_related("room", "ward").in_order())
    names = {ward.pk: "WARD", county.township.pk: "TOWNSHIP"}
    names |= {bed.pk: f"BED-{bed.number}" for bed in rows}
    told = [*told_by(fhir_beds.ward_to_fhir, [ward]), *told_by(fhir_beds.bed_to_fhir, rows)]
    told += fhir_beds.whereabouts(BedStay.objects.all())
    assert_golden("fhir-beds", with_names(told, names))
