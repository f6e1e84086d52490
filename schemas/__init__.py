"""Every format that the service, its client and the runtime share. No I/O."""
