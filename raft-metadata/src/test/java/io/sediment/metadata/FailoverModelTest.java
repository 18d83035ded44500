package io.sediment.metadata;

import static io.sediment.metadata.Lane.State.SEALED;
import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.EveryOrder.Found;
import io.sediment.metadata.EveryOrder.ImageNumbers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every order in which two brokers may take lanes from each other, reopen their own and append,
 * through the real commands and a bucket reduced to claims, fences and acknowledged records.
 * Anybody may call anybody dead at any time, grants may be left unused, images may be seen late: a
 * record that was acknowledged must lie where the placements say, and no two at one offset.
 */
class FailoverModelTest {
  private static final Logger log = LoggerFactory.getLogger(FailoverModelTest.class);
  private static final UUID TOPIC = new UUID(1, 1);
  private static final PartitionId PARTITION = new PartitionId(TOPIC, 0);
  private static final int STATES_MAX = 3_000_000;
  private static final int SEEDS = 1_000;
  private static final int STEPS_MAX = 60;

  /**
   * How far to look: more of one kind takes fewer of another.
   *
   * @param grants of lanes' epochs
   */
  private record Bounds(int acks, int grants, int handoffs) {}

  /** A safeguard that can be taken away, to see that it is needed. */
  enum Weakness {
    NOTHING_FENCED("lost write", new Bounds(2, 2, 0)),
    END_READ_BEFORE_THE_FENCE("lost write", new Bounds(2, 2, 0)),
    PLACED_BEFORE_SEALED("lost write", new Bounds(2, 2, 0)),
    /** Every partition moves when a lane is sealed, wherever it was placed last. */
    SEALED_UNCONDITIONALLY("two values at one offset", new Bounds(2, 2, 0)),
    /** An owner goes on when its handoff was not answered. */
    APPENDED_AFTER_A_HANDOFF("lost write", new Bounds(2, 0, 1)),
    /** A handoff moves the partition whoever leads it by now. */
    MOVED_UNCONDITIONALLY("lost write", new Bounds(2, 0, 2));

    final String anomaly;
    final Bounds bounds;

    Weakness(String anomaly, Bounds bounds) {
      this.anomaly = anomaly;
      this.bounds = bounds;
    }
  }

  private record Ack(int lane, long epoch, long offset) {}

  /** A leadership under which its owner appends no more; {@code end} is where it found it ends. */
  private record Handoff(int lane, long epoch, int leaderEpoch, long end) {
    MovePartitions command(int target) {
      return new MovePartitions(
          new LaneId(lane),
          epoch,
          List.of(new MovePartitions.Move(PARTITION, leaderEpoch, end, target)));
    }
  }

  /** Somebody at work on a lane under a granted epoch. Stage 0 granted, 1 claimed, 2 fenced. */
  private record Attempt(boolean opens, int broker, int lane, long epoch, int stage, long end) {}

  /**
   * @param seen the image that each broker acts on
   * @param claimed newest epoch in the manifest of each lane
   * @param fencedBelow of each lane
   * @param opened epoch under which each lane's owner can append to its log
   * @param handoffs begun by owners; each may reach the log at any time from then on, or never, or
   *     more than once
   */
  private record World(
      MetadataImage image,
      List<MetadataImage> seen,
      List<Long> claimed,
      List<Long> fencedBelow,
      List<Long> opened,
      List<Ack> acks,
      List<Attempt> attempts,
      int grants,
      List<Handoff> handoffs,
      Bounds bounds) {

    String content(ImageNumbers images) {
      StringBuilder content = new StringBuilder(256).append(images.of(image));
      seen.forEach(one -> content.append('|').append(images.of(one)));
      content.append(claimed).append(fencedBelow).append(opened).append(grants);
      content.append(handoffs);
      acks.forEach(a -> content.append('a').append(a.lane).append(a.epoch).append(a.offset));
      attempts.stream()
          .map(a -> (a.opens ? "o" : "s") + a.broker + a.lane + a.epoch + a.stage + "," + a.end)
          .sorted()
          .forEach(content::append);
      return content.toString();
    }

    @Nullable String violation() {
      Partition partition = image.partition(PARTITION);
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

  private static World begin(Bounds bounds) {
    InMemoryClusterMetadata metadata = InMemoryClusterMetadata.ofOneBroker(0, "a", 1);
    metadata.accept(new RegisterBroker(1, new UUID(2, 2), "b", 1, null));
    LaneId second = new LaneId(1);
    metadata.accept(new RegisterLane(second, 1));
    metadata.accept(new LaneOpened(second, metadata.accept(new OpenLane(second, 1, 1)), Map.of()));
    metadata.accept(
        new CreateTopics(List.of(new NewTopic(TOPIC, "t", 1, 1, List.of(0), Map.of()))));
    MetadataImage image = metadata.image().withVersion(0);
    return new World(
        image,
        List.of(image, image),
        List.of(1L, 1L),
        List.of(1L, 1L),
        List.of(1L, 1L),
        List.of(),
        List.of(),
        0,
        List.of(),
        bounds);
  }

  private static <T> List<T> with(List<T> list, int at, T value) {
    List<T> next = new ArrayList<>(list);
    next.set(at, value);
    return next;
  }

  private static <T> List<T> plus(List<T> list, T value) {
    List<T> next = new ArrayList<>(list);
    next.add(value);
    return next;
  }

  private static void successors(
      World w, @Nullable Weakness weakness, BiConsumer<String, World> next) {
    for (int broker = 0; broker < 2; broker++) {
      if (w.seen.get(broker) != w.image) {
        next.accept("broker " + broker + " sees", see(w, broker));
      }
      for (int lane = 0; lane < 2; lane++) {
        append(w, broker, lane, weakness, next);
        beginHandoff(w, broker, lane, next);
        for (int sealer = 0; sealer < 2; sealer++) {
          long known = w.seen.get(broker).lane(new LaneId(lane)).epoch();
          grant(w, new SealLane(new LaneId(lane), known, sealer, 1), false, sealer, lane, next);
        }
        grant(w, new OpenLane(new LaneId(lane), broker, 1), true, broker, lane, next);
      }
    }
    for (Handoff handoff : w.handoffs) {
      for (int target = 0; target < 2; target++) {
        next.accept(handoff + " to broker " + target, move(w, handoff, target, weakness));
      }
    }
    for (Attempt attempt : w.attempts) {
      goOn(w, attempt, weakness, next);
    }
  }

  private static World see(World w, int broker) {
    return new World(
        w.image,
        with(w.seen, broker, w.image),
        w.claimed,
        w.fencedBelow,
        w.opened,
        w.acks,
        w.attempts,
        w.grants,
        w.handoffs,
        w.bounds);
  }

  /** By what the broker sees it leads, and its put is not fenced: that is all it knows. */
  private static void append(
      World w, int broker, int lane, @Nullable Weakness weakness, BiConsumer<String, World> next) {
    boolean goesOn = weakness == Weakness.APPENDED_AFTER_A_HANDOFF;
    if (!leads(w, broker, lane)
        || (isHandedOver(w, broker) && !goesOn)
        || w.opened.get(lane) < w.fencedBelow.get(lane)
        || w.acks.size() == w.bounds.acks) {
      return;
    }
    Ack ack = new Ack(lane, w.opened.get(lane), endAsSeen(w, broker));
    next.accept(
        "broker " + broker + " acknowledges " + ack,
        new World(
            w.image,
            w.seen,
            w.claimed,
            w.fencedBelow,
            w.opened,
            plus(w.acks, ack),
            w.attempts,
            w.grants,
            w.handoffs,
            w.bounds));
  }

  private static boolean leads(World w, int broker, int lane) {
    MetadataImage seen = w.seen.get(broker);
    Partition partition = seen.partition(PARTITION);
    Placement current = partition.current();
    return seen.leaderOf(partition) == broker
        && current.lane().value() == lane
        && current.laneEpoch() == w.opened.get(lane);
  }

  private static boolean isHandedOver(World w, int broker) {
    int leaderEpoch = w.seen.get(broker).partition(PARTITION).leaderEpoch();
    return w.handoffs.stream().anyMatch(handoff -> handoff.leaderEpoch == leaderEpoch);
  }

  /** Of the partition that {@code broker} leads, by what it appended itself. */
  private static long endAsSeen(World w, int broker) {
    Placement current = w.seen.get(broker).partition(PARTITION).current();
    return w.acks.stream()
        .filter(a -> a.lane == current.lane().value() && a.epoch == current.laneEpoch())
        .mapToLong(a -> a.offset + 1)
        .filter(end -> end > current.startOffset())
        .max()
        .orElse(current.startOffset());
  }

  private static void beginHandoff(World w, int broker, int lane, BiConsumer<String, World> next) {
    if (!leads(w, broker, lane)
        || isHandedOver(w, broker)
        || w.handoffs.size() == w.bounds.handoffs) {
      return;
    }
    Handoff handoff =
        new Handoff(
            lane,
            w.opened.get(lane),
            w.seen.get(broker).partition(PARTITION).leaderEpoch(),
            endAsSeen(w, broker));
    next.accept(
        "broker " + broker + " begins " + handoff,
        new World(
            w.image,
            w.seen,
            w.claimed,
            w.fencedBelow,
            w.opened,
            w.acks,
            w.attempts,
            w.grants,
            plus(w.handoffs, handoff),
            w.bounds));
  }

  private static World move(World w, Handoff handoff, int target, @Nullable Weakness weakness) {
    boolean anyway = weakness == Weakness.MOVED_UNCONDITIONALLY;
    return new World(
        anyway ? movedAnyway(w.image, handoff) : handoff.command(target).applyTo(w.image).image(),
        w.seen,
        w.claimed,
        w.fencedBelow,
        w.opened,
        w.acks,
        w.attempts,
        w.grants,
        w.handoffs,
        w.bounds);
  }

  /** What {@link MovePartitions} would do if it compared nothing, as often as it can. */
  private static MetadataImage movedAnyway(MetadataImage image, Handoff handoff) {
    Topic topic = image.topics().iterator().next();
    Partition partition = topic.partitions().get(0);
    Lane other = image.lane(new LaneId(1 - handoff.lane));
    long end = Math.max(partition.current().startOffset(), handoff.end);
    if (partition.leaderEpoch() > 2) {
      return image;
    }
    Placement next = new Placement(partition.leaderEpoch() + 1, other.id(), other.epoch(), end);
    ImageEdit edit = image.edit().put(topic.withPartitions(List.of(partition.withPlacement(next))));
    return CommandOutcome.accepted(image, edit, 1).image();
  }

  private static void grant(
      World w,
      MetadataCommand<Long> command,
      boolean opens,
      int broker,
      int lane,
      BiConsumer<String, World> next) {
    CommandOutcome<Long> outcome = command.applyTo(w.image);
    if (w.grants == w.bounds.grants || !outcome.result().isAccepted()) {
      return;
    }
    Attempt attempt =
        new Attempt(opens, broker, lane, outcome.result().valueOrThrow(), 0, endOf(w, lane));
    next.accept(
        command.toString(),
        new World(
            outcome.image(),
            w.seen,
            w.claimed,
            w.fencedBelow,
            w.opened,
            w.acks,
            plus(w.attempts, attempt),
            w.grants + 1,
            w.handoffs,
            w.bounds));
  }

  private static long endOf(World w, int lane) {
    return w.acks.stream()
        .filter(a -> a.lane == lane)
        .mapToLong(a -> a.offset + 1)
        .max()
        .orElse(-1);
  }

  private static void goOn(
      World w, Attempt attempt, @Nullable Weakness weakness, BiConsumer<String, World> next) {
    int lane = attempt.lane;
    boolean ours = w.claimed.get(lane) == attempt.epoch;
    boolean sent = attempt.stage == 2; // fenced or not, what it sent may arrive
    if (attempt.stage == 0 ? w.claimed.get(lane) >= attempt.epoch : !ours && !sent) {
      return; // fenced: it never does anything again
    }
    String who = (attempt.opens ? "opener " : "sealer ") + attempt;
    List<Attempt> others = new ArrayList<>(w.attempts);
    others.remove(attempt);
    boolean placesEarly = weakness == Weakness.PLACED_BEFORE_SEALED && !attempt.opens;
    if (attempt.stage == 0 && !placesEarly) {
      next.accept(
          "claims: " + who,
          new World(
              w.image,
              w.seen,
              with(w.claimed, lane, attempt.epoch),
              w.fencedBelow,
              w.opened,
              w.acks,
              plus(others, moved(attempt, 1, endOf(w, lane))),
              w.grants,
              w.handoffs,
              w.bounds));
    } else if (attempt.stage == 1) {
      boolean fences = weakness != Weakness.NOTHING_FENCED;
      long end = weakness == Weakness.END_READ_BEFORE_THE_FENCE ? attempt.end : endOf(w, lane);
      next.accept(
          "fences: " + who,
          new World(
              w.image,
              w.seen,
              w.claimed,
              fences ? with(w.fencedBelow, lane, attempt.epoch) : w.fencedBelow,
              attempt.opens ? with(w.opened, lane, attempt.epoch) : w.opened,
              w.acks,
              plus(others, moved(attempt, 2, end)),
              w.grants,
              w.handoffs,
              w.bounds));
    } else {
      Map<PartitionId, Long> ends = new TreeMap<>();
      if (attempt.end >= 0) {
        ends.put(PARTITION, attempt.end);
      }
      LaneId id = new LaneId(lane);
      MetadataCommand<Integer> command =
          attempt.opens
              ? new LaneOpened(id, attempt.epoch, ends)
              : new LaneSealed(id, attempt.epoch, ends);
      boolean anyway = weakness == Weakness.SEALED_UNCONDITIONALLY && !attempt.opens;
      next.accept(
          command.toString(),
          new World(
              anyway
                  ? sealedAnyway(w.image, attempt, Math.max(0, attempt.end))
                  : command.applyTo(w.image).image(),
              w.seen,
              w.claimed,
              w.fencedBelow,
              w.opened,
              w.acks,
              others,
              w.grants,
              w.handoffs,
              w.bounds));
    }
  }

  /** What {@link LaneSealed} would do if it compared nothing. */
  private static MetadataImage sealedAnyway(MetadataImage image, Attempt attempt, long end) {
    Lane sealed = new Lane(new LaneId(attempt.lane), attempt.broker, attempt.epoch, SEALED);
    Topic topic = image.topics().iterator().next();
    Partition partition = topic.partitions().get(0);
    Placement last = partition.current();
    Lane other = image.lane(new LaneId(1 - attempt.lane));
    Placement next =
        new Placement(
            last.leaderEpoch() + 1, other.id(), other.epoch(), Math.max(last.startOffset(), end));
    ImageEdit edit =
        image.edit().put(sealed).put(topic.withPartitions(List.of(partition.withPlacement(next))));
    return CommandOutcome.accepted(image, edit, 1).image();
  }

  private static Attempt moved(Attempt attempt, int stage, long end) {
    return new Attempt(attempt.opens, attempt.broker, attempt.lane, attempt.epoch, stage, end);
  }

  private static EveryOrder.Model<World> model(@Nullable Weakness weakness, Bounds bounds) {
    return new EveryOrder.Model<>() {
      @Override
      public World first() {
        return begin(bounds);
      }

      @Override
      public void successors(World world, BiConsumer<String, World> next) {
        FailoverModelTest.successors(world, weakness, next);
      }

      @Override
      public @Nullable String violation(World world) {
        return world.violation();
      }

      @Override
      public String content(World world, ImageNumbers images) {
        return world.content(images);
      }
    };
  }

  private static Found explore(@Nullable Weakness weakness, Bounds bounds) {
    return new EveryOrder<>(model(weakness, bounds), STATES_MAX).walk();
  }

  /** In how many of {@link #SEEDS} walks by chance, of worlds larger than can be walked whole. */
  private static int strolls(@Nullable Weakness weakness) {
    int noticed = 0;
    int first = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      String violation =
          EveryOrder.stroll(
              model(weakness, new Bounds(4, 2, 2)), new SplittableRandom(seed), STEPS_MAX);
      if (violation != null) {
        noticed++;
        first = first == 0 ? seed : first;
      }
    }
    log.info("{}: noticed in {} of {} seeds, first in {}", weakness, noticed, SEEDS, first);
    return noticed;
  }

  private static List<Bounds> bounds() {
    return List.of(new Bounds(2, 2, 0), new Bounds(2, 1, 2), new Bounds(1, 2, 1));
  }

  @ParameterizedTest
  @MethodSource("bounds")
  void asDesignedNoAcknowledgedRecordIsLostOrMeetsAnother(Bounds bounds) {
    Found found = explore(null, bounds);
    log.info("{}: {} worlds", bounds, found.worlds());
    assertThat(found.violation()).as("after %s", found.trace()).isNull();
    assertThat(found.worlds()).isGreaterThan(10_000);
  }

  @ParameterizedTest
  @EnumSource
  void withoutOneSafeguardAnAcknowledgedRecordIsLostOrMeetsAnother(Weakness weakness) {
    Found found = explore(weakness, weakness.bounds);
    log.info("{}: {} after {} steps", weakness, found.violation(), found.trace().size() - 1);
    assertThat(found.violation()).as("after %s", found.trace()).startsWith(weakness.anomaly);
  }

  @Test
  void noWalkByChanceLosesAnything() {
    assertThat(strolls(null)).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void everyMissingSafeguardIsNoticedBySeedToo(Weakness weakness) {
    assertThat(strolls(weakness)).isPositive();
  }
}
