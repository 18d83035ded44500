package io.sediment.metadata.bucket;

import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.LaneId;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Everything under {@code cluster/}, for those who only look: it writes nothing and fences nobody.
 * Fails with {@link CorruptMetadataException} for damage that reading again does not heal, and as
 * the store does.
 */
public final class BucketMetadata {
  private static final UUID NOBODY = new UUID(0, 0);
  private static final Pattern NUMBERED =
      Pattern.compile("cluster/(incarnation|lanes|voters|meta)/(?:(\\d{20})/)?(\\d{20}|boundary)");

  private final ObjectStore store;
  private final Scheduler scheduler;
  private final IncarnationRegister incarnations;

  public BucketMetadata(ObjectStore store, Scheduler scheduler) {
    this.store = store;
    this.scheduler = scheduler;
    this.incarnations = new IncarnationRegister(store, scheduler);
  }

  /**
   * What an incarnation has exported.
   *
   * @param state up to the end of its register; empty where the incarnation never began
   * @param isFenced a rebirth has ended the register
   */
  public record Exports(Optional<ExportState> state, boolean isFenced) {}

  /**
   * One number of the lane registry.
   *
   * @param owner broker that registered a lane; empty for the fence of an incarnation
   */
  public record Registration(long number, long incarnation, OptionalInt owner) {
    public Optional<LaneId> lane() {
      return owner.isPresent() ? Optional.of(new LaneId((int) number)) : Optional.empty();
    }
  }

  /** All incarnations, oldest first; none where the bucket was never used. */
  public CompletableFuture<List<Incarnation>> incarnations() {
    return incarnationsFrom(1, new ArrayList<>());
  }

  private CompletableFuture<List<Incarnation>> incarnationsFrom(
      long number, List<Incarnation> before) {
    return incarnations
        .read(number)
        .thenCompose(
            found -> {
              if (found.isEmpty()) {
                return CompletableFuture.completedFuture(before);
              }
              before.add(found.get());
              return incarnationsFrom(number + 1, before);
            });
  }

  public CompletableFuture<Exports> exports(long incarnation) {
    ExportRegister register = new ExportRegister(store, incarnation, NOBODY);
    return Retry.bounded(scheduler)
        .run("exports of incarnation " + incarnation, register::readToTheEnd);
  }

  /** The snapshot from which an incarnation's exports are kept; 0 while all of them are. */
  public CompletableFuture<Long> exportBoundary(long incarnation) {
    ExportRegister register = new ExportRegister(store, incarnation, NOBODY);
    return Retry.bounded(scheduler)
        .run("export boundary of incarnation " + incarnation, register::boundary);
  }

  /** The lane registry up to its first gap. */
  public CompletableFuture<List<Registration>> registrations() {
    return new LaneRegister(store, scheduler, Long.MAX_VALUE, NOBODY)
        .all()
        .thenApply(all -> all.stream().map(BucketMetadata::registration).toList());
  }

  private static Registration registration(LaneRegistration found) {
    return new Registration(
        found.number(),
        found.incarnation(),
        found instanceof LaneRegistration.OfLane lane
            ? OptionalInt.of(lane.owner())
            : OptionalInt.empty());
  }

  /**
   * What stands in a whole object under {@code cluster/}, in words; empty where the key is none of
   * ours.
   *
   * @throws CorruptMetadataException where the bytes are not what the key names
   */
  public static Optional<String> describe(ObjectKey key, ByteBuffer bytes) {
    Matcher name = NUMBERED.matcher(key.value());
    if (!name.matches()) {
      return Optional.empty();
    }
    String folder = name.group(1);
    boolean hasIncarnation = folder.equals("voters") || folder.equals("meta");
    boolean isBoundary = name.group(3).equals("boundary");
    if (hasIncarnation != (name.group(2) != null) || (isBoundary && !folder.equals("meta"))) {
      return Optional.empty();
    }
    if (isBoundary) {
      return Optional.of(
          "boundary: exports are kept from snapshot "
              + ExportRegister.decodeBoundary(key, bytes)
              + " on");
    }
    long number = Long.parseLong(name.group(3));
    return Optional.of(
        switch (folder) {
          case "incarnation" -> IncarnationRegister.decode(bytes, number, key.value()).toString();
          case "lanes" ->
              registration(LaneRegistration.decode(bytes, number, key.value())).toString();
          case "voters" ->
              "votes with folder "
                  + VoterRegister.decode(bytes, Math.toIntExact(number), key.value()).newest();
          default -> describeExport(key, bytes, Long.parseLong(name.group(2)), number);
        });
  }

  private static String describeExport(
      ObjectKey key, ByteBuffer bytes, long incarnation, long number) {
    ExportObject object = ExportObject.decode(bytes, key.value());
    ExportObject.Header header = object.header();
    if (header.incarnation() != incarnation || header.number() != number) {
      throw new CorruptMetadataException(key + " holds " + header);
    }
    if (object instanceof ExportObject.Snapshot snapshot) {
      return "snapshot " + header + " " + snapshot.image();
    }
    if (object instanceof ExportObject.Delta delta) {
      StringBuilder text = new StringBuilder("delta " + header);
      for (ExportObject.Entry entry : delta.entries()) {
        text.append(System.lineSeparator())
            .append("  index=")
            .append(entry.index())
            .append(' ')
            .append(CommandLayout.decode(entry.command()));
      }
      return text.toString();
    }
    return "fence " + header;
  }
}
