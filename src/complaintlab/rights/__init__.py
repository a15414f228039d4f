"""People's rights: being forgotten, keys that end, raw that expires, and the proof that nothing leaks."""
