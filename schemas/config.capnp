# Settings of the artifact service. An operator writes a file such as
#
#   @0xb58df1c0a92b3e11;
#   using Config = import "/schemas/config.capnp";
#   const config :Config.ServerConfig = (
#     port = 7421,
#     store = (s3 = (endpoint = "https://s3.example.org", bucket = "artifacts")),
#   );
#
# (`capnp id` makes the first line; any odd 64-bit number above 2^63 will do.) It is evaluated in a child process, because
# the schema compiler ends its process at a mistake. Paths are relative to the directory of that file. Empty text means
# not set. Every default is here and nowhere else.
@0xd4a1c97b3e60f825;

struct ServerConfig @0xf54ff6ceb9328044 {
  listenAddress @0 :Text = "127.0.0.1";
  port @1 :UInt16 = 7420;                    # 0: any free port, printed at start
  store :union {
    file @2 :Text = "artifactd-data";        # directory of the embedded store
    s3 @3 :S3Store;
  }
  onlineKeyFile @4 :Text = "artifactd-online.key";  # private keys for snapshot and timestamp; created when missing
  limits @5 :Limits;
  drainSeconds @6 :UInt32 = 30;              # after SIGTERM calls in flight get this long
  logLevel @7 :LogLevel = info;
  timestampExpirySeconds @8 :UInt32 = 86400;   # how long clients may trust a timestamp before it must be renewed
  snapshotExpirySeconds @9 :UInt32 = 604800;
  tlsCertificateFile @10 :Text;              # PEM chain; set both or neither
  tlsKeyFile @11 :Text;                      # PEM private key
  tokenFile @12 :Text;                       # bearer token that writers must send; empty: anyone who connects may write
  stagingDirectory @13 :Text;                # unfinished uploads; empty: in the file store, or in /var/tmp
}

struct S3Store {
  endpoint @0 :Text;                         # URL; empty: the provider's own for the region
  bucket @1 :Text;                           # required
  prefix @2 :Text;                           # put before every key, without a leading slash
  region @3 :Text = "us-east-1";
  accessKeyFile @4 :Text;                    # two lines: key id, secret; empty: the usual environment and profile
  pathStyle @5 :Bool = true;                 # bucket in the path; false: in the host name
  connectTimeoutSeconds @6 :UInt32 = 5;
  readTimeoutSeconds @7 :UInt32 = 60;
  maxAttempts @8 :UInt32 = 4;
  maxConnections @9 :UInt32 = 32;
}

struct Limits {
  maxBlobBytes @0 :UInt64 = 4294967296;
  maxMessageBytes @1 :UInt32 = 4194304;      # one gRPC message, either way
  maxWorkers @2 :UInt32 = 32;                # calls served at once
  maxUploads @3 :UInt32 = 64;                # uploads in progress at once
  uploadIdleSeconds @4 :UInt32 = 3600;       # an unfinished upload is forgotten after this long without a byte
  maxStagedBytes @5 :UInt64 = 17179869184;   # unfinished uploads together
}

enum LogLevel {
  debug @0;
  info @1;
  warning @2;
  error @3;
}
