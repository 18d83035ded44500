package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.LaneId;
import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.bucket.BucketMetadata.Exports;
import io.sediment.metadata.bucket.BucketMetadata.Registration;
import io.sediment.metadata.bucket.ExportState;
import io.sediment.metadata.bucket.Incarnation;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What lies under {@code cluster/}: dense registers that can be read, of which the newest
 * incarnation's is open and every older one is fenced.
 */
final class MetadataCheck {
  private static final Pattern NUMBERED = Pattern.compile("(cluster/.+/)(\\d{20})");

  private final BucketView bucket;
  private final Consumer<Finding> findings;

  MetadataCheck(BucketView bucket, Consumer<Finding> findings) {
    this.bucket = bucket;
    this.findings = findings;
  }

  /**
   * Returns the newest metadata, if it can be read.
   *
   * @throws UsageException if there never was a cluster
   */
  Optional<MetadataImage> look() {
    Map<String, SortedSet<Long>> folders = new TreeMap<>();
    bucket.list(
        "cluster/",
        object -> {
          Matcher name = NUMBERED.matcher(object.key().value());
          if (name.matches()) {
            folders
                .computeIfAbsent(name.group(1), none -> new TreeSet<>())
                .add(Long.parseLong(name.group(2)));
          }
        });
    if (folders.isEmpty()) {
      throw new UsageException("no cluster in " + bucket.name());
    }
    List<Incarnation> incarnations = incarnations();
    long newest = incarnations.size();
    requireDense(folders, "cluster/incarnation/", newest + 1);
    Optional<MetadataImage> image = Optional.empty();
    for (Incarnation incarnation : incarnations) {
      image = exports(incarnation, incarnation.number() == newest, folders);
    }
    requireKnown(folders, "cluster/meta/", newest);
    requireKnown(folders, "cluster/voters/", newest);
    List<Registration> registrations = registrations();
    requireDense(folders, "cluster/lanes/", registrations.size());
    List<LaneId> lanes =
        registrations.stream()
            .flatMap(registration -> registration.lane().stream())
            .map(lane -> new LaneId(lane.value()))
            .toList();
    image.ifPresent(known -> requireRegistered(known, lanes));
    requireFences(registrations, newest);
    return image;
  }

  private List<Incarnation> incarnations() {
    try {
      return bucket.incarnations();
    } catch (CorruptMetadataException e) {
      damaged("cluster/incarnation/", e);
      return List.of();
    }
  }

  private Optional<MetadataImage> exports(
      Incarnation incarnation, boolean isNewest, Map<String, SortedSet<Long>> folders) {
    long number = incarnation.number();
    String folder = "cluster/meta/" + "%020d".formatted(number) + "/";
    Exports exports;
    try {
      exports = bucket.exports(number);
    } catch (CorruptMetadataException e) {
      damaged(folder, e);
      return Optional.empty();
    }
    if (isNewest && exports.isFenced()) {
      metadata(folder, "is fenced, and the incarnation that did it is missing");
    } else if (!isNewest && exports.state().isPresent() && !exports.isFenced()) {
      metadata(folder, "is not fenced: its fence is missing, or the rebirth after it did not end");
    }
    long end = exports.state().map(ExportState::nextNumber).orElse(0L);
    requireDense(folders, folder, exports.isFenced() ? end + 1 : end);
    Optional<MetadataImage> image = exports.state().map(ExportState::image);
    SortedSet<Long> voters =
        folders.getOrDefault("cluster/voters/" + "%020d".formatted(number) + "/", new TreeSet<>());
    if (image.isPresent() && !image.get().lanes().isEmpty()) {
      List<Integer> missing =
          incarnation.voters().stream().filter(voter -> !voters.contains((long) voter)).toList();
      if (!missing.isEmpty()) {
        metadata(
            "cluster/voters/" + "%020d".formatted(number) + "/",
            "nobody votes for brokers " + missing);
      }
    }
    return image;
  }

  private List<Registration> registrations() {
    try {
      return bucket.registrations();
    } catch (CorruptMetadataException e) {
      damaged("cluster/lanes/", e);
      return List.of();
    }
  }

  /** Who creates a number knows that the one before is there. */
  private void requireDense(Map<String, SortedSet<Long>> folders, String folder, long end) {
    SortedSet<Long> behind = folders.getOrDefault(folder, new TreeSet<>()).tailSet(end);
    if (!behind.isEmpty()) {
      metadata(folder + "%020d".formatted(end), "missing, while " + behind.first() + " is there");
    }
  }

  private void requireKnown(Map<String, SortedSet<Long>> folders, String parent, long newest) {
    SortedSet<String> unknown =
        folders.keySet().stream()
            .filter(folder -> folder.startsWith(parent))
            .filter(
                folder ->
                    Long.parseLong(folder.substring(parent.length(), folder.length() - 1)) > newest)
            .collect(Collectors.toCollection(TreeSet::new));
    if (!unknown.isEmpty()) {
      metadata(parent, "of incarnations that are not there: " + unknown);
    }
  }

  private void requireRegistered(MetadataImage image, List<LaneId> lanes) {
    for (io.sediment.metadata.LaneId lane : image.lanes().keySet()) {
      if (!lanes.contains(new LaneId(lane.value()))) {
        metadata("cluster/lanes/" + "%020d".formatted(lane.value()), "missing: " + lane);
      }
    }
  }

  private void requireFences(List<Registration> registrations, long newest) {
    for (long incarnation = 2; incarnation <= newest; incarnation++) {
      long wanted = incarnation;
      boolean hasLanes =
          registrations.stream()
              .anyMatch(it -> it.owner().isPresent() && it.incarnation() == wanted);
      boolean hasFence =
          registrations.stream().anyMatch(it -> it.owner().isEmpty() && it.incarnation() == wanted);
      if (hasLanes && !hasFence) {
        metadata("cluster/lanes/", "the fence of incarnation " + incarnation + " is missing");
      }
    }
  }

  private void damaged(String subject, CorruptMetadataException e) {
    metadata(subject, String.valueOf(e.getMessage()));
  }

  private void metadata(String subject, String problem) {
    findings.accept(Finding.damage(Check.METADATA, subject, problem));
  }
}
