"""Watches which version of an application runs on an environment."""

from opsroom_sensor import OpsroomSensor


class VersionSensor(OpsroomSensor):
    """See docs/sensors.md."""

    sort = "version:"
    sources = "version_watch"
