"""What the three sensors share: StackStorm's side of a watch. All that they do is in
actions/lib/opsroom/sensors."""

from __future__ import annotations

import sys
from pathlib import Path

from st2reactor.sensor.base import Sensor

PACK = Path(__file__).resolve().parents[1]
# StackStorm puts it on the path of actions, not on that of sensors.
_LIBRARY = str(PACK / "actions" / "lib")
if _LIBRARY not in sys.path:
    sys.path.insert(0, _LIBRARY)


# For a question to StackStorm's API, in seconds.
_TIME_LIMIT = 5.0


class OpsroomSensor(Sensor):
    """Watches one sort of things until StackStorm ends its process, at any moment: nothing is lost
    by that."""

    # `version:` and the like, and the function of opsroom.sensors.sources that says what there is.
    sort = ""
    sources = ""

    def setup(self):
        """Reads no config and opens no database: what is wrong with them must not end the
        process."""
        from opsroom.action import default_database, private_folder
        from opsroom.sensors import sources
        from opsroom.sensors.runner import Runner
        from opsroom.stackstorm.trigger_instances import ProcessedEvents

        name = type(self).__name__
        logger = self.sensor_service.get_logger(name=name)

        def places(settings):
            database = settings.database or default_database()
            return database, private_folder(database)

        self._processed = ProcessedEvents(self._storm)
        self._runner = Runner(
            sort=self.sort,
            sources=getattr(sources, self.sources),
            read=read_config,
            places=places,
            dispatch=self._dispatch,
            arrived=self._arrived,
            say=lambda text: logger.warning("%s: %s", name, text),
        )

    def run(self):
        """Until `cleanup`."""
        self._runner.run()

    def cleanup(self):
        """Looks at nothing more."""
        self._runner.stop()

    def _dispatch(self, trigger, payload, event):
        # Raises when the message broker does not take it: then it is posted later. That it raises
        # nothing says little: without MongoDB, StackStorm drops it with a warning, and what the
        # broker has it may lose when it dies. The tag leads from the event to everything that it
        # caused (`st2 trace list --trace-tag`).
        self.sensor_service.dispatch(
            trigger=f"opsroom.{trigger}", payload=dict(payload), trace_tag=event
        )

    def _arrived(self, trigger, event):
        # Whether the rules engine has the event and took it through the rules. Raises while the API
        # or MongoDB is away.
        return self._processed.has(f"opsroom.{trigger}", event)

    def _storm(self):
        # StackStorm gives a sensor a token of its own and renews it. Only that and the address are
        # taken from its client: that one checks no certificate and waits for ever.
        from opsroom.stackstorm.client import StackStorm

        client = self.sensor_service.datastore_service.get_api_client()
        return StackStorm(client.endpoints["api"], token=client.token, time_limit=_TIME_LIMIT)

    def add_trigger(self, trigger):
        """Nothing: the triggers have no parameters."""

    def update_trigger(self, trigger):
        """Nothing."""

    def remove_trigger(self, trigger):
        """Nothing."""


def read_config():
    """The pack's config as it is now, secrets decrypted: what StackStorm itself hands a sensor when
    it starts."""
    from st2common.util.config_loader import ContentPackConfigLoader

    return ContentPackConfigLoader(pack_name="opsroom").get_config()
