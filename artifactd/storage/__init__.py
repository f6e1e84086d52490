"""Stores behind one protocol: a directory of this machine, or any S3 with conditional writes."""
