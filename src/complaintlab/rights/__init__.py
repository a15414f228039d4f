"""People's rights: being forgotten, keys that end, raw that expires, and the proof that nothing leaks."""

from complaintlab.rights.tombstones import without_forgotten

__all__ = ["without_forgotten"]
