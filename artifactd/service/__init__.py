"""The gRPC services, one file each; only status.py knows status codes."""
