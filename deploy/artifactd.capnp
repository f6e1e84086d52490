# Settings of artifactd, as an example. Check with: artifactd check-config --config artifactd.capnp
# Everything left out has the default of schemas/config.capnp; paths are relative to this file's directory.
@0xf6c3a90d1b7e4285;
using Config = import "/schemas/config.capnp";

const config :Config.ServerConfig = (
  listenAddress = "127.0.0.1",
  port = 7420,

  # One machine: a directory. Several daemons, several machines: an S3 store with conditional writes, such as
  #   store = (s3 = (
  #     endpoint = "https://s3.example.org",
  #     bucket = "artifacts",
  #     accessKeyFile = "s3-access-key",   # two lines: key id, secret; chmod 600
  #   )),
  store = (file = "artifactd-data"),

  # Signs snapshot and timestamp of the channels; created at the first start. Publishers' keys are never here.
  onlineKeyFile = "artifactd-online.key",

  limits = (
    maxBlobBytes = 1073741824,
    maxUploads = 64,
    uploadIdleSeconds = 3600,
  ),

  # Before listening on an address that others can reach, set these three.
  # tokenFile = "artifactd-token",
  # tlsCertificateFile = "server.pem",
  # tlsKeyFile = "server-key.pem",
);
