package io.sediment.metadata;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A broker process announces itself; answers its broker epoch. A new process takes the id over from
 * an older one, and so does the first one after the id was unregistered; the same process again
 * keeps its epoch and may change what it announces.
 */
public record RegisterBroker(
    int brokerId, UUID processId, String host, int port, @Nullable String rack)
    implements MetadataCommand<Long> {
  @Override
  public CommandOutcome<Long> applyTo(MetadataImage image) {
    if (brokerId < 0 || host.isEmpty() || port < 0 || port > 65535) {
      return CommandOutcome.rejected(
          image,
          RejectionCode.INVALID_REQUEST,
          "broker " + brokerId + ": host=" + host + " port=" + port);
    }
    Broker known = image.broker(brokerId);
    long epoch =
        known == null
            ? image.unregisteredEpochMax() + 1
            : known.processId().equals(processId) ? known.epoch() : known.epoch() + 1;
    Broker next = new Broker(brokerId, host, port, rack, epoch, processId);
    return next.equals(known)
        ? CommandOutcome.unchanged(image, epoch)
        : CommandOutcome.accepted(image, image.edit().put(next), epoch);
  }
}
