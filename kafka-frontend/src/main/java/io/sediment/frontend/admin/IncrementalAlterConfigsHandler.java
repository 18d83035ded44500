package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.kafka.TopicConfigDefinitions;
import io.sediment.frontend.kafka.TopicConfigDefinitions.Definition;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.metadata.AlterConfigs.Change;
import io.sediment.metadata.AlterConfigs.Op;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.ConfigResource;
import io.sediment.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;

/**
 * Sets, deletes, appends to and subtracts from single configs of a resource; what is not named
 * stays.
 */
public final class IncrementalAlterConfigsHandler
    implements ApiHandler<IncrementalAlterConfigsRequestData, IncrementalAlterConfigsResponseData> {
  private final ClusterMetadata metadata;
  private final GroupConfigDefinitions groupConfigs;

  public IncrementalAlterConfigsHandler(
      ClusterMetadata metadata, GroupConfigDefinitions groupConfigs) {
    this.metadata = metadata;
    this.groupConfigs = groupConfigs;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.INCREMENTAL_ALTER_CONFIGS;
  }

  @Override
  public CompletableFuture<IncrementalAlterConfigsResponseData> handle(
      RequestContext context, IncrementalAlterConfigsRequestData request) {
    List<ConfigChange.Asked> asked = new ArrayList<>();
    for (AlterConfigsResource resource : request.resources()) {
      asked.add(
          new ConfigChange.Asked(
              resource.resourceType(),
              resource.resourceName(),
              (found, image) -> change(found, image, resource)));
    }
    return ConfigChange.alter(asked, request.validateOnly(), metadata)
        .thenApply(
            outcomes -> {
              IncrementalAlterConfigsResponseData response =
                  new IncrementalAlterConfigsResponseData();
              for (int i = 0; i < asked.size(); i++) {
                response
                    .responses()
                    .add(
                        new AlterConfigsResourceResponse()
                            .setResourceType(asked.get(i).type())
                            .setResourceName(asked.get(i).name())
                            .setErrorCode(outcomes.get(i).code())
                            .setErrorMessage(outcomes.get(i).message()));
              }
              return response;
            });
  }

  private Change change(ConfigResource found, MetadataImage image, AlterConfigsResource resource) {
    Map<String, String> current = ConfigChange.current(found, image);
    List<Op> ops = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (AlterableConfig config : resource.configs()) {
      if (!seen.add(config.name())) {
        throw new InvalidRequestException("Each config must appear at most once: " + config.name());
      }
      ops.add(op(config, current, found.type()));
    }
    Map<String, String> after = ConfigChange.after(current, ops);
    ConfigChange.validate(found, after, groupConfigs);
    return new Change(found, false, ops);
  }

  private Op op(AlterableConfig config, Map<String, String> current, ConfigResource.Type on) {
    OpType type = OpType.forId(config.configOperation());
    if (type == null) {
      throw new InvalidRequestException(
          "Unknown operation " + config.configOperation() + " on " + config.name());
    }
    if (type == OpType.DELETE) {
      return new Op(config.name(), null);
    }
    if (config.value() == null) {
      throw new InvalidRequestException("Null value not supported for : " + config.name());
    }
    return switch (type) {
      case SET -> new Op(config.name(), config.value());
      case APPEND ->
          new Op(
              config.name(),
              Stream.concat(
                      listBefore(config, current, on).stream(), elements(config.value()).stream())
                  .distinct()
                  .collect(Collectors.joining(",")));
      case SUBTRACT -> {
        List<String> gone = elements(config.value());
        yield new Op(
            config.name(),
            listBefore(config, current, on).stream()
                .filter(e -> !gone.contains(e))
                .collect(Collectors.joining(",")));
      }
      case DELETE -> throw new IllegalStateException("handled above");
    };
  }

  private List<String> listBefore(
      AlterableConfig config, Map<String, String> current, ConfigResource.Type on) {
    boolean ofGroup = on == ConfigResource.Type.GROUP;
    Definition definition = ofGroup ? null : definitionOf(config.name());
    ConfigDef.Type type =
        ofGroup
            ? groupConfigs.typeOf(config.name())
            : definition == null ? null : definition.type();
    if (type != ConfigDef.Type.LIST) {
      throw new InvalidConfigurationException(
          "Config value append and subtract are not allowed for config: " + config.name());
    }
    String value = current.get(config.name());
    if (value == null) {
      value =
          definition == null ? groupConfigs.defaultOf(config.name()) : definition.defaultValue();
    }
    return elements(value == null ? "" : value);
  }

  /** By the name of a topic config or of a broker config that gives topics their default. */
  private static @Nullable Definition definitionOf(String name) {
    for (Definition definition : TopicConfigDefinitions.all().values()) {
      if (definition.name().equals(name)
          || definition.synonyms().stream().anyMatch(synonym -> synonym.name().equals(name))) {
        return definition;
      }
    }
    return null;
  }

  private static List<String> elements(String list) {
    return Stream.of(list.split(",")).map(String::strip).filter(e -> !e.isEmpty()).toList();
  }
}
