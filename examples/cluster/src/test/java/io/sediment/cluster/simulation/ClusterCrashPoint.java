package io.sediment.cluster.simulation;

import io.sediment.metadata.CommandLayout;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.StoreOp;
import io.sediment.simulation.StoreRequest;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Where a run of {@link ClusterSimulation} is asked to have a process die: at the first time that
 * some process comes to some moment of a command's way through the metadata group, or of a request
 * by which the metadata goes to the bucket.
 */
final class ClusterCrashPoint {
  static final String EXPORT = "Export";
  static final String LANE_REGISTRY = "LaneRegistry";
  static final List<String> STEPS =
      List.of(
          "RegisterBroker",
          "RegisterLane",
          "OpenLane",
          "LaneOpened",
          "CreateTopics",
          "AllocateProducerIds",
          "RaiseLogStarts",
          "SealLane",
          "LaneSealed",
          "PassSealedLane",
          "DrainLane",
          "MovePartitions",
          EXPORT,
          LANE_REGISTRY);

  /** What is done when the process dies. */
  enum Moment {
    /** The leader has the command, and nobody else. The leader dies. */
    PROPOSED,
    /** It is in the log. Whoever wanted it dies. */
    COMMITTED,
    /** The leader has applied it, and its export is not begun. The leader dies. */
    APPLIED,
    /** Whoever wanted it is about to hear of it, and dies. */
    ANSWERED,
    /** A request is not sent yet. */
    SENT,
    /** A request took effect and nobody was told. */
    LANDED;

    private static final List<Moment> OF_COMMANDS = List.of(PROPOSED, COMMITTED, APPLIED, ANSWERED);
    private static final List<Moment> OF_REQUESTS = List.of(SENT, LANDED, ANSWERED);
  }

  private final String step;
  private final Moment moment;
  private boolean struck;

  private ClusterCrashPoint(String step, Moment moment) {
    this.step = step;
    this.moment = moment;
  }

  /**
   * @param step a command, by its class, or one of the two kinds of request
   */
  static ClusterCrashPoint at(String step, Moment moment) {
    return new ClusterCrashPoint(step, moment);
  }

  /** One after the other, as seeds are counted up. */
  static ClusterCrashPoint of(long seed) {
    String step = STEPS.get((int) (seed / 4 % STEPS.size()));
    List<Moment> moments = momentsOf(step);
    return at(step, moments.get((int) (seed % 4 % moments.size())));
  }

  String step() {
    return step;
  }

  static List<Moment> momentsOf(String step) {
    return step.equals(EXPORT) || step.equals(LANE_REGISTRY)
        ? Moment.OF_REQUESTS
        : Moment.OF_COMMANDS;
  }

  boolean hasStruck() {
    return struck;
  }

  void onCommand(Moment reached, byte[] command, RaftMember leader, RaftMember from) {
    if (reached == moment && !hasStruck() && nameOf(command).equals(step)) {
      boolean ofLeader = moment == Moment.PROPOSED || moment == Moment.APPLIED;
      strike((ofLeader ? leader : from).process());
    }
  }

  void onRequest(StoreRequest.Phase phase, StoreRequest request) {
    if (phase.name().equals(moment.name())
        && !hasStruck()
        && request.op() == StoreOp.PUT_IF_ABSENT
        && request
            .key()
            .value()
            .startsWith(step.equals(EXPORT) ? "cluster/meta/" : "cluster/lanes/")
        && momentsOf(step).contains(Moment.SENT)) {
      strike(request.process());
    }
  }

  private void strike(SimScheduler process) {
    if (process.isUp()) {
      struck = true;
      process.trace("dies at " + step + " " + moment);
      process.crash();
    }
  }

  private static String nameOf(byte[] command) {
    return CommandLayout.decode(ByteBuffer.wrap(command)).getClass().getSimpleName();
  }
}
