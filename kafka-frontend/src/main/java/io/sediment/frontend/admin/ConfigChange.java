package io.sediment.frontend.admin;

import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.kafka.TopicConfigDefinitions;
import io.sediment.frontend.kafka.TopicConfigDefinitions.Definition;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.metadata.AlterConfigs;
import io.sediment.metadata.AlterConfigs.Change;
import io.sediment.metadata.AlterConfigs.Op;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Done;
import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.ConfigResource;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * What both ways of altering configs share: finding the resource, judging the outcome, submitting
 * the change.
 */
final class ConfigChange {
  private ConfigChange() {}

  /** The resource that a request names. */
  private static ConfigResource resource(byte type, String name, MetadataImage image) {
    return switch (org.apache.kafka.common.config.ConfigResource.Type.forId(type)) {
      case TOPIC -> {
        if (image.topic(name) == null) {
          org.apache.kafka.common.internals.Topic.validate(name);
          throw new UnknownTopicOrPartitionException("The topic '" + name + "' does not exist.");
        }
        yield ConfigResource.topic(name);
      }
      case BROKER ->
          name.isEmpty()
              ? ConfigResource.CLUSTER
              : ConfigResource.broker(Brokers.idOf(name, image));
      case GROUP -> {
        if (name.isEmpty()) {
          throw new InvalidRequestException("Group name must not be empty.");
        }
        yield new ConfigResource(ConfigResource.Type.GROUP, name);
      }
      default ->
          throw new InvalidRequestException(
              "Configs of resource type " + type + " cannot be altered here.");
    };
  }

  /**
   * Judges what the resource would look like afterwards.
   *
   * @throws InvalidConfigurationException for names and values that Kafka does not know
   */
  static void validate(
      ConfigResource resource, Map<String, String> after, GroupConfigDefinitions groupConfigs) {
    if (resource.type() == ConfigResource.Type.TOPIC) {
      TopicConfigDefinitions.validate(after);
      return;
    }
    if (resource.type() == ConfigResource.Type.GROUP) {
      groupConfigs.validate(after);
      return;
    }
    Map<String, String> asTopicConfigs = new TreeMap<>();
    after.forEach(
        (name, value) -> {
          if (!ConfigView.dynamicBrokerConfigs().contains(name)) {
            throw new InvalidConfigurationException(
                "Cannot update this config dynamically, or it is unknown: " + name);
          }
          for (Definition definition : TopicConfigDefinitions.all().values()) {
            definition.synonyms().stream()
                .filter(synonym -> synonym.name().equals(name))
                .forEach(
                    synonym -> asTopicConfigs.put(definition.name(), converted(synonym, value)));
          }
        });
    TopicConfigDefinitions.validate(asTopicConfigs);
  }

  private static String converted(TopicConfigDefinitions.Synonym synonym, String value) {
    try {
      return synonym.toTopicUnit().apply(value);
    } catch (NumberFormatException e) {
      throw new InvalidConfigurationException(
          "Invalid value " + value + " for " + synonym.name() + ": not a number", e);
    }
  }

  static Map<String, String> current(ConfigResource resource, MetadataImage image) {
    if (resource.type() != ConfigResource.Type.TOPIC) {
      return image.configs(resource);
    }
    Topic topic = image.topic(resource.name());
    return topic == null ? Map.of() : topic.configs();
  }

  /** What {@code current} becomes by {@code ops}. */
  static Map<String, String> after(Map<String, String> current, List<Op> ops) {
    Map<String, String> after = new TreeMap<>(current);
    for (Op op : ops) {
      String value = op.value();
      if (value == null) {
        after.remove(op.key());
      } else {
        after.put(op.key(), value);
      }
    }
    return after;
  }

  /** A resource as a request names it. */
  private record Named(byte type, String name) {}

  /**
   * One resource of a request, and how to turn what is asked for it into a change; an {@link
   * ApiException} says why not.
   */
  record Asked(byte type, String name, BiFunction<ConfigResource, MetadataImage, Change> judge) {
    Named named() {
      return new Named(type, name);
    }
  }

  /**
   * Judges every resource, submits those that are right as one command, and completes with one
   * outcome for each, in order.
   *
   * @param validateOnly to learn the outcome without changing anything
   */
  static CompletableFuture<List<AdminError>> alter(
      List<Asked> all, boolean validateOnly, ClusterMetadata metadata) {
    MetadataImage image = metadata.image();
    List<AdminError> outcomes = new ArrayList<>();
    List<Change> changes = new ArrayList<>();
    Set<Named> seen = new HashSet<>();
    Set<Named> twice = new HashSet<>();
    for (Asked asked : all) {
      if (!seen.add(asked.named())) {
        twice.add(asked.named());
      }
    }
    for (Asked asked : all) {
      try {
        ConfigResource resource = resource(asked.type, asked.name, image);
        if (twice.contains(asked.named())) {
          throw new InvalidRequestException(
              "Each resource must appear at most once: " + asked.name);
        }
        changes.add(asked.judge.apply(resource, image));
        outcomes.add(AdminError.NONE);
      } catch (ApiException e) {
        outcomes.add(AdminError.of(e));
      }
    }
    return submit(changes, validateOnly, metadata)
        .handle(
            (results, failure) -> {
              int next = 0;
              for (int i = 0; i < outcomes.size(); i++) {
                if (!outcomes.get(i).isNone()) {
                  continue;
                }
                if (failure != null) {
                  outcomes.set(i, AdminError.of(failure));
                } else if (results.get(next++) instanceof Rejected<Done> rejected) {
                  outcomes.set(i, AdminError.of(rejected));
                }
              }
              return outcomes;
            });
  }

  private static CompletableFuture<List<CommandResult<Done>>> submit(
      List<Change> changes, boolean validateOnly, ClusterMetadata metadata) {
    if (changes.isEmpty()) {
      return CompletableFuture.completedFuture(List.of());
    }
    AlterConfigs command = new AlterConfigs(changes);
    return validateOnly
        ? CompletableFuture.completedFuture(
            command.applyTo(metadata.image()).result().valueOrThrow())
        : metadata.submit(command).thenApply(CommandResult::valueOrThrow);
  }
}
