"""Client of artifactd."""
