package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.metadata.AlterConfigs.Change;
import io.sediment.metadata.AlterConfigs.Op;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.ConfigResource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.AlterConfigsResponseData.AlterConfigsResourceResponse;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * Replaces all configs of a resource: the older API, in which what is not named goes back to its
 * default.
 */
public final class AlterConfigsHandler
    implements ApiHandler<AlterConfigsRequestData, AlterConfigsResponseData> {
  private final ClusterMetadata metadata;
  private final GroupConfigDefinitions groupConfigs;

  public AlterConfigsHandler(ClusterMetadata metadata, GroupConfigDefinitions groupConfigs) {
    this.metadata = metadata;
    this.groupConfigs = groupConfigs;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.ALTER_CONFIGS;
  }

  @Override
  public CompletableFuture<AlterConfigsResponseData> handle(
      RequestContext context, AlterConfigsRequestData request) {
    List<ConfigChange.Asked> asked = new ArrayList<>();
    for (AlterConfigsResource resource : request.resources()) {
      asked.add(
          new ConfigChange.Asked(
              resource.resourceType(),
              resource.resourceName(),
              (found, image) -> replacement(found, resource)));
    }
    return ConfigChange.alter(asked, request.validateOnly(), metadata)
        .thenApply(
            outcomes -> {
              AlterConfigsResponseData response = new AlterConfigsResponseData();
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

  private Change replacement(ConfigResource found, AlterConfigsResource resource) {
    List<Op> ops = new ArrayList<>();
    for (AlterableConfig config : resource.configs()) {
      if (config.value() == null) {
        throw new InvalidRequestException("Null value not supported for : " + config.name());
      }
      ops.add(new Op(config.name(), config.value()));
    }
    ConfigChange.validate(found, ConfigChange.after(Map.of(), ops), groupConfigs);
    return new Change(found, true, ops);
  }
}
