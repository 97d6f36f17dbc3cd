# SPDX-License-Identifier: Apache-2.0
"""What a user can fix. A caller's bug is a ValueError instead."""


class WaymarkError(Exception):
    """Base of every error that names a thing and its remedy in one sentence; its text is shown as it is."""


class ConfigError(WaymarkError):
    """A parameter, YAML key or command-line value is unknown, of the wrong type or out of range."""


class SourceError(WaymarkError):
    """An input (video, folder, bag, camera, stream) can't be opened or ended too early."""


class BackendUnavailable(WaymarkError):  # noqa: N818 - the name the design uses
    """A library, driver or device that a backend needs is missing."""


class ModelError(WaymarkError):
    """A model file, its manifest or its outputs are not what they should be."""


class ParityError(ModelError):
    """A model on this backend no longer computes what its reference did."""


class MessageError(WaymarkError):
    """A ROS message can't be used (image shorter than height * step, unknown encoding, zero stamp)."""


class RecordingError(WaymarkError):
    """A recording can't be written or read."""


class EnvironmentMixError(WaymarkError):
    """Two ROS installations, or none, where exactly one is needed."""


class MapError(WaymarkError):
    """A place map can't be opened, read or written, or does not go with what is asked of it."""


class QueryError(WaymarkError):
    """What is to be found can't be: an image that shows nothing, a text that the map knows no answer to."""


class RouteError(WaymarkError):
    """A route can't be taught or followed: too short, without metres, or not in the map."""


class PolicyError(WaymarkError):
    """A policy can't be used as it is, does not answer, or answers what it must not."""
