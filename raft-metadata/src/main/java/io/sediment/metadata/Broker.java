package io.sediment.metadata;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A broker as it registered last.
 *
 * @param host what clients are told
 * @param port what clients are told
 * @param epoch grows with each process that registers under this id; the older process is out
 * @param processId drawn by the process at its start, so that a repeated registration is known
 */
public record Broker(
    int id, String host, int port, @Nullable String rack, long epoch, UUID processId) {
  public Broker {
    if (id < 0 || host.isEmpty() || port < 0 || port > 65535 || epoch < 1) {
      throw new IllegalArgumentException(
          "broker: id=" + id + " host=" + host + " port=" + port + " epoch=" + epoch);
    }
  }
}
