"""What uploaded files may cost: one part of the settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ArtifactSettings:
    """What uploaded files (source maps, mappings, debug files) may cost, and how long they are kept.

    Attributes:
        request_bytes: the largest request of an upload.
        file_bytes: the largest single file, as it is when it is unpacked.
        bundle_bytes: all files of one bundle, unpacked.
        bundle_files: how many files one bundle may hold.
        stored_bytes: what all files may take on the disk; beyond, those go that no event was read by for longest.
        idle_days: how long a file is kept after its upload, or after the last event that was read by it.
        key_uploads: whether Bugsnag's, Honeybadger's and Rollbar's tools may upload, which send a project's key and no
            token: whoever has the key can.
    """

    request_bytes: int = 64 * 1024 * 1024
    file_bytes: int = 128 * 1024 * 1024
    bundle_bytes: int = 1024 * 1024 * 1024
    bundle_files: int = 20_000
    stored_bytes: int = 10 * 1024 * 1024 * 1024
    idle_days: float = 90.0
    key_uploads: bool = True
