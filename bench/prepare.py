"""Bring the copy of a county up to date: migrations, static files, and a machine that may call.

Run as a program on the database that the environment names, with the id of the machine's house.
"""

from __future__ import annotations

import sys

CLIENT, SECRET = "bench-his", "xinglin-bench"


def main() -> None:
    import django

    django.setup()
    from xinglin.config import serving

    serving.prepare()
    serving.collect_static()
    connect(sys.argv[1])


def connect(house_id: str) -> None:
    """Let the house's information system call, as an administrator would."""
    from django.utils import timezone

    from xinglin.gateway.actions import register_client
    from xinglin.gateway.models import ClientPost
    from xinglin.kernel.access import system
    from xinglin.registry.organisations.models import Organisation
    from xinglin.registry.staff import actions as staff
    from xinglin.registry.staff.models import Post, Practitioner

    house = Organisation.objects.get(pk=house_id)
    by = system(house.region_id)
    worker = staff.employ(
        Practitioner(county_id=house.region_id, code=CLIENT, name=f"{house} HIS"), by=by
    )
    post = staff.appoint(
        Post(practitioner=worker, organisation=house, role="his", since=timezone.localdate()),
        by=by,
    )
    register_client(ClientPost(name=worker.name, post=post), by=by, client_id=CLIENT, secret=SECRET)


if __name__ == "__main__":
    main()
