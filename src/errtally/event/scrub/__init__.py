"""Scrubbing: takes secrets and personal data out of text, trees and events before anything is kept.

The client library and the exporter share this package, so it needs only the standard library.
"""

from errtally.event.scrub.scrubber import Scrubber
from errtally.event.scrub.settings import ScrubSettings

__all__ = ["ScrubSettings", "Scrubber"]
