package io.sediment.cluster.tools;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.metadata.MetadataImage;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
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
    Map<LaneId, LaneView> views = new TreeMap<>();
    for (LaneId lane : lanes) {
      new ManifestCheck(bucket, found::add).look(lane).ifPresent(view -> views.put(lane, view));
    }
    // Log starts at least as new as the manifests: what these left out is below them.
    Optional<MetadataImage> image = new MetadataCheck(bucket, found::add).look();
    image.ifPresent(known -> requireManifests(known, views, found::add));
    Map<LaneId, LaneShape> shapes = new LinkedHashMap<>();
    views.forEach(
        (lane, view) -> {
          progress.says("lane " + lane);
          shapes.put(lane, new LaneCheck(bucket, image.orElse(null), found::add).look(view));
        });
    image.ifPresent(known -> new PlacementCheck(known, shapes, found::add).look());
    return new Structure(shapes, found);
  }

  /** A lane is opened by a commit, and active after it. */
  private static void requireManifests(
      MetadataImage image, Map<LaneId, LaneView> views, Consumer<Finding> findings) {
    image
        .lanes()
        .forEach(
            (id, lane) -> {
              boolean isOpened =
                  lane.state() == io.sediment.metadata.Lane.State.ACTIVE
                      || lane.state() == io.sediment.metadata.Lane.State.SEALED;
              if (isOpened && !views.containsKey(new LaneId(id.value()))) {
                findings.accept(
                    Finding.damage(
                        Finding.Check.I5,
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
