# Settings of artifactd in its container; every field and default: docs/reference/config.md.
@0xa7d20c94b6e8135f;
using Config = import "/schemas/config.capnp";

const config :Config.ServerConfig = (
  listenAddress = "0.0.0.0",  # inside the container; compose publishes it on the host's loopback only
  store = (file = "/var/lib/artifactd/store"),
  onlineKeyFile = "/var/lib/artifactd/online.key",
);
