"""Every format that the service, its client and the runtime share.

=================== ==========================================================================================
errors              the root of every error the project raises on purpose
digest              digests, and a reader that checks them while bytes pass through
release             release manifests <-> Cap'n Proto bytes
pyodide_extra       workerd's release entries and package locks
snapshot_codec      snapshot files in workerd's wire format; ``snapshot_metadata`` is their JSON
strict_json         JSON without the leniency of the standard library
config              the service's settings, and the evaluation of an operator's file
tuf_*               names, roles and metadata of the signed channels
_generated          protobuf and gRPC stubs; ``python -m schemas.generate`` writes them
=================== ==========================================================================================

Codecs do no I/O and raise :class:`schemas.errors.FormatError` or a subclass, whatever the bytes. The one exception to
"no I/O" is :func:`schemas.config.evaluate_config_file`, which starts a child process. Nothing here imports the service
or the runtime.
"""
