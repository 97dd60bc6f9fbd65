from uuid import UUID

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "xinglin.registry.organisations"
    label = "organisations"

    def ready(self) -> None:
        from xinglin.kernel import inbox
        from xinglin.registry.organisations.models import Level, tree

        levels = {
            "township": Level.TOWNSHIP,
            "consortium": Level.CONSORTIUM,
            "county": Level.REGION,
        }

        def place(org_id: UUID, where: str) -> UUID | None:
            return tree.above(org_id, levels[where])

        inbox.places_are_found_by(place)
