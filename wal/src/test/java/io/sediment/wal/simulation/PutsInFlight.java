package io.sediment.wal.simulation;

import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ObjectKey;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.StoreOp;
import io.sediment.simulation.StoreRequest;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** The objects of the log that each process has sent and knows no answer about. */
final class PutsInFlight {
  /**
   * What one process has under way.
   *
   * @param slots of which it knows no answer; a second attempt may outlast a first one's success
   * @param bytes of all slots with some attempt under way, once each
   */
  record Load(int slots, long bytes) {}

  private record Sent(int attempts, boolean answered, long bytes) {}

  private final Map<SimScheduler, Map<ObjectKey, Sent>> byProcess = new HashMap<>();

  void on(StoreRequest.Phase phase, StoreRequest request) {
    if (request.op() != StoreOp.PUT_IF_ABSENT
        || request.bodyLength() <= SortedObject.FENCE_LENGTH
        || !(ObjectNames.parse(request.key()).orElse(null) instanceof WalName)) {
      return;
    }
    Map<ObjectKey, Sent> sent =
        byProcess.computeIfAbsent(request.process(), first -> new TreeMap<>());
    if (phase == StoreRequest.Phase.SENT) {
      sent.merge(
          request.key(),
          new Sent(1, false, request.bodyLength()),
          (before, again) -> new Sent(before.attempts + 1, before.answered, before.bytes));
    } else if (phase == StoreRequest.Phase.ANSWERED) {
      sent.computeIfPresent(
          request.key(),
          (key, before) ->
              before.attempts == 1 ? null : new Sent(before.attempts - 1, true, before.bytes));
    }
  }

  Load of(SimScheduler process) {
    Map<ObjectKey, Sent> sent = byProcess.getOrDefault(process, Map.of());
    return new Load(
        (int) sent.values().stream().filter(one -> !one.answered).count(),
        sent.values().stream().mapToLong(Sent::bytes).sum());
  }
}
