from django.utils.translation import gettext_lazy as _

from xinglin.kernel.access import Permission

RUN: Permission[None] = Permission("import.run", _("批量导入"))
