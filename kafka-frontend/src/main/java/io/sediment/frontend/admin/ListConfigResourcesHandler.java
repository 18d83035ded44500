package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Names the resources that have configs. */
public final class ListConfigResourcesHandler
    implements ApiHandler<ListConfigResourcesRequestData, ListConfigResourcesResponseData> {
  private static final Set<ConfigResource.Type> KNOWN =
      Set.of(
          ConfigResource.Type.TOPIC,
          ConfigResource.Type.BROKER,
          ConfigResource.Type.BROKER_LOGGER,
          ConfigResource.Type.CLIENT_METRICS,
          ConfigResource.Type.GROUP);

  private final ClusterMetadata metadata;

  public ListConfigResourcesHandler(ClusterMetadata metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.LIST_CONFIG_RESOURCES;
  }

  @Override
  public CompletableFuture<ListConfigResourcesResponseData> handle(
      RequestContext context, ListConfigResourcesRequestData request) {
    MetadataImage image = metadata.image();
    ListConfigResourcesResponseData response = new ListConfigResourcesResponseData();
    // Version 0 asks for client metrics only; of those this broker has none.
    if (context.apiVersion() == 0) {
      return CompletableFuture.completedFuture(response);
    }
    List<ConfigResource.Type> wanted =
        request.resourceTypes().isEmpty()
            ? List.copyOf(KNOWN)
            : request.resourceTypes().stream().map(ConfigResource.Type::forId).distinct().toList();
    if (!KNOWN.containsAll(wanted)) {
      return CompletableFuture.completedFuture(
          response.setErrorCode(Errors.UNSUPPORTED_VERSION.code()));
    }
    if (wanted.contains(ConfigResource.Type.TOPIC)) {
      image.topicIds().keySet().forEach(name -> add(response, ConfigResource.Type.TOPIC, name));
    }
    if (wanted.contains(ConfigResource.Type.GROUP)) {
      image.configuredResources().stream()
          .filter(resource -> resource.type() == io.sediment.metadata.ConfigResource.Type.GROUP)
          .forEach(group -> add(response, ConfigResource.Type.GROUP, group.name()));
    }
    for (ConfigResource.Type perBroker :
        List.of(ConfigResource.Type.BROKER, ConfigResource.Type.BROKER_LOGGER)) {
      if (wanted.contains(perBroker)) {
        image.brokers().keySet().forEach(id -> add(response, perBroker, Integer.toString(id)));
      }
    }
    return CompletableFuture.completedFuture(response);
  }

  private static void add(
      ListConfigResourcesResponseData response, ConfigResource.Type type, String name) {
    response
        .configResources()
        .add(
            new ListConfigResourcesResponseData.ConfigResource()
                .setResourceName(name)
                .setResourceType(type.id()));
  }
}
