package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.metadata.MetadataImage;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Looks through a whole bucket, in two passes: what it consists of, from indexes alone; then every
 * byte of every object.
 *
 * <p>Brokers may be at work meanwhile, so that one thing is read before and another after a change.
 * What looks wrong therefore counts only if it is still wrong at a second and a third look.
 */
final class Fsck {
  private static final int LOOKS = 3;
  private static final int ATTEMPTS = 5;

  /** What an object is to the bucket. */
  enum Role {
    METADATA,
    LIVE,
    GARBAGE,
    UNNAMED,
    /** No key of ours. */
    FOREIGN
  }

  /** How much was looked at. */
  static final class Count {
    long objects;
    long bytes;

    void add(long length) {
      objects++;
      bytes += length;
    }
  }

  /** What was found of one look at the structure. */
  private record Structure(Map<LaneId, LaneShape> lanes, List<Finding> findings) {}

  private final BucketView bucket;
  private final Consumer<Finding> findings;
  private final Progress progress;
  private final Set<Finding.Identity> reported = new HashSet<>();
  private final Map<Role, Count> counts = new EnumMap<>(Role.class);
  private long damages;
  private long warnings;

  /**
   * @param findings told of each as it is found
   */
  Fsck(BucketView bucket, Consumer<Finding> findings, Progress progress) {
    this.bucket = bucket;
    this.findings = findings;
    this.progress = progress;
  }

  /**
   * @param withData whether to read all bytes, too
   * @param orphans told of each object that is not live, and what it is
   */
  void run(boolean withData, BiConsumer<Role, ListedObject> orphans) {
    Structure structure = lookUntilSure();
    structure.findings().forEach(this::report);
    ObjectVerifier verifier = new ObjectVerifier(bucket, new ProducerCheck(this::report));
    Set<ObjectKey> unlisted = new HashSet<>();
    structure.lanes().values().forEach(shape -> unlisted.addAll(shape.named()));
    bucket.list(
        "",
        object -> {
          unlisted.remove(object.key());
          Role role = roleOf(object, structure.lanes());
          counts.computeIfAbsent(role, none -> new Count()).add(object.length());
          if (role != Role.LIVE && role != Role.METADATA) {
            orphans.accept(role, object);
          }
          if (withData) {
            verify(verifier, object.key());
          }
        });
    if (withData) {
      unlisted.forEach(key -> verify(verifier, key)); // that they are there was seen before
    }
  }

  Map<Role, Count> counts() {
    return counts;
  }

  long damages() {
    return damages;
  }

  long warnings() {
    return warnings;
  }

  private void report(Finding finding) {
    if (finding.where().isBlock() || reported.add(finding.identity())) {
      damages += finding.isDamage() ? 1 : 0;
      warnings += finding.isDamage() ? 0 : 1;
      findings.accept(finding);
    }
  }

  // -- what the bucket consists of ---------------------------------------------------------------

  private Structure lookUntilSure() {
    Structure structure = look();
    for (int i = 1; i < LOOKS && !structure.findings().isEmpty(); i++) {
      Set<Finding.Identity> before =
          structure.findings().stream().map(Finding::identity).collect(Collectors.toSet());
      Structure again = look();
      structure =
          new Structure(
              again.lanes(),
              again.findings().stream()
                  .filter(finding -> before.contains(finding.identity()))
                  .toList());
    }
    return structure;
  }

  private Structure look() {
    List<Finding> found = new ArrayList<>();
    Set<LaneId> lanes = new TreeSet<>();
    bucket.list("lanes/", object -> laneOf(object).ifPresent(lanes::add));
    Map<LaneId, LaneShape> shapes = new TreeMap<>();
    for (LaneId lane : lanes) {
      progress.says("lane " + lane);
      look(lane, found::add).ifPresent(shape -> shapes.put(lane, shape));
    }
    Optional<MetadataImage> image = new MetadataCheck(bucket, found::add).look();
    image.ifPresent(
        known -> {
          requireManifests(known, shapes.keySet(), found::add);
          Map<LaneId, Coverage> held = new TreeMap<>();
          shapes.forEach((lane, shape) -> held.put(lane, shape.coverage()));
          new PlacementCheck(known, held, found::add).look();
        });
    return new Structure(shapes, found);
  }

  /**
   * A lane at work may let go of what we are about to read; then what it consists of now is looked
   * at.
   */
  private Optional<LaneShape> look(LaneId lane, Consumer<Finding> findings) {
    for (int attempt = 1; ; attempt++) {
      List<Finding> found = new ArrayList<>();
      Optional<LaneView> view = new ManifestCheck(bucket, found::add).look(lane);
      if (view.isEmpty()) {
        found.forEach(findings);
        return Optional.empty();
      }
      // The log at once, before it is flushed and goes; then log starts that are at least as new as
      // the manifest: what it left out is below them.
      LogCheck.Tail tail = new LogCheck(bucket, view.get().newest(), found::add).look();
      MetadataImage image = new MetadataCheck(bucket, finding -> {}).look().orElse(null);
      LaneShape shape = new LaneCheck(bucket, image, found::add).look(view.get(), tail);
      if (found.isEmpty() || isRetained(view.get())) {
        found.forEach(findings);
        return Optional.of(shape);
      }
      if (attempt == ATTEMPTS) {
        found.stream().filter(finding -> finding.check() == Check.CHECKSUM).forEach(findings);
        findings.accept(
            Finding.warning(
                Check.I6, "lane " + lane, "changes faster than it can be read: look again later"));
        return Optional.empty();
      }
    }
  }

  /** Whether nothing that the view names may have been collected since. */
  private boolean isRetained(LaneView view) {
    try {
      return bucket.boundary(view.lane()) < view.newest().id();
    } catch (CorruptObjectException e) {
      return true; // nothing will be read that is better
    }
  }

  /** A lane is opened by a commit, and appended to after it. */
  private static void requireManifests(
      MetadataImage image, Set<LaneId> readable, Consumer<Finding> findings) {
    image
        .lanes()
        .forEach(
            (id, lane) -> {
              boolean isOpened =
                  lane.isOpen() || lane.state() == io.sediment.metadata.Lane.State.SEALED;
              if (isOpened && !readable.contains(new LaneId(id.value()))) {
                findings.accept(
                    Finding.damage(
                        Check.I5,
                        "lane " + id.value(),
                        "is " + lane.state() + " and has no manifest that can be read"));
              }
            });
  }

  private static Optional<LaneId> laneOf(ListedObject object) {
    return ObjectNames.parse(object.key()).map(ObjectName::lane);
  }

  // -- every byte --------------------------------------------------------------------------------

  private void verify(ObjectVerifier verifier, ObjectKey key) {
    verifier.verify(key, damage -> report(Finding.of(damage)));
    progress.read(1, verifier.bytesRead());
  }

  private static Role roleOf(ListedObject object, Map<LaneId, LaneShape> lanes) {
    if (object.key().value().startsWith("cluster/")) {
      return Role.METADATA;
    }
    Optional<ObjectName> name = ObjectNames.parse(object.key());
    LaneShape shape = name.isEmpty() ? null : lanes.get(name.get().lane());
    if (name.isEmpty() || shape == null) {
      return Role.FOREIGN;
    }
    return switch (shape.roleOf(name.get(), object)) {
      case LIVE -> Role.LIVE;
      case GARBAGE -> Role.GARBAGE;
      case UNNAMED -> Role.UNNAMED;
    };
  }
}
