package io.sediment.metadata;

import io.sediment.metadata.EveryOrder.ImageNumbers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Every order in which the incarnations of a bucket may meet: the brokers of the first go on taking
 * lanes from each other, registering them, exporting and acknowledging, while one recovery after
 * the other begins a new incarnation, which in turn does the same. Each may stop for ever at any
 * step. The commands and {@link Rebirth} are the real ones; the bucket is reduced to its registers,
 * claims, fences and acknowledged records.
 *
 * <p>A record that was acknowledged must lie where the newest incarnation that was born says, and
 * no two at one offset; no lane may fall back to an older incarnation.
 */
final class Incarnations implements EveryOrder.Model<Incarnations.World> {
  private static final UUID TOPIC = new UUID(1, 1);
  private static final PartitionId PARTITION = new PartitionId(TOPIC, 0);
  private static final int ACKS_MAX = 2;

  /** A safeguard that can be taken away, to see that it is needed. */
  enum Weakness {
    /** What the older incarnation has exported is read, and it may go on exporting. */
    EXPORTS_NOT_FENCED,
    /** An incarnation that has not exported anything yet is passed over, and may still begin. */
    UNBORN_NOT_FENCED,
    /** Who has opened a lane does not look whether its incarnation is still the newest. */
    NOT_LOOKED_WHETHER_NEWEST,
    /** What a lane holds is read, and its writer goes on. */
    LANES_NOT_SEALED,
    /** Where a lane ends is found out before it is fenced. */
    END_READ_BEFORE_THE_FENCE,
    /** Lanes may be registered after a recovery has read which ones there are. */
    REGISTRY_NOT_FENCED,
    /** A manifest is claimed under a higher epoch, whatever its incarnation. */
    MANIFEST_INCARNATION_UNCHECKED
  }

  /**
   * How large a model to walk.
   *
   * @param lanes that are there from the beginning, each with a broker of its own
   * @param incarnations how many there may be
   * @param grants by incarnation, how many grants of lanes there may be
   */
  record Bounds(int lanes, int incarnations, List<Integer> grants) {}

  private record Ack(int lane, long epoch, long offset) {}

  /** Somebody at work on a lane under a granted epoch. Stages: granted, claimed, fenced, looked. */
  private record Attempt(
      int incarnation, boolean opens, int broker, int lane, long epoch, int stage, long end) {}

  /**
   * @param image newest of its log; null before it was born
   * @param exported each image that its brokers were ever shown, and may still act on
   * @param fenced its exports have ended
   */
  private record Life(
      @Nullable MetadataImage image, List<MetadataImage> exported, boolean fenced, int grants) {
    @Nullable MetadataImage lastExported() {
      return exported.isEmpty() ? null : exported.get(exported.size() - 1);
    }
  }

  /**
   * A number of the registry, and the lane's objects.
   *
   * @param incarnation that registered it
   * @param isFence whether it is none
   * @param opened epoch under which its owner can append to its log
   */
  private record LaneObjects(
      int incarnation,
      boolean isFence,
      int claimedBy,
      long claimed,
      long fencedBelow,
      int openedBy,
      long opened) {}

  private record Seal(long epoch, boolean fenced, long end) {}

  /**
   * A process that makes an incarnation.
   *
   * @param exportsToFence the next older incarnation to fence; 0 when all are
   * @param old what they had exported
   * @param registryRead whether it knows which lanes to seal
   */
  private record Recovery(
      int incarnation,
      boolean registryRead,
      List<Integer> toSeal,
      int exportsToFence,
      @Nullable MetadataImage old,
      Map<Integer, Seal> seals,
      int newLane) {}

  static final class World {
    final List<Life> lives;
    final List<LaneObjects> lanes;
    final List<Ack> acks;
    final List<Attempt> attempts;
    final List<Recovery> recoveries;
    @Nullable String broken;

    World() {
      this(List.of(), List.of(), List.of(), List.of(), List.of());
    }

    private World(
        List<Life> lives,
        List<LaneObjects> lanes,
        List<Ack> acks,
        List<Attempt> attempts,
        List<Recovery> recoveries) {
      this.lives = new ArrayList<>(lives);
      this.lanes = new ArrayList<>(lanes);
      this.acks = new ArrayList<>(acks);
      this.attempts = new ArrayList<>(attempts);
      this.recoveries = new ArrayList<>(recoveries);
    }

    World changed(Consumer<World> change) {
      World next = new World(lives, lanes, acks, attempts, recoveries);
      change.accept(next);
      return next;
    }

    Life life(int incarnation) {
      return lives.get(incarnation - 1);
    }

    void set(int incarnation, Life life) {
      lives.set(incarnation - 1, life);
    }

    void replace(Attempt before, @Nullable Attempt after) {
      attempts.remove(before);
      if (after != null) {
        attempts.add(after);
      }
    }

    void replace(Recovery before, @Nullable Recovery after) {
      recoveries.remove(before);
      if (after != null) {
        recoveries.add(after);
      }
    }

    /** Whether a newer incarnation has left its mark in the registry of lanes. */
    boolean isRegistryFencedFor(int incarnation) {
      return lanes.stream().anyMatch(lane -> lane.incarnation > incarnation);
    }

    long endOf(int lane) {
      return acks.stream()
          .filter(ack -> ack.lane == lane)
          .mapToLong(ack -> ack.offset + 1)
          .max()
          .orElse(-1);
    }

    void claim(int lane, int incarnation, long epoch) {
      LaneObjects before = lanes.get(lane);
      if (before.claimedBy > incarnation) {
        broken = "incarnation fell: lane " + lane + " from " + before.claimedBy;
      }
      lanes.set(
          lane,
          new LaneObjects(
              before.incarnation,
              false,
              incarnation,
              epoch,
              before.fencedBelow,
              before.openedBy,
              before.opened));
    }

    void fence(int lane, long epoch) {
      LaneObjects before = lanes.get(lane);
      lanes.set(
          lane,
          new LaneObjects(
              before.incarnation,
              false,
              before.claimedBy,
              before.claimed,
              Math.max(before.fencedBelow, epoch),
              before.openedBy,
              before.opened));
    }

    void open(int lane, int incarnation, long epoch) {
      LaneObjects before = lanes.get(lane);
      lanes.set(
          lane,
          new LaneObjects(
              before.incarnation,
              false,
              before.claimedBy,
              before.claimed,
              before.fencedBelow,
              incarnation,
              epoch));
    }

    String content(ImageNumbers images) {
      StringBuilder content = new StringBuilder(512).append(broken);
      for (Life life : lives) {
        content.append('L').append(life.fenced).append(life.grants);
        content.append(life.image == null ? -1 : images.of(life.image));
        life.exported.forEach(image -> content.append(',').append(images.of(image)));
      }
      lanes.forEach(
          lane ->
              content
                  .append('l')
                  .append(lane.incarnation)
                  .append(lane.isFence)
                  .append(lane.claimedBy)
                  .append(lane.claimed)
                  .append(lane.fencedBelow)
                  .append(lane.openedBy)
                  .append(lane.opened));
      acks.forEach(a -> content.append('a').append(a.lane).append(a.epoch).append(a.offset));
      attempts.stream()
          .map(
              a ->
                  (a.opens ? "o" : "s")
                      + a.incarnation
                      + a.broker
                      + a.lane
                      + a.epoch
                      + a.stage
                      + ","
                      + a.end)
          .sorted()
          .forEach(content::append);
      for (Recovery r : recoveries) {
        content.append('r').append(r.incarnation).append(r.registryRead).append(r.toSeal);
        content.append(r.exportsToFence).append(r.old == null ? -1 : images.of(r.old));
        r.seals.forEach(
            (lane, seal) ->
                content
                    .append('s')
                    .append(lane)
                    .append(seal.epoch)
                    .append(seal.fenced)
                    .append(seal.end));
        content.append('n').append(r.newLane);
      }
      return content.toString();
    }

    @Nullable String violation() {
      if (broken != null) {
        return broken;
      }
      MetadataImage newest = null;
      for (Life life : lives) {
        newest = life.image == null ? newest : life.image;
      }
      if (newest == null) {
        return "nothing was ever born";
      }
      Partition partition = newest.partition(PARTITION);
      Map<Long, Ack> byOffset = new HashMap<>();
      for (Ack ack : acks) {
        Ack other = byOffset.put(ack.offset, ack);
        if (other != null) {
          return "two values at one offset: " + ack + " and " + other;
        }
        if (partition.placementOf(ack.offset).lane().value() != ack.lane) {
          return "lost write: " + ack + " but placed as " + partition.placements();
        }
      }
      return null;
    }
  }

  private record Effect<R>(MetadataImage after, CommandResult<R> result) {}

  private final Bounds bounds;
  private final Set<Weakness> weaknesses;
  private final Map<String, MetadataImage> images = new HashMap<>();
  private final Map<MetadataImage, Map<MetadataCommand<?>, Effect<?>>> effects =
      new IdentityHashMap<>();

  Incarnations(Bounds bounds, Set<Weakness> weaknesses) {
    this.bounds = bounds;
    this.weaknesses = weaknesses;
  }

  private boolean is(Weakness weakness) {
    return weaknesses.contains(weakness);
  }

  /** The first image that said the same. */
  private MetadataImage known(MetadataImage image) {
    return images.computeIfAbsent(ImageNumbers.contentOf(image), first -> image);
  }

  /** Worlds differ in much and share their images: each command is applied to each once. */
  @SuppressWarnings("unchecked")
  private <R> Effect<R> effect(MetadataImage image, MetadataCommand<R> command) {
    return (Effect<R>)
        effects
            .computeIfAbsent(image, first -> new HashMap<>())
            .computeIfAbsent(
                command,
                first -> {
                  CommandOutcome<R> outcome = command.applyTo(image);
                  return new Effect<>(known(outcome.image()), outcome.result());
                });
  }

  @Override
  public World first() {
    InMemoryClusterMetadata metadata = InMemoryClusterMetadata.ofOneBroker(0, "a", 1);
    metadata.accept(new RegisterBroker(1, new UUID(2, 2), "b", 1, null));
    if (bounds.lanes == 2) {
      LaneId second = new LaneId(1);
      metadata.accept(new RegisterLane(second, 1));
      metadata.accept(
          new LaneOpened(second, metadata.accept(new OpenLane(second, 1, 1)), Map.of()));
    }
    metadata.accept(
        new CreateTopics(List.of(new NewTopic(TOPIC, "t", 1, 1, List.of(0), Map.of()))));
    MetadataImage image = known(metadata.image().withVersion(0));
    return new World()
        .changed(
            next -> {
              next.lives.add(new Life(image, List.of(image), false, 0));
              for (int lane = 0; lane < bounds.lanes; lane++) {
                next.lanes.add(new LaneObjects(1, false, 1, 1, 1, 1, 1));
              }
            });
  }

  @Override
  public @Nullable String violation(World world) {
    return world.violation();
  }

  @Override
  public String content(World world, ImageNumbers images) {
    return world.content(images);
  }

  @Override
  public void successors(World w, BiConsumer<String, World> next) {
    for (int incarnation = 1; incarnation <= w.lives.size(); incarnation++) {
      Life life = w.life(incarnation);
      if (life.image != null) {
        live(w, incarnation, life, life.image, next);
      }
    }
    for (Attempt attempt : w.attempts) {
      goOn(w, attempt, next);
    }
    if (w.lives.size() < bounds.incarnations) {
      int number = w.lives.size() + 1;
      next.accept(
          "incarnation " + number + " is created",
          w.changed(
              then -> {
                then.lives.add(new Life(null, List.of(), false, 0));
                then.recoveries.add(recovery(number));
              }));
    }
    for (Recovery recovery : w.recoveries) {
      recover(w, recovery, next);
    }
  }

  private static Recovery recovery(int number) {
    return new Recovery(number, false, List.of(), number - 1, null, Map.of(), -1);
  }

  // -- what the brokers of an incarnation do ---------------------------------------------------

  private void live(
      World w, int incarnation, Life life, MetadataImage image, BiConsumer<String, World> next) {
    if (!life.fenced && life.lastExported() != image) {
      List<MetadataImage> exported = new ArrayList<>(life.exported);
      exported.add(image);
      next.accept(
          incarnation + " exports",
          w.changed(t -> t.set(incarnation, new Life(image, exported, false, life.grants))));
    }
    life.exported.forEach(shown -> append(w, incarnation, shown, next));
    for (Lane lane : image.lanes().values()) {
      for (Broker broker : image.brokers().values()) {
        OpenLane open = new OpenLane(lane.id(), broker.id(), broker.epoch());
        grant(w, incarnation, life, image, open, true, broker.id(), lane.id().value(), next);
        if (lane.owner() != broker.id()) {
          SealLane seal = new SealLane(lane.id(), lane.epoch(), broker.id(), broker.epoch());
          grant(w, incarnation, life, image, seal, false, broker.id(), lane.id().value(), next);
        }
      }
    }
    boolean isLaneless = incarnation == 1 && image.lanes().size() == 1 && bounds.lanes == 1;
    if (isLaneless && !w.isRegistryFencedFor(incarnation)) {
      register(w, incarnation, life, image, next);
    }
  }

  /** The second broker takes the next number of the registry and makes the lane known. */
  private void register(
      World w, int incarnation, Life life, MetadataImage image, BiConsumer<String, World> next) {
    LaneId id = new LaneId(w.lanes.size());
    MetadataImage after = effect(image, new RegisterLane(id, 1)).after;
    next.accept(
        incarnation + " registers " + id,
        w.changed(
            then -> {
              then.lanes.add(new LaneObjects(incarnation, false, 0, 0, 0, 0, 0));
              then.set(incarnation, new Life(after, life.exported, life.fenced, life.grants));
            }));
  }

  /** By what it was shown it leads, and its put is not fenced: that is all a broker knows. */
  private static void append(
      World w, int incarnation, MetadataImage shown, BiConsumer<String, World> next) {
    Placement current = shown.partition(PARTITION).current();
    int id = current.lane().value();
    LaneObjects lane = w.lanes.get(id);
    Lane known = shown.lane(current.lane());
    if (known == null
        || known.state() != Lane.State.ACTIVE
        || lane.openedBy != incarnation
        || lane.opened != current.laneEpoch()
        || lane.opened < lane.fencedBelow
        || w.acks.size() == ACKS_MAX) {
      return;
    }
    long before =
        w.acks.stream().filter(a -> a.lane == id && a.epoch == current.laneEpoch()).count();
    Ack ack = new Ack(id, current.laneEpoch(), current.startOffset() + before);
    next.accept(incarnation + " acknowledges " + ack, w.changed(then -> then.acks.add(ack)));
  }

  private void grant(
      World w,
      int incarnation,
      Life life,
      MetadataImage image,
      MetadataCommand<Long> command,
      boolean opens,
      int broker,
      int lane,
      BiConsumer<String, World> next) {
    Effect<Long> effect = effect(image, command);
    if (life.grants == bounds.grants.get(incarnation - 1) || !effect.result.isAccepted()) {
      return;
    }
    Attempt attempt =
        new Attempt(incarnation, opens, broker, lane, effect.result.valueOrThrow(), 0, -1);
    next.accept(
        incarnation + ": " + command,
        w.changed(
            then -> {
              then.attempts.add(attempt);
              then.set(
                  incarnation, new Life(effect.after, life.exported, life.fenced, life.grants + 1));
            }));
  }

  private void goOn(World w, Attempt attempt, BiConsumer<String, World> next) {
    LaneObjects lane = w.lanes.get(attempt.lane);
    String who = attempt.toString();
    switch (attempt.stage) {
      case 0 -> {
        boolean isNewer =
            lane.claimedBy <= attempt.incarnation || is(Weakness.MANIFEST_INCARNATION_UNCHECKED);
        if (isNewer && lane.claimed < attempt.epoch) {
          next.accept(
              "claims: " + who,
              w.changed(
                  then -> {
                    then.claim(attempt.lane, attempt.incarnation, attempt.epoch);
                    then.replace(attempt, moved(attempt, -1));
                  }));
        }
      }
      case 1 -> {
        if (lane.claimedBy == attempt.incarnation && lane.claimed == attempt.epoch) {
          next.accept(
              "fences: " + who,
              w.changed(
                  then -> {
                    then.fence(attempt.lane, attempt.epoch);
                    if (attempt.opens) {
                      then.open(attempt.lane, attempt.incarnation, attempt.epoch);
                    }
                    then.replace(attempt, moved(attempt, w.endOf(attempt.lane)));
                  }));
        }
      }
      case 2 -> {
        boolean looks = attempt.opens && !is(Weakness.NOT_LOOKED_WHETHER_NEWEST);
        if (!looks || w.lives.size() == attempt.incarnation) {
          next.accept(
              "is the newest: " + who,
              w.changed(then -> then.replace(attempt, moved(attempt, attempt.end))));
        }
      }
      default -> place(w, attempt, next);
    }
  }

  private static Attempt moved(Attempt attempt, long end) {
    return new Attempt(
        attempt.incarnation,
        attempt.opens,
        attempt.broker,
        attempt.lane,
        attempt.epoch,
        attempt.stage + 1,
        end);
  }

  private void place(World w, Attempt attempt, BiConsumer<String, World> next) {
    Life life = w.life(attempt.incarnation);
    MetadataImage image = life.image;
    if (image == null) {
      throw new IllegalStateException("not born: " + attempt);
    }
    Map<PartitionId, Long> ends = new TreeMap<>();
    if (attempt.end >= 0) {
      ends.put(PARTITION, attempt.end);
    }
    LaneId id = new LaneId(attempt.lane);
    MetadataCommand<Integer> command =
        attempt.opens
            ? new LaneOpened(id, attempt.epoch, ends)
            : new LaneSealed(id, attempt.epoch, ends);
    MetadataImage after = effect(image, command).after;
    next.accept(
        attempt.incarnation + ": " + command,
        w.changed(
            then -> {
              then.set(
                  attempt.incarnation, new Life(after, life.exported, life.fenced, life.grants));
              then.replace(attempt, null);
            }));
  }

  // -- how an incarnation is made --------------------------------------------------------------

  private void recover(World w, Recovery r, BiConsumer<String, World> next) {
    String who = "recovery " + r.incarnation;
    if (!r.registryRead) {
      fenceRegistry(w, r, who, next);
      return;
    }
    boolean sealed =
        r.toSeal.stream().allMatch(lane -> r.seals.containsKey(lane) && r.seals.get(lane).fenced);
    if (r.exportsToFence > 0) {
      fenceExports(w, r, who, next);
    } else if (sealed) {
      begin(w, r, who, next);
    } else {
      r.toSeal.forEach(lane -> seal(w, r, lane, who, next));
    }
  }

  private void fenceRegistry(World w, Recovery r, String who, BiConsumer<String, World> next) {
    if (w.isRegistryFencedFor(r.incarnation)) {
      return; // it gives up
    }
    List<Integer> toSeal = new ArrayList<>();
    for (int number = 0; number < w.lanes.size(); number++) {
      if (!w.lanes.get(number).isFence) {
        toSeal.add(number);
      }
    }
    next.accept(
        who + " fences the registry behind " + toSeal,
        w.changed(
            then -> {
              if (!is(Weakness.REGISTRY_NOT_FENCED)) {
                then.lanes.add(new LaneObjects(r.incarnation, true, 0, 0, 0, 0, 0));
              }
              then.replace(
                  r,
                  new Recovery(r.incarnation, true, toSeal, r.exportsToFence, r.old, r.seals, -1));
            }));
  }

  private void fenceExports(World w, Recovery r, String who, BiConsumer<String, World> next) {
    int older = r.exportsToFence;
    Life life = w.life(older);
    MetadataImage old = r.old == null ? life.lastExported() : r.old;
    boolean fences =
        !is(Weakness.EXPORTS_NOT_FENCED) && !(is(Weakness.UNBORN_NOT_FENCED) && life.image == null);
    next.accept(
        who + " fences the exports of " + older,
        w.changed(
            then -> {
              if (fences) {
                then.set(older, new Life(life.image, life.exported, true, life.grants));
              }
              then.replace(
                  r, new Recovery(r.incarnation, true, r.toSeal, older - 1, old, r.seals, -1));
            }));
  }

  /** As the lane's sealer does: again, above whatever an older incarnation has claimed. */
  private void seal(World w, Recovery r, int id, String who, BiConsumer<String, World> next) {
    LaneObjects lane = w.lanes.get(id);
    Seal begun = r.seals.get(id);
    if (begun != null && begun.fenced || lane.claimedBy > r.incarnation) {
      return; // done, or it gives up
    }
    if (is(Weakness.LANES_NOT_SEALED)) {
      next.accept(who + " reads " + id, with(w, r, id, new Seal(9, true, w.endOf(id))));
    } else if (begun == null || lane.claimed != begun.epoch) {
      Lane known = r.old == null ? null : r.old.lane(new LaneId(id));
      long epoch = Math.max(lane.claimed, known == null ? 0 : known.epoch()) + 1;
      World claimed = w.changed(then -> then.claim(id, r.incarnation, epoch));
      next.accept(
          who + " claims " + id + " under " + epoch,
          with(claimed, r, id, new Seal(epoch, false, w.endOf(id))));
    } else {
      long end = is(Weakness.END_READ_BEFORE_THE_FENCE) ? begun.end : w.endOf(id);
      World fenced = w.changed(then -> then.fence(id, begun.epoch));
      next.accept(
          who + " fences " + id + " at " + end,
          with(fenced, r, id, new Seal(begun.epoch, true, end)));
    }
  }

  private static World with(World w, Recovery r, int lane, Seal seal) {
    Map<Integer, Seal> seals = new TreeMap<>(r.seals);
    seals.put(lane, seal);
    return w.changed(
        then ->
            then.replace(
                r,
                new Recovery(
                    r.incarnation, true, r.toSeal, r.exportsToFence, r.old, seals, r.newLane)));
  }

  private void begin(World w, Recovery r, String who, BiConsumer<String, World> next) {
    if (r.newLane < 0) {
      if (!w.isRegistryFencedFor(r.incarnation)) {
        int number = w.lanes.size();
        next.accept(
            who + " registers lane " + number,
            w.changed(
                then -> {
                  then.lanes.add(new LaneObjects(r.incarnation, false, 0, 0, 0, 0, 0));
                  then.replace(
                      r, new Recovery(r.incarnation, true, r.toSeal, 0, r.old, r.seals, number));
                }));
      }
      return;
    }
    Life life = w.life(r.incarnation);
    if (life.fenced) {
      return; // a newer one has ended its exports before the first
    }
    next.accept(who + " is born", w.changed(then -> born(then, r)));
  }

  private void born(World then, Recovery r) {
    then.replace(r, null);
    List<SealedLane> sealed = new ArrayList<>();
    r.seals.forEach(
        (lane, seal) ->
            sealed.add(
                new SealedLane(
                    new LaneId(lane),
                    seal.epoch,
                    seal.end < 0 ? Map.of() : Map.of(PARTITION, new SealedLane.End(seal.end, 0)))));
    if (r.old == null) {
      throw new IllegalStateException("nothing exported: " + r);
    }
    try {
      MetadataImage image =
          known(Rebirth.imageAfter(r.old, r.incarnation, sealed, new LaneId(r.newLane), 0));
      then.set(r.incarnation, new Life(image, List.of(image), false, 0));
    } catch (CorruptMetadataException e) {
      then.broken = e.getMessage();
    }
  }
}
