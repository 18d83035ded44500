package io.sediment.frontend.handler;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKey;
import org.apache.kafka.common.message.ApiVersionsResponseData.SupportedFeatureKey;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiVersionsRequest;

/**
 * Tells clients what is served: exactly the handlers of the registry, and the features that are
 * finalized.
 */
final class ApiVersionsHandler
    implements ApiHandler<ApiVersionsRequestData, ApiVersionsResponseData> {
  private final Supplier<HandlerRegistry> registry;
  private final ClusterMetadata metadata;
  private final int brokerId;

  /**
   * @param registry asked at each request, since this handler is itself part of it
   */
  ApiVersionsHandler(Supplier<HandlerRegistry> registry, ClusterMetadata metadata, int brokerId) {
    this.brokerId = brokerId;
    this.registry = registry;
    this.metadata = metadata;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.API_VERSIONS;
  }

  @Override
  public CompletableFuture<ApiVersionsResponseData> handle(
      RequestContext context, ApiVersionsRequestData request) {
    return CompletableFuture.completedFuture(answer(context, request));
  }

  private ApiVersionsResponseData answer(RequestContext context, ApiVersionsRequestData request) {
    if (!context.header().isApiVersionSupported()) {
      // A newer client asks in a version unknown here: it retries with what this entry says.
      ApiVersionsResponseData unsupported = error(Errors.UNSUPPORTED_VERSION);
      unsupported.apiKeys().add(advertised(this));
      return unsupported;
    }
    if (!new ApiVersionsRequest(request, context.apiVersion()).isValid()) {
      return error(Errors.INVALID_REQUEST);
    }
    if (context.apiVersion() >= 3) {
      context.nameSoftware(request.clientSoftwareName(), request.clientSoftwareVersion());
    }
    MetadataImage image = metadata.image();
    if (request.clusterId() != null
        && request.nodeId() >= 0
        && (request.nodeId() != brokerId || !request.clusterId().equals(image.clusterId()))) {
      return error(Errors.REBOOTSTRAP_REQUIRED); // KIP-1242: the address has another owner now
    }
    ApiVersionsResponseData response = new ApiVersionsResponseData();
    for (ApiHandler<?, ?> handler : registry.get().all()) {
      response.apiKeys().add(advertised(handler));
    }
    // Clients before version 4 take a feature that may be 0 for a malformed one.
    short featureMin = (short) (context.apiVersion() < 4 ? 1 : 0);
    image
        .features()
        .forEach(
            (feature, level) -> {
              response
                  .supportedFeatures()
                  .add(
                      new SupportedFeatureKey()
                          .setName(feature)
                          .setMinVersion(featureMin)
                          .setMaxVersion(level.shortValue()));
              response
                  .finalizedFeatures()
                  .add(
                      new FinalizedFeatureKey()
                          .setName(feature)
                          .setMinVersionLevel(level.shortValue())
                          .setMaxVersionLevel(level.shortValue()));
            });
    response.setFinalizedFeaturesEpoch(image.version());
    return response;
  }

  private static ApiVersionsResponseData error(Errors error) {
    return new ApiVersionsResponseData()
        .setErrorCode(error.code())
        .setApiKeys(new ApiVersionCollection());
  }

  private static ApiVersion advertised(ApiHandler<?, ?> handler) {
    VersionRange served = handler.versions();
    // librdkafka refuses compression where Produce does not begin at 0, though it never sends it.
    short min =
        handler.key() == ApiKeys.PRODUCE
            ? ApiKeys.PRODUCE_API_VERSIONS_RESPONSE_MIN_VERSION
            : served.min();
    return new ApiVersion()
        .setApiKey(handler.key().id)
        .setMinVersion(min)
        .setMaxVersion(served.max());
  }
}
