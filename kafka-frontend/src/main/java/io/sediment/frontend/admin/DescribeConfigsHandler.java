package io.sediment.frontend.admin;

import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.config.ConfigEntry;
import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsSynonym;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;

/**
 * Tells the configs of topics, brokers and groups, where each value comes from, and what it would
 * be otherwise.
 */
public final class DescribeConfigsHandler
    implements ApiHandler<DescribeConfigsRequestData, DescribeConfigsResponseData> {
  private final ClusterMetadata metadata;
  private final int brokerId;
  private final BrokerConfigs brokerConfigs;
  private final GroupConfigDefinitions groupConfigs;

  public DescribeConfigsHandler(
      ClusterMetadata metadata,
      int brokerId,
      BrokerConfigs brokerConfigs,
      GroupConfigDefinitions groupConfigs) {
    this.metadata = metadata;
    this.brokerId = brokerId;
    this.brokerConfigs = brokerConfigs;
    this.groupConfigs = groupConfigs;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.DESCRIBE_CONFIGS;
  }

  @Override
  public CompletableFuture<DescribeConfigsResponseData> handle(
      RequestContext context, DescribeConfigsRequestData request) {
    MetadataImage image = metadata.image();
    DescribeConfigsResponseData response = new DescribeConfigsResponseData();
    for (DescribeConfigsResource resource : request.resources()) {
      DescribeConfigsResult result =
          new DescribeConfigsResult()
              .setResourceType(resource.resourceType())
              .setResourceName(resource.resourceName());
      try {
        for (ConfigEntry entry : entries(resource, image)) {
          if (resource.configurationKeys() == null
              || resource.configurationKeys().contains(entry.name())) {
            result.configs().add(described(entry, request));
          }
        }
      } catch (ApiException e) {
        result.setErrorCode(Errors.forException(e).code()).setErrorMessage(e.getMessage());
      }
      response.results().add(result);
    }
    return CompletableFuture.completedFuture(response);
  }

  private List<ConfigEntry> entries(DescribeConfigsResource resource, MetadataImage image) {
    ConfigView view = new ConfigView(image, brokerId, brokerConfigs);
    return switch (ConfigResource.Type.forId(resource.resourceType())) {
      case TOPIC -> {
        Topic topic = image.topic(resource.resourceName());
        if (topic == null) {
          org.apache.kafka.common.internals.Topic.validate(resource.resourceName());
          throw new UnknownTopicOrPartitionException();
        }
        yield view.topic(topic.configs());
      }
      case BROKER ->
          resource.resourceName().isEmpty()
              ? view.clusterDefaults()
              : view.broker(Brokers.idOf(resource.resourceName(), image));
      case GROUP -> {
        if (resource.resourceName().isEmpty()) {
          throw new InvalidRequestException("Group name must not be empty.");
        }
        yield groupConfigs.entries(
            image.configs(
                new io.sediment.metadata.ConfigResource(
                    io.sediment.metadata.ConfigResource.Type.GROUP, resource.resourceName())));
      }
      default ->
          throw new InvalidRequestException(
              "Configs of resource type " + resource.resourceType() + " are not served here.");
    };
  }

  private static DescribeConfigsResourceResult described(
      ConfigEntry entry, DescribeConfigsRequestData request) {
    DescribeConfigsResourceResult result =
        new DescribeConfigsResourceResult()
            .setName(entry.name())
            .setValue(entry.value())
            .setReadOnly(entry.readOnly())
            .setConfigSource(entry.source().id())
            .setIsSensitive(false)
            .setConfigType(typeOf(entry.type()).id());
    if (request.includeDocumentation()) {
      result.setDocumentation(entry.documentation());
    }
    if (request.includeSynonyms()) {
      entry
          .synonyms()
          .forEach(
              origin ->
                  result
                      .synonyms()
                      .add(
                          new DescribeConfigsSynonym()
                              .setName(origin.name())
                              .setValue(origin.value())
                              .setSource(origin.source().id())));
    }
    return result;
  }

  private static ConfigType typeOf(ConfigDef.Type type) {
    return switch (type) {
      case BOOLEAN -> ConfigType.BOOLEAN;
      case STRING -> ConfigType.STRING;
      case INT -> ConfigType.INT;
      case SHORT -> ConfigType.SHORT;
      case LONG -> ConfigType.LONG;
      case DOUBLE -> ConfigType.DOUBLE;
      case LIST -> ConfigType.LIST;
      case CLASS -> ConfigType.CLASS;
      case PASSWORD -> ConfigType.PASSWORD;
    };
  }
}
