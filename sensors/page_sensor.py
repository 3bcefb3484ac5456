"""Watches what happens to the pages of pagers, also to those made elsewhere."""

from opsroom_sensor import OpsroomSensor


class PageSensor(OpsroomSensor):
    """See docs/sensors.md."""

    sort = "pages:"
    sources = "page_watch"
