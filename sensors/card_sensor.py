"""Watches what happens to cards in trackers."""

from opsroom_sensor import OpsroomSensor


class CardSensor(OpsroomSensor):
    """See docs/sensors.md."""

    sort = "cards:"
    sources = "card_watch"
