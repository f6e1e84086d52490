"""The artifact service: blobs by digest, write-once releases and signed channels over any S3-compatible store."""
