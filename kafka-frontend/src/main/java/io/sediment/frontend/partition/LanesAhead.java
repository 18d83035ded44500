package io.sediment.frontend.partition;

import io.sediment.lsm.LaneId;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import java.util.function.Consumer;

/**
 * Looks at a lane as soon as its owner begins to hand all of its partitions over: where one of them
 * arrives, the states of its producers are read from that lane while producers wait.
 */
public final class LanesAhead implements AutoCloseable {
  private final int brokerId;
  private final Consumer<LaneId> look;
  private final ClusterMetadata.Subscription subscription;

  private LanesAhead(int brokerId, ClusterMetadata metadata, Consumer<LaneId> look) {
    this.brokerId = brokerId;
    this.look = look;
    this.subscription = metadata.subscribe(this::follow);
  }

  /**
   * From now on until it is closed.
   *
   * @param look must not block
   */
  public static LanesAhead start(int brokerId, ClusterMetadata metadata, Consumer<LaneId> look) {
    return new LanesAhead(brokerId, metadata, look);
  }

  private void follow(MetadataImage before, MetadataImage after) {
    if (before.lanes() == after.lanes()) {
      return;
    }
    for (Lane lane : after.lanes().values()) {
      Lane known = before.lane(lane.id());
      boolean begins =
          lane.state() == Lane.State.DRAINING
              && (known == null || known.state() != Lane.State.DRAINING);
      if (begins && lane.owner() != brokerId) {
        look.accept(new LaneId(lane.id().value()));
      }
    }
  }

  @Override
  public void close() {
    subscription.cancel();
  }
}
