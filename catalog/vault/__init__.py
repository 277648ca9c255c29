"""The vault: raw uploads, encrypted under keys that are destroyed on the retention date."""
