package io.sediment.metadata.bucket;

import io.sediment.metadata.LaneId;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * All lanes that ever were, {@code cluster/lanes/<k>}: the one place from which a rebirth learns
 * what it has to seal.
 */
public final class LaneRegister {
  private final DenseObjects objects;
  private final Retry retry;
  private final long incarnation;
  private final UUID writer;

  /**
   * @param writer drawn by this process at its start
   */
  public LaneRegister(ObjectStore store, Scheduler scheduler, long incarnation, UUID writer) {
    this.objects = new DenseObjects(store, new ObjectKey("cluster/lanes"));
    this.retry = Retry.bounded(scheduler);
    this.incarnation = incarnation;
    this.writer = writer;
  }

  /**
   * Takes the first free number for a lane of {@code owner}. Fails with {@link
   * FencedMetadataException} behind the fence of a newer incarnation. The caller then makes the
   * lane known by {@code RegisterLane} and checks, before its first acknowledgement, that the
   * incarnation is still the newest.
   */
  public CompletableFuture<LaneId> register(int owner) {
    return firstGap(0, new ArrayList<>())
        .thenCompose(
            gap ->
                put(gap, number -> new LaneRegistration.OfLane(number, incarnation, writer, owner)))
        .thenApply(LaneRegister::laneId);
  }

  /** Puts this incarnation's fence at the first gap and answers all lanes before it. */
  public CompletableFuture<List<LaneId>> fence() {
    return firstGap(0, new ArrayList<>())
        .thenCompose(gap -> put(gap, n -> new LaneRegistration.Fence(n, incarnation, writer)))
        .thenCompose(
            fence -> {
              List<LaneRegistration> all = new ArrayList<>();
              return firstGap(0, all).thenApply(gap -> lanesBefore(fence, all));
            });
  }

  /** What is registered, lanes and fences, up to the first gap; for those who only look. */
  CompletableFuture<List<LaneRegistration>> all() {
    List<LaneRegistration> all = new ArrayList<>();
    return firstGap(0, all).thenApply(gap -> all);
  }

  private static LaneId laneId(long number) {
    return new LaneId(Math.toIntExact(number));
  }

  private static List<LaneId> lanesBefore(long fence, List<LaneRegistration> all) {
    return all.stream()
        .filter(r -> r instanceof LaneRegistration.OfLane && r.number() < fence)
        .map(r -> laneId(r.number()))
        .toList();
  }

  private CompletableFuture<Long> firstGap(long from, List<LaneRegistration> seen) {
    String what = objects.key(from).value();
    return retry
        .run(
            what,
            () ->
                objects
                    .get(from)
                    .thenApply(
                        found -> found.map(bytes -> LaneRegistration.decode(bytes, from, what))))
        .thenCompose(
            found -> {
              if (found.isEmpty()) {
                return CompletableFuture.completedFuture(from);
              }
              seen.add(checked(found.get()));
              return firstGap(from + 1, seen);
            });
  }

  private LaneRegistration checked(LaneRegistration found) {
    if (found.incarnation() > incarnation) {
      throw new FencedMetadataException(
          "the bucket was taken over by a newer incarnation: lane registry: number="
              + found.number()
              + " incarnation="
              + found.incarnation()
              + " ours="
              + incarnation);
    }
    return found;
  }

  private interface Content {
    LaneRegistration at(long number);
  }

  private CompletableFuture<Long> put(long number, Content content) {
    LaneRegistration ours = content.at(number);
    String what = objects.key(number).value();
    byte[] bytes = ours.encode();
    return retry
        .run(
            what,
            () ->
                objects
                    .createOrRead(number, bytes)
                    .thenApply(
                        found ->
                            LaneRegistration.decode(DenseObjects.kept(found, what), number, what)))
        .thenCompose(
            there ->
                checked(there).equals(ours)
                    ? CompletableFuture.completedFuture(number)
                    : put(number + 1, content));
  }
}
