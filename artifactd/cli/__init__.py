"""artifactctl: publish, promote, verify and fetch releases from a shell or a pipeline."""
