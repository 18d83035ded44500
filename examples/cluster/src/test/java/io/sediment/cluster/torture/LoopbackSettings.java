package io.sediment.cluster.torture;

import io.sediment.runtime.FreePorts;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Environment of a broker of a test: on loopback, with ports of its own and little memory, so that
 * it flushes often. Not thread-safe.
 */
public final class LoopbackSettings {
  private static final String HOST = "127.0.0.1";

  private final Map<String, String> environment = new HashMap<>();
  private final int port;
  private final int httpPort;
  private final String raftAddress;

  public LoopbackSettings(FreePorts ports) {
    port = ports.take();
    httpPort = ports.take();
    raftAddress = HOST + ":" + ports.take();
    with("HOST", HOST)
        .with("PORT", port)
        .with("HTTP_PORT", httpPort)
        .with("RAFT_LISTEN_ADDR", raftAddress)
        .with("MEMORY_BUDGET", "64m");
  }

  /** Sets one more, or another value. */
  public LoopbackSettings with(String setting, Object value) {
    environment.put(setting, value.toString());
    return this;
  }

  public LoopbackSettings with(Map<String, String> settings) {
    environment.putAll(settings);
    return this;
  }

  /** With the memory that its JVM gives it, as brokers have outside of tests. */
  public LoopbackSettings withAllMemory() {
    environment.remove("MEMORY_BUDGET");
    return this;
  }

  /** With a local store and the metadata log in {@code folder}. */
  public LoopbackSettings in(Path folder) {
    return with("DATA_PATH", folder.resolve("data")).with("RAFT_PATH", folder.resolve("raft"));
  }

  public int port() {
    return port;
  }

  public int httpPort() {
    return httpPort;
  }

  /** Where it listens to the other members of the metadata group, unless that was set anew. */
  public String raftAddress() {
    return raftAddress;
  }

  /** Where clients find the broker. */
  public String bootstrap() {
    return HOST + ":" + port;
  }

  /** A copy, to be changed at will. */
  public Map<String, String> environment() {
    return new HashMap<>(environment);
  }
}
