# Settings of artifactd under systemd; every field and default: docs/reference/config.md.
@0x9c3f5b0de1a47d21;
using Config = import "/schemas/config.capnp";

const config :Config.ServerConfig = (
  store = (file = "/var/lib/artifactd/store"),
  onlineKeyFile = "/var/lib/artifactd/online.key",
);
