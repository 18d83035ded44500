package io.sediment.metadata;

import io.sediment.metadata.CommandResult.Done;
import java.util.Map;

/**
 * An operator says that a broker will not come back: it is forgotten, and so is what it should have
 * led. One that has lanes is refused: while it lives they are its own, and when it has died others
 * take them over. A process that registers under the id later is a new broker, with an epoch that
 * no process before it had.
 */
public record UnregisterBroker(int brokerId) implements MetadataCommand<Done> {
  @Override
  public CommandOutcome<Done> applyTo(MetadataImage image) {
    Broker known = image.broker(brokerId);
    if (known == null) {
      return CommandOutcome.rejected(image, RejectionCode.UNKNOWN_BROKER, "broker " + brokerId);
    }
    for (Lane lane : image.lanes().values()) {
      if (lane.owner() == brokerId) {
        return CommandOutcome.rejected(
            image,
            RejectionCode.BROKER_HAS_LANES,
            "broker " + brokerId + " has " + lane.id() + ", which is " + lane.state());
      }
    }
    ImageEdit edit =
        image
            .edit()
            .remove(known)
            .unregisteredEpochMax(Math.max(image.unregisteredEpochMax(), known.epoch()));
    for (Map.Entry<PartitionId, PreferredLeader> preferred : image.preferredLeaders().entrySet()) {
      if (preferred.getValue().broker() == brokerId) {
        edit.preferredLeader(preferred.getKey(), null);
      }
    }
    return CommandOutcome.accepted(image, edit, Done.DONE);
  }
}
