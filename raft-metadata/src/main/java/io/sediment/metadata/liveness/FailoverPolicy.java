package io.sediment.metadata.liveness;

import io.sediment.metadata.Broker;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.PassSealedLane;
import io.sediment.metadata.SealLane;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Says which lanes must go to another broker: those whose owner is dead. The broker that decides
 * takes them itself, since it surely lives and hears of its own decision first. Pure.
 */
final class FailoverPolicy {
  private FailoverPolicy() {}

  /**
   * @param self the deciding broker, never dead to itself; while it is not registered it decides
   *     nothing
   */
  static List<MetadataCommand<Long>> plan(
      MetadataImage image, int self, Predicate<Broker> isAlive) {
    Broker decider = image.broker(self);
    if (decider == null) {
      return List.of();
    }
    List<MetadataCommand<Long>> plan = new ArrayList<>();
    for (Lane lane : image.lanes().values()) {
      Broker owner = image.broker(lane.owner());
      if (owner == null || lane.owner() == self || isAlive.test(owner)) {
        continue;
      }
      plan.add(
          lane.state() == Lane.State.SEALED
              ? new PassSealedLane(lane.id(), lane.epoch(), self, decider.epoch())
              : new SealLane(lane.id(), lane.epoch(), self, decider.epoch()));
    }
    return plan;
  }
}
