package io.sediment.metadata;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Walks every world that steps lead to, breadth first, until one is wrong. For worlds of real
 * images and commands; they are told apart by a digest of what they say of themselves, since there
 * are many.
 *
 * @param <W> one world, immutable
 */
final class EveryOrder<W> {
  /** What there is to walk. */
  interface Model<W> {
    W first();

    /** Hands every world that one step leads to, and what the step is, into {@code next}. */
    void successors(W world, BiConsumer<String, W> next);

    /** What is wrong with {@code world}, or null. */
    @Nullable String violation(W world);

    /** All that tells {@code world} from others. */
    String content(W world, ImageNumbers images);
  }

  /**
   * @param worlds how many different ones were reached
   * @param violation what is wrong in the last world of {@code trace}; null when nothing ever is
   * @param trace shortest sequence of steps that leads there
   */
  record Found(int worlds, @Nullable String violation, List<String> trace) {}

  /** A number for each image with other lanes or topics. */
  static final class ImageNumbers {
    private final Map<String, Integer> byContent = new HashMap<>();
    private final IdentityHashMap<MetadataImage, Integer> known = new IdentityHashMap<>();

    int of(MetadataImage image) {
      return known.computeIfAbsent(
          image, one -> byContent.computeIfAbsent(contentOf(one), any -> byContent.size()));
    }

    /** What numbers go by. */
    static String contentOf(MetadataImage image) {
      return image.lanes().values() + " " + image.topics();
    }
  }

  private record Step<W>(@Nullable Step<W> before, String what, W world) {
    List<String> trace() {
      List<String> trace = before == null ? new ArrayList<>() : before.trace();
      trace.add(what);
      return trace;
    }
  }

  private final Model<W> model;
  private final int worldsMax;
  private final ImageNumbers images = new ImageNumbers();
  private final Set<UUID> known = new HashSet<>();
  private final ArrayDeque<Step<W>> open = new ArrayDeque<>();

  EveryOrder(Model<W> model, int worldsMax) {
    this.model = model;
    this.worldsMax = worldsMax;
  }

  Found walk() {
    add(new Step<>(null, "begin", model.first()));
    while (!open.isEmpty()) {
      Step<W> step = open.remove();
      String violation = model.violation(step.world);
      if (violation != null) {
        return new Found(known.size(), violation, step.trace());
      }
      model.successors(step.world, (what, world) -> add(new Step<>(step, what, world)));
    }
    return new Found(known.size(), null, List.of());
  }

  /**
   * Walks one way by chance, for as many steps or until there is nothing to do.
   *
   * @return what is wrong in the last world, or null
   */
  static <W> @Nullable String stroll(Model<W> model, RandomGenerator random, int stepsMax) {
    W world = model.first();
    String violation = null;
    for (int step = 0; step < stepsMax && violation == null; step++) {
      List<W> next = new ArrayList<>();
      model.successors(world, (what, one) -> next.add(one));
      if (next.isEmpty()) {
        return null;
      }
      world = next.get(random.nextInt(next.size()));
      violation = model.violation(world);
    }
    return violation;
  }

  private void add(Step<W> step) {
    byte[] content = model.content(step.world, images).getBytes(StandardCharsets.UTF_8);
    if (known.add(UUID.nameUUIDFromBytes(content))) {
      open.add(step);
    }
    if (known.size() > worldsMax) {
      throw new IllegalStateException("more than " + worldsMax + " worlds: bound the model");
    }
  }
}
